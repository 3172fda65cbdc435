"""The limits of a detention hold over any timeline: hospital, authorities, reviews put off, both clock changes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contingency.domain.clocks import ClockStatus, StatutoryClock, Times, clocks_of
from contingency.files import shipped_clocks

RULES = shipped_clocks()
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TABLE = Path(__file__).parents[3] / "docs" / "explanation" / "worked-clocks.md"
# Arrivals around the nights on which the clocks go forward and back, and on any other day.
arrivals = st.one_of(
    st.datetimes(datetime(2026, 3, 28), datetime(2026, 3, 30), timezones=st.just(UTC)),
    st.datetimes(datetime(2026, 10, 24), datetime(2026, 10, 26), timezones=st.just(UTC)),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
)
stays = st.lists(st.tuples(st.integers(0, 20 * 60), st.integers(1, 300)), max_size=3)


def limit(times: Times) -> StatutoryClock:
    return next(clock for clock in clocks_of(RULES, "custody", times) if clock.rule == "detention_limit")


def in_hospital(
    start: datetime, spans: Sequence[tuple[int, int]]
) -> tuple[dict[str, list[datetime]], timedelta]:
    """Stays one after the other, and how long they last in all."""
    left, back, at = list[datetime](), list[datetime](), start
    for wait, lasts in spans:
        left.append(at + wait * MINUTE)
        back.append(left[-1] + lasts * MINUTE)
        at = back[-1] + MINUTE
    return {"hospital_from": left, "hospital_until": back}, sum((lasts for _, lasts in spans), 0) * MINUTE


@given(arrived=arrivals, spans=stays)
def test_only_hospital_time_is_added_to_the_limit(arrived: datetime, spans: list[tuple[int, int]]) -> None:
    """24 h of elapsed time from arrival and every minute in hospital, whatever the wall clock did."""
    times, away = in_hospital(arrived, spans)
    assert limit({"arrived_at": arrived, **times}).due_at == arrived + 24 * HOUR + away


@given(arrived=arrivals, given_after=st.lists(st.integers(0, 120 * 60), min_size=3, max_size=3))
def test_a_longer_limit_holds_only_when_it_was_given_in_time(
    arrived: datetime, given_after: list[int]
) -> None:
    """36, 72, 96 h: each from the same start, and never by a paper that came after the limit had run out."""
    names = ("superintendent_authorised_at", "warrant_issued_at", "warrant_extended_at")
    times = {name: arrived + m * MINUTE for name, m in zip(names, given_after, strict=True)}
    expected = 24
    for minutes, longer in zip(given_after, (36, 72, 96), strict=True):
        expected = longer if minutes * MINUTE <= expected * HOUR else expected
    assert limit({"arrived_at": arrived, **times}).due_at == arrived + expected * HOUR


@given(arrived=arrivals, minutes=st.integers(1, 23 * 60))
def test_who_is_in_hospital_has_a_clock_that_stands(arrived: datetime, minutes: int) -> None:
    """It neither warns nor breaches while it stands, and goes on with what was left."""
    left = arrived + minutes * MINUTE
    clock = limit({"arrived_at": arrived, "hospital_from": left})
    assert clock.status(left + 99 * HOUR) is ClockStatus.STANDING
    back = limit({"arrived_at": arrived, "hospital_from": left, "hospital_until": left + 99 * HOUR})
    assert back.due_at - (left + 99 * HOUR) == clock.due_at - left
    assert clock.left(left + HOUR).startswith("stands still with ")


@given(arrived=arrivals, wait=st.integers(0, 3000))
def test_every_clock_warns_before_it_breaches(arrived: datetime, wait: int) -> None:
    for clock in clocks_of(RULES, "custody", {"arrived_at": arrived, "authorised_at": arrived + HOUR}):
        now = arrived + wait * MINUTE
        assert clock.warn_at < clock.due_at
        expected = ClockStatus.BREACHED if now >= clock.due_at else ClockStatus.WARNING if now >= clock.warn_at else ClockStatus.RUNNING  # fmt: skip
        assert clock.status(now) is expected


def test_a_review_put_off_does_not_move_those_after_it() -> None:
    """Due at 6 h, put off to 8 h, held at 7 h 30: the next is due nine hours after the sixth."""
    begun = datetime(2026, 10, 23, 20, tzinfo=UTC)
    put_off = {"authorised_at": begun, "review_postponed_until": begun + 8 * HOUR}
    first = next(c for c in clocks_of(RULES, "custody", put_off) if c.rule == "detention_review")
    assert first.due_at == begun + 8 * HOUR
    held = clocks_of(RULES, "custody", {**put_off, "reviewed_at": begun + 7.5 * HOUR})
    assert next(c for c in held if c.rule == "detention_review").due_at == begun + 15 * HOUR


def _rows() -> list[list[str]]:
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("row", _rows(), ids=lambda row: f"{row[0]}-{row[4]}")
def test_the_worked_examples_of_the_reference_hold(row: list[str]) -> None:
    """Rule, form, times, due, section: each line of the page is computed."""
    rule, form, written, due, section = row[:5]
    times: dict[str, list[datetime]] = {}
    for pair in written.split(";"):
        name, _, at = pair.strip().partition(" ")
        times.setdefault(name, []).append(datetime.fromisoformat(at).astimezone(UTC))
    found = next(clock for clock in clocks_of(RULES, form, times) if clock.rule == rule)
    assert found.due_at == datetime.fromisoformat(due), section
