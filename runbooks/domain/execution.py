"""What a run may do next: grants or refuses commands, names the actions that are due.

Knows no database, no Prefect and no clock: `now` is a parameter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from cutover.core.changed import changed
from cutover.core.errors import NotFound, Refused
from cutover.core.event import Command, Event
from cutover.core.machine import Machine
from cutover.domain.gates import Verdict
from runbooks.domain import run_events as ev
from runbooks.domain.attempts import InRehearsal
from runbooks.domain.deciding import can_be_decided
from runbooks.domain.elbow_room import ElbowRoom, with_room
from runbooks.domain.plan import Action, Effect, Task, TaskType
from runbooks.domain.run_decisions import WORKING, decide_run
from runbooks.domain.run_events import RUN, TASK, Completion, RunStage, RunType, TaskStage
from runbooks.domain.run_state import RunState, TaskState, evolve, evolve_all

PERFORMED = frozenset({TaskType.AUTOMATED})


class Do(StrEnum):
    """What the performer is asked to do about a task."""

    PERFORM = "perform"
    LEAVE_OUT = "leave_out"
    SETTLE = "settle"
    ASK_GATE = "ask_gate"
    READ_GATE = "read_gate"
    COMPLETE_ITSELF = "complete_itself"


@dataclass(frozen=True, slots=True)
class Due:
    do: Do
    task: Task


# --- what may be asked ----------------------------------------------------------------------------------


def decide(state: RunState, command: Command, now: datetime) -> Sequence[Event]:
    if isinstance(command, ev.TaskCommand):
        return _decide_task(state, command, now)
    return decide_run(state, command)


def _decide_task(state: RunState, command: ev.TaskCommand, now: datetime) -> Sequence[Event]:
    if command.task not in state.plan:
        raise NotFound("task", command.task, state.plan)
    task, at = state.plan[command.task], state.tasks[command.task]
    if state.stage in RUN.terminal:
        raise Refused(f"the run is {state.stage}: nothing more can be recorded on it")
    if state.stage not in WORKING and isinstance(command, ev.ClaimTask | ev.BeginTask | ev.CompleteItself):
        raise Refused(
            f"the run is {state.stage}: nothing new starts" + (f" ({state.message})" if state.message else "")
        )
    events = _DECISIONS[type(command)](state, task, at, command, now)
    for event in events:
        if (
            isinstance(event, ev.TaskEvent)
            and event.task == task.id
            and not isinstance(event, ev.PointOfNoReturnPassed)
        ):
            at = changed(at, stage=TASK.next(at.stage, type(event)))
    return [*events, *_completes(state, events)]


def _claim(state: RunState, task: Task, at: TaskState, command: Any, now: datetime) -> list[Event]:
    _theirs(state, task, command.by)
    _not_a_gate(task)
    _startable(task, at, now)
    _alone(state, task)
    return [ev.TaskClaimed(task=task.id)]


def _finish(state: RunState, task: Task, at: TaskState, command: Any, now: datetime) -> list[Event]:
    _theirs(state, task, command.by)
    _not_a_gate(task)
    claim = (
        []
        if at.stage in (TaskStage.IN_PROGRESS, TaskStage.UNCERTAIN)
        else _claim(state, task, at, command, now)
    )
    return [
        *claim,
        ev.TaskDone(task=task.id, evidence=command.evidence, link=command.link),
        *_no_return(state, task, (command.by,)),
    ]


def _skip(state: RunState, task: Task, at: TaskState, command: Any, now: datetime) -> list[Event]:
    del now
    if task.point_of_no_return or task.type is TaskType.APPROVAL:
        raise Refused(
            f"{task.id} cannot be skipped: it is a {'point of no return' if task.point_of_no_return else 'gate'}"
        )
    if state.run_type is RunType.LIVE and not task.optional and command.by in (task.owner, at.by):
        raise Refused(
            f"{task.id} is {command.by}'s own: in a live run another leaves it out, or the plan calls it optional"
        )
    return [ev.TaskSkipped(task=task.id, reason=command.reason)]


def _fail(state: RunState, task: Task, at: TaskState, command: Any, now: datetime) -> list[Event]:
    _theirs(state, task, command.by)
    _not_a_gate(task)
    del at, now
    return [ev.TaskFailed(task=task.id, reason=command.reason)]


def _retry(state: RunState, task: Task, at: TaskState, command: Any, now: datetime) -> list[Event]:
    del state, now
    if task.type is TaskType.APPROVAL:
        return [ev.GateAskedAgain(task=task.id, round=at.round + 1)]
    return [ev.TaskRetried(task=task.id, reason=command.reason)]


def _begin(state: RunState, task: Task, at: TaskState, command: Any, now: datetime) -> list[Event]:
    _startable(task, at, now)
    _alone(state, task)
    return [ev.TaskBegun(task=task.id, key=command.key)]


def _progress(state: RunState, task: Task, at: TaskState, command: Any, now: datetime) -> list[Event]:
    del state, at, now
    return [ev.TaskProgressed(task=task.id, expected_end=command.expected_end, detail=command.detail)]


def _outcome(state: RunState, task: Task, at: TaskState, command: Any, now: datetime) -> list[Event]:
    del at, now
    if not command.ok:
        return [ev.TaskFailed(task=task.id, reason=command.evidence)]
    done = ev.TaskDone(
        task=task.id,
        completion=Completion.AUTO,
        evidence=command.evidence,
        link=command.link,
        result=command.result,
    )
    return [done, *_no_return(state, task)]


def _try_failed(state: RunState, task: Task, at: TaskState, command: Any, now: datetime) -> list[Event]:
    del state, at, now
    return [ev.TaskTryFailed(**command.model_dump(exclude={"by", "task"}), task=task.id)]


def _allow(state: RunState, task: Task, at: TaskState, command: Any, now: datetime) -> list[Event]:
    del command, now
    if in_rehearsal(state, task) is not InRehearsal.ASK:
        raise Refused(f"{task.id} does not ask before it is performed")
    if at.allowed_by:
        raise Refused(f"{task.id} was allowed by {at.allowed_by} already")
    return [ev.TaskAllowed(task=task.id)]


def _leave_out(state: RunState, task: Task, at: TaskState, command: Any, now: datetime) -> list[Event]:
    _startable(task, at, now)
    if in_rehearsal(state, task) is not InRehearsal.SKIP:
        raise Refused(f"{task.id} is not left out of this run")
    return [ev.TaskSkipped(task=task.id, reason=command.reason, completion=Completion.AUTO)]


def in_rehearsal(state: RunState, task: Task) -> InRehearsal:
    """What this run does with an automated task; one that touches nothing real, and a live run, perform it."""
    if state.run_type is not RunType.REHEARSAL or state.setup.auto or state.setup.scenario:
        return InRehearsal.PERFORM
    return task.in_rehearsal or InRehearsal.PERFORM


def performed_action(state: RunState, task: Task) -> Action | None:
    """What is performed for an automated task in this run: its action, or its inverse."""
    if in_rehearsal(state, task) is InRehearsal.INVERT:
        return task.inverse or task.undo
    return task.action


def _uncertain(state: RunState, task: Task, at: TaskState, command: Any, now: datetime) -> list[Event]:
    del state, at, now
    return [ev.TaskBecameUncertain(task=task.id, why=command.why)]


def _settle(state: RunState, task: Task, at: TaskState, command: Any, now: datetime) -> list[Event]:
    del now
    if at.stage is not TaskStage.UNCERTAIN:
        raise Refused(f"{task.id} is {at.stage}, not uncertain")
    if command.happened:
        return [
            ev.TaskDone(task=task.id, completion=Completion.AUTO, evidence=command.how),
            *_no_return(state, task),
        ]
    return [ev.TaskFoundUndone(task=task.id, how=command.how)]


def _pass_gate(state: RunState, task: Task, at: TaskState, command: Any, now: datetime) -> list[Event]:
    del at, now
    if task.type is not TaskType.APPROVAL:
        raise Refused(f"{task.id} is not a gate")
    if command.holds:
        return [ev.GateHeld(task=task.id, verdict=command.verdict, reason=command.reason)]
    if command.verdict not in (Verdict.GO, Verdict.WAIVED):
        return [ev.GateSaidNo(task=task.id, verdict=command.verdict, reason=command.reason)]
    unneeded = [
        ev.TaskSkipped(
            task=t, reason=f"not needed: {task.id} said {command.verdict}", completion=Completion.AUTO
        )
        for t in state.plan.repairs(task.id)
        if TASK.allows(state.tasks[t].stage, ev.TaskSkipped)
    ]  # one that is uncertain is settled first: its effect may be there
    return [
        ev.TaskDone(task=task.id, evidence=f"{command.verdict}: {command.reason}".rstrip(": ")),
        *unneeded,
        *_no_return(state, task, command.decided_by),
    ]


def _complete_itself(state: RunState, task: Task, at: TaskState, command: Any, now: datetime) -> list[Event]:
    del state, command
    _startable(task, at, now)
    return [ev.TaskDone(task=task.id, completion=Completion.AUTO)]


_DECISIONS: Mapping[type[ev.TaskCommand], Any] = {
    ev.ClaimTask: _claim, ev.FinishTask: _finish, ev.SkipTask: _skip, ev.FailTask: _fail, ev.RetryTask: _retry,
    ev.BeginTask: _begin, ev.ReportProgress: _progress, ev.RecordOutcome: _outcome, ev.MarkUncertain: _uncertain,
    ev.ReportTry: _try_failed, ev.AllowTask: _allow, ev.LeaveOut: _leave_out, ev.SettleTask: _settle, ev.PassGate: _pass_gate, ev.CompleteItself: _complete_itself,
}  # fmt: skip


def _theirs(state: RunState, task: Task, by: str) -> None:
    """A task belongs to its owner, deputy and team; one that names nobody belongs to whoever takes it."""
    allowed = {name for name in (task.owner, task.deputy) if name} | set(state.members.get(task.team, ()))
    if allowed and by not in allowed:
        raise Refused(f"{task.id} is for {', '.join(sorted(allowed))}, not for {by}")


def _not_a_gate(task: Task) -> None:
    if task.type is TaskType.APPROVAL:
        raise Refused(f"{task.id} is a gate: it ends by a decision (cutover gate vote)")


def _startable(task: Task, at: TaskState, now: datetime) -> None:
    if at.stage is not TaskStage.STARTABLE:
        raise Refused(f"{task.id} is {at.stage}, not startable")
    if at.earliest is not None and now < at.earliest:
        raise Refused(f"{task.id} may not start before {at.earliest:%d %b %H:%M}Z")


def _alone(state: RunState, task: Task) -> None:
    if task.locks and (held := ElbowRoom.of(state).held(task)):
        raise Refused(*(f"{task.id} must wait: {word}" for word in held))


def _no_return(state: RunState, task: Task, decided_by: tuple[str, ...] = ()) -> list[Event]:
    latest = state.latest_backout
    return (
        [ev.PointOfNoReturnPassed(task=task.id, latest_backout=latest, decided_by=decided_by)]
        if task.point_of_no_return and latest
        else []
    )


def _completes(state: RunState, events: Sequence[Event]) -> list[Event]:
    """What follows of itself: a repaired gate is asked again, a run without open tasks is complete."""
    over = {e.task for e in events if isinstance(e, ev.TaskDone | ev.TaskSkipped)}
    if not over:
        return []
    again: list[Event] = [
        ev.GateAskedAgain(task=gate, round=state.tasks[gate].round + 1)
        for gate in {state.plan[name].repairs for name in over} - {""}
        if state.tasks[gate].stage is TaskStage.FAILED
        and not state.tasks[gate].held
        and gate not in over
        and all(state.tasks[name].is_over or name in over for name in state.plan.repairs(gate))
    ]
    left = state.tasks.unfinished() - sum(not state.tasks[name].is_over for name in over)
    if left or state.stage not in WORKING:
        return again
    return [ev.RunCompleted() if state.stage is RunStage.ACTIVE else ev.RunBackedOut()]


# --- what is due ----------------------------------------------------------------------------------------


def next_actions(state: RunState, now: datetime) -> list[Due]:
    """Everything the performer should do now, in the order of the plan. People's tasks wait for people."""
    if state.stage not in WORKING:
        return []
    moving = ((state.plan[name], at) for name, at in state.tasks.under_way())
    due = [Due(do, task) for task, at in moving if (do := _due(state, task, at, now))]
    room = with_room(state, (d.task for d in due if d.do is Do.PERFORM))
    return [d for d in due if d.do is not Do.PERFORM or d.task.id in room]


