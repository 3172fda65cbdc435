"""What a form asks for, how grave an answer makes it, which clocks it carries, and what is wrong with a filled one.

One definition serves paper, page, check and target. A filled form is checked in two rounds: each field by itself
and, only when all of them hold, the fields against each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, Self

from pydantic import Field as Described
from pydantic import model_validator

from cutover.core.errors import Invalid, Problem, nearest
from cutover.domain.programme import Id, Part
from paper_capture.domain.moves import Grade
from paper_capture.domain.passes import Value

GRAVITY = (Grade.STANDARD, Grade.MEDIUM, Grade.HIGH)
_TICKED = {"yes": True, "true": True, "1": True, "x": True, "no": False, "false": False, "0": False}


class FieldType(StrEnum):
    TEXT = "text"
    DATE = "date"
    DATETIME = "datetime"
    NUMBER = "number"
    CHOICE = "choice"
    TICK = "tick"


class FormField(Part):
    """One question on the page."""

    name: Id
    label: str
    type: FieldType = FieldType.TEXT
    required: bool = False
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None


class GradeRule(Part):
    """What makes a sheet at least this grave: any of these ticks, or a number from `at_least` upwards."""

    grade: Literal[Grade.HIGH, Grade.MEDIUM]
    ticked: tuple[str, ...] = ()
    number: str = ""
    at_least: float = 0

    def applies(self, values: Mapping[str, Value]) -> bool:
        count = values.get(self.number)
        return any(values.get(tick) is True for tick in self.ticked) or (
            isinstance(count, int | float) and count >= self.at_least
        )

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.ticked, self.number) if self.number else self.ticked


class Order(Part):
    """Two times of the form: the first is never after the second."""

    first: str
    then: str


class Needs(Part):
    """A field that must be filled once a tick is set."""

    tick: str
    field: str


class Form(Part):
    """forms/<id>.yaml. Passes, minutes and grade rules are policy: a force changes them here, without code."""

    id: Id
    title: str
    prefix: str = Described(pattern=r"^[A-Z]{2,3}$")
    version: int = Described(default=1, ge=1)
    passes: Literal[1, 2] = 1
    minutes: float = Described(gt=0, description="calibrated minutes to key one pass")
    clocks: tuple[str, ...] = Described(
        default=(), description="names of the statutory clocks this form carries"
    )
    grades: tuple[GradeRule, ...] = ()
    order: tuple[Order, ...] = ()
    needs: tuple[Needs, ...] = ()
    fields: tuple[FormField, ...] = Described(min_length=1)

    @model_validator(mode="after")
    def _hang_together(self) -> Self:
        names = [f.name for f in self.fields]
        if twice := next((n for n in names if names.count(n) > 1), None):
            raise ValueError(f"fields: '{twice}' is given twice")
        if empty := next(
            (f.name for f in self.fields if (f.type is FieldType.CHOICE) != bool(f.choices)), None
        ):
            raise ValueError(
                f"fields.{empty}: choices belong to a choice field, and a choice field has choices"
            )
        for name in self._named():
            if name not in names:
                near = nearest(name, names)
                raise ValueError(
                    f"no field is named '{name}'" + (f"; did you mean '{near}'?" if near else "")
                )
        return self

    def _named(self) -> list[str]:
        pairs = [*((o.first, o.then) for o in self.order), *((n.tick, n.field) for n in self.needs)]
        return [name for group in (*(g.names for g in self.grades), *pairs) for name in group]

    def grade(self, values: Mapping[str, Value], judged: Grade = Grade.STANDARD) -> Grade:
        """The higher of the writer's judgement and what the ticks demand: a count never lowers a judgement."""
        return max((judged, *(rule.grade for rule in self.grades if rule.applies(values))), key=GRAVITY.index)

    def check(self, values: Mapping[str, Value], *, of: str = "", partial: bool = False) -> dict[str, Value]:
        """The values as they are stored: trimmed, typed, times in ISO 8601 with their offset, empty ones left out.

        Raises Invalid with every problem of a round, each naming the sheet (`of`) and the field. `partial`
        accepts empty required fields, for what a station logs before anybody has keyed the sheet.
        """
        known = {f.name: f for f in self.fields}
        problems = [self._unknown(of, name, known) for name in values if name not in known]
        read: dict[str, Value] = {}
        for field in self.fields:
            try:
                value = _read(field, values.get(field.name))
            except ValueError as error:
                problems.append(Problem(str(error), of, None, field.name, _expected(field)))
                continue
            if value is None and field.type is FieldType.TICK and not (field.required or partial):
                value = False  # a box left blank is an answer once the whole sheet is read
            if value is not None:
                read[field.name] = value
            elif field.required and not partial:
                problems.append(Problem("is empty", of, None, field.name, _expected(field)))
        if problems or (problems := self._across(read, of)):
            raise Invalid(*problems)
        return read

    def _unknown(self, of: str, name: str, known: Mapping[str, FormField]) -> Problem:
        return Problem(f"{self.title} has no such field", of, None, name, nearest=nearest(name, known))

    def _across(self, read: Mapping[str, Value], of: str) -> list[Problem]:
        late = [
            Problem(f"{read[o.first]} is after {o.then} {read[o.then]}", of, None, o.first)
            for o in self.order
            if o.first in read and o.then in read and _moment(read[o.first]) > _moment(read[o.then])
        ]
        bare = [
            Problem(f"is empty though '{n.tick}' is ticked", of, None, n.field)
            for n in self.needs
            if read.get(n.tick) is True and n.field not in read
        ]
        return late + bare


def _read(field: FormField, value: Value) -> Value:
    """One answer as stored, None when empty. Raises ValueError saying what is wrong with it."""
    text = " ".join(str(value).split()) if value is not None else ""
    if not text:
        return None
    return _READERS[field.type](field, text)


def _choice(field: FormField, text: str) -> Value:
    if text in field.choices:
        return text
    near = nearest(text, field.choices)
    raise ValueError(f"'{text}' is not a choice" + (f"; did you mean '{near}'?" if near else ""))


def _number(field: FormField, text: str) -> Value:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a number")
    if (field.least is not None and number < field.least) or (field.most is not None and number > field.most):
        raise ValueError(f"{text} is outside {field.least} to {field.most}")
    return int(number) if number.is_integer() else number


def _tick(_: FormField, text: str) -> Value:
    if text.lower() not in _TICKED:
        raise ValueError(f"'{text}' is neither ticked nor not")
    return _TICKED[text.lower()]


def _datetime(_: FormField, text: str) -> Value:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no offset; clocks change, so it may be two moments")
    return moment.isoformat()


_READERS: Mapping[FieldType, Callable[[FormField, str], Value]] = {
    FieldType.TEXT: lambda _, text: text,
    FieldType.DATE: lambda _, text: date.fromisoformat(text).isoformat(),
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


def _expected(field: FormField) -> str:
    return f"one of {', '.join(field.choices)}" if field.type is FieldType.CHOICE else _EXPECTED[field.type]


def _moment(value: Value) -> datetime:
    """A date or time of the form; a date alone stands for its first moment, UTC."""
    text = str(value)
    return datetime.fromisoformat(text if "T" in text else f"{text}T00:00+00:00")
