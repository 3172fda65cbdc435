"""Rows and headers to tasks: what is kept, what is made, what is refused and on which line."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from textwrap import dedent

import pytest

from cutover.core.errors import Invalid, Problem
from runbooks.domain.plan import Stream, Task, TaskType
from runbooks.formats.cells import DateOrder
from runbooks.formats.table import Imported, Row, to_runbook


def sheet(text: str, order: DateOrder | None = None) -> Imported:
    """A small sheet as the reader of files hands it over."""
    cells = csv.reader(io.StringIO(dedent(text).strip("\n")), skipinitialspace=True)
    rows = [Row(line, tuple(row)) for line, row in enumerate(cells, 1)]
    return to_runbook(
        rows, runbook_id="plan", title="Plan", file="plan.csv", zone="Europe/London", order=order
    )


def tasks(text: str) -> dict[str, Task]:
    return {task.id: task for task in sheet(text).runbook.tasks}


def problems(text: str) -> list[Problem]:
    with pytest.raises(Invalid) as caught:
        sheet(text)
    return list(caught.value.problems)


def after(task: Task) -> list[str]:
    return [str(link) for link in task.after]


def test_a_cutover_plan_is_read_field_by_field() -> None:
    plan = tasks(
        """
        Task ID, Task, Details, Phase, Workstream, Task Type, System, Predecessors, Planned Duration, Assigned To, Assigned Team, Rollback Step, Success Criteria, Cost
        T1, Freeze, Stop all writes, Prep, Records, Manual, custody, , 30m, Asha/Bo, ops, Unfreeze, No writes, 5
        T2, Extract, , Run, Records, Script, , T1FS+1h, 1.5h, Chen, , , ,
        """
    )
    first, second = plan.values()
    assert first == Task(
        id="T1", title="Freeze", description="Stop all writes", phase="Prep", stream="records", component="custody",
        duration="30m", owner="Asha", deputy="Bo", team="ops", rollback="Unfreeze", verify="No writes",
        custom={"Cost": "5", "Task Type": "Manual"},
    )  # fmt: skip
    assert (second.type, after(second), second.duration) == (
        TaskType.AUTOMATED,
        ["T1FS+1h"],
        timedelta(minutes=90),
    )


def test_streams_and_phases_are_listed_in_their_order() -> None:
    book = sheet(
        "Task, Phase, Workstream, After\nA, Prep, Data Load,\nB, Run, Ops,\nC, Run, Data Load,"
    ).runbook
    assert book.streams == (Stream(id="data-load", title="Data Load"), Stream(id="ops", title="Ops"))
    assert book.phases == ("Prep", "Run")


def test_ids_are_made_of_titles_and_stay_when_a_row_is_added() -> None:
    before = sheet("Task\nLock deployments\nSwitch traffic\nLock deployments").runbook
    added = sheet("Task\nTell the partners\nLock deployments\nSwitch traffic\nLock deployments").runbook
    assert [t.id for t in before.tasks] == ["lock-deployments", "switch-traffic", "lock-deployments-2"]
    assert {t.id for t in before.tasks} < {t.id for t in added.tasks}


def test_a_made_id_never_takes_one_that_is_given() -> None:
    assert [t.id for t in sheet("ID, Task\n, Freeze\nfreeze, Freeze").runbook.tasks] == ["freeze-2", "freeze"]


def test_empty_rows_and_banners_are_skipped() -> None:
    book = sheet("Go-live of records,\n,\nID, Task\n1, A\n , \n2, B").runbook
    assert [t.id for t in book.tasks] == ["1", "2"]


def test_a_checklist_runs_top_to_bottom() -> None:
    found = sheet("Item, Section, Parent, Text\n1, Prep, , A\n2, Prep, 1, B\n3, Run, , C")
    assert [after(t) for t in found.runbook.tasks] == [[], ["1"], ["2"]]
    assert found.runbook.tasks[1].parent == "1"
    assert found.notes == ("no dependency column: read as a checklist, each task follows the row before it",)


def test_workstreams_without_dependencies_run_side_by_side() -> None:
    plan = tasks("ID, Workstream, Task\n1, data, A\n2, ops, B\n3, data, C\n4, ops, D")
    assert [after(t) for t in plan.values()] == [[], [], ["1"], ["2"]]


@pytest.mark.parametrize("column", ["Predecessors", "Start"])
def test_a_sheet_with_dependencies_or_times_is_not_given_an_order(column: str) -> None:
    assert [after(t) for t in tasks(f"ID, Task, {column}\n1, A,\n2, B,").values()] == [[], []]


def test_a_section_called_rollback_is_conditional() -> None:
    found = sheet(
        "ID, Section, Task\n1, Run, A\n2, Roll-back, B\n3, Fallback if the load fails, C\n4, Background, D"
    )
    assert [t.conditional for t in found.runbook.tasks] == [False, True, True, False]
    assert found.notes[0].startswith("2 tasks stand in a section that is a way back")


def test_flags_are_read_from_their_columns() -> None:
    plan = tasks("ID, Task, Optional, Conditional, PONR\n1, A, 1, 0, no\n2, B, , yes, x")
    assert [(t.optional, t.conditional, t.point_of_no_return) for t in plan.values()] == [
        (True, False, False),
        (False, True, True),
    ]


def test_times_are_those_of_their_row_or_of_the_programme() -> None:
    plan = tasks("ID, Task, Planned At, TZ\n1, A, 2018-11-07T09:00, ET\n2, B, 2018-11-07 09:00,")
    assert plan["1"].not_before == datetime(2018, 11, 7, 14, 0, tzinfo=UTC)
    assert plan["2"].not_before == datetime(2018, 11, 7, 9, 0, tzinfo=UTC)


def test_start_and_end_give_the_duration_where_none_is_given() -> None:
    plan = tasks(
        "ID, Task, Start, End, Duration\n1, A, 2026-10-24 09:00, 2026-10-24 11:30,\n2, B, 2026-10-24 09:00, 2026-10-24 11:30, 1h"
    )
    assert [t.duration for t in plan.values()] == [timedelta(hours=2.5), timedelta(hours=1)]


def test_an_offset_from_the_opening_is_read_with_its_t() -> None:
    assert tasks("ID, Task, Offset\n1, A, T+2h")["1"].start_offset == timedelta(hours=2)


def test_a_gate_is_decided_by_whom_the_sheet_names() -> None:
    plan = tasks("ID, Task, Role, Kind\n1, Go/no-go, product_owner, gate\n2, Go/no-go, , gate")
    assert plan["1"].gate is not None
    assert plan["1"].gate.deciders == ("product_owner",)
    assert plan["2"].gate is None


def test_a_list_of_names_longer_than_owner_and_deputy_is_kept() -> None:
    one = tasks("ID, Task, Owner\n1, A, Asha/Bo/Chen")["1"]
    assert (one.owner, one.deputy, one.custom) == ("Asha", "Bo", {"Owner": "Asha/Bo/Chen"})


def test_a_deputy_of_the_sheets_own_column_stands() -> None:
    one = tasks("ID, Task, Owner, Backup\n1, A, Asha/Bo, Chen")["1"]
    assert (one.owner, one.deputy, one.custom) == ("Asha", "Chen", {"Owner": "Asha/Bo"})


def test_a_title_of_several_lines_is_kept_whole_as_the_description() -> None:
    one = sheet('ID, Task\n1, "Freeze  all\nand tell Asha"').runbook.tasks[0]
    assert (one.title, one.description) == ("Freeze all", "Freeze  all\nand tell Asha")


def test_a_word_for_no_predecessor_is_none() -> None:
    assert after(tasks("ID, Task, Depends On\n1, A, n/a\n2, B, -")["1"]) == []


def test_each_fault_stands_on_its_line_under_its_own_header() -> None:
    found = problems(
        """
        Task Ref, Task, Depends On, Duration, Optional, Start, TZ
        freeze, A, , , , ,
        drain, B, freze, 1x, perhaps, 2026-13-01, ET
        load, , freeze, , , 2026-10-24, Mars
        load 2, C, , , , ,
        """
    )
    assert [p.line for p in found] == [3, 3, 3, 4, 4, 5]
    assert {p.field for p in found[:3]} == {"Duration", "Optional", "Start"}
    assert {p.field for p in found[3:5]} == {"Task", "Start"}
    assert found[5].field == "Task Ref"
    assert all(p.file == "plan.csv" and p.expected for p in found)
    assert found[-1].nearest == "load-2"


def test_the_faults_of_the_plan_stand_on_their_lines_too() -> None:
    found = problems("ID, Task, Depends On, Parent\nfreeze, A, ,\n\ndrain, B, freze,\nfreeze, C, , nobody")
    assert [(p.line, p.field, p.nearest) for p in found] == [
        (4, "Depends On", "freeze"),
        (5, "ID", ""),
        (5, "Parent", ""),
    ]


def test_a_faulty_row_hides_no_other_fault_and_makes_no_false_one() -> None:
    found = problems("ID, Task, Depends On, Duration\n1, A, , 1x\n2, B, 1,\n3, C, 9,")
    assert [(p.line, p.field) for p in found] == [(2, "Duration"), (4, "Depends On")]


def test_a_cycle_is_refused_with_its_path() -> None:
    (found,) = problems("ID, Task, Depends On\n1, A, 2\n2, B, 1")
    assert "the tasks wait for each other: " in found.message
    assert found.line in (2, 3)


def test_ambiguous_dates_are_asked_for_once_a_column() -> None:
    text = "ID, Task, Start\n1, A, 03/04/2026\n2, B, 25/04/2026\n3, C, 05/04/2026 09:00"
    (found,) = problems(text)
    assert (found.line, found.field) == (2, "Start")
    assert found.message == "'03/04/2026' may be day/month or month/day (and 1 more cells of this column)"
    assert "--date-order DMY" in found.expected
    assert [t.not_before.day for t in sheet(text, "DMY").runbook.tasks if t.not_before] == [2, 24, 5]


def test_a_task_that_ends_before_it_starts_is_refused() -> None:
    (found,) = problems("ID, Task, Start, Finish\n1, A, 2026-10-24 09:00, 2026-10-24 08:00")
    assert (found.line, found.field) == (2, "Finish")


def test_a_row_with_more_cells_than_the_header_is_refused() -> None:
    (found,) = problems("ID, Task\n1, A, and B")
    assert (found.line, found.message) == (2, "the row has 3 cells and the header 2")


@pytest.mark.parametrize("text", ["Ref, Owner\n1, Asha", "ID, Task\n", "1, 2\n3, 4"])
def test_a_sheet_without_titles_or_tasks_is_refused(text: str) -> None:
    (found,) = problems(text)
    assert found.expected
