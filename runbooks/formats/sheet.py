"""One sheet before its tasks are read: where the header is, what merged cells, headings and totals mean.

A merged cell over several rows is a group where the column tells of groups (phase, stream, team …): each row of
it belongs to the group. Over several columns, in a row that says nothing else, it is a heading. What is left
out on the way is said in a note; nothing disappears in silence.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cutover.core.errors import Invalid, Problem
from runbooks.domain.plan import Fault
from runbooks.formats.cells import DateOrder, is_ambiguous
from runbooks.formats.columns import Columns, columns, missing_title

HEADER_WITHIN = 20  # rows: banners above the header are skipped
MOMENTS = ("not_before", "ends", "deadline")
GROUPS = ("phase", "stream", "team", "component", "zone", "owner", "parent")
# A sheet of a workbook is a plan when it has tasks by name, or titles and anything that only a plan has.
PLAN_TITLES = re.compile(
    r"task|activity|tarefa|tarea|tâche|tache|aufgabe|vorgang|attivit|taak|zadani", re.IGNORECASE
)
PLAN_FIELDS = frozenset(
    {
        "after",
        "duration",
        "not_before",
        "ends",
        "start_offset",
        "phase",
        "stream",
        "parent",
        "rollback",
        "verify",
    }
)
_TOTAL = re.compile(
    r"(?:grand |sub)?(?:total|sum|summe|gesamt|somme|suma|totale|totaal|razem)\b(?: (?:duration|time|effort|hours|minutes|dauer))?:?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a sheet and the line it stands on."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Merged:
    """A merged cell: the lines and columns (from nought) it covers, ends included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as the reader of files hands it over; `broken` cells (line, column) say why they have no value."""

    rows: Sequence[Row]
    file: str = ""
    name: str = ""  # '' when the file has no sheets
    merged: tuple[Merged, ...] = ()
    broken: Mapping[tuple[int, int], Problem] = field(default_factory=dict)

    @property
    def place(self) -> str:
        return f"{self.file} [{self.name}]" if self.name else self.file


@dataclass
class Reading:
    """One sheet while it is read: what is known of it and the problems and notes found so far."""

    sheet: Sheet
    columns: Columns
    head: Row
    body: list[Row]
    zone: str
    order: DateOrder | None
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    headings: dict[int, str] = field(default_factory=dict)  # line -> the heading above it
    fractions: bool = False  # bare durations are parts of a day, as Excel keeps them

    def cell(self, row: Row, name: str) -> str:
        at = self.columns.at.get(name)
        return "" if at is None else row.cells[at]

    def fault(self, line: int, name: str, problem: Problem) -> None:
        header = self.columns.header(name)
        self.problems.append(
            Problem(problem.message, self.sheet.place, line, header, problem.expected, problem.nearest)
        )

    def note(self, text: str) -> None:
        self.notes.append(f"[{self.sheet.name}] {text}" if self.sheet.name else text)


def is_plan(sheet: Sheet) -> bool:
    """Whether a sheet of a workbook reads as a plan, rather than as a cover, a contact list or a register."""
    at = _header(_said(sheet.rows))
    if at is None:
        return False
    found = columns(_said(sheet.rows)[at].cells)
    return bool(PLAN_FIELDS & found.at.keys()) or bool(PLAN_TITLES.search(found.header("title")))


def has_titles(sheet: Sheet) -> bool:
    return _header(_said(sheet.rows)) is not None


def open_sheet(sheet: Sheet, zone: str, order: DateOrder | None) -> Reading:
    """Find the header and what stands below it. Raises Invalid when there is no header or nothing below."""
    said = _said(sheet.rows)
    at = _header(said)
    if at is None:
        line, headers = (said[0].line, said[0].cells) if said else (None, ())
        expected, near = missing_title(headers)
        raise Invalid(
            Problem("no column holds the tasks' titles", sheet.place, line, "header", expected, near)
        )
    head, body = _whole_header(sheet, said[at:])
    reading = Reading(sheet, columns(head.cells), head, _trimmed(body, len(head.cells)), zone, order)
    _fill_merged(reading)
    _take_headings(reading)
    _leave_out_totals(reading)
    if not reading.body:
        expected = "one row a task"
        raise Invalid(
            Problem("there are no tasks below the header", sheet.place, head.line, expected=expected)
        )
    _forget_empty_columns(reading)
    _settle_fractions(reading)
    _refuse_broken_cells(reading)
    _refuse_ambiguous_dates(reading)
    _refuse_stray_cells(reading)
    return reading


def is_elsewhere(fault: Fault, known: Collection[str]) -> bool:
    """Whether a name that this file does not have is that of a task in the plan it goes into."""
    name = re.fullmatch(r"unknown task '(.*)'", fault.message)
    return name is not None and name[1] in known


def _said(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if any(cell and not cell.isspace() for cell in row.cells)]


def _header(said: Sequence[Row]) -> int | None:
    return next((i for i, row in enumerate(said[:HEADER_WITHIN]) if "title" in columns(row.cells).at), None)


def _trimmed(body: Sequence[Row], width: int) -> list[Row]:
    """Every row as wide as the header, its cells without the blanks around them."""
    return [
        Row(row.line, (*(cell.strip() for cell in row.cells), *("",) * (width - len(row.cells))))
        for row in body
    ]


def _whole_header(sheet: Sheet, said: Sequence[Row]) -> tuple[Row, list[Row]]:
    """A header of two rows has its cells merged downwards; the lower words are the narrower ones."""
    head = said[0]
    deep = max((a.bottom for a in sheet.merged if a.top == head.line and a.bottom > a.top), default=head.line)
    lower = [row for row in said[1:] if row.line <= deep]
    width = max(len(row.cells) for row in (head, *lower))
    cells = list(head.cells) + [""] * (width - len(head.cells))
    for row in lower:
        cells = [
            below if below.strip() else above
            for above, below in zip(cells, [*row.cells, *[""] * width], strict=False)
        ]
    return Row(head.line, tuple(cells)), [row for row in said[1:] if row.line > deep]


# --- groups, headings, totals -----------------------------------------------------------------------------


def _fill_merged(reading: Reading) -> None:
    """A group's word stands in each of its rows; a merged length or link belongs to its first row alone."""
    fields = {at: name for name, at in reading.columns.at.items()}
    by_line = {row.line: i for i, row in enumerate(reading.body)}
    for area in reading.sheet.merged:
        covered = [by_line[line] for line in range(area.top + 1, area.bottom + 1) if line in by_line]
        anchor = by_line.get(area.top)
        if anchor is None or not covered or area.left >= len(reading.body[anchor].cells):
            continue
        word = reading.body[anchor].cells[area.left]
        name = fields.get(area.left, "")
        if name in GROUPS or not name:
            for i in covered:
                reading.body[i] = _with(reading.body[i], area.left, word)
        elif word.strip() and name != "title":
            header = reading.columns.header(name)
            lines = f"rows {area.top}-{area.bottom}"
            reading.note(f"'{header}' is merged over {lines}: read on row {area.top} only")


