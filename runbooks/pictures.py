"""Where everything on the pictures of a plan stands: Gantt with bands, distribution of the end, tornado of its drivers.

Geometry and words only; `pages/pictures.html` draws it, for pages and files alike. What a colour says is said by
a shape, a sign or a word as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from cutover.core.duration import show_duration, show_minutes
from cutover.web.charts import (
    HOUR,
    RIGHT,
    WIDTH,
    Bar,
    Gantt,
    Mark,
    PlacedMark,
    Scale,
    Stretch,
    Tick,
    place_marks,
    scale_of,
    ticks_of,
)
from cutover.web.charts import gantt as place_gantt
from cutover.web.words import MINUTE, moment, share
from runbooks.domain.forecasting.drivers import Driver
from runbooks.domain.plan import Task, TaskType
from runbooks.planned import Planned
from runbooks.planned import Stretch as Span

READABLE = 150  # tasks: above this a lane shows its busy stretches, its critical tasks and its gates
BINS = 48
_LEFT, _TOP, _FLOOR = 64, 62, 262  # of the distribution's plot
_MARGIN = 12
DRIVERS = 12
_DRIVER_ROW, _NAMES = 24, 380


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the histogram; `late` ends after the window closes."""

    x: float
    y: float
    width: float
    height: float
    says: str
    late: bool


@dataclass(frozen=True, slots=True)
class Finish:
    """How the end is distributed: columns, and the chance to have ended by then as a rising line."""

    title: str
    says: str
    width: int
    height: int
    floor: int
    left: int
    columns: tuple[Column, ...]
    line: str
    levels: tuple[tuple[float, str], ...]
    marks: tuple[PlacedMark, ...]
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Blade:
    """One driver: how far the end moves when it goes well and when it goes badly."""

    name: str
    says: str
    y: int
    earlier: Stretch
    later: Stretch
    earlier_label: str
    later_label: str


@dataclass(frozen=True, slots=True)
class Tornado:
    title: str
    says: str
    width: int
    height: int
    centre: float
    top: int
    blades: tuple[Blade, ...]


# --- Gantt ----------------------------------------------------------------------------------------------


def gantt(plan: Planned, now: datetime | None = None) -> Gantt | None:
    """The plan by stream; None when it has no task."""
    zone, count = plan.programme.zone, len(plan.times)
    collapsed = count > READABLE
    how = "busy stretches, critical tasks and gates of each stream" if collapsed else "tasks by stream"
    critical = sum(1 for task in plan.times if plan.is_critical(task))
    says = (
        f"{count} tasks, shown as {how}; {critical} critical, drawn with a heavy edge and a bold name. It ends "
        f"{moment(plan.finish, zone)} as planned, {moment(plan.seen.p80, zone)} or earlier with a chance of 80 %. "
        "A whisker reaches from the P10 to the P90 of a task's end."
    )
    return place_gantt("Plan", says, lanes(plan, collapsed=collapsed), list(_marks(plan, now)), zone)


def _marks(plan: Planned, now: datetime | None) -> Iterator[Mark]:
    yield Mark(plan.programme.opens, "window opens", "opens")
    yield Mark(plan.programme.closes, "window closes", "closes")
    if plan.latest_backout:
        yield Mark(plan.latest_backout, "latest safe backout", "backout")
    if now and plan.programme.opens - 12 * HOUR <= now <= plan.programme.closes + 12 * HOUR:
        yield Mark(now, "now", "now")


def lanes(plan: Planned, *, collapsed: bool) -> dict[str, list[Bar]]:
    """The bars of every stream, streams in the order of the runbook."""
    found: dict[str, list[Bar]] = {}
    for title, tasks in by_stream(plan).items():
        shown = [
            t for t in tasks if not collapsed or plan.is_critical(t.id) or t.gate or t.point_of_no_return
        ]
        bars = [_bar(plan, task) for task in shown]
        rest = [task for task in tasks if task not in shown]
        found[title] = [*_busy(plan, rest), *bars]
    return found


