"""What single tasks lack: predecessors, a duration, somebody who does them, a check, a way back, an action."""

from __future__ import annotations

from runbooks.domain.lint.findings import Found
from runbooks.domain.lint.ground import Ground
from runbooks.domain.plan import TaskType

CHANGES_SOMETHING = frozenset({TaskType.NORMAL, TaskType.AUTOMATED})
NEEDS_NOBODY = frozenset({TaskType.MILESTONE, TaskType.WAIT})
TAKES_NO_TIME = frozenset({TaskType.MILESTONE})


def order(plan: Ground) -> Found:
    if plan.is_way_back:
        return  # whatever was done last is undone first, and there may be many such
    for i, task in enumerate(plan.runbook.tasks):
        if task.after or task.repairs or i == 0:
            continue
        if task.not_before is None and task.start_offset is None:
            yield (
                "no_predecessor",
                task.id,
                "waits for nothing and would start with the window",
                "name what comes before it in `after`",
            )
        else:
            yield (
                "clock_only",
                task.id,
                "starts at its time even when nothing before it is done",
                "name what comes before it in `after`",
            )


def length(plan: Ground) -> Found:
    for task in plan.runbook.tasks:
        if task.duration is None and task.estimate is None and task.type not in TAKES_NO_TIME:
            yield (
                "no_duration",
                task.id,
                "has no duration",
                "give `duration: 30m`, or an estimate with low, likely and high",
            )


def people(plan: Ground) -> Found:
    for task in plan.runbook.tasks:
        has_deciders = task.gate is not None and bool(task.gate.deciders)
        if not (task.owner or task.team or has_deciders) and task.type not in NEEDS_NOBODY:
            yield (
                "no_owner",
                task.id,
                "has neither owner nor team",
                "name the team, or the person, in `team` or `owner`",
            )


def control(plan: Ground) -> Found:
    for task in plan.runbook.tasks:
        if task.type not in CHANGES_SOMETHING:
            continue
        checked = (t.type in (TaskType.VALIDATION, TaskType.APPROVAL) for t in plan.followers[task.id])
        if not (task.verify or any(checked) or (plan.is_way_back and _ends_checked(plan))):
            yield (
                "no_verify",
                task.id,
                "nothing says how one knows it worked",
                "fill `verify`, or let a validation follow it",
            )
        if not (task.rollback or task.undo or task.undoes):
            yield (
                "no_rollback",
                task.id,
                "nothing says how it is undone",
                "fill `rollback`, if only with: nothing to undo",
            )


def _ends_checked(plan: Ground) -> bool:
    """The way back is often checked once, when all of it is done."""
    return any(t.type is TaskType.VALIDATION and not plan.followers[t.id] for t in plan.runbook.tasks)


def automation(plan: Ground) -> Found:
    for task in plan.runbook.tasks:
        if task.type is not TaskType.AUTOMATED:
            continue
        if task.action is None:
            yield (
                "no_action",
                task.id,
                "is automated and says nothing to do",
                "give it an `action`, or make it a normal task",
            )
        if task.effect is None:
            yield (
                "no_effect",
                task.id,
                "after a crash nobody could tell whether it happened",
                "declare `effect`: idempotent, probe or manual_verify",
            )


def comms(plan: Ground) -> Found:
    for task in plan.runbook.tasks:
        if task.type is TaskType.COMMS and not task.audience:
            yield "no_audience", task.id, "does not say whom it tells", "fill `audience`"