def _with(row: Row, at: int, word: str) -> Row:
    cells = [*row.cells, *[""] * (at + 1 - len(row.cells))]
    cells[at] = word
    return Row(row.line, tuple(cells))


def _take_headings(reading: Reading) -> None:
    """A row that holds one text over several columns, or one that can be no id, heads the rows below it."""
    wide = {(area.top, area.left) for area in reading.sheet.merged if area.right > area.left}
    heading, kept, found = "", [], 0
    for row in reading.body:
        filled = [i for i, cell in enumerate(row.cells) if cell.strip()]
        if len(filled) == 1 and ((row.line, filled[0]) in wide or _is_no_id(reading, row, filled[0])):
            heading, found = " ".join(row.cells[filled[0]].split()), found + 1
            continue
        kept.append(row)
        if heading:
            reading.headings[row.line] = heading
    reading.body[:] = kept
    if found:
        use = (
            "kept out, the sheet has a column for the phase"
            if "phase" in reading.columns.at
            else "read as phases"
        )
        reading.note(f"{found} heading rows: {use}")


def _is_no_id(reading: Reading, row: Row, at: int) -> bool:
    return at == reading.columns.at.get("id") and " " in row.cells[at].strip()


def _leave_out_totals(reading: Reading) -> None:
    totals = {row.line for row in reading.body if _is_total(reading, row)}
    if totals:
        reading.body[:] = [row for row in reading.body if row.line not in totals]
        reading.note(f"totals are no tasks: row {', '.join(map(str, sorted(totals)))} left out")


