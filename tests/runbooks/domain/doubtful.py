"""Plans with three-point estimates, and independent ways to draw from them and to know the truth about them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from cutover.domain.programme import Programme
from runbooks.domain.plan import Estimate, Task

OPENS = datetime(2026, 10, 23, 21, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
Numbers = NDArray[np.float64]


def at(hours: float) -> datetime:
    return OPENS + timedelta(hours=hours)


def sure(name: str, after: str = "", hours: float = 1, **more: object) -> Task:
    """A task whose length is known exactly."""
    return guessed(name, after, hours, hours, hours, **more)


def guessed(
    name: str, after: str = "", low: float = 1, likely: float = 2, high: float = 4, **more: object
) -> Task:
    low_, likely_, high_ = (timedelta(hours=h) for h in (low, likely, high))
    fields = {"id": name, "title": name, "after": after, **more}
    return Task.model_validate({**fields, "estimate": Estimate(low=low_, likely=likely_, high=high_)})


def programme(**capacity: int) -> Programme:
    """Teams by name, each with so many people at once."""
    window = {"opens": OPENS, "closes": OPENS + 72 * HOUR, "backout": "9h"}
    teams = [{"id": name, "title": name, "capacity": n} for name, n in capacity.items()]
    return Programme.model_validate({"title": "p", "window": window, "teams": teams})


# --- exact distributions on a grid of hours ---------------------------------------------------------------

STEP = 1 / 512


def density(task: Task, reach: float, *, triangular: bool = False) -> Numbers:
    """The chance of each grid cell under the formula of the distribution itself."""
    assert task.estimate is not None
    low, likely, high = (p / HOUR for p in (task.estimate.low, task.estimate.likely, task.estimate.high))
    x = (np.arange(round(reach / STEP)) + 0.5) * STEP
    inside = (x > low) & (x < high)
    y = np.where(inside, (x - low) / (high - low), 0.5)
    share = (likely - low) / (high - low)
    if triangular:
        weight = np.where(y < share, y / share, (1 - y) / (1 - share))
    else:
        weight = y ** (4 * share) * (1 - y) ** (4 - 4 * share)
    weight = np.where(inside, weight, 0.0)
    return np.asarray(weight / weight.sum())


def one_after_the_other(*parts: Numbers) -> Numbers:
    found = parts[0]
    for part in parts[1:]:
        found = np.convolve(found, part)[: len(found)]
    return found


def all_of(*parts: Numbers) -> Numbers:
    """The latest of several: the product of their distribution functions."""
    whole = np.prod([np.cumsum(part) for part in parts], axis=0)
    return np.diff(whole, prepend=0.0)


def distance(finishes: tuple[datetime, ...], exact: Numbers, parts: int) -> float:
    """Kolmogorov and Smirnov's distance between samples and the exact distribution of a sum of so many parts."""
    hours = np.array([(f - OPENS) / HOUR for f in finishes])
    edges = (np.arange(len(exact)) + 1 + (parts - 1) / 2) * STEP  # cell middles add up half a cell each
    whole = np.interp(hours, edges, np.cumsum(exact), left=0.0, right=1.0)
    steps = np.arange(1, len(hours) + 1) / len(hours)
    return float(max(np.abs(whole - steps).max(), np.abs(whole - steps + 1 / len(hours)).max()))
