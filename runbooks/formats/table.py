"""Rows and headers of any sheet to tasks, with every fault on its line.

Rules a planner can rely on: unknown columns are kept in `custom`, nothing is guessed, empty rows are skipped.
A sheet without a dependency column and without times is a checklist, and a checklist runs top to bottom: each
task follows the row before it (children come after their parent, sections in their order; in a sheet with
workstreams, the row before it in its own stream). What a section calls rollback, backout or fallback becomes
conditional: it is there when needed, and skipping it holds nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from cutover.core.errors import Invalid, Problem
from runbooks.domain.plan import Link, Runbook, Stream, Task, TaskGate, TaskType, faults, parse_links
from runbooks.formats.cells import (
    EMPTY,
    DateOrder,
    is_ambiguous,
    read_duration,
    read_flag,
    read_kind,
    read_moment,
    read_names,
    read_zone,
    slug,
)
from runbooks.formats.columns import Columns, columns, missing_title

DATES = ("not_before", "ends")
FLAGS = ("optional", "conditional", "point_of_no_return")
TEXTS = ("description", "phase", "component", "deputy", "team", "verify", "rollback", "audience")
HEADER_WITHIN = 20  # rows: banners above the header are skipped
_WAY_BACK = re.compile(r"\b(roll[\s-]?back|back[\s-]?out|fall[\s-]?back)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a sheet and the line it stands on."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """A runbook read from a file, the columns kept as they are, and what the reader decided for the planner."""

    runbook: Runbook
    kept: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass
class _Reading:
    """One sheet while it is read: what is known of it and the problems found so far."""

    file: str
    columns: Columns
    zone: str
    order: DateOrder | None
    problems: list[Problem] = field(default_factory=list)

    def cell(self, row: Row, name: str) -> str:
        at = self.columns.at.get(name)
        return row.cells[at].strip() if at is not None and at < len(row.cells) else ""

    def fault(self, line: int, name: str, problem: Problem) -> None:
        self.problems.append(
            Problem(
                problem.message, self.file, line, self.columns.header(name), problem.expected, problem.nearest
            )
        )


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
    head, body = _split(rows, file)
    sheet = _Reading(file, columns(head.cells), zone, order)
    _refuse_ambiguous_dates(sheet, body)
    _refuse_stray_cells(sheet, body)
    names = _ids(sheet, body)
    tasks = [_task(sheet, row, name) for row, name in zip(body, names, strict=True)]
    for f in faults(tasks):
        sheet.fault(body[f.index].line, f.field, Problem(f.message, expected=f.expected, nearest=f.nearest))
    if sheet.problems:
        raise Invalid(*sorted(sheet.problems, key=lambda p: p.line or 0))
    ordered, notes = _in_order(sheet.columns, tasks)
    runbook = Runbook(
        id=runbook_id,
        title=title,
        streams=_streams(sheet, body),
        phases=_phases(ordered),
        tasks=tuple(ordered),
    )
    return Imported(runbook, tuple(sheet.columns.unknown), tuple(notes))


# --- the sheet as a whole -------------------------------------------------------------------------------


def _split(rows: Sequence[Row], file: str) -> tuple[Row, list[Row]]:
    """The header and the rows below it that say anything."""
    said = [row for row in rows if any(cell.strip() for cell in row.cells)]
    at = next((i for i, row in enumerate(said[:HEADER_WITHIN]) if "title" in columns(row.cells).at), None)
    if at is None:
        line, headers = (said[0].line, said[0].cells) if said else (None, ())
        expected, near = missing_title(headers)
        raise Invalid(Problem("no column holds the tasks' titles", file, line, "header", expected, near))
    body = said[at + 1 :]
    if not body:
        raise Invalid(
            Problem("there are no tasks below the header", file, said[at].line, expected="one row a task")
        )
    return said[at], body


def _refuse_ambiguous_dates(sheet: _Reading, body: Iterable[Row]) -> None:
    """D/M or M/D is asked for once a column, not once a cell."""
    for name in DATES if sheet.order is None else ():
        lines = [(row.line, cell) for row in body if is_ambiguous(cell := sheet.cell(row, name))]
        if lines:
            more = f" (and {len(lines) - 1} more cells of this column)" if len(lines) > 1 else ""
            message = f"'{lines[0][1]}' may be day/month or month/day{more}"
            sheet.fault(lines[0][0], name, Problem(message, expected="--date-order DMY or --date-order MDY"))


def _refuse_stray_cells(sheet: _Reading, body: Iterable[Row]) -> None:
    width = len(sheet.columns.headers)
    for row in body:
        if any(cell.strip() for cell in row.cells[width:]):
            message = f"the row has {len(row.cells)} cells and the header {width}"
            sheet.problems.append(
                Problem(
                    message, sheet.file, row.line, expected="quotes around a text that holds the separator"
                )
            )


def _ids(sheet: _Reading, body: Sequence[Row]) -> list[str]:
    """Each row's id as given, or made of its title: the same sheet gives the same ids, also after a row is added."""
    given = [sheet.cell(row, "id").lstrip("#").strip() for row in body]
    taken = {name for name in given if name}
    names = []
    for row, name in zip(body, given, strict=True):
        made = name or _free(slug(sheet.cell(row, "title")) or "task", taken)
        taken.add(made)
        names.append(made)
    return names


