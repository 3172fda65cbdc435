"""What a run grants and what it refuses; what is due and when."""

from __future__ import annotations

import pytest

from cutover.core.errors import NotFound, Refused
from cutover.core.event import Command
from cutover.domain.gates import Verdict
from runbooks.domain import run_events as ev
from runbooks.domain.execution import (
    Do,
    effect_key,
    next_actions,
    next_deadline,
    run_stream,
)
from runbooks.domain.plan import Effect
from runbooks.domain.run_events import Completion, RunStage, TaskStage
from tests.conftest import START
from tests.runbooks.plans import BACKOUT, HOUR, WINDOW, Bench, auto, gate, start_command, task

# --- people's tasks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["asha", "efua", "bo", "chen"])
def test_owner_deputy_and_team_may_take_a_task(by: str) -> None:
    bench = Bench.of(task("A", owner="asha", deputy="efua", team="data"))
    assert bench.claim("A", by) == ["TaskClaimed"]
    assert bench.at("A").by == by


def test_an_outsider_may_neither_take_finish_nor_fail_it() -> None:
    bench = Bench.of(task("A", owner="asha", team="data"))
    for act in (bench.claim, bench.finish):
        with pytest.raises(Refused, match="A is for asha, bo, chen, not for dev"):
            act("A", "dev")
    bench.claim("A")
    with pytest.raises(Refused, match="not for dev"):
        bench.fail("A", "dev")


def test_a_task_that_names_nobody_is_for_whoever_takes_it() -> None:
    assert Bench.of(task("A")).claim("A", "dev") == ["TaskClaimed"]


def test_no_task_starts_before_its_predecessors_or_its_time() -> None:
    bench = Bench.of(task("A"), task("B", "A FS+1h"))
    with pytest.raises(Refused, match="B is not_startable, not startable"):
        bench.claim("B")
    bench.finish("A")
    with pytest.raises(Refused, match="B may not start before 23 Oct 22:00Z"):
        bench.claim("B")
    bench.after(HOUR)
    bench.claim("B")
    with pytest.raises(Refused, match="B is in_progress"):
        bench.claim("B")


def test_done_claims_first_when_nobody_had() -> None:
    bench = Bench.of(task("A"), task("B"))
    assert bench.finish("A") == ["TaskClaimed", "TaskDone"]
    bench.claim("B")
    assert bench.finish("B") == ["TaskDone", "RunCompleted"]
    assert (bench.at("A").note, bench.at("A").completion) == ("seen", Completion.NORMAL)


def test_a_failed_task_is_tried_again_under_a_new_key_or_skipped() -> None:
    bench = Bench.of(auto("A"))
    first = effect_key(bench.state, "A")
    bench.begin("A")
    bench.outcome("A", ok=False)
    with pytest.raises(Refused):
        bench.finish("A")
    bench.retry("A")
    assert bench.stage("A") is TaskStage.STARTABLE
    assert effect_key(bench.state, "A") != first
    with pytest.raises(Refused):
        bench.retry("A")


def test_what_cannot_be_undone_and_gates_cannot_be_skipped() -> None:
    bench = Bench.of(task("P", point_of_no_return=True), gate("G"))
    with pytest.raises(Refused, match="P cannot be skipped: it is a point of no return"):
        bench.skip("P")
    with pytest.raises(Refused, match="G cannot be skipped: it is a gate"):
        bench.skip("G")


def test_in_a_live_run_nobody_leaves_out_what_is_their_own_unless_the_plan_calls_it_optional() -> None:
    tasks = task("A", owner="bo"), task("B", owner="bo", optional=True), task("C")
    live = Bench.of(*tasks, run_type=ev.RunType.LIVE)
    live.claim("C", by="bo")
    for name in ("A", "C"):
        with pytest.raises(Refused, match="another leaves it out"):
            live.skip(name, by="bo")
        live.skip(name, by="asha")
    live.skip("B", by="bo")
    Bench.of(*tasks).skip("A", by="bo")


