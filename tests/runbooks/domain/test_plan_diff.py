"""What a re-import would change: absent column, empty cell, absent row; ids that read alike."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.domain.gates import Criterion
from runbooks.domain.plan import Estimate, Runbook, Stream, Task, TaskGate, TaskType
from runbooks.domain.plan_diff import CHAINED, Change, diff, merged

GATE = TaskGate(
    deciders=("chen",), quorum=1, criteria=(Criterion(id="c", title="Counts agree", source="person"),)
)
PLAN = Runbook(
    id="night",
    title="Night",
    streams=(Stream(id="data", title="Data"),),
    phases=("Night",),
    tasks=(
        Task(id="T-01", title="Freeze", duration="1h", owner="asha", verify="no writes", custom={"Site": "Leeds", "Cost": "5"}),
        Task(id="T-02", title="Load", duration="2h", after="T-01"),
        Task(id="T-03", title="Go or no-go", type="approval", after="T-02", gate=GATE),
    ),
)  # fmt: skip


def book(*tasks: Task, **fields: object) -> Runbook:
    return Runbook.model_validate({"id": "night", "title": "night-v2", **fields, "tasks": tasks})


def all_of(read: Runbook, *fields: str) -> dict[str, frozenset[str]]:
    return {task.id: frozenset(fields) for task in read.tasks}


SAME = tuple(Task(id=t.id, title=t.title) for t in PLAN.tasks)


def test_an_absent_column_is_unchanged() -> None:
    read = book(*SAME)
    assert diff(PLAN, read, all_of(read, "title"), frozenset()).is_empty
    assert merged(PLAN, read, all_of(read, "title"), frozenset()) == PLAN


def test_an_empty_cell_clears() -> None:
    read = book(*SAME)
    found = diff(PLAN, read, all_of(read, "title", "duration", "custom.Cost"), frozenset())
    assert found.changes == (
        Change("T-01", "duration", "1h", ""),
        Change("T-01", "custom.Cost", "5", ""),
        Change("T-02", "duration", "2h", ""),
    )
    after = merged(PLAN, read, all_of(read, "title", "duration", "custom.Cost"), frozenset()).by_id()
    assert (after["T-01"].duration, after["T-01"].custom, after["T-01"].owner) == (
        None,
        {"Site": "Leeds"},
        "asha",
    )


def test_a_changed_cell_is_shown_field_by_field() -> None:
    read = book(SAME[0], SAME[1].model_copy(update={"duration": timedelta(hours=3), "owner": "bo"}), SAME[2])
    found = diff(PLAN, read, {"T-02": frozenset({"duration", "owner"})}, frozenset())
    assert found.changes == (Change("T-02", "owner", "", "bo"), Change("T-02", "duration", "2h", "3h"))


def test_an_absent_row_stays_where_it_stood_until_its_removal_is_asked_for() -> None:
    read = book(SAME[0], SAME[2])
    given_ = all_of(read, "title")
    found = diff(PLAN, read, given_, frozenset())
    assert (found.added, found.removed, found.is_empty) == ((), ("T-02",), True)
    assert [t.id for t in merged(PLAN, read, given_, frozenset()).tasks] == ["T-01", "T-02", "T-03"]
    gone = merged(PLAN, read, given_, frozenset(), remove_absent=True)
    assert [t.id for t in gone.tasks] == ["T-01", "T-03"]


def test_a_new_row_stands_where_the_file_has_it() -> None:
    read = book(SAME[0], Task(id="T-01a", title="Drain"), *SAME[1:])
    assert diff(PLAN, read, all_of(read, "title"), frozenset()).added == ("T-01a",)
    assert [t.id for t in merged(PLAN, read, all_of(read, "title"), frozenset()).tasks] == ["T-01", "T-01a", "T-02", "T-03"]  # fmt: skip


def test_rows_in_another_order_are_said_to_be() -> None:
    read = book(SAME[1], SAME[0], SAME[2])
    assert diff(PLAN, read, all_of(read, "title"), frozenset()).reordered
    assert [t.id for t in merged(PLAN, read, all_of(read, "title"), frozenset()).tasks] == [
        "T-02",
        "T-01",
        "T-03",
    ]


@pytest.mark.parametrize(
    ("new", "old"), [("T-O1", "T-01"), ("t_01", "T-01"), ("T-0l", "T-01"), ("T-01x", "T-01"), ("T-07", ""), ("N-9", "")]
)  # fmt: skip
def test_a_new_id_that_reads_like_an_absent_one_is_pointed_out(new: str, old: str) -> None:
    read = book(Task(id=new, title="Something else"), *SAME[1:])
    assert diff(PLAN, read, all_of(read, "title"), frozenset()).alike.get(new, "") == old


def test_a_new_id_with_the_title_of_an_absent_task_is_pointed_out() -> None:
    read = book(Task(id="R-77", title="Freeze"), *SAME[1:])
    assert diff(PLAN, read, all_of(read, "title"), frozenset()).alike == {"R-77": "T-01"}


def test_a_gate_made_of_a_name_gives_way_to_one_that_somebody_wrote() -> None:
    made = SAME[2].model_copy(update={"type": TaskType.APPROVAL, "gate": TaskGate(deciders=("dev",))})
    read = book(SAME[0], SAME[1].model_copy(update={"gate": made.gate}), made)
    after = merged(PLAN, read, all_of(read, "title", "gate?"), frozenset()).by_id()
    assert (after["T-03"].gate, after["T-02"].gate) == (GATE, made.gate)


def test_one_part_of_a_gate_is_changed_alone() -> None:
    read = book(SAME[0], SAME[1], SAME[2].model_copy(update={"gate": TaskGate(deciders=(), quorum=2)}))
    spoken = {"T-03": frozenset({"gate.quorum"})}
    assert diff(PLAN, read, spoken, frozenset()).changes == (Change("T-03", "gate.quorum", "1", "2"),)
    changed = merged(PLAN, read, spoken, frozenset()).by_id()["T-03"].gate
    assert changed is not None
    assert (changed.deciders, changed.quorum, changed.criteria) == (("chen",), 2, GATE.criteria)


def test_an_estimate_that_is_cleared_is_none() -> None:
    plan = book(Task(id="A", title="a", estimate=Estimate(low="1h", likely="2h", high="3h")))
    read = book(Task(id="A", title="a"))
    spoken = {"A": frozenset({"estimate.low", "estimate.likely", "estimate.high"})}
    assert merged(plan, read, spoken, frozenset()).tasks[0].estimate is None


def test_a_file_of_tasks_leaves_the_title_and_adds_streams_and_phases() -> None:
    read = book(
        *SAME, streams=(Stream(id="data", title="x"), Stream(id="net", title="Net")), phases=("Morning",)
    )
    after = merged(PLAN, read, all_of(read, "title"), frozenset())
    assert (after.title, [s.id for s in after.streams], after.phases) == (
        "Night",
        ["data", "net"],
        ("Night", "Morning"),
    )


def test_a_file_that_speaks_of_everything_is_the_plan_afterwards() -> None:
    read = book(Task(id="T-02", title="Load it"), phases=("Morning",))
    assert merged(PLAN, read, remove_absent=True) == read


def chain(*names: str) -> Runbook:
    pairs = zip(names, ("", *names), strict=False)
    return book(*(Task(id=name, title=name, after=before) for name, before in pairs))


def links(plan: Runbook) -> dict[str, list[str]]:
    return {task.id: [str(link) for link in task.after] for task in plan.tasks}


def test_a_row_put_into_a_checklist_is_followed_by_the_next() -> None:
    read = chain("A", "N", "B")
    after = merged(chain("A", "B"), read, all_of(read, "title", CHAINED), frozenset())
    assert links(after) == {"A": [], "N": ["A"], "B": ["N"]}


def test_a_part_of_a_checklist_leaves_its_links_until_the_rest_is_removed() -> None:
    read = chain("B", "C")
    spoken = all_of(read, "title", CHAINED)
    plan = chain("A", "B", "C")
    assert links(merged(plan, read, spoken, frozenset())) == {"A": [], "B": ["A"], "C": ["B"]}
    assert links(merged(plan, read, spoken, frozenset(), remove_absent=True)) == {"B": [], "C": ["B"]}


def test_the_rows_of_a_checklist_say_nothing_of_a_plan_with_links_of_its_own() -> None:
    plan = book(
        Task(id="A", title="A"), Task(id="B", title="B", after="A FS+1h"), Task(id="C", title="C", after="A")
    )
    read = chain("C", "B", "A")
    assert links(merged(plan, read, all_of(read, "title", CHAINED), frozenset())) == links(
        plan.model_copy(update={"tasks": tuple(reversed(plan.tasks))})
    )


ids = st.lists(st.sampled_from([f"T{n}" for n in range(8)]), unique=True, min_size=1)


@given(ids, ids)
def test_taking_over_keeps_every_task_once_and_the_order_of_the_file(old: list[str], new: list[str]) -> None:
    current = book(*(Task(id=name, title="old") for name in old))
    read = book(*(Task(id=name, title="new") for name in new))
    after = [task.id for task in merged(current, read, all_of(read, "title"), frozenset()).tasks]
    assert sorted(after) == sorted({*old, *new})
    assert [name for name in after if name in new] == new


@given(ids, ids)
def test_what_was_taken_over_changes_nothing_the_second_time(old: list[str], new: list[str]) -> None:
    current = book(*(Task(id=name, title="old", owner="asha") for name in old))
    read = book(*(Task(id=name, title="new") for name in new))
    spoken = all_of(read, "title")
    once = merged(current, read, spoken, frozenset())
    assert diff(once, read, spoken, frozenset()).is_empty
    assert merged(once, read, spoken, frozenset()) == once
