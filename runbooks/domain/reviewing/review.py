"""A run reviewed from its facts: planned against actual, where the time went, what drove the end, what was decided.

Knows no journal and no clock: facts, the earlier runs and the moment of looking are parameters. What it cannot know
it says first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from cutover.core.event import Fact
from runbooks.domain.forecasting.calibration import PastRun, calibrated
from runbooks.domain.forecasting.fitting import past_durations
from runbooks.domain.learning import REVISE, suggested
from runbooks.domain.plan import Estimate, Task, TaskType
from runbooks.domain.reviewing.caveats import caveats
from runbooks.domain.reviewing.chain import Chain, Release, driving_chain, releases
from runbooks.domain.reviewing.decisions import Decision, decisions
from runbooks.domain.reviewing.edits import Edit, edits
from runbooks.domain.reviewing.incidents import Incident, incidents
from runbooks.domain.reviewing.outlooks import NoReturn, Outlook, no_return, outlooks
from runbooks.domain.reviewing.stretches import Course, Courses, Spent, courses, is_over
from runbooks.domain.run_events import RunStage, RunStarted
from runbooks.domain.run_stages import WORKED
from runbooks.domain.run_state import RunState
from runbooks.domain.timing.calendars import WorkingTime
from runbooks.domain.timing.network import Schedule, schedule

_ZERO = timedelta(0)


@dataclass(frozen=True, slots=True)
class TaskReview:
    """One task, as planned and as it was. A variance is actual minus planned: late and longer are positive.

    `planned` is None for a task that the plan did not hold when the run began, or that only a no would have called.
    """

    id: str
    title: str
    stream: str
    team: str
    type: TaskType
    by: str
    waited_for: str
    planned: tuple[datetime, datetime] | None
    planned_length: timedelta
    ready: datetime | None
    started: datetime | None
    ended: datetime | None
    course: Course
    release: Release | None
    driving: bool
    stage: str
    tries: int
    note: str

    @property
    def worked(self) -> timedelta:
        return self.course.total(Spent.WORKING) + self.course.total(Spent.DECIDING)

    @property
    def is_hidden(self) -> bool:
        """Said to be done without having been claimed: nobody knows when the work on it began."""
        return bool(
            self.ended and self.planned_length and not self.worked and self.type is not TaskType.APPROVAL
        )

    @property
    def late_start(self) -> timedelta | None:
        return self.started - self.planned[0] if self.started and self.planned else None

    @property
    def late_end(self) -> timedelta | None:
        return self.ended - self.planned[1] if self.ended and self.planned else None

    @property
    def longer(self) -> timedelta | None:
        """Working time beyond the plan; None while it is not over, or when its work or its plan is not known."""
        if self.ended is None or self.started is None or not self.planned_length or self.is_hidden:
            return None
        return self.worked - self.planned_length

    @property
    def longer_share(self) -> float | None:
        return None if self.longer is None else self.longer / self.planned_length


@dataclass(frozen=True, slots=True)
class Total:
    """What the tasks of a stream, a team or the whole run add up to."""

    name: str
    tasks: int
    over: int
    planned: timedelta
    spent: Mapping[Spent, timedelta]
    late: int


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A task that took otherwise than planned, what it took in all the runs that prove something, and what to plan."""

    task: str
    title: str
    planned: timedelta
    took: tuple[timedelta, ...]
    suggested: Estimate


@dataclass(frozen=True, slots=True)
class Earlier:
    """Another run of the same runbook beside this one: how long it took, and by how much its tasks were off."""

    run_id: str
    type: str
    stage: str
    began: datetime | None
    ended: datetime | None
    lasted: timedelta | None
    tasks_over: int
    is_walk_through: bool
    median_change: float | None  # of the tasks both worked: how much longer this run's took, in the middle


@dataclass(frozen=True, slots=True)
class Review:
    """Everything a run teaches, caveats first. Moments are UTC."""

    run_id: str
    title: str
    type: str
    stage: RunStage
    opens: datetime
    closes: datetime
    began: datetime
    ended: datetime | None
    until: datetime
    planned_finish: datetime
    caveats: tuple[str, ...]
    tasks: tuple[TaskReview, ...]
    pauses: tuple[tuple[datetime, datetime], ...]
    chain: Chain
    planned_path: tuple[str, ...]
    decisions: tuple[Decision, ...]
    edits: tuple[Edit, ...]
    incidents: tuple[Incident, ...]
    outlooks: tuple[Outlook, ...]
    no_return: NoReturn | None
    streams: tuple[Total, ...]
    teams: tuple[Total, ...]
    total: Total
    suggestions: tuple[Suggestion, ...]
    earlier: tuple[Earlier, ...]
    calibration: tuple[str, ...]

    @property
    def late_decisions(self) -> tuple[Decision, ...]:
        return tuple(one for one in self.decisions if one.late is not None)

    def by_id(self) -> dict[str, TaskReview]:
        return {task.id: task for task in self.tasks}


@dataclass(frozen=True, slots=True)
class Record:
    """What a review is made from: the facts of a run and of each round of its gates, and the runs before it.

    `recorded` says when each fact of the run was learnt, where that is known.
    """

    run: Sequence[Fact]
    gates: Mapping[tuple[str, int], Sequence[Fact]]
    earlier: Sequence[RunState] = ()
    past: Sequence[PastRun] = ()
    calendars: Mapping[str, WorkingTime] | None = None
    recorded: Sequence[datetime] = ()


