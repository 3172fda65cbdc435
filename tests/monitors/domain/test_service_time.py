"""A standard in working time: open hours are used up, closed days are not counted, a clock change loses no minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from cutover.domain.programme import Hours
from monitors.domain.service_time import ALL_DAY, Limit, ServiceHours, WorkingDays, show_limit
from runbooks.domain.timing.calendars import working_time

ZONE = "Europe/London"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
CHRISTMAS = frozenset(
    {date(2026, 12, 25), date(2026, 12, 28)}
)  # Boxing Day is a Saturday: its Monday is free


def hours(*spans: tuple[str, str, str]) -> tuple[Hours, ...]:
    return tuple(Hours.model_validate({"days": d, "opens": o, "closes": c}) for d, o, c in spans)


OFFICE = hours(("mon-fri", "09:00", "17:00"))
SHORT_SATURDAY = hours(("mon-fri", "09:00", "12:00"), ("mon-fri", "13:00", "17:00"), ("sat", "09:00", "13:00"))  # fmt: skip
NIGHTS = hours(("mon-sun", "22:00", "00:00"), ("mon-sun", "00:00", "06:00"))  # a station's night shift
SMALL_HOURS = hours(
    ("mon-sun", "22:00", "00:00"), ("mon-sun", "00:00", "01:30")
)  # shuts in the hour that comes twice
CALENDARS = (OFFICE, SHORT_SATURDAY, NIGHTS, SMALL_HOURS, (ALL_DAY,), ())
calendars = st.sampled_from(CALENDARS)
closed = st.frozensets(st.dates(date(2026, 3, 1), date(2026, 11, 30)), max_size=12)
moments = st.datetimes(datetime(2026, 3, 20), datetime(2026, 11, 10), timezones=st.just(UTC)).map(lambda at: at.replace(second=0, microsecond=0))  # fmt: skip
spans = st.integers(0, 4000).map(lambda n: n * MINUTE)
limits = st.one_of(spans, st.integers(1, 12).map(lambda n: WorkingDays(days=n)))


def local(text: str) -> datetime:
    """A wall time in London as UTC; none of these is in a doubled hour."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)).astimezone(UTC)


@pytest.mark.parametrize(
    ("declared", "since", "limit", "due"),
    [
        ((), "2026-12-23T10:00", "2 working days", "2026-12-29T10:00"),  # over Christmas and its free Monday
        ((), "2026-10-23T16:00", "1 working day", "2026-10-26T16:00"),  # over the night that is an hour longer
        ((), "2026-10-24T10:00", "1 working day", "2026-10-27T00:00"),  # a Saturday's item begins on Monday
        (OFFICE, "2026-10-23T16:00", "2h", "2026-10-26T10:00"),
        (OFFICE, "2026-10-23T20:00", "2 working days", "2026-10-28T09:00"),
        (OFFICE, "2026-10-23T09:00", "8h", "2026-10-23T17:00"),
        (SHORT_SATURDAY, "2026-10-22T16:00", "2 working days", "2026-10-24T13:00"),  # it shuts earlier
        (SHORT_SATURDAY, "2026-10-22T11:30", "1h", "2026-10-22T13:30"),  # over lunch
        (NIGHTS, "2026-10-24T21:00", "8h", "2026-10-25T05:00"),  # 00:00 to 06:00 is seven hours that night
        (NIGHTS, "2026-03-28T22:00", "7h", "2026-03-29T06:00"),  # and five hours that one
        (SMALL_HOURS, "2026-10-24T22:00", "5h", "2026-10-25T22:30"),  # 4 h 30 m: it shuts at the second 01:30
        ((), "2026-10-24T12:00", "48h", "2026-10-26T11:00"),  # round the clock, as clocks run
    ],
)  # fmt: skip
def test_when_an_item_falls_due(declared: tuple[Hours, ...], since: str, limit: str, due: str) -> None:
    read: timedelta | WorkingDays = TypeAdapter(Limit).validate_python(limit)
    assert ServiceHours(ZONE, declared, CHRISTMAS).due(local(since), read) == local(due)


@given(declared=calendars, shut=closed, since=moments, span=spans)
def test_a_span_uses_up_open_hours_and_nothing_else(
    declared: tuple[Hours, ...], shut: frozenset[date], since: datetime, span: timedelta
) -> None:
    """Against the calendars of plans, which are laid out another way; closed days are not known there."""
    service = ServiceHours(ZONE, declared)
    laid_out = working_time(declared, ZONE, since, since + 3 * timedelta(days=100))
    us = timedelta(microseconds=1)
    assert service.due(since, span) == since + laid_out.end(0, span // us) * us
    assert ServiceHours(ZONE, declared, shut).due(since, span) >= service.due(since, span)


@given(declared=calendars, shut=closed, since=moments, later=spans, limit=limits)
def test_what_came_first_falls_due_first(
    declared: tuple[Hours, ...],
    shut: frozenset[date],
    since: datetime,
    later: timedelta,
    limit: timedelta | WorkingDays,
) -> None:
    service = ServiceHours(ZONE, declared, shut)
    assert since <= service.due(since, limit) <= service.due(since + later, limit)


@given(declared=calendars, shut=closed, since=moments, one=spans, other=spans)
def test_two_spans_one_after_the_other_are_their_sum(
    declared: tuple[Hours, ...], shut: frozenset[date], since: datetime, one: timedelta, other: timedelta
) -> None:
    service = ServiceHours(ZONE, declared, shut)
    if one:
        assert service.due(service.due(since, one), other) == service.due(since, one + other)


@given(shut=closed, since=moments, days=st.integers(1, 12))
def test_working_days_are_so_many_open_days_later(shut: frozenset[date], since: datetime, days: int) -> None:
    service = ServiceHours(ZONE, OFFICE, shut)
    due = service.due(since, WorkingDays(days=days))
    begun = service.due(since, MINUTE) - MINUTE  # when the service first could act
    after = [begun.date() + timedelta(days=n) for n in range(1, (due.date() - begun.date()).days + 1)]
    assert sum(day.weekday() < 5 and day not in shut for day in after) == days
    assert time(9) <= due.astimezone(ZoneInfo(ZONE)).time() <= time(17)


@given(since=moments, days=st.integers(1, 30))
def test_a_service_that_never_shuts_has_whole_days_whatever_the_clocks_do(since: datetime, days: int) -> None:
    service = ServiceHours(ZONE, (ALL_DAY,))
    assert service.due(since, days * 24 * HOUR) - since == days * 24 * HOUR
    assert abs(service.due(since, WorkingDays(days=days)) - since - days * 24 * HOUR) <= HOUR


@pytest.mark.parametrize("limit", ["2 working days", "1 Working Day", "48h", "90m", 90])
def test_a_limit_is_shown_as_it_is_read(limit: object) -> None:
    adapter: TypeAdapter[timedelta | WorkingDays] = TypeAdapter(Limit)
    read = adapter.validate_python(limit)
    assert adapter.validate_python(show_limit(read)) == read
    assert adapter.validate_json(adapter.dump_json(read)) == read


@pytest.mark.parametrize("limit", ["two working days", "0 working days", True, "400 working days", "1.5 working days", "-2h", "soon"])  # fmt: skip
def test_what_is_no_limit_is_named(limit: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Limit).validate_python(limit)
