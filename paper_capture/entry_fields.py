"""A form as an entry page asks for it, and what was typed there as the form's own answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from cutover.core.clock import both, read_moment
from cutover.core.errors import Invalid
from cutover.web.acts import WrongFields
from paper_capture.domain.answers import FieldType, FormField
from paper_capture.domain.form import Form
from paper_capture.domain.passes import Value

MARK = "f-"  # before the name of each field, so that none is taken for one of ours
WHICH = ".which"  # after it: which moment is meant, where a wall time came twice
MOMENT = "2026-10-24 23:15"


@dataclass(frozen=True, slots=True)
class Blank:
    """One question of the page. `kind` is how it is answered."""

    name: str
    label: str
    kind: str
    help: str
    required: bool
    choices: tuple[str, ...] = ()
    lines: int = 1
    either: tuple[tuple[str, str], ...] = ()  # of a wall time that came twice: as it is sent, as it is read


@dataclass(frozen=True, slots=True)
class Part:
    """A section of the form with its questions."""

    title: str
    help: str
    blanks: tuple[Blank, ...]


def parts_of(form: Form, pass_no: int, typed: Mapping[str, str], zone: str) -> tuple[Part, ...]:
    """The sections; what a form has keyed once is not asked again in its second pass.

    Of what is `typed` already a time that came twice asks which of the two is meant.
    """
    laid = (
        (section, [f for f in fields if not (pass_no > 1 and f.passes == 1)])
        for section, fields in form.parts
    )
    return tuple(
        Part(s.title, s.help, tuple(_blank(f, typed, zone) for f in fields)) for s, fields in laid if fields
    )


def read_typed(form: Form, typed: Mapping[str, str], zone: str) -> dict[str, Value]:
    """The answers; wall times are the programme's. Raises WrongFields for a time that is none, or that came twice."""
    answers: dict[str, Value] = {}
    faults: dict[str, str] = {}
    for field in form.fields:
        text = typed.get(MARK + field.name, "").strip()
        try:
            answers[field.name] = _read(field, text, typed.get(MARK + field.name + WHICH, ""), zone)
        except Invalid as error:
            faults[MARK + field.name] = str(error)
    if faults:
        raise WrongFields(faults)
    return {name: value for name, value in answers.items() if value is not None}


def wrong_fields(error: Invalid) -> WrongFields:
    """The problems of a form, each at its field of the page."""
    return WrongFields(dict(_at_fields(error)))


def _at_fields(error: Invalid) -> Iterator[tuple[str, str]]:
    for problem in error.problems:
        said = problem.message + (f"; expected {problem.expected}" if problem.expected else "")
        yield MARK + problem.field if problem.field else "", said


def spelled(value: Value) -> str:
    """An answer as a person reads it."""
    if isinstance(value, bool):
        return "ticked" if value else "not ticked"
    return "empty" if value in (None, "") else str(value)


def _blank(field: FormField, typed: Mapping[str, str], zone: str) -> Blank:
    kind = "area" if field.lines > 1 or field.columns else field.type.value
    said = [
        field.help,
        f"one row a line, cells parted by |: {' | '.join(field.columns)}" if field.columns else "",
    ]
    said.append(f"such as {MOMENT}" if field.type is FieldType.DATETIME else "")
    return Blank(
        MARK + field.name, field.label, kind, "; ".join(filter(None, said)), field.required, field.choices,
        lines=min(max(field.lines, 3 if field.columns else 1), 12),
        either=tuple(_either(typed.get(MARK + field.name, ""), zone)) if field.type is FieldType.DATETIME else (),
    )  # fmt: skip


def _either(text: str, zone: str) -> Iterator[tuple[str, str]]:
    try:
        wall = datetime.fromisoformat(text.strip())
    except ValueError:
        return
    yield from ((at.isoformat(), f"{at:%H:%M %Z} ({at.isoformat()[-6:]})") for at in both(wall, zone))


def _read(field: FormField, text: str, which: str, zone: str) -> Value:
    if field.type is FieldType.DATETIME and text:
        if which in dict(_either(text, zone)):
            return which
        return read_moment(text, zone).astimezone(ZoneInfo(zone)).isoformat()
    return text or None
