"""Wall times meet the clock change, and only a person may say which 01:30 was meant."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.core.clock import FixedClock, SystemClock, both, read_moment, show, to_utc
from cutover.core.errors import Invalid

LONDON = "Europe/London"


def test_the_window_opens_in_summer_time_and_closes_in_winter_time():
    opens, closes = (to_utc(datetime(2026, 10, day, hour), LONDON) for day, hour in ((23, 22), (26, 21)))
    assert opens == datetime(2026, 10, 23, 21, tzinfo=UTC)
    assert closes - opens == timedelta(hours=72)


def test_a_wall_time_that_happens_twice_is_refused_with_both_candidates():
    with pytest.raises(Invalid, match="happens twice") as refused:
        to_utc(datetime(2026, 10, 25, 1, 30), LONDON)
    assert refused.value.problems[0].expected == "2026-10-25T00:30Z or 2026-10-25T01:30Z"


def test_a_wall_time_that_the_zone_skips_is_refused_with_both_candidates():
    with pytest.raises(Invalid, match="does not exist") as refused:
        to_utc(datetime(2027, 3, 28, 1, 30), LONDON)
    assert refused.value.problems[0].expected == "2027-03-28T01:30Z or 2027-03-28T00:30Z"


def test_an_aware_time_is_taken_as_it_stands():
    at = datetime(2026, 10, 25, 1, 30, tzinfo=timezone(timedelta(hours=1)))
    assert to_utc(at, LONDON) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)))
def test_every_moment_survives_the_way_to_the_wall_and_back_or_is_ambiguous(at):
    place = ZoneInfo(LONDON)
    wall, again = at.astimezone(place).replace(tzinfo=None, fold=0), at.astimezone(place)
    if len({again.replace(fold=fold).utcoffset() for fold in (0, 1)}) == 1:
        assert to_utc(wall, LONDON) == at
    else:
        with pytest.raises(Invalid, match=f"{at:%Y-%m-%dT%H:%MZ}"):
            to_utc(wall, LONDON)


def test_people_see_the_zone_beside_the_hour():
    assert show(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), LONDON) == "Sun 25 Oct 01:30 BST"
    assert show(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), LONDON) == "Sun 25 Oct 01:30 GMT"


def test_a_fixed_clock_moves_only_when_told_and_never_back(clock):
    start = clock.now()
    clock.advance(timedelta(minutes=5))
    clock.set(start)
    assert clock.now() == start + timedelta(minutes=5)


def test_waiting_on_a_fixed_clock_takes_no_time(clock):
    later = clock.now() + timedelta(hours=72)

    async def wait():
        async with clock.hold():
            await clock.sleep_until(later)

    asyncio.run(wait())
    assert clock.now() == later


def test_the_machine_s_clock_says_utc():
    assert SystemClock().now().utcoffset() == timedelta(0)
    assert isinstance(FixedClock(SystemClock().now()).now(), datetime)


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-24T23:15",
        " 2026-10-24 23:15:00 ",
        "2026-10-24T22:15Z",
        "2026-10-24T23:15+01:00",
        "2026-10-24T23:15 01:00",
    ],
)
def test_a_moment_is_read_as_wall_time_or_with_its_offset(text: str) -> None:
    assert read_moment(text, "Europe/London") == datetime(2026, 10, 24, 22, 15, tzinfo=UTC)


def test_a_wall_time_that_happens_twice_is_refused_with_both() -> None:
    with pytest.raises(Invalid, match=r"happens twice.*2026-10-25T00:30Z or 2026-10-25T01:30Z"):
        read_moment("2026-10-25T01:30", "Europe/London")


@pytest.mark.parametrize(
    ("wall", "offsets"),
    [
        (datetime(2026, 10, 25, 1, 30), ["+01:00", "+00:00"]),
        (datetime(2026, 10, 25, 2, 30), []),
        (datetime(2026, 3, 29, 1, 30), []),  # it does not exist
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), []),
    ],
)
def test_only_a_wall_time_that_comes_twice_has_two_moments(wall: datetime, offsets: list[str]) -> None:
    assert [at.isoformat()[-6:] for at in both(wall, "Europe/London")] == offsets


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00", "23:15", "2026-10-24T23:15+99:00"])
def test_what_is_no_moment_says_how_one_is_written(text: str) -> None:
    with pytest.raises(Invalid, match="expected 2026-10-24T23:15 as the wall clock of Europe/London"):
        read_moment(text, "Europe/London")
