"""From the words of a form to the words of a target."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from contingency.domain.mapping import FieldMap, FormMap, mapped
from cutover.core.errors import Invalid


def field(to: str, **more: Any) -> FieldMap:
    return FieldMap.model_validate({"to": to, **more})


def test_fields_are_renamed_nested_translated_and_fixed() -> None:
    """A dot goes into an object; codes are the target's; a fixed value needs no field."""
    how = FormMap(
        form="crime",
        fields=(
            field("crime.type", **{"from": "offence"}, codes={"burglary": "B1"}),
            field("crime.at", **{"from": "occurred_at"}, transform="moment"),
            field("source", value="paper"),
            field("count", **{"from": "items"}, transform="number"),
            field("left_out", **{"from": "blank"}),
        ),
    )
    said = {"offence": "burglary", "occurred_at": "2026-10-25T01:30:00+01:00", "items": "3"}
    assert mapped(how, said) == {
        "crime": {"type": "B1", "at": "2026-10-25T00:30:00Z"},
        "source": "paper",
        "count": 3,
    }


@pytest.mark.parametrize(
    ("transform", "value", "problem"),
    [
        ("number", "three", "three"),
        ("date", "soon", "soon"),
        ("moment", "2026-10-25T01:30:00", "zone"),
        ("yes_no", "perhaps", "neither yes nor no"),
    ],
)
def test_what_cannot_be_put_is_named(transform: str, value: str, problem: str) -> None:
    """Nothing is guessed: the record goes nowhere, with the reason."""
    how = FormMap(form="crime", fields=(field("to", **{"from": "x"}, transform=transform),))
    with pytest.raises(Invalid, match=problem):
        mapped(how, {"x": value})


def test_a_required_field_that_is_empty_is_named() -> None:
    """As is a code that the target does not know."""
    how = FormMap(
        form="crime", fields=(field("a", **{"from": "x"}), field("b", **{"from": "y"}, codes={"1": "one"}))
    )
    with pytest.raises(Invalid) as found:
        mapped(how, {"x": "", "y": "2"}, required=["a"])
    assert len(found.value.problems) == 2


def test_a_field_has_one_source() -> None:
    """Neither none nor two."""
    for wrong in ({}, {"from": "x", "value": 1}):
        with pytest.raises(ValidationError, match="either"):
            field("to", **wrong)
