"""What one row of a sheet says as a task; every fault on its line and column, nothing guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from cutover.core.errors import Invalid, Problem
from runbooks.domain.plan import Task, TaskGate, TaskType, parse_links
from runbooks.formats.cells import (
    EMPTY,
    OPEN,
    excel_length,
    is_ambiguous,
    read_duration,
    read_flag,
    read_kind,
    read_moment,
    read_names,
    read_status,
    read_zone,
    slug,
)
from runbooks.formats.columns import TIMES
from runbooks.formats.sheet import MOMENTS, Reading, Row

FLAGS = ("optional", "conditional", "point_of_no_return")
TEXTS = (
    "description",
    "phase",
    "component",
    "deputy",
    "team",
    "verify",
    "rollback",
    "audience",
    "calendar",
    "skill",
)
GUESS = ("estimate.low", "estimate.likely", "estimate.high")
IDS = ("id", "after", "parent")
STATUS = "Status"
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T00:00(?::00)?)?")
_EXCEL_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d)?")
_HOUR = re.compile(r"\d{1,2}:\d\d(?::\d\d)?(?:\s*[ap]m)?", re.IGNORECASE)


def task_of(reading: Reading, row: Row, name: str) -> tuple[Task, frozenset[str]]:
    """The task of a row, and which of its fields the row speaks of beyond its columns.

    A faulty row leaves only its id behind, so that others may still name it. A field with a `?` is only there
    to fill what is empty: a gate made of the owner's name gives way to one that somebody wrote.
    """
    before = len(reading.problems)
    _refuse_ids_turned_dates(reading, row)
    given = _given(reading, row)
    custom: dict[str, str] = {
        h: cell
        for h, at in reading.columns.unknown.items()
        if at < len(row.cells) and (cell := row.cells[at].strip())
    }
    said = _people(reading, row, given, custom)
    given |= said | _title(reading, row, given) | _kind(reading, row, custom) | _phase(reading, row, given)
    given |= _span(reading, given, row) | _estimate(reading, given, row)
    _keep_status(reading, row, custom)
    _keep_open(reading, row, custom)
    extra: set[str] = {f for f in ("deputy", "description", "duration", "phase") if f in given}
    given |= {"id": name, "stream": slug(reading.cell(row, "stream")), "custom": custom}
    given |= {"parent": reading.cell(row, "parent").lstrip("#")} | _gate(given)
    task = _made(reading, row, given) if len(reading.problems) == before else None
    extra |= {"gate?"} if "gate" in given else set()
    return task or Task.model_construct(id=name, title=name), frozenset(extra)


def _given(reading: Reading, row: Row) -> dict[str, Any]:
    there = reading.columns.at
    given: dict[str, Any] = {f: cell for f in TEXTS if f in there and (cell := reading.cell(row, f))}
    return given | {f: v for f in _CELLS if f in there and (v := _value(reading, row, f)) is not None}


def _made(reading: Reading, row: Row, given: dict[str, Any]) -> Task | None:
    try:
        return Task(**given)
    except ValidationError as error:
        for e in error.errors():
            where = str(e["loc"][0])
            near = slug(given["id"]) if where == "id" else ""
            expected = "letters, digits, '.', '_' and '-'" if where == "id" else ""
            problem = Problem(f"'{e['input']}': {e['msg']}", expected=expected, nearest=near)
            reading.fault(row.line, where, problem)
        return None


def _refuse_ids_turned_dates(reading: Reading, row: Row) -> None:
    """Excel makes the 1st of February of an id `1-2`; what it was cannot be told from the cell."""
    if reading.sheet.name:
        for name in IDS:
            text = reading.cell(row, name)
            if text[4:5] == "-" and _EXCEL_DATE.fullmatch(text):
                expected = "the id as text: format the column as Text and write it again"
                reading.fault(
                    row.line, name, Problem(f"Excel made the date {text[:10]} of this id", expected=expected)
                )


# --- cells that are more than text --------------------------------------------------------------------------


def _value(reading: Reading, row: Row, name: str) -> Any:
    """The value of a cell that is more than text, or None; what is wrong with it is noted on its line."""
    text = reading.cell(row, name)
    if text.casefold() in EMPTY or text.casefold() in OPEN:
        return None
    try:
        return _CELLS[name](reading, row, text)
    except Invalid as error:
        for problem in error.problems:
            if name not in MOMENTS or not (reading.order is None and is_ambiguous(text)):
                reading.fault(row.line, name, problem)
        return None


def _moment(name: str) -> Any:
    def read(reading: Reading, row: Row, text: str) -> datetime:
        place = _place(reading, row, name)
        hour = reading.cell(row, TIMES[name])
        if _HOUR.fullmatch(hour) and ":" not in text.partition("T00:00")[0]:
            return read_moment(
                f"{text.partition('T')[0] if _DATE.fullmatch(text) else text} {hour}", place, reading.order
            )
        return read_moment(text, place, reading.order)

    return read


def _place(reading: Reading, row: Row, name: str) -> str:
    zone = reading.cell(row, "zone")
    if not zone:
        return reading.columns.zones.get(name, reading.zone)
    try:
        return read_zone(zone)
    except Invalid as error:
        header = reading.columns.header("zone")
        raise Invalid(
            *(
                Problem(f"{header} {p.message}", expected=p.expected, nearest=p.nearest)
                for p in error.problems
            )
        ) from error


def _length(reading: Reading, row: Row, text: str) -> timedelta:
    del row
    if reading.sheet.name and (length := excel_length(text)) is not None:
        return length
    return read_duration(text, reading.columns.duration_unit, fractions=reading.fractions)


_CELLS: Mapping[str, Any] = {
    **{name: lambda reading, row, text: read_flag(text) for name in FLAGS},
    **{name: _moment(name) for name in MOMENTS},
    "duration": _length,
    **dict.fromkeys((*GUESS, "undo_duration"), _length),
    "units": lambda reading, row, text: _whole(text),
    "start_offset": lambda reading, row, text: read_duration(text.lstrip("Tt+ ")),
    "after": lambda reading, row, text: parse_links(text),
}


def _whole(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,5}", text):
        raise Invalid(Problem(f"'{text}' is no number of people", expected="1 or more"))
    return int(text)


# --- cells that speak of several fields ---------------------------------------------------------------------


def _title(reading: Reading, row: Row, given: Mapping[str, Any]) -> dict[str, str]:
    """The first line of the cell; a longer text is kept whole as the description."""
    text = reading.cell(row, "title")
    if not text:
        reading.fault(
            row.line, "title", Problem("the task has no title", expected="a title, or an empty row")
        )
        return {}
    lines = text.splitlines()
    whole = {"description": text} if len(lines) > 1 and "description" not in given else {}
    return {"title": " ".join(lines[0].split()), **whole}


def _people(reading: Reading, row: Row, given: Mapping[str, Any], custom: dict[str, str]) -> dict[str, str]:
    """The first name of a cell owns, the second stands in; a longer list is kept as it was written."""
    text = reading.cell(row, "owner")
    names = () if text.casefold() in EMPTY else _named(text)
    people = dict(zip(("owner", "deputy"), names, strict=False))
    if "deputy" in given:
        people.pop("deputy", None)
    if len(names) > len(people):
        custom[reading.columns.header("owner")] = text
    return people


@lru_cache(maxsize=4096)
def _named(text: str) -> tuple[str, ...]:
    return tuple(read_names(text))


def _kind(reading: Reading, row: Row, custom: dict[str, str]) -> dict[str, TaskType]:
    """The type a word means; a word of the planner's own is a normal task and is kept."""
    text = reading.cell(row, "type")
    kind = read_kind(text) if text else None
    if text and text.casefold() != kind:
        custom[reading.columns.header("type")] = text
    return {"type": kind or TaskType.NORMAL}


