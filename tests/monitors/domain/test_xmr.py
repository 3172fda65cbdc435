"""The board pack's chart: limits by moving ranges, and the four rules by which a week is special."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from monitors.domain.xmr import Look, weekly, xmr

MONDAY = date(2026, 8, 3)


def weeks(*totals: int) -> list[tuple[date, int]]:
    return [(MONDAY + timedelta(weeks=n), total) for n, total in enumerate(totals)]


def test_limits_are_the_mean_and_two_and_two_thirds_moving_ranges() -> None:
    chart = xmr(weeks(50, 52, 48, 51, 49))
    assert chart is not None
    assert (chart.mean, chart.upper - chart.mean) == pytest.approx((50, 2.66 * 2.75))
    assert chart.look is Look.COMMON


def test_a_wild_jump_does_not_widen_the_limits() -> None:
    chart = xmr(weeks(*[50, 52] * 10, 0))
    assert chart is not None
    assert chart.look is Look.CONCERN
    assert chart.weeks[-1].rules[0] == "outside the limits"


@pytest.mark.parametrize(
    ("totals", "look", "rule"),
    [
        ([60, 61] * 6 + [50, 49, 51, 50, 49, 51, 50], Look.CONCERN, "7 weeks on one side of the mean"),
        ([50, 49] * 6 + [60, 61, 59, 60, 61, 59, 60], Look.IMPROVEMENT, "7 weeks on one side of the mean"),
        ([50, 53, 49, 52, 56, 55, 54, 53, 52, 51, 50], Look.CONCERN, "7 weeks falling"),
    ],
)
def test_each_rule_is_named_and_a_fall_is_a_concern(totals: list[int], look: Look, rule: str) -> None:
    chart = xmr(weeks(*totals))
    assert chart is not None
    assert (chart.look, rule in chart.weeks[-1].rules) == (look, True)


def test_two_of_three_weeks_near_a_limit_are_special() -> None:
    chart = xmr(weeks(*[50, 52] * 16, 46, 51, 46))
    assert chart is not None
    assert "2 of 3 weeks near a limit" in chart.weeks[-1].rules


def test_counts_never_fall_below_nought_on_the_chart() -> None:
    chart = xmr(weeks(1, 9, 0, 8))
    assert chart is not None
    assert chart.lower == 0


def test_fewer_than_three_weeks_are_no_chart() -> None:
    assert xmr(weeks(50, 51)) is None


def test_only_whole_weeks_of_known_days_are_counted() -> None:
    days = {MONDAY + timedelta(days=n): 1 for n in range(20)} | {MONDAY + timedelta(days=8): None}
    assert weekly(days) == [(MONDAY, 7)]
