"""Sheets to one runbook: ids over all sheets, order where none is given, what the reader decided for the planner.

Rules a planner can rely on: unknown columns are kept in `custom`, nothing is guessed, empty rows are skipped.
Several sheets are one plan, and a sheet may name tasks of the others. A sheet without a dependency column and
without times is a checklist, and a checklist runs top to bottom: each task follows the row before it (children
come after their parent, sections in their order; in a sheet with workstreams, the row before it in its own
stream). What a section calls rollback, backout or fallback becomes conditional: it is there when needed, and
skipping it holds nobody.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cutover.core.errors import Invalid, Problem
from runbooks.domain.plan import Link, Runbook, Stream, Task, faults
from runbooks.domain.plan_diff import CHAINED
from runbooks.formats.cells import DateOrder, free_id, slug
from runbooks.formats.columns import Columns
from runbooks.formats.rows import task_of
from runbooks.formats.sheet import Reading, Row, Sheet, is_elsewhere, open_sheet
from runbooks.formats.summaries import open_summaries

__all__ = ["Imported", "Row", "compile_sheets", "to_runbook"]

_WAY_BACK = re.compile(r"\b(roll[\s-]?back|back[\s-]?out|fall[\s-]?back)\b", re.IGNORECASE)
_NO_STREAM = re.compile(
    r"(?:sheet|tabelle|feuil|feuille|hoja|planilha|foglio|blad|arkusz)\s*\d*|.*\b(?:plan|tasks?|runbook|checklist)\b.*",
    re.IGNORECASE,
)
# A field a sheet speaks of because of another column: with a start and an end comes a duration.
_ALSO = {"ends": (), "zone": (), "start_clock": (), "end_clock": (), "due_clock": (), "summary": ()}


@dataclass(frozen=True, slots=True)
class Imported:
    """A runbook read from a file, the columns kept as they are, and what the reader decided for the planner.

    `given` says for each task which fields the file speaks of, a column of the planner's own as `custom.Site`;
    a field with `?` only fills what is empty. None: the file speaks of everything. The order that a checklist is
    given here is that of its rows: it counts as said (CHAINED) only where the plan that is there is one too.
    """

    runbook: Runbook
    kept: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    given: Mapping[str, frozenset[str]] | None = None
    given_of_runbook: frozenset[str] | None = None


@dataclass
class _Plan:
    """The tasks of all sheets so far, each with the sheet and the row it stands on."""

    tasks: list[Task] = field(default_factory=list)
    places: list[tuple[Reading, Row]] = field(default_factory=list)
    given: dict[str, frozenset[str]] = field(default_factory=dict)


def to_runbook(
    rows: Sequence[Row],
    *,
    runbook_id: str,
    title: str,
    file: str = "",
    zone: str = "UTC",
    order: DateOrder | None = None,
) -> Imported:
    """Turn a sheet into a runbook. Raises Invalid with one problem per fault, each with its line and column."""
    return compile_sheets([Sheet(rows, file)], runbook_id=runbook_id, title=title, zone=zone, order=order)


def compile_sheets(
    sheets: Sequence[Sheet],
    *,
    runbook_id: str,
    title: str,
    zone: str = "UTC",
    order: DateOrder | None = None,
    known: Collection[str] = (),
) -> Imported:
    """Turn sheets into one runbook; they may name tasks of the plan they go into, which are `known`.

    Raises Invalid with one problem per fault, each with sheet, line and column.
    """
    readings = [open_sheet(sheet, zone, order) for sheet in sheets]
    lanes = [_lane(reading, alone=len(readings) == 1) for reading in readings]
    plan = _read(readings, lanes)
    _refuse_faults(plan, known)
    problems = [p for reading in readings for p in _by_line(reading.problems)]
    if problems:
        raise Invalid(*problems)
    _put_in_order(plan, readings)
    book = Runbook(
        id=runbook_id,
        title=title,
        streams=_streams(readings, lanes),
        phases=tuple({task.phase: None for task in plan.tasks if task.phase}),
        tasks=tuple(plan.tasks),
    )
    notes = tuple(note for reading in readings for note in reading.notes)
    return Imported(book, tuple(_kept(readings)), notes, plan.given, frozenset())


def _read(readings: Sequence[Reading], lanes: Sequence[str]) -> _Plan:
    plan = _Plan()
    names = iter(_ids(readings))
    for reading, lane in zip(readings, lanes, strict=True):
        speaks_of = _speaks_of(reading.columns) | ({"stream"} if lane else frozenset())
        rows = [(row, next(names)) for row in reading.body]
        made = [(row, *task_of(reading, row, name)) for row, name in rows]
        for (row, task, more), whole in zip(made, open_summaries(reading, made), strict=True):
            placed = whole if task.stream or not lane else whole.model_copy(update={"stream": slug(lane)})
            plan.tasks.append(placed)
            plan.places.append((reading, row))
            plan.given[task.id] = speaks_of | more if more - speaks_of else speaks_of
    return plan


def _by_line(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda p: p.line or 0)


def _refuse_faults(plan: _Plan, known: Collection[str]) -> None:
    for f in faults(plan.tasks):
        if is_elsewhere(f, known):
            continue
        reading, row = plan.places[f.index]
        message = re.sub(r"\(first at task (\d+)\)", lambda m: _first_place(plan, int(m[1])), f.message)
        reading.fault(row.line, f.field, Problem(message, expected=f.expected, nearest=f.nearest))


def _first_place(plan: _Plan, number: int) -> str:
    reading, row = plan.places[number - 1]
    return f"(first in {reading.sheet.name or 'this file'}, row {row.line})"


def _kept(readings: Iterable[Reading]) -> Iterator[str]:
    names = {h: None for reading in readings for h in reading.columns.unknown}
    if any("status" in reading.columns.at for reading in readings):
        names.setdefault("Status")
    yield from names


def _speaks_of(cols: Columns) -> frozenset[str]:
    fields = {name.split(".")[0] for name in cols.at if name not in _ALSO and name != "status"}
    kept = {h for h in cols.headers if h}  # what a known column could not say is kept under its header too
    custom = {f"custom.{h}" for h in {*cols.unknown, *kept}} | (
        {"custom.Status"} if "status" in cols.at else set()
    )
    span = {"duration"} if {"ends", "not_before"} <= cols.at.keys() else set()
    return frozenset(fields | custom | span)


def _lane(reading: Reading, *, alone: bool) -> str:
    """The stream that a sheet's own name gives: one of several sheets, no column, no name that means nothing."""
    name = reading.sheet.name
    return "" if alone or "stream" in reading.columns.at or _NO_STREAM.fullmatch(name) else name


