"""What a re-import would change: keyed on the id, field by field, shown before anything is taken over.

What a file does not speak of stays: an absent column is unchanged, an empty cell clears, an absent row is
proposed for removal and removed only on demand. Rows keep the order of the file; tasks that it does not name
stay behind the task they stood behind.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from cutover.core.duration import spell_duration
from cutover.core.errors import nearest
from runbooks.domain.plan import Link, Runbook, Task

Given = Mapping[
    str, frozenset[str]
]  # task -> the fields its file speaks of; `custom.Site`, `gate.quorum`, `gate?`
CHAINED = "after, by the order of the rows"
OF_RUNBOOK = ("title", "streams", "phases", "distribution", "backout")
_ALIKE = str.maketrans("oil", "011")


@dataclass(frozen=True, slots=True)
class Change:
    """One field that would change, spelled for people; `task` is '' for the runbook's own."""

    task: str
    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class PlanDiff:
    """What taking over a file would do to a plan. `alike` are new ids that read like absent ones: id -> id."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changes: tuple[Change, ...]
    reordered: bool
    alike: Mapping[str, str]

    @property
    def is_empty(self) -> bool:
        """Whether taking the file over, without removing anything, changes nothing."""
        return not (self.added or self.changes or self.reordered)


def merged(
    current: Runbook,
    read: Runbook,
    given: Given | None = None,
    of_runbook: frozenset[str] | None = None,
    *,
    remove_absent: bool = False,
) -> Runbook:
    """The plan after taking the file over; `given` None means that the file speaks of everything."""
    old, new = current.by_id(), read.by_id()
    if remove_absent or old.keys() <= new.keys():  # part of a checklist says nothing of what stands between
        given = _with_order_of_rows(given, old, new)
    tasks = {
        name: merged_task(old[name], task, _of(given, name)) if name in old else task
        for name, task in new.items()
    }
    order = list(new) if remove_absent else _order(list(old), list(new))
    fields: dict[str, Any] = {
        name: getattr(read, name) for name in OF_RUNBOOK if of_runbook is None or name in of_runbook
    }
    if of_runbook is not None:
        known = {stream.id for stream in current.streams}
        fields.setdefault("streams", (*current.streams, *(s for s in read.streams if s.id not in known)))
        fields.setdefault("phases", (*current.phases, *(p for p in read.phases if p not in current.phases)))
    return current.model_copy(
        update={**fields, "tasks": tuple(tasks.get(name) or old[name] for name in order)}
    )


def diff(
    current: Runbook, read: Runbook, given: Given | None = None, of_runbook: frozenset[str] | None = None
) -> PlanDiff:
    """What `merged` would change, and what stands in the plan and not in the file."""
    old, after = current.by_id(), merged(current, read, given, of_runbook)
    new = read.by_id()
    added = tuple(name for name in new if name not in old)
    removed = tuple(name for name in old if name not in new)
    changes = [
        c for name in OF_RUNBOOK for c in _changes("", name, getattr(current, name), getattr(after, name))
    ]
    changes += [c for task in after.tasks if task.id in old for c in _of_task(old[task.id], task)]
    kept = [name for name in old if name in new]
    reordered = kept != [name for name in new if name in old]
    return PlanDiff(added, removed, tuple(changes), reordered, _alike(added, removed, old, new))


def merged_task(old: Task, new: Task, given: frozenset[str] | None) -> Task:
    """The task as the file says it, and as it was where the file says nothing."""
    if given is None:
        return new
    update: dict[str, Any] = {}
    for name in Task.model_fields:
        parts = {path.partition(".")[2] for path in given if path.startswith(f"{name}.")}
        if name == "custom":
            update[name] = _custom(old, new, parts)
        elif name in given or (f"{name}?" in given and not getattr(old, name)):
            update[name] = getattr(new, name)
        elif parts:
            update[name] = _part(getattr(old, name), getattr(new, name), parts)
    return old.model_copy(update={**update, "id": old.id})


def _with_order_of_rows(
    given: Given | None, old: Mapping[str, Task], new: Mapping[str, Task]
) -> Given | None:
    """A checklist says by its rows what follows what; to a plan with links of its own it says nothing of them."""
    if given is None or not any(CHAINED in said for said in given.values()):
        return given
    mine = [old[name] for name in old if CHAINED in given.get(name, frozenset())]
    if not _is_checklist(mine):
        return given
    return {
        name: said | {"after"} if CHAINED in said and name in new else said for name, said in given.items()
    }


def _is_checklist(tasks: Sequence[Task]) -> bool:
    """Whether each task follows one other at most, and no two the same."""
    links = [link for task in tasks for link in task.after]
    plain = all(link == Link(task=link.task) for link in links) and all(
        len(task.after) <= 1 for task in tasks
    )
    return bool(links) and plain and len({link.task for link in links}) == len(links)


def _of(given: Given | None, name: str) -> frozenset[str] | None:
    return None if given is None else given.get(name, frozenset())


def _custom(old: Task, new: Task, columns: set[str]) -> dict[str, str]:
    return {key: text for key, text in old.custom.items() if key not in columns} | dict(new.custom)


def _part(old: BaseModel | None, new: BaseModel | None, parts: set[str]) -> BaseModel | None:
    """A part of a task, of which a file may speak of some fields only: all of them empty clears it."""
    if old is None or new is None:
        return new
    return old.model_copy(update={name: getattr(new, name) for name in parts})


def _order(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """The order of the file; what it does not name follows the task it followed before."""
    there = set(new)
    behind: dict[str, list[str]] = {}
    anchor = ""
    for name in old:
        if name in there:
            anchor = name
        else:
            behind.setdefault(anchor, []).append(name)
    return [*behind.get("", ()), *(n for name in new for n in (name, *behind.get(name, ())))]


# --- what is said of it -----------------------------------------------------------------------------------


def _of_task(old: Task, new: Task) -> list[Change]:
    return [
        change
        for name in Task.model_fields
        if getattr(old, name) != getattr(new, name)
        for change in _changes(old.id, name, getattr(old, name), getattr(new, name))
    ]


def _changes(task: str, name: str, old: Any, new: Any) -> list[Change]:
    """One change a field; one a column or part where both sides have parts."""
    if old == new:
        return []
    if isinstance(old, BaseModel) and isinstance(new, BaseModel):
        old, new = dict(old), dict(new)
    if isinstance(old, dict) and isinstance(new, dict):
        keys = {**old, **new}
        return [c for key in keys for c in _changes(task, f"{name}.{key}", old.get(key), new.get(key))]
    return [Change(task, name, spelled(old), spelled(new))]


def spelled(value: Any) -> str:
    """A value of a plan as people read it; nothing is ''."""
    if value is None or value in ((), ""):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple) and all(isinstance(one, Link | str) for one in value):
        return ", ".join(map(str, value))
    spell = next((spell for kind, spell in _SPELL if isinstance(value, kind)), None)
    return spell(value) if spell else json.dumps(value, default=_plain, ensure_ascii=False)


_SPELL: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (str, str),
    (timedelta, spell_duration),
    (datetime, lambda at: at.isoformat().replace("+00:00", "Z")),
)


def _plain(value: Any) -> Any:
    return (
        value.model_dump(mode="json", exclude_defaults=True) if isinstance(value, BaseModel) else str(value)
    )


def _alike(
    added: Sequence[str], removed: Sequence[str], old: Mapping[str, Task], new: Mapping[str, Task]
) -> dict[str, str]:
    """New ids that were probably meant for absent ones: the letter O for a nought, a slip, the same title."""
    folded = {_folded(name): name for name in removed}
    titles = {old[name].title: name for name in removed}
    found = {
        name: folded.get(_folded(name)) or titles.get(new[name].title) or _near(name, removed)
        for name in added
    }
    return {name: near for name, near in found.items() if near}


MOST_COMPARED = 500  # ids: telling slips apart is work that grows with their square


def _near(name: str, removed: Sequence[str]) -> str:
    same_length = [other for other in removed[:MOST_COMPARED] if abs(len(other) - len(name)) <= 1]
    near = nearest(name, same_length)
    slips = sum(a != b for a, b in zip(name, near, strict=False)) + abs(len(near) - len(name))
    return near if near and slips == 1 and not _only_numbers_differ(name, near) else ""


def _only_numbers_differ(one: str, other: str) -> bool:
    """T7 and T8 are neighbours, not a slip."""
    bare = [name.strip("0123456789") for name in (one, other)]
    return bare[0] == bare[1]


def _folded(name: str) -> str:
    """An id as a tired eye reads it: T-O1, t_01 and T01 alike."""
    return name.casefold().translate(_ALIKE).replace("-", "").replace("_", "").replace(".", "")
