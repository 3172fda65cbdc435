"""What waits for one person now, and what comes to them next: the part of the board that is theirs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from cutover.web.visitor import Visitor
from runbooks.board import Run, TaskLine, task_line
from runbooks.board_moves import concerns, moves, open_for
from runbooks.domain.plan import Task, TaskType
from runbooks.domain.run_events import TaskStage

AHEAD = 3  # tasks that come next
SOON = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class MineLine:
    """One task of the visitor's with what they may do at once; a gate is decided on its own page."""

    task: TaskLine
    moves: tuple[str, ...]
    is_gate: bool


@dataclass(frozen=True, slots=True)
class Mine:
    """`seen` is how far the run's stream had come: forms carry it."""

    name: str
    now: tuple[MineLine, ...]
    ahead: tuple[TaskLine, ...]
    seen: int


def mine(run: Run, visitor: Visitor, seen: int) -> Mine | None:
    """None for who is nobody in particular, or reads only."""
    if not visitor.may_act:
        return None
    open_ = tuple(_line(run, task, visitor) for task in open_for(run.state, visitor.person))
    ahead = tuple(task_line(run, task) for task in _next(run, visitor.person))
    return Mine(visitor.name, open_, ahead[:AHEAD], seen)


def _line(run: Run, task: Task, visitor: Visitor) -> MineLine:
    may = moves(run.state, task.id, visitor, run.now)
    return MineLine(task_line(run, task), may, task.type is TaskType.APPROVAL)


def _next(run: Run, person: str) -> Iterator[Task]:
    """Tasks of theirs that wait and are expected soon, the first to begin first."""
    slots = run.expected.slots
    waiting = [
        task
        for task in run.state.runbook.tasks
        if run.state.tasks[task.id].stage is TaskStage.NOT_STARTABLE
        and task.id in slots
        and slots[task.id].early_start <= run.now + SOON
        and concerns(run.state, task, person)
    ]
    yield from sorted(waiting, key=lambda task: slots[task.id].early_start)
