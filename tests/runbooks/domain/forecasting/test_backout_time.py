"""Until when one can turn back: the way back drawn in the samples of the plan itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.domain.forecasting.backout_time import Turning, WayBack
from runbooks.domain.forecasting.forecast import forecast
from runbooks.domain.plan import Task
from tests.runbooks.domain.doubtful import HOUR, OPENS, at, guessed, programme, sure

CLOSES = at(72)
PLAN = [
    sure("freeze"),
    sure("load", "freeze", 10),
    sure("gate", "load", point_of_no_return=True),
    sure("open", "gate"),
]
BACK = (
    sure("drop", hours=4, undoes="load"),
    sure("close", hours=6, undoes="open"),
    sure("thaw", "drop, close", 1, undoes="freeze"),
    sure("tell", "thaw", 0.5),
)


def way(plan: list[Task] | None = None, closes: object = CLOSES, **more: object) -> WayBack:
    turning = Turning(closes, 9 * HOUR, BACK)  # type: ignore[arg-type]
    seen = forecast(plan or PLAN, OPENS, seed=1, samples=40, turning=turning, **more)  # type: ignore[arg-type]
    assert seen.backout is not None
    return seen.backout


def test_without_a_backout_plan_the_stated_length_counts_and_nothing_is_claimed_of_it() -> None:
    turning = Turning(CLOSES, 9 * HOUR)
    back = forecast(PLAN, OPENS, seed=1, samples=10, turning=turning).backout
    assert back is not None
    assert (back.planned, back.length, back.latest, back.back_by) == (False, 9 * HOUR, at(63), None)
    begun = forecast(
        PLAN, OPENS, seed=1, samples=10, turning=turning, actuals={"freeze": (OPENS, None)}, now=at(1)
    )
    assert begun.backout is not None
    assert begun.backout.back_by == at(10)


def test_the_headline_is_the_close_less_the_way_back_from_the_gate() -> None:
    """At the gate `open` has not begun, so there is nothing to close again."""
    back = way()
    assert (back.planned, back.quantile, back.gate) == (True, 0.95, "gate")
    assert back.length == 5.5 * HOUR
    assert back.latest == CLOSES - 5.5 * HOUR


def test_whoever_aborts_now_undoes_only_what_has_begun() -> None:
    assert way(actuals={"freeze": (OPENS, at(1))}, now=at(1)).back_by == at(2.5)
    running = {"freeze": (OPENS, at(1)), "load": (at(1), None)}
    assert way(actuals=running, now=at(3)).back_by == at(8.5)


def test_before_anything_has_begun_there_is_nothing_to_come_back_from() -> None:
    assert way().back_by is None


def test_without_a_gate_ahead_the_whole_way_back_counts() -> None:
    plan = [t.model_copy(update={"point_of_no_return": False}) for t in PLAN]
    back = way(plan)
    assert (back.gate, back.overrun, back.length) == ("", None, 7.5 * HOUR)


def test_gate_and_way_back_together_are_judged_sample_by_sample() -> None:
    """The gate takes one to four hours; the way back from it an hour for certain: five hours are just enough."""
    plan = [guessed("load", low=1, likely=2, high=4), sure("gate", "load", 0.0, point_of_no_return=True)]
    back = (sure("drop", hours=1, undoes="load"),)
    seen = forecast(plan, OPENS, seed=1, turning=Turning(at(3.5), HOUR, back))
    assert seen.backout is not None
    alone = forecast(plan, OPENS, seed=1)
    assert seen.backout.overrun == pytest.approx(alone.chance_to_miss(at(2.5)), abs=0.001)
    assert 0 < seen.backout.overrun < 1
    sure_of_it = forecast(plan, OPENS, seed=1, turning=Turning(at(5), HOUR, back)).backout
    assert sure_of_it is not None
    assert sure_of_it.overrun == 0


def test_bad_luck_of_the_programme_makes_the_way_back_long_as_well() -> None:
    """Joint, not the product of two: together they overrun more often than if they knew nothing of each other."""
    plan = [guessed("load", low=1, likely=2, high=9), sure("gate", "load", 0.0, point_of_no_return=True)]
    back = (guessed("drop", low=1, likely=2, high=9, undoes="load"),)
    closes = at(11)
    from runbooks.domain.forecasting.sampling import INDEPENDENT, Correlation

    chances = []
    for share in (INDEPENDENT, Correlation(0.9, 0.0)):
        seen = forecast(plan, OPENS, seed=1, correlation=share, turning=Turning(closes, HOUR, back))
        assert seen.backout is not None
        assert seen.backout.overrun is not None
        chances.append(seen.backout.overrun)
    assert chances[1] > 1.5 * chances[0]


def test_a_way_back_waits_for_its_teams() -> None:
    back = tuple(guessed(f"U{i}", low=1, likely=1, high=1, team="ops") for i in range(4))
    for capacity, hours in ((1, 4), (2, 2), (4, 1)):
        seen = forecast(
            PLAN,
            OPENS,
            seed=1,
            samples=10,
            programme=programme(ops=capacity),
            turning=Turning(CLOSES, HOUR, back),
        )
        assert seen.backout is not None
        assert seen.backout.length == hours * HOUR


@given(st.floats(1, 60), st.integers(0, 9))
def test_a_later_close_never_brings_the_latest_moment_nearer(hours: float, seed: int) -> None:
    early, late = (way(closes=OPENS + timedelta(hours=hours + more)) for more in (0, seed))
    assert late.latest - early.latest == timedelta(hours=seed)
