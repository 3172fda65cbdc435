"""What the reader of workbooks does not say: formulas that failed or were never worked out, cells that stand too far.

python-calamine gives such formulas as empty cells, and lays a sheet out as one full block: a stray cell at the
far end of a sheet would ask for more memory than there is, and the process would die. So the sheets are looked
through once before they are read.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from cutover.core.errors import Invalid, Problem

Broken = dict[tuple[int, int], Problem]
MOST_BYTES = 300_000_000  # of a workbook unpacked
MOST_CELLS = 20_000_000  # of the block a sheet is laid out as
_CELL = re.compile(rb"<c\b([^>]*?)(/>|>(.*?)</c>)", re.DOTALL)
_REF = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_SUSPECT = re.compile(rb'<c\b[^>]*\bt="e"|<f\b')
_VALUE = re.compile(rb"<v>(.+?)</v>|<is>", re.DOTALL)
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_ROW = re.compile(rb'<row\b[^>]*?\br="(\d{1,7})"')
_WIDE = re.compile(rb' r="([A-Z]{2,3})\d')
_NARROW = 26  # columns with names of one letter
_HELD = re.compile(
    rb'<c\b[^>]*?\br="([A-Z]{1,3})(\d{1,7})"[^>]*(?<!/)>(?!</c>)'
)  # an empty one is spelled in two ways


def look_through(path: Path) -> dict[str, Broken]:
    """Sheet -> its cells without a value. Raises Invalid for a workbook that cannot be read without harm."""
    try:
        with zipfile.ZipFile(path) as parts:
            if sum(part.file_size for part in parts.infolist()) > MOST_BYTES:
                expected = f"at most {MOST_BYTES // 1_000_000} MB unpacked: save the plan's sheets as a workbook of their own"
                raise Invalid(Problem("the workbook is too large", str(path), expected=expected))
            return {name: _broken(path, name, parts.read(part)) for name, part in _sheets(parts)}
    except (
        zipfile.BadZipFile,
        KeyError,
        ET.ParseError,
        NotImplementedError,  # how zipfile says that it knows no such compression
        RuntimeError,
        OSError,
        EOFError,
    ) as error:
        expected = "a workbook that Excel opens: open it there and save it again"
        raise Invalid(Problem("the workbook is damaged", str(path), expected=expected)) from error


def _sheets(parts: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """The name of each sheet and the part of the archive that holds it."""
    names = set(parts.namelist())
    relations = ET.fromstring(parts.read("xl/_rels/workbook.xml.rels"))  # noqa: S314  # expat of 2.6 and later bounds entities
    targets = {r.get("Id"): r.get("Target", "") for r in relations}
    for sheet in ET.fromstring(parts.read("xl/workbook.xml")).iter():  # noqa: S314
        if sheet.tag.endswith("}sheet"):
            target = targets.get(sheet.get(_RELATION), "")
            part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            if part in names and "chartsheets" not in part:
                yield sheet.get("name", ""), part


def _broken(path: Path, name: str, raw: bytes) -> Broken:
    _refuse_far_cells(path, name, raw)
    if not _SUSPECT.search(raw):
        return {}
    found: Broken = {}
    for match in _CELL.finditer(raw):
        attributes, inside = match[1], match[3] or b""
        place = _REF.search(attributes)
        if place and (problem := _why(attributes, inside)):
            found[int(place[2]), _column(place[1])] = problem
    return found


def _why(attributes: bytes, inside: bytes) -> Problem | None:
    value = _VALUE.search(inside)
    if b't="e"' in attributes:
        said = value[1].decode("utf-8", "replace") if value and value[1] else "an error"
        return Problem(
            f"the formula gives {said}", expected="a formula that gives a value, or the value itself"
        )
    if b"<f" in inside and value is None and b't="str"' not in attributes:
        return Problem(
            "the formula has never been worked out", expected="the workbook opened in Excel and saved again"
        )
    return None


def _refuse_far_cells(path: Path, name: str, raw: bytes) -> None:
    rows, columns = _extent(raw)
    if rows * columns > MOST_CELLS:
        message = f"a cell stands far from the others: {rows} rows by {columns} columns"
        expected = "the stray cells deleted (Ctrl+End goes to the last one)"
        raise Invalid(Problem(message, f"{path} [{name}]", expected=expected))


def _extent(raw: bytes) -> tuple[int, int]:
    """How far the cells reach: quickly, and where that is too far, those alone that hold anything."""
    rows = max(map(int, _ROW.findall(raw)), default=0)
    columns = max(map(_column, set(_WIDE.findall(raw))), default=_NARROW - 1) + 1
    if rows * columns <= MOST_CELLS:
        return rows, columns
    held = _HELD.findall(raw)
    return max((int(n) for _c, n in held), default=0), max((_column(c) + 1 for c, _n in held), default=0)


def _column(letters: bytes) -> int:
    """A is 0, Z 25, AA 26."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number - 1
