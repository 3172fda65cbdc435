"""Where everything on a flow's chart stands: counts over the band of normal, the evidence under its threshold.

Geometry only; `pages/flow_chart.html` draws it. The same facts stand in words and in a table beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt

from monitors.domain.flow_events import Chart
from monitors.domain.outcome import FlowState, Point, trace
from monitors.domain.xmr import Look, Xmr

WIDTH, HEIGHT = 560, 250
LEFT, RIGHT, TOP, COUNTS_END, EVIDENCE_TOP, BOTTOM = 40, 14, 18, 140, 158, 226
MOST_DAYS = 56
FEWEST_DAYS = 21
_NINE_IN_TEN = 1.645
_PAST_ALARM = 1.5  # times the threshold: how much further the evidence goes does not matter
_MARKED = 7  # days between two marks on the axis
_ALARMED = "alarmed"


@dataclass(frozen=True, slots=True)
class Bar:
    """One day's count, `low` under the band of normal."""

    x: float
    y: float
    width: float
    height: float
    look: str
    says: str


@dataclass(frozen=True, slots=True)
class Mark:
    x: float
    y: float
    label: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class Flag:
    """When the alarm came."""

    x: float
    label: str
    anchor: str


@dataclass(frozen=True, slots=True)
class FlowChart:
    """A chart ready to be drawn. `detect` is the stretch within which a halving from the go-live shows."""

    title: str
    says: str
    bars: tuple[Bar, ...]
    gaps: tuple[Mark, ...]
    band: str
    mean: str
    evidence: str
    threshold: float
    days: tuple[Mark, ...]
    counts: tuple[Mark, ...]
    flags: tuple[Flag, ...]
    detect: float | None
    detect_label: str


@dataclass(frozen=True, slots=True)
class WeekChart:
    """The weekly chart of the board pack, ready to be drawn."""

    title: str
    says: str
    line: str
    dots: tuple[Bar, ...]
    mean: float
    upper: float
    lower: float
    weeks: tuple[Mark, ...]
    counts: tuple[Mark, ...]


def flow_chart(title: str, says: str, state: FlowState, declared: int | None) -> FlowChart | None:
    """None before the charts have begun."""
    if state.first_day is None or state.normal is None:
        return None
    points = trace(state, Chart.HALVING)
    begins, ends = _span(state)
    days = (ends - begins).days + 1
    across = _Across(begins, days)
    shown = {p.day: p for p in points if p.day >= begins}
    normal = [
        (begins + timedelta(days=n), state.normal.mean(begins + timedelta(days=n))) for n in range(days)
    ]
    wide = [(day, _NINE_IN_TEN * sqrt(mean + state.normal.alpha * mean * mean)) for day, mean in normal]
    most = max([1.0, *(mean + reach for (_, mean), (_, reach) in zip(normal, wide, strict=True)),
                *(float(p.count or 0) for p in shown.values())])  # fmt: skip
    up = _Up(0, most * 1.05, COUNTS_END, TOP)
    high = [(day, mean + reach) for (day, mean), (_, reach) in zip(normal, wide, strict=True)]
    low = [(day, max(0.0, mean - reach)) for (day, mean), (_, reach) in zip(normal, wide, strict=True)]
    evidence = _Up(0, state.threshold * _PAST_ALARM, BOTTOM, EVIDENCE_TOP)
    seen = None if declared is None else state.first_day + timedelta(days=declared)
    within = seen is not None and begins < seen <= ends + timedelta(days=1)
    return FlowChart(
        title=title,
        says=says,
        bars=tuple(_bars(shown.values(), dict(low), across, up)),
        gaps=tuple(Mark(across.mid(d), COUNTS_END - 4, "?") for d, c in state.days.items() if c.count is None and d >= begins),
        band=_steps([*high], across, up) + " " + _steps([*reversed(low)], across, up, back=True),
        mean=_steps(normal, across, up),
        evidence=" ".join(f"{across.mid(p.day)},{evidence.y(p.value)}" for p in shown.values()),
        threshold=evidence.y(state.threshold),
        days=tuple(_dates(begins, days, across)),
        counts=tuple(Mark(LEFT - 5, up.y(value), f"{value:g}") for value in _rounds(most)),
        flags=tuple(_flags(state, begins, across)),
        detect=across.x(seen) if within and seen else None,
        detect_label="" if declared is None else f"a halving shows by day {declared}",
    )  # fmt: skip


