"""How far forecasts deserve belief: what past runs forecast against what came to pass, counted.

A run's first forecast is set against its end; each task's length against its plan's own estimate (its place in
that distribution, the probability integral transform). With few runs it says that it cannot judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt

import numpy as np

from runbooks.domain.forecasting.fitting import past_durations
from runbooks.domain.forecasting.quantiles import below, pert, score, triangular
from runbooks.domain.forecasting.sampling import estimate_of
from runbooks.domain.plan import Distribution, Task
from runbooks.domain.run_events import RunStage
from runbooks.domain.run_state import RunState

CHANCES = (0.5, 0.8, 0.95)
ENOUGH_RUNS = 10  # below that a coverage of ends says next to nothing
ENOUGH_TASKS = 30


@dataclass(frozen=True, slots=True)
class PastRun:
    """What one run said when it began and how it went: its first P50, P80 and P95, its end, what tasks took."""

    name: str
    forecast: tuple[datetime, datetime, datetime] | None
    ended: datetime | None
    took: Sequence[tuple[Task, timedelta]]


def past_run(state: RunState, first: tuple[datetime, datetime, datetime] | None) -> PastRun:
    """A run with its first forecast, as far as it proves anything: a walk-through does not."""
    ended = state.ended_at if state.stage is RunStage.COMPLETE else None
    if state.setup.auto:
        return PastRun(state.run_id, None, None, ())
    took = past_durations([state])
    return PastRun(
        state.run_id, first, ended, [(state.plan[n], t) for n, spans in took.items() for t in spans]
    )


@dataclass(frozen=True, slots=True)
class Calibration:
    """How many past runs ended by their P50, P80 and P95, and which share of tasks by theirs."""

    runs: int
    ended_by: tuple[int, int, int]
    tasks: int
    tasks_by: tuple[float, float, float]

    @property
    def words(self) -> tuple[str, ...]:
        """What this says, in sentences."""
        return (self._of_runs(), *self._of_tasks())

    def _of_runs(self) -> str:
        if not self.runs:
            return "calibration: no past run had a forecast and an end, so nothing says how far to trust this one"
        counts = ", ".join(
            f"{n} by P{chance:.0%}".rstrip("%") for n, chance in zip(self.ended_by, CHANCES, strict=True)
        )
        few = "" if self.runs >= ENOUGH_RUNS else "; too few to judge"
        return f"calibration: of {self.runs} past runs {counts} of their first forecast{few}"

    def _of_tasks(self) -> Iterator[str]:
        if not self.tasks:
            return
        share = self.tasks_by[1]
        said = f"{share:.0%} of {self.tasks} tasks done before ended by their own P80"
        margin = 2 * sqrt(CHANCES[1] * (1 - CHANCES[1]) / self.tasks)
        if self.tasks < ENOUGH_TASKS:
            yield f"calibration: {said}; too few to judge"
        elif abs(share - CHANCES[1]) <= margin:
            yield f"calibration: {said}, as they should"
        else:
            yield f"calibration: {said}: their estimates are {'cautious' if share > CHANCES[1] else 'too short'}"


def calibrated(runs: Iterable[PastRun], distribution: Distribution = Distribution.PERT) -> Calibration:
    """Count. Tasks without a planned length are left out: nothing was forecast of them."""
    known = list(runs)
    ends = [(run.forecast, run.ended) for run in known if run.forecast and run.ended]
    places = [
        place(task, took, distribution) for run in known for task, took in run.took if _has_length(task)
    ]
    by = [sum(ended <= said[k] for said, ended in ends) for k in range(len(CHANCES))]
    shares = [sum(p <= chance for p in places) / max(1, len(places)) for chance in CHANCES]
    return Calibration(len(ends), (by[0], by[1], by[2]), len(places), (shares[0], shares[1], shares[2]))


def place(task: Task, took: timedelta, distribution: Distribution = Distribution.PERT) -> float:
    """Where in its estimate a length came to lie: 0.8 is exactly the P80; even over many tasks when all is right."""
    low, likely, high = (np.array([value]) for value in estimate_of(task))
    row = (pert if distribution is Distribution.PERT else triangular)(low, likely, high)[0]
    if row[0] == row[-1]:
        return float(took.total_seconds() > row[0])
    return below(score(took.total_seconds(), row))


def _has_length(task: Task) -> bool:
    return bool(task.estimate or task.expected)
