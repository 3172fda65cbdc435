"""What gates lack, and what stands past a point of no return that no gate guards."""

from __future__ import annotations

from runbooks.domain.lint.findings import Found
from runbooks.domain.lint.ground import Ground
from runbooks.domain.plan import Task, TaskType


def gates(plan: Ground) -> Found:
    for task in plan.runbook.tasks:
        if task.type is not TaskType.APPROVAL:
            continue
        if task.gate is None or not task.gate.deciders:
            yield "no_decider", task.id, "is a gate that nobody decides", "name its deciders under `gate`"
        elif not task.gate.criteria:
            yield (
                "no_criteria",
                task.id,
                "is a gate without criteria: nothing green can open it, and nothing red can hold it",
                "bind criteria to evidence under `gate`",
            )
        if not plan.followers[task.id]:
            yield (
                "dangling_gate",
                task.id,
                "nothing waits for its decision",
                "let the tasks it protects follow it",
            )


def no_return(plan: Ground) -> Found:
    for task in plan.runbook.tasks:
        if (
            task.point_of_no_return
            and task.type is not TaskType.APPROVAL
            and not _has_gate_before(plan, task)
        ):
            yield (
                "unguarded_point_of_no_return",
                task.id,
                "no gate stands before the point of no return",
                "put a task of type approval before it",
            )


def _has_gate_before(plan: Ground, task: Task) -> bool:
    seen: set[str] = set()
    stack = [link.task for link in task.after]
    while stack:
        name = stack.pop()
        if plan.tasks[name].type is TaskType.APPROVAL:
            return True
        if name not in seen:
            seen.add(name)
            stack += [link.task for link in plan.tasks[name].after]
    return False
