"""Our own columns: every field of a task as a cell that people can read and edit, and back without any loss.

A value is written in the form people write it where that reads back equal, and as JSON where it does not. What
neither keeps is refused by name. A column named `custom: X` is the planner's column X, where X is also ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cutover.core.duration import parse_duration, spell_duration
from cutover.core.errors import Invalid, Problem, nearest
from cutover.domain.gates import Criterion, OnTimeout
from runbooks.domain.attempts import InRehearsal, RetryPolicy
from runbooks.domain.plan import Effect, Link, Runbook, Task, TaskType, parse_links
from runbooks.formats.cells import DateOrder, read_flag, read_kind, read_moment

STATUS = "Status"
OWN = "custom: "
COMPUTED = ("Computed start", "Computed finish", "Computed float", "Critical")
MARK = (
    "cutover runbook"  # names our own format: a column of CSV, the first cell of a workbook's sheet Runbook
)
VERSION = "1"


@dataclass(frozen=True, slots=True)
class Column:
    """One of our columns: the place of its value in a task, its spelling, and how the spelling is read."""

    header: str
    path: str
    spell: Callable[[Any], str] = str
    read: Callable[[str], Any] = str

    @property
    def is_moment(self) -> bool:
        return self.path in ("not_before", "deadline")


@dataclass(frozen=True, slots=True)
class Place:
    """Where moments of a file without an offset are: its zone, and the order of its days and months."""

    zone: str
    order: DateOrder | None = None


# --- values that are more than text -----------------------------------------------------------------------


def _links(links: tuple[Link, ...]) -> str:
    return ", ".join(map(str, links))


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    if json.loads(text) != value:
        raise Invalid(
            Problem("holds a value that only YAML keeps", expected="text, numbers, yes/no, lists, names")
        )
    return text


def _read_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(Problem(f"'{text[:60]}' is not JSON", expected='such as {"step": "load"}')) from error


def _arguments(value: Mapping[str, Any]) -> str:
    return _json(dict(value)) if value else ""


def _names(names: tuple[str, ...]) -> str:
    """Names with semicolons between them; as JSON where that would not read back as they are."""
    text = "; ".join(names)
    plain = not text.startswith("[") and _read_names(text) == list(names)
    return text if plain or not names else _json(list(names))


def _read_names(text: str) -> Any:
    return (
        _read_json(text)
        if text.startswith("[")
        else [name.strip() for name in text.split(";") if name.strip()]
    )


def _criteria(criteria: tuple[Criterion, ...]) -> str:
    """One line a criterion: id | title | source | age its evidence may have."""
    lines = "\n".join(_criterion(c) for c in criteria)
    try:
        reads_back = tuple(Criterion(**c) for c in _read_criteria(lines)) == criteria
    except (Invalid, TypeError):
        reads_back = False
    return lines if reads_back else _json([c.model_dump(mode="json") for c in criteria])


def _criterion(c: Criterion) -> str:
    age = [spell_duration(c.max_age)] if c.max_age is not None else []
    return " | ".join([c.id, c.title, c.source, *age])


def _read_criteria(text: str) -> Any:
    if text.startswith("["):
        return _read_json(text)
    return [_read_criterion(line) for line in text.split("\n") if line.strip()]


def _read_criterion(line: str) -> dict[str, Any]:
    parts = [part.strip() for part in line.split("|")]
    if len(parts) not in (3, 4):
        expected = "id | title | source, and how old its evidence may be, such as | 2h"
        raise Invalid(Problem(f"'{line[:60]}' is not a criterion", expected=expected))
    age = {"max_age": parse_duration(parts[3])} if parts[3:] else {}
    return {"id": parts[0], "title": parts[1], "source": parts[2], **age}


def _one_of(words: Iterable[str]) -> Callable[[str], str]:
    known = tuple(words)

    def read(text: str) -> str:
        word = text.strip().casefold().replace(" ", "_").replace("-", "_")
        if word not in known:
            expected, near = "one of " + ", ".join(known), nearest(word, known)
            raise Invalid(Problem(f"'{text}' is none of its values", expected=expected, nearest=near))
        return word

    return read


def _type(text: str) -> TaskType:
    kind = read_kind(text)
    if kind is None:
        expected, near = "one of " + ", ".join(TaskType), nearest(text, TaskType)
        raise Invalid(Problem(f"'{text}' is no type of task", expected=expected, nearest=near))
    return kind


def _whole(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text.strip()):
        raise Invalid(Problem(f"'{text}' is no whole number", expected="such as 1"))
    return int(text)


def _flag(header: str, path: str) -> Column:
    return Column(header, path, lambda on: "yes" if on else "", read_flag)


def _span(header: str, path: str) -> Column:
    return Column(header, path, spell_duration, parse_duration)


def _estimate(title: str, path: str) -> tuple[Column, ...]:
    return tuple(_span(f"{title} {part}", f"{path}.{part}") for part in ("low", "likely", "high"))


COLUMNS: tuple[Column, ...] = (
    Column("ID", "id"),
    Column("Task", "title"),
    Column("Description", "description"),
    Column("Phase", "phase"),
    Column("Stream", "stream"),
    Column("Type", "type", str, _type),
    Column(STATUS, f"custom.{STATUS}"),
    Column("Component", "component"),
    Column("Team", "team"),
    Column("Team units", "units", str, _whole),
    Column("Skill", "skill"),
    Column("Locks", "locks", _names, _read_names),
    Column("Owner", "owner"),
    Column("Deputy", "deputy"),
    Column("Predecessors", "after", _links, parse_links),
    Column("Parent", "parent"),
    _span("Duration", "duration"),
    *_estimate("Estimate", "estimate"),
    Column("Not before", "not_before", datetime.isoformat),
    _span("Start offset", "start_offset"),
    Column("Deadline", "deadline", datetime.isoformat),
    Column("Calendar", "calendar"),
    Column("Action", "action.kind"),
    Column("Action with", "action.arguments", _arguments, _read_json),
    Column("Effect", "effect", str, _one_of(Effect)),
    _span("Timeout", "timeout"),
    Column("Retry", "retry", str, _one_of(RetryPolicy)),
    Column("In rehearsal", "in_rehearsal", str, _one_of(InRehearsal)),
    Column("Inverse action", "inverse.kind"),
    Column("Inverse action with", "inverse.arguments", _arguments, _read_json),
    Column("Verify", "verify"),
    Column("Rollback", "rollback"),
    Column("Undo action", "undo.kind"),
    Column("Undo action with", "undo.arguments", _arguments, _read_json),
    _span("Undo duration", "undo_duration"),
    *_estimate("Undo estimate", "undo_estimate"),
    Column("Undoes", "undoes"),
    Column("Gate deciders", "gate.deciders", _names, _read_names),
    Column("Gate deputies", "gate.deputies", _arguments, _read_json),
    Column("Gate quorum", "gate.quorum", str, _whole),
    _span("Gate decide within", "gate.decide_within"),
    Column("Gate on timeout", "gate.on_timeout", str, _one_of(OnTimeout)),
    Column("Gate escalate to", "gate.escalate_to", _names, _read_names),
    _span("Gate escalate within", "gate.escalate_within"),
    Column("Gate criteria", "gate.criteria", _criteria, _read_criteria),
    Column("Repairs", "repairs"),
    _flag("Optional", "optional"),
    _flag("Conditional", "conditional"),
    _flag("Point of no return", "point_of_no_return"),
    Column("Audience", "audience"),
)
BY_HEADER: Mapping[str, Column] = {column.header: column for column in COLUMNS}


# --- writing ----------------------------------------------------------------------------------------------


def value_of(task: Task, path: str) -> Any:
    """What stands at a path of a task, or None."""
    first, _, rest = path.partition(".")
    value = getattr(task, first)
    if first == "custom":
        return value.get(rest) if rest == STATUS and value.get(rest) else None
    return getattr(value, rest) if rest and value is not None else value


def spelled(task: Task, column: Column) -> str:
    """The cell of a task: '' for nothing. Raises Invalid for what no cell can keep."""
    value = value_of(task, column.path)
    if value is None or (column.path == "units" and value == 1):
        return ""
    try:
        return column.spell(value)
    except Invalid as error:
        place = f"{task.id} {column.header}"
        raise Invalid(
            *(Problem(p.message, field=place, expected=p.expected) for p in error.problems)
        ) from error


def custom_headers(tasks: Iterable[Task]) -> dict[str, str]:
    """Header -> the planner's own column; one that reads like ours says that it is not."""
    keys = {key: None for task in tasks for key in task.custom if key != STATUS or not task.custom[key]}
    return {_header(key): key for key in keys}


