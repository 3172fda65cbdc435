"""Where the time of each task went: waiting, being worked on, being decided, stuck, blocked again, paused.

From the moment a task could first start until its end every instant belongs to exactly one stretch, so the stretches
of a task add up to its span. A pause of the run is taken out of whatever it interrupts: it is nobody's work and
nobody's waiting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from cutover.core.event import Fact
from runbooks.domain import run_events as ev
from runbooks.domain.execution import RUN_MACHINE
from runbooks.domain.plan import Runbook, Task, TaskType
from runbooks.domain.run_events import RUN, RunStage, TaskStage
from runbooks.domain.run_state import RunState, TaskState


class Spent(StrEnum):
    """What a stretch of a task's time was."""

    WAITING = "waiting"  # it could start, and nobody had
    WORKING = "working"
    DECIDING = "deciding"  # a gate waited for its deciders
    STUCK = "stuck"  # failed, uncertain or said no, and not yet tried again
    BLOCKED = "blocked"  # it could start once, and then had to wait for something before it again
    PAUSED = "paused"  # the run was


@dataclass(frozen=True, slots=True)
class Stretch:
    spent: Spent
    begins: datetime
    ends: datetime

    @property
    def lasts(self) -> timedelta:
        return self.ends - self.begins


@dataclass(frozen=True, slots=True)
class Course:
    """How one task went: when it could start, first did, and ended, and the stretches between, without gaps."""

    ready: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    stretches: tuple[Stretch, ...] = ()

    @property
    def span(self) -> timedelta:
        """From when it could start until its end, or as far as it has come."""
        if not self.stretches:
            return timedelta(0)
        return self.stretches[-1].ends - self.stretches[0].begins

    def total(self, spent: Spent) -> timedelta:
        return sum((one.lasts for one in self.stretches if one.spent is spent), timedelta(0))


@dataclass(slots=True)
class _Track:
    """One task while the facts go by: the stretch it is in and since when."""

    ready: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    spent: Spent | None = None
    since: datetime | None = None
    done: list[Stretch] = field(default_factory=list)

    def turn(self, spent: Spent | None, at: datetime) -> None:
        """From `at` on the time goes into `spent`; None: the task is over."""
        if self.spent is not None and self.since is not None and at > self.since:
            self.done.append(Stretch(self.spent, self.since, at))
        self.since = at if self.since is None else max(self.since, at)
        self.spent = spent


@dataclass(frozen=True, slots=True)
class Courses:
    """The state after the facts, the course of every task, the pauses, and until when that was seen.

    `edits` are the facts after which the plan was another, with the plan before and after.
    """

    state: RunState
    tasks: Mapping[str, Course]
    pauses: tuple[tuple[datetime, datetime], ...]
    began: datetime
    until: datetime
    edits: tuple[tuple[Fact, Runbook, Runbook], ...] = ()


def courses(facts: Sequence[Fact], now: datetime) -> Courses:
    """Follow every task through the facts of a run; what is not over is followed until `now`."""
    state, tracks, pauses = RunState(), dict[str, _Track](), list[tuple[datetime, datetime]]()
    edits: list[tuple[Fact, Runbook, Runbook]] = []
    at = began = facts[0].at
    for fact in facts:
        at, before, state = max(at, fact.at), state, RUN_MACHINE.evolve(state, fact)
        _note_pause(pauses, before, state, at)
        if before.runbook is not state.runbook and before.stage is not RunStage.PLANNING:
            edits.append((fact, before.runbook, state.runbook))
        for name in _touched(before, state, fact):
            _follow(tracks.setdefault(name, _Track()), state.plan[name], state.tasks[name], at)
    until = state.ended_at or max(at, now)
    if state.stage is RunStage.PAUSED:
        pauses[-1] = (pauses[-1][0], until)
    found = {name: _course(tracks.get(name, _Track()), until, pauses) for name in state.plan}
    return Courses(state, found, tuple(pauses), began, until, tuple(edits))


