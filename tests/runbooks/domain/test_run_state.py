"""Folding a run's facts: who is released when, and what each fact leaves behind."""

from __future__ import annotations

from datetime import timedelta
from functools import reduce

import pytest

from cutover.core.errors import Refused
from cutover.core.event import Fact
from cutover.domain.gates import Verdict
from runbooks.domain import run_events as ev
from runbooks.domain.execution import RUN_MACHINE
from runbooks.domain.run_events import Completion, RunStage, TaskStage
from runbooks.domain.run_state import MANY, RunState, evolve, evolve_all
from tests.conftest import START
from tests.runbooks.plans import BACKOUT, HOUR, WINDOW, Bench, auto, gate, task


def test_only_tasks_without_open_predecessors_are_startable_when_the_run_begins() -> None:
    bench = Bench.of(task("A"), task("B", "A"))
    assert (bench.stage("A"), bench.stage("B")) == (TaskStage.STARTABLE, TaskStage.NOT_STARTABLE)
    assert bench.at("A").ready_at == START


def test_the_latest_of_several_predecessors_releases() -> None:
    bench = Bench.of(task("A"), task("B"), task("C", "A", "B FS+30m"))
    bench.finish("A")
    assert bench.stage("C") is TaskStage.NOT_STARTABLE
    bench.after(HOUR)
    bench.finish("B")
    assert bench.at("C").ready_at == START + 1.5 * HOUR


def test_a_start_to_start_link_releases_when_its_predecessor_begins() -> None:
    bench = Bench.of(task("A"), task("B", "A SS+15m"))
    bench.after(HOUR)
    bench.claim("A")
    assert bench.at("B").ready_at == START + 1.25 * HOUR


def test_a_skipped_predecessor_releases_start_to_start_too() -> None:
    bench = Bench.of(task("A"), task("B", "A"), task("C", "B SS"))
    bench.skip("B")
    assert bench.stage("C") is TaskStage.STARTABLE


@pytest.mark.parametrize("kind", ["FF", "SF"])
def test_links_that_tie_ends_hold_no_start(kind: str) -> None:
    assert Bench.of(task("A"), task("B", f"A {kind}")).stage("B") is TaskStage.STARTABLE


def test_a_lead_may_release_before_the_end_but_never_before_the_window() -> None:
    bench = Bench.of(task("A"), task("B", "A FS-3h"))
    bench.finish("A")
    assert bench.at("B").ready_at == START


def test_fixed_starts_wait_for_their_moment() -> None:
    later = START + 5 * HOUR
    bench = Bench.of(task("A", not_before=later), task("B", start_offset="2h"))
    assert (bench.at("A").ready_at, bench.at("B").ready_at) == (later, START + 2 * HOUR)


def test_failed_holds_its_successors_and_skipped_releases_them() -> None:
    bench = Bench.of(task("A"), task("B", "A"))
    bench.claim("A")
    bench.fail("A")
    assert bench.stage("B") is TaskStage.NOT_STARTABLE
    bench.skip("A")
    assert bench.stage("B") is TaskStage.STARTABLE
    assert bench.at("A").completion is Completion.SKIPPED


def test_a_repair_is_released_only_by_its_gate_saying_no_and_after_its_own_predecessors() -> None:
    bench = Bench.of(task("A"), gate("G"), task("fix", "A", repairs="G"))
    bench.finish("A")
    assert bench.stage("fix") is TaskStage.NOT_STARTABLE
    bench.say("G", Verdict.NO_GO)
    assert bench.stage("fix") is TaskStage.STARTABLE
    other = Bench.of(task("A"), gate("G"), task("fix", "A", repairs="G"))
    other.say("G", Verdict.NO_GO)
    assert other.stage("fix") is TaskStage.NOT_STARTABLE
    other.finish("A")
    assert other.stage("fix") is TaskStage.STARTABLE


