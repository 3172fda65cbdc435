"""Durations from past runs: wide while they are few, and the plan's own estimate until they say otherwise."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.domain.forecasting.calibration import PastRun, calibrated, past_run, place
from runbooks.domain.forecasting.fitting import _t95, fit, fitted, past_durations
from runbooks.domain.forecasting.forecast import forecast
from runbooks.domain.plan import Estimate, Task
from runbooks.domain.run_events import RunSetup
from tests.runbooks.domain.doubtful import HOUR, OPENS, at, guessed
from tests.runbooks.plans import Bench, task

PLANNED = guessed("A", low=1, likely=2, high=4)


def width(guess: Estimate) -> timedelta:
    return guess.high - guess.low


@pytest.mark.parametrize(("freedom", "point"), [(3, 2.353), (5, 2.015), (30, 1.697)])
def test_students_t_is_the_tables(freedom: float, point: float) -> None:
    assert _t95(freedom) == pytest.approx(point, abs=0.002)


def test_few_rehearsals_give_wide_bands_and_many_narrow_ones() -> None:
    widths = [width(fit(PLANNED, [2 * HOUR] * n)) for n in (1, 3, 10, 100)]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > width(PLANNED.estimate or Estimate(low=HOUR, likely=HOUR, high=HOUR))
    assert widths[-1] < HOUR


def test_one_slow_rehearsal_moves_the_estimate_part_of_the_way_many_move_it_all() -> None:
    likely = [fit(PLANNED, [4 * HOUR] * n).likely for n in (1, 5, 200)]
    assert likely == sorted(likely)
    assert likely[0] < 3 * HOUR
    assert likely[-1] > 3.8 * HOUR


def test_one_absurd_rehearsal_is_believed_as_far_as_half_the_plan() -> None:
    assert fit(PLANNED, [timedelta(seconds=1)]) == fit(PLANNED, [timedelta(0)])
    assert fit(PLANNED, [timedelta(seconds=1)]).likely > HOUR / 2


@given(st.lists(st.floats(0, 10**6), min_size=1, max_size=6), st.floats(0.1, 10**5))
def test_whatever_happened_the_estimate_rises(seconds: list[float], planned: float) -> None:
    one = Task(id="A", title="a", duration=timedelta(seconds=planned))
    found = fit(one, [timedelta(seconds=s) for s in seconds])
    assert timedelta(0) <= found.low <= found.likely <= found.high


def test_only_tasks_that_were_done_and_are_planned_are_fitted() -> None:
    plan = [PLANNED, guessed("B"), Task(id="C", title="c")]
    assert set(fitted(plan, {"A": [HOUR], "C": [HOUR], "Z": [HOUR]})) == {"A"}


def test_a_fitted_forecast_says_so_and_uses_it() -> None:
    slow = fitted([PLANNED], {"A": [5 * HOUR] * 8})
    before, after = forecast([PLANNED], OPENS, seed=1), forecast([PLANNED], OPENS, seed=1, fits=slow)
    assert after.p50 > before.p50 + HOUR
    assert any(line.startswith("1 of 1 open tasks are fitted from past runs") for line in after.assumptions)


def done(**setup: bool) -> Bench:
    bench = Bench.of(task("A"), task("B", "A"), setup=RunSetup(**setup))
    bench.claim("A")
    bench.after(3 * HOUR)
    bench.finish("A")
    bench.skip("B")
    return bench


def test_what_was_done_counts_and_what_was_skipped_or_walked_through_does_not() -> None:
    assert past_durations([done().state, done().state]) == {"A": (3 * HOUR, 3 * HOUR)}
    assert past_durations([done(auto=True).state]) == {}


def test_a_past_run_is_what_it_said_first_and_how_it_ended() -> None:
    run = past_run(done().state, (at(1), at(2), at(3)))
    assert (run.forecast, len(run.took)) == ((at(1), at(2), at(3)), 1)
    assert run.ended is not None
    assert past_run(done(auto=True).state, (at(1), at(2), at(3))).took == ()


# --- calibration ----------------------------------------------------------------------------------------


def test_without_past_runs_nothing_is_claimed() -> None:
    assert calibrated([]).words == (
        "calibration: no past run had a forecast and an end, so nothing says how far to trust this one",
    )


def test_few_past_runs_are_counted_and_called_too_few() -> None:
    runs = [PastRun(f"r{n}", (at(1), at(2), at(3)), at(ended), ()) for n, ended in enumerate((0.5, 1.5, 4))]
    found = calibrated(runs)
    assert (found.runs, found.ended_by) == (3, (1, 2, 2))
    assert found.words == (
        "calibration: of 3 past runs 1 by P50, 2 by P80, 2 by P95 of their first forecast; too few to judge",
    )


def test_tasks_that_took_longer_than_their_estimates_are_told() -> None:
    slow = [PastRun("r", None, None, [(PLANNED, 3.9 * HOUR)] * 40)]
    assert (
        "0% of 40 tasks done before ended by their own P80: their estimates are too short"
        in calibrated(slow).words[1]
    )
    fine = [PastRun("r", None, None, [(PLANNED, 1.5 * HOUR)] * 32 + [(PLANNED, 3.9 * HOUR)] * 8)]
    assert (
        calibrated(fine)
        .words[1]
        .endswith("80% of 40 tasks done before ended by their own P80, as they should")
    )


def test_the_place_of_a_length_is_even_over_the_distribution() -> None:
    """The probability integral transform of the distribution's own quantiles."""
    seen = forecast([PLANNED], OPENS, seed=1)
    for chance in (0.1, 0.5, 0.8, 0.95):
        assert place(PLANNED, seen.at(chance) - OPENS) == pytest.approx(chance, abs=0.01)
