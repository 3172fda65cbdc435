"""Where a run stands: its folded state, and how each fact changes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from cutover.core.changed import changed
from cutover.core.event import Event, Fact
from runbooks.domain import notes as beside
from runbooks.domain import run_events as ev
from runbooks.domain.indexed import Indexed
from runbooks.domain.plan import LinkKind, Runbook, Task
from runbooks.domain.run_events import RUN, TASK, Completion, RunSetup, RunStage, RunType, TaskStage
from runbooks.domain.standing import Standing

NO_PLAN = Runbook(id="none", title="none")


@dataclass(frozen=True, slots=True)
class TaskState:
    """Where one task stands. `ready_at` is when it may start, known once its predecessors have released it."""

    stage: TaskStage = TaskStage.NOT_STARTABLE
    completion: Completion | None = None
    ready_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    by: str = ""
    tries: int = 1
    round: int = 1
    key: str = ""
    expected_end: datetime | None = None
    note: str = ""
    allowed_by: str = ""
    result: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def is_over(self) -> bool:
        return self.stage is TaskStage.COMPLETE


@dataclass(frozen=True, slots=True)
class RunState:
    """A whole run, folded from its stream."""

    stage: RunStage = RunStage.PLANNING
    run_id: str = ""
    runbook: Runbook = NO_PLAN
    run_type: RunType = RunType.REHEARSAL
    comms: ev.Comms = ev.Comms.OFF
    opens: datetime | None = None
    closes: datetime | None = None
    backout: timedelta = timedelta(0)
    members: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    setup: RunSetup = field(default_factory=RunSetup)
    started_by: str = ""
    tasks: Standing[TaskState] = field(default_factory=Standing)
    plan: Indexed = field(default_factory=Indexed)
    no_return_at: datetime | None = None
    no_return_by: str = ""
    forecast: ev.ForecastMoved | None = None
    flows: tuple[str, ...] = ()
    message: str = ""
    ended_at: datetime | None = None
    notes: beside.Notes = field(default_factory=beside.Notes)

    @property
    def latest_backout(self) -> datetime | None:
        """Until when the way back, begun then, still ends inside the window: as last forecast, else as stated."""
        if self.forecast is not None and self.forecast.latest_backout is not None:
            return self.forecast.latest_backout
        return self.closes - self.backout if self.closes else None


def evolve(state: RunState, fact: Fact) -> RunState:
    event = fact.event
    if isinstance(event, ev.TaskEvent):
        return _evolve_task(state, fact, event)
    if isinstance(event, beside.EVENTS):
        return replace(state, notes=beside.evolve(state.notes, fact))
    if change := _RUN_CHANGES.get(type(event)):
        return change(state, fact, event)
    stage = RUN.next(state.stage, type(event))
    return replace(state, stage=stage, message="", ended_at=fact.at if stage in RUN.terminal else None)


def _started(state: RunState, fact: Fact, event: Any) -> RunState:
    plan = Indexed(event.runbook.tasks)
    started = RunState(
        stage=RUN.next(state.stage, ev.RunStarted),
        run_id=event.run_id,
        runbook=event.runbook,
        run_type=event.run_type,
        comms=event.comms,
        opens=event.opens,
        closes=event.closes,
        backout=event.backout,
        members=MappingProxyType(event.members),
        setup=event.setup,
        started_by=fact.actor,
        tasks=Standing(dict.fromkeys(plan, TaskState())),
        plan=plan,
    )
    return changed(started, tasks=_released(started, started.tasks, plan))


_RELEASING = (ev.TaskClaimed, ev.TaskBegun, ev.TaskDone, ev.TaskSkipped)
_RUN_CHANGES: Mapping[type[Event], Callable[[RunState, Fact, Any], RunState]] = {
    ev.RunStarted: _started,
    ev.ForecastMoved: lambda state, fact, e: replace(state, forecast=e),
    ev.FlowLinked: lambda state, fact, e: replace(state, flows=(*state.flows, e.flow_run_id)),
    ev.RunPaused: lambda state, fact, e: replace(
        state, stage=RUN.next(state.stage, ev.RunPaused), message=e.message
    ),
}


def _evolve_task(state: RunState, fact: Fact, event: ev.TaskEvent) -> RunState:
    if isinstance(event, ev.PointOfNoReturnPassed):
        return replace(state, no_return_at=fact.at, no_return_by=", ".join(event.decided_by) or fact.actor)
    tasks = state.tasks.put(event.task, _moved(state.tasks[event.task], fact, event))
    if isinstance(event, ev.GateSaidNo):
        tasks = _released(state, tasks, state.plan.repairs(event.task))
    elif isinstance(event, _RELEASING):
        tasks = _released(state, tasks, state.plan.followers(event.task))
    return changed(state, tasks=tasks)


def _moved(at: TaskState, fact: Fact, event: ev.TaskEvent) -> TaskState:
    kind = type(event)
    stage, change = TASK.next(at.stage, kind), _CHANGES.get(kind)
    return changed(at, stage=stage, **change(at, fact, event)) if change else changed(at, stage=stage)


def _done(at: TaskState, fact: Fact, event: Any) -> dict[str, Any]:
    return {
        "completion": event.completion,
        "started_at": at.started_at or fact.at,
        "ended_at": fact.at,
        "by": at.by or fact.actor,
        "note": event.evidence,
        "result": MappingProxyType(event.result),
    }


_CHANGES: Mapping[type[ev.TaskEvent], Callable[[TaskState, Fact, Any], dict[str, Any]]] = {
    ev.TaskClaimed: lambda at, fact, e: {"started_at": fact.at, "by": fact.actor, "key": ""},
    ev.TaskBegun: lambda at, fact, e: {"started_at": fact.at, "by": fact.actor, "key": e.key},
    ev.TaskProgressed: lambda at, fact, e: {"expected_end": e.expected_end, "note": e.detail},
    ev.TaskDone: _done,
    ev.TaskSkipped: lambda at, fact, e: {
        "completion": e.completion,
        "ended_at": fact.at,
        "by": fact.actor,
        "note": e.reason,
    },
    ev.TaskFailed: lambda at, fact, e: {"note": e.reason, "expected_end": None},
    ev.TaskRetried: lambda at, fact, e: {"note": e.reason, "tries": at.tries + 1, "ready_at": fact.at},
    ev.TaskTryFailed: lambda at, fact, e: {"note": f"try {e.attempt} failed: {e.why}"},
    ev.TaskAllowed: lambda at, fact, e: {"allowed_by": fact.actor},
    ev.GateSaidNo: lambda at, fact, e: {"note": e.reason},
    ev.GateHeld: lambda at, fact, e: {"note": f"{e.verdict}: {e.reason}".rstrip(": ")},
    ev.TaskBecameUncertain: lambda at, fact, e: {"note": e.why},
    ev.TaskFoundUndone: lambda at, fact, e: {"note": e.how, "expected_end": None},
    ev.GateAskedAgain: lambda at, fact, e: {"round": e.round, "ready_at": fact.at, "note": ""},
}


def _released(state: RunState, tasks: Standing[TaskState], names: Iterable[str]) -> Standing[TaskState]:
    """Every named task whose predecessors are all satisfied moves from not startable to startable."""
    for name in names:
        at = tasks[name]
        if at.stage is TaskStage.NOT_STARTABLE and (ready := _ready_at(state, tasks, state.plan[name])):
            stage = TASK.next(TaskStage.NOT_STARTABLE, ev.TaskReleased)
            tasks = tasks.put(name, changed(at, stage=stage, ready_at=ready))
    return tasks


def _ready_at(state: RunState, tasks: Mapping[str, TaskState], task: Task) -> datetime | None:
    if task.repairs and tasks[task.repairs].stage is not TaskStage.FAILED:
        return None
    assert state.opens is not None  # a run that has begun has a window
    moments = [task.not_before or state.opens, state.opens + (task.start_offset or timedelta(0))]
    for link in task.after:
        before = tasks[link.task]
        moment = (
            before.ended_at
            if link.kind is LinkKind.FS and before.is_over
            else before.started_at or before.ended_at  # one that was skipped has an end and no start
            if link.kind is LinkKind.SS
            else None
        )
        if link.kind in (LinkKind.FS, LinkKind.SS):
            if moment is None:
                return None
            moments.append(moment + link.lag)
    return max(moments)