def _free(name: str, taken: set[str]) -> str:
    n, candidate = 1, name
    while candidate in taken:
        n += 1
        candidate = f"{name}-{n}"
    return candidate


def _streams(sheet: _Reading, body: Iterable[Row]) -> tuple[Stream, ...]:
    titles = {sheet.cell(row, "stream"): None for row in body}
    return tuple(
        {(made := slug(title)): Stream(id=made, title=title) for title in titles if slug(title)}.values()
    )


def _phases(tasks: Iterable[Task]) -> tuple[str, ...]:
    return tuple({task.phase: None for task in tasks if task.phase})


# --- one row --------------------------------------------------------------------------------------------


def _task(sheet: _Reading, row: Row, name: str) -> Task:
    """The task of a row; a faulty row leaves only its id behind, so that others may still name it."""
    before = len(sheet.problems)
    given: dict[str, Any] = {f: cell for f in TEXTS if (cell := sheet.cell(row, f))}
    given |= {f: value for f in _CELLS if (value := _value(sheet, row, f)) is not None}
    custom = {
        h: cell
        for h, at in sheet.columns.unknown.items()
        if at < len(row.cells) and (cell := row.cells[at].strip())
    }
    given |= _title(sheet, row, given) | _people(sheet, row, given, custom) | _kind(sheet, row, custom)
    given |= _span(sheet, given, row)
    given |= {
        "id": name,
        "stream": slug(sheet.cell(row, "stream")),
        "parent": sheet.cell(row, "parent").lstrip("#"),
        "custom": custom,
    }
    given |= _gate(given)
    if len(sheet.problems) > before:
        return Task.model_construct(id=name, title=name)
    try:
        return Task(**given)
    except ValidationError as error:
        for e in error.errors():
            where = str(e["loc"][0])
            near = slug(name) if where == "id" else ""
            expected = "letters, digits, '.', '_' and '-'" if where == "id" else ""
            sheet.fault(
                row.line, where, Problem(f"'{e['input']}': {e['msg']}", expected=expected, nearest=near)
            )
        return Task.model_construct(id=name, title=name)


def _value(sheet: _Reading, row: Row, name: str) -> Any:
    """The value of a cell that is more than text, or None; what is wrong with it is noted on its line."""
    text = sheet.cell(row, name)
    if text.casefold() in EMPTY:
        return None
    try:
        return _CELLS[name](sheet, row, text)
    except Invalid as error:
        for problem in error.problems:
            if name not in DATES or not (sheet.order is None and is_ambiguous(text)):
                sheet.fault(row.line, name, problem)
        return None


