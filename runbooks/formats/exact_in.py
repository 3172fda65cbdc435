"""A sheet of our own format, read back as it was written; what people changed in it is checked cell by cell."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from cutover.core.errors import Invalid, Problem
from runbooks.domain.plan import Runbook, Task, faults
from runbooks.formats.cells import free_id, read_zone, slug, title_of
from runbooks.formats.exact import (
    COLUMNS,
    MARK,
    VERSION,
    Column,
    Place,
    column_of,
    custom_of,
    is_computed,
    put,
    read_cell,
)
from runbooks.formats.guards import unguarded
from runbooks.formats.sheet import Row, Sheet, is_elsewhere
from runbooks.formats.table import Imported

ABOUT_SHEET = "Runbook"
PLAN_SHEET = "Plan"


@dataclass
class _Exact:
    """One sheet of ours while it is read."""

    sheet: Sheet
    csv: bool
    place: Place
    head: tuple[str, ...]
    columns: dict[int, Column]
    custom: dict[int, str]
    places: dict[int, Place]
    problems: list[Problem] = field(default_factory=list)

    def fault(self, line: int, header: str, problem: Problem) -> None:
        self.problems.append(
            Problem(problem.message, self.sheet.place, line, header, problem.expected, problem.nearest)
        )


def about_sheet(sheets: Sequence[Sheet]) -> Sheet | None:
    """The sheet by which a workbook of ours is known."""
    named = (sheet for sheet in sheets if sheet.name == ABOUT_SHEET and sheet.rows and sheet.rows[0].cells)
    return next((sheet for sheet in named if sheet.rows[0].cells[0] == MARK), None)


def is_ours(rows: Sequence[Row]) -> bool:
    """Whether a file of separated values is one of ours."""
    return bool(rows) and MARK in rows[0].cells


def read_exact_workbook(
    sheets: Sequence[Sheet], about: Sheet, *, name: str, place: Place, known: Collection[str] = ()
) -> Imported:
    """Read a workbook of ours. Raises Invalid with one problem per fault."""
    plan = next((s for s in sheets if s.name == PLAN_SHEET), None) or next(s for s in (*sheets, about) if s)
    said = _about_of_rows(about)
    others = [s.name for s in sheets if s.name not in (PLAN_SHEET, ABOUT_SHEET, "Lists")]
    notes = [f"sheet '{other}' is no part of an exported plan: skipped" for other in others]
    own = Place(said.pop("zone", "") or place.zone, place.order)
    read = _read(plan, said, own, csv=False, name=name, known=known)
    return replace(read, notes=tuple(notes))


def read_exact_rows(
    rows: Sequence[Row], file: str, *, name: str, place: Place, known: Collection[str] = ()
) -> Imported:
    """Read separated values of ours. Raises Invalid with one problem per fault."""
    at = rows[0].cells.index(MARK)
    text = next((row.cells[at] for row in rows[1:] if at < len(row.cells) and row.cells[at].strip()), "")
    sheet = Sheet(rows, file)
    try:
        said = json.loads(text) if text else {}
    except ValueError as error:
        raise Invalid(
            Problem("is not JSON", file, field=MARK, expected="the cell as it was exported")
        ) from error
    if not isinstance(said, dict):
        raise Invalid(
            Problem(
                "is no description of a runbook", file, field=MARK, expected="the cell as it was exported"
            )
        )
    return _read(sheet, said, place, csv=True, name=name, known=known)


def _about_of_rows(about: Sheet) -> dict[str, Any]:
    said: dict[str, Any] = {"phases": [], "streams": []}
    for row in about.rows:
        what, *rest = [unguarded(cell, csv=False) for cell in (*row.cells, "", "", "", "")[:4]]
        if what == MARK and rest[0] not in ("", VERSION):
            expected = f"version {VERSION}: export it again, or update this program"
            raise Invalid(Problem(f"format {rest[0]} is not known", about.place, row.line, expected=expected))
        if what == "phase":
            said["phases"].append(rest[0])
        elif what == "stream":
            said["streams"].append(dict(zip(("id", "title", "component"), rest, strict=True)))
        elif what in ("id", "title", "distribution", "backout", "zone"):
            said[what] = rest[0]
    return said


def _read(
    sheet: Sheet, said: dict[str, Any], place: Place, *, csv: bool, name: str, known: Collection[str]
) -> Imported:
    at = next((i for i, row in enumerate(sheet.rows) if "Task" in row.cells), None)
    if at is None:
        expected = "the header as it was exported"
        raise Invalid(Problem("no column 'Task'", sheet.place, 1, "header", expected))
    exact = _opened(sheet, sheet.rows[at], place, csv=csv)
    body = [row for row in sheet.rows[at + 1 :] if any(_cells(exact, row))]
    ids = _ids(exact, body)
    tasks = [_task(exact, row, i) for row, i in zip(body, ids, strict=True)]
    for f in (f for f in faults(tasks) if not is_elsewhere(f, known)):
        exact.fault(
            body[f.index].line, _header(f.field), Problem(f.message, expected=f.expected, nearest=f.nearest)
        )
    book = _book(exact, said, tasks, name)
    if exact.problems or book is None:
        raise Invalid(*sorted(exact.problems, key=lambda p: p.line or 0))
    given = frozenset(
        {c.path for c in exact.columns.values()} | {f"custom.{key}" for key in exact.custom.values()}
    )
    fields = frozenset(said.keys() - {"id"})
    kept = tuple(exact.custom.values())
    return Imported(book, kept, (), dict.fromkeys(ids, given), fields)


def _opened(sheet: Sheet, head: Row, place: Place, *, csv: bool) -> _Exact:
    columns: dict[int, Column] = {}
    custom: dict[int, str] = {}
    for i, header in enumerate(head.cells):
        column = column_of(header)
        if column and column not in columns.values():
            columns[i] = column
        elif not is_computed(header) and header != MARK:
            custom[i] = custom_of(header) if header else f"column {i + 1}"
    custom = {i: key for i, key in custom.items() if head.cells[i] or _says(sheet, head, i)}
    places = {i: _place(sheet, head, i, place) for i, column in columns.items() if column.is_moment}
    return _Exact(sheet, csv, place, head.cells, columns, custom, places)


def _says(sheet: Sheet, head: Row, at: int) -> bool:
    return any(at < len(row.cells) and row.cells[at] for row in sheet.rows if row.line > head.line)


def _cells(exact: _Exact, row: Row) -> list[str]:
    """The cells that say something of the task."""
    return [row.cells[i] for i in (*exact.columns, *exact.custom) if i < len(row.cells) and row.cells[i]]


def _ids(exact: _Exact, body: Sequence[Row]) -> list[str]:
    at = {c.path: i for i, c in exact.columns.items()}
    given = [row.cells[at["id"]] if "id" in at and at["id"] < len(row.cells) else "" for row in body]
    taken = {i for i in given if i}
    names = []
    for row, own in zip(body, given, strict=True):
        made = own or free_id(slug(row.cells[at["title"]]) or "task", taken)
        taken.add(made)
        names.append(made)
    return names


def _task(exact: _Exact, row: Row, name: str) -> Task:
    before = len(exact.problems)
    values: dict[str, Any] = {}
    for i, column in exact.columns.items():
        if column.path != "id" and (cell := _cell(exact, row, i)):
            _read_into(values, exact, row.line, i, cell)
    values["custom"] = _custom(exact, row) | values.get("custom", {})
    if "gate" in values:
        values["gate"].setdefault("deciders", ())
    _refuse_broken(exact, row)
    if len(exact.problems) == before:
        try:
            return Task(**{**values, "id": name})
        except ValidationError as error:
            for e in error.errors():
                exact.fault(row.line, _header(".".join(map(str, e["loc"]))), Problem(_said(e)))
    return Task.model_construct(id=name, title=name)


def _cell(exact: _Exact, row: Row, at: int) -> str:
    return unguarded(row.cells[at], csv=exact.csv) if at < len(row.cells) else ""


def _custom(exact: _Exact, row: Row) -> dict[str, str]:
    """The planner's own columns; an apostrophe alone is a text that is there and empty."""
    return {
        key: _cell(exact, row, i) for i, key in exact.custom.items() if i < len(row.cells) and row.cells[i]
    }


