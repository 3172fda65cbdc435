"""Counts in, standing out: the only door to what is known of outcome flows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from cutover.core.clock import to_utc
from cutover.core.errors import Invalid, NotFound, Problem, Refused
from cutover.core.event import Command, Recorded
from cutover.domain.programme import Programme
from cutover.store.desk import Desk
from monitors.domain import detectability as seeing
from monitors.domain import flow_events as ev
from monitors.domain import silence
from monitors.domain.baseline import Normal, Paired, learn
from monitors.domain.check import WORST_FIRST, Status
from monitors.domain.counts import Told
from monitors.domain.flow import Flow, Hypercare, PoolCounts
from monitors.domain.flow_events import Cause, Chart, Stage, flow_stream
from monitors.domain.outcome import OUTCOME, Alarm, FlowState, evidence, in_hand
from monitors.domain.standing import Heard, Standing, newest_mature, stand
from monitors.domain.xmr import Xmr, weekly, xmr
from monitors.flow_counts import FlowCounts
from monitors.holidays import bank_holidays
from monitors.left_behind import LeftBehind, flows_left

WATCH = "flow-watch"  # who counts days and raises alarms
RESTATED_FOR = timedelta(days=28)  # how far back late changes are still asked for


@dataclass(frozen=True, slots=True)
class FlowView:
    """How one flow stands at a moment, as a page or a gate reads it.

    `enough` says that the counted days could have shown the agreed fall; `seen` how soon falls show (None without
    anything to reckon with). `alerting` means that somebody has to act.
    """

    flow: Flow
    state: FlowState
    standing: Standing
    heard: Heard
    seen: seeing.Detectability | None
    enough: bool
    evidence: float
    alerting: bool

    @property
    def alarms(self) -> Sequence[Alarm]:
        return tuple(self.state.alarms.values())


class FlowService:
    """Takes counts, draws charts, keeps alarms until a person closes them."""

    def __init__(
        self, desk: Desk, flows: Iterable[Flow], watch: Hypercare, programme: Programme, *, past: bool = False
    ) -> None:
        """`past`: the desk is of a past moment, of which readings are not kept: facts alone are judged."""
        self.flows: Mapping[str, Flow] = {flow.id: flow for flow in flows}
        self.watch = watch
        self.programme = programme
        self._desk = desk
        self._counts = FlowCounts(desk.journal.engine)
        self._is_past = past
        self._left = LeftBehind(desk, flow_stream(""), self.flows)

    # --- what is known ---------------------------------------------------------------------------------

    def now(self) -> datetime:
        return self._desk.clock.now()

    @property
    def go_live(self) -> datetime:
        """When the charts begin: as agreed, or when the window closes."""
        wall = self.watch.go_live
        return to_utc(wall, self.programme.zone) if wall else self.programme.closes

    @property
    def threshold(self) -> float:
        return seeing.threshold_of(self.watch, self.flows.values())

    @property
    def first_day(self) -> date:
        """The first whole day after the go-live, on the programme's wall clock."""
        wall = self.programme.local(self.go_live)
        return wall.date() if wall.time() == time() else wall.date() + timedelta(days=1)

    def state(self, flow_id: str) -> FlowState:
        return self._desk.state(OUTCOME, flow_stream(self._flow(flow_id).id))

    def view(self, flow_id: str, now: datetime | None = None) -> FlowView:
        """How one flow stands. Raises NotFound."""
        flow = self._flow(flow_id)
        return self._view(flow, self._heard(flow_id), now or self.now())

    def all(self, now: datetime | None = None) -> list[FlowView]:
        """How every flow stands, worst first; also one that is declared no more and has an open alarm."""
        heard, at = ({} if self._is_past else self._counts.heard()), now or self.now()
        flows = (*self.flows.values(), *flows_left(self._desk, self._left.names).values())
        views = [self._view(flow, heard.get(flow.id, Heard()), at) for flow in flows]
        return sorted(views, key=lambda v: (not v.alerting, WORST_FIRST.index(v.standing.status), v.flow.id))

    def detectability(self, flow_id: str, planned: Normal | None = None) -> seeing.Detectability | None:
        """How soon a fall of this flow would show, by its baseline, else by what is `planned` to become it.

        None when neither these nor the file say what is normal.
        """
        flow = self._flow(flow_id)
        normal = self.state(flow_id).normal or planned or seeing.assumed(flow)
        return self._seen(flow, normal) if normal else None

    def wanted(self, flow_id: str, now: datetime) -> tuple[date, date]:
        """The days to ask a source for: what may still change, up to today."""
        flow, state = self._flow(flow_id), self.state(flow_id)
        today = self.programme.local(now).date()
        return self._asked_since(state, today - timedelta(days=self._matures(flow))), today

    def weeks(self, flow_id: str, now: datetime | None = None) -> Xmr | None:
        """The weekly chart of the year that ends now, for the board pack; None with fewer than three whole weeks."""
        flow, today = self._flow(flow_id), self.programme.local(now or self.now()).date()
        return xmr(weekly(self._series(flow, today - timedelta(days=371), today - timedelta(days=1))))

    def needed(self, flow_id: str) -> tuple[str, ...]:
        """The flows whose counts this one is made of or compared with, itself last."""
        others = self._flow(flow_id).needs
        return (*dict.fromkeys(part for name in others for part in self.needed(name)), flow_id)

    # --- what is told ----------------------------------------------------------------------------------

    def told(self, flow_id: str, found: Told, at: datetime | None = None) -> list[Recorded]:
        """Take a reading: what is mature becomes a fact; returns what it changed."""
        self._flow(flow_id)
        at = at or self.now()
        self._counts.keep(flow_id, found, at)
        return self.mature(flow_id, at)

    def failed(self, flow_id: str, why: str) -> None:
        """A reading went wrong: the flow is UNKNOWN(error) until a good one."""
        self._flow(flow_id)
        self._counts.fail(flow_id, why)

    def count(self, flow_id: str, day: date, count: int, at: datetime | None = None) -> list[Recorded]:
        """One day's count by whoever counts. Raises Invalid for a day to come or a count that cannot be."""
        at = at or self.now()
        if day > self.programme.local(at).date():
            raise Invalid(Problem(f"{day} is still to come", field=flow_id))
        if not 0 <= count <= ev.MOST_A_DAY:
            raise Invalid(Problem(f"{count} is no count", field=flow_id, expected="0 or more"))
        return self.told(flow_id, Told({day: count}), at)

    def mature(self, flow_id: str, at: datetime) -> list[Recorded]:
        """Count the days whose late counts have come in, and look whether nothing came for too long."""
        flow = self._flow(flow_id)
        changes = self._arm(flow, at)
        state = self.state(flow_id)
        if state.first_day is None:
            return changes
        if days := self._mature_days(flow, state, at):
            command = ev.TakeDays(by=WATCH, days=days)
            changes += self._desk.ask(OUTCOME, flow_stream(flow_id), command, at=at)
        return changes + self._look_for_silence(flow, at)

    # --- what people decide ----------------------------------------------------------------------------

    def learnt(self, flow_id: str) -> Normal:
        """What the counts told of the history show as normal, frozen by nobody. Raises Invalid for too short a one."""
        flow = self._flow(flow_id)
        begins, ends = self.history_span(flow)
        own = self._series(flow, begins, ends)
        of = self._series(self._flow(flow.ratio_of), begins, ends) if flow.ratio_of else {}
        years = range(begins.year, ends.year + 3)
        free = bank_holidays(self.watch.holidays, years) | set(self.watch.closed_days)
        return learn((Paired(day, count, of.get(day)) for day, count in own.items()), free)

    def freeze(self, flow_id: str, by: str, *, reason: str = "") -> Normal:
        """Learn what is normal and freeze it in somebody's name.

        Raises Invalid for too short a history, Refused when a baseline is frozen already and there is no reason.
        """
        normal = self.learnt(flow_id)
        self._ask(
            flow_id,
            ev.FreezeBaseline(by=by, normal=normal, reason=reason, owner=self.flows[flow_id].owner),
            self.now(),
        )
        return normal

    def remember(self, flow_id: str, found: Told) -> None:
        """Keep a history that was read, so that pools and shares find it."""
        self._counts.keep(self._flow(flow_id).id, found, self.now())

    def history_span(self, flow: Flow) -> tuple[date, date]:
        """The days a baseline is learnt from: as declared, else the 364 before the window opens."""
        opens = self.programme.local(min(self.programme.opens, self.go_live)).date()
        ends = flow.history_until or opens - timedelta(days=1)
        return flow.history_from or ends - timedelta(days=363), ends

    def take(self, flow_id: str, chart: Chart | None, by: str, until: datetime, note: str) -> list[Recorded]:
        """Take an alarm in hand, or all that are open, until a time and by name; it stays open."""
        now, end = self.now(), until.astimezone(UTC)
        return [
            fact
            for one in self._open(flow_id, chart)
            for fact in self._ask(flow_id, ev.TakeAlarm(by=by, chart=one, until=end, note=note), now)
        ]

    def close(self, flow_id: str, chart: Chart | None, by: str, cause: Cause, note: str) -> list[Recorded]:
        """Close an alarm, or all that are open, by name and with a cause.

        Raises Refused when none is open, NotFound for nobody in particular.
        """
        if self.programme.people:
            self.programme.somebody(by)
        now = self.now()
        return [
            fact
            for one in self._open(flow_id, chart)
            for fact in self._ask(flow_id, ev.CloseAlarm(by=by, chart=one, cause=cause, note=note), now)
        ]

    def _open(self, flow_id: str, chart: Chart | None) -> tuple[Chart, ...]:
        if chart is not None:
            return (chart,)
        if not (open_ := tuple(self.state(flow_id).alarms)):
            raise Refused(f"no alarm of {flow_id} is open")
        return open_

    # --- how -------------------------------------------------------------------------------------------

    def _view(self, flow: Flow, heard: Heard, now: datetime) -> FlowView:
        state = self.state(flow.id)
        standing = stand(state, flow, self._heard_of(flow, heard), now, self.programme.zone)
        normal = state.normal or seeing.assumed(flow)
        collected = evidence(state, self.watch.agreed_drop)
        open_ = [a for a in state.alarms.values() if in_hand(a, now) is None]
        unknown = standing.status is Status.UNKNOWN and state.stage is not Stage.FROZEN
        return FlowView(
            flow=flow,
            state=state,
            standing=standing,
            heard=heard,
            seen=self._seen(flow, normal) if normal else None,
            enough=state.threshold > 0 and collected >= state.threshold,
            evidence=collected,
            alerting=bool(open_) or (unknown and now >= self.go_live and not state.alarms),
        )

    def at(self, desk: Desk) -> FlowService:
        """The same flows as a past desk knows them."""
        return FlowService(desk, self.flows.values(), self.watch, self.programme, past=True)

    def _heard(self, flow_id: str) -> Heard:
        return Heard() if self._is_past else self._counts.heard().get(flow_id, Heard())

    def _heard_of(self, flow: Flow, heard: Heard) -> Heard:
        """A pool is heard when all its parts are, and has the faults of all."""
        if self._is_past or not isinstance(flow.counts, PoolCounts):
            return heard
        known = self._counts.heard()
        parts = [known.get(name, Heard()) for name in flow.counts.of]
        faults = "; ".join(p.fault for p in parts if p.fault)
        times = [p.at for p in parts if p.at is not None]
        return Heard(min(times) if len(times) == len(parts) else None, faults)

    def _seen(self, flow: Flow, normal: Normal) -> seeing.Detectability:
        quiet = seeing.silence_limit(self.watch, self.flows.values(), normal)
        return _reckoned(_Key(flow, normal), self.threshold, self.first_day, quiet)

    def _arm(self, flow: Flow, at: datetime) -> list[Recorded]:
        state = self.state(flow.id)
        if state.stage is not Stage.FROZEN or at < self.go_live:
            return []
        first = self.first_day
        if (
            state.number > 1 and state.frozen_at is not None
        ):  # another baseline: from the next day on, no head start
            first = max(first, self.programme.local(state.frozen_at).date() + timedelta(days=1))
        command = ev.ArmFlow(
            by=WATCH, first_day=first, threshold=self.threshold, head_start=state.number == 1
        )
        return self._ask(flow.id, command, at)

    def _matures(self, flow: Flow) -> int:
        """How long its own late counts take, and those of what it is a share or a sum of."""
        return max(self._flow(name).matures_after for name in self.needed(flow.id))

    def _asked_since(self, state: FlowState, until: date) -> date:
        """From which day on counts may be new or have changed: never before the charts begin."""
        back = until - RESTATED_FOR
        if state.first_day is None:
            return back
        return max(state.first_day, min(back, state.last_day or state.first_day))

    def _mature_days(self, flow: Flow, state: FlowState, at: datetime) -> tuple[ev.Reported, ...]:
        """What is known of every mature day; a day that nobody told is missed once a later one is known."""
        assert state.first_day is not None
        until = newest_mature(flow, at, self.programme.zone) - timedelta(
            days=self._matures(flow) - flow.matures_after
        )
        since = self._asked_since(state, until)
        own = self._series(flow, since, until)
        of = self._series(self._flow(flow.ratio_of), since, until) if flow.ratio_of else {}
        last = max(own, default=None)
        if last is None:
            return ()
        days = (since + timedelta(days=n) for n in range((last - since).days + 1))
        told = (ev.Reported(day=day, count=own.get(day), of=of.get(day)) for day in days)
        return tuple(one for one in told if _is_news(one, state))

    def _series(self, flow: Flow, since: date, until: date) -> dict[date, int]:
        if not isinstance(flow.counts, PoolCounts):
            return dict(self._counts.counts(flow.id, since, until))
        parts = [self._series(self._flow(name), since, until) for name in flow.counts.of]
        whole: Collection[date] = set.intersection(*(set(part) for part in parts))
        return {day: sum(part[day] for part in parts) for day in sorted(whole)}

    def _look_for_silence(self, flow: Flow, at: datetime) -> list[Recorded]:
        state = self.state(flow.id)
        normal = state.normal
        if not flow.silence or normal is None or state.first_day is None or Chart.SILENCE in state.alarms:
            return []
        since, until = self._quiet(flow, state, at)
        limit = seeing.silence_limit(self.watch, self.flows.values(), normal)
        expected = silence.missed(normal, since, until, self.programme.zone, flow.hours, limit)
        if expected < limit:
            return []
        wall = self.programme.local
        said = f"nothing since {wall(since):%a %d %b %H:%M}, {expected:.1f} were to be expected"
        command = ev.RaiseSilence(
            by=WATCH,
            day=wall(at).date(),
            since=wall(since).date(),
            expected=expected,
            limit=limit,
            detail=said,
        )
        return self._ask(flow.id, command, at)

    def _quiet(self, flow: Flow, state: FlowState, at: datetime) -> tuple[datetime, datetime]:
        """Between which moments nothing is known to have come: the last event, else whole days counted as nought."""
        assert state.first_day is not None
        begins = [self.go_live, *(c.at for c in state.closed if c.alarm.chart is Chart.SILENCE)]
        heard = self._counts.heard().get(flow.id, Heard())
        if heard.last_event is not None:
            return max(*begins, heard.last_event), at
        today = self.programme.local(at).date()
        known = self._series(flow, today - timedelta(days=400), today)
        quiet_until, day = at if known.get(today) == 0 else self._morning(today), today
        while known.get(day, 0 if day == today else 1) == 0:
            day -= timedelta(days=1)
        return max([*begins, self._morning(day + timedelta(days=1))]), quiet_until

    def _morning(self, day: date) -> datetime:
        return datetime.combine(day, time(), ZoneInfo(self.programme.zone)).astimezone(UTC)

    def _ask(self, flow_id: str, command: Command, at: datetime) -> list[Recorded]:
        stream = flow_stream(self._flow(flow_id).id)
        if not OUTCOME.decide(self._desk.state(OUTCOME, stream), command, at):
            return []  # nothing new: no write transaction for it
        return self._desk.ask(OUTCOME, stream, command, at=at)

    def _flow(self, flow_id: str) -> Flow:
        flow = self.flows.get(flow_id) or flows_left(self._desk, self._left.names).get(flow_id)
        if flow is None:
            raise NotFound("flow", flow_id, self.flows)
        return flow


def _is_news(one: ev.Reported, state: FlowState) -> bool:
    known = state.days.get(one.day)
    if known is None or one.count is None:
        return known is None
    return (known.count, known.of) != (one.count, known.of if one.of is None else one.of)


class _Key:
    """A flow and its normal, told apart by what decides how soon a fall is seen."""

    def __init__(self, flow: Flow, normal: Normal) -> None:
        self.flow, self.normal = flow, normal
        self.known = (flow, tuple(normal.means.items()), normal.alpha, normal.days)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.known == other.known

    def __hash__(self) -> int:
        return hash((self.flow.id, self.normal.alpha))


@lru_cache(maxsize=512)
def _reckoned(key: _Key, height: float, first_day: date, quiet: float) -> seeing.Detectability:
    return seeing.detectability(key.flow, key.normal, height, first_day, quiet)