def _moment(sheet: _Reading, row: Row, text: str) -> datetime:
    zone = sheet.cell(row, "zone")
    try:
        place = read_zone(zone) if zone else sheet.zone
    except Invalid as error:
        raise Invalid(
            *(
                Problem(f"{sheet.columns.header('zone')} {p.message}", expected=p.expected, nearest=p.nearest)
                for p in error.problems
            )
        ) from error
    return read_moment(text, place, sheet.order)


_CELLS: Mapping[str, Any] = {
    **{name: lambda sheet, row, text: read_flag(text) for name in FLAGS},
    "not_before": _moment,
    "ends": _moment,
    "duration": lambda sheet, row, text: read_duration(text, sheet.columns.duration_unit),
    "start_offset": lambda sheet, row, text: read_duration(text.lstrip("Tt+ ")),
    "after": lambda sheet, row, text: parse_links(text),
}


def _title(sheet: _Reading, row: Row, given: Mapping[str, Any]) -> dict[str, str]:
    """The first line of the cell; a longer text is kept whole as the description."""
    text = sheet.cell(row, "title")
    if not text:
        sheet.fault(row.line, "title", Problem("the task has no title", expected="a title, or an empty row"))
        return {}
    lines = text.splitlines()
    whole = {"description": text} if len(lines) > 1 and "description" not in given else {}
    return {"title": " ".join(lines[0].split()), **whole}


def _people(sheet: _Reading, row: Row, given: Mapping[str, Any], custom: dict[str, str]) -> dict[str, str]:
    """The first name of a cell owns, the second stands in; a longer list is kept as it was written."""
    text = sheet.cell(row, "owner")
    names = [] if text.casefold() in EMPTY else read_names(text)
    people = dict(zip(("owner", "deputy"), names, strict=False))
    if "deputy" in given:
        people.pop("deputy", None)
    if len(names) > len(people):
        custom[sheet.columns.header("owner")] = text
    return people


def _kind(sheet: _Reading, row: Row, custom: dict[str, str]) -> dict[str, TaskType]:
    """The type a word means; a word of the planner's own is a normal task and is kept."""
    text = sheet.cell(row, "type")
    kind = read_kind(text) if text else None
    if text and text.casefold() != kind:
        custom[sheet.columns.header("type")] = text
    return {"type": kind or TaskType.NORMAL}


def _span(sheet: _Reading, given: dict[str, Any], row: Row) -> dict[str, timedelta]:
    """Start and end say how long, where no duration does."""
    end, start = given.pop("ends", None), given.get("not_before")
    if end is None or start is None or "duration" in given:
        return {}
    if end < start:
        sheet.fault(
            row.line, "ends", Problem("the task ends before it starts", expected="an end after the start")
        )
        return {}
    return {"duration": end - start}


def _gate(given: Mapping[str, Any]) -> dict[str, TaskGate]:
    """A gate of a sheet is decided by whom the sheet names; its criteria are the planner's to add."""
    decider = given.get("owner") or given.get("team")
    return {"gate": TaskGate(deciders=(decider,))} if given["type"] is TaskType.APPROVAL and decider else {}


# --- order ----------------------------------------------------------------------------------------------


def _in_order(cols: Columns, tasks: Sequence[Task]) -> tuple[list[Task], list[str]]:
    notes = []
    titles = {t.id: f"{t.phase} {t.stream.replace('-', ' ')}" for t in tasks}
    back = {name for name, title in titles.items() if _WAY_BACK.search(title)}
    if back:
        notes.append(
            f"{len(back)} tasks stand in a section that is a way back: they are conditional, skip them when not needed"
        )
    made = [t.model_copy(update={"conditional": True}) if t.id in back else t for t in tasks]
    if "after" in cols.at or "not_before" in cols.at or "start_offset" in cols.at:
        return made, notes
    last: dict[str, str] = {}
    chained = []
    for task in made:
        lane = task.stream if cols.runs_in_parallel else ""
        before = (Link(task=last[lane]),) if lane in last else ()
        chained.append(task.model_copy(update={"after": before}))
        last[lane] = task.id
    where = " of its stream" if cols.runs_in_parallel else ""
    return chained, [
        *notes,
        f"no dependency column: read as a checklist, each task follows the row before it{where}",
    ]