def _ids(readings: Sequence[Reading]) -> list[str]:
    """Each row's id as given, or made of its title: the same sheet gives the same ids, also after a row is added."""
    rows = [(reading, row) for reading in readings for row in reading.body]
    given = [reading.cell(row, "id").lstrip("#").strip() for reading, row in rows]
    taken = {name for name in given if name}
    names = []
    for (reading, row), name in zip(rows, given, strict=True):
        made = name or free_id(slug(reading.cell(row, "title")) or "task", taken)
        taken.add(made)
        names.append(made)
    return names


def _streams(readings: Sequence[Reading], lanes: Sequence[str]) -> tuple[Stream, ...]:
    titles = [
        reading.cell(row, "stream") or lane
        for reading, lane in zip(readings, lanes, strict=True)
        for row in reading.body
    ]
    found: dict[str, Stream] = {}
    for title in titles:
        if made := slug(title):
            found.setdefault(made, Stream(id=made, title=title))
    return tuple(found.values())


# --- order ----------------------------------------------------------------------------------------------


def _put_in_order(plan: _Plan, readings: Sequence[Reading]) -> None:
    for reading in readings:
        mine = [i for i, (other, _row) in enumerate(plan.places) if other is reading]
        _mark_way_back(plan, reading, mine)
        if not {"after", "not_before", "start_offset"} & reading.columns.at.keys():
            _chain(plan, reading, mine)


def _mark_way_back(plan: _Plan, reading: Reading, mine: Iterable[int]) -> None:
    back = [
        i for i in mine if _WAY_BACK.search(f"{plan.tasks[i].phase} {plan.tasks[i].stream.replace('-', ' ')}")
    ]
    for i in back:
        plan.tasks[i] = plan.tasks[i].model_copy(update={"conditional": True})
    if back:
        reading.note(
            f"{len(back)} tasks stand in a section that is a way back: they are conditional, skip them when not needed"
        )


def _chain(plan: _Plan, reading: Reading, mine: Iterable[int]) -> None:
    by_lane = reading.columns.runs_in_parallel
    last: dict[str, str] = {}
    for i in mine:
        task = plan.tasks[i]
        lane = task.stream if by_lane else ""
        before = (Link(task=last[lane]),) if lane in last else ()
        plan.tasks[i] = task.model_copy(update={"after": before})
        plan.given[task.id] |= {CHAINED}
        last[lane] = task.id
    where = " of its stream" if by_lane else ""
    reading.note(f"no dependency column: read as a checklist, each task follows the row before it{where}")
