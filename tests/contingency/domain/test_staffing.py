"""Keyers by shift: nights do nothing, a clock change is as long as it is, and 25 against 40 minutes shows on day 1."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contingency.domain.clearance import effort, forecast
from contingency.domain.staffing import KeyerShift, Roster, Staffing, read_shift
from contingency.domain.triage import Grade
from cutover.core.errors import Invalid

LONDON = "Europe/London"
MONDAY = datetime(2026, 10, 26, 7, tzinfo=UTC)  # 07:00 in London, the day after the clocks went back
DAYS = KeyerShift(title="days", days="mon-sun", opens=time(7), closes=time(19), keyers=24, productive=0.5)
HOUR = timedelta(hours=1)


def roster(*shifts: KeyerShift) -> Roster:
    return Roster(shifts or (DAYS,), LONDON)


@pytest.mark.requirement("R12")
def test_day_one_says_in_dates_what_25_against_40_minutes_mean() -> None:
    """R12: 3,000 forms, 24 keyers from 07 to 19 with 6 productive hours. 208 clerk-days become 333 once five are timed.

    At 25 minutes 24 clerks need 8.7 days; at 40 they need 13.9: in dates, Tuesday of next week or Sunday.
    """
    waiting = {Grade.STANDARD: {"crime": 3000}}
    planned = forecast(waiting, {"crime": effort(25, [])}, roster(), now=MONDAY)
    timed = forecast(waiting, {"crime": effort(25, [38, 39, 40, 41, 42])}, roster(), now=MONDAY)
    assert (planned.clerk_days, timed.clerk_days) == (208.3, 333.3)
    ends = [MONDAY + (one.bands[-1].p50 or timedelta(0)) for one in (planned, timed)]
    assert [f"{end:%a %d %b}" for end in ends] == ["Tue 03 Nov", "Sun 08 Nov"]
    certain = timed.bands[-1]
    assert certain.p95 is not None and certain.p50 is not None  # noqa: PT018
    assert certain.p95 - certain.p50 < timedelta(days=1)  # timed forms leave little doubt


def test_nobody_keys_at_night() -> None:
    """What is left at 19:00 waits until 07:00."""
    assert roster().clear(12 * 60 * 12, 0, MONDAY) == 12 * HOUR
    assert roster().clear(12 * 60 * 12 + 12, 0, MONDAY) == 24 * HOUR + timedelta(minutes=1)


def test_a_shift_over_a_clock_change_is_as_long_as_that_night_is() -> None:
    """From midnight to six is seven hours when the clocks go back, and five when they go forward."""
    nights = roster(KeyerShift(days="sun", opens=time(0), closes=time(6), keyers=1, productive=1))
    back, forward = datetime(2026, 10, 24, 23, tzinfo=UTC), datetime(2027, 3, 28, 0, tzinfo=UTC)
    assert nights.clear(7 * 60, 0, back) == 7 * HOUR
    assert nights.clear(5 * 60, 0, forward) == 5 * HOUR


def test_shifts_that_overlap_add_up() -> None:
    two = roster(DAYS, KeyerShift(days="mon", opens=time(7), closes=time(9), keyers=24, productive=0.5))
    assert two.clear(2 * 24 * 60, 0, MONDAY) == 2 * HOUR


def test_it_is_never_cleared_when_more_arrives_in_a_week_than_is_keyed() -> None:
    weekdays = roster(KeyerShift(days="mon-fri", opens=time(9), closes=time(17), keyers=1, productive=0.75))
    assert weekdays.minutes_a_week == 5 * 360
    assert weekdays.clear(10, 5 * 360 / 7, MONDAY) is None
    assert weekdays.clear(10, 5 * 360 / 7 - 1, MONDAY) is not None
    found = forecast({Grade.HIGH: {"a": 1}}, {"a": effort(25, [])}, weekdays, {Grade.STANDARD: {"a": 20}}, MONDAY)  # fmt: skip
    assert found.arrivals_exceed_rate
    assert [band.never for band in found.bands] == [False, False, True]
    assert "20 a day arriving" in found.assumption


@given(st.floats(1, 5e5), st.floats(0, 7000), st.integers(0, 167))
def test_the_whole_weeks_that_are_skipped_change_nothing(minutes: float, arriving: float, hour: int) -> None:
    """However long it takes, at the end all that was there and came has been keyed, and not a week before."""
    staff, now = roster(), MONDAY + hour * HOUR
    took = staff.clear(minutes, arriving, now)
    assert took is not None
    keyed = sum(
        max(timedelta(0), min(now + took, until) - since) / timedelta(minutes=1) * rate
        for since, until, rate in _until(staff, now, now + took)
    )
    came = minutes + arriving * (took / timedelta(days=1))
    assert keyed == pytest.approx(came, rel=1e-6, abs=1) or _crosses_a_clock_change(now, took)


def _until(staff: Roster, now: datetime, end: datetime) -> list[tuple[datetime, datetime, float]]:
    found = []
    for stretch in staff._stretches(now):
        if stretch[0] >= end:
            break
        found.append(stretch)
    return found


def _crosses_a_clock_change(now: datetime, took: timedelta) -> bool:
    """Arrivals come by the hour that there is: a week with a clock change is an hour longer or shorter."""
    return now + took > datetime(2027, 3, 28, tzinfo=UTC)


def test_more_keyers_are_never_slower() -> None:
    some, more = (roster(DAYS.model_copy(update={"keyers": n})) for n in (3, 4))
    for minutes in (10, 1_000, 40_000):
        a, b = some.clear(minutes, 100, MONDAY), more.clear(minutes, 100, MONDAY)
        assert a is not None and b is not None  # noqa: PT018
        assert b <= a


def test_nobody_and_nothing() -> None:
    assert roster(DAYS.model_copy(update={"keyers": 0})).clear(1, 0, MONDAY) is None
    assert roster().clear(0, 9e9, MONDAY) == timedelta(0)
    assert Staffing(0).clear(1, 0, MONDAY) is None


def test_a_shift_is_typed_as_days_hours_and_keyers() -> None:
    shift = read_shift("mon-fri 07:00-19:00 24")
    assert (shift.days, shift.opens, shift.closes, shift.keyers) == ("mon-fri", time(7), time(19), 24)
    for wrong in ("mon-fri 24", "someday 07:00-19:00 24", "mon 19:00-07:00 2", "mon 27:00-28:00 2", "mon 07:00-19:00 -2"):  # fmt: skip
        with pytest.raises(Invalid, match="is no shift; expected such as"):
            read_shift(wrong)
