"""What one answer of a form may be, and how it is stored: trimmed, typed, times in ISO 8601 with their offset."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, TypeVar

from pydantic import Field as Described

from cutover.core.errors import hint
from cutover.domain.programme import Id, Part
from paper_capture.domain.passes import Value

T = TypeVar("T")
_TICKED = {"yes": True, "true": True, "1": True, "x": True, "no": False, "false": False, "0": False}


class FieldType(StrEnum):
    TEXT = "text"
    DATE = "date"
    DATETIME = "datetime"
    NUMBER = "number"
    CHOICE = "choice"
    TICK = "tick"


class FormField(Part):
    """One question: on the page, on the entry page, in the check, in the batch totals and in the target."""

    name: Id
    label: str
    type: FieldType = FieldType.TEXT
    required: bool = False
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    section: str = Described(default="", description="id of the section it stands in")
    help: str = Described(default="", description="one line beneath the label, on paper and on the page")
    lines: int = Described(default=1, ge=1, le=40, description="ruled lines to write on")
    columns: tuple[str, ...] = Described(
        default=(), description="a table of that many columns; keyed one row a line, cells parted by |"
    )
    personal: bool = Described(default=False, description="names somebody: hidden from those who only watch")
    passes: Literal[1, 2] | None = Described(
        default=None, description="1: in a form keyed twice, this field is keyed once; default: as the form"
    )
    total: bool = Described(default=False, description="a number that is summed on the batch header")
    target: str = Described(
        default="", description="the field of the record it becomes; default: the same name"
    )
    since: int = Described(default=1, ge=1, description="the form's version that brought it")
    until: int | None = Described(default=None, ge=1, description="the last version of the form that has it")

    @property
    def is_marked(self) -> bool:
        """Answered by a mark in a box, so that a machine can read it."""
        return self.type in (FieldType.TICK, FieldType.CHOICE)

    def is_in(self, version: int) -> bool:
        return self.since <= version <= (self.until or version)


def read_answer(field: FormField, value: Value) -> Value:
    """One answer as stored, None when empty. Raises ValueError saying what is wrong with it."""
    text = _tidy(field, value)
    if not text:
        return None
    return _READERS[field.type](field, text)


def _parsed(parse: Callable[[str], T], text: str, what: str) -> T:
    """Read text; what cannot be read is named in the form's words, not in those of the language it is read with."""
    try:
        return parse(text)
    except ValueError:
        raise ValueError(f"'{text}' is not {what}") from None


def _tidy(field: FormField, value: Value) -> str:
    """Blanks closed up; a field of several lines keeps its lines."""
    if value is None:
        return ""
    lines = str(value).splitlines() if field.lines > 1 or field.columns else [str(value)]
    return "\n".join(filter(None, (" ".join(line.split()) for line in lines)))


def _choice(field: FormField, text: str) -> Value:
    if text in field.choices:
        return text
    raise ValueError(f"'{text}' is not a choice{hint(text, field.choices)}")


def _number(field: FormField, text: str) -> Value:
    number = _parsed(float, text, "a number")
    if not math.isfinite(number):
        raise ValueError(f"'{text}' is not a number")
    if (field.least is not None and number < field.least) or (field.most is not None and number > field.most):
        raise ValueError(f"{text} is outside {field.least} to {field.most}")
    return int(number) if number.is_integer() else number


def _tick(_: FormField, text: str) -> Value:
    if text.lower() not in _TICKED:
        raise ValueError(f"'{text}' is neither ticked nor not")
    return _TICKED[text.lower()]


def _datetime(_: FormField, text: str) -> Value:
    moment = _parsed(datetime.fromisoformat, text, "a time")
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no offset; clocks change, so it may be two moments")
    return moment.isoformat()


_READERS: Mapping[FieldType, Callable[[FormField, str], Value]] = {
    FieldType.TEXT: lambda _, text: text,
    FieldType.DATE: lambda _, text: _parsed(date.fromisoformat, text, "a date").isoformat(),
    FieldType.DATETIME: _datetime,
    FieldType.NUMBER: _number,
    FieldType.CHOICE: _choice,
    FieldType.TICK: _tick,
}
_EXPECTED = {
    FieldType.TEXT: "text",
    FieldType.DATE: "a date such as 1987-04-30",
    FieldType.DATETIME: "a time with its offset such as 2026-10-25T01:30+01:00",
    FieldType.NUMBER: "a number",
    FieldType.TICK: "yes or no",
}


def expected_answer(field: FormField) -> str:
    return f"one of {', '.join(field.choices)}" if field.type is FieldType.CHOICE else _EXPECTED[field.type]
