"""Monte Carlo against what is known exactly: distributions of series-parallel plans, schedules, coverage."""

from __future__ import annotations

from datetime import timedelta
from math import erf, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runbooks.domain.forecasting.forecast import forecast, look_ahead
from runbooks.domain.forecasting.sampling import INDEPENDENT, Correlation
from runbooks.domain.forecasting.situation import Situation
from runbooks.domain.plan import Distribution, Link, LinkKind, Task
from runbooks.domain.timing.network import schedule
from tests.runbooks.domain.doubtful import (
    HOUR,
    OPENS,
    all_of,
    at,
    density,
    distance,
    guessed,
    one_after_the_other,
    sure,
)

# Kolmogorov: one in a hundred honest samples is further away; and what the grid of scores rounds, at most.
BOUND = 1.63 / sqrt(20_000) + 0.0016
A, B = guessed("A", low=1, likely=2, high=4), guessed("B", "A", 2, 2.5, 6)
C, D = guessed("C", low=2, likely=4, high=5), guessed("D", "C", 1, 1.1, 3)
E = guessed("E", "B, D", 0.5, 2.9, 3)


@pytest.mark.parametrize("triangular", [False, True])
def test_a_series_parallel_plan_has_the_distribution_it_has_by_calculation(triangular: bool) -> None:
    def part(task: Task) -> np.ndarray:
        return density(task, 16, triangular=triangular)

    exact = one_after_the_other(
        all_of(one_after_the_other(part(A), part(B)), one_after_the_other(part(C), part(D))), part(E)
    )
    shape = Distribution.TRIANGULAR if triangular else Distribution.PERT
    seen = forecast(
        [A, B, C, D, E], OPENS, seed=3, samples=20_000, distribution=shape, correlation=INDEPENDENT
    )
    assert distance(seen.finishes, exact, 3) < BOUND


@pytest.mark.parametrize("share", [INDEPENDENT, Correlation(), Correlation(0.3, 0.3)])
def test_however_tasks_go_together_each_keeps_its_own_distribution(share: Correlation) -> None:
    task = guessed("A", low=1, likely=1.5, high=5, team="data")
    seen = forecast([task], OPENS, seed=5, samples=20_000, correlation=share)
    assert distance(seen.finishes, density(task, 6), 1) < BOUND


def test_a_running_task_has_the_rest_of_its_distribution() -> None:
    """Far in its tail, where one draw in 60 of the whole distribution would be left."""
    seen = forecast([A], OPENS, seed=7, samples=20_000, actuals={"A": (OPENS, None)}, now=at(3.4))
    cells = density(A, 6)
    cells[: round(3.4 * 512)] = 0
    assert distance(seen.finishes, cells / cells.sum(), 1) < BOUND


def test_the_common_factors_widen_the_end_and_leave_the_middle() -> None:
    plan = [guessed(f"T{i}", f"T{i - 1}" if i else "", team="data") for i in range(20)]
    alone, together = (forecast(plan, OPENS, seed=1, correlation=c) for c in (INDEPENDENT, Correlation()))
    assert together.p95 - together.p50 > 1.5 * (alone.p95 - alone.p50)
    assert abs(together.p50 - alone.p50) < timedelta(minutes=30)


def test_two_equal_branches_are_each_critical_half_the_time() -> None:
    seen = forecast(
        [guessed("A"), guessed("B"), guessed("C", "A, B")], OPENS, seed=1, correlation=INDEPENDENT
    )
    assert seen.criticality["A"] == pytest.approx(0.5, abs=0.02)
    assert seen.criticality["A"] + seen.criticality["B"] == pytest.approx(1, abs=0.01)
    assert seen.criticality["C"] == 1


links = st.tuples(st.sampled_from(LinkKind), st.integers(-90, 90))


@st.composite
def plans(draw: st.DrawFn) -> list[Task]:
    """Plans without doubt, with links of all kinds, leads and lags."""
    tasks: list[Task] = []
    for i in range(draw(st.integers(1, 9))):
        before = draw(st.sets(st.integers(0, i - 1), max_size=3)) if i else set()
        after = [
            Link(task=f"T{b}", kind=kind, lag=timedelta(minutes=lag))
            for b in sorted(before)
            for kind, lag in [draw(links)]
        ]
        tasks.append(
            sure(f"T{i}", hours=draw(st.integers(0, 40)) / 4).model_copy(update={"after": tuple(after)})
        )
    return tasks


