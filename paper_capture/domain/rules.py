"""What must hold between two answers of one form, as a line of text in its file: `occurred <= written`.

Two shapes, and no code: `A <= B` (also < >= > == !=), where B may be a number or carry a span, `A <= B + 6h`; and
`A needs B`, or `A is no needs B, C`: once A is ticked, or has that answer, B and C are not left empty. What is compared
is times with times or numbers with numbers: other answers have no order, and a form that compares them is refused.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cutover.core.duration import parse_duration, spell_duration
from cutover.core.errors import Invalid
from paper_capture.domain.answers import FieldType
from paper_capture.domain.passes import Value

SHAPES = "`first <= then`, `first <= then + 6h`, `amount >= 0`, `tick needs field` or `choice is no needs field, other`"
_NAME = r"[0-9]*[A-Za-z_][A-Za-z0-9_.\-]*"
_COMPARES = re.compile(
    rf"(?P<left>{_NAME})\s*(?P<sign><=|>=|==|!=|<|>)\s*(?P<right>{_NAME}|-?\d+(?:\.\d+)?)(?:\s*(?P<way>[+-])\s*(?P<span>\d\S*(?: \d\S*)*))?"
)
_NEEDS = re.compile(
    rf"(?P<when>{_NAME})(?:\s+is\s+(?P<answer>.+?))?\s+needs\s+(?P<fields>{_NAME}(?:\s*,\s*{_NAME})*)"
)
_SIGNS: Mapping[str, tuple[Callable[[Any, Any], bool], str]] = {
    "<=": (operator.le, "is after"),
    "<": (operator.lt, "is not before"),
    ">=": (operator.ge, "is before"),
    ">": (operator.gt, "is not after"),
    "==": (operator.eq, "is not the same as"),
    "!=": (operator.ne, "is the same as"),
}
_OF_NUMBERS = {
    "is after": "is more than",
    "is not before": "is not less than",
    "is before": "is less than",
    "is not after": "is not more than",
}
_ANY = frozenset(FieldType)
_TIMES, _NUMBERS = frozenset({FieldType.DATE, FieldType.DATETIME}), frozenset({FieldType.NUMBER})


@dataclass(frozen=True, slots=True)
class Rule:
    """One line as read: the fields it names, and what it finds wrong as (field, sentence).

    `among` are groups of types: all of its fields are of one of them.
    """

    names: tuple[str, ...]
    faults: Callable[[Mapping[str, Value]], Iterator[tuple[str, str]]]
    among: tuple[frozenset[FieldType], ...] = (_ANY,)

    def fits(self, types: Mapping[str, FieldType]) -> bool:
        """Whether it can be of a form whose fields have these types."""
        return any({types[name] for name in self.names} <= group for group in self.among)


def parse_rule(text: str) -> Rule:
    """Read one line. Raises ValueError for another shape."""
    line = " ".join(text.split())
    if found := _COMPARES.fullmatch(line):
        return _comparison(**found.groupdict())
    if found := _NEEDS.fullmatch(line):
        return _need(**found.groupdict())
    raise ValueError(f"rule '{text}' cannot be read; expected {SHAPES}")


def _moment(text: str) -> datetime:
    """A date or time of the form; a date alone stands for its first moment, UTC."""
    return datetime.fromisoformat(text if "T" in text else f"{text}T00:00+00:00")


def _comparison(left: str, sign: str, right: str, way: str | None, span: str | None) -> Rule:
    holds, words = _SIGNS[sign]
    named = re.fullmatch(_NAME, right) is not None
    shift = _span(span) * (-1 if way == "-" else 1)

    def faults(values: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
        one, other = values.get(left), values.get(right) if named else float(right)
        if one is None or other is None:
            return
        if isinstance(one, str) and isinstance(other, str):
            wrong, said = not holds(_moment(one) - _moment(other), shift), words
        else:
            wrong, said = not holds(float(one), float(other)), _OF_NUMBERS.get(words, words)
        if wrong:
            by = f" {way} {spell_duration(abs(shift))}" if span else ""
            yield left, f"{one} {said} {f'{right} {other}' if named else right}{by}"

    names = (left, right) if named else (left,)
    among = (*([_TIMES] if named else []), *([] if span else [_NUMBERS]))
    return Rule(names, faults, among)


def _span(text: str | None) -> timedelta:
    try:
        return parse_duration(text) if text else timedelta()
    except Invalid as error:
        raise ValueError(str(error)) from error


def _need(when: str, answer: str | None, fields: str) -> Rule:
    needed = tuple(name.strip() for name in fields.split(","))

    def faults(values: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
        given = values.get(when)
        if (given is True) if answer is None else (str(given) == answer):
            said = f"'{when}' is ticked" if answer is None else f"'{when}' is '{answer}'"
            yield from ((name, f"is empty though {said}") for name in needed if name not in values)

    return Rule((when, *needed), faults)
