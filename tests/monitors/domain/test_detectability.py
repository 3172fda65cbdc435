"""How soon a fall shows is known beforehand; what cannot be seen in time is refused unless something stands in."""

from __future__ import annotations

from math import log

import pytest

from monitors.domain.cusum import drift, step, threshold
from monitors.domain.detectability import (
    Detectability,
    assumed,
    charts_of,
    detectability,
    hours,
    quiet_chances,
    silence_limit,
    threshold_of,
    unsettled,
)
from monitors.domain.flow import Hypercare
from tests.monitors.domain.flows import FIRST, drawn, flow, normal

HEIGHT = log(365)


def seen(daily: float, alpha: float = 0.05, **more: object) -> Detectability:
    return detectability(flow(**more), normal(daily, alpha), HEIGHT, FIRST, quiet=8.0)


def test_the_threshold_is_the_days_times_the_monitors_by_the_false_alarms_allowed() -> None:
    assert threshold(90, 40, 1) == pytest.approx(8.19, abs=0.01)
    assert threshold_of(Hypercare(), [flow(), flow(id="b", ratio_of="referrals")]) == pytest.approx(
        log(90 * 5)
    )
    assert charts_of([]) == 1


@pytest.mark.parametrize(
    ("daily", "alpha", "halving", "thirteen"),
    [(8, 0.05, (3, 7), (2, 2)), (120, 0.02, (1, 2), (1, 1)), (2, 0.05, (9, 21), (4, 6))],
)
def test_days_to_detect_are_those_of_the_published_simulation(
    daily: float, alpha: float, halving: tuple[int, int], thirteen: tuple[int, int]
) -> None:
    """Research table: 3 (6) and 2 (2), 1 (2) and 1 (1), 8 (20) and 4 (5) days; within one."""
    one = seen(daily, alpha)
    assert (one.halving.median, one.halving.declared) == halving
    assert (one.thirteen.median, one.thirteen.declared) == thirteen


def test_the_chances_are_those_of_playing_it() -> None:
    """A hundred halvings of 8 a day: as many are seen by the declared day as was declared."""
    declared, count = seen(8).halving.declared, drawn(7)
    assert declared is not None
    found = 0
    for _ in range(300):
        value, days = HEIGHT / 2, 0
        while value < HEIGHT and days < declared:
            value, days = step(value, count(4.0, 0.05), 8.0, 0.05, 0.5), days + 1
        found += value >= HEIGHT
    assert found / 300 == pytest.approx(0.92, abs=0.05)


def test_a_rare_flow_is_not_seen_and_says_so() -> None:
    one = seen(0.05)
    assert not one.is_settled
    (said,) = unsettled([one], {})
    assert said.startswith("referrals: a halving is seen not within a year, and 7 days were agreed: pool it")


@pytest.mark.parametrize("more", [{"pooled_into": "pool"}, {"ratio_of": "incidents"}, {"aged_by": "queue"}])
def test_what_stands_in_for_a_chart_settles_it(more: dict[str, str]) -> None:
    assert unsettled([seen(0.1, **more)], {}) == []


def test_a_waiver_by_name_settles_it() -> None:
    assert unsettled([seen(0.1)], {"referrals": "chen"}) == []


def test_a_chart_for_a_halving_does_not_look_for_a_small_fall() -> None:
    assert drift(8, 0.05, 0.5, 0.8) < 0
    assert drift(8, 0.05, 0.5, 0.5) > 0


def test_false_alarms_stay_within_what_is_allowed() -> None:
    """Lorden's bound has room: a year of one quiet monitor raises well under the one that is allowed."""
    assert quiet_chances(normal(8), HEIGHT, 365, FIRST) < 0.35


def test_silence_is_limited_by_the_events_of_the_whole_watch() -> None:
    watch = Hypercare(days=365)
    assert silence_limit(watch, [flow()], normal(8)) == pytest.approx(log(2 * 2920))


def test_before_a_baseline_the_file_says_what_is_expected() -> None:
    of = assumed(flow(expected=3))
    assert of is not None
    assert of.daily == 3
    assert assumed(flow()) is None


def test_hours_are_said_as_people_say_them() -> None:
    assert [hours(h) for h in (7.4, 100, float("inf"))] == ["7 h", "4 days", "never"]