def by_stream(plan: Planned) -> dict[str, list[Task]]:
    """The tasks that are in the plan, by the title of their stream."""
    titles = {stream.id: stream.title for stream in plan.runbook.streams}
    found: dict[str, list[Task]] = {title: [] for title in titles.values()}
    for task in plan.runbook.tasks:
        if task.id in plan.times:
            found.setdefault(titles.get(task.stream, task.stream or "no stream"), []).append(task)
    return {title: tasks for title, tasks in found.items() if tasks}


def _bar(plan: Planned, task: Task) -> Bar:
    span, zone = plan.times[task.id], plan.programme.zone
    critical, band = plan.is_critical(task.id), plan.bands.get(task.id)
    between = (
        f"; ends between {moment(band[0], zone)} and {moment(band[1], zone)} four times in five"
        if band
        else ""
    )
    says = f"{task.id} {task.title}: {moment(span[0], zone)} to {moment(span[1], zone)}{between}"
    return Bar(
        name=task.id,
        title=says + ("; critical" if critical else ""),
        look="ahead",
        planned=span,
        expected=span,
        critical=critical,
        diamond=sign(task),
        band=band,
    )


def sign(task: Task) -> str:
    """What stands in the diamond of a task that is one: a gate, a point of no return, a milestone."""
    if task.point_of_no_return:
        return "!"
    return {TaskType.APPROVAL: "?", TaskType.MILESTONE: "★"}.get(task.type, "")


def _busy(plan: Planned, tasks: Sequence[Task]) -> Iterator[Bar]:
    """Tasks that are not shown one by one, as the stretches in which any of them goes on."""
    spans = sorted((plan.times[task.id] for task in tasks), key=lambda span: span[0])
    for (begin, end), count in merged(spans):
        name = f"{count} tasks" if count > 1 else "1 task"
        yield Bar(name, f"{name} of this stream", "ahead", planned=(begin, end), expected=(begin, end))


def merged(spans: Iterable[Span]) -> list[tuple[Span, int]]:
    """Stretches that touch as one, with how many went into it; sorted in, sorted out."""
    found: list[tuple[Span, int]] = []
    for begin, end in spans:
        if found and begin <= found[-1][0][1]:
            (first, last), count = found[-1]
            found[-1] = ((first, max(last, end)), count + 1)
        else:
            found.append(((begin, end), 1))
    return found


# --- the end --------------------------------------------------------------------------------------------


def finish(plan: Planned) -> Finish:
    """Columns of equal width over the samples; the line says how many of a hundred have ended by then."""
    seen, zone, closes = plan.seen, plan.programme.zone, plan.programme.closes
    first, last = seen.finishes[0], seen.finishes[-1]
    near = [closes] if closes <= last + 3 * max(last - first, HOUR) else []  # a far window is told, not drawn
    scale = scale_of([first, last + MINUTE, *near], _LEFT, WIDTH - RIGHT - _MARGIN)
    points = [Mark(at, f"{name} {plan.programme.local(at):%a %H:%M}", "point") for name, at in _points(plan)]
    marks = [*points, *(Mark(at, "window closes", "closes") for at in near)]
    says = (
        f"Half of the samples end by {moment(seen.p50, zone)}, 80 in 100 by {moment(seen.p80, zone)}, 95 in 100 by "
        f"{moment(seen.p95, zone)}. The window closes {moment(closes, zone)}; chance to miss it {share(seen.chance_to_miss(closes))}."
    )
    return Finish(
        "When the plan ends", says, WIDTH, _FLOOR + 26, _FLOOR, _LEFT,
        tuple(_columns(plan, scale)), _rising(seen.finishes, scale),
        tuple((_height(level), f"{level:.0%}") for level in (0.0, 0.5, 0.8, 1.0)),
        place_marks(marks, scale, rows=(12, 28, 44)), tuple(ticks_of(scale, zone)),
    )  # fmt: skip


