"""What a query may ask, and which answer is good."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from cutover.domain.query import Query


def query(**more: Any) -> Query:
    asked = {"id": "defects", "title": "Open defects", "owner": "petra", "database": "tracker",
             "sql": "SELECT count(*) FROM defects", "expect": "== 0", **more}  # fmt: skip
    return Query.model_validate(asked)


@pytest.mark.parametrize(
    ("expect", "row", "met"),
    [
        ("none", None, True), ("none", (1,), False), ("some", (0,), True), ("some", None, False),
        ("== 0", (0,), True), ("== 0", (2,), False), ("<= 5", (5.0,), True), (">= 2", ("1",), False),
        ("< 5", (5,), False), ("> 1.5", (2,), True),
    ],
)  # fmt: skip
def test_an_answer_is_good_when_it_is_what_is_expected(expect: str, row: Any, met: bool) -> None:
    assert query(expect=expect).is_met(row) is met


@pytest.mark.parametrize("row", [None, (None,), ("many",)])
def test_an_answer_that_is_no_number_is_an_error_and_never_good(row: Any) -> None:
    with pytest.raises(ValueError, match=r"no value came back|could not convert"):
        query().is_met(row)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sql": "DELETE FROM defects"}, {"sql": "SELECT 1; SELECT 2"}, {"expect": "good"}, {"every": "1s"},
        {"timeout": "1m"}, {"timeout": "0s"}, {"owner": ""},
    ],
)  # fmt: skip
def test_what_writes_never_ends_or_expects_nothing_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        query(**wrong)
