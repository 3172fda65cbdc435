"""Two blind passes: different people, every difference found, a third person decides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.core.errors import Refused
from paper_capture.domain.passes import Discrepancy, Keying, Value, adjudicated, compare, why_not_enter
from tests.paper_capture.world import NOON

values = st.dictionaries(
    st.sampled_from("abcdef"),
    st.one_of(st.none(), st.booleans(), st.integers(0, 2), st.sampled_from(["x", "y"])),
)


@given(values, values)
def test_a_field_is_a_discrepancy_exactly_when_its_answers_differ(
    first: dict[str, Value], second: dict[str, Value]
) -> None:
    spelled = {f for f in {*first, *second} if repr(first.get(f)) != repr(second.get(f))}
    assert {d.field for d in compare(first, second)} == spelled


@given(values, values, values)
def test_an_adjudication_decides_every_discrepancy_and_touches_nothing_else(
    first: dict[str, Value], second: dict[str, Value], third: dict[str, Value]
) -> None:
    found = compare(first, second)
    decided = {d.field: third.get(d.field, d.second) for d in found}
    final = adjudicated(found, first, decided)
    assert {f: v for f, v in final.items() if f not in decided} == {
        f: v for f, v in first.items() if f not in decided
    }
    assert {f: final[f] for f in decided} == decided


def test_an_undecided_discrepancy_and_a_changed_agreement_are_both_named() -> None:
    found = (Discrepancy(field="place", first="Mill Lane", second="Hill Lane"),)
    with pytest.raises(Refused) as refusal:
        adjudicated(found, {"place": "Mill Lane", "offence": "theft"}, {"offence": "robbery"})
    assert refusal.value.reasons == ("place: not decided", "offence: both passes agree on 'theft'")


def test_every_reason_against_a_pass_is_given_at_once() -> None:
    done = [Keying(1, "Bo", NOON, 20, {})]
    assert why_not_enter(done, 1, "Bo", 2) == (
        "pass 1 has been entered already",
        "Bo keyed this sheet before; the other pass needs another person",
    )
    assert why_not_enter([], 2, "", 1) == (
        "nobody is named as its keyer",
        "pass 2 is not asked for: this form takes 1",
    )
    assert why_not_enter(done, 2, "Chen", 2) == ()
