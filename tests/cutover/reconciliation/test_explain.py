"""Which kind of difference two texts are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.reconciliation.explain import Kind, kind_of, rounded_to, within

TEXTS = st.none() | st.text(max_size=8)


@pytest.mark.parametrize(
    ("type_", "source", "target", "kind"),
    [
        ("text", "Smith", "Smith ", Kind.WHITESPACE),
        ("text", "a\r\nb", "a\nb", Kind.WHITESPACE),
        ("text", "a\u00a0b", "a b", Kind.WHITESPACE),
        ("text", "a\u200b", "a", Kind.WHITESPACE),
        ("text", "Zo\u00eb", "Zoe\u0308", Kind.UNICODE_FORM),
        ("text", "Müller", "MÃ¼ller", Kind.MOJIBAKE),
        ("text", "MÃ¼ller", "Müller", Kind.MOJIBAKE),
        ("text", None, "", Kind.NULL_EMPTY),
        ("text", "", None, Kind.NULL_EMPTY),
        ("text", None, "x", Kind.VALUE),
        ("text", "007", "7", Kind.LOST_LEADING_ZEROS),
        ("integer", "7", "007", Kind.LOST_LEADING_ZEROS),
        ("text", "Smith", "Smyth", Kind.VALUE),
        ("timestamp", "2026-06-01 09:30:00", "2026-06-01 10:30:00", Kind.HOUR_SHIFT),
        ("timestamp", "2026-06-01 09:30:00", "2026-06-01 10:31:00", Kind.VALUE),
        ("timestamp", "2026-06-01 09:30:00", "2026-06-02 09:30:00", Kind.VALUE),
        ("timestamp", "x", "2026-06-02 09:30:00", Kind.VALUE),
        ("decimal(12,4)", "12.3456", "12.3500", Kind.ROUNDING),
        ("decimal(12,4)", "12.3456", "12.3400", Kind.ROUNDING),
        ("decimal(12,2)", "12.34", "13.00", Kind.VALUE),
        ("decimal(12,2)", "10.00", "20.00", Kind.VALUE),
        ("decimal(12,2)", "x", "20.00", Kind.VALUE),
        ("date", "2026-06-01", "2026-06-02", Kind.VALUE),
    ],
)
def test_a_difference_has_a_kind(type_: str, source: str | None, target: str | None, kind: Kind) -> None:
    assert kind_of(type_, source, target, wrong=False) is kind


def test_a_value_that_is_not_of_its_type_says_so() -> None:
    assert kind_of("decimal(12,2)", "12,50", "12.50", wrong=True) is Kind.WRONG_TYPE
    assert kind_of("integer", "abc", None, wrong=True) is Kind.WRONG_TYPE


@given(
    type_=st.sampled_from(["text", "integer", "decimal(12,2)", "timestamp", "date", "boolean"]),
    a=TEXTS,
    b=TEXTS,
    wrong=st.booleans(),
)
def test_every_difference_has_one_kind_whichever_side_is_which(
    type_: str, a: str | None, b: str | None, wrong: bool
) -> None:
    assert kind_of(type_, a, b, wrong) is kind_of(type_, b, a, wrong)


@pytest.mark.parametrize(
    ("source", "target", "places", "holds"),
    [
        ("12.3456", "12.35", 2, True),
        ("12.35", "12.3456", 2, True),
        ("12.3456", "12.34", 2, True),  # cut
        ("12.3999", "12.4000", 2, True),
        ("12.3456", "12.3", 2, False),  # to one place only
        ("10.01", "10.00", 2, False),  # a penny is a penny
        ("0.40", "0", 2, False),
        ("999.99", "1000", 2, False),
        ("1234.5", "1000", 0, False),
        ("12.3456", "12.36", 2, False),
        ("NaN", "1", 2, False),
        ("Infinity", "1", 2, False),
    ],
)
def test_a_rounded_value_keeps_the_places_that_the_contract_says(
    source: str, target: str, places: int, holds: bool
) -> None:
    assert rounded_to(source, target, places) is holds


@pytest.mark.parametrize(
    ("type_", "source", "target", "tolerance", "holds"),
    [
        ("decimal(12,2)", "10.00", "10.01", "0.01", True),
        ("decimal(12,2)", "10.00", "10.02", "0.01", False),
        ("double", "0.1", "0.1000001", "0.000001", True),
        ("double", "NaN", "1", "5", False),
        ("integer", "7", "5", "2", True),
        ("timestamp", "2026-06-01 09:30:00.003", "2026-06-01 09:30:00.000333", "0.00334", True),
        ("timestamp", "2026-06-01 09:30:00", "2026-06-01 10:30:00", "1", False),
        ("integer", None, "1", "5", False),
        ("integer", "1", "1", "", False),
    ],
)
def test_two_values_are_no_further_apart_than_is_allowed(
    type_: str, source: str | None, target: str | None, tolerance: str, holds: bool
) -> None:
    assert within(type_, source, target, tolerance) is holds


@pytest.mark.parametrize(
    ("type_", "source", "target", "kind"),
    [
        ("double", "Infinity", "-Infinity", Kind.VALUE),
        ("double", "Infinity", "1.5", Kind.VALUE),
        ("decimal(38,4)", "1234567890123456789012345678901234.5678", "1234567890123456789012345678901234.57", Kind.ROUNDING),
        ("decimal(38,4)", "1234567890123456789012345678901234.5678", "9", Kind.VALUE),
    ],
)  # fmt: skip
def test_no_number_is_too_wide_to_have_a_kind(type_: str, source: str, target: str, kind: Kind) -> None:
    assert kind_of(type_, source, target, wrong=False) is kind
