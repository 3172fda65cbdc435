"""The rows of a file of separated values, each with the line it begins on."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from cutover.core.errors import Invalid, Problem
from runbooks.formats.posing import decode, read_filled, refuse_posing
from runbooks.formats.sheet import Row

DELIMITERS = ",;\t|"
_SEP = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)  # what Excel writes and reads above the header
_CONTROL = re.compile("\x00")  # has no place in a plan, nor in XML or YAML; others are carried as they are
LONGEST_CELL = 10_000_000


def csv_rows(path: Path) -> list[Row]:
    """The rows; the separator is the one the header uses most. Raises Invalid for what is no such file."""
    raw = read_filled(path)
    refuse_posing(path, raw, "CSV")
    text = decode(path, raw)
    if stray := _CONTROL.search(text):
        line = text.count("\n", 0, stray.start()) + 1
        raise Invalid(
            Problem(
                f"control character #x{ord(stray[0]):02x}",
                str(path),
                line,
                expected="text without control characters",
            )
        )
    told = _SEP.match(text)
    delimiter = told[1] if told else "\t" if path.suffix.lower() == ".tsv" else _delimiter(text)
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows, line = [], 1
    try:
        for cells in reader:
            rows.append(Row(line, tuple(cells)))
            line = reader.line_num + 1
    except csv.Error as error:
        expected = "quotes closed and doubled within a text"
        raise Invalid(Problem(f"not CSV: {error}", str(path), line, expected=expected)) from error
    return rows[1:] if told else rows


def _delimiter(text: str) -> str:
    """The separator that parts the header into the most cells; a comma when none parts it."""
    header = next((line for line in text.splitlines() if any(d in line for d in DELIMITERS)), "")
    return max(DELIMITERS, key=lambda d: len(next(csv.reader([header], delimiter=d), [])))
