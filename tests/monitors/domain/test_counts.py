"""A reading is taken whole or not at all, and each row that cannot be is named."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.core.errors import Invalid
from monitors.domain.counts import MOST_DAYS, Told, filled, told

TODAY = date(2026, 10, 26)
NOW = datetime(2026, 10, 26, 9, tzinfo=UTC)
DAY = "2026-10-24"


def read(*rows: tuple[Any, ...]) -> Told:
    return told(rows, "flow referrals", TODAY, NOW)


@pytest.mark.parametrize("count", [8, 8.0, "8", Decimal(8)])
@pytest.mark.parametrize("day", [DAY, date(2026, 10, 24), datetime(2026, 10, 24), f" {DAY} "])
def test_days_and_counts_are_read_as_databases_and_files_give_them(day: Any, count: Any) -> None:
    assert read((day, count)).counts == {date(2026, 10, 24): 8}


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ((DAY, -4), "-4 is negative"),
        ((DAY, float("nan")), "nan is no whole number"),
        ((DAY, float("inf")), "inf is no whole number"),
        ((DAY, 2.5), "2.5 is no whole number"),
        ((DAY, None), "None is no count"),
        ((DAY, True), "True is no count"),
        ((DAY, "many"), "'many' is no count"),
        ((DAY, 10**12), "is more than 1000000000"),
        (("2026-10-27", 4), "2026-10-27 is still to come"),
        (("24/10/2026", 4), "'24/10/2026' is no day; expected such as 2026-10-24"),
        ((DAY,), "row 1"),
        ((DAY, 4, "2026-10-24T09:00"), "does not say in which zone"),
        ((DAY, 4, "2026-10-27T09:00Z"), "is still to come: a clock is wrong"),
    ],
)
def test_what_cannot_be_is_named(row: tuple[Any, ...], why: str) -> None:
    with pytest.raises(Invalid, match="flow referrals: row 1: ") as caught:
        read(row)
    assert why in str(caught.value)


def test_a_day_that_is_there_twice_is_named_by_its_row() -> None:
    with pytest.raises(Invalid, match=f"row 2: {DAY} is there twice"):
        read((DAY, 4), (DAY, 4))


def test_every_bad_row_is_named_up_to_ten() -> None:
    with pytest.raises(Invalid) as caught:
        read(*[(DAY, -1)] * 50)
    assert len(caught.value.problems) == 10


def test_an_answer_without_end_is_cut_short() -> None:
    with pytest.raises(Invalid, match=f"more than {MOST_DAYS} days"):
        told(((date(1990, 1, 1) + timedelta(days=n), 1) for n in range(10**9)), "w", TODAY, NOW)


def test_the_last_event_is_the_latest_of_all_and_never_after_now() -> None:
    found = read((DAY, 4, "2026-10-24T09:00Z"), ("2026-10-25", 4, "2026-10-26T09:04Z"))
    assert found.last_event == NOW


def test_days_that_a_system_of_record_does_not_name_had_no_event() -> None:
    found = filled(read((DAY, 4)), date(2026, 10, 23), date(2026, 10, 25))
    assert list(found.counts.values()) == [0, 4, 0]


@given(st.lists(st.tuples(st.one_of(st.text(), st.dates(), st.none(), st.floats()), st.one_of(st.text(), st.floats(), st.integers(), st.none()))))  # fmt: skip
def test_whatever_comes_is_read_or_refused_and_nothing_else(rows: list[tuple[Any, ...]]) -> None:
    try:
        found = read(*rows)
    except Invalid:
        return
    assert all(day <= TODAY and count >= 0 for day, count in found.counts.items())
