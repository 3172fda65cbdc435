"""What holds between two answers is a line of text."""

from __future__ import annotations

import pytest

from paper_capture.domain.passes import Value
from paper_capture.domain.rules import parse_rule

EARLY, LATE = "2026-10-25T01:30:00+01:00", "2026-10-25T01:30:00+00:00"  # the same wall clock, an hour apart


@pytest.mark.parametrize(
    ("line", "values", "said"),
    [
        ("occurred <= written", {"occurred": LATE, "written": EARLY}, f"{LATE} is after written {EARLY}"),
        ("due <= began + 6h", {"began": EARLY, "due": "2026-10-25T08:30:00+00:00"}, "is after began"),
        ("items > 0", {"items": 0}, "0 is not more than 0"),
        ("cash <= total", {"cash": 5, "total": 4}, "5 is more than total 4"),
        ("danger needs why", {"danger": True}, "is empty though 'danger' is ticked"),
        (
            "adult is no needs parent, school",
            {"adult": "no", "parent": "X"},
            "is empty though 'adult' is 'no'",
        ),
    ],
)
def test_a_broken_rule_names_its_field(line: str, values: dict[str, Value], said: str) -> None:
    found = list(parse_rule(line).faults(values))
    assert len(found) == 1
    assert said in found[0][1]


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("occurred <= written", {"occurred": EARLY, "written": LATE}),
        ("occurred <= written", {"occurred": EARLY}),
        ("due <= began + 6h", {"began": EARLY, "due": "2026-10-25T06:30:00+00:00"}),
        ("due <= began + 6h", {"began": "9999-12-31T23:00:00+00:00", "due": "9999-12-31T23:30:00+00:00"}),
        ("danger needs why", {"danger": False}),
        ("adult is no needs parent", {"adult": "yes"}),
    ],
)
def test_a_kept_rule_is_silent(line: str, values: dict[str, Value]) -> None:
    assert not list(parse_rule(line).faults(values))


@pytest.mark.parametrize("line", ["occurred", "a <= ", "a needs", "a ~ b", "a <= b + soon"])
def test_another_shape_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        parse_rule(line)
