"""What a visitor may do to a task now: whatever the machine would grant and their role allows. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from cutover.core.errors import CutoverError
from cutover.core.event import Command
from cutover.web.visitor import Role, Visitor
from runbooks.domain import run_events as ev
from runbooks.domain.execution import decide
from runbooks.domain.plan import Task, TaskType
from runbooks.domain.run_state import RunState

STEERS = (Role.PROGRAMME_MANAGER,)
SETTLES = (Role.PROGRAMME_MANAGER, Role.HYPERCARE)
OF_THEIRS = frozenset(
    {"settle", "retry"}
)  # what those may do too whose task it is: they are the ones who looked
_WHY = "-"  # stands for the reason that a person would give
_MOVES: Mapping[str, tuple[Callable[[str, str], Command], tuple[Role, ...]]] = {
    "claim": (lambda by, task: ev.ClaimTask(by=by, task=task), ()),
    "done": (lambda by, task: ev.FinishTask(by=by, task=task), ()),
    "problem": (lambda by, task: ev.FailTask(by=by, task=task, reason=_WHY), ()),
    "settle": (lambda by, task: ev.SettleTask(by=by, task=task, happened=True, how=_WHY), SETTLES),
    "retry": (lambda by, task: ev.RetryTask(by=by, task=task, reason=_WHY), STEERS),
    "skip": (lambda by, task: ev.SkipTask(by=by, task=task, reason=_WHY), STEERS),
    "allow": (lambda by, task: ev.AllowTask(by=by, task=task), STEERS),
}


def moves(state: RunState, task: str, visitor: Visitor, now: datetime) -> tuple[str, ...]:
    """The names of what this visitor may do, in the order in which it is offered."""
    if not visitor.may_act:
        return ()
    return tuple(
        name
        for name, (command, roles) in _MOVES.items()
        if _may(state, task, visitor, name, roles) and _granted(state, command(visitor.person, task), now)
    )


def _may(state: RunState, task: str, visitor: Visitor, name: str, roles: tuple[Role, ...]) -> bool:
    theirs = name in OF_THEIRS and task in state.plan and concerns(state, state.plan[task], visitor.person)
    return not roles or theirs or visitor.has(*roles)


def check_role(state: RunState, task: str, visitor: Visitor, name: str, does: str) -> None:
    """Raises Refused for a wrong role, with the right one."""
    roles = _MOVES[name][1] if name in _MOVES else ()
    if not _may(state, task, visitor, name, roles):
        visitor.check(does, roles)


def concerns(state: RunState, task: Task, person: str) -> bool:
    """Whether a task waits for this person: by name, by team, or as a decider of its gate."""
    return person in concerned(state, task)


def concerned(state: RunState, task: Task) -> set[str]:
    """For whom a task waits."""
    if task.gate is not None:
        return {*task.gate.deciders, *task.gate.deputies.values()}
    named = {task.owner, task.deputy} - {""}
    if not named and not task.team:
        return {state.tasks[task.id].by} - {""}
    return named | set(state.members.get(task.team, ()))


def in_hand(state: RunState) -> Iterator[Task]:
    """The tasks that somebody can do something about, in the order of the plan."""
    for name, _ in state.tasks.under_way():
        if (task := state.plan[name]).type is not TaskType.MILESTONE:
            yield task


def _granted(state: RunState, command: Command, now: datetime) -> bool:
    try:
        return bool(decide(state, command, now))
    except CutoverError:
        return False
