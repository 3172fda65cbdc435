"""When a calendar's work goes on: across nights, weekends and clock changes, and the same for many samples at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cutover.domain.programme import Hours, Programme
from runbooks.domain.timing.calendars import WorkingTime, calendars_of, working_time

OPENS = datetime(2026, 10, 23, 21, 0, tzinfo=UTC)  # Friday 22:00 in London; the clock goes back on Sunday
HOUR = 3_600_000_000
OFFICE = Hours(days="mon-fri", opens="08:00", closes="18:00")
QUARTERS = st.integers(-40 * 24, 40 * 24).map(lambda n: n * HOUR // 4)
WORK = st.integers(0, 200).map(lambda n: n * HOUR // 4)
WEEKS = st.lists(
    st.builds(
        lambda days, opens, lasts: Hours(
            days=days, opens=f"{opens:02}:30", closes=f"{opens + lasts:02}:30" if opens + lasts < 24 else "00:00"
        ),
        st.sampled_from(["mon-fri", "sun", "sat-mon", "wed"]),
        st.integers(0, 22),
        st.integers(1, 12),
    ),
    min_size=1,
    max_size=3,
)  # fmt: skip


def laid_out(*hours: Hours, opens: datetime = OPENS) -> WorkingTime:
    return working_time(hours, "Europe/London", opens, opens + timedelta(days=20))


def at(day: int, hour: float, month: int = 10) -> int:
    """A moment of October 2026 (UTC) after the window opens."""
    return (datetime(2026, month, day, tzinfo=UTC) + timedelta(hours=hour) - OPENS) // timedelta(
        microseconds=1
    )


def test_work_waits_for_the_office_to_open_and_goes_on_the_next_day() -> None:
    office = laid_out(OFFICE)
    assert office.after(at(23, 22)) == at(26, 8)  # Saturday and Sunday are free, Monday is winter time
    assert office.end(at(23, 22), 12 * HOUR) == at(27, 10)
    assert office.start(at(27, 10), 12 * HOUR) == at(26, 8)


def test_work_ends_at_the_closing_and_begins_at_the_opening_never_the_other_way_round() -> None:
    office = laid_out(OFFICE)
    assert office.end(at(26, 8), 10 * HOUR) == at(26, 18)
    assert office.start(at(27, 8), 10 * HOUR) == at(26, 8)
    assert office.after(at(26, 18)) == at(27, 8)


def test_a_nights_hours_are_one_more_when_the_clock_goes_back_and_one_less_when_it_goes_forward() -> None:
    night = Hours(opens="00:00", closes="06:00")
    spring = datetime(2027, 3, 26, 0, tzinfo=UTC)
    assert laid_out(night).end(at(24, 23), 7 * HOUR) == at(25, 6)
    assert laid_out(night, opens=spring).end(48 * HOUR, 5 * HOUR) == (48 + 5) * HOUR


def test_hours_that_the_clock_repeats_open_at_the_first_and_close_at_the_second() -> None:
    assert laid_out(Hours(opens="01:30", closes="01:45")).end(at(24, 20), 75 * HOUR // 60) == at(25, 1.75)


def test_hours_that_the_clock_skips_begin_when_it_has_skipped() -> None:
    spring = datetime(2027, 3, 28, 0, tzinfo=UTC)
    assert laid_out(Hours(opens="01:30", closes="05:00"), opens=spring).after(0) == HOUR


def test_a_calendar_without_hours_holds_nobody_and_outside_its_days_work_goes_on() -> None:
    assert laid_out().end(5, 7) == 12
    assert laid_out(OFFICE).after(at(30, 3, month=12)) == at(30, 3, month=12)


def test_overlapping_hours_are_counted_once() -> None:
    twice = laid_out(OFFICE, Hours(days="mon", opens="12:00", closes="20:00"))
    assert twice.end(at(26, 8), 12 * HOUR) == at(26, 20)


def test_a_programme_has_its_calendars_laid_out_around_its_window_or_a_runs() -> None:
    programme = Programme(
        title="Records",
        zone="Europe/London",
        window={"opens": "2026-10-23T22:00", "closes": "2026-10-26T21:00"},
        calendars={"office": [OFFICE.model_dump()]},
    )
    assert calendars_of(programme)["office"].after(0) == at(26, 8)
    run = calendars_of(programme, opens=datetime(2026, 10, 12, 6, tzinfo=UTC))
    assert run["office"].after(0) == HOUR


@given(WEEKS, QUARTERS, WORK)
def test_the_latest_start_is_the_last_from_which_the_work_still_ends_in_time(
    week: list[Hours], end: int, work: int
) -> None:
    hours = laid_out(*week)
    start = hours.start(end, work)
    assert hours.after(start) == start
    assert hours.end(start, work) <= end < hours.end(start + 1, work)


@given(WEEKS, QUARTERS, WORK)
def test_work_begun_at_the_earliest_is_not_begun_late_for_its_own_end(
    week: list[Hours], start: int, work: int
) -> None:
    hours = laid_out(*week)
    end = hours.end(start, work)
    assert end - hours.after(start) >= work
    assert hours.start(end, work) == hours.after(start)


@given(WEEKS, QUARTERS, WORK)
def test_the_first_start_that_does_not_end_too_early_is_a_working_moment_and_the_first(
    week: list[Hours], end: int, work: int
) -> None:
    hours = laid_out(*week)
    start = hours.not_ending_before(end, work)
    assert hours.after(start) == start
    assert hours.end(start, work) >= end
    earlier = hours.start(start - 1, 0)
    assert hours.end(earlier, work) < end


@given(WEEKS, st.lists(st.tuples(QUARTERS, WORK), min_size=1, max_size=20))
def test_many_samples_at_once_end_when_each_would(week: list[Hours], samples: list[tuple[int, int]]) -> None:
    hours = laid_out(*week)
    starts, works = (np.array(column, dtype=np.float64) / 1e6 for column in zip(*samples, strict=True))
    assert [round(e * 1e6) for e in hours.ends(starts, works)] == [hours.end(*one) for one in samples]
    assert [round(s * 1e6) for s in hours.afters(starts)] == [hours.after(one) for one, _ in samples]
