"""The way back: made of what each task says undoes it, in reverse order, edited by people, made again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.domain.backout_plan import CONFIRM, backout_id, can_be_undone, make_backout, needed
from runbooks.domain.plan import Action, Effect, Estimate, Link, Runbook, Task, TaskType, faults
from runbooks.domain.timing.network import schedule
from tests.runbooks.domain.timing.test_network import OPENS, plans, task

MINUTE = timedelta(minutes=1)


def book(*tasks: Task, **fields: Any) -> Runbook:
    return Runbook(id="go-live", title="Go-live", tasks=tasks, **fields)


def undoable(name: str, after: str = "", hours: float = 1, **fields: Any) -> Task:
    return task(name, after, hours, **{"rollback": f"take back {name}", **fields})


PLAN = (
    undoable("freeze", team="records", component="records"),
    task("count", "freeze", rollback="none needed: nothing is changed"),
    undoable("load", "count", hours=20),
    undoable("open", "load, freeze", 0.5),
)


def befores(plan: Runbook) -> dict[str, list[str]]:
    return {t.id: [link.task for link in t.after] for t in plan.tasks}


@pytest.mark.parametrize(
    ("words", "can"),
    [("", False), ("-", False), ("None needed: nothing is changed", False), ("n/a", False), ("Nothing to undo", False),
     ("not applicable", False), ("No rollback", False), ("Unfreeze", True), ("Nonessential users off", True), ("Note the time and restore", True)],
)  # fmt: skip
def test_a_task_is_undone_when_its_words_say_more_than_that_there_is_nothing_to_undo(
    words: str, can: bool
) -> None:
    assert can_be_undone(task("A", rollback=words)) is can


def test_an_undo_action_or_its_length_is_enough_and_a_gate_is_never_undone() -> None:
    assert can_be_undone(task("A", undo={"kind": "http"}))
    assert can_be_undone(task("A", undo_duration="0m"))
    assert can_be_undone(task("A", undo_estimate={"low": "1m", "likely": "2m", "high": "3m"}))
    assert not can_be_undone(undoable("G", type=TaskType.APPROVAL))


def test_what_was_done_last_is_undone_first_around_what_needs_no_undoing() -> None:
    made = make_backout(book(*PLAN)).runbook
    assert befores(made) == {
        "undo-open": [],
        "undo-load": ["undo-open"],
        "undo-freeze": ["undo-load", "undo-open"],
        CONFIRM: ["undo-freeze"],
    }
    freeze = made.by_id()["undo-freeze"]
    assert (freeze.undoes, freeze.title, freeze.team, freeze.component) == (
        "freeze", "take back freeze", "records", "records",
    )  # fmt: skip
    assert (made.id, made.title) == ("go-live-backout", "Way back: Go-live")


def test_lengths_are_as_the_plan_says_and_else_guessed_and_said_to_be() -> None:
    estimate = Estimate(low=MINUTE, likely=2 * MINUTE, high=9 * MINUTE)
    way = make_backout(
        book(
            undoable("A", hours=20),
            undoable("B", "A", 0),
            undoable("C", "B", undo_duration="7m"),
            undoable("D", "C", undo_estimate=estimate),
        )
    )
    lengths = {t.undoes: (t.duration, t.estimate) for t in way.runbook.tasks if t.undoes}
    assert lengths == {
        "A": (60 * MINUTE, None), "B": (5 * MINUTE, None), "C": (7 * MINUTE, None), "D": (None, estimate),
    }  # fmt: skip
    (note,) = way.notes
    assert note.startswith("2 of 5 lengths are guessed")
    assert note.endswith("undo-B, undo-A")


def test_what_software_undoes_is_automated_and_asks_a_person_when_it_may_have_happened() -> None:
    action = Action(kind="http", arguments={"path": "/ops/unfreeze"})
    (undo, _) = make_backout(book(task("A", undo=action))).runbook.tasks
    assert (undo.type, undo.action, undo.effect) == (TaskType.AUTOMATED, action, Effect.MANUAL_VERIFY)
    assert undo.title == "Undo: A"


def test_a_plan_that_says_of_nothing_how_it_is_undone_has_no_way_back() -> None:
    assert make_backout(book(task("A"))).runbook.tasks == ()


def test_the_plan_may_name_its_way_back_itself() -> None:
    assert backout_id(book(backout="home")) == "home"
    assert len(backout_id(Runbook(id="x" * 80, title="x"))) == 80


@given(plans(), st.data())
def test_a_way_back_is_a_plan_without_faults_in_which_nothing_is_undone_before_what_came_after_it(
    plan: list[Task], data: st.DataObject
) -> None:
    tasks = [t.model_copy(update={"rollback": data.draw(st.sampled_from(["", "undo it"]))}) for t in plan]
    made = make_backout(book(*tasks)).runbook
    assert faults(made.tasks) == []
    slots = schedule(made.tasks, OPENS).slots
    ends = {t.undoes: slots[t.id].early_finish for t in made.tasks if t.undoes}
    begins = {t.undoes: slots[t.id].early_start for t in made.tasks if t.undoes}
    assert set(ends) == {t.id for t in tasks if t.rollback}
    waits: dict[str, set[str]] = {}

    def all_before(name: str) -> set[str]:
        if name not in waits:
            links = next(t for t in tasks if t.id == name).after
            waits[name] = {link.task for link in links}.union(*(all_before(link.task) for link in links))
        return waits[name]

    for later, end in ends.items():
        assert all(end <= begins[earlier] for earlier in all_before(later) & set(ends))
    assert make_backout(book(*tasks), made).runbook == made


# --- made again -----------------------------------------------------------------------------------------


def edited(plan: Runbook, name: str, **fields: Any) -> Runbook:
    tasks = [t.model_copy(update=fields) if t.id == name else t for t in plan.tasks]
    return plan.model_copy(update={"tasks": tuple(tasks)})


def test_made_again_it_takes_over_what_changed_and_keeps_what_people_edited() -> None:
    way = edited(make_backout(book(*PLAN)).runbook, "undo-load", duration=90 * MINUTE, verify="empty")
    plan = book(
        PLAN[0],
        PLAN[1],
        undoable("load", "count", rollback="drop the tables"),
        PLAN[3],
        undoable("tell", "load"),
    )
    again = make_backout(plan, way).runbook
    load = again.by_id()["undo-load"]
    assert (load.duration, load.verify, load.title) == (90 * MINUTE, "empty", "drop the tables")
    assert befores(again)["undo-load"] == ["undo-open", "undo-tell"]
    assert make_backout(plan, again).runbook == again


def test_a_field_that_changed_in_the_plan_and_was_edited_stays_as_edited_and_is_told() -> None:
    way = edited(make_backout(book(*PLAN)).runbook, "undo-load", title="Empty the tables by hand")
    plan = book(PLAN[0], PLAN[1], undoable("load", "count", rollback="drop the tables"), PLAN[3])
    again = make_backout(plan, way)
    assert again.runbook.by_id()["undo-load"].title == "Empty the tables by hand"
    assert "undo-load: title changed in the plan, and was edited here: kept as edited" in again.notes


def test_the_undoing_of_a_task_that_is_gone_goes_too_unless_somebody_edited_it() -> None:
    way = make_backout(book(*PLAN)).runbook
    shorter = book(PLAN[0], PLAN[3].model_copy(update={"after": (Link(task="freeze"),)}))
    assert befores(make_backout(shorter, way).runbook) == {
        "undo-open": [], "undo-freeze": ["undo-open"], CONFIRM: ["undo-freeze"],
    }  # fmt: skip
    kept = make_backout(shorter, edited(way, "undo-load", duration=MINUTE))
    assert "undo-load" in kept.runbook.by_id()
    assert "undo-load undoes load, which the plan no longer has: kept, because it was edited" in kept.notes


def test_what_people_added_stays_and_a_way_back_written_by_hand_is_all_theirs() -> None:
    way = make_backout(book(*PLAN)).runbook
    mine = task("call", hours=0.25)
    with_mine = way.model_copy(update={"tasks": (*way.tasks, mine)})
    assert make_backout(book(*PLAN), with_mine).runbook == with_mine
    by_hand = Runbook(id="go-live-backout", title="Home", tasks=(task("undo-load", hours=3, undoes="load"),))
    again = make_backout(book(*PLAN), by_hand).runbook
    assert again.by_id()["undo-load"] == by_hand.tasks[0]
    assert set(again.by_id()) == {"undo-load", "undo-open", "undo-freeze", CONFIRM}


def test_a_length_that_somebody_gave_is_no_guess_any_more() -> None:
    way = make_backout(book(undoable("A")))
    assert len(way.notes) == 1
    assert make_backout(book(undoable("A")), edited(way.runbook, "undo-A", duration=59 * MINUTE)).notes == ()


# --- what of it is needed -------------------------------------------------------------------------------


def test_only_what_has_begun_is_undone_and_the_order_stays() -> None:
    way = make_backout(book(*PLAN)).runbook
    now = Runbook(id="now", title="now", tasks=needed(way, {"freeze", "count", "load"}))
    assert befores(now) == {"undo-load": [], "undo-freeze": ["undo-load"], CONFIRM: ["undo-freeze"]}


def test_before_anything_to_undo_has_begun_nothing_is_needed() -> None:
    assert needed(make_backout(book(*PLAN)).runbook, {"count"}) == ()


def test_what_people_added_is_needed_whenever_anything_is() -> None:
    way = make_backout(book(*PLAN)).runbook
    way = way.model_copy(update={"tasks": (*way.tasks, task("call", "undo-open"))})
    assert [t.id for t in needed(way, {"freeze"})] == ["undo-freeze", CONFIRM, "call"]


@given(plans(), st.data())
def test_what_is_needed_is_a_plan_that_takes_no_longer_than_the_whole_way_back(
    plan: list[Task], data: st.DataObject
) -> None:
    made = make_backout(book(*(t.model_copy(update={"rollback": "undo it"}) for t in plan))).runbook
    begun = data.draw(st.sets(st.sampled_from(sorted(t.id for t in plan))))
    left = needed(made, begun)
    assert faults(left) == []
    assert {t.undoes for t in left if t.undoes} == begun
    assert schedule(left, OPENS).finish <= schedule(made.tasks, OPENS).finish
