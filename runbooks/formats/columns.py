"""Which column of a sheet means what: header aliases, told apart without case, spaces and punctuation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from cutover.core.errors import Invalid, nearest
from runbooks.formats.cells import read_zone
from runbooks.formats.header_words import ABROAD

# Field -> headers that mean it, best first. Those from `zone` on have no place of their own on a task: they
# complete others (the zone of the times, the end of a task, its hour beside its date) or are only looked at.
STRONG: dict[str, str] = {
    "title": "title, task, task name, task title, activity name, task description, text",
    "id": "id, task id, task ref, ref, reference, uid, wbs, #, no, number, seq, sequence, task no, activity id",
    "description": "description and notes, instructions, details, long description",
    "phase": "phase, phase/group, stage, section",
    "stream": "stream, workstream, work stream, track, sub stream, subsection",
    "type": "task type, type, task classification, kind, category",
    "component": "component, application, system, endpoint",
    "after": "after, predecessors, predecessor, predecessor ids, predecessor id, depends on, dependency, dependencies, predecessora, depends upon, waits for",
    "duration": "duration, planned duration, est duration, estimated duration, duration est, effort",
    "not_before": "not before, planned at, planned start, start, start date, planned start date, expected start date, planned fixed date, fixed start, scheduled start, planned start time, start time, planned time",
    "start_offset": "start offset, offset, t plus",
    "deadline": "deadline, must finish by, finish by, due, due date, planned due date",
    "calendar": "calendar, work calendar, task calendar",
    "skill": "skill, skills, required skill",
    "units": "team units",
    "estimate.low": "estimate low, optimistic, best case, optimistic duration, min duration",
    "estimate.likely": "estimate likely, most likely, likely, most likely duration",
    "estimate.high": "estimate high, pessimistic, worst case, pessimistic duration, max duration",
    "undo_duration": "undo duration, rollback duration, backout duration",
    "owner": "owner, assigned to, assignee, resource, resources, executor, task owner, performed by",
    "deputy": "deputy, backup, alternate",
    "team": "team, assigned team, role, responsible, responsible team, group, resource group",
    "parent": "parent, parent item, parent id, parent task, part of",
    "optional": "optional, is optional",
    "conditional": "conditional, is conditional",
    "point_of_no_return": "point of no return, ponr",
    "verify": "verify, verify step, verification, success criteria, acceptance criteria",
    "rollback": "rollback, rollback step, backout, backout step, back out, backout ref, undo",
    "audience": "audience, recipients, notify",
    "zone": "tz, time zone, timezone, zone",
    "ends": "end, end date, planned end date, finish, finish date, planned end, planned finish, expected end date, end time, planned end time",
    "start_clock": "planned start time, start time, planned fixed time, fixed time",
    "end_clock": "planned end time, end time, finish time",
    "due_clock": "planned due time, due time",
    "status": "status, task status",
    "summary": "is summary, summary task, is summary task",
}
TIMES = {"not_before": "start_clock", "ends": "end_clock", "deadline": "due_clock"}  # moment -> its hour
# Words that mean one thing in one sheet and another in the next; taken only when nothing better claims the field.
WEAK: dict[str, str] = {
    "title": "activity, description, step, item, action, summary, name",
    "id": "step, activity, item",
    "description": "description, notes, comments",
}
PARALLEL = frozenset(
    {"stream", "workstream", "track", "substream"}
)  # by their meaning these run side by side
# `Duration (hours)`, `duration_mins`: bare numbers of that column are in that unit.
_UNIT = re.compile(
    r"(?:^|[\s(_\[])(?:in )?(hours?|hrs?|h|minutes?|mins?|m|days?|d|stunden|std|minuten|tage|heures|jours|horas|dias|días)[)\]]?$",
    re.IGNORECASE,
)
_UNITS = {
    "stunden": "h",
    "std": "h",
    "heures": "h",
    "horas": "h",
    "tage": "d",
    "jours": "d",
    "dias": "d",
    "días": "d",
}
_LENGTHS = STRONG["duration"] + ", " + ABROAD["duration"]


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each field stands in a sheet; `unknown` columns are kept as they are."""

    headers: tuple[str, ...]
    at: dict[str, int]
    unknown: dict[str, int]
    duration_unit: str
    zones: dict[str, str] = field(default_factory=dict)  # moment -> the zone its header names: `Start (ET)`

    def header(self, name: str) -> str:
        """The sheet's own name of a field, for messages; the field's when the sheet has none."""
        return self.headers[self.at[name]] if name in self.at else name

    @property
    def runs_in_parallel(self) -> bool:
        """Whether the streams of this sheet are workstreams rather than chapters of one list."""
        return "stream" in self.at and key_of(self.headers[self.at["stream"]]) in PARALLEL


