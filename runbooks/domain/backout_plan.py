"""The way back as a plan of its own: what undoes each task, in the reverse order of what depended on it.

It is made from what the plan says of undoing, and then belongs to people: made again, it takes over what changed in
the plan field by field and keeps every field that somebody edited. Which fields those are is known by the mark that
each made field leaves in the task's own columns. Lengths that the plan does not give are guessed, and said to be.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zlib import crc32

from runbooks.domain.plan import Effect, Link, Runbook, Task, TaskType
from runbooks.domain.timing.impact import removal

LONGEST_GUESS = timedelta(
    hours=1
)  # undoing takes as long as the task did, at most this: most of it is a switch
SHORTEST_GUESS = timedelta(minutes=5)
MARK = "made of the plan"  # the column that remembers what was made
MADE = (
    "title", "description", "type", "stream", "component", "team", "units", "skill", "owner", "deputy", "calendar",
    "after", "duration", "estimate", "action", "effect",
)  # fmt: skip
CONFIRM = "confirm-back"
_NOTHING = re.compile(
    r"\s*(?:$|[-–—.]+$|n/?a\b|none\b|nothing\b|no\s+(?:need|rollback|undo|backout|action|change)|not\s+(?:needed|required|applicable|possible))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class WayBack:
    """The plan of the way back, and what was decided while it was made."""

    runbook: Runbook
    notes: tuple[str, ...]


def can_be_undone(task: Task) -> bool:
    """Whether the plan says what undoes the task: more than that there is nothing to undo."""
    has_words = not _NOTHING.match(task.rollback)
    return task.type is not TaskType.APPROVAL and bool(has_words or task.undo or _says_how_long(task))


def backout_id(plan: Runbook) -> str:
    """The name of the way back: as the plan says, else made of its own."""
    return plan.backout or f"{plan.id[: 80 - len('-backout')]}-backout"


def make_backout(plan: Runbook, existing: Runbook | None = None) -> WayBack:
    """The way back from the plan as it is now; `existing` keeps every edit that people made to it."""
    made = _made(plan)
    if existing is None:
        book = Runbook(
            id=backout_id(plan), title=f"Way back: {plan.title}", streams=plan.streams, distribution=plan.distribution,
            tasks=tuple(made.values()),
        )  # fmt: skip
        return WayBack(book, tuple(_guessed(plan, book.tasks)))
    old, notes = existing.by_id(), list[str]()
    tasks, gone = dict[str, Task](), set[str]()
    for name, task in old.items():
        if name in made:
            tasks[name] = _merged(task, made[name], notes)
        elif MARK in task.custom and _edited(task) == ():
            tasks[name] = task
            gone.add(name)
        else:
            tasks[name] = task
            notes += _orphan(task, plan)
    tasks |= {name: task for name, task in made.items() if name not in old}
    left = removal(tuple(tasks.values()), gone)
    tasks |= {task.id: task for task in left.changed}
    book = existing.model_copy(update={"tasks": tuple(t for n, t in tasks.items() if n not in gone)})
    return WayBack(book, (*notes, *_guessed(plan, book.tasks)))


def needed(backout: Runbook, begun: Collection[str]) -> tuple[Task, ...]:
    """What of the way back is to be done once these tasks have begun, each waiting for what is left before it.

    What undoes a task that never began falls away; what people added beside is done whenever anything is.
    """
    if not any(task.undoes in begun for task in backout.tasks if task.undoes):
        return ()
    away = {task.id for task in backout.tasks if task.undoes and task.undoes not in begun}
    left = removal(backout.tasks, away)
    changed = {task.id: task for task in left.changed}
    return tuple(changed.get(task.id, task) for task in backout.tasks if task.id not in away)


# --- made of the plan -----------------------------------------------------------------------------------


def _made(plan: Runbook) -> dict[str, Task]:
    """The undoing of every task that can be undone, last first, and the word at the end that all is back."""
    undone = [task for task in plan.tasks if can_be_undone(task)]
    names = {task.id: f"undo-{task.id}"[:80] for task in undone}
    nexts = _followers(plan.tasks)
    made = [_undoing(task, names, _nearest(task.id, nexts, names)) for task in reversed(undone)]
    waited = {link.task for task in made for link in task.after}
    last = tuple(Link(task=task.id) for task in made if task.id not in waited)
    confirm = Task(
        id=CONFIRM,
        title="Confirm that the old systems serve again",
        type=TaskType.VALIDATION,
        team=next((task.team for task in plan.tasks if task.team), ""),
        after=last,
        duration=timedelta(minutes=15),
        verify="Each team that went back says so, and one ordinary piece of work has gone through",
    )
    return {task.id: _marked(task) for task in (*made, *([confirm] if made else []))}


def _undoing(task: Task, names: Mapping[str, str], after: Sequence[str]) -> Task:
    title = (
        " ".join(task.rollback.split())[:200] if not _NOTHING.match(task.rollback) else f"Undo: {task.title}"
    )
    return Task(
        id=names[task.id],
        title=title,
        description=f"Undoes {task.id} {task.title}",
        type=TaskType.AUTOMATED if task.undo else TaskType.NORMAL,
        stream=task.stream,
        component=task.component,
        team=task.team,
        units=task.units,
        skill=task.skill,
        owner=task.owner,
        deputy=task.deputy,
        calendar=task.calendar,
        after=tuple(Link(task=names[name]) for name in after),
        duration=task.undo_duration if _says_how_long(task) else _guess(task),
        estimate=task.undo_estimate,
        action=task.undo,
        effect=Effect.MANUAL_VERIFY if task.undo else None,
        undoes=task.id,
    )


def _says_how_long(task: Task) -> bool:
    return task.undo_duration is not None or task.undo_estimate is not None


def _guess(task: Task) -> timedelta:
    return min(LONGEST_GUESS, max(SHORTEST_GUESS, task.expected))


def _followers(tasks: Iterable[Task]) -> dict[str, list[str]]:
    """Who waits for whom; a gate is waited for by its repairs."""
    found: dict[str, list[str]] = {}
    for task in tasks:
        for name in (*(link.task for link in task.after), *([task.repairs] if task.repairs else [])):
            found.setdefault(name, []).append(task.id)
    return found


def _nearest(name: str, followers: Mapping[str, Sequence[str]], undone: Collection[str]) -> list[str]:
    """The tasks to undo before this one: those that came after it, the nearest on each way."""
    found, seen, stack = list[str](), {name}, list(reversed(followers.get(name, ())))
    while stack:
        after = stack.pop()
        if after in seen:
            continue
        seen.add(after)
        if after in undone:
            found.append(after)
        else:
            stack += reversed(followers.get(after, ()))
    return found


def _guessed(plan: Runbook, tasks: Sequence[Task]) -> Iterator[str]:
    """How many lengths are guesses still: neither said by the plan nor edited since."""
    by_id = plan.by_id()
    guesses = [
        task.id
        for task in tasks
        if (of := by_id.get(task.undoes))
        and not _says_how_long(of)
        and task.duration == _guess(of)
        and "duration" not in _edited(task)
    ]
    if guesses:
        yield (
            f"{len(guesses)} of {len(tasks)} lengths are guessed (as long as the task itself, at most "
            f"{LONGEST_GUESS // timedelta(minutes=1)}m): {', '.join(guesses[:8])}{' …' if len(guesses) > 8 else ''}"  # noqa: PLR2004
        )


# --- made again -----------------------------------------------------------------------------------------


def _marked(task: Task) -> Task:
    marks = " ".join(f"{name}={mark}" for name in MADE if (mark := _print(task, name)) != _UNSET[name])
    return task.model_copy(update={"custom": {**task.custom, MARK: marks}})


def _print(task: Task, field: str) -> str:
    value: Any = task.model_dump_json(include={field})
    return f"{crc32(value.encode()):08x}"


_UNSET = {name: _print(Task(id="x", title="x"), name) for name in MADE}


def _marks(task: Task) -> dict[str, str]:
    return _UNSET | dict(pair.split("=", 1) for pair in task.custom.get(MARK, "").split() if "=" in pair)


def _edited(task: Task) -> tuple[str, ...]:
    """The fields that are no longer as they were made."""
    return tuple(name for name, mark in _marks(task).items() if name in MADE and _print(task, name) != mark)


def _merged(old: Task, new: Task, notes: list[str]) -> Task:
    """The new task, with every field that somebody edited as they left it. A task without marks is all theirs."""
    edited = set(_edited(old)) if MARK in old.custom else set(MADE)
    marks, fresh = _marks(old), _marks(new)
    both = [name for name in MADE if name in edited and name in marks and marks[name] != fresh[name]]
    if both:
        notes.append(f"{old.id}: {', '.join(both)} changed in the plan, and was edited here: kept as edited")
    update = {name: getattr(old if name in edited else new, name) for name in MADE}
    kept = {MARK: new.custom[MARK]} if MARK in old.custom else {}
    return old.model_copy(update={**update, "custom": {**old.custom, **kept}})


def _orphan(task: Task, plan: Runbook) -> list[str]:
    if task.undoes and task.undoes not in plan.by_id():
        return [f"{task.id} undoes {task.undoes}, which the plan no longer has: kept, because it was edited"]
    return []