def review(record: Record, now: datetime) -> Review:
    """Review a run that has begun; one that is not over is reviewed as far as it has come."""
    seen = courses(record.run, now)
    state = seen.state
    begun = next(f.event for f in record.run if isinstance(f.event, RunStarted))
    first = schedule(begun.runbook.tasks, begun.opens, calendars=record.calendars or {})
    released = releases(seen)
    chain = driving_chain(seen, released)
    driving = {link.task for link in chain.links}
    made = begun.runbook.by_id()
    tasks = tuple(
        _task(seen, task, made.get(task.id), first, released.get(task.id), driving=task.id in driving)
        for task in state.runbook.tasks
    )
    ended = state.ended_at if state.stage is RunStage.COMPLETE else None
    return Review(
        run_id=state.run_id, title=state.runbook.title, type=state.run_type, stage=state.stage, opens=begun.opens,
        closes=begun.closes, began=seen.began, ended=state.ended_at, until=seen.until, planned_finish=first.finish,
        caveats=tuple(caveats(record.run, record.recorded, seen, tasks)), tasks=tasks, pauses=seen.pauses, chain=chain,
        planned_path=first.critical_path, decisions=decisions(record.gates, state.plan, now),
        edits=edits(seen.edits, record.run), incidents=incidents(record.run, record.gates),
        outlooks=outlooks(record.run, begun.closes, begun.backout, ended), no_return=no_return(record.run),
        streams=totals(tasks, lambda t: t.stream), teams=totals(tasks, lambda t: t.team), total=_total("all", tasks),
        suggestions=_suggestions(record, seen, tasks), earlier=tuple(_earlier(one, tasks) for one in record.earlier),
        calibration=calibrated([*record.past], state.runbook.distribution).words,
    )  # fmt: skip


def _task(
    seen: Courses, task: Task, made: Task | None, first: Schedule, release: Release | None, *, driving: bool
) -> TaskReview:
    at, course, slot = seen.state.tasks[task.id], seen.tasks[task.id], first.slots.get(task.id)
    planned = None if slot is None or made is None else (slot.early_start, slot.early_finish)
    automated = "software" if task.type is TaskType.AUTOMATED else "anybody"
    streams = {stream.id: stream.title for stream in seen.state.runbook.streams}
    deciders = ", ".join(task.gate.deciders) if task.gate else ""
    return TaskReview(
        id=task.id, title=task.title, stream=streams.get(task.stream, task.stream), team=task.team, type=task.type, by=at.by,
        waited_for=deciders or task.owner or task.team or automated, planned=planned,
        planned_length=(made or task).expected, ready=course.ready, started=course.started, ended=course.ended,
        course=course, release=release, driving=driving, stage=at.completion or at.stage, tries=at.tries, note=at.note,
    )  # fmt: skip


def totals(tasks: Iterable[TaskReview], of: Callable[[TaskReview], str]) -> tuple[Total, ...]:
    """One total a name, in the order of the plan; tasks without one are left out."""
    groups: dict[str, list[TaskReview]] = {}
    for task in tasks:
        if name := of(task):
            groups.setdefault(name, []).append(task)
    return tuple(_total(name, group) for name, group in groups.items())


def _total(name: str, tasks: Sequence[TaskReview]) -> Total:
    spent = {kind: sum((t.course.total(kind) for t in tasks), _ZERO) for kind in Spent}
    planned = sum((t.planned_length for t in tasks if t.planned), _ZERO)
    late = sum(1 for t in tasks if t.late_end is not None and t.late_end > _ZERO)
    return Total(name, len(tasks), sum(t.ended is not None for t in tasks), planned, spent, late)


def _suggestions(record: Record, seen: Courses, tasks: Sequence[TaskReview]) -> tuple[Suggestion, ...]:
    """For tasks off their plan: a walk-through teaches nothing, and how long people decide is no length of work."""
    if seen.state.setup.auto:
        return ()
    before = past_durations(record.earlier)
    found = []
    for one in tasks:
        plan, over = seen.state.plan[one.id], seen.state.tasks[one.id].completion in WORKED
        if not over or plan.gate or plan.type is TaskType.MILESTONE or not one.worked:
            continue
        if one.longer_share is not None and abs(one.longer_share) <= REVISE:
            continue
        took = (*before.get(one.id, ()), one.worked)
        found.append(Suggestion(one.id, one.title, one.planned_length, took, suggested(plan, took)))
    return tuple(found)


def _earlier(run: RunState, tasks: Sequence[TaskReview]) -> Earlier:
    took = past_durations([run])
    changes = [
        one.worked / took[one.id][-1] - 1
        for one in tasks
        if one.ended and one.worked and took.get(one.id) and took[one.id][-1]
    ]
    ended = run.ended_at if is_over(run) else None
    return Earlier(
        run.run_id, run.run_type, run.stage, run.opens, ended, ended - run.opens if ended and run.opens else None,
        sum(at.is_over for at in run.tasks.values()), run.setup.auto, median(changes) if changes else None,
    )  # fmt: skip
