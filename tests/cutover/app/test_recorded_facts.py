"""What a journal holds is read for ever: recorded facts by today's code, and no shape is taken back without a new version."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cutover.app.facts import catalogue
from tests.recorded import shapes

FACTS = Path(shapes.__file__).with_name("facts.jsonl").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    "line", FACTS, ids=lambda line: f"{json.loads(line)['kind']}-v{json.loads(line)['v']}"
)
def test_a_recorded_fact_is_read_by_todays_code(line: str) -> None:
    """Each as some earlier journal holds it: bodies are added here and never changed."""
    fact = json.loads(line)
    event = catalogue().read(fact["kind"], fact["v"], json.dumps(fact["body"]))
    assert event.kind() == fact["kind"]


def test_no_kind_of_fact_takes_back_what_a_journal_may_hold() -> None:
    """A field that is gone, narrower or newly needed asks for a new version with its `upcast`."""
    written = set(shapes.FILE.read_text(encoding="utf-8").splitlines())
    assert shapes.taken_back(written, set(shapes.shapes())) == []


def test_every_kind_has_its_shape_written_down() -> None:
    """`python -m tests.recorded.shapes` writes down what is new."""
    assert set(shapes.shapes()) <= set(shapes.FILE.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize(
    ("was", "now", "says"),
    [
        ({"A v1", "A v1 name string"}, {"A v1"}, "is gone"),
        ({"A v1", "A v1 name string"}, {"A v1", "A v1 name string needed"}, "became needed"),
        ({"A v1", "A v1 name null|string"}, {"A v1", "A v1 name string"}, "is string now"),
        ({"A v1"}, {"A v1", "A v1 name string needed"}, "became needed"),
    ],
)
def test_what_would_break_an_old_journal_is_named(was: set[str], now: set[str], says: str) -> None:
    (fault,) = shapes.taken_back(was, now)
    assert says in fault


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ({"A v1", "A v1 name string needed"}, {"A v2", "A v2 title string needed"}),
        ({"A v1", "A v1 name string needed"}, {"A v1", "A v1 name string"}),
        (
            {"A v1", "A v1 of object"},
            {"A v1", "A v1 of object", "A v1 more object", "A v1 more.name string needed"},
        ),
        (set(), {"A v1", "A v1 name string needed"}),
    ],
)
def test_a_new_version_a_wider_field_and_a_new_part_break_nothing(was: set[str], now: set[str]) -> None:
    assert shapes.taken_back(was, now) == []
