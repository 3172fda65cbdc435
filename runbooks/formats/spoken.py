"""Of which fields a document speaks, for whoever reads it over an older plan: what it leaves out stays."""

from __future__ import annotations

from collections.abc import Iterable

from runbooks.domain.plan import Runbook, Task

OF_RUNBOOK = frozenset(Runbook.model_fields) - {"id", "tasks"}
_BLANK = Task.model_construct(id="", title="")


def everything(columns: Iterable[str]) -> frozenset[str]:
    """All fields of a task, and the columns of the planner's own: a document that we wrote ourselves."""
    return frozenset(Task.model_fields) - {"custom"} | {f"custom.{name}" for name in columns if name}


def spoken_of(task: Task) -> frozenset[str]:
    """The fields that have a value: of the others, a document of somebody else's says nothing."""
    said = {name for name in Task.model_fields if getattr(task, name) != getattr(_BLANK, name)}
    return frozenset(said - {"custom"} | {f"custom.{name}" for name in task.custom})
