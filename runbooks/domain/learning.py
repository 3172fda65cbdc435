"""What rehearsals teach: how far each task was from its plan, and what to plan instead.

Working time is told apart from waiting: from when a task could have begun until it did.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from cutover.domain.programme import Programme
from runbooks.domain.forecasting.fitting import fit
from runbooks.domain.plan import Estimate, Runbook, Task
from runbooks.domain.rehearsals import complete_rehearsals
from runbooks.domain.run_stages import WORKED
from runbooks.domain.run_state import RunState, TaskState
from runbooks.domain.timing.calendars import WorkingTime, calendars_of

REVISE = 0.15  # off its plan by more than this share, a task needs revision
ROUNDED = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Learned:
    """One task over the rehearsals, oldest first: what was planned in the last of them, what was worked and waited."""

    task: str
    planned: timedelta
    worked: tuple[timedelta, ...]
    waited: tuple[timedelta, ...]
    suggested: Estimate

    @property
    def variance(self) -> float:
        """By what share of its plan it takes longer, in the middle of the rehearsals; planned as nothing: infinite."""
        middle = timedelta(seconds=median(span.total_seconds() for span in self.worked))
        if not self.planned:
            return 0.0 if not middle else float("inf")
        return middle / self.planned - 1

    @property
    def needs_revision(self) -> bool:
        return abs(self.variance) > REVISE


def learned(plan: Runbook, runs: Iterable[RunState], programme: Programme | None = None) -> list[Learned]:
    """Every task of the plan that was worked in a rehearsal, in the plan's order.

    What is suggested starts from the plan of the first rehearsal, so that what was learnt and taken over once is
    not learnt again. Of a task with a calendar of the programme only the hours of that calendar are counted.
    """
    rehearsals = complete_rehearsals(runs)
    hours = [calendars_of(programme, run.opens, run.closes) if programme else {} for run in rehearsals]
    worlds = list(zip(rehearsals, hours, strict=True))
    found = (_learned(task, worlds) for task in plan.tasks)
    return [one for one in found if one is not None]


def _learned(task: Task, worlds: Sequence[tuple[RunState, Mapping[str, WorkingTime]]]) -> Learned | None:
    if task.gate is not None:
        return None  # how long people take to decide is not a length of work
    seen = [
        (run, at, hours.get(task.calendar))
        for run, hours in worlds
        if (at := run.tasks.get(task.id)) and at.completion in WORKED
    ]
    worked = tuple(_worked(run, at, hours) for run, at, hours in seen)
    if not any(worked):
        return None
    first, last = (seen[i][0].plan[task.id] for i in (0, -1))
    waited = tuple(_waited(at) for _, at, _ in seen)
    return Learned(task.id, last.expected, worked, waited, suggested(first, worked))


def suggested(task: Task, took: Sequence[timedelta]) -> Estimate:
    """What to plan instead, to the minute: by the task's own plan, or by its longest where that says nothing, and what it took."""
    prior = task if task.expected or task.estimate else task.model_copy(update={"duration": max(took)})
    return _rounded(fit(prior, took))


def _worked(run: RunState, at: TaskState, hours: WorkingTime | None) -> timedelta:
    if at.started_at is None or at.ended_at is None:
        return timedelta(0)
    if hours is None or run.opens is None:
        return at.ended_at - at.started_at
    begun, over = (
        (moment - run.opens) // timedelta(microseconds=1) for moment in (at.started_at, at.ended_at)
    )
    return timedelta(microseconds=hours.work(begun, over))


def _waited(at: TaskState) -> timedelta:
    if at.ready_at is None or at.started_at is None:
        return timedelta(0)
    return max(timedelta(0), at.started_at - at.ready_at)


def _rounded(estimate: Estimate) -> Estimate:
    """To the minute, and never to nothing."""
    low, likely, high = (
        max(ROUNDED, round(span / ROUNDED) * ROUNDED)
        for span in (estimate.low, estimate.likely, estimate.high)
    )
    return Estimate(low=low, likely=likely, high=high)


def taken_over(plan: Runbook, lessons: Iterable[Learned]) -> Runbook:
    """The plan with these estimates; a task that has a duration is planned at the likely value from now on."""
    by_id = {one.task: one.suggested for one in lessons}
    return plan.model_copy(update={"tasks": tuple(_taught(task, by_id.get(task.id)) for task in plan.tasks)})


def _taught(task: Task, estimate: Estimate | None) -> Task:
    if estimate is None:
        return task
    duration = estimate.likely if task.duration is not None else None
    return task.model_copy(update={"estimate": estimate, "duration": duration})
