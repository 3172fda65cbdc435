"""What the text of one cell means, and what is asked for instead of guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.core.errors import Invalid
from runbooks.domain.plan import TaskType
from runbooks.formats.cells import (
    DateOrder,
    excel_length,
    is_ambiguous,
    read_duration,
    read_flag,
    read_kind,
    read_moment,
    read_names,
    read_status,
    read_zone,
    slug,
)


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-23T22:00",
        "2026-10-23 22:00:00",
        "2026/10/23 22:00",
        "23/10/2026 22:00",
        "23.10.26 10:00 pm",
        "10/23/2026 10:00PM",
        "Fri 23 Oct 2026 22:00",
        "23-Oct-26 22:00",
        "October 23rd, 2026 22:00",
        "2026-10-23T21:00Z",
        "2026-10-23T23:00+02:00",
    ],
)
def test_a_moment_is_read_in_the_forms_people_write(text: str) -> None:
    assert read_moment(text, "Europe/London", None) == datetime(2026, 10, 23, 21, 0, tzinfo=UTC)


def test_a_date_alone_is_its_midnight() -> None:
    assert read_moment("2018-10-02", "America/New_York", None) == datetime(2018, 10, 2, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(("order", "month"), [("DMY", 4), ("MDY", 3)])
def test_an_ambiguous_date_is_read_in_the_order_given(order: DateOrder, month: int) -> None:
    assert read_moment("03/04/2026", "UTC", order).month == month


def test_an_ambiguous_date_without_an_order_is_asked_for() -> None:
    assert is_ambiguous("03/04/2026")
    assert not is_ambiguous("03/03/2026")
    with pytest.raises(Invalid, match="--date-order DMY"):
        read_moment("03/04/2026", "UTC", None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "22:00",
        "2026-13-01",
        "31/02/2026",
        "2026-10-23 25:00",
        "2026-10-23 13:00 pm",
        "5 Foo 2026",
        "23/10/20261",
    ],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="is not a date"):
        read_moment(text, "UTC", None)


def test_an_order_that_does_not_fit_a_date_is_refused() -> None:
    with pytest.raises(Invalid):
        read_moment("25/10/2026", "UTC", "MDY")


def test_a_wall_time_that_happens_twice_or_never_is_refused() -> None:
    for text in ("2026-10-25 01:30", "2026-03-29 01:30"):
        with pytest.raises(Invalid, match="clock change"):
            read_moment(text, "Europe/London", None)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)))
def test_any_iso_moment_is_read_as_it_stands(moment: datetime) -> None:
    whole = moment.replace(microsecond=0)
    assert read_moment(whole.isoformat(), "UTC", None) == whole.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("ET", "America/New_York"),
        ("est", "America/New_York"),
        ("UK", "Europe/London"),
        ("Europe/Paris", "Europe/Paris"),
        ("GMT", "UTC"),
    ],
)
def test_a_zone_is_known_by_its_abbreviation_or_its_name(text: str, zone: str) -> None:
    assert read_zone(text) == zone


@pytest.mark.parametrize(("text", "near"), [("IST", ""), ("Europe/Londn", "Europe/London"), ("../etc", "")])
def test_a_zone_that_is_none_or_several_is_refused(text: str, near: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_zone(text)
    assert near in caught.value.problems[0].nearest


def test_flags_are_read_as_people_tick_them() -> None:
    assert [read_flag(text) for text in ("1", "Yes", "x", "✓", "SIM")] == [True] * 5
    assert [read_flag(text) for text in ("0", "no", "", "-", "N/A")] == [False] * 5
    with pytest.raises(Invalid, match="neither yes nor no"):
        read_flag("perhaps")


@pytest.mark.parametrize(
    ("text", "unit", "minutes"),
    [("45", "", 45), ("1.5", "h", 90), ("2", "d", 2880), ("1h 30m", "h", 90), ("1:30", "", 90)],
)
def test_a_bare_duration_is_in_the_columns_unit_and_a_spelled_one_in_its_own(
    text: str, unit: str, minutes: int
) -> None:
    assert read_duration(text, unit) == timedelta(minutes=minutes)


def test_kinds_are_known_by_many_words() -> None:
    words = ("Gate", "go_no_go", "verify", "E-mail", "script", "milestone", "wait", "technical", "hypercare")
    assert [read_kind(w) for w in words] == [
        TaskType.APPROVAL, TaskType.APPROVAL, TaskType.VALIDATION, TaskType.COMMS, TaskType.AUTOMATED, TaskType.MILESTONE,
        TaskType.WAIT, TaskType.NORMAL, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Asha", ["Asha"]),
        ("Asha/Bo/Chen", ["Asha", "Bo", "Chen"]),
        ("Asha; Bo & Chen", ["Asha", "Bo", "Chen"]),
        ("Asha and Bo", ["Asha", "Bo"]),
        ("Asha Rao, Bo Lin", ["Asha Rao", "Bo Lin"]),
        ("Rao, Asha", ["Rao, Asha"]),
        ("Anderson", ["Anderson"]),
    ],
)
def test_several_names_in_a_cell_are_parted(text: str, names: list[str]) -> None:
    assert read_names(text) == names


@given(st.text())
def test_a_slug_is_an_id_or_empty(text: str) -> None:
    made = slug(text)
    assert len(made) <= 40
    assert all(c.isascii() and (c.isalnum() or c == "-") for c in made)
    assert slug(made) == made


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("1-Planned", "planned"),
        ("2-WIP", "in progress"),
        ("3 - Blocked", "blocked"),
        ("4. Complete", "complete"),
        ("6-Archive", "archived"),
        ("In Progress", "in progress"),
        ("2 people short", "2 people short"),
    ],
)
def test_a_status_is_known_behind_its_number(text: str, status: str) -> None:
    assert read_status(text) == status


def test_a_length_that_excel_shows_as_a_date_is_a_length() -> None:
    assert excel_length("1900-01-01T06:00:00") == timedelta(hours=30)
    assert excel_length("1899-12-31") == timedelta(0)
    assert excel_length("2026-01-01T06:00:00") is None


def test_a_bare_number_is_a_part_of_a_day_where_its_column_is_one_of_those() -> None:
    assert read_duration("0.0625", fractions=True) == timedelta(minutes=90)
    assert read_duration("6.94444444444444e-4", fractions=True) == timedelta(minutes=1)
    assert read_duration("1h", fractions=True) == timedelta(hours=1)
