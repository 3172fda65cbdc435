"""A runbook as a workbook that people work in and that reads back equal.

Texts are written as texts, never as formulas, with the mark that keeps them so when they are edited. A moment is
a true date in the zone its header names where that says exactly when; else it is text with its offset. What a cell
cannot hold is refused before anything is written.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import xlsxwriter  # type: ignore[import-untyped]  # it ships no types

from cutover.core.clock import to_utc
from cutover.core.duration import show_duration
from cutover.core.errors import Invalid, Problem
from cutover.store.whole_file import write_whole
from runbooks.domain.plan import Runbook, Task, TaskType
from runbooks.domain.timing.network import Schedule
from runbooks.formats.cells import STATUSES
from runbooks.formats.csv_out import custom_cell
from runbooks.formats.exact import (
    COLUMNS,
    COMPUTED,
    MARK,
    STATUS,
    VERSION,
    Column,
    custom_headers,
    spelled,
    value_of,
)
from runbooks.formats.exact_in import ABOUT_SHEET, PLAN_SHEET
from runbooks.formats.guards import guarded

LONGEST = 32_767  # UTF-16 units of one cell
MOST_ROWS, MOST_COLUMNS = 1_048_575, 16_384
_FIRST_YEAR = 1901  # Excel counts days from 1900, and its 1900 has a 29th of February
_ESCAPED = re.compile(r"_x[0-9A-Fa-f]{4}(?=_)")
NO_CHARACTER = re.compile("[\ufffe\uffff]")
_FORMULA = re.compile(r"[=+\-@\t\r＝＋－＠]")
_WIDTHS = {
    "title": 44, "description": 50, "after": 22, "verify": 34, "rollback": 34, "gate.criteria": 44, "phase": 18,
    "stream": 16, "id": 14, "not_before": 17, "deadline": 17, "action.arguments": 30, "owner": 18, "deputy": 18, "team": 16,
}  # fmt: skip
_WIDTH, _OWN_WIDTH = 13, 20
_WRAPPED = frozenset({"title", "description", "verify", "rollback", "gate.criteria"})
_TINTS = {"ponr": "#F8CBAD", "gate": "#FFE699", "critical": "#FCE4E4", "plain": ""}


class Book:
    """The workbook while it is written: its formats, and the one way a text gets into a cell."""

    def __init__(self, content: io.BytesIO) -> None:
        options = {
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "in_memory": True,
        }
        self.book: Any = xlsxwriter.Workbook(content, options)
        self.book.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001  # the same plan, the same bytes
        self.formats: dict[tuple[str, bool, bool, bool], Any] = {}
        self.bold = self.book.add_format(
            {
                "bold": True,
                "bg_color": "#1F3864",
                "font_color": "#FFFFFF",
                "text_wrap": True,
                "valign": "top",
                "border": 1,
            }
        )

    def format(self, tint: str, *, wrap: bool = False, quoted: bool = False, moment: bool = False) -> Any:
        key = (tint, wrap, quoted, moment)
        if key not in self.formats:
            look: dict[str, Any] = {"valign": "top", "text_wrap": wrap, "quote_prefix": quoted}
            look |= {"bg_color": _TINTS[tint], "border": 1, "border_color": "#D9D9D9"} if _TINTS[tint] else {}
            look |= {"num_format": "yyyy-mm-dd hh:mm:ss" if moment else "@"}
            self.formats[key] = self.book.add_format(look)
        return self.formats[key]

    def text(
        self, sheet: Any, row: int, at: int, text: str, tint: str = "plain", *, wrap: bool = False
    ) -> None:
        quoted = _FORMULA.match(text) is not None
        sheet.write_string(row, at, text, self.format(tint, wrap=wrap or "\n" in text, quoted=quoted))


def write_xlsx(
    path: Path,
    runbook: Runbook,
    *,
    zone: str = "UTC",
    timing: Schedule | None = None,
    omit: Collection[str] = (),
) -> None:
    """Write a workbook; with `timing` also when each task happens, which is not read back.

    Raises Invalid, naming task and column, for a text longer than a cell and for a character that no workbook keeps.
    """
    columns = [column for column in COLUMNS if column.path not in omit]
    own = custom_headers(runbook.tasks)
    rows = [_row(task, columns, own, zone, timing) for task in runbook.tasks]
    headers = [_titled(c, zone) for c in columns] + list(own) + (_computed(zone) if timing else [])
    _refuse_what_no_cell_holds(path, runbook, headers, rows)
    content = io.BytesIO()
    book = Book(content)
    sheet = book.book.add_worksheet(PLAN_SHEET)
    _dress(book, sheet, columns, headers, len(rows))
    _fill(book, sheet, columns, rows, [_tint(task, timing) for task in runbook.tasks])
    _about(book, runbook, zone)
    _lists(book)
    book.book.close()
    write_whole(path, content.getvalue())


# --- what stands in the cells -----------------------------------------------------------------------------


def _titled(column: Column, zone: str) -> str:
    return f"{column.header} ({zone})" if column.is_moment else column.header


def _computed(zone: str) -> list[str]:
    start, finish, spare, critical = COMPUTED
    return [f"{start} ({zone})", f"{finish} ({zone})", spare, critical]


def _row(
    task: Task, columns: Sequence[Column], own: Mapping[str, str], zone: str, timing: Schedule | None
) -> list[str | datetime]:
    cells: list[str | datetime] = [_cell(task, column, zone) for column in columns]
    cells += [custom_cell(task, key, as_csv=False) for key in own.values()]
    slot = timing.slots.get(task.id) if timing else None
    if slot:
        local = ZoneInfo(zone)
        cells += [f"{at.astimezone(local):%a %d %b %H:%M %Z}" for at in (slot.early_start, slot.early_finish)]
        cells += [show_duration(slot.total_float), "yes" if slot.critical else ""]
    return cells


def _cell(task: Task, column: Column, zone: str) -> str | datetime:
    value = value_of(task, column.path)
    if column.is_moment and isinstance(value, datetime):
        local = wall(value, zone)
        return local if local is not None else value.isoformat()
    text = spelled(task, column)
    return guarded(text, csv=False) if text else ""


def wall(at: datetime, zone: str) -> datetime | None:
    """The wall time in `zone` when it says exactly this moment and Excel holds it exactly, else None."""
    if at.tzinfo is None:
        return None
    local = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    if local.microsecond or local.year < _FIRST_YEAR:
        return None
    try:
        return local if to_utc(local, zone) == at else None
    except Invalid:  # the hour that happens twice
        return None


def _refuse_what_no_cell_holds(
    path: Path, runbook: Runbook, headers: Sequence[str], rows: Sequence[Sequence[str | datetime]]
) -> None:
    problems = [
        Problem(
            fault[0], str(path), i + 2 if i >= 0 else 1, f"{_task(runbook, i)} {header}".strip(), fault[1]
        )
        for i, row in enumerate([list(headers), *rows], -1)
        for header, cell in zip(headers, row, strict=False)
        if isinstance(cell, str) and cell and (fault := _fault(cell))
    ]
    for what, count, most in (("rows", len(rows), MOST_ROWS), ("columns", len(headers), MOST_COLUMNS)):
        if count > most:
            problems.append(
                Problem(f"{count} {what}, and a sheet has {most}", str(path), expected=_OTHERWISE)
            )
    if problems:
        raise Invalid(*problems)


_OTHERWISE = "--to a .csv or .yaml file, which has no such limit"


def _task(runbook: Runbook, i: int) -> str:
    return runbook.tasks[i].id if i >= 0 else ""


def _fault(text: str) -> tuple[str, str] | None:
    length = len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
    if length > LONGEST:
        return (
            f"{length} characters, and a cell of a workbook holds {LONGEST}",
            f"a shorter text, or {_OTHERWISE}",
        )
    if (
        NO_CHARACTER.search(text)
        or "_x005F_x" in text
        or len(_ESCAPED.findall(text)) > len(_OWN_ESCAPE.findall(text))
    ):
        return "the text holds characters that a workbook cannot keep", f"other characters, or {_OTHERWISE}"
    return None


_OWN_ESCAPE = re.compile(
    r"_x[0-9A-Fa-f]{4}_"
)  # what the writer of workbooks escapes: it misses one of two that overlap


# --- the sheets -------------------------------------------------------------------------------------------


def _fill(
    book: Book,
    sheet: Any,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str | datetime]],
    tints: Sequence[str],
) -> None:
    wrapped = {at for at, column in enumerate(columns) if column.path in _WRAPPED}
    for i, (cells, tint) in enumerate(zip(rows, tints, strict=True), 1):
        for at, cell in enumerate(cells):
            if isinstance(cell, datetime):
                sheet.write_datetime(i, at, cell, book.format(tint, moment=True))
            elif cell:
                book.text(sheet, i, at, cell, tint, wrap=at in wrapped)
            elif tint != "plain":
                sheet.write_blank(i, at, None, book.format(tint))


def _tint(task: Task, timing: Schedule | None) -> str:
    if task.point_of_no_return:
        return "ponr"
    if task.type is TaskType.APPROVAL:
        return "gate"
    slot = timing.slots.get(task.id) if timing else None
    return "critical" if slot and slot.critical else "plain"


def _dress(book: Book, sheet: Any, columns: Sequence[Column], headers: Sequence[str], rows: int) -> None:
    """Header in sight, filters, widths, and the words to choose from."""
    for at, header in enumerate(headers):
        sheet.write_string(0, at, header, book.bold)
    paths = [column.path for column in columns]
    sheet.freeze_panes(1, 2)
    sheet.autofilter(0, 0, max(rows, 1), len(headers) - 1)
    sheet.set_row(0, 32)
    for at in range(len(headers)):
        width = _WIDTHS.get(paths[at], _WIDTH) if at < len(paths) else _OWN_WIDTH
        sheet.set_column(at, at, width, book.format("plain"))
    last = min(rows + 500, MOST_ROWS)  # new rows below the last have the words too
    kinds = {"validate": "list", "source": f"=Lists!$A$1:$A${len(TaskType)}", "error_title": "Type of task"}
    sheet.data_validation(1, paths.index("type"), last, paths.index("type"), kinds)
    if f"custom.{STATUS}" in paths:
        at = paths.index(f"custom.{STATUS}")
        status = {"validate": "list", "source": f"=Lists!$B$1:$B${len(STATUSES)}", "error_type": "warning"}
        sheet.data_validation(1, at, last, at, status)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _about(book: Book, runbook: Runbook, zone: str) -> None:
    """What the plan says of itself; its first cell is how the file is known as one of ours."""
    sheet = book.book.add_worksheet(ABOUT_SHEET)
    lines: list[tuple[str, ...]] = [
        (MARK, VERSION),
        ("id", runbook.id),
        ("title", runbook.title),
        ("distribution", str(runbook.distribution)),
        ("backout", runbook.backout),
        ("zone", zone),
        *(("phase", phase) for phase in runbook.phases),
        *(("stream", stream.id, stream.title, stream.component) for stream in runbook.streams),
    ]
    for i, (what, *texts) in enumerate(lines):
        book.text(sheet, i, 0, what)
        for at, text in enumerate(texts, 1):
            book.text(sheet, i, at, guarded(text, csv=False))
    for at, width in enumerate((16, 44, 44, 20)):
        sheet.set_column(at, at, width)
    colours = (("point of no return", "ponr"), ("gate", "gate"), ("critical path", "critical"))
    for i, (words, tint) in enumerate(colours):
        book.text(sheet, i, 5, words, tint)


def _lists(book: Book) -> None:
    sheet = book.book.add_worksheet("Lists")
    for at, words in enumerate((tuple(TaskType), STATUSES)):
        for i, word in enumerate(words):
            sheet.write_string(i, at, str(word))
    sheet.hide()
