"""What the commands on monitors answer with --json: a shape for each, by the words that are typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NotRequired

from typing_extensions import TypedDict

from cutover.cli.output import Fact
from monitors.ageing_service import AgeingView
from monitors.domain.baseline import Normal
from monitors.domain.check import Reason, Status
from monitors.domain.composite import Composite
from monitors.domain.detectability import Detectability
from monitors.domain.downtime_events import DowntimeState
from monitors.domain.flow_events import Cause, Chart
from monitors.domain.outcome import Alarm
from monitors.domain.register import Line
from monitors.domain.suspicion import Origin
from monitors.domain.xmr import Xmr
from monitors.view import CheckView


class FlowStanding(TypedDict):
    flow: str
    status: Status
    reason: Reason | None
    detail: str
    alerting: bool
    enough: bool
    values: Mapping[str, float]
    threshold: float
    alarms: Sequence[Alarm]
    seen: Detectability | None


class Detectabilities(TypedDict):
    flows: Sequence[Detectability]
    faults: Sequence[str]


class HypercareExit(TypedDict):
    verdict: str
    reasons: Sequence[str]
    components: Sequence[Composite]


class WrittenFiles(TypedDict):
    files: Sequence[str]


class MonitorToken(TypedDict):
    """A token that was made, shown once; or the scope whose tokens have ended."""

    scope: NotRequired[str]
    token: NotRequired[str]
    url: NotRequired[str]
    revoked: NotRequired[str]


class DowntimeTold(TypedDict):
    announced: NotRequired[str]
    ends: NotRequired[datetime]
    ended: NotRequired[str]


class TakenFlow(TypedDict):
    flow: str
    by: str
    until: datetime


class ClosedAlarm(TypedDict):
    """`chart` is null when every open alarm of the flow was closed."""

    flow: str
    chart: Chart | None
    by: str
    cause: Cause


class Waived(TypedDict):
    subject: str
    by: str
    until: datetime


class Unwaived(TypedDict):
    subject: str
    by: str


class SettledSuspicion(TypedDict):
    check: str
    by: str
    origin: Origin


ANSWERS: Mapping[str, Any] = {
    "monitor status": list[CheckView],
    "monitor ack": CheckView,
    "monitor rules": WrittenFiles,
    "monitor token": MonitorToken,
    "monitor downtime": DowntimeTold,
    "monitor downtimes": Mapping[str, DowntimeState],
    "monitor flows": list[FlowStanding],
    "monitor detectability": Detectabilities,
    "monitor exit": HypercareExit,
    "monitor collect": Mapping[str, str],
    "monitor freeze": Mapping[str, Normal],
    "monitor register": list[Line],
    "monitor count": list[Fact],
    "monitor take": TakenFlow,
    "monitor close": ClosedAlarm,
    "monitor waive": Waived,
    "monitor unwaive": Unwaived,
    "monitor settle": SettledSuspicion,
    "monitor pack": Mapping[str, Xmr | None],
    "monitor ageing": list[AgeingView],
}
