"""The end of a run is said again when it moved, with what moved it, before the overrun happens."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cutover.domain.gates import Verdict
from runbooks.domain import run_events as ev
from runbooks.forecaster import active_repairs, forecast_of, move, overrun
from tests.conftest import START
from tests.runbooks.plans import HOUR, Bench, auto, gate, task


def moved(bench: Bench) -> ev.MoveForecast | None:
    command = move(bench.state, bench.now, "performer")
    if command:
        bench.ask(command)
    return command


def expect(bench: Bench, name: str, end_in: timedelta) -> None:
    bench.ask(ev.ReportProgress(by="performer", task=name, expected_end=START + end_in, detail="slow"))


def test_the_first_forecast_is_always_said_and_the_same_again_is_not() -> None:
    bench = Bench.of(auto("A", duration="10h"), task("B", "A"))
    first = moved(bench)
    assert first is not None
    assert first.cause == "first forecast"
    assert START + 9 * HOUR < first.p50 <= first.p80 <= first.p95
    assert moved(bench) is None


def test_a_task_that_takes_longer_is_named_with_its_factor_before_it_is_late() -> None:
    bench = Bench.of(auto("A", duration="10h"), task("B", "A"))
    moved(bench)
    bench.begin("A")
    bench.after(HOUR)
    expect(bench, "A", 18 * HOUR)
    command = moved(bench)
    assert command is not None
    assert "later: A Do A is expected to take 1.8 times its plan" in command.cause
    assert overrun(bench.state, "A") == pytest.approx(1.8)
    assert forecast_of(bench.state, bench.now).p50 >= START + 18 * HOUR


def test_the_chance_to_miss_the_window_rises_with_it() -> None:
    bench = Bench.of(auto("A", duration="60h"), task("B", "A"))
    first = moved(bench)
    bench.begin("A")
    expect(bench, "A", 80 * HOUR)
    command = moved(bench)
    assert first is not None
    assert command is not None
    assert first.chance_to_miss < 0.5 < command.chance_to_miss


def test_a_failed_task_holds_what_follows_and_is_named() -> None:
    bench = Bench.of(task("A"), task("B", "A"))
    moved(bench)
    bench.claim("A")
    bench.fail("A")
    bench.after(10 * HOUR)
    command = moved(bench)
    assert command is not None
    assert command.cause.endswith("A failed and holds what follows")


def test_a_gate_that_said_no_brings_its_repairs_into_the_plan() -> None:
    bench = Bench.of(gate("G", duration="1h"), task("fix", repairs="G", duration="9h"), task("B", "G"))
    moved(bench)
    assert active_repairs(bench.state) == set()
    bench.say("G", Verdict.NO_GO)
    assert active_repairs(bench.state) == {"fix"}
    bench.after(HOUR)
    bench.claim("fix")
    command = moved(bench)
    assert command is not None
    assert command.cause.endswith("G said no, repairs are under way")


def test_standing_still_is_said_now_and_then_only() -> None:
    bench = Bench.of(task("A"), task("B", "A"))
    moved(bench)
    bench.after(2 * HOUR)
    assert moved(bench) is None
    bench.after(3 * HOUR)
    command = moved(bench)
    assert command is not None
    assert command.cause.endswith("nothing is in progress")


def test_tasks_that_ended_early_bring_the_end_nearer() -> None:
    bench = Bench.of(auto("A", duration="10h"), task("B", "A", duration="5h"))
    moved(bench)
    bench.begin("A")
    bench.after(HOUR)
    bench.outcome("A")
    bench.claim("B")
    command = moved(bench)
    assert command is not None
    assert "earlier: tasks ended at other times than planned" in command.cause


def test_a_task_that_said_nothing_overruns_nothing() -> None:
    bench = Bench.of(auto("A"))
    assert overrun(bench.state, "A") is None
