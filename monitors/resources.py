"""What programs read of the checks: how each stands now, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, Field

from cutover.core.clock import Clock
from cutover.web.api.operation import Answer, Call, Operation
from cutover.web.api.paging import Listed, Paging, later, page
from monitors.domain.check import Reason, Severity, Status
from monitors.service import MonitorService
from monitors.view import CheckView

READ = "read:monitors"


class CheckSeen(BaseModel):
    """One check. `hard` is the status that is believed; a check nobody has heard of lately is UNKNOWN, never OK."""

    check: str
    title: str
    component: str
    owner: str
    severity: Severity
    status: Status
    reason: Reason | None
    detail: str
    hard: Status | None
    hard_since: datetime | None
    alerting: bool = Field(description="somebody has to act: in nobody's hand, explained by nothing")
    flapping: bool
    acknowledged_by: str
    downtime: list[str]
    last_result_at: datetime | None


@dataclass(frozen=True, slots=True)
class MonitorReading:
    """What it answers."""

    monitors: MonitorService
    clock: Clock

    def operations(self) -> Sequence[Operation]:
        path = "/api/v1/monitors"
        return (
            Operation("GET", path, "list the checks", self._all, Listed[CheckSeen], READ, query=Paging),
            Operation("GET", f"{path}/{{check}}", "read how a check stands", self._one, CheckSeen, READ),
        )

    def _all(self, call: Call) -> BaseModel | Answer:
        found = later(self.monitors.all(self.clock.now()), call.query, _id)
        return page(found, call.query, _id, _seen)

    def _one(self, call: Call) -> BaseModel | Answer:
        return _seen(self.monitors.state(call.path["check"], self.clock.now()))


def _id(view: CheckView) -> str:
    return view.check_id


def _seen(view: CheckView) -> CheckSeen:
    return CheckSeen(
        check=view.check_id,
        title=view.title,
        component=view.component,
        owner=view.owner,
        severity=view.severity,
        status=view.status,
        reason=view.reason,
        detail=view.detail,
        hard=view.hard,
        hard_since=view.hard_since,
        alerting=view.alerting,
        flapping=view.flapping,
        acknowledged_by=view.acknowledged.by if view.acknowledged else "",
        downtime=list(view.downtime),
        last_result_at=view.last_result_at,
    )