def _header(key: str) -> str:
    ours = _bare(key) in BY_HEADER or _bare(key) in COMPUTED or key == MARK
    plain = key and key == key.strip() and not key.startswith(OWN) and not _RISKY.match(key)
    return key if plain and not ours else OWN + key


_RISKY = re.compile(r"[=+\-@'\t\r\n＝＋－＠]")


def custom_of(header: str) -> str:
    """The planner's column that a header names."""
    return header.removeprefix(OWN)


def _bare(header: str) -> str:
    """`Not before (Europe/London)` is Not before."""
    return re.sub(r"\s*\([^()]*\)$", "", header)


def column_of(header: str) -> Column | None:
    return BY_HEADER.get(_bare(header)) if not header.startswith(OWN) else None


def is_computed(header: str) -> bool:
    return _bare(header) in COMPUTED


# --- reading ----------------------------------------------------------------------------------------------


def read_cell(column: Column, text: str, place: Place) -> Any:
    """The value that a cell of ours means. Raises Invalid."""
    return _moment(text, place) if column.is_moment else column.read(text)


def _moment(text: str, place: Place) -> datetime:
    try:
        exact = datetime.fromisoformat(text)
    except ValueError:
        return read_moment(text, place.zone, place.order)
    return exact if exact.tzinfo else read_moment(text, place.zone, place.order)


def put(values: dict[str, Any], path: str, value: Any) -> None:
    """Set a value at its path in the plain form of a task."""
    first, _, rest = path.partition(".")
    if rest:
        values.setdefault(first, {})[rest] = value
    else:
        values[first] = value


def about(runbook: Runbook) -> dict[str, Any]:
    """What a runbook says of itself, as plain values that `about_read` takes."""
    plain = runbook.model_dump(mode="json", exclude={"tasks"})
    return {key: plain[key] for key in ("id", "title", "distribution", "backout", "phases", "streams")}
