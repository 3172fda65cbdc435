"""What is normal is learnt by kind of day, bank holidays with the Sundays, and how widely counts scatter."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from cutover.core.errors import Invalid
from monitors.domain.baseline import DayKind, Normal, Paired, kind_of, learn, scatter
from tests.monitors.domain.flows import drawn

BEGINS = date(2025, 10, 24)


def history(days: int = 364, alpha: float = 0.05) -> list[Paired]:
    count = drawn(3)
    means = [10, 9, 8, 8, 9, 5, 4]
    every = (BEGINS + timedelta(days=n) for n in range(days))
    return [Paired(day, count(float(means[day.weekday()]), alpha), 100) for day in every]


def test_each_kind_of_day_has_its_mean_and_the_scatter_is_found_again() -> None:
    of = learn(history(), ())
    assert of.means[DayKind.MON] == pytest.approx(10, rel=0.15)
    assert of.means[DayKind.SUN] == pytest.approx(4, rel=0.25)
    assert of.alpha == pytest.approx(0.05, abs=0.04)
    assert of.rate == pytest.approx(sum(d.count for d in history()) / 36400)


def test_a_bank_holiday_is_a_sunday() -> None:
    christmas = date(2025, 12, 25)
    assert kind_of(christmas, {christmas}) is DayKind.SUN
    assert learn(history(), {christmas}).mean(christmas) == learn(history(), {christmas}).means[DayKind.SUN]


@pytest.mark.parametrize("days", [0, 27])
def test_less_than_four_weeks_are_refused(days: int) -> None:
    with pytest.raises(Invalid, match=f"{days} days of history are too few"):
        learn(history(days), ())


def test_a_weekday_that_was_never_seen_is_named() -> None:
    with pytest.raises(Invalid, match="the history holds no mon"):
        learn([d for d in history() if d.day.weekday()], ())


def test_less_than_half_a_year_is_said_to_be_short() -> None:
    assert learn(history(100), ()).is_short
    assert not learn(history(), ()).is_short


def test_counts_that_scatter_less_than_chance_are_taken_as_chance() -> None:
    assert scatter([(8, 8.0)] * 50, 7) == 0


def test_a_flow_without_any_events_has_a_baseline_of_nought() -> None:
    of = learn([Paired(d.day, 0) for d in history()], ())
    assert (of.daily, of.alpha) == (0, 0)


def test_what_was_frozen_is_read_back_as_it_was() -> None:
    of = learn(history(), {date(2026, 12, 25)})
    assert Normal.model_validate_json(of.model_dump_json()) == of