def _points(plan: Planned) -> tuple[tuple[str, datetime], ...]:
    return ("P50", plan.seen.p50), ("P80", plan.seen.p80), ("P95", plan.seen.p95)


def _height(level: float) -> float:
    return round(_FLOOR - level * (_FLOOR - _TOP), 1)


def histogram(finishes: Sequence[datetime], bins: int = BINS) -> list[tuple[datetime, datetime, int]]:
    """How many samples end in each stretch of time."""
    first = finishes[0]
    seconds = np.array([(at - first).total_seconds() for at in finishes])
    counts, edges = np.histogram(seconds, bins=bins, range=(0.0, max(60.0, float(seconds[-1]))))
    at = [first + timedelta(seconds=float(edge)) for edge in edges]
    return [(at[i], at[i + 1], int(count)) for i, count in enumerate(counts)]


def _columns(plan: Planned, scale: Scale) -> Iterator[Column]:
    zone, total = plan.programme.zone, len(plan.seen.finishes)
    counted = histogram(plan.seen.finishes)
    most = max(count for _, _, count in counted)
    for begin, end, count in counted:
        if count:
            x = scale.x(begin)
            tall = round((_FLOOR - _TOP) * 0.9 * count / most, 1)
            says = f"{count / total:.1%} end between {moment(begin, zone)} and {moment(end, zone)}"
            late = begin >= plan.programme.closes
            yield Column(
                x, round(_FLOOR - tall, 1), max(1.0, round(scale.x(end) - x - 1, 1)), tall, says, late
            )


def _rising(finishes: Sequence[datetime], scale: Scale) -> str:
    """The points of the rising line, a hundred at most."""
    count = len(finishes)
    picked = sorted({0, count - 1, *(round(i * (count - 1) / 100) for i in range(101))})
    points = [(scale.x(finishes[i]), _height((i + 1) / count)) for i in picked]
    return " ".join(f"{x},{y}" for x, y in [(scale.x(finishes[0]), float(_FLOOR)), *points])


# --- what drives it -------------------------------------------------------------------------------------


def tornado(plan: Planned) -> Tornado:
    """The largest drivers, the largest first."""
    drivers = strongest(plan)
    most = max((max(d.earlier, d.later) for d in drivers), default=HOUR)
    reach = (WIDTH - RIGHT - _NAMES - 150) / 2
    centre = _NAMES + 70 + reach
    blades = tuple(_blade(plan, d, i, centre, reach / (most / MINUTE)) for i, d in enumerate(drivers))
    first = f" The largest is {driver_name(plan, drivers[0])}." if drivers else " Nothing moves it."
    says = (
        f"By how much the mean end moves when one thing goes as well, or as badly, as one time in ten.{first}"
    )
    height = 44 + _DRIVER_ROW * len(drivers) + 6
    return Tornado("What drives the end", says, WIDTH, height, round(centre, 1), 34, blades)


def strongest(plan: Planned) -> tuple[Driver, ...]:
    """The drivers that are told: what seems to hurt when it goes well is the dice and no driver."""
    return tuple(d for d in plan.seen.drivers if min(d.earlier, d.later) > timedelta(0))[:DRIVERS]


def _blade(plan: Planned, driver: Driver, row: int, centre: float, per_minute: float) -> Blade:
    earlier, later = (
        round(max(0.0, span / MINUTE) * per_minute, 1) for span in (driver.earlier, driver.later)
    )
    name = driver_name(plan, driver)
    words = show_duration(driver.earlier), show_duration(driver.later)
    return Blade(
        name, f"{name}: {words[0]} earlier at its best tenth, {words[1]} later at its worst", 40 + row * _DRIVER_ROW,
        Stretch(round(centre - earlier, 1), max(1.0, earlier)), Stretch(round(centre, 1), max(1.0, later)),
        show_minutes(driver.earlier), show_minutes(driver.later),
    )  # fmt: skip


def driver_name(plan: Planned, driver: Driver) -> str:
    """A driver in words."""
    return driver.named(plan.title_of, {team.id: team.title for team in plan.programme.teams})
