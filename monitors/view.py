"""How one check stands at a moment, as a page, a trigger or a notice reads it; judged when somebody looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitors.domain import health
from monitors.domain.check import Figure, Reason, Severity, Status
from monitors.domain.declared import AnyCheck
from monitors.domain.health import Acknowledgement, HealthState
from monitors.domain.telling import Alarm
from monitors.samples import Last


@dataclass(frozen=True, slots=True)
class CheckView:
    """How one check stands at a moment.

    `status` is what to show; `settled` says whether it is believed. `hard` is the believed status, since
    `hard_since`; `failing_since` is the first failure of the present spell. `alerting` means that somebody has to
    act: a believed status that is not OK, or flapping, in nobody's hand, explained by no parent and no downtime.
    `awaits` are parents that have recovered since it began to fail: it is to be asked again first.
    """

    check_id: str
    title: str
    component: str
    owner: str
    severity: Severity
    status: Status
    reason: Reason | None
    detail: str
    settled: bool
    alerting: bool
    stage: health.Stage
    attempt: int
    max_attempts: int
    hard: Status | None
    hard_since: datetime | None
    failing_since: datetime | None
    acknowledged: Acknowledgement | None
    suppressed_by: tuple[str, ...]
    last_result_at: datetime | None
    last_ok_at: datetime | None
    latency: float | None
    next_due: datetime
    safeguarding: bool = False
    flapping: bool = False
    downtime: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    awaits: tuple[str, ...] = ()

    @property
    def bad(self) -> bool:
        """Whether there is something to tell; who has it in hand does not matter here. Not due is not bad."""
        failing = self.settled and self.status is not Status.OK and self.reason is not Reason.NOT_DUE
        return failing or self.flapping

    @property
    def held(self) -> str:
        """What holds a notice back; '' when nothing does."""
        if self.acknowledged:
            return f"acknowledged by {self.acknowledged.by}"
        if self.downtime:
            return f"downtime: {self.downtime[0]}"
        if self.suppressed_by:
            return f"behind {', '.join(self.suppressed_by)}"
        return f"not seen failing since {', '.join(self.awaits)} recovered" if self.awaits else ""

    @property
    def alarm(self) -> Alarm:
        """What may have to be told of it."""
        reason = f": {self.reason}" if self.reason else ""
        return Alarm(
            id=self.check_id,
            title=self.title,
            component=self.component,
            owner=self.owner,
            severity=self.severity,
            safeguarding=self.safeguarding,
            bad=self.bad,
            label="FLAPPING" if self.flapping else str(self.status),
            detail=f"{self.status}{reason}: {self.detail}" if self.detail else f"{self.status}{reason}",
            since=self.failing_since or self.hard_since or self.last_result_at,
            held=self.held,
        )


def view(
    check: AnyCheck,
    states: Mapping[str, HealthState],
    last: Last | None,
    now: datetime,
    downtime: Sequence[str] = (),
) -> CheckView:
    """`states` are those of the check and its parents."""
    state = states.get(check.id, HealthState())
    status, reason = health.read(state, check, last.at if last else None, now)
    settled = reason in (Reason.STALE, Reason.NO_DATA) or state.stage is not health.Stage.SOFT
    flapping = last is not None and last.window.flapping and reason is not Reason.STALE
    held, parents = health.acknowledged(state, now), health.suppressed_by(check, states)
    waiting = health.awaits(check, states, (last.at, last.result.status) if last else None, now)
    failing = settled and status is not Status.OK and reason is not Reason.NOT_DUE
    return CheckView(
        check_id=check.id,
        title=check.title,
        component=check.component,
        owner=check.owner,
        severity=check.severity,
        status=status,
        reason=reason,
        detail=last.result.detail if last else "",
        settled=settled,
        alerting=(failing or flapping) and not (held or parents or waiting or downtime),
        stage=state.stage,
        attempt=state.count,
        max_attempts=check.max_attempts,
        hard=state.hard,
        hard_since=state.hard_since,
        failing_since=state.failing_since,
        acknowledged=held,
        suppressed_by=parents,
        awaits=() if parents else waiting,
        last_result_at=last.at if last else None,
        last_ok_at=last.last_ok_at if last else None,
        latency=last.result.latency if last else None,
        next_due=health.next_due(state, check, last.at if last else None, now),
        safeguarding=check.safeguarding,
        flapping=flapping,
        downtime=tuple(downtime),
        figures=last.result.figures if last else (),
    )
