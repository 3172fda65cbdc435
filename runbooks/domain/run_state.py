"""Where a run stands: its folded state, and how each fact changes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import reduce
from itertools import chain, islice
from types import MappingProxyType
from typing import Any, TypeVar

from cutover.core.changed import changed
from cutover.core.event import Event, Fact
from runbooks.domain import colours, turning_back
from runbooks.domain import edits as plan_edits
from runbooks.domain import notes as beside
from runbooks.domain import run_events as ev
from runbooks.domain.indexed import Indexed
from runbooks.domain.plan import LinkKind, Runbook, Task
from runbooks.domain.run_events import RUN, TASK, Completion, RunSetup, RunStage, RunType, TaskStage
from runbooks.domain.standing import Draft, Standing

NO_PLAN = Runbook(id="none", title="none")
MANY = 100  # facts from which on changing rows in place pays for copying all of them once


@dataclass(frozen=True, slots=True)
class TaskState:
    """Where one task stands. `ready_at` is when it may start, known once its predecessors have released it.

    Time alone holds it until `earliest`: a predecessor may have been ended by somebody whose clock was ahead of ours.
    """

    stage: TaskStage = TaskStage.NOT_STARTABLE
    completion: Completion | None = None
    ready_at: datetime | None = None
    earliest: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    by: str = ""
    tries: int = 1
    round: int = 1
    key: str = ""
    expected_end: datetime | None = None
    note: str = ""
    allowed_by: str = ""
    held: bool = False
    result: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def is_over(self) -> bool:
        return self.stage is TaskStage.COMPLETE

    def may_start(self, now: datetime) -> bool:
        return self.stage is TaskStage.STARTABLE and self.earliest is not None and self.earliest <= now


Rows = TypeVar("Rows", Standing[TaskState], Draft[TaskState])


@dataclass(frozen=True, slots=True)
class RunState:
    """A whole run, folded from its stream."""

    stage: RunStage = RunStage.PLANNING
    run_id: str = ""
    runbook: Runbook = field(default=NO_PLAN, repr=False)
    run_type: RunType = RunType.REHEARSAL
    comms: ev.Comms = ev.Comms.OFF
    opens: datetime | None = None
    closes: datetime | None = None
    backout: timedelta = timedelta(0)
    members: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    setup: RunSetup = field(default_factory=RunSetup)
    capacity: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    started_by: str = ""
    tasks: Standing[TaskState] = field(default_factory=Standing, repr=False)
    plan: Indexed = field(default_factory=Indexed, repr=False)
    no_return_at: datetime | None = None
    no_return_by: str = ""
    forecast: ev.ForecastMoved | None = None
    flows: tuple[str, ...] = ()
    message: str = ""
    ended_at: datetime | None = None
    notes: beside.Notes = field(default_factory=beside.Notes)
    edits: plan_edits.Edits = field(default_factory=plan_edits.Edits)
    no_returns: tuple[turning_back.NoReturn, ...] = ()
    overrides: colours.Overrides = field(default_factory=colours.Overrides)
    armed: turning_back.Armed | None = None
    backouts: tuple[turning_back.Backout, ...] = ()
    signatures: tuple[turning_back.Signature, ...] = ()

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
    if change := _RUN_CHANGES.get(type(event)):
        return change(state, fact, event)
    stage = RUN.next(state.stage, type(event))
    return replace(state, stage=stage, message="", ended_at=fact.at if stage in RUN.terminal else None)


def evolve_all(state: RunState, facts: Iterable[Fact]) -> RunState:
    """The same for many facts: between two that concern the whole run, the rows of tasks are changed in place."""
    told = iter(facts)
    first = list(islice(told, MANY))
    if len(first) < MANY:
        return reduce(evolve, first, state)
    draft: Draft[TaskState] | None = None
    for fact in chain(first, told):
        event = fact.event
        if isinstance(event, ev.TaskEvent) and not isinstance(event, ev.PointOfNoReturnPassed):
            draft = _put(state, draft or Draft(state.tasks), fact, event)
            continue
        if draft is not None:
            state, draft = changed(state, tasks=draft.settled()), None
        state = evolve(state, fact)
    return state if draft is None else changed(state, tasks=draft.settled())


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
        capacity=MappingProxyType(event.capacity),
        started_by=fact.actor,
        tasks=Standing(dict.fromkeys(plan, TaskState())),
        plan=plan,
    )
    return changed(started, tasks=_released(started, started.tasks, plan))


def _edited(state: RunState, fact: Fact) -> RunState:
    """An approved edit changes the plan; what has not begun is released, or held back, by its new links."""
    edits = plan_edits.evolve(state.edits, fact)
    if not isinstance(fact.event, plan_edits.EditApproved):
        return replace(state, edits=edits)
    book = plan_edits.edited(state.runbook, edits.by_number[fact.event.number].proposal)
    after = replace(state, edits=edits, runbook=book, plan=Indexed(book.tasks))
    rows = {
        name: _back_to_links(state.tasks[name]) if name in state.tasks else TaskState() for name in after.plan
    }
    return replace(after, tasks=_released(after, Standing(rows), rows))


def _back_to_links(at: TaskState) -> TaskState:
    """What never began is judged by its links anew; one that is tried again was let start by them once."""
    never_began = at.stage is TaskStage.STARTABLE and at.started_at is None
    return replace(at, stage=TaskStage.NOT_STARTABLE, ready_at=None, earliest=None) if never_began else at


def _turned(state: RunState, fact: Fact, event: Any, components: tuple[str, ...]) -> RunState:
    """What is still to come of these components (none named: of all) is abandoned; the way back joins the plan."""
    book = state.runbook.model_copy(update={"tasks": (*state.runbook.tasks, *event.tasks)})
    left = {
        name: _abandoned(at, fact)
        for name, at in state.tasks.items()
        if not at.is_over and (not components or state.plan[name].component in components)
    }
    rows = {**state.tasks, **left, **{task.id: TaskState() for task in event.tasks}}
    names = tuple(task.id for task in event.tasks)
    begun = turning_back.Backout(fact.actor, fact.at, event.reason, components, names)
    after = replace(
        state,
        runbook=book,
        plan=Indexed(book.tasks),
        armed=None,
        backouts=(*state.backouts, begun),
        signatures=(),
    )
    return replace(after, tasks=_released(after, Standing(rows), names))


def _abandoned(at: TaskState, fact: Fact) -> TaskState:
    stage = TASK.next(at.stage, ev.TaskAbandoned)
    return replace(
        at, stage=stage, completion=Completion.ABANDONED, ended_at=fact.at, note="abandoned: backed out"
    )


_RELEASING = (ev.TaskClaimed, ev.TaskBegun, ev.TaskDone, ev.TaskSkipped)
_RUN_CHANGES: Mapping[type[Event], Callable[[RunState, Fact, Any], RunState]] = {
    ev.RunStarted: _started,
    ev.ForecastMoved: lambda state, fact, e: replace(state, forecast=e),
    ev.FlowLinked: lambda state, fact, e: replace(state, flows=(*state.flows, e.flow_run_id)),
    **dict.fromkeys(
        beside.EVENTS, lambda state, fact, e: replace(state, notes=beside.evolve(state.notes, fact))
    ),
    **dict.fromkeys(plan_edits.EVENTS, lambda state, fact, e: _edited(state, fact)),
    **dict.fromkeys(
        colours.EVENTS, lambda state, fact, e: replace(state, overrides=colours.evolve(state.overrides, fact))
    ),
    ev.RunPaused: lambda state, fact, e: replace(
        state, stage=RUN.next(state.stage, ev.RunPaused), message=e.message
    ),
    ev.BackoutBegan: lambda state, fact, e: replace(
        _turned(state, fact, e, ()), stage=RUN.next(state.stage, ev.BackoutBegan), message=""
    ),
    turning_back.ComponentBackoutBegan: lambda state, fact, e: _turned(state, fact, e, e.components),
    turning_back.BackoutArmed: lambda state, fact, e: replace(
        state, armed=turning_back.Armed(fact.actor, fact.at, e.reason, e.components)
    ),
    turning_back.BackoutDisarmed: lambda state, fact, e: replace(state, armed=None),
    turning_back.BackoutSigned: lambda state, fact, e: replace(
        state,
        signatures=(*state.signatures, turning_back.Signature(fact.actor, fact.at, e.reason, e.components)),
    ),
    turning_back.SignatureTakenBack: lambda state, fact, e: replace(
        state,
        signatures=tuple(
            s for s in state.signatures if (s.by, set(s.components)) != (fact.actor, set(e.components))
        ),
    ),
}


def _evolve_task(state: RunState, fact: Fact, event: ev.TaskEvent) -> RunState:
    if isinstance(event, ev.PointOfNoReturnPassed):
        by = ", ".join(event.decided_by) or fact.actor
        passed = turning_back.NoReturn(event.task, state.plan[event.task].component, fact.at, by)
        return replace(state, no_return_at=fact.at, no_return_by=by, no_returns=(*state.no_returns, passed))
    return changed(state, tasks=_put(state, state.tasks, fact, event))


def _put(state: RunState, tasks: Rows, fact: Fact, event: ev.TaskEvent) -> Rows:
    """The rows after a fact about one task: its own, and those it releases."""
    tasks = tasks.change(event.task, _moved(tasks[event.task], fact, event))
    if isinstance(event, ev.GateSaidNo):
        return _released(state, tasks, state.plan.repairs(event.task))
    if isinstance(event, _RELEASING):
        return _released(state, tasks, state.plan.followers(event.task))
    return tasks


def _moved(at: TaskState, fact: Fact, event: ev.TaskEvent) -> Mapping[str, Any]:
    """What a fact changes in the row of its task."""
    kind = type(event)
    stage, change = TASK.next(at.stage, kind), _CHANGES.get(kind)
    return {"stage": stage, **change(at, fact, event)} if change else {"stage": stage}


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
    ev.GateHeld: lambda at, fact, e: {"note": f"{e.verdict}: {e.reason}".rstrip(": "), "held": True},
    ev.TaskBecameUncertain: lambda at, fact, e: {"note": e.why},
    ev.TaskFoundUndone: lambda at, fact, e: {"note": e.how, "expected_end": None},
    ev.GateAskedAgain: lambda at, fact, e: {"round": e.round, "ready_at": fact.at, "note": "", "held": False},
}


def _released(state: RunState, tasks: Rows, names: Iterable[str]) -> Rows:
    """Every named task whose predecessors are all satisfied moves from not startable to startable."""
    for name in names:
        at = tasks[name]
        if at.stage is TaskStage.NOT_STARTABLE and (freed := _freed(state, tasks, state.plan[name])):
            stage = TASK.next(TaskStage.NOT_STARTABLE, ev.TaskReleased)
            tasks = tasks.change(name, {"stage": stage, **freed})
    return tasks


def _freed(
    state: RunState, tasks: Standing[TaskState] | Draft[TaskState], task: Task
) -> dict[str, datetime] | None:
    """When it may start and until when time alone holds it; None while a predecessor does."""
    if task.repairs and (tasks[task.repairs].stage is not TaskStage.FAILED or tasks[task.repairs].held):
        return None
    assert state.opens is not None  # a run that has begun has a window
    alone = [task.not_before or state.opens, state.opens + (task.start_offset or timedelta(0))]
    ended: list[datetime] = []
    for link in task.after:
        before = tasks[link.task]
        if before.completion is Completion.ABANDONED:
            return None  # what waited for it waits for a person: to skip it, or to edit the plan
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
            (alone if link.lag else ended).append(moment + link.lag)
    return {"ready_at": max(*alone, *ended), "earliest": max(alone)}