def test_an_unknown_task_is_not_found() -> None:
    with pytest.raises(NotFound, match="no task named 'Bx'"):
        Bench.of(task("B1")).claim("Bx")


def test_a_command_that_is_not_a_run_s_is_refused() -> None:
    with pytest.raises(Refused, match="Command is not a command of a run"):
        Bench.of(task("A")).ask(Command(by="asha"))


# --- uncertainty ----------------------------------------------------------------------------------------


def test_an_uncertain_task_is_done_when_its_effect_is_found() -> None:
    bench = Bench.of(auto("A"))
    bench.begin("A")
    bench.uncertain("A")
    assert bench.settle("A", happened=True) == ["TaskDone", "RunCompleted"]


def test_an_uncertain_task_without_effect_may_start_again_under_the_same_key() -> None:
    bench = Bench.of(auto("A"))
    key = effect_key(bench.state, "A")
    bench.begin("A")
    bench.uncertain("A")
    with pytest.raises(Refused):
        bench.begin("A")
    assert bench.settle("A", happened=False) == ["TaskFoundUndone"]
    assert effect_key(bench.state, "A") == key
    assert bench.begin("A") == ["TaskBegun"]


def test_only_what_is_uncertain_is_settled() -> None:
    with pytest.raises(Refused, match="A is startable, not uncertain"):
        Bench.of(auto("A")).settle("A", happened=True)


# --- gates and repairs ----------------------------------------------------------------------------------


def test_a_gate_ends_by_a_decision_only() -> None:
    bench = Bench.of(gate("G"))
    for act in (bench.claim, bench.finish):
        with pytest.raises(Refused, match="G is a gate: it ends by a decision"):
            act("G", "chen")
    bench.ask(ev.BeginTask(by="performer", task="G", key="gate"))
    with pytest.raises(Refused, match="G is a gate"):
        bench.fail("G", "chen")


def test_only_a_gate_is_passed_by_a_verdict() -> None:
    bench = Bench.of(task("A"))
    bench.claim("A")
    with pytest.raises(Refused, match="A is not a gate"):
        bench.say("A", Verdict.GO)


@pytest.mark.parametrize("verdict", [Verdict.GO, Verdict.WAIVED])
def test_a_go_completes_the_gate_and_skips_the_repairs_it_does_not_need(verdict: Verdict) -> None:
    bench = Bench.of(gate("G"), task("fix", repairs="G"), task("next", "G"))
    assert bench.say("G", verdict) == ["TaskDone", "TaskSkipped"]
    assert bench.at("fix").completion is Completion.AUTO
    assert bench.stage("next") is TaskStage.STARTABLE


@pytest.mark.parametrize("verdict", [Verdict.NO_GO, Verdict.EXPIRED, Verdict.WITHDRAWN])
def test_a_no_holds_what_follows_and_the_gate_is_asked_again_once_all_repairs_are_over(
    verdict: Verdict,
) -> None:
    bench = Bench.of(gate("G"), task("one", repairs="G"), task("two", repairs="G"), task("next", "G"))
    assert bench.say("G", verdict) == ["GateSaidNo"]
    assert bench.stage("next") is TaskStage.NOT_STARTABLE
    assert bench.finish("one") == ["TaskClaimed", "TaskDone"]
    assert bench.finish("two") == ["TaskClaimed", "TaskDone", "GateAskedAgain"]
    assert (bench.stage("G"), bench.at("G").round) == (TaskStage.STARTABLE, 2)
    assert bench.say("G", Verdict.GO) == ["TaskDone"]


def test_a_person_may_have_a_failed_gate_asked_anew() -> None:
    bench = Bench.of(gate("G"))
    bench.say("G", Verdict.NO_GO)
    assert bench.retry("G") == ["GateAskedAgain"]
    assert (bench.at("G").round, bench.at("G").tries) == (2, 1)