def key_of(header: str) -> str:
    """A header without case, spaces, punctuation and what stands in brackets: `Predecessor(s)` is predecessor."""
    bare = re.sub(r"\(.*?\)", "", header).casefold()
    return (
        re.sub(r"[\W_]", "", bare.replace("#", "number" if bare.strip() != "#" else "#"), flags=re.UNICODE)
        or bare.strip()
    )


def columns(headers: Sequence[str]) -> Columns:
    """Give each column its field; each field and each column is taken once, in the order of the aliases."""
    at = _fields(headers)
    unknown: dict[str, int] = {}
    taken = set(at.values())
    for i in range(len(headers)):
        if i not in taken:
            unknown[_name(headers[i].strip() or f"column {i + 1}", unknown)] = i
    unit = _unit(headers[at["duration"]]) if "duration" in at else ""
    zones = {name: zone for name in TIMES if name in at and (zone := _zone(headers[at[name]]))}
    return Columns(tuple(h.strip() for h in headers), at, unknown, unit, zones)


def _fields(headers: Sequence[str]) -> dict[str, int]:
    free = {i: _plain(key) for i, h in enumerate(headers) if (key := _key(h))}
    at: dict[str, int] = {}
    for aliases in (STRONG, ABROAD, WEAK):
        for name, words in aliases.items():
            position = None if name in at else _first(words, free)
            if position is not None:
                at[name] = position
                del free[position]
    return at


def _key(header: str) -> str:
    """The key of a header without the unit that a column of durations may carry."""
    key = key_of(header)
    bare = _UNIT.sub("", header.strip())
    return (
        key_of(bare)
        if bare != header.strip() and _first(_LENGTHS, {0: _plain(key_of(bare))}) is not None
        else key
    )


def _unit(header: str) -> str:
    unit = _UNIT.search(header.strip())
    return _UNITS.get(unit[1].casefold(), unit[1][0].casefold()) if unit else ""


def _zone(header: str) -> str:
    """The zone in the brackets of a header, or '' when they hold something else."""
    inside = re.search(r"\(([^()]+)\)", header)
    try:
        return read_zone(inside[1]) if inside else ""
    except Invalid:
        return ""


def missing_title(headers: Sequence[str]) -> tuple[str, str]:
    """What a sheet without a title column is told: the names that would do, and the nearest to one it has."""
    names = [name.strip() for name in STRONG["title"].split(",")]
    near = next((n for h in headers if (n := nearest(h.casefold(), names))), "")
    return "a column named one of: " + ", ".join(names), near


def _first(words: str, free: dict[int, str]) -> int | None:
    return next((i for word in _wanted(words) for i, key in free.items() if key == word), None)


@cache
def _wanted(words: str) -> tuple[str, ...]:
    return tuple(_plain(key_of(word)) for word in words.split(","))


def _plain(key: str) -> str:
    """Without accents: people write duree as often as durée."""
    return "".join(c for c in unicodedata.normalize("NFKD", key) if not unicodedata.combining(c))


def _name(header: str, taken: dict[str, int]) -> str:
    """A header used twice keeps both columns: Notes, Notes 2."""
    name, n = header, 1
    while name in taken:
        n += 1
        name = f"{header} {n}"
    return name
