"""Result in, state out: the only door to what the monitors know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cutover.core.errors import NotFound
from cutover.core.event import Recorded
from cutover.store.desk import Desk
from cutover.store.engine import reading
from monitors.domain import health
from monitors.domain.check import WORST_FIRST, Reason, Result, Severity, Status
from monitors.domain.declared import AnyCheck
from monitors.domain.health import (
    CHECK,
    AcknowledgeAlert,
    Acknowledgement,
    HealthState,
    RecordResult,
    check_stream,
)
from monitors.samples import Hour, Last, Samples
from monitors.tables import HardChange, hard_changes, health_states

PROBER = "prober"
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CheckView:
    """How one check stands at a moment, as a page or a trigger reads it.

    `status` is what to show; `settled` says whether it is believed. `hard` is the believed status, since
    `hard_since`; `failing_since` is the first failure of the present spell. `alerting` means that somebody has to
    act: a believed status that is not OK, in nobody's hand, explained by no parent.
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


class MonitorService:
    """Records the results of checks, and answers how each stands."""

    def __init__(self, desk: Desk, checks: Iterable[AnyCheck]) -> None:
        self.checks: Mapping[str, AnyCheck] = {check.id: check for check in checks}
        self._desk = desk
        self._engine = desk.journal.engine
        self._samples = Samples(self._engine)
        self._heard: dict[str, datetime] = {}  # what another process heard since is caught by its key

    def now(self) -> datetime:
        return self._desk.clock.now()

    def record(self, check_id: str, result: Result, at: datetime | None = None) -> list[Recorded]:
        """Take one result of a check; returns the changes it made, mostly none.

        The log runs forward: a result that is not later than the last one is known already and changes
        nothing. Raises NotFound for a check that the programme does not have.
        """
        check = self._check(check_id)
        at = at or self.now()
        if at <= self._heard_until(check_id):
            return []
        command = RecordResult(
            by=PROBER, result=result, max_attempts=check.max_attempts, recover_after=check.recover_after
        )
        changes = self._change(check_id, command, at)
        self._samples.keep(check_id, result, at)
        self._heard[check_id] = at
        return changes

    def acknowledge(self, check_id: str, by: str, until: datetime, note: str) -> list[Recorded]:
        """Take a failing check in hand until a time. Raises Refused when it is not failing, or for too long."""
        self._check(check_id)
        return self._desk.ask(
            CHECK, check_stream(check_id), AcknowledgeAlert(by=by, until=until.astimezone(UTC), note=note)
        )

    def health(self, check_id: str) -> HealthState:
        """The folded facts of one check, with no judgement of time."""
        self._check(check_id)
        return self._desk.state(CHECK, check_stream(check_id))

    def last(self, check_id: str) -> Last | None:
        return self._samples.last(check_id)

    def state(self, check_id: str, now: datetime | None = None) -> CheckView:
        """How one check stands at `now`. Raises NotFound."""
        check = self._check(check_id)
        states = {name: self.health(name) for name in (check_id, *check.parents) if name in self.checks}
        return _view(check, states, self._samples.last(check_id), now or self.now())

    def all(self, now: datetime | None = None) -> list[CheckView]:
        """How every check stands, worst first."""
        with reading(self._engine) as connection:
            states = health_states(connection)
        last = self._samples.all_last()
        at = now or self.now()
        views = [_view(check, states, last.get(check.id), at) for check in self.checks.values()]
        return sorted(views, key=lambda v: (not v.alerting, WORST_FIRST.index(v.status), v.check_id))

    def hard_since(self, check_id: str) -> datetime | None:
        """Since when the check is believed to fail as it does; None while it is not."""
        state = self.health(check_id)
        return state.hard_since if state.stage in health.BELIEVED else None

    def history(self, check_id: str | None = None) -> list[HardChange]:
        """The settled changes of one check, or of all, oldest first."""
        with reading(self._engine) as connection:
            return hard_changes(connection, check_id)

    def hours(self, check_id: str) -> Sequence[Hour]:
        """How the hours of a check went: counts by status and latency."""
        return self._samples.hours(check_id)

    def _heard_until(self, check_id: str) -> datetime:
        if check_id not in self._heard:
            last = self._samples.last(check_id)
            self._heard[check_id] = last.at if last else NEVER
        return self._heard[check_id]

    def _change(self, check_id: str, command: RecordResult, at: datetime) -> list[Recorded]:
        stream = check_stream(check_id)
        if not CHECK.decide(self._desk.state(CHECK, stream), command, at):
            return []  # it confirms what is settled: no write transaction for nothing
        return self._desk.ask(CHECK, stream, command, key=f"{stream}:{at.isoformat()}", at=at)

    def _check(self, check_id: str) -> AnyCheck:
        if check_id not in self.checks:
            raise NotFound("check", check_id, self.checks)
        return self.checks[check_id]


def _view(check: AnyCheck, states: Mapping[str, HealthState], last: Last | None, now: datetime) -> CheckView:
    state = states.get(check.id, HealthState())
    status, reason = health.read(state, check, last.at if last else None, now)
    settled = reason in (Reason.STALE, Reason.NO_DATA) or state.stage is not health.Stage.SOFT
    held, parents = health.acknowledged(state, now), health.suppressed_by(check, states)
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
        alerting=settled and status is not Status.OK and not held and not parents,
        stage=state.stage,
        attempt=state.count,
        max_attempts=check.max_attempts,
        hard=state.hard,
        hard_since=state.hard_since,
        failing_since=state.failing_since,
        acknowledged=held,
        suppressed_by=parents,
        last_result_at=last.at if last else None,
        last_ok_at=last.last_ok_at if last else None,
        latency=last.result.latency if last else None,
        next_due=health.next_due(state, check, last.at if last else None, now),
    )