def _read_into(values: dict[str, Any], exact: _Exact, line: int, at: int, cell: str) -> None:
    column = exact.columns[at]
    try:
        put(values, column.path, read_cell(column, cell, exact.places.get(at, exact.place)))
    except Invalid as error:
        for problem in error.problems:
            exact.fault(line, exact.head[at], problem)


def _place(sheet: Sheet, head: Row, at: int, place: Place) -> Place:
    """The zone in the brackets of a header: `Not before (Europe/London)`."""
    named = re.search(r"\(([^()]+)\)$", head.cells[at])
    try:
        return Place(read_zone(named[1]), place.order) if named else place
    except Invalid as error:
        raise Invalid(
            *(
                Problem(p.message, sheet.place, head.line, head.cells[at], p.expected, p.nearest)
                for p in error.problems
            )
        ) from error


def _refuse_broken(exact: _Exact, row: Row) -> None:
    for (line, at), problem in exact.sheet.broken.items():
        if line == row.line and (at in exact.columns or at in exact.custom):
            exact.fault(line, exact.head[at], problem)


def _header(path: str) -> str:
    """The column of a field, or of the first part of it that has one."""
    known = (c.header for c in COLUMNS if path == c.path or path.startswith(f"{c.path}."))
    return next(known, "") or next((c.header for c in COLUMNS if c.path.startswith(f"{path}.")), path)


def _said(error: Mapping[str, Any]) -> str:
    given = f"'{error['input']}': " if isinstance(error["input"], str | int | float) else ""
    return given + str(error["msg"])


def _book(exact: _Exact, said: Mapping[str, Any], tasks: Sequence[Task], name: str) -> Runbook | None:
    if not tasks:
        exact.fault(1, "Task", Problem("there are no tasks below the header", expected="one row a task"))
    try:
        return Runbook(
            **{"id": slug(name) or "runbook", "title": title_of(name), **said}, tasks=()
        ).model_copy(update={"tasks": tuple(tasks)})
    except ValidationError as error:
        for e in error.errors():
            exact.fault(1, " ".join(map(str, e["loc"])), Problem(_said(e)))
        return None
