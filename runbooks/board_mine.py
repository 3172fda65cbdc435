"""What waits for one person now, and what comes to them next: the part of the board that is theirs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from cutover.web.visitor import Visitor
from runbooks.board import Run, TaskLine, task_line
from runbooks.board_moves import concerned, in_hand, moves
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


@dataclass(frozen=True, slots=True)
class Everybody:
    """What waits for each person now, and what comes to them next: sorted once for all who look."""

    now: Mapping[str, list[Task]]
    ahead: Mapping[str, list[Task]]


def everybody(run: Run) -> Everybody:
    """Tasks now in the order of the plan, tasks ahead by when they are expected to begin."""
    return Everybody(_by_person(run, in_hand(run.state)), _by_person(run, _next(run)))


def _by_person(run: Run, tasks: Iterable[Task]) -> dict[str, list[Task]]:
    found: dict[str, list[Task]] = {}
    for task in tasks:
        for person in concerned(run.state, task):
            found.setdefault(person, []).append(task)
    return found


def mine(run: Run, visitor: Visitor, seen: int, all_: Everybody) -> Mine | None:
    """None for who is nobody in particular, or reads only."""
    if not visitor.may_act:
        return None
    open_ = tuple(_line(run, task, visitor) for task in all_.now.get(visitor.person, ()))
    ahead = tuple(task_line(run, task) for task in all_.ahead.get(visitor.person, [])[:AHEAD])
    return Mine(visitor.name, open_, ahead, seen)


def _line(run: Run, task: Task, visitor: Visitor) -> MineLine:
    may = moves(run.state, task.id, visitor, run.now)
    return MineLine(task_line(run, task), may, task.type is TaskType.APPROVAL)


def _next(run: Run) -> Iterator[Task]:
    """Tasks that wait and are expected soon, the first to begin first."""
    slots = run.expected.slots
    waiting = [
        task
        for task in run.state.runbook.tasks
        if run.state.tasks[task.id].stage is TaskStage.NOT_STARTABLE
        and task.id in slots
        and slots[task.id].early_start <= run.now + SOON
    ]
    yield from sorted(waiting, key=lambda task: slots[task.id].early_start)
