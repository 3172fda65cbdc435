"""When it will be cleared, how surely, or never."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contingency.domain.clearance import Effort, Staffing, clerk_days, effort, forecast
from contingency.domain.triage import Grade

CERTAIN = {"crime": Effort(25, 0, 0)}
HIGH, MEDIUM, STANDARD = Grade


@pytest.mark.parametrize(("minutes", "days"), [(25, 208), (40, 333)])
@pytest.mark.requirement("R12")
def test_three_thousand_forms_in_clerk_days(minutes: float, days: int) -> None:
    """25 minutes a form are 208 clerk-days, 40 minutes 333, at six productive hours a day."""
    assert round(clerk_days(3000, minutes)) == days


def test_day_one_shows_what_forty_minutes_mean() -> None:
    """Planned at 25, the first five timed forms take 40: the forecast moves at once and says on what it rests."""
    planned = forecast({STANDARD: {"crime": 3000}}, {"crime": effort(25, [])}, Staffing(24))
    timed = forecast({STANDARD: {"crime": 3000}}, {"crime": effort(25, [38, 39, 40, 41, 42])}, Staffing(24))
    assert (planned.clerk_days, timed.clerk_days) == (208.3, 333.3)
    assert timed.assumption == "24 keyers, 6 productive hours a day each, highest risk first"
    assert timed.minutes["crime"].timed == 5


def test_four_timed_forms_are_not_enough() -> None:
    """Until five are timed the plan's figure stands, with a wide spread."""
    assert effort(25, [90, 90, 90, 90]).mean == 25
    assert effort(25, [90] * 5).mean == 90


def test_a_graver_band_is_clear_first() -> None:
    """Each band waits for every graver one: one keyer, six hours a day."""
    waiting = {HIGH: {"crime": 14.4}, MEDIUM: {"crime": 14.4}, STANDARD: {"crime": 14.4}}
    bands = forecast(waiting, CERTAIN, Staffing(1)).bands
    assert [band.p50 for band in bands] == [timedelta(days=1), timedelta(days=2), timedelta(days=3)]


def test_an_empty_pile_is_clear_now() -> None:
    """Nothing waits: no time, no clerk-days."""
    found = forecast({}, {}, Staffing(1))
    assert (found.forms, found.clerk_days) == (0, 0)
    assert all(band.p95 == timedelta(0) for band in found.bands)


def test_it_says_never_when_arrivals_reach_the_rate() -> None:
    """One keyer keys 14.4 crimes a day; as many arrive: standard never clears, the high ones still do."""
    waiting = {HIGH: {"crime": 5}, STANDARD: {"crime": 100}}
    found = forecast(waiting, CERTAIN, Staffing(1), {STANDARD: {"crime": 14.4}})
    assert found.arrivals_exceed_rate
    assert [band.never for band in found.bands] == [False, False, True]


def test_nobody_keys_is_never() -> None:
    """No keyers, no end."""
    assert forecast({HIGH: {"crime": 1}}, CERTAIN, Staffing(0)).bands[0].never


@given(
    st.dictionaries(
        st.sampled_from(Grade), st.dictionaries(st.sampled_from(["a", "b"]), st.integers(0, 500))
    ),
    st.floats(1, 50),
    st.lists(st.floats(1, 90), max_size=12),
)
def test_surer_is_never_sooner(
    waiting: dict[Grade, dict[str, int]], keyers: float, timed: list[float]
) -> None:
    """P50 <= P80 <= P95 in each band, graver bands first, and more keyers never slower."""
    efforts = {"a": effort(25, timed), "b": effort(10, [])}
    found = forecast(waiting, efforts, Staffing(keyers))
    more = forecast(waiting, efforts, Staffing(keyers + 1))
    ends = [(band.p50, band.p80, band.p95) for band in found.bands]
    assert all(
        p50 <= p80 <= p95 for p50, p80, p95 in ends if p50 is not None and p80 is not None and p95 is not None
    )
    assert [p50 for p50, _, _ in ends] == sorted(p50 for p50, _, _ in ends if p50 is not None)
    assert all(
        b.p95 <= a.p95
        for a, b in zip(found.bands, more.bands, strict=True)
        if a.p95 is not None and b.p95 is not None
    )
