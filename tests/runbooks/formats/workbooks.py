"""Workbooks as people hand them over, built cell by cell: each holds one thing that an importer gets wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

Cells = list[list[Any]]


def book(path: Path, sheets: dict[str, Cells], dress: Callable[[Workbook], None] | None = None) -> Path:
    """Write a workbook of these sheets; `dress` merges, formats and hides."""
    made = Workbook()
    made.remove(made.active)
    for name, cells in sheets.items():
        sheet = made.create_sheet(name)
        for row in cells:
            sheet.append(row)
    if dress:
        dress(made)
    made.save(path)
    return path


def one(path: Path, cells: Cells, dress: Callable[[Worksheet], None] | None = None) -> Path:
    """A workbook of one sheet named Plan."""
    return book(path, {"Plan": cells}, (lambda made: dress(made["Plan"])) if dress else None)


def streams(path: Path) -> Path:
    """A sheet a stream, tasks of other sheets named across, a cover and a contact list."""
    return book(
        path,
        {
            "Cover": [["Go-live of records"], ["Version", 4], ["Issued by", "Programme office"]],
            "Contacts": [["Name", "Role", "Phone"], ["Asha", "commands", "0100"]],
            "Data Load": [["ID", "Task", "Predecessors", "Duration"], ["D1", "Extract", None, "1h"], ["D2", "Load", "D1; N1", "2h"]],
            "Network": [["Ref", "Activity", "Depends on", "Planned Duration"], ["N1", "Open the firewall", None, 30], ["N2", "Close it", "D2", 5]],
        },
    )  # fmt: skip


def merged(path: Path) -> Path:
    """Phases in merged cells, a heading over all columns, a length merged over two rows, a header of two rows."""

    def dress(sheet: Worksheet) -> None:
        for area in ("A3:A4", "A6:A7", "D6:D7", "C1:D1", "A1:A2", "B1:B2", "E1:E2"):
            sheet.merge_cells(area)

    cells: Cells = [
        ["Phase", "Task", "Planned", None, "Team"],
        [None, None, "Start", "Duration", None],
        ["Before", "Freeze", datetime(2026, 10, 23, 20), "1h", "ops"],
        [None, "Drain", None, "30m", "ops"],
        [],
        ["Night", "Load", None, "2h", "data"],
        [None, "Count", None, None, "data"],
    ]
    return one(path, cells, dress)


def headings(path: Path) -> Path:
    def dress(sheet: Worksheet) -> None:
        sheet.merge_cells("A2:D2")
        sheet.merge_cells("A5:D5")

    cells: Cells = [
        ["ID", "Task", "After", "Duration"],
        ["PHASE 1: PREPARE"],
        ["1", "Freeze", None, "1h"],
        ["2", "Drain", "1", "1h"],
        ["PHASE 2: LOAD"],
        ["3", "Load", "2", "1h"],
        ["Total", None, None, "3h"],
    ]
    return one(path, cells, dress)


def summaries(path: Path) -> Path:
    return one(
        path,
        [
            ["WBS", "Task Name", "Predecessors", "Duration"],
            ["1", "Prepare", None, "3h"],
            ["1.1", "Freeze", None, "1h"],
            ["1.2", "Drain", "1.1", "2h"],
            ["2", "Load", "1", "5h"],
            ["2.1", "Extract", None, "2h"],
            ["2.2", "Insert", "2.1FS+30m", "2h"],
            ["3", "Open", "2", "10m"],
        ],
    )


def banners(path: Path) -> Path:
    return one(
        path,
        [["RECORDS GO-LIVE"], [], ["Owner:", "Programme office"], ["Status", "Draft"], [], ["Task", "After"], [], ["Freeze"], [], ["Load", "freeze"], []],
    )  # fmt: skip


def true_dates(path: Path) -> Path:
    """Dates that would be ambiguous as text, as dates with times, as a date beside an hour."""

    def dress(sheet: Worksheet) -> None:
        sheet["B2"].number_format = "dd/mm/yyyy hh:mm"
        sheet["B3"].number_format = "mm-dd-yy"

    cells: Cells = [
        ["Task", "Start Date", "Start Time", "Deadline"],
        ["A", datetime(2026, 4, 3, 9, 30), None, datetime(2026, 4, 3, 12)],
        ["B", date(2026, 4, 3), time(22, 15), None],
        ["C", "2026-04-03", "21:00", None],
    ]
    return one(path, cells, dress)


def ambiguous_dates(path: Path) -> Path:
    return one(path, [["Task", "Start"], ["A", "03/04/2026 09:00"], ["B", "04/05/2026"], ["C", "25/12/2026"]])


def fractions(path: Path) -> Path:
    """1:30 as Excel keeps it: a time, a length past a day, a bare part of a day."""

    def dress(sheet: Worksheet) -> None:
        sheet["B5"].number_format = "h:mm"

    cells: Cells = [
        ["Task", "Duration"],
        ["A", time(1, 30)],
        ["B", timedelta(hours=30)],
        ["C", 0.0625],
        ["D", 1.25],
        ["E", "1:30"],
    ]
    return one(path, cells, dress)


def mixed_numbers(path: Path) -> Path:
    return one(path, [["Task", "Duration"], ["A", 0.5], ["B", 45]])


def numbers(path: Path) -> Path:
    """Whole numbers kept as floats: ids, predecessors, minutes."""
    cells: Cells = [
        ["#", "Task", "Predecessors", "Duration (mins)"],
        [1.0, "A", None, 30.0],
        [2.0, "B", 1.0, 4.5],
        [3.0, "C", "1, 2", 10],
    ]
    return one(path, cells)  # fmt: skip


def text_in_dates(path: Path) -> Path:
    return one(path, [["Task", "Start", "Duration"], ["A", "TBC", "?"], ["B", "when B is done", "TBD"]])


def several_names(path: Path) -> Path:
    cells: Cells = [["Task", "Owner"], ["A", "Asha/Bo"], ["B", "Asha\nBo\nChen"], ["C", "Rao, Asha"]]
    return one(path, cells)


def statuses(path: Path) -> Path:
    cells: Cells = [
        ["Task", "Status"],
        ["A", "1-Planned"],
        ["B", "2-WIP"],
        ["C", "4 - Complete"],
        ["D", "waiting for Bo"],
    ]
    return one(path, cells)  # fmt: skip


def german(path: Path) -> Path:
    cells: Cells = [
        ["Nr", "Vorgang", "Vorgänger", "Dauer (Stunden)", "Verantwortlicher", "Anfang"],
        [1, "Einfrieren", None, 2, "Asha", datetime(2026, 10, 24, 1)],
        [2, "Laden", 1, 1.5, "Bo", None],
    ]
    return one(path, cells)  # fmt: skip


def french(path: Path) -> Path:
    cells: Cells = [
        ["Réf", "Tâche", "Predecesseurs", "Durée", "Responsable"],
        ["T1", "Geler", None, "1h", "Asha"],
        ["T2", "Charger", "T1", "2h", "Bo"],
    ]
    return one(path, cells)  # fmt: skip


def broken_formulas(path: Path) -> Path:
    """A formula that fails and one that was never worked out: both read as nothing."""

    def dress(sheet: Worksheet) -> None:
        sheet["C3"].value, sheet["C3"].data_type = "#REF!", "e"

    cells: Cells = [["ID", "Task", "After"], ["=1+1", "A", None], ["2", "B", None]]
    return one(path, cells, dress)


def ids_turned_dates(path: Path) -> Path:
    cells: Cells = [
        ["ID", "Task", "After"],
        ["1-1", "A", None],
        [date(2026, 2, 1), "B", "1-1"],
        ["1-3", "C", date(2026, 2, 1)],
    ]
    return one(path, cells)  # fmt: skip


def far_cell(path: Path) -> Path:
    def dress(sheet: Worksheet) -> None:
        sheet["XFD1048576"] = "x"

    return one(path, [["Task"], ["A"]], dress)


def hidden(path: Path) -> Path:
    def dress(made: Workbook) -> None:
        made["Old plan"].sheet_state = "hidden"
        made.create_chartsheet("Burn-down")

    return book(path, {"Plan": [["Task", "After"], ["A"]], "Old plan": [["Task", "After"], ["Z"]]}, dress)


def faults(path: Path) -> Path:
    """One fault in each of three sheets, and an id given in two."""
    return book(
        path,
        {
            "Records": [
                ["ID", "Task", "After", "Duration"],
                ["T-01", "A", None, "1x"],
                ["T-02", "B", "T-O1", "1h"],
            ],
            "Network": [
                ["ID", "Task", "Start"],
                ["N1", "C", datetime(2026, 10, 25, 1, 30)],
                ["T-02", "D", None],
            ],
            "Comms": [["ID", "Task", "Optional"], ["C1", "E", "perhaps"], ["C2", None, "yes"]],
        },
    )


def no_plan(path: Path) -> Path:
    return book(path, {"Cover": [["Go-live"]], "Register": [["Risk", "Likelihood"], ["Fire", 3]]})


def estimates(path: Path) -> Path:
    cells: Cells = [
        ["Task", "Optimistic", "Most likely", "Pessimistic"],
        ["A", "1h", "2h", "4h"],
        ["B", None, "2h", None],
    ]
    return one(path, cells)  # fmt: skip


def wide_rows(path: Path) -> Path:
    return one(path, [["Task", "After"], ["A", None, "who knows"]])


def formatted_to_the_end(path: Path) -> Path:
    """Empty cells with a format down to the last row, as a spreadsheet program leaves them: no harm."""
    from openpyxl.styles import Font

    def dress(sheet: Worksheet) -> None:
        sheet["AZ1048576"].font = Font(bold=True)

    return one(path, [["Task"], ["A"]], dress)
