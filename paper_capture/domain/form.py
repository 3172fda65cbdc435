"""What a form asks for, how grave an answer makes it, which clocks it carries, and what is wrong with a filled one.

One definition serves paper, page, check and target. A filled form is checked in two rounds: each field by itself
and, only when all of them hold, the fields against each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Literal, Self

from pydantic import Field as Described
from pydantic import model_validator

from cutover.core.errors import Invalid, Problem, hint, nearest
from cutover.domain.programme import Id, Part
from paper_capture.domain.answers import FieldType, FormField, expected_answer, read_answer
from paper_capture.domain.moves import Grade
from paper_capture.domain.passes import Value
from paper_capture.domain.rules import Rule, parse_rule

GRAVITY = (Grade.STANDARD, Grade.MEDIUM, Grade.HIGH)
YES = frozenset({True, "yes"})


class Role(StrEnum):
    """A record becomes a record of the target; the others are the papers that keep account of it."""

    RECORD = "record"
    HEADER = "header"
    REGISTER = "register"
    HANDOVER = "handover"


class GradeRule(Part):
    """What makes a sheet at least this grave: any of these ticks, or a number from `at_least` upwards.

    The number is an answer (`number`), or how many of the fields of `counted` say yes.
    """

    grade: Literal[Grade.HIGH, Grade.MEDIUM]
    ticked: tuple[str, ...] = ()
    number: str = ""
    counted: tuple[str, ...] = ()
    at_least: float = 0

    def applies(self, values: Mapping[str, Value]) -> bool:
        count = values.get(self.number)
        return (
            any(values.get(tick) in YES for tick in self.ticked)
            or (isinstance(count, int | float) and count >= self.at_least)
            or (bool(self.counted) and sum(values.get(f) in YES for f in self.counted) >= self.at_least)
        )

    @property
    def names(self) -> tuple[str, ...]:
        named = (*self.ticked, *self.counted)
        return (*named, self.number) if self.number else named


class Order(Part):
    """Two times of the form: the first is never after the second."""

    first: str
    then: str


class Needs(Part):
    """A field that must be filled once a tick is set."""

    tick: str
    field: str


class Section(Part):
    """A part of the form under its own heading; fields name it."""

    id: Id
    title: str
    help: str = ""
    new_page: bool = Described(default=False, description="begins a new page on paper")


NO_SECTION = Section(id="form", title="")


class Form(Part):
    """forms/<id>.yaml. Passes, minutes and grade rules are policy: a force changes them here, without code."""

    id: Id
    title: str
    prefix: str = Described(pattern=r"^[A-Z]{2,3}$")
    version: int = Described(default=1, ge=1)
    role: Role = Role.RECORD
    passes: Literal[1, 2] = 1
    minutes: float = Described(gt=0, description="calibrated minutes to key one pass")
    clocks: tuple[str, ...] = Described(
        default=(), description="names of the statutory clocks this form carries"
    )
    marking: str = Described(default="", description="printed at the head and foot of each page")
    instructions: tuple[str, ...] = Described(
        default=(), description="how to fill it in, on the page of instructions"
    )
    restricted: bool = Described(
        default=False,
        description="only named keyers, each view is journalled, nothing of it in logs or search",
    )
    watched: bool = Described(
        default=False, description="each view of what stands on it is journalled, whoever keys it"
    )
    retain_days: int | None = Described(
        default=None,
        ge=1,
        description="how long the paper is kept once it is disposed of, as the force's own schedule says",
    )
    grades: tuple[GradeRule, ...] = ()
    order: tuple[Order, ...] = ()
    needs: tuple[Needs, ...] = ()
    rules: tuple[str, ...] = Described(
        default=(), description="what holds between fields, a line each: `occurred <= written`"
    )
    sections: tuple[Section, ...] = ()
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
        for line, rule in self._rules():
            _known("field", rule.names, names)
            _comparable(line, rule, {f.name: f.type for f in self.fields})
        _known("field", [name for rule in self.grades for name in rule.names], names)
        _known("section", [f.section for f in self.fields if f.section], [s.id for s in self.sections])
        return self

    def at(self, version: int) -> Form:
        """The form as it was in an older version: what a sheet printed then asks for."""
        fields = tuple(f for f in self.fields if f.is_in(version))
        return self.model_copy(update={"version": version, "fields": fields})

    @property
    def parts(self) -> tuple[tuple[Section, tuple[FormField, ...]], ...]:
        """Sections with the fields of this version, in order; fields of no section come first."""
        now = [f for f in self.fields if f.is_in(self.version)]
        laid = (
            (s, tuple(f for f in now if f.section == (s.id if s.title else "")))
            for s in (NO_SECTION, *self.sections)
        )
        return tuple((section, fields) for section, fields in laid if fields)

    @property
    def protective_marking(self) -> str:
        """What stands at the head and foot of each page; a restricted form is never without one."""
        return self.marking or ("RESTRICTED" if self.restricted else "")

    @property
    def keyed_once(self) -> tuple[str, ...]:
        """The fields that a second pass need not key."""
        return tuple(f.name for f in self.fields if f.passes == 1) if self.passes > 1 else ()

    @property
    def totals(self) -> tuple[str, ...]:
        """The numbers that a batch header sums."""
        return tuple(f.name for f in self.fields if f.total and f.is_in(self.version))

    @property
    def marked(self) -> tuple[FormField, ...]:
        return tuple(f for f in self.fields if f.is_marked and f.is_in(self.version))

    def target(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """The answers under the names of the record they become."""
        named = {f.name: f.target or f.name for f in self.fields}
        return {named.get(name, name): value for name, value in values.items()}

    def grade(self, values: Mapping[str, Value], judged: Grade = Grade.STANDARD) -> Grade:
        """The higher of the writer's judgement and what the ticks demand: a count never lowers a judgement."""
        return max((judged, *(rule.grade for rule in self.grades if rule.applies(values))), key=GRAVITY.index)

    def check(self, values: Mapping[str, Value], *, of: str = "", partial: bool = False) -> dict[str, Value]:
        """The values as they are stored: trimmed, typed, times in ISO 8601 with their offset, empty ones left out.

        Raises Invalid with every problem of a round, each naming the sheet (`of`) and the field. `partial`
        accepts empty required fields, for what a station logs before anybody has keyed the sheet.
        """
        known = {f.name: f for f in self.fields if f.is_in(self.version)}
        problems = [self._unknown(of, name, known) for name in values if name not in known]
        read: dict[str, Value] = {}
        for field in known.values():
            try:
                value = read_answer(field, values.get(field.name))
            except ValueError as error:
                problems.append(Problem(str(error), of, None, field.name, expected_answer(field)))
                continue
            if value is None and field.type is FieldType.TICK and not (field.required or partial):
                value = False  # a box left blank is an answer once the whole sheet is read
            if value is not None:
                read[field.name] = value
            elif field.required and not partial:
                problems.append(Problem("is empty", of, None, field.name, expected_answer(field)))
        if problems or (problems := self._across(read, of)):
            raise Invalid(*problems)
        return read

    def _unknown(self, of: str, name: str, known: Mapping[str, FormField]) -> Problem:
        return Problem(f"{self.title} has no such field", of, None, name, nearest=nearest(name, known))

    def _across(self, read: Mapping[str, Value], of: str) -> list[Problem]:
        found = (fault for _, rule in self._rules() for fault in rule.faults(read))
        return [Problem(said, of, None, field) for field, said in found]

    def _rules(self) -> Iterator[tuple[str, Rule]]:
        """What holds between fields, in whichever of the three ways it is written: each line, and as read."""
        lines = [
            *(f"{o.first} <= {o.then}" for o in self.order),
            *(f"{n.tick} needs {n.field}" for n in self.needs),
            *self.rules,
        ]
        return ((line, parse_rule(line)) for line in lines)


def _known(kind: str, given: Iterable[str], names: list[str]) -> None:
    """Raises ValueError for a name that the form does not have."""
    for name in given:
        if name not in names:
            raise ValueError(f"no {kind} is named '{name}'{hint(name, names)}")


def _comparable(line: str, rule: Rule, types: Mapping[str, FieldType]) -> None:
    """Raises ValueError for a comparison that no two answers could be put to."""
    if not rule.fits(types):
        said = " and ".join(f"'{name}' ({types[name]})" for name in rule.names)
        raise ValueError(
            f"rule '{line}' compares {said}; expected times with times, or numbers with numbers and no span"
        )
