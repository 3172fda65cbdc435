"""What rehearsals teach: worked apart from waited, what to plan instead, and whether there was one at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cutover.core.errors import Invalid
from cutover.domain.programme import Programme
from runbooks.domain.learning import learned, taken_over
from runbooks.domain.plan import Estimate, Task
from runbooks.domain.rehearsals import complete_rehearsals, is_rehearsing, read_rule, rehearsed
from runbooks.domain.run_events import CancelRun, ClaimTask, FinishTask, RunSetup, RunType, SkipTask
from runbooks.domain.run_state import RunState
from tests.conftest import START
from tests.runbooks.plans import HOUR, Bench, book, gate, task

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
LOAD = task("load", "freeze", duration="4h")
PLAN = book(task("freeze"), LOAD)


def rehearsal(
    load: timedelta, wait: timedelta = timedelta(0), plan: tuple[Task, ...] = PLAN.tasks, **more: object
) -> RunState:
    """Freeze takes its hour; whoever loads comes late by `wait` and takes `load`."""
    bench = Bench.of(*plan, **more)
    bench.ask(ClaimTask(by="bo", task="freeze"))
    bench.after(HOUR)
    bench.ask(FinishTask(by="bo", task="freeze"))
    bench.after(wait)
    bench.ask(ClaimTask(by="bo", task="load"))
    bench.after(load)
    bench.ask(FinishTask(by="bo", task="load"))
    return bench.state


def test_worked_time_is_told_apart_from_waiting_and_compared_with_the_plan() -> None:
    freeze, load = learned(PLAN, [rehearsal(6 * HOUR, 20 * MINUTE), rehearsal(5 * HOUR)])
    assert (freeze.variance, freeze.needs_revision) == (0, False)
    assert (load.planned, load.worked, load.waited) == (
        4 * HOUR, (6 * HOUR, 5 * HOUR), (20 * MINUTE, timedelta(0)),
    )  # fmt: skip
    assert load.variance == 5.5 / 4 - 1
    assert load.needs_revision


@pytest.mark.parametrize(("took", "revise"), [(275, False), (277, True), (205, False), (203, True)])
def test_more_than_fifteen_per_cent_off_either_way_needs_revision(took: int, revise: bool) -> None:
    assert learned(PLAN, [rehearsal(took * MINUTE)])[1].needs_revision is revise


def test_what_is_suggested_moves_towards_what_was_worked_and_rises() -> None:
    one, two = (learned(PLAN, [rehearsal(6 * HOUR)] * n)[1].suggested for n in (1, 4))
    assert 4 * HOUR < one.likely < two.likely <= 6.5 * HOUR
    for guess in (one, two):
        assert guess.low <= guess.likely <= guess.high
        assert guess.likely % MINUTE == timedelta(0)


def test_what_was_taken_over_is_not_learnt_again() -> None:
    runs = [rehearsal(6 * HOUR)]
    lessons = learned(PLAN, runs)
    wiser = taken_over(PLAN, lessons)
    assert wiser.by_id()["load"].estimate == lessons[1].suggested
    assert wiser.by_id()["load"].duration == lessons[1].suggested.likely
    assert learned(wiser, runs) == lessons


def test_a_task_that_had_only_an_estimate_keeps_having_only_one() -> None:
    guess = Estimate(low=HOUR, likely=4 * HOUR, high=9 * HOUR)
    plan = book(task("freeze"), LOAD.model_copy(update={"duration": None, "estimate": guess}))
    runs = [rehearsal(6 * HOUR, plan=plan.tasks)]
    assert taken_over(plan, learned(plan, runs)).by_id()["load"].duration is None


def test_a_task_planned_as_nothing_is_off_without_measure_and_gets_what_it_took() -> None:
    plan = book(task("freeze"), LOAD.model_copy(update={"duration": None}))
    (_, load) = learned(plan, [rehearsal(6 * HOUR, plan=plan.tasks)])
    assert (load.variance, load.needs_revision) == (float("inf"), True)
    assert load.suggested.likely > 4 * HOUR


def test_only_work_counts_neither_gates_nor_what_was_skipped_nor_walk_throughs_nor_what_was_broken_off() -> (
    None
):
    bench = Bench.of(*PLAN.tasks)
    bench.ask(SkipTask(by="bo", task="freeze", reason="done before"))
    bench.ask(SkipTask(by="bo", task="load", reason="done before"))
    assert learned(PLAN, [bench.state]) == []
    assert learned(PLAN, [rehearsal(6 * HOUR, setup=RunSetup(auto=True))]) == []
    assert learned(PLAN, [rehearsal(6 * HOUR, run_type=RunType.LIVE)]) == []
    broken = Bench.of(*PLAN.tasks)
    broken.ask(CancelRun(by="asha", reason="fire drill"))
    assert complete_rehearsals([broken.state]) == []
    asked = book(task("freeze"), LOAD, gate("G", "load"))
    assert [one.task for one in learned(asked, [rehearsal(6 * HOUR)])] == ["freeze", "load"]


def test_of_a_task_with_a_calendar_only_its_hours_are_work() -> None:
    programme = Programme(
        title="Records",
        window={"opens": "2030-01-01T00:00", "closes": "2030-01-02T00:00"},
        calendars={"mornings": [{"opens": "06:00", "closes": "12:00"}]},
    )
    plan = book(task("freeze"), LOAD.model_copy(update={"calendar": "mornings"}))
    midnight = START.replace(hour=0, minute=0) + DAY
    took = midnight + 31 * HOUR - (START + HOUR)  # until 07:00 on the day after the next: six hours and one
    (_, load) = learned(plan, [rehearsal(took, plan=plan.tasks)], programme)
    assert load.worked == (7 * HOUR,)


# --- was it rehearsed -----------------------------------------------------------------------------------


def test_a_complete_rehearsal_counts_for_so_long_and_then_no_more() -> None:
    run = rehearsal(4 * HOUR)
    ended = START + 5 * HOUR
    assert rehearsed([run], 30 * DAY, ended + 30 * DAY).is_met
    late = rehearsed([run], 30 * DAY, ended + 31 * DAY)
    assert (late.is_met, late.detail) == (
        False, "not ready: no complete rehearsal in 30d; small-1 ended 31d ago",
    )  # fmt: skip
    assert rehearsed([], DAY, START).detail == "not ready: no complete rehearsal at all"


def test_the_newest_rehearsal_counts_and_only_of_the_runbook_asked_for() -> None:
    old = rehearsal(4 * HOUR)
    new = replace(old, run_id="small-2", ended_at=START + 9 * DAY)
    assert rehearsed([new, old], DAY, START + 10 * DAY).detail == "small-2 was worked to its end 1d ago"
    assert rehearsed([old, new], DAY, START + 10 * DAY, "small").is_met
    assert (
        rehearsed([new], DAY, START + 10 * DAY, "other").detail
        == "not ready: no complete rehearsal of other at all"
    )


def test_the_rule_is_an_age_and_perhaps_a_runbook() -> None:
    assert read_rule("30d") == (30 * DAY, "")
    assert read_rule("12h:go-live") == (12 * HOUR, "go-live")
    with pytest.raises(Invalid, match="'rehearsal:soon' says no age; expected an age such as rehearsal:30d"):
        read_rule("soon")


def test_a_rehearsal_under_way_asks_for_no_earlier_one_unless_a_live_run_is_under_way_too() -> None:
    rehearsing, live = Bench.of(*PLAN.tasks).state, Bench.of(*PLAN.tasks, run_type=RunType.LIVE).state
    assert is_rehearsing([rehearsing, rehearsal(HOUR)])
    assert not is_rehearsing([rehearsing, live])
    assert not is_rehearsing([rehearsal(HOUR)])
