"""What the probes beside HTTP ask: sockets, certificates, names, databases, Prometheus, folders, plugins, mail.

Each kind says what it needs and which target it burdens. How it is asked is a probe's business. A secret is named,
never written: what is named is looked up when the question is put.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, Field, model_validator

from cutover.core.duration import parse_duration
from cutover.domain.programme import Part, Span
from monitors.domain.check import Check, one_target
from monitors.domain.limits import ANYTHING, Limits

Port = Annotated[int, Field(ge=1, le=65535)]
Host = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9_.:\-]+$")]
_SECRET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]*")


def _secret_name(name: str) -> str:
    if not _SECRET.fullmatch(name):
        raise ValueError(
            f"'{name}' cannot name a secret; name it here and put its value where secrets are kept"
        )
    return name


SecretName = Annotated[str, AfterValidator(_secret_name)]


class Certificate(Part):
    """How long a certificate must still be good, and whom to trust."""

    warning: Span = Field(default=timedelta(days=21), description="good for less is WARNING")
    critical: Span = Field(default=timedelta(days=7), description="good for less is CRITICAL")
    ca: str = Field(
        default="",
        description="PEM file of the authorities to trust, in the programme folder; default: the system's",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.critical > self.warning:
            raise ValueError("certificate: critical is longer than warning: the warning would never be seen")
        return self


class TcpCheck(Check):
    """Does somebody listen on a port; what does it say when spoken to."""

    kind: Literal["tcp"]
    host: Host
    port: Port
    send: str = Field(default="", description="what to say once connected; \\n ends a line")
    answers: str = Field(default="", description="what must stand in the first 4096 bytes that come back")
    slow_after: float | None = Field(default=None, gt=0, description="seconds; slower is WARNING")

    @property
    def target(self) -> str:
        return f"{self.host}:{self.port}"


class TlsCheck(Check):
    """Does a handshake succeed against whom we trust, and how long is the certificate good."""

    kind: Literal["tls"]
    host: Host
    port: Port = 443
    server_name: str = Field(default="", description="the name to ask for; default: the host")
    certificate: Certificate = Certificate()

    @property
    def target(self) -> str:
        return f"{self.host}:{self.port}"


class DnsCheck(Check):
    """What a name server says of a name."""

    kind: Literal["dns"]
    name: Host
    record: Literal["A", "AAAA", "CNAME", "MX", "NS", "TXT", "PTR"] = "A"
    server: str = Field(
        default="",
        description="address of the name server, with :port if it is not 53; default: the system's first",
    )
    expect: tuple[str, ...] = Field(
        default=(), description="each must be among the answers; none: any answer will do"
    )

    @property
    def target(self) -> str:
        return f"dns:{self.server}"


class SqlCheck(Check):
    """One value out of a database: the first column of the first row, a number where there are limits."""

    kind: Literal["sql"]
    database: SecretName = Field(description="name of the secret that holds the SQLAlchemy URL")
    query: str = Field(min_length=1)
    limits: Limits = ANYTHING
    expect: str | None = Field(default=None, description="the text that the value must be")

    @property
    def target(self) -> str:
        return f"sql:{self.database}"


class PrometheusCheck(Check):
    """What a query of somebody's Prometheus gives: every series of it is judged, the worst counts, none is no_data."""

    kind: Literal["prometheus"]
    system: str = Field(default="", description="name under `systems` of the programme")
    url: str = Field(default="", pattern=r"^(https?://.*)?$", description="instead of system")
    query: str = Field(min_length=1)
    limits: Limits
    token: SecretName | None = Field(default=None, description="name of the secret that is the bearer token")

    @property
    def target(self) -> str:
        return self.system or self.url

    @model_validator(mode="after")
    def _has_one_target(self) -> Self:
        one_target(self.system, self.url)
        return self


class FilesCheck(Check):
    """How many files a folder holds and how old they are: a drop box that fills, an export that stopped coming."""

    kind: Literal["files"]
    folder: str = Field(min_length=1, description="absolute, or in the programme folder")
    pattern: str = Field(default="*", description="which names count, such as *.xml")
    count: Limits = Field(default=ANYTHING, description="how many there may be")
    oldest: Span | None = Field(default=None, description="the oldest one older than this is CRITICAL")
    newest: Span | None = Field(
        default=None, description="the newest one older than this, or none at all, is CRITICAL"
    )

    @property
    def target(self) -> str:
        return f"files:{self.folder}"

    @model_validator(mode="after")
    def _stays_in_its_folder(self) -> Self:
        if "/" in self.pattern or self.pattern in ("", ".", ".."):
            raise ValueError(f"pattern '{self.pattern}' must be a name with * or ?, without a folder")
        return self


class CommandCheck(Check):
    """A Nagios plugin, or anything that answers as one: its exit code is the status, its first line the detail."""

    kind: Literal["command"]
    command: tuple[str, ...] = Field(min_length=1, description="program and arguments; no shell reads them")
    secrets: dict[str, SecretName] = Field(
        default_factory=dict, description="environment variable -> name of the secret it holds"
    )
    judge: dict[str, Limits] = Field(
        default_factory=dict, description="performance figure -> limits of our own"
    )

    @property
    def target(self) -> str:
        return f"command:{self.command[0]}"


class SmtpCheck(Check):
    """Does a mail relay greet, take a hello and, where asked for, encrypt. No mail is sent."""

    kind: Literal["smtp"]
    host: Host
    port: Port = 25
    starttls: bool = False
    certificate: Certificate = Certificate()

    @property
    def target(self) -> str:
        return f"{self.host}:{self.port}"


class HeartbeatCheck(Check):
    """Scheduled work that reports to us: it must report on time, and one that never did is DOWN at its deadline.

    The schedule is `every`, a span since the last success, or `cron`, five fields on the wall clock of `zone`.
    """

    kind: Literal["heartbeat"]
    every: Span | None = None
    cron: str = ""
    zone: str = Field(default="", description="of the cron fields; default: the programme's")
    grace: Span = Field(default=timedelta(minutes=10), description="how late it may be")
    longest: Span | None = Field(default=None, description="started and not ended for longer has overrun")
    paused: bool = Field(default=False, description="expects nothing: UNKNOWN(not_due)")

    @property
    def target(self) -> str:
        return "heartbeats"

    @model_validator(mode="before")
    @classmethod
    def _believed_at_once(cls, values: object) -> object:
        """The grace is its patience: it is not asked three times more whether it is late."""
        if isinstance(values, dict):
            return {"max_attempts": 1, "recover_after": 1, "interval": "1m", "retry_interval": "1m"} | values
        return values

    @model_validator(mode="after")
    def _has_one_schedule(self) -> Self:
        if (self.every is None) == (not self.cron):
            raise ValueError("give either `every` (a span) or `cron` (five fields)")
        if self.every is not None and self.every < parse_duration("10s"):
            raise ValueError("every is shorter than ten seconds")
        if self.cron:
            _read_cron(self.cron)
        if self.zone and self.zone not in available_timezones():
            raise ValueError(f"zone: '{self.zone}' is not an IANA zone")
        return self


def _read_cron(fields: str) -> None:
    """Raises ValueError for fields that are none, or that no day ever meets."""
    try:
        next(CronSim(fields, datetime(2026, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration) as error:
        raise ValueError(
            f"cron '{fields}': {error or 'no day meets it'}; expected such as 30 2 * * *"
        ) from error
