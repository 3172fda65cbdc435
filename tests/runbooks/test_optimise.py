"""The solver: the optimum of tiny plans, proofs that hold, plans that pass the verifier, and its absence."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings

from cutover.core.errors import Unavailable
from runbooks.domain.capacity.levelling import dispatch
from runbooks.domain.capacity.resequencing import moves
from runbooks.domain.capacity.verifier import faults_of
from runbooks.optimise import optimise, solver_library, steadied
from tests.runbooks.domain.crews import (
    Staffed,
    after,
    hard_plans,
    needless_moves,
    plain_plans,
    shortest,
    staffed,
)
from tests.runbooks.plans import task

pytest.importorskip("ortools", reason="the extra `optimise` is not installed")


def always() -> bool:
    return True


@given(plain_plans())
@settings(max_examples=60, deadline=None)
def test_the_optimum_of_a_tiny_plan_is_found_and_proven(plan: Staffed) -> None:
    found = optimise(plan.net, plan.crew, keep_going=always, workers=1)
    assert (found.plan.finish, found.proven) == (shortest(plan), True)
    assert faults_of(plan.net, plan.crew, found.plan) == []


@given(hard_plans())
@settings(max_examples=60, deadline=None)
def test_whatever_a_plan_asks_the_bound_holds_and_the_plan_can_be_worked(plan: Staffed) -> None:
    found = optimise(plan.net, plan.crew, keep_going=always, workers=1)
    assert faults_of(plan.net, plan.crew, found.plan) == []
    assert found.bound <= found.plan.finish <= dispatch(plan.net, plan.crew).finish


def test_the_deputy_is_given_the_task_that_the_owner_has_no_time_for() -> None:
    tasks = [task("A", owner="bo", duration="3h"), task("B", owner="bo", deputy="chen", duration="2h")]
    plan = staffed(*tasks, task("C", owner="chen"))
    found = optimise(plan.net, plan.crew, keep_going=always)
    assert found.proven
    assert plan.crew.names[found.plan.who[plan.at("B")]] == "chen"


def test_a_run_in_progress_is_solved_from_where_it_is() -> None:
    tasks = [task(f"T{n}", team="data", duration=f"{n + 1}h") for n in range(4)]
    plan = staffed(
        *tasks, task("X", "T3", duration="5h"), actuals={"T0": (after(0), None)}, now=after(2.0001)
    )
    found = optimise(plan.net, plan.crew, keep_going=always)
    assert found.proven
    assert faults_of(plan.net, plan.crew, found.plan) == []


def test_a_search_that_is_stopped_at_once_still_has_a_plan_and_a_bound() -> None:
    plan = staffed(*(task(f"T{n}", team="ops", duration=f"{20 + n}m") for n in range(40)))
    found = optimise(plan.net, plan.crew, keep_going=lambda: False)
    assert faults_of(plan.net, plan.crew, found.plan) == []
    assert 0 < found.bound <= found.plan.finish


def test_the_steady_plan_ends_as_early_and_moves_only_what_it_must() -> None:
    plan, keep, goal = needless_moves()
    near = steadied(plan.net, plan.crew, goal, keep.starts, keep_going=always)
    assert near.finish == goal.finish
    assert [m.task for m in moves(plan.net, plan.crew, keep, near)] == ["L1", "L2", "S"]


def test_without_the_extra_the_install_line_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "ortools"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ortools", None)
    with pytest.raises(Unavailable, match=r"pip install 'cutover-golive\[optimise\]'") as caught:
        solver_library()
    assert caught.value.permanent
