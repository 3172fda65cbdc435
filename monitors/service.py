"""Result in, state out: the only door to what the monitors know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cutover.core.errors import NotFound
from cutover.core.event import Recorded
from cutover.store.desk import Ask, Desk
from cutover.store.engine import reading
from monitors.domain import health
from monitors.domain.check import WORST_FIRST, Result
from monitors.domain.declared import AnyCheck
from monitors.domain.downtime import Downtime, silenced_by
from monitors.domain.downtime_events import (
    DOWNTIME,
    AnnounceDowntime,
    DowntimeState,
    EndDowntime,
    downtime_stream,
)
from monitors.domain.flapping import Window, push
from monitors.domain.health import CHECK, AcknowledgeAlert, HealthState, RecordResult, check_stream
from monitors.downtimes import announced, notes
from monitors.samples import Hour, Last, Sample, Samples
from monitors.tables import HardChange, hard_changes, health_states
from monitors.view import CheckView, view

PROBER = "prober"
NEVER = datetime.min.replace(tzinfo=UTC)
JUST = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Told:
    """One result of one check, and when it was."""

    check_id: str
    result: Result
    at: datetime


class MonitorService:
    """Records the results of checks, and answers how each stands."""

    def __init__(
        self,
        desk: Desk,
        checks: Iterable[AnyCheck],
        *,
        downtimes: Sequence[Downtime] = (),
        zone: str = "UTC",
    ) -> None:
        """`downtimes` are the declared ones, on the wall clock of `zone`."""
        self.checks: Mapping[str, AnyCheck] = {check.id: check for check in checks}
        self._desk = desk
        self._engine = desk.journal.engine
        self._samples = Samples(self._engine)
        self._downtimes = tuple(downtimes)
        self._zone = zone
        self._heard: dict[
            str, tuple[datetime, Window]
        ] = {}  # what another process heard is caught by its key
        self._standing: dict[str, HealthState] = {}

    def now(self) -> datetime:
        return self._desk.clock.now()

    def record(self, check_id: str, result: Result, at: datetime | None = None) -> list[Recorded]:
        """Take one result of a check; returns the changes it made, mostly none.

        The log runs forward: a result that is not later than the last one is known already and changes
        nothing, unless a clock was set back by more than a result is believed. Raises NotFound for a check that the programme does not have.
        """
        stream = check_stream(self._check(check_id).id)
        self._standing[check_id] = self._desk.state(CHECK, stream)
        return self.record_all([Told(check_id, result, at or self.now())])

    def record_all(self, told: Sequence[Told]) -> list[Recorded]:
        """Take one result each of several checks, in one transaction of facts and one of samples.

        How a check stands is taken as this process folded it last: one prober records at a time.
        """
        fresh = [one for one in told if self._is_news(one)]
        asks = [ask for one in fresh if (ask := self._ask(one)) is not None]
        changes = self._desk.ask_all(asks) if asks else []
        for ask in asks:
            self._standing[ask.stream.removeprefix(check_stream(""))] = self._desk.as_seen(CHECK, ask.stream)
        samples = [
            Sample(one.check_id, one.result, one.at, push(self._heard[one.check_id][1], one.result.status))
            for one in fresh
        ]
        self._samples.keep_all(samples)
        self._heard |= {sample.check_id: (sample.at, sample.window) for sample in samples}
        return changes

    def recover(self) -> Mapping[str, tuple[HealthState, Last | None]]:
        """How every check stands and when it was last heard, in two looks: where a restarted prober goes on."""
        with reading(self._engine) as connection:
            states = health_states(connection)
        last, now = self._samples.all_last(), self.now()
        # What was heard by a clock that was ahead must not make us deaf until that moment comes.
        self._heard |= {
            name: (one.at if one.at <= now else now - JUST, one.window) for name, one in last.items()
        }
        self._standing = {name: states.get(name, HealthState()) for name in self.checks}
        return {name: (state, last.get(name)) for name, state in self._standing.items()}

    def acknowledge(self, check_id: str, by: str, until: datetime, note: str) -> list[Recorded]:
        """Take a failing check in hand until a time. Raises Refused when it is not failing, or for too long."""
        self._check(check_id)
        return self._desk.ask(
            CHECK, check_stream(check_id), AcknowledgeAlert(by=by, until=until.astimezone(UTC), note=note)
        )

    def announce(
        self,
        name: str,
        by: str,
        begins: datetime,
        ends: datetime,
        note: str,
        *,
        checks: Sequence[str] = (),
        components: Sequence[str] = (),
    ) -> list[Recorded]:
        """Announce a downtime. Raises NotFound for a check that is none, Refused for one without an end in reach."""
        for check_id in checks:
            self._check(check_id)
        known = {check.component for check in self.checks.values()}
        for component in components:
            if component not in known:
                raise NotFound("component with a check", component, known)
        command = AnnounceDowntime(
            by=by,
            checks=tuple(checks),
            components=tuple(components),
            begins=begins.astimezone(UTC),
            ends=ends.astimezone(UTC),
            note=note,
        )
        return self._desk.ask(DOWNTIME, downtime_stream(name), command)

    def end_downtime(self, name: str, by: str) -> list[Recorded]:
        """End an announced downtime before its time. Raises Refused when there is none."""
        return self._desk.ask(DOWNTIME, downtime_stream(name), EndDowntime(by=by))

    def downtimes(self, now: datetime | None = None) -> Mapping[str, DowntimeState]:
        """The announced downtimes that have not ended."""
        with reading(self._engine) as connection:
            return announced(connection, now or self.now())

    def health(self, check_id: str) -> HealthState:
        """The folded facts of one check, with no judgement of time."""
        self._check(check_id)
        return self._desk.state(CHECK, check_stream(check_id))

    def standing(self, check_id: str) -> HealthState:
        """The same as this process folded it last, without a look at what others have written since."""
        if check_id not in self._standing:
            self._standing[check_id] = self.health(check_id)
        return self._standing[check_id]

    def last(self, check_id: str) -> Last | None:
        return self._samples.last(check_id)

    def state(self, check_id: str, now: datetime | None = None) -> CheckView:
        """How one check stands at `now`. Raises NotFound."""
        check, at = self._check(check_id), now or self.now()
        states = {name: self.health(name) for name in (check_id, *check.parents) if name in self.checks}
        downtime = self._silenced(check, tuple(self.downtimes(at).values()), at)
        return view(check, states, self._samples.last(check_id), at, downtime)

    def all(self, now: datetime | None = None) -> list[CheckView]:
        """How every check stands, worst first."""
        at = now or self.now()
        with reading(self._engine) as connection:
            states, downtimes = health_states(connection), tuple(announced(connection, at).values())
        last = self._samples.all_last()
        views = [
            view(check, states, last.get(check.id), at, self._silenced(check, downtimes, at))
            for check in self.checks.values()
        ]
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

    def _silenced(
        self, check: AnyCheck, downtimes: Sequence[DowntimeState], now: datetime
    ) -> tuple[str, ...]:
        declared = silenced_by(check, self._downtimes, now, self._zone)
        return (*declared, *notes(check, downtimes, now))

    def _is_news(self, told: Told) -> bool:
        """Later than the last one, or that one is from so far ahead that a clock was set back: then the log goes on here."""
        last = self._last_heard(told.check_id)[0]
        return told.at > last or last - told.at > self._check(told.check_id).fresh_for

    def _last_heard(self, check_id: str) -> tuple[datetime, Window]:
        if check_id not in self._heard:
            last = self._samples.last(check_id)
            self._heard[check_id] = (last.at, last.window) if last else (NEVER, Window())
        return self._heard[check_id]

    def _ask(self, told: Told) -> Ask | None:
        """What a result may change; None when it confirms what is settled: no write transaction for nothing."""
        check, stream = self._check(told.check_id), check_stream(told.check_id)
        command = RecordResult(
            by=PROBER, result=told.result, max_attempts=check.max_attempts, recover_after=check.recover_after
        )
        if not CHECK.decide(self.standing(told.check_id), command, told.at):
            return None
        return Ask(CHECK, stream, command, f"{stream}:{told.at.isoformat()}", told.at)

    def _check(self, check_id: str) -> AnyCheck:
        if check_id not in self.checks:
            raise NotFound("check", check_id, self.checks)
        return self.checks[check_id]
