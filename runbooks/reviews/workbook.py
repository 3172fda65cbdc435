"""A review as a workbook to reckon with: a sheet a table, spans in minutes, shares as percentages, moments as dates.

Texts are texts and never formulas. A moment is a date of the programme's zone where that says exactly when, else
text. What a cell cannot hold is cut, and says so.
"""

from __future__ import annotations

import io
import re
from datetime import datetime, timedelta
from typing import Any

from cutover.core.clock import show
from cutover.domain.programme import Programme
from runbooks.domain.reviewing.review import Review
from runbooks.formats.xlsx_out import LONGEST, NO_CHARACTER, Book, wall
from runbooks.reviews.around import NOTHING, Around
from runbooks.reviews.cells import Cell, Off, Share, Sheet
from runbooks.reviews.sheets import head, sheets

CUT = " … (cut: a cell holds no more)"
_ESCAPE = re.compile(r"_x(?=[0-9A-Fa-f]{4}_)")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff]")
_NUMBERS = {
    "minutes": "0",
    "off": "+0;-0;0",
    "share": "0%",
    "change": "+0%;-0%;0%",
    "moment": "yyyy-mm-dd hh:mm",
}
_FIRST = "Review"


def as_xlsx(seen: Review, programme: Programme, around: Around = NOTHING) -> bytes:
    """The workbook's bytes: the same review, the same bytes."""
    content = io.BytesIO()
    book = Book(content)
    formats = {
        name: book.book.add_format({"num_format": form, "valign": "top"}) for name, form in _NUMBERS.items()
    }
    writing = _Writing(book, formats, programme.zone)
    writing.first(seen, (*head(seen, programme), *around.head), around.caveats)
    for sheet in (*sheets(seen, programme), *around.sheets):
        writing.sheet(sheet)
    book.book.close()
    return content.getvalue()


class _Writing:
    def __init__(self, book: Book, formats: dict[str, Any], zone: str) -> None:
        self.book = book
        self.formats = formats
        self.zone = zone

    def first(self, seen: Review, lines: tuple[tuple[str, str], ...], caveats: tuple[str, ...]) -> None:
        """Caveats first, then the figures in words."""
        sheet = self.book.book.add_worksheet(_FIRST)
        rows = [
            ("Review", f"{seen.run_id}: {seen.title}"),
            *(("Cannot know", words) for words in (*seen.caveats, *caveats)),
            *lines,
        ]
        for i, (label, words) in enumerate(rows):
            self.text(sheet, i, 0, label)
            self.text(sheet, i, 1, words)
        sheet.set_column(0, 0, 24)
        sheet.set_column(1, 1, 110)

    def sheet(self, table: Sheet) -> None:
        sheet = self.book.book.add_worksheet(table.title[:31])
        for at, column in enumerate(table.columns):
            cells = [row[at] for row in table.rows]
            sheet.write_string(0, at, self.headed(column, cells), self.book.bold)
            widest = max((len(cell) for cell in cells if isinstance(cell, str)), default=0)
            sheet.set_column(at, at, min(max(12, widest), 60))
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, max(1, len(table.rows)), len(table.columns) - 1)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        for i, row in enumerate(table.rows, 1):
            for at, cell in enumerate(row):
                self.cell(sheet, i, at, cell)

    def headed(self, column: str, cells: list[Cell]) -> str:
        if any(isinstance(cell, timedelta | Off) for cell in cells):
            return f"{column} (min)"
        return f"{column} ({self.zone})" if any(isinstance(cell, datetime) for cell in cells) else column

    def cell(self, sheet: Any, row: int, at: int, cell: Cell) -> None:
        if isinstance(cell, datetime):
            self.moment(sheet, row, at, cell)
        elif isinstance(cell, timedelta):
            sheet.write_number(row, at, round(cell / timedelta(minutes=1), 2), self.formats["minutes"])
        elif isinstance(cell, Off):
            sheet.write_number(row, at, round(cell.by / timedelta(minutes=1), 2), self.formats["off"])
        elif isinstance(cell, Share):
            sheet.write_number(row, at, cell.of, self.formats["change" if cell.signed else "share"])
        elif isinstance(cell, int):
            sheet.write_number(row, at, cell)
        elif cell:
            self.text(sheet, row, at, cell)

    def moment(self, sheet: Any, row: int, at: int, moment: datetime) -> None:
        local = wall(moment.replace(microsecond=0), self.zone)
        if local is None:
            self.text(sheet, row, at, show(moment, self.zone, "%Y-%m-%d %H:%M %Z"))
        else:
            sheet.write_datetime(row, at, local, self.formats["moment"])

    def text(self, sheet: Any, row: int, at: int, text: str) -> None:
        self.book.text(sheet, row, at, _held(text), wrap=len(text) > LONGEST // 500)


def _held(text: str) -> str:
    """What a cell can hold of a text."""
    kept = _ESCAPE.sub("_ x", NO_CHARACTER.sub("", _UNPRINTABLE.sub("", text)))
    if len(kept.encode("utf-16-le")) // 2 <= LONGEST:
        return kept
    room = (LONGEST - len(CUT)) * 2
    return kept.encode("utf-16-le")[:room].decode("utf-16-le", "ignore") + CUT