def week_chart(title: str, says: str, of: Xmr) -> WeekChart:
    """The newest year of weeks."""
    weeks = of.weeks[-52:]
    most = max(of.upper, *(float(w.total) for w in weeks), 1.0)
    up = _Up(0, most * 1.05, BOTTOM, TOP)
    width = (WIDTH - LEFT - RIGHT) / max(1, len(weeks))
    xs = [round(LEFT + width * (n + 0.5), 1) for n in range(len(weeks))]
    looks = {Look.CONCERN: "concern", Look.IMPROVEMENT: "improvement", Look.COMMON: "common"}
    dots = tuple(
        Bar(x, up.y(w.total), 0, 0, looks[w.look], f"week of {w.begins:%d %b %Y}: {w.total}, {w.look}")
        for x, w in zip(xs, weeks, strict=True)
    )
    every = max(1, len(weeks) // 8)
    return WeekChart(
        title=title,
        says=says,
        line=" ".join(f"{d.x},{d.y}" for d in dots),
        dots=dots,
        mean=up.y(of.mean),
        upper=up.y(of.upper),
        lower=up.y(of.lower),
        weeks=tuple(Mark(x, BOTTOM + 15, f"{w.begins:%d %b}") for x, w in list(zip(xs, weeks, strict=True))[::every]),
        counts=tuple(Mark(LEFT - 5, up.y(value), f"{value:g}") for value in _rounds(most)),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Across:
    begins: date
    days: int

    @property
    def width(self) -> float:
        return (WIDTH - LEFT - RIGHT) / self.days

    def x(self, day: date) -> float:
        return round(LEFT + (day - self.begins).days * self.width, 1)

    def mid(self, day: date) -> float:
        return round(self.x(day) + self.width / 2, 1)


@dataclass(frozen=True, slots=True)
class _Up:
    low: float
    high: float
    bottom: float
    top: float

    def y(self, value: float) -> float:
        share = (min(value, self.high) - self.low) / (self.high - self.low)
        return round(self.bottom - share * (self.bottom - self.top), 1)


def _span(state: FlowState) -> tuple[date, date]:
    assert state.first_day is not None  # asked for by `flow_chart`
    ends = max(state.last_day or state.first_day, state.first_day + timedelta(days=FEWEST_DAYS - 1))
    return max(state.first_day, ends - timedelta(days=MOST_DAYS - 1)), ends


def _bars(points: Iterable[Point], low: dict[date, float], across: _Across, up: _Up) -> Iterator[Bar]:
    for p in points:
        count = p.count or 0
        y = up.y(count)
        look = "low" if count < low.get(p.day, 0.0) else "usual"
        says = f"{p.day:%a %d %b}: {count}, {p.mean:.1f} are normal"
        yield Bar(across.x(p.day) + 1, y, round(across.width - 2, 1), round(COUNTS_END - y, 1), look, says)


def _steps(of: Sequence[tuple[date, float]], across: _Across, up: _Up, *, back: bool = False) -> str:
    corners = []
    for day, value in of:
        ends = [across.x(day), across.x(day + timedelta(days=1))]
        corners += [f"{x},{up.y(value)}" for x in (reversed(ends) if back else ends)]
    return " ".join(corners)


def _dates(begins: date, days: int, across: _Across) -> Iterator[Mark]:
    step = _MARKED * max(1, days // (_MARKED * 6))
    for n in range(0, days, step):
        day = begins + timedelta(days=n)
        yield Mark(across.mid(day), BOTTOM + 15, f"{day:%d %b}", "start" if n == 0 else "middle")


def _flags(state: FlowState, begins: date, across: _Across) -> Iterator[Flag]:
    raised = [*(c.alarm for c in state.closed), *state.alarms.values()]
    for alarm in raised:
        if alarm.day >= begins and alarm.chart is Chart.HALVING:
            x = across.mid(alarm.day)
            yield Flag(x, _ALARMED, "end" if x > WIDTH - 70 else "start")


def _rounds(most: float) -> list[float]:
    """Nought, a round number and its double, as far as they fit."""
    size = 1.0
    while size * 10 <= most / 2:
        size *= 10
    step = next((size * k for k in (5, 2) if size * k <= most / 2), size)
    return [0.0, *(step * k for k in (1, 2) if step * k <= most)]