def test_an_uncertain_repair_is_settled_before_anything_else_happens_to_it() -> None:
    """Its gate went through in a later round: the effect of the repair may still be in the world."""
    bench = Bench.of(gate("G"), auto("fix", repairs="G"))
    bench.say("G", Verdict.NO_GO)
    bench.begin("fix")
    bench.uncertain("fix")
    bench.retry("G")
    assert bench.say("G", Verdict.GO) == ["TaskDone"]
    assert bench.stage("fix") is TaskStage.UNCERTAIN
    assert bench.settle("fix", happened=True) == ["TaskDone", "RunCompleted"]


# --- the point of no return and the way back ------------------------------------------------------------


def test_the_point_of_no_return_says_who_decided_and_until_when_the_way_back_was_open() -> None:
    bench = Bench.of(gate("G", point_of_no_return=True))
    bench.say("G", Verdict.GO, "chen", "asha")
    passed = next(fact.event for fact in bench.facts if isinstance(fact.event, ev.PointOfNoReturnPassed))
    assert passed.latest_backout == START + WINDOW - BACKOUT
    assert (bench.state.no_return_by, bench.state.no_return_at) == ("chen, asha", START)


def test_a_person_who_passes_it_is_named() -> None:
    bench = Bench.of(task("P", point_of_no_return=True), task("B"))
    assert bench.finish("P", "bo") == ["TaskClaimed", "TaskDone", "PointOfNoReturnPassed"]
    assert bench.state.no_return_by == "bo"


def test_before_it_anyone_in_command_may_back_out() -> None:
    bench = Bench.of(task("A"))
    assert bench.ask(ev.BackOut(by="asha", reason="custody is down")) == ["BackoutBegan"]
    assert bench.at("A").completion is Completion.ABANDONED
    with pytest.raises(Refused, match="A is complete, not startable"):
        bench.claim("A")
    assert bench.ask(ev.ConfirmBackedOut(by="asha")) == ["RunBackedOut"]


def test_after_it_two_others_must_sign() -> None:
    bench = Bench.of(task("P", point_of_no_return=True), task("B"))
    bench.finish("P")
    for signed_by in ((), ("chen",), ("asha", "chen"), ("chen", "chen")):
        with pytest.raises(
            Refused, match="was passed at 23 Oct 21:00Z by bo; a forced backout needs the names of 2 others"
        ):
            bench.ask(ev.BackOut(by="asha", reason="all is lost", signed_by=signed_by))
    bench.ask(ev.BackOut(by="asha", reason="all is lost", signed_by=("bo", "chen")))
    assert bench.state.stage is RunStage.BACKING_OUT


# --- the run --------------------------------------------------------------------------------------------


def test_a_pause_starts_nothing_new_and_loses_nothing() -> None:
    bench = Bench.of(task("A"), task("B"), auto("C"))
    bench.claim("A")
    bench.ask(ev.PauseRun(by="asha", message="fire alarm"))
    with pytest.raises(Refused, match=r"the run is paused: nothing new starts \(fire alarm\)"):
        bench.claim("B")
    with pytest.raises(Refused):
        bench.begin("C")
    assert next_actions(bench.state, bench.now) == []
    bench.finish("A")
    bench.ask(ev.UnpauseRun(by="asha"))
    assert [due.task.id for due in next_actions(bench.state, bench.now)] == ["C"]


def test_a_run_whose_last_task_ends_during_a_pause_completes_when_it_is_unpaused() -> None:
    bench = Bench.of(task("A"))
    bench.claim("A")
    bench.ask(ev.PauseRun(by="asha", message="fire alarm"))
    assert bench.finish("A") == ["TaskDone"]
    assert bench.ask(ev.UnpauseRun(by="asha")) == ["RunUnpaused", "RunCompleted"]


def test_a_run_completes_of_itself_and_takes_nothing_more() -> None:
    bench = Bench.of(task("A"))
    assert bench.finish("A")[-1] == "RunCompleted"
    for late in (lambda: bench.finish("A"), lambda: bench.skip("A"), lambda: bench.retry("A")):
        with pytest.raises(Refused, match="the run is complete"):
            late()
    with pytest.raises(Refused, match="A run that is complete cannot be paused; nothing more can follow"):
        bench.ask(ev.PauseRun(by="asha", message="too late"))


