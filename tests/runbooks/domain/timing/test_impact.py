"""What an edit would do, before it is accepted: each figure is the difference of two whole schedules."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.core.errors import Invalid, NotFound
from runbooks.domain.plan import Estimate, Link, LinkKind, Task
from runbooks.domain.timing.edit_words import read_edit
from runbooks.domain.timing.impact import Impact, edit_between, impact, removal
from runbooks.domain.timing.laid_out import Edit, edited, lay_out
from runbooks.domain.timing.network import schedule
from tests.runbooks.domain.timing.test_laid_out import edits
from tests.runbooks.domain.timing.test_network import HOUR, OFFICE, OPENS, at, plans, task

CLOSES = at(10)
PLAN = [
    task("A"),
    task("B", "A", 4),
    task("C", "A", 3, deadline=at(5)),
    task("D", "B, C", 2),
]


def told(*sets: str, **more: object) -> Impact:
    return impact(lay_out(PLAN, OPENS), read_edit(PLAN, "UTC", sets=sets, **more), CLOSES)


def test_a_longer_task_moves_what_follows_joins_the_critical_path_and_misses_a_deadline() -> None:
    seen = told("C.duration=5h")
    assert (seen.finish_before, seen.finish_after) == (at(7), at(8))
    assert (seen.margin_before, seen.margin_after) == (3 * HOUR, 2 * HOUR)
    assert [(m.task, m.by) for m in seen.moved] == [("C", 2 * HOUR), ("D", HOUR)]
    assert (seen.critical_joined, seen.critical_left) == (("C",), ("B",))
    assert (seen.deadlines_missed, seen.breaks, seen.misses_window) == (("C",), True, False)


def test_an_edit_that_ends_the_plan_after_the_window_says_so_once() -> None:
    seen = told("D.duration=6h")
    assert (seen.margin_after, seen.misses_window, seen.breaks) == (-HOUR, True, True)
    late = lay_out([*PLAN[:3], task("D", "B, C", 6)], OPENS)
    assert not impact(late, Edit((task("D", "B, C", 7),)), CLOSES).breaks


def test_an_edit_that_shortens_the_plan_breaks_nothing_and_keeps_a_deadline_again() -> None:
    late = [*PLAN[:2], task("C", "A", 6, deadline=at(5)), PLAN[3]]
    seen = impact(lay_out(late, OPENS), edit_between(late, PLAN), CLOSES)
    assert (seen.deadlines_kept, seen.deadlines_missed, seen.breaks) == (("C",), (), False)


def test_tasks_that_move_by_no_more_than_asked_for_are_not_listed() -> None:
    edit = Edit((task("A", hours=1.25),))
    assert not impact(lay_out(PLAN, OPENS), edit, CLOSES, timedelta(minutes=15)).moved
    assert len(impact(lay_out(PLAN, OPENS), edit, CLOSES, timedelta(minutes=14)).moved) == 4


@given(plans(), st.data())
def test_the_impact_is_the_difference_of_two_schedules(plan: list[Task], data: st.DataObject) -> None:
    laid = lay_out(plan, OPENS, calendars=OFFICE)
    edit = data.draw(edits(laid.tasks))
    seen = impact(laid, edit, CLOSES, timedelta(0))
    before = schedule(plan, OPENS, calendars=OFFICE)
    after = schedule(tuple(edited(laid, edit)[0].tasks.values()), OPENS, calendars=OFFICE)
    assert (seen.finish_before, seen.finish_after) == (before.finish, after.finish)
    both = [(n, before.slots[n], slot) for n, slot in after.slots.items() if n in before.slots]
    assert {m.task: (m.start_before, m.start_after, m.end_before, m.end_after) for m in seen.moved} == {
        n: (a.early_start, b.early_start, a.early_finish, b.early_finish)
        for n, a, b in both
        if (a.early_start, a.early_finish) != (b.early_start, b.early_finish)
    }
    critical = [{n for n, slot in s.slots.items() if slot.critical} for s in (before, after)]
    assert set(seen.critical_joined) == critical[1] - critical[0]
    assert set(seen.critical_left) == critical[0] - critical[1]
    assert [m.start_after for m in seen.moved] == sorted(m.start_after for m in seen.moved)


def test_what_was_taken_out_is_waited_around() -> None:
    plan = [task("A"), task("B", "A"), task("C", "B SS+5m, A"), task("D", "C")]
    edit = removal(plan, {"B", "C"})
    assert edit.changed == (task("D", "A"),)
    with pytest.raises(NotFound, match="no task named 'E'"):
        removal(plan, {"E"})


# --- in words -------------------------------------------------------------------------------------------


def changed(*sets: str, **more: object) -> Task:
    (one,) = read_edit(PLAN, "Europe/London", sets=sets, **more).changed
    return one


def test_an_edit_in_words_sets_each_field_as_a_plan_spells_it() -> None:
    assert changed("D.after=B SS+1h; C").after == (
        Link(task="B", kind=LinkKind.SS, lag=HOUR),
        Link(task="C"),
    )
    assert changed("C.not_before=2026-10-24T09:00").not_before == at(11)
    assert changed("C.team=data", "C.optional=true").optional
    assert changed("C.estimate=1h/2h/4h").estimate == Estimate(low=HOUR, likely=2 * HOUR, high=4 * HOUR)
    assert changed("C.deadline=").deadline is None
    assert changed("D.after=").after == ()


def test_a_task_may_be_added_and_taken_out_in_words() -> None:
    new = changed("X.after=D", "X.duration=2h", adds=["X"])
    assert (new.title, new.after, new.expected) == ("X", (Link(task="D"),), 2 * HOUR)
    edit = read_edit(PLAN, "UTC", removes=["B"], sets=["D.duration=1h"])
    assert (edit.removed, edit.changed) == (("B",), (task("D", "A, C", 1),))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("D", "'D' is no edit; expected TASK.FIELD=VALUE"),
        ("Dd.duration=1h", "no task named 'Dd'; did you mean 'D'"),
        ("D.durations=1h", "'durations' is not a field that can be set.*did you mean 'duration'"),
        ("D.duration=soon", "D.duration: 'soon'.*not a duration"),
        ("D.after=Bb", "D.after: unknown task 'Bb'.*did you mean 'B'"),
        ("A.after=D", "wait for each other"),
        ("D.estimate=3h/2h/1h", "D.estimate: the estimate does not rise"),
        ("D.estimate=3h", "D.estimate: '3h'.*required"),
        ("D.not_before=2026-10-25T01:30", "happens twice.*2026-10-25T00:30Z or 2026-10-25T01:30Z"),
        ("D.deadline=2027-03-28T01:30", "does not exist.*2027-03-28T01:30Z or 2027-03-28T00:30Z"),
    ],
)
def test_words_that_are_no_edit_are_refused_with_what_was_expected(words: str, said: str) -> None:
    with pytest.raises(Invalid, match=f"(?s){said}"):
        read_edit(PLAN, "Europe/London", sets=[words])


def test_every_fault_of_an_edit_is_named_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        read_edit(PLAN, "UTC", sets=["X.duration=1h", "D.colour=red"], adds=["A"])
    assert len(caught.value.problems) == 3
