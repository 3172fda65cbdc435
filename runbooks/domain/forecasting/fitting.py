"""What past runs say about how long a task takes, as a three-point estimate; the fewer they are, the nearer to the plan.

The logarithm of a duration is taken as normal with unknown mean and variance; the plan's own estimate counts as
some earlier observations (normal-inverse-gamma, Gelman et al., Bayesian Data Analysis, 3.3). What one expects of
the next time is then a Student t, wide while there are few, told as the beta-PERT with the same 5, 50 and 95 %.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray

from runbooks.domain.forecasting.quantiles import BELOW, pert
from runbooks.domain.forecasting.sampling import estimate_of
from runbooks.domain.plan import Estimate, Task
from runbooks.domain.run_stages import WORKED, TaskStage
from runbooks.domain.run_state import RunState

PLAN_COUNTS = 2.0  # observations that the plan's estimate is worth for how long
PLAN_COUNTS_FOR_SPREAD = 3.0  # and for how much it varies
WORST = 1.5  # times the longest seen or estimated: a late end beyond is arithmetic of the few, not experience
BELIEVED = 2.0  # one run is believed as far as twice or half the plan, two as far as four times, and so on
LEAST_SPREAD = 0.1  # of a logarithm: no estimate is taken to be surer than some 10 %
SHORTEST = 1.0  # seconds: what took less is taken as this, so that its logarithm says something
_ENDS = (0.05, 0.5, 0.95)


def past_durations(runs: Iterable[RunState]) -> dict[str, tuple[timedelta, ...]]:
    """How long each task took in past runs. A walk-through, in which everybody keeps to the plan, proves nothing."""
    found: dict[str, list[timedelta]] = {}
    for run in runs:
        for name, at in run.tasks.items():
            done = at.stage is TaskStage.COMPLETE and at.completion in WORKED
            if not run.setup.auto and done and at.started_at and at.ended_at and run.plan[name].gate is None:
                found.setdefault(name, []).append(at.ended_at - at.started_at)
    return {name: tuple(took) for name, took in found.items()}


def fitted(tasks: Sequence[Task], past: Mapping[str, Sequence[timedelta]]) -> dict[str, Estimate]:
    """An estimate for every task that was done before and has a planned length to start from."""
    return {
        task.id: fit(task, past[task.id])
        for task in tasks
        if past.get(task.id) and (task.estimate or task.expected)
    }


def fit(task: Task, took: Sequence[timedelta]) -> Estimate:
    """What to expect the next time, from the plan's estimate and what the task took before."""
    mean, spread = _prior(task)
    count, weight = len(took), PLAN_COUNTS + len(took)
    logs = np.log([max(SHORTEST, t.total_seconds()) for t in took])
    logs = np.clip(logs, mean - count * log(BELIEVED), mean + count * log(BELIEVED))
    centre = (PLAN_COUNTS * mean + float(logs.sum())) / weight
    freedom = PLAN_COUNTS_FOR_SPREAD + count
    apart = PLAN_COUNTS * count / weight * (float(logs.mean()) - mean) ** 2
    squares = PLAN_COUNTS_FOR_SPREAD * spread**2 + float(((logs - logs.mean()) ** 2).sum()) + apart
    reach = _t95(freedom) * sqrt(squares / freedom * (1 + 1 / weight))
    longest = max(estimate_of(task)[2], *(t.total_seconds() for t in took))
    late = min(centre + reach, max(centre + LEAST_SPREAD, log(WORST * max(SHORTEST, longest))))
    return _pert_through(exp(centre - reach), exp(centre), exp(late))


def _prior(task: Task) -> tuple[float, float]:
    """Mean and standard deviation of the logarithm under the plan's own estimate."""
    low, likely, high = estimate_of(task)
    row = pert(np.array([low]), np.array([likely]), np.array([high]))[0]
    logs, weights = np.log(np.maximum(row, SHORTEST)), np.gradient(BELOW)
    mean = float(np.average(logs, weights=weights))
    return mean, max(LEAST_SPREAD, sqrt(float(np.average((logs - mean) ** 2, weights=weights))))


def _pert_through(low: float, middle: float, high: float) -> Estimate:
    """The beta-PERT whose 5, 50 and 95 % are these seconds, or as near as its shapes come."""
    shares = np.linspace(0.0, 1.0, 65)
    rows = pert(np.zeros(65), shares, np.ones(65))
    ends = np.array([[np.interp(chance, BELOW, row) for chance in _ENDS] for row in rows])
    skew = (ends[:, 1] - ends[:, 0]) / (ends[:, 2] - ends[:, 0])
    share = float(np.interp((middle - low) / (high - low), skew, shares))
    first, last = (float(np.interp(share, shares, ends[:, k])) for k in (0, 2))
    width = (high - low) / (last - first)
    begin = max(0.0, low - width * first)
    return Estimate(low=_span(begin), likely=_span(begin + share * width), high=_span(begin + width))


@lru_cache(maxsize=64)
def _t95(freedom: float) -> float:
    """The 95 % point of Student's t, by its density on a fine grid."""
    at: NDArray[np.float64] = np.sinh(np.linspace(0, 8, 20_001))  # far enough for three degrees of freedom
    density = (1 + at**2 / freedom) ** (-(freedom + 1) / 2)
    areas = np.concatenate(([0.0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(at))))
    return float(np.interp(0.9 * areas[-1], areas, at))


def _span(seconds: float) -> timedelta:
    return timedelta(seconds=round(seconds))