@given(plans())
def test_a_plan_without_doubt_ends_and_is_critical_as_the_schedule_says(plan: list[Task]) -> None:
    said, seen = schedule(plan, OPENS), forecast(plan, OPENS, seed=1, samples=3)
    assert set(seen.finishes) == {said.finish}
    assert all(seen.criticality[name] == 1 for name in said.critical_path)


@given(plans(), st.data())
def test_a_plan_without_doubt_that_runs_ends_when_the_schedule_says(
    plan: list[Task], data: st.DataObject
) -> None:
    said = schedule(plan, OPENS)
    now = at(data.draw(st.integers(0, 60)) / 4)
    begun = {
        n: (s.early_start, s.early_finish if s.early_finish <= now else None)
        for n, s in said.slots.items()
        if s.early_start <= now
    }
    again = schedule(plan, OPENS, actuals=begun, now=now)
    seen = forecast(plan, OPENS, seed=1, samples=2, actuals=begun, now=now)
    assert set(seen.finishes) == {again.finish}


@given(st.integers(0, 99), st.integers(0, 5), st.floats(1.01, 3))
@settings(max_examples=20)
def test_more_work_never_ends_earlier_in_any_sample(seed: int, which: int, factor: float) -> None:
    plan = [guessed(f"T{i}", f"T{i - 2}" if i > 1 else "", team="data") for i in range(6)]
    guess = plan[which].estimate
    assert guess is not None
    more = {name: getattr(guess, name) * factor for name in ("low", "likely", "high")}
    longer = [*plan]
    longer[which] = plan[which].model_copy(update={"estimate": guess.model_copy(update=more)})
    before, after = (forecast(p, OPENS, seed=seed, samples=50).finishes for p in (plan, longer))
    assert all(a <= b for a, b in zip(before, after, strict=True))


@given(st.integers(0, 99), st.floats(0, 12))
@settings(max_examples=20)
def test_what_is_open_never_ends_in_the_past(seed: int, hours: float) -> None:
    now = at(hours)
    seen = forecast([A, B, C, D, E], OPENS, seed=seed, samples=20, actuals={"A": (OPENS, None)}, now=now)
    assert seen.finishes[0] >= now


# --- coverage -------------------------------------------------------------------------------------------

PLAN = [
    guessed(f"T{i}", f"T{i - 3}" if i > 2 else "", 1, 1.5 + i % 3 / 2, 5, team=f"team{i % 2}")
    for i in range(12)
]


def _truth(rng: np.random.Generator) -> list[Task]:
    """One run as the model has it, drawn by other means: a normal copula, its quantiles looked up in rng.beta's."""
    programme, teams, own = rng.normal(), rng.normal(size=2), rng.normal(size=len(PLAN))
    played = []
    for i, task in enumerate(PLAN):
        assert task.estimate is not None
        z = sqrt(0.1) * programme + sqrt(0.1) * teams[i % 2] + sqrt(0.8) * own[i]
        low, likely, high = (p / HOUR for p in (task.estimate.low, task.estimate.likely, task.estimate.high))
        share = (likely - low) / (high - low)
        many = np.sort(np.random.default_rng(i % 3).beta(1 + 4 * share, 5 - 4 * share, size=1_000))
        played.append(sure(task.id, hours=low + (high - low) * many[int(1_000 * (1 + erf(z / sqrt(2))) / 2)]))
    return [p.model_copy(update={"after": t.after}) for p, t in zip(played, PLAN, strict=True)]


def test_the_p80_covers_four_in_five_of_500_runs_at_their_beginning_and_half_way() -> None:
    rng = np.random.default_rng(2026)
    first = look_ahead(Situation(PLAN, OPENS), seed=1)
    at_first = at_half = 0
    for run in range(500):
        real = schedule(_truth(rng), OPENS)
        now = at(rng.uniform(1, 5))
        begun = {
            name: (s.early_start, s.early_finish if s.early_finish <= now else None)
            for name, s in real.slots.items()
            if s.early_start <= now
        }
        later = look_ahead(Situation(PLAN, OPENS, begun, now), seed=run, samples=500)
        at_first += real.finish <= first.p80
        at_half += real.finish <= later.p80
    assert 0.75 <= at_first / 500 <= 0.85
    assert 0.75 <= at_half / 500 <= 0.85
