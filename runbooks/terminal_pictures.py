"""The pictures of a plan in a terminal: the same facts as the SVGs, in letters, as wide as the terminal is.

Colour repeats what a letter says already, so a pipe, a log and a screen without colours show as much.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from rich.cells import cell_len
from rich.text import Text

from cutover.core.duration import show_minutes
from cutover.web.words import moment, share
from runbooks.domain.plan import Task
from runbooks.pictures import by_stream, driver_name, histogram, merged, sign, strongest
from runbooks.planned import Planned, Stretch

FULL, CRITICAL, MAYBE, FILLED = "▒", "█", "─", "█"
NAMES, LEAST = 26, 24
LINES = 60  # tasks that are shown one by one; above it streams are
ROWS = 12
_MARKS = {"window closes": ("│", "red"), "latest safe backout": ("╎", "yellow"), "now": ("┃", "blue")}


def picture(plan: Planned, kind: str, width: int, now: datetime | None = None) -> Iterator[Text]:
    """The lines of one picture."""
    if kind == "gantt":
        return _gantt(plan, width, now)
    return _finish(plan, width) if kind == "finish" else _tornado(plan, width)


# --- Gantt ----------------------------------------------------------------------------------------------


class _Ruler:
    """Moments to columns."""

    def __init__(self, begins: datetime, ends: datetime, columns: int) -> None:
        self.begins, self.columns = begins, columns
        self.each = max(ends - begins, timedelta(hours=1)) / columns

    def at(self, moment_: datetime) -> int:
        return min(self.columns - 1, max(0, int((moment_ - self.begins) / self.each)))


def _gantt(plan: Planned, width: int, now: datetime | None) -> Iterator[Text]:
    marks = _marks(plan, now)
    last = max([plan.finish, *(at for at, _ in marks), *(high for _, high in plan.bands.values())])
    ruler = _Ruler(plan.programme.opens, last, max(LEAST, width - NAMES - 1))
    yield Text(
        f"{plan.runbook.title}: {CRITICAL} critical  {FULL} planned  {MAYBE} until P90  ? gate  ! no return"
    )
    yield _scale(plan, ruler)
    for title, tasks in by_stream(plan).items():
        if len(plan.times) > LINES:
            yield _row(title, _stream_row(plan, tasks, ruler), ruler, marks)
            continue
        yield Text(title, style="bold")
        for task in tasks:
            yield _row(f"  {task.id} {task.title}", _task_row(plan, task, ruler), ruler, marks)
    for at, name in marks:
        yield Text(f"{_MARKS[name][0]} {name} {moment(at, plan.programme.zone)}", style=_MARKS[name][1])


def _marks(plan: Planned, now: datetime | None) -> list[tuple[datetime, str]]:
    found = [(plan.programme.closes, "window closes")]
    if plan.latest_backout:
        found.append((plan.latest_backout, "latest safe backout"))
    if now and plan.programme.opens <= now <= plan.programme.closes:
        found.append((now, "now"))
    return sorted(found)


def _scale(plan: Planned, ruler: _Ruler) -> Text:
    """Wall times along the top, a day's name where a day begins."""
    cells = [" "] * ruler.columns
    step, day = max(10, ruler.columns // 8), ""
    for column in range(0, ruler.columns - 9, step):
        at = plan.programme.local(ruler.begins + column * ruler.each)
        label = f"{at:%a %H:%M}" if f"{at:%a}" != day else f"{at:%H:%M}"
        day = f"{at:%a}"
        cells[column : column + len(label)] = label
    return Text(" " * (NAMES + 1) + "".join(cells).rstrip(), style="dim")


def _row(name: str, cells: list[str], ruler: _Ruler, marks: Sequence[tuple[datetime, str]]) -> Text:
    line = Text(_fitted(name, NAMES) + " ")
    signs = {ruler.at(at): _MARKS[what] for at, what in marks}
    for column, cell in enumerate(cells):
        mark, style = signs.get(column, (" ", ""))
        line.append(
            mark if cell == " " else cell, style if cell == " " else "red" if cell == CRITICAL else ""
        )
    return line


def _task_row(plan: Planned, task: Task, ruler: _Ruler) -> list[str]:
    cells = [" "] * ruler.columns
    if band := plan.bands.get(task.id):
        _fill(cells, ruler, (plan.times[task.id][1], band[1]), MAYBE)
    _fill(cells, ruler, plan.times[task.id], CRITICAL if plan.is_critical(task.id) else FULL)
    if letter := sign(task):
        cells[ruler.at(plan.times[task.id][1])] = letter
    return cells


def _stream_row(plan: Planned, tasks: Sequence[Task], ruler: _Ruler) -> list[str]:
    """All tasks of a stream in one line: the critical ones over the others, gates over both."""
    cells = [" "] * ruler.columns
    for span, _ in merged(sorted(plan.times[task.id] for task in tasks)):
        _fill(cells, ruler, span, FULL)
    for task in tasks:
        if plan.is_critical(task.id):
            _fill(cells, ruler, plan.times[task.id], CRITICAL)
    for task in tasks:
        if letter := sign(task):
            cells[ruler.at(plan.times[task.id][1])] = letter
    return cells


def _fill(cells: list[str], ruler: _Ruler, span: Stretch, letter: str) -> None:
    first, last = ruler.at(span[0]), ruler.at(span[1])
    for column in range(first, max(first + 1, last)):
        cells[column] = letter


def _fitted(name: str, width: int) -> str:
    """Exactly so many cells: letters of double width count twice."""
    while cell_len(name) > width:
        name = name[:-2] + "…"
    return name + " " * (width - cell_len(name))


# --- the end, and what drives it ------------------------------------------------------------------------


def _finish(plan: Planned, width: int) -> Iterator[Text]:
    seen, zone, closes = plan.seen, plan.programme.zone, plan.programme.closes
    counted = histogram(seen.finishes, bins=ROWS)
    most, total, sofar = max(count for _, _, count in counted), len(seen.finishes), 0
    room = max(LEAST, width - 44)
    yield Text(
        "When the plan ends: each line a stretch of time, how often it ends there, how surely by its end"
    )
    for begin, end, count in counted:
        sofar += count
        bar = FILLED * round(room * count / most)
        late = " after the window closes" if begin >= closes else ""
        yield Text(
            f"{moment(end, zone):>21} {count / total:6.1%} {sofar / total:7.1%} {bar}{late}",
            "red" if late else "",
        )
    for name, at in (("P50", seen.p50), ("P80", seen.p80), ("P95", seen.p95)):
        yield Text(f"{name} {moment(at, zone)}")
    missed = share(seen.chance_to_miss(closes))
    yield Text(f"window closes {moment(closes, zone)}; chance to miss it {missed}")


def _tornado(plan: Planned, width: int) -> Iterator[Text]:
    drivers = strongest(plan)
    yield Text("What drives the end: earlier when it goes well (░), later when it goes badly (█)")
    if not drivers:
        yield Text("nothing: every length is certain")
        return
    most = max(max(d.earlier, d.later) for d in drivers)
    room = max(8, (width - 58) // 2)
    for driver in drivers:
        left, right = (max(1, round(room * (span / most))) for span in (driver.earlier, driver.later))
        well, badly = f"-{show_minutes(driver.earlier)}", f"+{show_minutes(driver.later)}"
        name = _fitted(driver_name(plan, driver), 36)
        yield Text(f"{name} {well:>9} {'░' * left:>{room}}│{'█' * right:<{room}} {badly}")
