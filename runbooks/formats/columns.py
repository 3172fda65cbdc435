"""Which column of a sheet means what: header aliases, told apart without case, spaces and punctuation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cutover.core.errors import nearest

# Field -> headers that mean it, best first. The last three fields have no place of their own on a task:
# they complete others (the zone of the times, the end of a task, the order of the rows).
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
    "not_before": "not before, planned at, planned start, planned start time, start, start time, start date, expected start date, planned fixed date, fixed start, scheduled start, planned time",
    "start_offset": "start offset, offset, t plus",
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
    "ends": "end, end time, end date, finish, planned end, planned finish, expected end date",
}
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
_UNIT = re.compile(r"(?:^|[\s(_])(?:in )?(hours?|hrs?|h|minutes?|mins?|m|days?|d)\)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each field stands in a sheet; `unknown` columns are kept as they are."""

    headers: tuple[str, ...]
    at: dict[str, int]
    unknown: dict[str, int]
    duration_unit: str

    def header(self, field: str) -> str:
        """The sheet's own name of a field, for messages; the field's when the sheet has none."""
        return self.headers[self.at[field]] if field in self.at else field

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
    keys = [key_of(_UNIT.sub("", h.strip()) if "duration" in key_of(h) else h) for h in headers]
    at: dict[str, int] = {}
    free = {i: key for i, key in enumerate(keys) if key}
    for aliases in (STRONG, WEAK):
        for field, words in aliases.items():
            position = None if field in at else _first(words, free)
            if position is not None:
                at[field] = position
                del free[position]
    unknown: dict[str, int] = {}
    for i in range(len(headers)):
        if i not in at.values():
            unknown[_name(headers[i].strip() or f"column {i + 1}", unknown)] = i
    unit = _UNIT.search(headers[at["duration"]].strip()) if "duration" in at else None
    return Columns(tuple(h.strip() for h in headers), at, unknown, unit[1][0].lower() if unit else "")


def missing_title(headers: Sequence[str]) -> tuple[str, str]:
    """What a sheet without a title column is told: the names that would do, and the nearest to one it has."""
    names = [name.strip() for name in STRONG["title"].split(",")]
    near = next((n for h in headers if (n := nearest(h.casefold(), names))), "")
    return "a column named one of: " + ", ".join(names), near


def _first(words: str, free: dict[int, str]) -> int | None:
    wanted = [key_of(word) for word in words.split(",")]
    return next((i for word in wanted for i, key in free.items() if key == word), None)


def _name(header: str, taken: dict[str, int]) -> str:
    """A header used twice keeps both columns: Notes, Notes 2."""
    name, n = header, 1
    while name in taken:
        n += 1
        name = f"{header} {n}"
    return name
