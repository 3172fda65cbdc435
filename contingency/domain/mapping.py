"""Which field of a form becomes which field of the target, and whether that can be: checked before the window.

A mapping names both ends. A field that the form does not ask for, a field that the target does not have and a field
that the target requires and nothing fills are all faults of the file, found by `cutover check`, not at 03:00.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, Self, get_args

from pydantic import Field, model_validator

from cutover.core.errors import Invalid, Problem, nearest
from cutover.domain.programme import Part

Transform = Literal["as_is", "text", "upper", "lower", "title", "number", "date", "moment", "yes_no", "lines"]
OF_EVERY_SHEET = (
    "serial", "form_type", "occurred_at", "entered_by", "person.surname", "person.forename", "person.dob",
)  # fmt: skip


class FieldMap(Part):
    """One field of the target: `from` a field of the form (or of every sheet), or a fixed `value`."""

    to: str = Field(min_length=1, description="a field of the target; a dot goes into an object: crime.type")
    source: str = Field(default="", alias="from", description="a field of the form, or of every sheet")
    value: str | int | float | bool | None = Field(
        default=None, description="a fixed value, in place of `from`"
    )
    transform: Transform = "as_is"
    codes: dict[str, str] = Field(
        default_factory=dict, description="what the form says -> what the target wants"
    )

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if bool(self.source) == (self.value is not None):
            raise ValueError("give either `from` or `value`")
        return self


class FormMap(Part):
    """How one form becomes a record of the target."""

    form: str
    fields: tuple[FieldMap, ...] = Field(min_length=1)


def faults(
    mapping: FormMap, form_fields: Collection[str], has: Collection[str], required: Collection[str]
) -> Iterator[tuple[int | None, str, str]]:
    """Each fault: which entry, what is wrong, what was probably meant. `has` empty: the target's fields are not declared."""
    known, filled = {*OF_EVERY_SHEET, *form_fields}, set[str]()
    for number, entry in enumerate(mapping.fields):
        if entry.source and entry.source not in known:
            yield number, f"form '{mapping.form}' has no field '{entry.source}'", nearest(entry.source, known)
        if has and entry.to not in has:
            yield number, f"the target has no field '{entry.to}'", nearest(entry.to, has)
        if entry.to in filled:
            yield number, f"'{entry.to}' is filled twice", ""
        filled.add(entry.to)
    for name in sorted(set(required) - filled):
        yield None, f"the target requires '{name}' and nothing of form '{mapping.form}' fills it", ""


def mapped(mapping: FormMap, said: Mapping[str, Any], required: Collection[str] = ()) -> dict[str, Any]:
    """The record as the target wants it. `said`: values by source name. Raises Invalid, with every problem."""
    record: dict[str, Any] = {}
    problems: list[Problem] = []
    for entry in mapping.fields:
        try:
            value = entry.value if not entry.source else _converted(entry, said.get(entry.source))
        except (ValueError, TypeError) as error:
            problems.append(Problem(str(error), field=entry.source))
            continue
        if value in (None, "") and entry.to in required:
            problems.append(
                Problem(
                    f"the target requires it as '{entry.to}' and the form does not say it", field=entry.source
                )
            )
        if value is not None:
            _put(record, entry.to, value)
    if problems:
        raise Invalid(*problems)
    return record


def _converted(entry: FieldMap, value: Any) -> Any:
    if value is None:
        return None
    if entry.codes:
        if str(value) not in entry.codes:
            raise ValueError(f"'{value}' is none of {', '.join(entry.codes)}")
        value = entry.codes[str(value)]
    return _TRANSFORMS[entry.transform](value)


def _put(record: dict[str, Any], path: str, value: Any) -> None:
    *into, last = path.split(".")
    for step in into:
        record = record.setdefault(step, {})
    record[last] = value


def _number(value: Any) -> int | float:
    number = float(value)
    return int(number) if number.is_integer() else number


def _moment(value: Any) -> str:
    at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    if at.tzinfo is None:
        raise ValueError(f"'{value}' does not say in which zone")
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _yes_no(value: Any) -> bool:
    said = str(value).strip().casefold()
    if said not in ("yes", "true", "1", "no", "false", "0"):
        raise ValueError(f"'{value}' is neither yes nor no")
    return said in ("yes", "true", "1")


_TRANSFORMS: Mapping[str, Callable[[Any], Any]] = {
    "as_is": lambda value: value,
    "text": str,
    "upper": lambda value: str(value).upper(),
    "lower": lambda value: str(value).lower(),
    "title": lambda value: str(value).title(),
    "number": _number,
    "date": lambda value: datetime.fromisoformat(str(value)).date().isoformat(),
    "moment": _moment,
    "yes_no": _yes_no,
    "lines": lambda value: "\n".join(map(str, value)) if isinstance(value, list | tuple) else str(value),
}
assert set(_TRANSFORMS) == set(get_args(Transform))
