"""Workbooks as people hand them over: the rows that are read, and the words that are said, for each rule."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cutover.core.errors import Invalid, Problem
from runbooks.domain.plan import Estimate, Stream, Task, TaskType
from runbooks.formats.cells import DateOrder
from runbooks.formats.files import import_runbook
from runbooks.formats.table import Imported
from tests.runbooks.formats import workbooks

Make = Callable[[Path], Path]


def read(make: Make, tmp_path: Path, order: DateOrder | None = None) -> Imported:
    return import_runbook(make(tmp_path / "plan.xlsx"), zone="Europe/London", date_order=order)


def tasks(make: Make, tmp_path: Path) -> dict[str, Task]:
    return dict(read(make, tmp_path).runbook.by_id())


def problems(make: Make, tmp_path: Path) -> list[Problem]:
    with pytest.raises(Invalid) as caught:
        read(make, tmp_path)
    return list(caught.value.problems)


def after(task: Task) -> list[str]:
    return [str(link) for link in task.after]


def test_sheets_are_one_plan_and_may_name_each_others_tasks(tmp_path: Path) -> None:
    found = read(workbooks.streams, tmp_path)
    plan = found.runbook.by_id()
    assert list(plan) == ["D1", "D2", "N1", "N2"]
    assert (after(plan["D2"]), after(plan["N2"])) == (["D1", "N1"], ["D2"])
    assert plan["N1"].duration == timedelta(minutes=30)


def test_the_name_of_a_sheet_is_its_stream_where_no_column_says_it(tmp_path: Path) -> None:
    book = read(workbooks.streams, tmp_path).runbook
    assert book.streams == (Stream(id="data-load", title="Data Load"), Stream(id="network", title="Network"))
    assert [task.stream for task in book.tasks] == ["data-load", "data-load", "network", "network"]


def test_a_sheet_that_is_no_plan_is_skipped_and_said_so(tmp_path: Path) -> None:
    assert read(workbooks.streams, tmp_path).notes == (
        "sheet 'Cover' is no plan: skipped",
        "sheet 'Contacts' is no plan: skipped",
    )


def test_a_merged_phase_is_that_of_each_of_its_rows(tmp_path: Path) -> None:
    plan = tasks(workbooks.merged, tmp_path)
    assert {name: task.phase for name, task in plan.items()} == {
        "freeze": "Before",
        "drain": "Before",
        "load": "Night",
        "count": "Night",
    }


def test_a_header_of_two_rows_is_read_by_its_lower_words(tmp_path: Path) -> None:
    freeze = tasks(workbooks.merged, tmp_path)["freeze"]
    assert (freeze.not_before, freeze.duration) == (
        datetime(2026, 10, 23, 19, tzinfo=UTC),
        timedelta(hours=1),
    )


def test_a_merged_length_is_that_of_its_first_row_and_said_so(tmp_path: Path) -> None:
    found = read(workbooks.merged, tmp_path)
    plan = found.runbook.by_id()
    assert (plan["load"].duration, plan["count"].duration) == (timedelta(hours=2), None)
    assert "[Plan] 'Duration' is merged over rows 6-7: read on row 6 only" in found.notes


def test_a_heading_over_all_columns_is_the_phase_below_it_and_a_total_is_no_task(tmp_path: Path) -> None:
    found = read(workbooks.headings, tmp_path)
    assert [(t.id, t.phase) for t in found.runbook.tasks] == [
        ("1", "PHASE 1: PREPARE"),
        ("2", "PHASE 1: PREPARE"),
        ("3", "PHASE 2: LOAD"),
    ]
    assert found.notes == (
        "[Plan] 2 heading rows: read as phases",
        "[Plan] totals are no tasks: row 7 left out",
    )


def test_a_summary_row_is_a_milestone_after_the_tasks_below_it(tmp_path: Path) -> None:
    found = read(workbooks.summaries, tmp_path)
    plan = found.runbook.by_id()
    assert (plan["1"].type, plan["1"].duration, after(plan["1"])) == (
        TaskType.MILESTONE,
        None,
        ["1.1", "1.2"],
    )
    assert (after(plan["2.1"]), after(plan["2.2"])) == (["1"], ["2.1FS+30m", "1"])
    assert (after(plan["2"]), after(plan["3"]), plan["2.2"].parent) == (["2.1", "2.2"], ["2"], "2")
    assert found.notes == ("[Plan] 2 summary rows: each is a milestone that follows the tasks below it",)


def test_banners_and_blank_rows_are_skipped(tmp_path: Path) -> None:
    plan = tasks(workbooks.banners, tmp_path)
    assert {name: after(task) for name, task in plan.items()} == {"freeze": [], "load": ["freeze"]}


def test_a_true_date_needs_no_order_asked_for(tmp_path: Path) -> None:
    plan = tasks(workbooks.true_dates, tmp_path)
    assert plan["a"].not_before == datetime(2026, 4, 3, 8, 30, tzinfo=UTC)
    assert plan["a"].deadline == datetime(2026, 4, 3, 11, tzinfo=UTC)


def test_a_date_and_an_hour_in_two_columns_are_one_moment(tmp_path: Path) -> None:
    plan = tasks(workbooks.true_dates, tmp_path)
    assert plan["b"].not_before == datetime(2026, 4, 3, 21, 15, tzinfo=UTC)
    assert plan["c"].not_before == datetime(2026, 4, 3, 20, tzinfo=UTC)


def test_day_or_month_first_is_asked_once_a_column(tmp_path: Path) -> None:
    (found,) = problems(workbooks.ambiguous_dates, tmp_path)
    assert str(found).endswith(
        "plan.xlsx [Plan]:2: Start: '03/04/2026 09:00' may be day/month or month/day (and 1 more cells of this column);"
        " expected --date-order DMY or --date-order MDY"
    )
    assert read(workbooks.ambiguous_dates, tmp_path, "DMY").runbook.tasks[0].not_before == datetime(
        2026, 4, 3, 8, tzinfo=UTC
    )


def test_parts_of_a_day_are_lengths(tmp_path: Path) -> None:
    hours = [task.duration for task in tasks(workbooks.fractions, tmp_path).values()]
    assert hours == [timedelta(hours=h) for h in (1.5, 30, 1.5, 30, 1.5)]


def test_a_part_of_a_day_among_larger_numbers_is_asked_for(tmp_path: Path) -> None:
    (found,) = problems(workbooks.mixed_numbers, tmp_path)
    assert (found.line, found.field, found.message) == (
        2,
        "Duration",
        "0.5 among larger numbers may be a part of a day, an hour or a minute",
    )
    assert found.expected == "the unit in the header, such as Duration (hours)"


def test_whole_numbers_are_whole(tmp_path: Path) -> None:
    plan = tasks(workbooks.numbers, tmp_path)
    assert {name: after(task) for name, task in plan.items()} == {"1": [], "2": ["1"], "3": ["1", "2"]}
    assert plan["2"].duration == timedelta(minutes=4.5)


def test_what_is_still_open_is_kept_and_other_text_in_a_date_is_refused(tmp_path: Path) -> None:
    (found,) = problems(workbooks.text_in_dates, tmp_path)
    assert (found.line, found.field, found.message) == (3, "Start", "'when B is done' is not a date")

    def mended(path: Path) -> Path:
        return workbooks.one(path, [["Task", "Start", "Duration"], ["A", "TBC", "?"]])

    (task,) = tasks(mended, tmp_path).values()
    assert (task.not_before, task.duration, task.custom) == (None, None, {"Start": "TBC", "Duration": "?"})


def test_several_names_in_a_cell_are_owner_and_deputy_and_the_whole_is_kept(tmp_path: Path) -> None:
    plan = tasks(workbooks.several_names, tmp_path)
    assert [(t.owner, t.deputy, t.custom) for t in plan.values()] == [
        ("Asha", "Bo", {}),
        ("Asha", "Bo", {"Owner": "Asha\nBo\nChen"}),
        ("Rao, Asha", "", {}),
    ]


def test_a_status_is_kept_without_its_number(tmp_path: Path) -> None:
    found = read(workbooks.statuses, tmp_path)
    assert [t.custom["Status"] for t in found.runbook.tasks] == [
        "planned",
        "in progress",
        "complete",
        "waiting for Bo",
    ]
    assert found.kept == ("Status",)


@pytest.mark.parametrize(
    ("make", "ids", "hours", "owners"),
    [
        (workbooks.german, ["1", "2"], [2, 1.5], ["Asha", "Bo"]),
        (workbooks.french, ["T1", "T2"], [1, 2], ["Asha", "Bo"]),
    ],
)
def test_headers_of_other_languages_are_known(
    make: Make, ids: list[str], hours: list[float], owners: list[str], tmp_path: Path
) -> None:
    plan = tasks(make, tmp_path)
    assert list(plan) == ids
    assert [task.duration for task in plan.values()] == [timedelta(hours=h) for h in hours]
    assert after(plan[ids[1]]) == [ids[0]]
    assert [task.owner or task.custom.get("Responsable") or task.team for task in plan.values()] == owners


def test_a_formula_without_a_value_is_no_empty_cell(tmp_path: Path) -> None:
    uncalculated, failed = problems(workbooks.broken_formulas, tmp_path)
    assert (uncalculated.line, uncalculated.field, uncalculated.message) == (
        2,
        "ID",
        "the formula has never been worked out",
    )
    assert (failed.line, failed.field, failed.message) == (3, "After", "the formula gives #REF!")


def test_an_id_that_excel_made_a_date_of_is_not_guessed(tmp_path: Path) -> None:
    found = problems(workbooks.ids_turned_dates, tmp_path)
    assert [(p.line, p.field, p.message) for p in found[:2]] == [
        (3, "ID", "Excel made the date 2026-02-01 of this id"),
        (4, "After", "Excel made the date 2026-02-01 of this id"),
    ]


def test_a_cell_at_the_end_of_the_sheet_is_refused_before_it_eats_the_memory(tmp_path: Path) -> None:
    (found,) = problems(workbooks.far_cell, tmp_path)
    assert found.message == "a cell stands far from the others: 1048576 rows by 16384 columns"
    assert found.file.endswith("plan.xlsx [Plan]")


def test_empty_cells_with_a_format_do_no_harm(tmp_path: Path) -> None:
    assert list(tasks(workbooks.formatted_to_the_end, tmp_path)) == ["a"]


def test_hidden_sheets_and_charts_are_skipped_and_said_so(tmp_path: Path) -> None:
    found = read(workbooks.hidden, tmp_path)
    assert list(found.runbook.by_id()) == ["a"]
    assert found.notes == (
        "sheet 'Old plan' is hidden: skipped",
        "'Burn-down' is no sheet of cells: skipped",
    )


def test_every_fault_is_named_by_file_sheet_row_and_column(tmp_path: Path) -> None:
    said = [str(p)[str(p).index("plan.xlsx") :] for p in problems(workbooks.faults, tmp_path)]
    assert said == [
        "plan.xlsx [Records]:2: Duration: '1x' is not a duration; expected a duration such as 45m, 1.5h, 2h 30m, 1:30 or 3d",
        "plan.xlsx [Records]:3: After: unknown task 'T-O1'; expected the id of a task in this runbook; did you mean 'T-01'?",
        "plan.xlsx [Network]:2: Start: 2026-10-25 01:30 happens twice in Europe/London (clock change); expected 2026-10-25T00:30Z or 2026-10-25T01:30Z",
        "plan.xlsx [Network]:3: ID: id 'T-02' is given twice (first in Records, row 3); expected an id of its own",
        "plan.xlsx [Comms]:2: Optional: 'perhaps' is neither yes nor no; expected yes, no, 1, 0 or x",
        "plan.xlsx [Comms]:3: Task: the task has no title; expected a title, or an empty row",
    ]


def test_a_workbook_without_a_plan_names_its_sheets(tmp_path: Path) -> None:
    (found,) = problems(workbooks.no_plan, tmp_path)
    assert found.message == "no sheet is a plan (Cover, Register)"


def test_three_lengths_are_an_estimate_and_one_of_them_is_not(tmp_path: Path) -> None:
    (found,) = problems(workbooks.estimates, tmp_path)
    assert (found.line, found.field, found.message) == (3, "Optimistic", "the estimate has no 'Optimistic'")

    def whole(path: Path) -> Path:
        return workbooks.one(path, [["Task", "Best case", "Likely", "Worst case"], ["A", "1h", "2h", "4h"]])

    (task,) = tasks(whole, tmp_path).values()
    assert task.estimate == Estimate(low="1h", likely="2h", high="4h")


def test_a_cell_beyond_the_header_is_kept_under_the_number_of_its_column(tmp_path: Path) -> None:
    found = read(workbooks.wide_rows, tmp_path)
    assert (found.kept, found.runbook.tasks[0].custom) == (("column 3",), {"column 3": "who knows"})


# --- what is no workbook, whatever its name ---


@pytest.mark.parametrize(
    ("name", "content", "said", "mend"),
    [
        ("plan.xlsx", b"", "the file is empty", ""),
        ("plan.xlsx", b"ID,Task\n1,A\n", "this is plain text, not XLSX", "rename it .csv"),
        ("plan.xls", b"<html><table><tr><td>Task", "this is a web page (HTML), not XLS", "save as .xlsx"),
        ("plan.xls", b"<?xml version='1.0'?><Workbook/>", "this is XML, not XLS", "save"),
        ("plan.xlsx", b"{\\rtf1 Task}", "this is RTF, not XLSX", "plain text"),
        ("plan.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "this is a binary Office file", ".xls"),
        ("plan.xls", b"PK\x03\x04 and so on", "this is a ZIP archive or a workbook", "rename it .xlsx"),
        ("plan.xlsx", b"PK\x03\x04 and so on", "the workbook is damaged", "save it again"),
        ("plan.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "the workbook is damaged", "save it again"),
        ("plan.xlsx", bytes(40) + b"\x01\x02", "this is no workbook, not XLSX", "Excel opens"),
        ("plan.ods", b"%PDF-1.7", "this is a PDF, not ODS", "sheet"),
    ],
)  # fmt: skip
def test_a_file_that_poses_as_a_workbook_is_told_what_it_is(
    name: str, content: bytes, said: str, mend: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Invalid) as caught:
        import_runbook(tmp_path / name)
    (found,) = caught.value.problems
    assert said in found.message
    assert mend in found.expected


def test_a_workbook_that_unpacks_to_more_than_it_may_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/worksheets/sheet1.xml", bytes(301_000_000))
    with pytest.raises(Invalid, match="the workbook is too large"):
        import_runbook(tmp_path / "bomb.xlsx")
