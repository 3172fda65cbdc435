"""Same person, same kind of form, same time: all three, and then a person decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contingency.domain.duplicates import WINDOW, Sighting, candidates, normalise
from tests.conftest import START

MINUTE = timedelta(minutes=1)
ONE = Sighting("DA-1", "domestic_abuse", "Król", "Halina", "1984-03-09", START)


def like(**change: object) -> Sighting:
    return replace(ONE, ref="R-1", **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Król", "krol"),
        ("  O'Brien ", "obrien"),
        ("SMITH-JONES", "smith jones"),
        ("Łukasz", "lukasz"),
        ("Strauß", "strauss"),
        ("Nováková", "novakova"),
    ],
)
def test_names_are_compared_without_accents_case_and_spacing(name: str, plain: str) -> None:
    """What a tired hand or an old system does to a name does not matter."""
    assert normalise(name) == plain


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"surname": "KROL", "forename": "halina"},
        {"surname": "Kroll"},
        {"surname": "Halina", "forename": "Król"},
        {"dob": "1984-09-03"},
        {"dob": "1984-03-08"},
        {"dob": ""},
        {"forename": "Helina", "occurred_at": START + 59 * MINUTE},
    ],
)
@pytest.mark.requirement("R11")
def test_slips_of_the_pen_are_still_candidates(change: dict[str, object]) -> None:
    """Spelling, swapped names, swapped day and month, a missing birthday."""
    assert [found.ref for found in candidates(ONE, [like(**change)])] == ["R-1"]


@pytest.mark.parametrize(
    "change",
    [
        {"occurred_at": START + 61 * MINUTE},
        {"occurred_at": START - 2 * 60 * MINUTE},
        {"form_type": "crime"},
        {"surname": "Whitfield", "forename": "Jo", "dob": "1990-01-01"},
        {"forename": "Stefan", "dob": "2012-06-30"},
        {"surname": "", "forename": ""},
    ],
)
def test_the_same_person_alone_is_never_enough(change: dict[str, object]) -> None:
    """A repeat victim's second event, another kind of form, a relative: another event."""
    assert candidates(ONE, [like(**change)]) == ()


def test_the_score_comes_with_its_reason() -> None:
    """A person must be able to see why two records are put side by side."""
    found = candidates(ONE, [like(surname="Kroll", occurred_at=START + 20 * MINUTE)])[0]
    assert 0.9 < found.score < 1
    assert "surname" in found.reason
    assert "same date of birth" in found.reason
    assert "20m apart" in found.reason


def test_the_most_alike_comes_first() -> None:
    """The exact one before the near one."""
    found = candidates(ONE, [replace(like(surname="Kroll"), ref="near"), replace(like(), ref="exact")])
    assert [f.ref for f in found] == ["exact", "near"]


@given(
    st.text(max_size=20),
    st.text(max_size=20),
    st.integers(-300, 300),
    st.sampled_from(["domestic_abuse", "crime"]),
)
def test_nothing_outside_type_and_window_ever_matches(
    surname: str, forename: str, minutes: int, form: str
) -> None:
    """Whatever the names are, type and time are never bent."""
    other = like(surname=surname, forename=forename, occurred_at=START + minutes * MINUTE, form_type=form)
    if candidates(ONE, [other]):
        assert form == ONE.form_type
        assert abs(minutes) * MINUTE <= WINDOW


@given(st.text(max_size=30))
def test_normalising_twice_changes_nothing(name: str) -> None:
    """A normal form is normal."""
    assert normalise(normalise(name)) == normalise(name)


@given(st.dates(date(1900, 1, 1)), st.integers(0, 9), st.sampled_from("0123456789-"))
def test_one_slip_of_the_pen_in_a_date_is_never_turned_away(born: date, at: int, wrong: str) -> None:
    """One figure another one, two of them the wrong way round, day and month: each is still nearly the same date."""
    one = born.isoformat()
    swapped = one[:at] + one[at : at + 2][::-1] + one[at + 2 :]
    day_first = born.strftime("%Y-%d-%m")
    for other in (one[:at] + wrong + one[at + 1 :], swapped, day_first):
        alike = candidates(replace(ONE, dob=one), [like(dob=other)])
        assert alike[0].score == (1.0 if other == one else 0.94)
