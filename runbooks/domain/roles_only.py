"""A plan without the names of people: what may leave the house, with teams and roles where names stood.

Taken out are the owners and deputies, columns that hold people (support, contact, phone …), and every name the
programme or the plan itself knows, wherever it stands in a text. A name that neither knows cannot be found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from cutover.domain.programme import Person, Programme
from runbooks.domain.plan import Runbook, Task, TaskGate

PEOPLE_FIELDS = ("owner", "deputy")
REMOVED = "[name removed]"
_PEOPLE_COLUMN = re.compile(
    r"\b(?:owner|assigned|assignee|executor|support|sme|contacts?|phone|mobile|tel|e-?mail|backup|deputy|verified by|"
    r"sign(?:ed)?[ -]?off by|approve[rd]\b.*|person|people|names?|resources?|performed by|responsible|lead)\b",
    re.IGNORECASE,
)
_SHORTEST = 3  # letters: taking out `Al` would take pieces out of words


def without_names(runbook: Runbook, programme: Programme | None = None) -> Runbook:
    """The same plan with roles for people; a task whose owner's team is known is that team's."""
    people = programme.people if programme else ()
    roles = {t.id for t in programme.teams} | {r for p in people for r in p.roles} if programme else set()
    known = {name: person for person in people for name in (person.id, person.name) if name}
    names = _names(runbook, people) - roles
    words = _pattern(names)
    tasks = tuple(_task(task, known, roles, words) for task in runbook.tasks)
    update = {name: _scrubbed(getattr(runbook, name), words) for name in ("title", "phases")}
    streams = tuple(s.model_copy(update={"title": _scrubbed(s.title, words)}) for s in runbook.streams)
    return runbook.model_copy(update={**update, "streams": streams, "tasks": tasks})


def _names(runbook: Runbook, people: Iterable[Person]) -> set[str]:
    given = {name for person in people for name in (person.id, person.name, person.phone)}
    given |= {name for task in runbook.tasks for name in (task.owner, task.deputy)}
    given |= {part for name in given if _is_full(name) for part in name.split()}
    return {name for name in given if len(name) >= _SHORTEST}


def _is_full(name: str) -> bool:
    """`Asha Rao` has two names of its own; `release manager` has none."""
    parts = name.split()
    return len(parts) > 1 and all(part[:1].isupper() and part[1:].islower() for part in parts)


def _pattern(names: Iterable[str]) -> re.Pattern[str]:
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first)) or '(?!)'})(?!\w)", re.IGNORECASE)


def _task(task: Task, known: Mapping[str, Person], roles: set[str], words: re.Pattern[str]) -> Task:
    team = task.team or (known[task.owner].team if task.owner in known else "")
    texts = {
        name: _scrubbed(getattr(task, name), words)
        for name in ("title", "description", "phase", "verify", "rollback", "audience", "component")
    }
    people = {name: getattr(task, name) if getattr(task, name) in roles else "" for name in PEOPLE_FIELDS}
    custom = {k: _scrubbed(v, words) for k, v in task.custom.items() if not _PEOPLE_COLUMN.search(k)}
    gate = _gate(task.gate, known, words) if task.gate else None
    actions = {name: _action(getattr(task, name), words) for name in ("action", "undo", "inverse")}
    return task.model_copy(
        update={**texts, **people, **actions, "team": team, "custom": custom, "gate": gate}
    )


def _gate(gate: TaskGate, known: Mapping[str, Person], words: re.Pattern[str]) -> TaskGate:
    """Who decides by role; two deciders of one role stay two, so that the quorum still means something."""
    deciders = tuple(_role(name, known, words) for name in gate.deciders)
    criteria = tuple(c.model_copy(update={"title": _scrubbed(c.title, words)}) for c in gate.criteria)
    return gate.model_copy(update={"deciders": deciders, "criteria": criteria})


def _role(name: str, known: Mapping[str, Person], words: re.Pattern[str]) -> str:
    person = known.get(name)
    if person is None:
        return str(_scrubbed(name, words))
    return next(iter(person.roles), person.team) or REMOVED


def _action(action: Any, words: re.Pattern[str]) -> Any:
    return action.model_copy(update={"arguments": _scrubbed(action.arguments, words)}) if action else None


def _scrubbed(value: Any, words: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return words.sub(REMOVED, value)
    if isinstance(value, dict):
        return {key: _scrubbed(one, words) for key, one in value.items()}
    return type(value)(_scrubbed(one, words) for one in value) if isinstance(value, list | tuple) else value
