"""Every kind of check there is."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from monitors.domain.ageing import AgeingCheck
from monitors.domain.check import HttpCheck, JourneyCheck, LedgerCheck
from monitors.domain.kinds import (
    CommandCheck,
    DnsCheck,
    FilesCheck,
    HeartbeatCheck,
    PrometheusCheck,
    SmtpCheck,
    SqlCheck,
    TcpCheck,
    TlsCheck,
)
from monitors.domain.outside import AlertsCheck

ProbeCheck = (
    HttpCheck
    | JourneyCheck
    | TcpCheck
    | TlsCheck
    | DnsCheck
    | SqlCheck
    | PrometheusCheck
    | FilesCheck
    | CommandCheck
    | SmtpCheck
)
AnyCheck = Annotated[
    ProbeCheck | LedgerCheck | HeartbeatCheck | AlertsCheck | AgeingCheck, Field(discriminator="kind")
]
