"""Time limits run in elapsed time from their own zero points, through blackout and clock change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contingency.domain.clocks import ClockRule, ClockRules, ClockStatus, clocks_of, next_due
from contingency.files import shipped_clocks

HOUR = timedelta(hours=1)
RULES = shipped_clocks()


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def due(form_type: str, rule: str, **times: str | list[str]) -> datetime:
    read = {name: utc(at) if isinstance(at, str) else [utc(one) for one in at] for name, at in times.items()}
    return next(clock.due_at for clock in clocks_of(RULES, form_type, read) if clock.rule == rule)


@pytest.mark.parametrize(
    ("rule", "times", "expected"),
    [
        # PACE 1984 s.40(3)(a): the first review within six hours of authorising; the night the clocks go back.
        ("detention_review", {"authorised_at": "2026-10-25T00:30+01:00"}, "2026-10-25T05:30+00:00"),
        # s.40(3)(b): the second within nine hours of the first, from when it was really held.
        (
            "detention_review",
            {"authorised_at": "2026-10-25T00:30+01:00", "reviewed_at": ["2026-10-25T05:00Z"]},
            "2026-10-25T14:00Z",
        ),
        # s.41(1): 24 hours from the relevant time: the wall clock shows 23:30 to 22:30 when it goes back.
        ("detention_limit", {"arrived_at": "2026-10-24T23:30+01:00"}, "2026-10-25T22:30+00:00"),
        (
            "detention_limit",
            {"arrived_at": "2026-10-24T20:00Z", "relevant_time": "2026-10-24T19:00Z"},
            "2026-10-25T19:00Z",
        ),
        # In March the wall clock jumps ahead: 23:30 to 00:30.
        ("detention_limit", {"arrived_at": "2027-03-27T23:30+00:00"}, "2027-03-29T00:30+01:00"),
    ],
)
def test_worked_examples_of_detention(rule: str, times: dict[str, str | list[str]], expected: str) -> None:
    """Each example is the Act's own counting, in elapsed hours."""
    assert due("custody", rule, **times) == utc(expected)


def test_review_and_limit_have_two_zero_points() -> None:
    """Arrived at eight, authorised at ten: reviewed by four, released or charged by eight."""
    times = {"arrived_at": "2026-10-24T08:00Z", "authorised_at": "2026-10-24T10:00Z"}
    assert due("custody", "detention_review", **times) == utc("2026-10-24T16:00Z")
    assert due("custody", "detention_limit", **times) == utc("2026-10-25T08:00Z")


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        (
            "2026-10-23T15:00+01:00",
            "2026-10-27T15:00+00:00",
        ),  # Friday to Tuesday, the clocks go back in between
        ("2026-10-24T15:00+01:00", "2026-10-27T15:00+00:00"),  # Saturday counts nothing
        (
            "2026-12-24T09:00+00:00",
            "2026-12-30T09:00+00:00",
        ),  # Christmas Day, a weekend, a substitute holiday
    ],
)
def test_working_days_skip_weekends_and_holidays(reported: str, expected: str) -> None:
    """Two working days on the wall calendar, at the same time of day."""
    assert due("crime", "victim_referral", reported_at=reported) == utc(expected)


def test_a_form_has_only_its_own_clocks_the_soonest_first() -> None:
    """A crime report carries recording and referral, nothing of custody."""
    found = clocks_of(RULES, "crime", {"reported_at": utc("2026-10-26T09:00Z")})
    assert [clock.rule for clock in found] == ["crime_recording_24h", "victim_referral"]


def test_a_clock_met_or_stopped_is_never_breached() -> None:
    """Recorded in time or released: the clock stands still for good."""
    long_after = utc("2027-01-01T00:00Z")
    crime = clocks_of(
        RULES, "crime", {"reported_at": utc("2026-10-26T09:00Z"), "recorded_at": utc("2026-10-26T10:00Z")}
    )
    past = [clock.rule for clock in crime if clock.status(long_after) is ClockStatus.BREACHED]
    assert past == ["victim_referral"]
    times = {
        "arrived_at": utc("2026-10-24T08:00Z"),
        "authorised_at": utc("2026-10-24T09:00Z"),
        "released_at": utc("2026-10-24T12:00Z"),
    }
    detained = clocks_of(RULES, "custody", times)
    assert all(clock.status(long_after) is not ClockStatus.BREACHED for clock in detained)
    assert next_due(detained) is None


def test_it_warns_before_it_breaches() -> None:
    """Running, then warning an hour before, then breached at the very minute."""
    clock = clocks_of(RULES, "custody", {"authorised_at": utc("2026-10-24T10:00Z")})[0]
    moments = [utc(f"2026-10-24T{t}Z") for t in ("14:59", "15:00", "15:59", "16:00")]
    assert [clock.status(at) for at in moments] == [
        ClockStatus.RUNNING,
        ClockStatus.WARNING,
        ClockStatus.WARNING,
        ClockStatus.BREACHED,
    ]
    assert clock.left(moments[2]) == "due in 1m"
    assert clock.left(moments[3] + HOUR) == "1h past its limit"


def test_no_start_no_clock() -> None:
    """A record that does not say when it began has no clock to be right or wrong about."""
    assert clocks_of(RULES, "custody", {}) == ()


def test_a_rule_has_one_limit() -> None:
    """Hours and working days together, or neither, are refused at the border."""
    for limits in ({}, {"limit": "1h", "working_days": 1}):
        with pytest.raises(ValidationError, match="either limit or working_days"):
            ClockRule.model_validate(
                {"id": "x", "title": "x", "form_types": ["crime"], "starts_from": ["a"], **limits}
            )


def test_rules_with_one_id_twice_or_no_such_zone_are_refused() -> None:
    """The file is checked as one."""
    rule = RULES.rules[0]
    with pytest.raises(ValidationError, match="given twice"):
        ClockRules(rules=(rule, rule))
    with pytest.raises(ValidationError, match="IANA"):
        ClockRules(zone="Europe/Londn")


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda at: at.replace(tzinfo=UTC)),
    st.lists(st.integers(0, 48 * 60), max_size=4),
)
def test_reviews_are_at_most_nine_hours_apart_whatever_the_season(
    start: datetime, minutes: list[int]
) -> None:
    """From authorising or from the last review held, in elapsed time, all year round."""
    held = [start + timedelta(minutes=m) for m in minutes]
    clock = next(c for c in clocks_of(RULES, "custody", {"authorised_at": start, "reviewed_at": held}))
    assert clock.due_at == (max(held) + 9 * HOUR if held else start + 6 * HOUR)
