"""What a program reads of a command today it reads tomorrow: recorded answers are never taken back."""

from __future__ import annotations

import pytest

from cutover.json_shapes import ANSWERS, schema_of
from tests.recorded import answers

NOW = {"run status: answer.run string needed", "run status: answer.closes null|string needed"}


def test_no_answer_takes_back_what_is_recorded() -> None:
    written = set(answers.FILE.read_text(encoding="utf-8").splitlines())
    assert answers.taken_back(written, set(answers.answers())) == []


def test_what_is_new_is_written_down() -> None:
    """`python -m tests.recorded.answers` writes it."""
    assert set(answers.FILE.read_text(encoding="utf-8").splitlines()) == set(answers.answers())


@pytest.mark.parametrize(
    ("then", "said"),
    [
        (NOW - {"run status: answer.run string needed"}, "is gone"),
        ({*NOW, "run status: answer.run integer needed"} - {"run status: answer.run string needed"}, "is integer now"),
        ({*NOW, "run status: answer.run string"} - {"run status: answer.run string needed"}, "may be left out now"),
    ],
)  # fmt: skip
def test_a_field_that_goes_or_changes_its_type_or_may_be_missing_is_refused(
    then: set[str], said: str
) -> None:
    assert answers.taken_back(NOW, then) == [f"run status: answer.run string needed: {said}"]


def test_a_field_more_or_a_narrower_type_is_let_through() -> None:
    narrower = {
        "run status: answer.run string needed",
        "run status: answer.closes string needed",
        "run status: answer.new integer",
    }
    assert answers.taken_back(NOW, narrower) == []


@pytest.mark.parametrize("command", sorted(ANSWERS))
def test_every_schema_names_its_command_and_is_an_object_or_a_list(command: str) -> None:
    schema = schema_of(command)
    assert schema["title"] == command
    assert schema.get("type") in ("object", "array") or "$ref" in schema
