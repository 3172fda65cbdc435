"""The chart is R's `surveillance::glrnb` to 1e-9; what it may be fed is bounded and never makes it NaN."""

from __future__ import annotations

from math import inf, isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitors.domain.cusum import drift, run, step, threshold, weight
from tests.monitors.domain.oracle import GOLDEN, series


def test_a_hundred_random_series_are_charted_as_r_charts_them() -> None:
    """The numbers are R's (benchmarks/oracle_glrnb.py asks it anew)."""
    lines = GOLDEN.read_text().splitlines()
    assert len(lines) == 100
    for one, line in zip(series(), lines, strict=True):
        theirs = [float(value) for value in line.split(",")]
        assert run(one.days, one.alpha, one.ratio) == pytest.approx(theirs, rel=1e-9, abs=1e-9)


def test_without_scatter_it_is_the_poisson_chart() -> None:
    assert weight(8, 0, 0.5).of(5) == pytest.approx(weight(8, 1e-9, 0.5).of(5), abs=1e-6)


def test_a_day_that_expects_nothing_is_no_evidence_of_a_fall() -> None:
    assert step(2.0, 0, 0.0, 0.05, 0.5) == 2.0


def test_more_false_alarms_allowed_is_a_lower_threshold() -> None:
    assert threshold(90, 40, 10) < threshold(90, 40, 1)
    assert threshold(1, 1, 100) == 1.0


@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.floats(0, 1e6)), max_size=30),
    st.floats(0, 10),
    st.floats(0.05, 0.95),
)
def test_the_chart_is_never_negative_and_never_nan(
    counts: list[tuple[int, float]], alpha: float, ratio: float
) -> None:
    assert all(0 <= value < inf and isfinite(value) for value in run(counts, alpha, ratio))


@given(st.floats(0.1, 1000), st.floats(0, 1), st.floats(0.05, 0.95))
def test_normal_days_pull_it_down_and_fallen_days_up(mu: float, alpha: float, ratio: float) -> None:
    assert drift(mu, alpha, ratio, 1.0) < 0 < drift(mu, alpha, ratio, ratio)


@given(st.integers(0, 1000), st.floats(0.1, 1000), st.floats(0, 1))
def test_one_event_more_is_never_more_evidence_of_a_fall(count: int, mu: float, alpha: float) -> None:
    assert step(5, count + 1, mu, alpha, 0.5) <= step(5, count, mu, alpha, 0.5)