def _note_pause(
    pauses: list[tuple[datetime, datetime]], before: RunState, state: RunState, at: datetime
) -> None:
    if before.stage is not RunStage.PAUSED and state.stage is RunStage.PAUSED:
        pauses.append((at, at))
    elif before.stage is RunStage.PAUSED and state.stage is not RunStage.PAUSED:
        pauses[-1] = (pauses[-1][0], at)


_MOVES_NO_TASK = (ev.ForecastMoved, ev.FlowLinked, ev.RunPaused, ev.RunUnpaused, ev.PointOfNoReturnPassed)


def _touched(before: RunState, state: RunState, fact: Fact) -> Iterable[str]:
    """Whose state this fact can have changed: its task and what follows; an edit may change any."""
    if isinstance(fact.event, _MOVES_NO_TASK) or before.tasks is state.tasks:
        return ()
    if isinstance(fact.event, ev.TaskEvent) and before.plan is state.plan:
        name = fact.event.task
        return (name, *state.plan.followers(name), *state.plan.repairs(name))
    return [n for n in state.tasks if n not in before.tasks or before.tasks[n] is not state.tasks[n]]


def _follow(track: _Track, task: Task, at: TaskState, now: datetime) -> None:
    if at.stage is TaskStage.NOT_STARTABLE and track.ready is None:
        return
    if at.stage is TaskStage.COMPLETE:
        _end(track, at, now)
        return
    if at.stage is TaskStage.STARTABLE:
        _release(track, task, at, now)
        return
    if at.stage is TaskStage.IN_PROGRESS and track.started is None:
        track.started = now
    track.ready = track.ready or now
    track.turn(_SPENT[at.stage] if task.gate is None else _SPENT_ON_GATE[at.stage], now)


def _release(track: _Track, task: Task, at: TaskState, now: datetime) -> None:
    """It may start, at once or from a moment to come."""
    ready = max(at.ready_at or now, now)
    if track.ready is None or (track.spent is None and track.since is not None and track.since > now):
        track.ready, track.since = ready, ready  # nothing of it was before; moved while it was to come
    elif ready > now:
        track.turn(Spent.BLOCKED, now)
    track.turn(Spent.WORKING if task.type is TaskType.WAIT else Spent.WAITING, ready)


def _end(track: _Track, at: TaskState, now: datetime) -> None:
    ended = max(at.ended_at or now, track.since or now) if track.started else at.ended_at or now
    track.started = track.started or at.started_at
    if track.ready is not None and ended < track.ready:  # left out before its time had come
        track.ready = track.since = ended
        track.done.clear()
    track.ready = track.ready or ended
    track.turn(None, ended)
    track.ended = ended


_SPENT: Mapping[TaskStage, Spent] = {
    TaskStage.NOT_STARTABLE: Spent.BLOCKED,
    TaskStage.IN_PROGRESS: Spent.WORKING,
    TaskStage.FAILED: Spent.STUCK,
    TaskStage.UNCERTAIN: Spent.STUCK,
}
_SPENT_ON_GATE: Mapping[TaskStage, Spent] = {**_SPENT, TaskStage.IN_PROGRESS: Spent.DECIDING}


def _course(track: _Track, until: datetime, pauses: Sequence[tuple[datetime, datetime]]) -> Course:
    if track.ended is None and track.spent is not None:
        track.turn(None, until)
    return Course(
        track.ready, track.started, track.ended, tuple(s for one in track.done for s in _paused(one, pauses))
    )


def _paused(one: Stretch, pauses: Sequence[tuple[datetime, datetime]]) -> Iterator[Stretch]:
    """A stretch with the pauses of the run cut out of it."""
    at = one.begins
    for begin, end in pauses:
        begins, ends = max(begin, at), min(end, one.ends)
        if begins >= ends:
            continue
        if begins > at:
            yield Stretch(one.spent, at, begins)
        yield Stretch(Spent.PAUSED, begins, ends)
        at = ends
    if at < one.ends:
        yield Stretch(one.spent, at, one.ends)


def is_over(state: RunState) -> bool:
    return state.stage in RUN.terminal