def _is_total(reading: Reading, row: Row) -> bool:
    """Whether a row without an id of its own says that it is a sum."""
    name = reading.cell(row, "id")
    return (not name or _TOTAL.fullmatch(name) is not None) and any(
        _TOTAL.fullmatch(cell.strip()) for cell in row.cells
    )


def _forget_empty_columns(reading: Reading) -> None:
    """A column without a header that says nothing is only there because the sheet is wider than the plan."""
    unknown = reading.columns.unknown
    for name, at in list(unknown.items()):
        blank = not (at < len(reading.columns.headers) and reading.columns.headers[at])
        if blank and not any(at < len(row.cells) and row.cells[at].strip() for row in reading.body):
            del unknown[name]


# --- what is asked for, cell by cell ----------------------------------------------------------------------


def _settle_fractions(reading: Reading) -> None:
    """Excel keeps 1:30 as 0.0625. A column of such numbers is one of lengths; among others nobody can tell."""
    if not reading.sheet.name or reading.columns.duration_unit:
        return
    bare = [
        (row, float(text)) for row in reading.body if _BARE.fullmatch(text := reading.cell(row, "duration"))
    ]
    small = [row for row, number in bare if 0 < number < 1]
    if not small:
        return
    reading.fractions = len(small) == sum(1 for _row, number in bare if number)
    if not reading.fractions:
        text = reading.cell(small[0], "duration")
        message = f"{text} among larger numbers may be a part of a day, an hour or a minute"
        expected = "the unit in the header, such as Duration (hours)"
        reading.fault(small[0].line, "duration", Problem(message, expected=expected))


_BARE = re.compile(r"\d+(?:\.\d+)?(?:e-?\d+)?", re.IGNORECASE)


def _refuse_broken_cells(reading: Reading) -> None:
    lines = {row.line for row in reading.body}
    for (line, at), problem in reading.sheet.broken.items():
        if line in lines:
            headers = reading.columns.headers
            name = headers[at] if at < len(headers) and headers[at] else f"column {at + 1}"
            reading.problems.append(
                Problem(problem.message, reading.sheet.place, line, name, problem.expected)
            )


def _refuse_ambiguous_dates(reading: Reading) -> None:
    """D/M or M/D is asked for once a column, not once a cell."""
    for name in MOMENTS if reading.order is None else ():
        lines = [(row.line, cell) for row in reading.body if is_ambiguous(cell := reading.cell(row, name))]
        if lines:
            more = f" (and {len(lines) - 1} more cells of this column)" if len(lines) > 1 else ""
            message = f"'{lines[0][1]}' may be day/month or month/day{more}"
            expected = "--date-order DMY or --date-order MDY"
            reading.fault(lines[0][0], name, Problem(message, expected=expected))


def _refuse_stray_cells(reading: Reading) -> None:
    width = len(reading.columns.headers)
    for row in reading.body:
        if any(cell.strip() for cell in row.cells[width:]):
            message = f"the row has {len(row.cells)} cells and the header {width}"
            expected = "quotes around a text that holds the separator"
            if reading.sheet.name:
                message, expected = (
                    "the row goes on beyond the header",
                    "a header above each column that says anything",
                )
            reading.problems.append(Problem(message, reading.sheet.place, row.line, expected=expected))