def test_an_outcome_leaves_its_evidence_result_and_times() -> None:
    bench = Bench.of(auto("A"))
    bench.begin("A")
    bench.after(HOUR)
    bench.ask(ev.ReportProgress(by="performer", task="A", expected_end=START + 3 * HOUR, detail="slow"))
    assert (bench.at("A").expected_end, bench.at("A").note) == (START + 3 * HOUR, "slow")
    bench.ask(
        ev.RecordOutcome(by="performer", task="A", ok=True, evidence="25,000 rows", result={"rows": 25_000})
    )
    done = bench.at("A")
    assert (done.started_at, done.ended_at, done.note) == (START, START + HOUR, "25,000 rows")
    assert (done.completion, dict(done.result)) == (Completion.AUTO, {"rows": 25_000})


def test_a_person_who_takes_over_an_automated_task_leaves_no_key_behind() -> None:
    """So a restarted performer does not mistake a person's work for its own."""
    bench = Bench.of(auto("A"))
    bench.begin("A")
    bench.outcome("A", ok=False)
    bench.retry("A")
    bench.claim("A")
    assert bench.at("A").key == ""


def test_the_run_s_own_facts() -> None:
    bench = Bench.of(task("A"))
    assert bench.state.latest_backout == START + WINDOW - BACKOUT
    bench.ask(ev.LinkFlow(by="performer", flow_run_id="one"))
    bench.ask(ev.LinkFlow(by="performer", flow_run_id="two"))
    assert bench.state.flows == ("one", "two")
    forecast = {
        "p50": START,
        "p80": START + HOUR,
        "p95": START + 2 * HOUR,
        "chance_to_miss": 0.1,
        "cause": "first",
    }
    bench.ask(ev.MoveForecast(by="performer", **forecast))
    assert bench.state.forecast is not None
    assert bench.state.forecast.p80 == START + HOUR
    bench.ask(ev.PauseRun(by="asha", message="the lift is full"))
    assert (bench.state.stage, bench.state.message) == (RunStage.PAUSED, "the lift is full")
    bench.ask(ev.UnpauseRun(by="asha"))
    assert bench.state.message == ""
    bench.ask(ev.CancelRun(by="asha", reason="enough"))
    assert bench.state.ended_at == START


def test_a_fact_that_cannot_follow_is_refused_by_the_table() -> None:
    bench = Bench.of(task("A"))
    with pytest.raises(Refused, match="A task that is startable cannot fail"):
        evolve(bench.state, Fact(ev.TaskFailed(task="A", reason="no"), START, "bo"))


def test_a_long_past_folds_to_what_its_facts_lead_to_one_by_one() -> None:
    names = [f"T{n}" for n in range(70)]
    bench = Bench.of(
        *(
            task(name, *([names[n - 1]] if n % 7 else []), point_of_no_return=n == 33)
            for n, name in enumerate(names)
        ),
        gate("G"),
        task("fix", repairs="G"),
    )
    bench.ask(ev.BeginTask(by="performer", task="G", key="gate:G:1"))
    for n, name in enumerate(names):
        bench.claim(name)
        if n == 20:
            bench.ask(ev.PauseRun(by="asha", message="wait"))
            bench.ask(ev.UnpauseRun(by="asha"))
        if n == 40:
            bench.ask(ev.PassGate(by="performer", task="G", verdict=Verdict.NO_GO, reason="not yet"))
        if n % 3 == 0:
            bench.fail(name)
            bench.retry(name)
        bench.finish(name)
        bench.after(timedelta(minutes=5))
    assert len(bench.facts) > MANY
    assert evolve_all(RunState(), bench.facts) == reduce(evolve, bench.facts, RunState()) == bench.state
    assert list(bench.state.tasks.under_way()) == list(RUN_MACHINE.fold(bench.facts).tasks.under_way())


def test_a_long_past_that_cannot_have_been_is_refused_as_a_short_one_is() -> None:
    bench = Bench.of(*(task(f"T{n}") for n in range(MANY)))
    for n in range(MANY):
        bench.claim(f"T{n}")
    with pytest.raises(Refused, match="cannot be claimed"):
        evolve_all(RunState(), [*bench.facts, bench.facts[-1]])
