"""Forms: a filled one is checked in two rounds, stored in one spelling, and graded by its ticks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cutover.core.errors import Invalid
from paper_capture.domain.form import Form
from paper_capture.domain.moves import Grade
from paper_capture.domain.passes import Value
from tests.paper_capture.world import small_form

FORM = small_form()


def problems(values: dict[str, Value], *, partial: bool = False) -> list[str]:
    with pytest.raises(Invalid) as error:
        FORM.check(values, of="VI1", partial=partial)
    return [str(p) for p in error.value.problems]


def test_answers_are_stored_trimmed_typed_and_with_their_offset() -> None:
    given_ = {
        "who": "  Ewa   Łukasz ",
        "began": "2026-10-25T01:30+01:00",
        "count": "7",
        "danger": "no",
        "kind": "urgent",
        "why": " ",
    }
    assert FORM.check(given_) == {
        "who": "Ewa Łukasz", "began": "2026-10-25T01:30:00+01:00", "count": 7, "danger": False, "kind": "urgent",
    }  # fmt: skip


def test_checking_what_is_stored_changes_nothing() -> None:
    stored = FORM.check(
        {
            "who": "Ewa",
            "born": "1987-04-30",
            "began": "2026-10-25T01:30:00Z",
            "count": 1.5,
            "danger": True,
            "why": "x",
        }
    )
    assert FORM.check(stored) == stored


def test_a_box_left_blank_is_a_no_once_the_sheet_is_keyed_and_unknown_before() -> None:
    assert FORM.check({"who": "Ewa"}) == {"who": "Ewa", "danger": False}
    assert FORM.check({}, partial=True) == {}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"whom": "Ewa"},
            ["VI1: whom: Visit has no such field; did you mean 'who'?", "VI1: who: is empty; expected text"],
        ),
        (
            {"who": "E", "count": "seven"},
            ["VI1: count: 'seven' is not a number; expected a number"],
        ),
        ({"who": "E", "count": 28}, ["VI1: count: 28 is outside 0.0 to 27.0; expected a number"]),
        ({"who": "E", "count": "nan"}, ["VI1: count: 'nan' is not a number; expected a number"]),
        (
            {"who": "E", "kind": "urgnt"},
            ["VI1: kind: 'urgnt' is not a choice; did you mean 'urgent'?; expected one of routine, urgent"],
        ),
        (
            {"who": "E", "danger": "maybe"},
            ["VI1: danger: 'maybe' is neither ticked nor not; expected yes or no"],
        ),
    ],
)
def test_each_field_is_checked_by_itself(values: dict[str, Value], said: list[str]) -> None:
    assert problems(values) == said


@pytest.mark.parametrize(("name", "kind"), [("count", "a number"), ("born", "a date"), ("began", "a time")])
def test_what_cannot_be_read_is_said_in_the_words_of_the_form(name: str, kind: str) -> None:
    (said,) = problems({"who": "E", name: "24th"})
    assert said.startswith(f"VI1: {name}: '24th' is not {kind}; expected {kind}")


def test_a_time_without_its_offset_is_refused() -> None:
    assert "has no offset" in problems({"who": "E", "began": "2026-10-25T01:30"})[0]


def test_fields_are_held_against_each_other_only_when_each_is_right() -> None:
    crossed: dict[str, Value] = {
        "began": "2026-10-25T03:00Z",
        "ended": "2026-10-25T02:00Z",
        "danger": True,
        "born": "2027-01-01",
    }
    assert problems(crossed) == ["VI1: who: is empty; expected text"]
    assert problems({**crossed, "who": "E"}) == [
        "VI1: began: 2026-10-25T03:00:00+00:00 is after ended 2026-10-25T02:00:00+00:00",
        "VI1: born: 2027-01-01 is after began 2026-10-25T03:00:00+00:00",
        "VI1: why: is empty though 'danger' is ticked",
    ]


def test_order_is_judged_across_the_clock_change() -> None:
    FORM.check({"who": "E", "began": "2026-10-25T01:30+01:00", "ended": "2026-10-25T01:10+00:00"})


@given(st.integers(0, 27), st.booleans(), st.sampled_from(Grade))
def test_ticks_raise_a_grade_and_never_lower_a_judgement(count: int, danger: bool, judged: Grade) -> None:
    demanded = Grade.HIGH if danger or count >= 14 else Grade.MEDIUM if count >= 10 else Grade.STANDARD
    worst = [Grade.HIGH, Grade.MEDIUM, Grade.STANDARD]
    assert FORM.grade({"count": count, "danger": danger}, judged) == min((judged, demanded), key=worst.index)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"prefix": "V1"}, "prefix"),
        ({"passes": 3}, "passes"),
        (
            {"grades": [{"grade": "high", "ticked": ["dangr"]}]},
            "no field is named 'dangr'; did you mean 'danger'",
        ),
        (
            {
                "fields": [{"name": "a", "label": "A"}, {"name": "a", "label": "B"}],
                "grades": [],
                "order": [],
                "needs": [],
            },
            "'a' is given twice",
        ),
        (
            {
                "fields": [{"name": "a", "label": "A", "type": "choice"}],
                "grades": [],
                "order": [],
                "needs": [],
            },
            "has choices",
        ),
        ({"colour": "red"}, "colour"),
        ({"rules": ["who != why"]}, r"rule 'who != why' compares 'who' \(text\) and 'why' \(text\)"),
        ({"rules": ["born <= count"]}, r"'born' \(date\) and 'count' \(number\); expected times with times"),
        ({"rules": ["kind == 1"]}, r"compares 'kind' \(choice\)"),
        ({"rules": ["count < count + 6h"]}, "no span"),
        ({"order": [{"first": "who", "then": "began"}]}, r"rule 'who <= began' compares 'who' \(text\)"),
    ],
)
def test_a_form_that_does_not_hang_together_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        small_form(**changes)


def test_the_definition_survives_its_own_json() -> None:
    assert Form.model_validate_json(FORM.model_dump_json()) == FORM