def _due(state: RunState, task: Task, at: TaskState, now: datetime) -> Do | None:
    if at.may_start(now) and at.ready_at is not None:
        if task.type in PERFORMED:
            return _performed(in_rehearsal(state, task), at)
        if task.type is TaskType.APPROVAL:
            return None if task.gate and not can_be_decided(task.gate, state.started_by) else Do.ASK_GATE
        if task.type is TaskType.MILESTONE or (
            task.type is TaskType.WAIT and at.ready_at + task.expected <= now
        ):
            return Do.COMPLETE_ITSELF
    if task.type is TaskType.APPROVAL and at.stage is TaskStage.IN_PROGRESS:
        return Do.READ_GATE
    if task.type in PERFORMED and at.stage is TaskStage.UNCERTAIN and task.effect is not Effect.MANUAL_VERIFY:
        return Do.SETTLE
    return None


def _performed(rule: InRehearsal, at: TaskState) -> Do | None:
    if rule is InRehearsal.SKIP:
        return Do.LEAVE_OUT
    return None if rule is InRehearsal.ASK and not at.allowed_by else Do.PERFORM


def next_deadline(state: RunState, now: datetime) -> datetime | None:
    """The next moment at which something becomes due by time alone."""
    moments = [
        at.ready_at + state.plan[name].expected if state.plan[name].type is TaskType.WAIT else at.earliest
        for name, at in state.tasks.under_way()
        if at.stage is TaskStage.STARTABLE and at.ready_at is not None and at.earliest is not None
    ]
    return min((m for m in moments if m > now), default=None)


def effect_key(state: RunState, task_id: str) -> str:
    """The name by which the world knows a task's effect: the same after a crash, new after an ordered retry."""
    return f"{state.run_id}.{task_id}.{state.tasks[task_id].tries}"  # safe as one step of a URL path


RUN_MACHINE = Machine("run", RunState(), decide, evolve, evolve_all)


def run_stream(run_id: str) -> str:
    return f"run:{run_id}"