def test_a_run_starts_once() -> None:
    bench = Bench.of(task("A"))
    with pytest.raises(Refused, match="A run that is active cannot be started"):
        bench.ask(start_command(task("A")))


# --- what is due ----------------------------------------------------------------------------------------


def due(bench: Bench) -> list[tuple[Do, str]]:
    return [(one.do, one.task.id) for one in next_actions(bench.state, bench.now)]


def test_the_performer_does_its_own_and_leaves_people_s_tasks_to_people() -> None:
    bench = Bench.of(
        task("person"), auto("work"), gate("G"), task("stone", type="milestone"), task("pause", type="wait")
    )
    assert due(bench) == [(Do.PERFORM, "work"), (Do.ASK_GATE, "G"), (Do.COMPLETE_ITSELF, "stone")]
    bench.begin("work")
    bench.ask(ev.BeginTask(by="performer", task="G", key="gate"))
    assert due(bench) == [(Do.READ_GATE, "G"), (Do.COMPLETE_ITSELF, "stone")]
    bench.after(HOUR)
    assert (Do.COMPLETE_ITSELF, "pause") in due(bench)
    bench.uncertain("work")
    assert (Do.SETTLE, "work") in due(bench)


def test_what_only_a_person_can_verify_is_left_to_a_person() -> None:
    bench = Bench.of(auto("A", effect=Effect.MANUAL_VERIFY))
    bench.begin("A")
    bench.uncertain("A")
    assert due(bench) == []


def test_the_next_deadline_is_the_first_moment_still_ahead() -> None:
    bench = Bench.of(task("A"), task("B", start_offset="5h"), task("W", type="wait", start_offset="1h"))
    assert next_deadline(bench.state, START) == START + 2 * HOUR
    assert next_deadline(bench.state, START + 3 * HOUR) == START + 5 * HOUR
    assert next_deadline(bench.state, START + 9 * HOUR) is None


def test_what_follows_a_task_whose_end_lies_ahead_of_our_clock_does_not_wait_for_it() -> None:
    """Somebody ended it on a machine whose clock is ahead; what time alone holds waits for ours."""
    bench = Bench.of(task("A"), auto("B", "A"), task("C", "A"), auto("D", "A", start_offset="1h"))
    bench.after(2 * HOUR)
    bench.claim("A")
    bench.finish("A")
    bench.after(-2 * HOUR)
    assert due(bench) == [(Do.PERFORM, "B")]
    assert bench.claim("C") == ["TaskClaimed"]
    with pytest.raises(Refused, match="may not start before"):
        bench.begin("D")
    assert next_deadline(bench.state, bench.now) == START + HOUR


def test_the_name_of_an_effect_is_one_step_of_a_path() -> None:
    assert effect_key(Bench.of(auto("A")).state, "A") == "small-1.A.1"
    assert run_stream("small-1") == "run:small-1"


# --- a gate that ends without a word --------------------------------------------------------------------


def test_a_gate_that_is_withdrawn_or_expired_to_hold_repairs_nothing_until_it_is_asked_again() -> None:
    bench = Bench.of(gate("G"), auto("fix", repairs="G"), task("B", "G"))
    bench.ask(ev.BeginTask(by="performer", task="G", key="gate:G:1"))
    held = ev.PassGate(by="performer", task="G", verdict=Verdict.EXPIRED, reason="", holds=True)
    assert bench.ask(held) == ["GateHeld"]
    assert (bench.stage("G"), bench.stage("fix"), bench.stage("B")) == (
        TaskStage.FAILED,
        TaskStage.NOT_STARTABLE,
        TaskStage.NOT_STARTABLE,
    )
    assert bench.at("G").note == "expired"
    assert bench.retry("G") == ["GateAskedAgain"]
    assert (bench.stage("G"), bench.at("G").round) == (TaskStage.STARTABLE, 2)
