"""The rows of a station's own spreadsheet, CSV or XLSX, bounded: no file costs more than it says it holds.

A workbook is looked through in small pieces before it is read, since a small one may unpack to gigabytes, or hold
one cell so far away that the block between would fill the memory.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO

from cutover.core.errors import Invalid, Problem

MOST_BYTES = 10_000_000
MOST_UNPACKED = 60_000_000
MOST_ROWS, MOST_COLUMNS, MOST_PARTS = 20_000, 60, 500
LONGEST_CELL = 5_000
_PIECE = 1 << 20
_OVERLAP = 40
_PLACE = re.compile(rb'r="([A-Z]{1,3})(\d{1,7})"')
_RISK = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_ENCODINGS = ("utf-8-sig", "cp1252")


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it stands in the file, with its number there."""

    number: int
    cells: tuple[str, ...]


def read_rows(name: str, content: bytes) -> list[Row]:
    """The rows that say anything, the header first. Raises Invalid for what is too large, damaged or no table."""
    if len(content) > MOST_BYTES:
        raise _wrong(name, "the file is too large", f"at most {MOST_BYTES // 1_000_000} MB")
    rows = _workbook(name, content) if content[:2] == b"PK" else _csv(name, content)
    kept: list[Row] = []
    for row in rows:
        if any(row.cells):
            kept.append(row)
        if len(kept) > MOST_ROWS:
            raise _wrong(name, "too many rows", f"at most {MOST_ROWS:,}")
    if not kept:
        raise _wrong(name, "nothing stands in it", "a header and a row for each sheet")
    return kept


def write_rows(rows: Sequence[Sequence[str]]) -> bytes:
    """The rows as CSV that no program takes for formulas (UTF-8 with its mark, so that Excel sees it)."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows([[guarded(cell) for cell in row] for row in rows])
    return out.getvalue().encode("utf-8-sig")


def guarded(text: str) -> str:
    """A text that reads like a formula gets an apostrophe before it."""
    return f"'{text}" if _RISK.match(text) else text


def _csv(name: str, content: bytes) -> Iterator[Row]:
    if b"\0" in content:
        raise _wrong(name, "this is neither CSV nor a workbook", "CSV or XLSX")
    text = _decoded(content)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        line = 1
        for cells in reader:
            yield Row(line, tuple(cell.strip() for cell in cells[:MOST_COLUMNS]))
            line = reader.line_num + 1
    except csv.Error as error:
        raise _wrong(name, f"not CSV: {error}", "a table saved as CSV or XLSX") from error


def _decoded(content: bytes) -> str:
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def _workbook(name: str, content: bytes) -> Iterator[Row]:
    import python_calamine as calamine  # only those who read a workbook pay for it

    _look_through(name, content)
    try:
        with calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
            sheet = book.get_sheet_by_index(0)
            for number, cells in enumerate(sheet.to_python(skip_empty_area=False), 1):
                yield Row(number, tuple(_text(cell) for cell in cells[:MOST_COLUMNS]))
    except calamine.PasswordError as error:
        raise _wrong(name, "the workbook is protected by a password", "a copy without one") from error
    except (calamine.CalamineError, IndexError) as error:
        raise _wrong(name, "the workbook is damaged", "one that Excel opens") from error


def _look_through(name: str, content: bytes) -> None:
    """Raises Invalid for a workbook that would unpack to too much, whatever it says of itself."""
    unpacked = 0
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            if len(parts.infolist()) > MOST_PARTS:
                raise _wrong(name, "the workbook has too many parts", "a workbook of one sheet")
            for part in parts.infolist():
                with parts.open(part) as stream:
                    unpacked = _weigh(name, part.filename, stream, unpacked)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError) as error:
        raise _wrong(name, "the workbook is damaged", "one that Excel opens") from error


def _weigh(name: str, part: str, stream: IO[bytes], unpacked: int) -> int:
    """The bytes unpacked so far, this part included; where its cells stand is looked at meanwhile."""
    tail = b""
    while piece := stream.read(_PIECE):
        unpacked += len(piece)
        if unpacked > MOST_UNPACKED:
            raise _wrong(name, "the workbook unpacks to too much", f"at most {MOST_UNPACKED // 1_000_000} MB")
        if part.startswith("xl/worksheets/"):
            _refuse_far(name, tail + piece)
        tail = piece[-_OVERLAP:]
    return unpacked


def _refuse_far(name: str, piece: bytes) -> None:
    for letters, digits in _PLACE.findall(piece):
        if int(digits) > MOST_ROWS + 1 or len(letters) > 2:  # noqa: PLR2004  columns past ZZ
            expected = f"at most {MOST_ROWS:,} rows, no cell far away"
            raise _wrong(name, f"a cell stands far from the others ({(letters + digits).decode()})", expected)


def _text(value: object) -> str:
    """A cell as text that says the same; a true date needs no order asked for."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value).strip()[:LONGEST_CELL]


def _wrong(name: str, what: str, expected: str) -> Invalid:
    return Invalid(Problem(what, name[:120], expected=expected))
