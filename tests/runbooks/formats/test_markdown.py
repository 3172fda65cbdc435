"""Markdown checklists: read as people keep them, written so that they read back to the same plan."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cutover.core.errors import Invalid
from runbooks.domain.plan import Link, LinkKind, Runbook, Task, TaskType
from runbooks.formats.markdown import read_markdown, write_markdown
from runbooks.formats.markdown_lines import cells_of, split_row
from runbooks.formats.table import Imported
from tests.runbooks.formats.books import HARD, books

HOUR = timedelta(hours=1)


@pytest.fixture
def read(tmp_path: Path):
    def reading(text: str, zone: str = "Europe/London") -> Imported:
        path = tmp_path / "night-shift.md"
        path.write_text(dedent(text), encoding="utf-8")
        return read_markdown(path, zone=zone)

    return reading


def problems(error: pytest.ExceptionInfo[Invalid]) -> list[tuple[int | None, str, str]]:
    return [(p.line, p.field, p.message) for p in error.value.problems]


# --- one line ---


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("Freeze", {"Title": "Freeze"}),
        ("**T1** Freeze", {"Id": "T1", "Title": "Freeze"}),
        ("**T1:** Freeze", {"Id": "T1", "Title": "Freeze"}),
        ("[freeze] Freeze it", {"Id": "freeze", "Title": "Freeze it"}),
        ("T1: Freeze", {"Id": "T1", "Title": "Freeze"}),
        ("`DB-2` Freeze", {"Id": "DB-2", "Title": "Freeze"}),
        ("Note: read this first", {"Title": "Note: read this first"}),
        ("**Important** step", {"Title": "**Important** step"}),
        ("[guide](http://x.org/1) to read", {"Title": "[guide](http://x.org/1) to read"}),
        ("Freeze @asha", {"Title": "Freeze", "Owner": "asha"}),
        ("@asha: freeze", {"Title": "freeze", "Owner": "asha"}),
        ("Freeze (@asha) @bo", {"Title": "Freeze", "Owner": "asha", "Deputy": "bo"}),
        ("Ask @asha to freeze", {"Title": "Ask @asha to freeze", "Owner": "asha"}),
        ("Mail ops@example.org", {"Title": "Mail ops@example.org"}),
        ("Freeze (30m)", {"Title": "Freeze", "Duration": "30m"}),
        ("Freeze (2h 30m) now", {"Title": "Freeze now", "Duration": "2h 30m"}),
        ("Freeze ~1.5h", {"Title": "Freeze", "Duration": "1.5h"}),
        ("Freeze (2)", {"Title": "Freeze (2)"}),
        ("Freeze (see page 3)", {"Title": "Freeze (see page 3)"}),
        ("Freeze after: T1, T2", {"Title": "Freeze", "After": "T1, T2"}),
        ("Freeze (depends on: T1SS+2h) @bo", {"Title": "Freeze", "After": "T1SS+2h", "Owner": "bo"}),
        ("Look after the queue", {"Title": "Look after the queue"}),
        (
            "**T3** Load @bo ~2h (after: T1; T2)",
            {"Id": "T3", "Title": "Load", "Owner": "bo", "Duration": "2h", "After": "T1; T2"},
        ),
    ],
)
def test_a_line_is_id_people_length_predecessors_and_title(text: str, cells: dict[str, str]) -> None:
    assert cells_of(None, text) == cells


@pytest.mark.parametrize(
    ("box", "status"), [("x", "done"), ("X", "done"), ("~", "not applicable"), ("?", "?")]
)
def test_the_mark_in_the_box_is_kept_as_the_status(box: str, status: str) -> None:
    assert cells_of(box, "Freeze")["Status"] == status
    assert "Status" not in cells_of(" ", "Freeze")


def test_a_bar_within_a_cell_is_escaped() -> None:
    assert split_row(r"| a \| b | c<br>d |  |") == ["a | b", "c\nd", ""]


# --- documents as people keep them ---


def test_a_checklist_runs_top_to_bottom_with_its_headings_as_phases(read) -> None:
    said = read("""\
        # Night of the move

        Read the guide first.

        ## Prepare
        - [x] Freeze @asha (30m)
        - [ ] Drain ~1h

        ## Move
        ### Data
        - [ ] Copy
        """)
    plan = said.runbook
    assert (plan.id, plan.title, plan.phases) == ("night-shift", "Night of the move", ("Prepare", "Move"))
    assert [(t.id, t.phase, t.stream, t.after) for t in plan.tasks] == [
        ("freeze", "Prepare", "", ()),
        ("drain", "Prepare", "", (Link(task="freeze"),)),
        ("copy", "Move", "data", (Link(task="drain"),)),
    ]
    assert (plan.tasks[0].owner, plan.tasks[0].duration, plan.tasks[0].custom) == (
        "asha", HOUR / 2, {"Status": "complete"},
    )  # fmt: skip
    assert plan.tasks[1].duration == HOUR
    assert said.notes == (
        "no dependency column: read as a checklist, each task follows the row before it",
        "text that belongs to no task is left out: line 3",
    )


def test_sections_that_say_stream_run_side_by_side(read) -> None:
    plan = read("""\
        ## Stream: Data
        - [ ] Copy
        - [ ] Count
        ## Workstream: Network
        - [ ] Switch
        """).runbook
    assert [(t.stream, t.after) for t in plan.tasks] == [
        ("data", ()), ("data", (Link(task="copy"),)), ("network", ()),
    ]  # fmt: skip


def test_one_predecessor_anywhere_makes_the_order_the_planners(read) -> None:
    plan = read("""\
        - [ ] **T1** Freeze
        - [ ] **T2** Tell
        - [ ] **T3** Load after: T1, T2FF+15m
        """).runbook
    assert [t.after for t in plan.tasks] == [
        (), (), (Link(task="T1"), Link(task="T2", kind=LinkKind.FF, lag=HOUR / 4)),
    ]  # fmt: skip


def test_what_stands_under_a_task_is_a_child_a_field_or_its_description(read) -> None:
    plan = read("""\
        - [ ] **T1** Freeze
          - Verify: a test write is refused
          - rollback step: unfreeze
          - Team: Data
          - call the desk first
          - Note: bring the key
          - [ ] **T2** Lock the API
            ```sh
            curl -X POST /lock
            ```
          1. look

          and look again
        """).runbook
    one, two = plan.tasks
    assert (one.verify, one.rollback, one.team) == ("a test write is refused", "unfreeze", "Data")
    assert one.description == "call the desk first\nNote: bring the key\n1. look\nand look again"
    assert (two.parent, two.description) == ("T1", "curl -X POST /lock")


def test_a_numbered_list_is_a_plan_where_nothing_has_a_box(read) -> None:
    plan = read("1. Freeze\n   - gently\n2. Load\n\n- not a task\n").runbook
    assert [(t.title, t.description) for t in plan.tasks] == [("Freeze", "gently"), ("Load", "")]


def test_points_are_a_plan_where_there_is_nothing_else(read) -> None:
    assert [t.title for t in read("# Plan\n* Freeze\n* Load\n").runbook.tasks] == ["Freeze", "Load"]


def test_a_word_in_brackets_on_several_lines_is_a_label_and_no_id(read) -> None:
    plan = read("- [ ] [DB] Freeze\n- [ ] [DB] Load\n- [ ] [Web] Open\n").runbook
    assert [t.id for t in plan.tasks] == ["db-freeze", "db-load", "Web"]


def test_a_table_is_a_sheet_and_its_heading_the_phase(read) -> None:
    said = read("""\
        ## Prepare
        | Ref | Task | Duration (hours) | Predecessors | Site |
        |-----|:----:|------|---|---|
        | 1 | Freeze | 2 |  | North |
        ## Move
        | Ref | Task | Duration (hours) | Predecessors | Site |
        |-----|:----:|------|---|---|
        | 2 | Load \\| check | 0.5 | 1FS+15m | |

        | Name of the form | Pages |
        |---|---|
        | Crime | 2 |
        """)
    assert [(t.id, t.phase, t.duration) for t in said.runbook.tasks] == [
        ("1", "Prepare", 2 * HOUR), ("2", "Move", HOUR / 2),
    ]  # fmt: skip
    assert said.runbook.tasks[1].title == "Load | check"
    assert said.kept == ("Site",)


def test_fences_and_front_matter_hold_no_tasks(read) -> None:
    plan = read("---\ntags: [x]\n---\n```\n- [ ] not this\n```\n- [ ] this\n").runbook
    assert [t.title for t in plan.tasks] == ["this"]


def test_times_are_the_programmes_and_an_hour_that_happens_twice_is_refused(read) -> None:
    plan = read("- [ ] Freeze\n  - not before: 2026-10-24 09:00\n").runbook
    assert plan.tasks[0].not_before == datetime(2026, 10, 24, 8, tzinfo=UTC)
    with pytest.raises(Invalid, match="happens twice"):
        read("- [ ] Freeze\n  - not before: 2026-10-25 01:30\n")


# --- what is refused ---


def test_what_is_wrong_stands_on_its_line(read) -> None:
    with pytest.raises(Invalid) as error:
        read("# P\n- [ ] **T1** a\n- [ ] **T2** b after: T9\n- [ ] **T2** c\n  - duration: soon\n")
    assert [(line, field) for line, field, _ in problems(error)] == [(3, "After"), (4, "Duration"), (4, "Id")]


@pytest.mark.parametrize("text", ["# Only a title\n", "Some prose.\n", "| a | b |\n|---|---|\n| 1 | 2 |\n"])
def test_a_document_without_tasks_says_what_one_looks_like(read, text: str) -> None:
    with pytest.raises(Invalid) as error:
        read(text)
    assert "- [ ] [T1] Freeze" in error.value.problems[0].expected


def test_a_fence_that_is_not_closed_is_named_by_its_line(read) -> None:
    with pytest.raises(Invalid) as error:
        read("- [ ] a\n  ```yaml cutover\n  verify: x\n")
    assert problems(error) == [(2, "yaml cutover", "a fence is not closed")]


@pytest.mark.parametrize(
    ("fence", "line", "field"),
    [
        ("  verfy: x", 2, "verfy"),
        ("  verify: [x", 3, ""),
        ("  - x", 2, ""),
        ("  type: gate", 2, "type"),
        ("  after: [zz]", 2, "after"),
        ("  deadline: 2026-10-25T01:30", 2, "deadline"),
    ],
)
def test_a_faulty_fence_is_named_by_line_and_field(read, fence: str, line: int, field: str) -> None:
    with pytest.raises(Invalid) as error:
        read(f"- [ ] a\n  ```yaml cutover\n{fence}\n  ```\n")
    assert problems(error)[0][:2] == (line, field)


# --- out and back ---


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(books())
def test_any_runbook_that_is_written_reads_back_equal(
    tmp_path_factory: pytest.TempPathFactory, book: Runbook
) -> None:
    path = tmp_path_factory.mktemp("round") / "plan.md"
    write_markdown(path, book)
    assert read_markdown(path, zone="Europe/London").runbook == book


def test_a_plain_plan_is_written_without_a_fence_under_any_task(tmp_path: Path) -> None:
    tasks = (
        Task(id="T1", title="Freeze", phase="Prepare", owner="asha", deputy="bo", duration=HOUR, verify="Nothing is written"),
        Task(
            id="T2", title="Load", phase="Move", team="data", after=(Link(task="T1", lag=HOUR),), type=TaskType.VALIDATION,
            description="Look twice", custom={"Site": "North"}, optional=True,
        ),
    )  # fmt: skip
    write_markdown(tmp_path / "p.md", Runbook(id="p", title="Plan", tasks=tasks))
    text = (tmp_path / "p.md").read_text(encoding="utf-8")
    assert text[text.index("## Prepare") :] == dedent("""\
        ## Prepare

        - [ ] [T1] Freeze @asha @bo (1h)
          - verify: Nothing is written

        ## Move

        - [ ] [T2] Load after: T1FS+1h
          - type: validation
          - team: data
          - optional: yes
          - Site: North
          Look twice
        """)


def test_a_faulty_plan_is_not_written(tmp_path: Path) -> None:
    book = Runbook(id="p", title="P", tasks=(Task(id="a", title="a", after=(Link(task="b"),)),))
    with pytest.raises(Invalid, match="unknown task 'b'"):
        write_markdown(tmp_path / "p.md", book)
    assert list(tmp_path.iterdir()) == []


# --- anything at all ---


def refused_or_read(path: Path) -> bool:
    try:
        return bool(read_markdown(path, zone="Europe/London").runbook.tasks)
    except Invalid as error:
        return all(p.file and p.message for p in error.problems)


PIECES = [
    *HARD,
    "- [ ] ",
    "  - [x] ",
    "1. ",
    "    ",
    "\n",
    "\n\n",
    "## ",
    "|---|---|",
    "| Task | Id |",
    "yaml cutover",
    "[T1]",
    "after: T1",
    "id: x",
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=25).map("".join))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("any") / "plan.md"
    path.write_text(text, encoding="utf-8", errors="replace", newline="")
    assert refused_or_read(path)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "plan.md"
    path.write_bytes(content)
    assert refused_or_read(path)