def _phase(reading: Reading, row: Row, given: Mapping[str, Any]) -> dict[str, str]:
    """The heading above a row is its phase where the row names none."""
    heading = (
        "" if given.get("phase") or "phase" in reading.columns.at else reading.headings.get(row.line, "")
    )
    return {"phase": heading} if heading else {}


def _span(reading: Reading, given: dict[str, Any], row: Row) -> dict[str, timedelta]:
    """Start and end say how long, where no duration does."""
    end, start = given.pop("ends", None), given.get("not_before")
    if end is None or start is None or "duration" in given:
        return {}
    if end < start:
        problem = Problem("the task ends before it starts", expected="an end after the start")
        reading.fault(row.line, "ends", problem)
        return {}
    return {"duration": end - start}


def _estimate(reading: Reading, given: dict[str, Any], row: Row) -> dict[str, Any]:
    """Three lengths or none: two do not say how a task may turn out."""
    if reading.columns.at.keys().isdisjoint(GUESS):
        return {}
    found = {name.split(".")[1]: given.pop(name, None) for name in GUESS}
    if None not in found.values():
        return {"estimate": found}
    lacking = [f"estimate.{name}" for name, length in found.items() if length is None]
    if len(lacking) < len(found):
        header = reading.columns.header(lacking[0])
        problem = Problem(f"the estimate has no '{header}'", expected="low, likely and high, or none of them")
        reading.fault(row.line, lacking[0], problem)
    return {}


def _keep_status(reading: Reading, row: Row, custom: dict[str, str]) -> None:
    """A plan says what is to be done; a status is kept, without its number, and not acted on."""
    if text := reading.cell(row, "status"):
        custom[STATUS] = read_status(text)


def _keep_open(reading: Reading, row: Row, custom: dict[str, str]) -> None:
    """`TBC` is no value yet, and what still has to be found out is worth keeping."""
    for name in _CELLS.keys() & reading.columns.at.keys():
        text = reading.cell(row, name)
        if text.casefold() in OPEN:
            custom[reading.columns.header(name)] = text


def _gate(given: Mapping[str, Any]) -> dict[str, TaskGate]:
    """A gate of a sheet is decided by whom the sheet names; its criteria are the planner's to add."""
    decider = given.get("owner") or given.get("team")
    return {"gate": TaskGate(deciders=(decider,))} if given["type"] is TaskType.APPROVAL and decider else {}
