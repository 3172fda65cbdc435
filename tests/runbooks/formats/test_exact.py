"""Our own sheets after people worked in them: what they changed is read, what they broke is named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from cutover.core.errors import Invalid, Problem
from cutover.domain.gates import Criterion
from runbooks.domain.plan import Runbook, Stream, Task, TaskGate, TaskType
from runbooks.domain.timing.network import schedule
from runbooks.formats.csv_out import write_csv
from runbooks.formats.files import import_runbook
from runbooks.formats.table import Imported
from runbooks.formats.xlsx_out import write_xlsx

ZONE = "Europe/London"
OPENS = datetime(2026, 10, 23, 21, tzinfo=UTC)
PLAN = Runbook(
    id="night",
    title="Night",
    streams=(Stream(id="data", title="Data"),),
    phases=("Before", "Night"),
    tasks=(
        Task(id="T1", title="Freeze", duration="1h", stream="data", not_before=datetime(2026, 10, 24, 1, tzinfo=UTC), custom={"Site": "=Leeds"}),
        Task(id="T2", title="-Load", duration="2h", after="T1", point_of_no_return=True, deadline=datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        Task(
            id="T3", title="Go or no-go", type="approval", after="T2",
            gate=TaskGate(deciders=("chen", "asha"), quorum=2, criteria=(Criterion(id="counts", title="Counts agree", source="reconcile:people", max_age=timedelta(hours=2)),)),
        ),
    ),
)  # fmt: skip


def exported(path: Path) -> Path:
    write_xlsx(path, PLAN, zone=ZONE, timing=schedule(PLAN.tasks, OPENS))
    return path


def edited(path: Path, edit: Callable[[Worksheet, dict[str, int]], Any]) -> Path:
    """The export as somebody left it."""
    made = openpyxl.load_workbook(exported(path))
    sheet = made["Plan"]
    edit(sheet, {str(cell.value).partition(" (")[0]: cell.column for cell in sheet[1]})
    made.save(path)
    return path


def read(path: Path) -> Imported:
    return import_runbook(path, zone="UTC")


def problems(path: Path) -> list[Problem]:
    with pytest.raises(Invalid) as caught:
        read(path)
    return list(caught.value.problems)


# --- how it looks ---


def test_the_sheet_is_dressed_for_people(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(exported(tmp_path / "plan.xlsx"))["Plan"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref is not None) == ("C2", True)
    assert sheet["A1"].font.b
    assert sheet.column_dimensions["B"].width > 40
    assert sheet["B2"].alignment.wrap_text


def test_types_and_statuses_are_chosen_from_a_list(tmp_path: Path) -> None:
    made = openpyxl.load_workbook(exported(tmp_path / "plan.xlsx"))
    rules = {str(rule.sqref): rule.formula1 for rule in made["Plan"].data_validations.dataValidation}
    assert rules == {"F2:F504": "Lists!$A$1:$A$7", "G2:G504": "Lists!$B$1:$B$7"}
    assert [cell.value for cell in made["Lists"]["A"]] == [str(kind) for kind in TaskType]
    assert made["Lists"].sheet_state == "hidden"


def test_what_decides_the_night_is_coloured(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(exported(tmp_path / "plan.xlsx"))["Plan"]
    colours = [sheet.cell(row, 1).fill.fgColor.rgb for row in (2, 3, 4)]
    assert len(set(colours)) == 3, "critical, point of no return, gate"


def test_times_are_those_of_the_zone_their_header_names(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(exported(tmp_path / "plan.xlsx"))["Plan"]
    row = {cell.value: sheet.cell(2, cell.column).value for cell in sheet[1]}
    assert row["Not before (Europe/London)"] == datetime(2026, 10, 24, 2)
    assert row["Computed start (Europe/London)"] == "Sat 24 Oct 02:00 BST"
    assert row["Critical"] == "yes"


def test_an_hour_that_happens_twice_is_text_with_its_offset(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(exported(tmp_path / "plan.xlsx"))["Plan"]
    row = {cell.value: sheet.cell(3, cell.column).value for cell in sheet[1]}
    assert row["Deadline (Europe/London)"] == "2026-10-25T01:30:00+00:00"


def test_a_text_that_reads_like_a_formula_is_a_text_and_stays_one(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(exported(tmp_path / "plan.xlsx"))["Plan"]
    cell = next(cell for row in sheet.iter_rows() for cell in row if cell.value == "=Leeds")
    assert (cell.data_type, cell.quotePrefix) == ("s", True)


# --- what people did with it ---


def test_what_is_not_touched_reads_back_and_what_was_computed_is_no_column(tmp_path: Path) -> None:
    found = read(exported(tmp_path / "plan.xlsx"))
    assert (found.runbook, found.kept, found.notes) == (PLAN, ("Site",), ())


def test_changed_cells_are_read_as_excel_keeps_them(tmp_path: Path) -> None:
    def edit(sheet: Worksheet, at: dict[str, int]) -> None:
        sheet.cell(2, at["Duration"]).value = time(1, 30)
        sheet.cell(3, at["Duration"]).value = 45
        sheet.cell(3, at["Deadline"]).value = datetime(2026, 10, 25, 12)
        sheet.cell(3, at["Type"]).value = "Validation"
        sheet.cell(4, at["Gate quorum"]).value = 1
        sheet.cell(
            4, at["Gate criteria"]
        ).value = "counts | Counts agree | reconcile:people\ntests | Tests green | person | 1h"

    plan = read(edited(tmp_path / "plan.xlsx", edit)).runbook.by_id()
    assert (plan["T1"].duration, plan["T2"].duration) == (timedelta(hours=1.5), timedelta(minutes=45))
    assert (plan["T2"].deadline, plan["T2"].type) == (
        datetime(2026, 10, 25, 12, tzinfo=UTC),
        TaskType.VALIDATION,
    )
    gate = plan["T3"].gate
    assert gate is not None
    assert (gate.quorum, [c.max_age for c in gate.criteria]) == (1, [None, timedelta(hours=1)])


def test_a_row_without_an_id_gets_one_made_of_its_title(tmp_path: Path) -> None:
    def edit(sheet: Worksheet, at: dict[str, int]) -> None:
        sheet.cell(6, at["Task"]).value = "Tell the partners"

    assert list(read(edited(tmp_path / "plan.xlsx", edit)).runbook.by_id()) == [
        "T1",
        "T2",
        "T3",
        "tell-the-partners",
    ]


def test_a_column_that_was_deleted_is_not_spoken_of(tmp_path: Path) -> None:
    found = read(edited(tmp_path / "plan.xlsx", lambda sheet, at: sheet.delete_cols(at["Duration"])))
    assert found.given is not None
    assert "duration" not in found.given["T1"]
    assert {"title", "deadline", "gate.quorum", "custom.Site"} <= found.given["T1"]


def test_a_column_of_their_own_is_kept(tmp_path: Path) -> None:
    def edit(sheet: Worksheet, at: dict[str, int]) -> None:
        column = max(at.values()) + 1
        sheet.cell(1, column).value, sheet.cell(2, column).value = "Room", 7
        sheet.cell(3, column + 1).value = "no header"

    found = read(edited(tmp_path / "plan.xlsx", edit)).runbook.by_id()
    assert found["T1"].custom == {"Site": "=Leeds", "Room": "7"}
    assert [key.startswith("column ") for key in found["T2"].custom] == [True]


def test_a_sheet_beside_the_plan_is_skipped_and_said_so(tmp_path: Path) -> None:
    made = openpyxl.load_workbook(exported(tmp_path / "plan.xlsx"))
    made.create_sheet("Notes")["A1"] = "call Bo"
    made.save(tmp_path / "plan.xlsx")
    assert read(tmp_path / "plan.xlsx").notes == ("sheet 'Notes' is no part of an exported plan: skipped",)


def test_every_fault_is_named_by_row_and_column(tmp_path: Path) -> None:
    def edit(sheet: Worksheet, at: dict[str, int]) -> None:
        sheet.cell(2, at["Type"]).value = "aproval"
        sheet.cell(2, at["Duration"]).value = "1x"
        sheet.cell(3, at["Predecessors"]).value = "T-1"
        sheet.cell(3, at["Action with"]).value = "{step: 1}"
        sheet.cell(4, at["Gate criteria"]).value = "counts"
        sheet.cell(4, at["Estimate low"]).value = "1h"

    found = [
        (p.line, p.field, p.message.partition(":")[0]) for p in problems(edited(tmp_path / "plan.xlsx", edit))
    ]
    assert found == [
        (2, "Type", "'aproval' is no type of task"),
        (2, "Duration", "'1x' is not a duration"),
        (3, "Action with", "'{step"),
        (4, "Gate criteria", "'counts' is not a criterion"),
    ]  # fmt: skip


def test_a_part_without_the_whole_is_refused(tmp_path: Path) -> None:
    def edit(sheet: Worksheet, at: dict[str, int]) -> None:
        sheet.cell(2, at["Estimate low"]).value = "1h"
        sheet.cell(3, at["Action with"]).value = '{"step": 1}'

    found = [(p.line, p.field) for p in problems(edited(tmp_path / "plan.xlsx", edit))]
    assert found == [(2, "Estimate likely"), (2, "Estimate high"), (3, "Action")]


def test_a_header_that_names_no_zone_is_refused(tmp_path: Path) -> None:
    def edit(sheet: Worksheet, at: dict[str, int]) -> None:
        sheet.cell(1, at["Deadline"]).value = "Deadline (Europe/Londn)"

    (found,) = problems(edited(tmp_path / "plan.xlsx", edit))
    assert (found.line, found.field, found.nearest) == (1, "Deadline (Europe/Londn)", "Europe/London")


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    made = openpyxl.load_workbook(exported(tmp_path / "plan.xlsx"))
    made["Runbook"]["B1"] = "9"
    made.save(tmp_path / "plan.xlsx")
    assert "format 9 is not known" in problems(tmp_path / "plan.xlsx")[0].message


def test_without_its_second_sheet_it_is_a_plan_like_any_other(tmp_path: Path) -> None:
    made = openpyxl.load_workbook(exported(tmp_path / "plan.xlsx"))
    del made["Runbook"]
    made.save(tmp_path / "plan.xlsx")
    plan = read(tmp_path / "plan.xlsx").runbook.by_id()
    assert [t.title for t in plan.values()] == ["Freeze", "-Load", "Go or no-go"]
    assert plan["T1"].not_before == PLAN.tasks[0].not_before, "the header names the zone"


def test_a_csv_whose_first_row_was_deleted_still_says_the_rest(tmp_path: Path) -> None:
    write_csv(tmp_path / "plan.csv", PLAN)
    lines = (tmp_path / "plan.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "plan.csv").write_text("".join([lines[0], *lines[2:]]).replace("T1", ""), encoding="utf-8")
    found = read(tmp_path / "plan.csv")
    assert ([t.id for t in found.runbook.tasks], found.given_of_runbook) == (["T2", "T3"], frozenset())


def test_a_csv_whose_description_is_broken_is_refused(tmp_path: Path) -> None:
    write_csv(tmp_path / "plan.csv", PLAN)
    text = (tmp_path / "plan.csv").read_text(encoding="utf-8").replace('""title""', "title")
    (tmp_path / "plan.csv").write_text(text, encoding="utf-8")
    assert problems(tmp_path / "plan.csv")[0].field == "cutover runbook"
