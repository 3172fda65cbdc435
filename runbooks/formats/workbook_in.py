"""The sheets of a workbook (XLSX, XLSM, XLS, ODS) as rows of text: what Excel keeps as a value is spelled exactly.

A true date is spelled year first, so it needs no order asked for; a length of h:mm stays one; 4.0 is 4.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

from cutover.core.duration import spell_duration
from cutover.core.errors import Invalid, Problem
from runbooks.formats.posing import OLE, ZIP, read_filled, refuse_posing
from runbooks.formats.sheet import Merged, Row, Sheet
from runbooks.formats.xlsx_cells import Broken, look_through

WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods")


def read_sheets(path: Path) -> tuple[list[Sheet], list[str]]:
    """The visible sheets that say anything, and notes on the others. Raises Invalid for what is no workbook."""
    import python_calamine as calamine  # only those who read a workbook pay for it

    suffix = path.suffix.lower()
    refuse_posing(path, read_filled(path), f"{suffix[1:].upper()}", OLE if suffix == ".xls" else ZIP)
    broken = look_through(path) if suffix in (".xlsx", ".xlsm") else {}
    sheets: list[Sheet] = []
    notes: list[str] = []
    try:
        with calamine.CalamineWorkbook.from_path(path) as book:
            for about in book.sheets_metadata:
                if about.typ is not calamine.SheetTypeEnum.WorkSheet:
                    notes.append(f"'{about.name}' is no sheet of cells: skipped")
                elif about.visible is not calamine.SheetVisibleEnum.Visible and about.name != "Runbook":
                    notes.append(f"sheet '{about.name}' is hidden: skipped")
                else:
                    sheets.append(_sheet(book, path, about.name, broken.get(about.name, {})))
    except calamine.PasswordError as error:
        expected = "a copy saved without a password"
        raise Invalid(
            Problem("the workbook is protected by a password", str(path), expected=expected)
        ) from error
    except calamine.CalamineError as error:
        expected = "a workbook that Excel opens: open it there and save it again"
        raise Invalid(Problem(f"the workbook is damaged: {error}", str(path), expected=expected)) from error
    return sheets, notes


def _sheet(book: object, path: Path, name: str, broken: Broken) -> Sheet:
    sheet = book.get_sheet_by_name(name)  # type: ignore[attr-defined]
    rows = [
        Row(i, tuple(map(_text, cells))) for i, cells in enumerate(sheet.to_python(skip_empty_area=False), 1)
    ]
    ranges = sheet.merged_cell_ranges or ()
    merged = tuple(Merged(top + 1, left, bottom + 1, right) for (top, left), (bottom, right) in ranges)
    return Sheet(rows, str(path), name, merged, broken)


def _text(value: object) -> str:
    """One cell as text that says the same."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _WHOLE else repr(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, timedelta):
        return spell_duration(value) if value >= timedelta(0) else f"-{spell_duration(-value)}"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)


_WHOLE = 1e15  # what a float holds to the last digit
