"""Where everything on a chart stands: moments to pixels, bars to rows, ticks to wall times.

Geometry only; `templates/charts.html` draws it as SVG. A chart carries its title and a sentence that says what
it shows, and the page puts the same facts in a table beside it. Colours live in the style sheet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

WIDTH = 1120
GUTTER = 190  # for the names of the lanes
RIGHT = 14
HEAD = 64  # two rows of marks and one of ticks above the first lane
ROW = 20
LANE_GAP = 8
LETTER = 7.6  # pixels that one letter of a label takes, generously
TREND = 280  # the height of a chart whose height is time
HOUR = timedelta(hours=1)
_STEPS = (1, 2, 3, 6, 12, 24)
_MOST_TICKS = 16
Pixels = Callable[[datetime], float]
Seen = tuple[datetime, tuple[datetime, datetime, datetime]]  # when it was said; what was: low, middle, high


@dataclass(frozen=True, slots=True)
class Bar:
    """One piece of work. `done` is what really happened, `expected` what is still to come of it."""

    name: str
    title: str
    look: str  # a stage, which the style sheet knows
    planned: tuple[datetime, datetime]
    done: tuple[datetime, datetime] | None = None
    expected: tuple[datetime, datetime] | None = None
    critical: bool = False
    diamond: str = ""  # a sign: drawn as a diamond instead of a bar
    band: tuple[datetime, datetime] | None = None  # between which moments it will end, as far as one can say

    @property
    def reach(self) -> tuple[datetime, datetime]:
        """From the first to the last moment that it is drawn at."""
        begins, ends = self.planned
        for span in (self.done, self.expected):
            if span and span[0] < begins:
                begins = span[0]
        for span in (self.done, self.expected, self.band):
            if span and span[1] > ends:
                ends = span[1]
        return begins, ends

    @property
    def latest(self) -> tuple[datetime, datetime]:
        """Where it is, as far as is known: expected, else done, else planned."""
        return self.expected or self.done or self.planned


Sized = tuple[datetime, datetime, Bar]  # from when to when it is drawn


@dataclass(frozen=True, slots=True)
class Mark:
    """A line down the chart: now, window end, latest backout."""

    at: datetime
    label: str
    look: str


@dataclass(frozen=True, slots=True)
class Scale:
    """Moments to pixels, from `left` to `right`."""

    begins: datetime
    ends: datetime
    left: float
    right: float

    def x(self, at: datetime) -> float:
        return self.to_pixels()(at)

    def span(self, of: tuple[datetime, datetime]) -> Stretch:
        return stretch(self.to_pixels(), of)

    def to_pixels(self) -> Pixels:
        """The scale for many moments: what does not change from one to the next is worked out once."""
        begins, whole, left, width = self.begins, self.ends - self.begins, self.left, self.right - self.left

        def pixels(at: datetime) -> float:
            return round(left + width * min(1.0, max(0.0, (at - begins) / whole)), 1)

        return pixels


class Stretch(NamedTuple):
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class PlacedBar:
    bar: Bar
    y: int
    planned: Stretch
    done: Stretch | None
    expected: Stretch | None
    band: Stretch | None
    centre: float  # of a diamond
    label_x: float


@dataclass(frozen=True, slots=True)
class PlacedLane:
    title: str
    y: int
    height: int
    bars: tuple[PlacedBar, ...]


@dataclass(frozen=True, slots=True)
class PlacedMark:
    mark: Mark
    x: float
    y: int
    anchor: str


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    label: str
    strong: bool


@dataclass(frozen=True, slots=True)
class Gantt:
    """A chart ready to be drawn."""

    title: str
    says: str
    width: int
    height: int
    left: int
    right: int
    top: int
    lanes: tuple[PlacedLane, ...]
    marks: tuple[PlacedMark, ...]
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Band:
    """A forecast against the moment by which it must end, ready to be drawn."""

    title: str
    says: str
    width: int
    height: int
    bar: Stretch
    likely: Stretch
    limit: float
    points: tuple[PlacedMark, ...]
    ticks: tuple[Tick, ...]
    late: Stretch | None


@dataclass(frozen=True, slots=True)
class Level:
    """A moment as a line across a chart whose height is time."""

    y: float
    label: str
    label_y: float
    look: str


@dataclass(frozen=True, slots=True)
class Trend:
    """What was expected of an end, as it was seen over time, ready to be drawn: a band, a line, levels across."""

    title: str
    says: str
    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    band: str
    line: str
    levels: tuple[Level, ...]
    ticks: tuple[Tick, ...]
    rows: tuple[Tick, ...]


def gantt(
    title: str, says: str, lanes: Mapping[str, Sequence[Bar]], marks: Sequence[Mark], zone: str
) -> Gantt | None:
    """Bars packed into as few rows a lane as their labels allow; None when there is nothing to draw."""
    sized = {name: [(*bar.reach, bar) for bar in lane] for name, lane in lanes.items()}
    moments = [at for lane in sized.values() for begins, ends, _ in lane for at in (begins, ends)]
    if not moments:
        return None
    scale = scale_of([*moments, *(m.at for m in marks)], GUTTER, WIDTH - RIGHT)
    placed, y, pixels = [], HEAD, scale.to_pixels()
    for name, lane in sized.items():
        placed.append(_lane(name, _pack(lane, pixels), pixels, y))
        y += placed[-1].height + LANE_GAP
    lines = place_marks([*marks, *clock_changes(scale.begins, scale.ends, zone)], scale)
    ticks = tuple(ticks_of(scale, zone))
    return Gantt(title, says, WIDTH, y + 4, GUTTER, WIDTH - RIGHT, HEAD - 8, tuple(placed), lines, ticks)


def band(title: str, says: str, points: Sequence[Mark], limit: datetime, zone: str) -> Band:
    """Three points of a forecast (likely, cautious, pessimistic), in order, against a limit."""
    first, middle, last = points
    reach = max(last.at, limit) - min(first.at, limit)
    margin = max(reach / 8, 2 * HOUR)
    scale = scale_of([min(first.at, limit) - margin, max(last.at, limit) + margin], 8, WIDTH - 8)
    late = scale.span((max(limit, first.at), last.at)) if last.at > limit else None
    bar, likely = scale.span((first.at, last.at)), scale.span((first.at, middle.at))
    placed = place_marks([*points, Mark(limit, "window closes", "closes")], scale, rows=(14, 30, 46))
    return Band(
        title, says, WIDTH, 112, bar, likely, scale.x(limit), placed, tuple(ticks_of(scale, zone)), late
    )


def trend(  # noqa: PLR0917  as `gantt` and `band` are called
    title: str, says: str, seen: Sequence[Seen], until: datetime, levels: Sequence[Mark], zone: str
) -> Trend | None:
    """Each word stands until the next: steps, up to `until`. None when nothing was said."""
    if not seen:
        return None
    left, right, top, bottom = GUTTER, WIDTH - GUTTER - 40, 14, TREND - 24  # the levels are named beside it
    across = scale_of([*(at for at, _ in seen), until], left, right)
    ends = [*(end for _, said in seen for end in said), *(level.at for level in levels)]
    margin = max((max(ends) - min(ends)) / 12, HOUR)
    up = scale_of([min(ends) - margin, max(ends) + margin], bottom, top)
    stops = [*(at for at, _ in seen[1:]), until]

    def steps(which: int) -> list[tuple[float, float]]:
        return [
            (across.x(x), up.x(said[which]))
            for (at, said), stop in zip(seen, stops, strict=True)
            for x in (at, stop)
        ]

    return Trend(
        title, says, WIDTH, TREND, left, right, top, bottom, _path([*steps(2), *reversed(steps(0))]), _path(steps(1)),
        _levels(levels, up), tuple(ticks_of(across, zone)), tuple(ticks_of(up, zone)),
    )  # fmt: skip


def _levels(levels: Sequence[Mark], up: Scale) -> tuple[Level, ...]:
    """Lines across, each label a line of text away from the one before."""
    placed, free = [], float("inf")
    for level in sorted(levels, key=lambda mark: mark.at):
        y = up.x(level.at)
        free = min(y + 4, free - 14)
        placed.append(Level(y, level.label, round(free, 1), level.look))
    return tuple(placed)


def _path(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


def clock_changes(begins: datetime, ends: datetime, zone: str) -> list[Mark]:
    """Where the wall clock jumps inside a stretch of time: a night with an hour twice, or one short."""
    place = ZoneInfo(zone)
    found = []
    at = begins.replace(minute=0, second=0, microsecond=0)
    while at < ends:
        before, after = at.astimezone(place), (at + HOUR).astimezone(place)
        if before.utcoffset() != after.utcoffset():
            found.append(Mark(at + HOUR, f"clocks change to {after:%Z}", "clocks"))
        at += HOUR
    return found


def scale_of(moments: Sequence[datetime], left: float, right: float) -> Scale:
    begins, ends = min(moments), max(moments)
    return Scale(begins, max(ends, begins + HOUR), left, right)


def stretch(pixels: Pixels, span: tuple[datetime, datetime]) -> Stretch:
    x = pixels(span[0])
    return Stretch(x, round(max(2.0, pixels(span[1]) - x), 1))


def _pack(bars: Iterable[Sized], pixels: Pixels) -> list[list[tuple[float, Bar]]]:
    """First row that is free, in order of beginning; a label counts as part of its bar. With where labels begin."""
    rows: list[list[tuple[float, Bar]]] = []
    busy: list[float] = []
    for begins, ends, bar in sorted(bars, key=lambda one: (one[0], one[1], one[2].name)):
        # right of the bar: left of it a label would stand on the bar before
        label = round(pixels(ends) + (11 if bar.diamond else 5), 1)
        left, right = pixels(begins) - (6 if bar.diamond else 0), label + LETTER * len(bar.name) + 6
        row = next((i for i, until in enumerate(busy) if until <= left), len(rows))
        if row == len(rows):
            rows.append([])
            busy.append(right)
        rows[row].append((label, bar))
        busy[row] = right
    return rows


def _lane(title: str, rows: Sequence[Sequence[tuple[float, Bar]]], pixels: Pixels, top: int) -> PlacedLane:
    bars = tuple(
        _placed(bar, label, top + 3 + i * ROW, pixels) for i, row in enumerate(rows) for label, bar in row
    )
    return PlacedLane(title, top, max(1, len(rows)) * ROW + 2, bars)


def _placed(bar: Bar, label: float, y: int, pixels: Pixels) -> PlacedBar:
    done, expected, band = (span and stretch(pixels, span) for span in (bar.done, bar.expected, bar.band))
    centre = pixels(bar.latest[1]) if bar.diamond else 0.0
    return PlacedBar(bar, y, stretch(pixels, bar.planned), done, expected, band, centre, label)


def place_marks(
    marks: Sequence[Mark], scale: Scale, rows: Sequence[int] = (14, 28)
) -> tuple[PlacedMark, ...]:
    """Lines with their labels, each in the first row where it does not stand on the one before."""
    busy = [float("-inf")] * len(rows)
    placed = []
    for mark in sorted(marks, key=lambda m: m.at):
        x, width = scale.x(mark.at), LETTER * len(mark.label) + 8
        anchor = "end" if x + width > scale.right else "start"
        left = x - width if anchor == "end" else x
        row = next((i for i, until in enumerate(busy) if until <= left), busy.index(min(busy)))
        busy[row] = left + width
        placed.append(PlacedMark(mark, x, rows[row], anchor))
    return tuple(placed)


def ticks_of(scale: Scale, zone: str) -> Iterator[Tick]:
    """Full hours of the wall clock, strong at midnight with the day's name."""
    place = ZoneInfo(zone)
    hours = (scale.ends - scale.begins) / HOUR
    step = next((s for s in _STEPS if hours / s <= _MOST_TICKS), 24)
    wall = scale.begins.astimezone(place).replace(minute=0, second=0, microsecond=0, tzinfo=None)
    wall = wall.replace(hour=wall.hour - wall.hour % step)
    last = scale.ends.astimezone(place).replace(tzinfo=None)
    while wall <= last:
        at = wall.replace(tzinfo=place).astimezone(UTC)
        if scale.begins <= at <= scale.ends:
            strong = wall.hour == 0
            yield Tick(scale.x(at), f"{wall:%a %d %b}" if strong else f"{wall:%H:%M}", strong)
        wall += step * HOUR
