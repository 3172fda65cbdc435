"""When is a flow alarmed, and what its charts show: a pure fold of baseline, counted days and people's words.

Theory: each mature day adds its weight of evidence to every chart. A chart that passes the threshold raises an
alarm, which is latched: better days do not take back that the process changed. Only a named person closes it,
with a cause, and the chart begins anew at nought the day after. A day counted late or otherwise draws the charts
anew from the beginning. A day of which nothing is known moves no chart and is never a good day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from cutover.core.errors import Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine
from monitors.domain import flow_events as ev
from monitors.domain.baseline import Normal
from monitors.domain.cusum import PAGE_RATIO, TICKET_RATIO, drift, step
from monitors.domain.flow_events import FLOWS, Cause, Chart, Stage

LONGEST_IN_HAND = timedelta(days=7)
DESIGN: Mapping[Chart, float] = {Chart.HALVING: PAGE_RATIO, Chart.FALL: TICKET_RATIO, Chart.RATIO: PAGE_RATIO}


@dataclass(frozen=True, slots=True)
class Counted:
    """One day as it is known now: nothing (`count` None), or a count and what it is a share of."""

    count: int | None
    of: int | None = None


@dataclass(frozen=True, slots=True)
class InHand:
    by: str
    until: datetime
    note: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """An open alarm. `since` is about when the fall began: the day after the chart was last at nought."""

    chart: Chart
    raised_at: datetime
    day: date
    value: float
    threshold: float
    since: date
    detail: str
    in_hand: InHand | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """An alarm that a person closed."""

    alarm: Alarm
    at: datetime
    by: str
    cause: Cause
    note: str


@dataclass(frozen=True, slots=True)
class Point:
    """One day of a chart: `mean` is what was normal, `value` the evidence by its end; None where nothing is known."""

    day: date
    count: int | None
    mean: float
    value: float


@dataclass(frozen=True, slots=True)
class FlowState:
    """One flow as far as it is known. `values` are the charts now, `calm` when each was last at nought."""

    stage: Stage = Stage.LEARNING
    number: int = 0
    normal: Normal | None = None
    approved_by: str = ""
    frozen_at: datetime | None = None
    first_day: date | None = None
    threshold: float = 0.0
    head_start: bool = True
    days: Mapping[date, Counted] = field(default_factory=lambda: MappingProxyType({}))
    values: Mapping[Chart, float] = field(default_factory=lambda: MappingProxyType({}))
    calm: Mapping[Chart, date] = field(default_factory=lambda: MappingProxyType({}))
    restarts: Mapping[Chart, date] = field(default_factory=lambda: MappingProxyType({}))
    alarms: Mapping[Chart, Alarm] = field(default_factory=lambda: MappingProxyType({}))
    closed: tuple[Closed, ...] = ()

    @property
    def last_day(self) -> date | None:
        return max(self.days, default=None)


# --- what may be asked --------------------------------------------------------------------------------------


def decide(state: FlowState, command: Command, now: datetime) -> Sequence[Event]:
    match command:
        case ev.FreezeBaseline():
            return _freeze(state, command)
        case ev.ArmFlow():
            armed = state.stage is Stage.WATCHING  # by another that collects: it was quicker
            return [] if armed else [ev.FlowArmed(**command.model_dump(exclude={"by"}))]
        case ev.TakeDays():
            return list(_take(state, command, now))
        case ev.RaiseSilence():
            return _silent(state, command)
        case ev.TakeAlarm():
            return _in_hand(state, command, now)
        case ev.CloseAlarm():
            return _close(state, command)
    raise Refused(f"outcome flow: {type(command).__name__} is not known")


def _freeze(state: FlowState, command: ev.FreezeBaseline) -> Sequence[Event]:
    if state.stage is Stage.LEARNING:
        return [ev.BaselineFrozen(number=1, normal=command.normal)]
    FLOWS.next(state.stage, ev.BaselineRebased)
    if not command.reason:
        raise Refused(f"baseline {state.number} is frozen: a new one needs its reason")
    if command.owner and command.by == command.owner:
        raise Refused(
            f"{command.by} answers for this flow: somebody else replaces the baseline it is judged by"
        )
    return [ev.BaselineRebased(number=state.number + 1, normal=command.normal, reason=command.reason)]


def _take(state: FlowState, command: ev.TakeDays, now: datetime) -> Iterator[Event]:
    FLOWS.next(state.stage, ev.DayCounted)
    for one in sorted(command.days, key=lambda r: r.day):
        for event in _day(state, one):
            yield event
            state = evolve(state, Fact(event, now, command.by))
            for alarm in _crossings(state, one.day):
                yield alarm
                state = evolve(state, Fact(alarm, now, command.by))


def _day(state: FlowState, one: ev.Reported) -> Sequence[Event]:
    assert state.first_day is not None  # days are taken from a flow that is armed
    if one.day < state.first_day:
        return ()
    known = state.days.get(one.day)
    if known is None:
        if one.count is None:
            return [ev.DayMissed(day=one.day)]
        return [ev.DayCounted(day=one.day, count=one.count, of=one.of)]
    of = known.of if one.of is None else one.of
    if one.count is None or (known.count, known.of) == (one.count, of):
        return ()
    return [ev.DayRestated(day=one.day, count=one.count, of=of, was=known.count)]


def _crossings(state: FlowState, day: date) -> Iterator[Event]:
    for chart, value in state.values.items():
        if value >= state.threshold and chart not in state.alarms:
            since = state.calm[chart] + timedelta(days=1)
            yield ev.FlowAlarmRaised(
                chart=chart, day=day, value=value, threshold=state.threshold, since=since, detail=_says(state, since, day)
            )  # fmt: skip


def _says(state: FlowState, since: date, until: date) -> str:
    days = {d: c for d, c in state.days.items() if since <= d <= until and c.count is not None}
    expected = sum(state.normal.mean(d) for d in days) if state.normal else 0.0
    counted = sum(c.count or 0 for c in days.values())
    share = f", {counted / expected:.0%} of normal" if expected else ""
    span = "1 day" if len(days) == 1 else f"{len(days)} days"
    return f"{counted} in {span} where {expected:.0f} are normal{share}"


def _silent(state: FlowState, command: ev.RaiseSilence) -> Sequence[Event]:
    if Chart.SILENCE in state.alarms:
        return []
    return [
        ev.FlowAlarmRaised(
            chart=Chart.SILENCE, day=command.day, value=command.expected, threshold=command.limit,
            since=command.since, detail=command.detail,
        )
    ]  # fmt: skip


def _in_hand(state: FlowState, command: ev.TakeAlarm, now: datetime) -> Sequence[Event]:
    _open(state, command.chart)
    if command.until <= now:
        raise Refused("an acknowledgement must end in the future")
    if command.until - now > LONGEST_IN_HAND:
        raise Refused(f"an acknowledgement ends within {LONGEST_IN_HAND.days} days: say again then")
    return [ev.FlowAlarmTaken(chart=command.chart, until=command.until, note=command.note)]


def _close(state: FlowState, command: ev.CloseAlarm) -> Sequence[Event]:
    _open(state, command.chart)
    kind = ev.FlowCleared if len(state.alarms) == 1 else ev.FlowAlarmClosed
    return [kind(chart=command.chart, cause=command.cause, note=command.note)]


def _open(state: FlowState, chart: Chart) -> None:
    if chart not in state.alarms:
        open_ = ", ".join(state.alarms) or "none"
        raise Refused(f"no {chart} alarm of this flow is open (open: {open_})")


# --- what follows -------------------------------------------------------------------------------------------


def evolve(state: FlowState, fact: Fact) -> FlowState:
    moved = replace(state, stage=FLOWS.next(state.stage, type(fact.event)))
    return _FOLLOWS[type(fact.event)](moved, fact.event, fact)


OUTCOME = Machine("outcome flow", FlowState(), decide, evolve)


def trace(state: FlowState, chart: Chart) -> list[Point]:
    """The chart day by day, from its arming."""
    return list(_walk(state, chart, sorted(state.days)))


def evidence(state: FlowState, drop: float) -> float:
    """How far the counted days alone would have brought the chart, were the flow at `drop` of normal.

    From the threshold on, a fall of that size would have been seen; before that a quiet chart proves nothing.
    """
    normal = state.normal
    if normal is None:
        return 0.0
    since = state.restarts.get(Chart.HALVING)
    known = (
        day
        for day, counted in state.days.items()
        if counted.count is not None and (since is None or day > since)
    )
    return sum(max(0.0, drift(normal.mean(day), normal.alpha, PAGE_RATIO, drop)) for day in known)


def in_hand(alarm: Alarm, now: datetime) -> InHand | None:
    """Who has it in hand at `now`; what has run out holds no longer, whether or not anybody noticed."""
    held = alarm.in_hand
    return held if held is not None and now < held.until else None


def _based(state: FlowState, event: Any, fact: Fact) -> FlowState:
    """The charts go with the baseline they were drawn on; what was closed stays on record."""
    return FlowState(state.stage, event.number, event.normal, fact.actor, fact.at, closed=state.closed)


def _armed(state: FlowState, event: ev.FlowArmed, _fact: Fact) -> FlowState:
    return _redrawn(
        replace(state, first_day=event.first_day, threshold=event.threshold, head_start=event.head_start)
    )


def _counted(state: FlowState, event: ev.DayCounted, _fact: Fact) -> FlowState:
    return _one_more(state, event.day, Counted(event.count, event.of))


def _missed(state: FlowState, event: ev.DayMissed, _fact: Fact) -> FlowState:
    return replace(state, days={**state.days, event.day: Counted(None)})


def _restated(state: FlowState, event: ev.DayRestated, _fact: Fact) -> FlowState:
    return _redrawn(replace(state, days={**state.days, event.day: Counted(event.count, event.of)}))


def _raised(state: FlowState, event: ev.FlowAlarmRaised, fact: Fact) -> FlowState:
    alarm = Alarm(event.chart, fact.at, event.day, event.value, event.threshold, event.since, event.detail)
    return replace(state, alarms={**state.alarms, event.chart: alarm})


def _taken(state: FlowState, event: ev.FlowAlarmTaken, fact: Fact) -> FlowState:
    held = replace(state.alarms[event.chart], in_hand=InHand(fact.actor, event.until, event.note))
    return replace(state, alarms={**state.alarms, event.chart: held})


def _one_more(state: FlowState, day: date, counted: Counted) -> FlowState:
    days = {**state.days, day: counted}
    if state.last_day is not None and day < state.last_day:
        return _redrawn(replace(state, days=days))
    grown = replace(state, days=days)
    values, calm = dict(state.values), dict(state.calm)
    for chart in _charts(state):
        if (point := _next(grown, chart, day, values[chart])) is not None:
            values[chart] = point.value
            if point.value <= 0:
                calm[chart] = day
    return replace(grown, values=values, calm=calm)


def _redrawn(state: FlowState) -> FlowState:
    """Every chart from its beginning."""
    assert state.first_day is not None
    values, calm = dict[Chart, float](), dict[Chart, date]()
    days = sorted(state.days)
    for chart in _charts(state):
        values[chart] = _begins(state, chart)
        calm[chart] = state.restarts.get(chart, state.first_day - timedelta(days=1))
        for point in _walk(state, chart, days):
            values[chart] = point.value
            if point.value <= 0:
                calm[chart] = point.day
    return replace(state, values=values, calm=calm)


def _restarted(state: FlowState, closed: ev.FlowAlarmClosed | ev.FlowCleared, fact: Fact) -> FlowState:
    alarm = state.alarms[closed.chart]
    left = {chart: a for chart, a in state.alarms.items() if chart is not closed.chart}
    done = Closed(alarm, fact.at, fact.actor, closed.cause, closed.note)
    restarts = {**state.restarts, closed.chart: state.last_day or alarm.day}
    return _redrawn(replace(state, alarms=left, closed=(*state.closed, done), restarts=restarts))


_FOLLOWS: Mapping[type[Event], Callable[[FlowState, Any, Fact], FlowState]] = {
    ev.BaselineFrozen: _based,
    ev.BaselineRebased: _based,
    ev.FlowArmed: _armed,
    ev.DayCounted: _counted,
    ev.DayMissed: _missed,
    ev.DayRestated: _restated,
    ev.FlowAlarmRaised: _raised,
    ev.FlowAlarmTaken: _taken,
    ev.FlowAlarmClosed: _restarted,
    ev.FlowCleared: _restarted,
}


def _charts(state: FlowState) -> tuple[Chart, ...]:
    shared = state.normal is not None and state.normal.rate is not None
    return tuple(chart for chart in DESIGN if chart is not Chart.RATIO or shared)


def _begins(state: FlowState, chart: Chart) -> float:
    ahead = state.head_start and chart not in state.restarts
    return state.threshold / 2 if ahead else 0.0


def _walk(state: FlowState, chart: Chart, days: Iterable[date]) -> Iterator[Point]:
    value, restart = _begins(state, chart), state.restarts.get(chart)
    for day in days:
        if restart is not None and day <= restart:
            continue
        point = _next(state, chart, day, value)
        if point is not None:
            value = point.value
            yield point


def _next(state: FlowState, chart: Chart, day: date, value: float) -> Point | None:
    """The chart after `day`; None for a day that says nothing to it."""
    normal, counted = state.normal, state.days[day]
    if normal is None or counted.count is None:
        return None
    if chart is not Chart.RATIO:
        mean, alpha = normal.mean(day), normal.alpha
    elif counted.of is None or normal.rate is None:
        return None
    else:
        mean, alpha = normal.rate * counted.of, normal.rate_alpha
    return Point(day, counted.count, mean, step(value, counted.count, mean, alpha, DESIGN[chart]))
