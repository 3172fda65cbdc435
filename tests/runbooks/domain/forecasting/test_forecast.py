"""When it will end and how surely: known distributions, what has happened, and the way back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.domain.forecasting.forecast import ASSUMED_HIGH, ASSUMED_LOW, forecast
from runbooks.domain.plan import Estimate, Task, TaskType
from runbooks.domain.timing.network import schedule

OPENS = datetime(2026, 10, 23, 21, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(hours: float) -> datetime:
    return OPENS + timedelta(hours=hours)


def sure(name: str, after: str = "", hours: float = 1) -> Task:
    """A task whose length is known exactly."""
    span = timedelta(hours=hours)
    return Task(id=name, title=name, after=after, estimate=Estimate(low=span, likely=span, high=span))


def guessed(name: str, after: str = "", low: float = 1, likely: float = 2, high: float = 4) -> Task:
    low_, likely_, high_ = (timedelta(hours=h) for h in (low, likely, high))
    return Task(id=name, title=name, after=after, estimate=Estimate(low=low_, likely=likely_, high=high_))


def test_a_plan_without_doubt_ends_when_the_schedule_says() -> None:
    plan = [
        sure("A"),
        sure("B", "A SS+30m", 3),
        sure("C", "A, B", 2),
        sure("D", "C FF+1h"),
        sure("E", "A SF+9h"),
    ]
    seen = forecast(plan, OPENS, seed=1, samples=50)
    assert seen.p50 == seen.p95 == schedule(plan, OPENS).finish


def test_the_same_seed_gives_the_same_answer_and_another_another() -> None:
    plan = [guessed("A"), guessed("B", "A")]
    assert forecast(plan, OPENS, seed=7) == forecast(plan, OPENS, seed=7)
    assert forecast(plan, OPENS, seed=7).finishes != forecast(plan, OPENS, seed=8).finishes


def test_the_mean_of_a_task_is_perts() -> None:
    """(low + 4 likely + high) / 6, within three standard errors."""
    seen = forecast([guessed("A", low=1, likely=2, high=6)], OPENS, seed=1, samples=20_000)
    mean = sum(((finish - OPENS) / HOUR for finish in seen.finishes), 0.0) / seen.samples
    assert mean == pytest.approx(15 / 6, abs=0.02)


def test_two_equal_branches_end_later_than_either() -> None:
    """Merge bias: the later of two is later than one; PERT by formula does not see it."""
    one = forecast([guessed("A")], OPENS, seed=1)
    two = forecast([guessed("A"), guessed("B")], OPENS, seed=1)
    assert two.p50 > one.p50 + timedelta(minutes=10)


def test_a_bare_duration_is_taken_with_the_stated_margin() -> None:
    seen = forecast([Task(id="A", title="a", duration="10h")], OPENS, seed=1)
    assert at(10 * ASSUMED_LOW) <= seen.finishes[0]
    assert seen.finishes[-1] <= at(10 * ASSUMED_HIGH)
    assert seen.p80 > at(10)
    assert (
        "1 of 1 open tasks have a duration and no estimate: taken as 0.9 to 1.6 times it" in seen.assumptions
    )


def test_tasks_without_any_duration_are_counted_among_the_assumptions() -> None:
    milestone = Task(id="M", title="m", type=TaskType.MILESTONE)
    seen = forecast([Task(id="A", title="a"), sure("B"), milestone], OPENS, seed=1)
    assert "1 of 3 open tasks have no duration: taken as no time at all" in seen.assumptions


def test_the_quantiles_rise_and_the_chance_to_miss_falls_with_the_window() -> None:
    seen = forecast([guessed("A"), guessed("B", "A")], OPENS, seed=1)
    assert seen.p50 < seen.p80 < seen.p95
    assert seen.chance_to_miss(at(0)) == 1
    assert seen.chance_to_miss(seen.p80) == pytest.approx(0.2, abs=0.01)
    assert seen.chance_to_miss(at(9)) == 0
    assert seen.at(0.8) == seen.p80


def test_a_task_slower_than_planned_moves_the_end_before_it_is_over() -> None:
    """The demonstration of R2: a load of four hours at 1.8 times its length is seen after one."""
    plan = [sure("load", hours=4), sure("check", "load", 1)]
    running = {"load": (at(0), None)}
    planned = forecast(plan, OPENS, seed=1, actuals=running, now=at(1))
    slow = forecast(plan, OPENS, seed=1, actuals=running, now=at(1), projected={"load": at(7.2)})
    assert planned.p50 == at(5)
    assert at(8) < slow.p50 < at(9)


def test_a_task_past_its_pessimistic_time_ends_after_now() -> None:
    seen = forecast([guessed("A")], OPENS, seed=1, actuals={"A": (at(0), None)}, now=at(6))
    assert at(6) <= seen.finishes[0] <= seen.finishes[-1] <= at(9)


def test_a_running_task_is_known_to_have_lasted_as_long_as_it_has() -> None:
    before = forecast([guessed("A")], OPENS, seed=1)
    after = forecast([guessed("A")], OPENS, seed=1, actuals={"A": (at(0), None)}, now=at(3))
    assert after.finishes[0] >= at(3)
    assert after.p50 > before.p50
    assert after.finishes[-1] <= at(4)


def test_a_running_task_still_waits_for_the_end_it_is_tied_to() -> None:
    plan, running = [sure("A", hours=4), sure("B", "A FF+1h, A SF+3h")], {"B": (at(0), None)}
    assert forecast(plan, OPENS, seed=1, actuals=running, now=at(0), samples=10).p95 == at(5)


def test_when_all_is_done_the_end_is_certain() -> None:
    done = {"A": (at(0), at(3)), "B": (at(3), at(5))}
    seen = forecast([guessed("A"), guessed("B", "A")], OPENS, seed=1, actuals=done, now=at(6), samples=10)
    assert {seen.p50, seen.p95} == {at(5)}


def test_an_empty_plan_is_over_at_once() -> None:
    assert forecast([], OPENS, seed=1, samples=3).p95 == OPENS


def test_more_samples_than_fit_one_chunk_are_all_drawn() -> None:
    assert len(forecast([guessed("A")], OPENS, seed=1, samples=1_203).finishes) == 1_203


@given(st.integers(0, 2**32), st.integers(1, 8))
def test_no_sample_ends_before_everything_went_as_well_as_it_could(seed: int, n: int) -> None:
    plan = [guessed(f"T{i}", f"T{i - 1}" if i else "") for i in range(n)]
    seen = forecast(plan, OPENS, seed=seed, samples=40)
    assert at(n) <= seen.finishes[0] <= seen.p50 <= seen.p80 <= seen.p95 <= seen.finishes[-1] <= at(4 * n)
