"""How a plan remembers its levelled order: each handover as a predecessor, and a note of which were added so.

A handover says that somebody comes to this task from that one. It is a link like any other, so the order holds
when durations change; the note lets the next levelling take it out again and begin from the plan's own links.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runbooks.domain.plan import Link, LinkKind, Task

NOTE = "levelled"  # the column of the plan that names the predecessors levelling added


def kept(tasks: Sequence[Task], pairs: Iterable[tuple[str, str]]) -> tuple[Task, ...]:
    """The tasks with these handovers (before, after) and no older ones."""
    new: dict[str, list[str]] = {}
    for before, after in pairs:
        new.setdefault(after, []).append(before)
    return tuple(_with(task, new.get(task.id, [])) for task in loosened(tasks))


def loosened(tasks: Sequence[Task]) -> tuple[Task, ...]:
    """The tasks without what levelling added."""
    return tuple(_without(task) if NOTE in task.custom else task for task in tasks)


def _with(task: Task, befores: Sequence[str]) -> Task:
    known = {link.task for link in task.after if link.kind is LinkKind.FS and not link.lag}
    added = [before for before in befores if before not in known]
    if not added:
        return task
    links = (*task.after, *(Link(task=before) for before in added))
    return task.model_copy(update={"after": links, "custom": {**task.custom, NOTE: " ".join(added)}})


def _without(task: Task) -> Task:
    added = set(task.custom[NOTE].split())
    links = tuple(k for k in task.after if k.task not in added or k.kind is not LinkKind.FS or k.lag)
    custom = {name: value for name, value in task.custom.items() if name != NOTE}
    return task.model_copy(update={"after": links, "custom": custom})
