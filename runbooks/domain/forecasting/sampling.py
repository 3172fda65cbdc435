"""How long every open task takes, in many samples at once: its own distribution, moved together with the others.

A task's score is made of a programme-wide factor, one of its team and its own part (a Gaussian copula: everything
runs slow together, a team more so), and looked up in the task's row of quantiles. So each task keeps exactly the
distribution of its estimate, and only how they go together is added. What has ended is certain; a running task
has lasted as long as it has; where it reports its own pace that counts more than the estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import sqrt
from typing import TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from runbooks.domain.forecasting.quantiles import (
    BELOW,
    NODES,
    REACH,
    SCORES,
    STEPS,
    Rows,
    longer_than,
    pert,
    triangular,
    uniform,
)
from runbooks.domain.plan import Distribution, Estimate, Task
from runbooks.domain.timing.network import Network

Row: TypeAlias = NDArray[np.int32]
Numbers: TypeAlias = NDArray[np.float64]

# Of the planned duration, where no estimate is given: plans are optimistic.
ASSUMED_LOW, ASSUMED_HIGH = 0.9, 1.6
PACE_LOW, PACE_HIGH = 0.95, 1.15  # of the time left, where a running task reports its own pace
OVERRUN_LEFT = 0.5  # of the time already taken: at most this is left of a task past its pessimistic estimate
LEVELS = 65_536  # of a task's own random number: two bytes
_NEAR = 3  # bits of it that a score leaves out: 8,192 scores, equally likely, stay in the nearest cache
TICKS = 16  # a second: times are whole ticks, exact and twice as small as double precision; four years fit
_BLOCK = 32  # rows made at once: they stay in the cache
_NUMBERS = 32  # rows of random numbers made at once
_MICROS = 1e6
_FAR = 2.0**30  # ticks, two years: as far as times are kept apart
NO_FITS: Mapping[str, Estimate] = {}


def tick(micros: int) -> int:
    """Microseconds as ticks."""
    ticks_ = (micros * TICKS + 500_000) // 1_000_000
    return ticks_ if -_FAR < ticks_ < _FAR else round(max(-_FAR, min(_FAR, ticks_)))


def ticks(seconds: NDArray[np.floating]) -> Row:
    """Seconds as ticks."""
    return np.asarray(np.rint(np.clip(seconds * TICKS, -_FAR, _FAR)), dtype=np.int32)


@dataclass(frozen=True, slots=True)
class Correlation:
    """How much of the variance of a task's score is the programme's and how much its team's (0 to 1 together)."""

    programme: float = 0.1
    team: float = 0.1


INDEPENDENT = Correlation(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Doubt:
    """What is not known of the lengths (ticks): by position, a row of quantiles or the one length it has.

    `group` is 0 for a task without a team, else its team in `teams`, counted from 1.
    """

    rows: Row = field(repr=False)
    sure: tuple[int | None, ...]
    teams: tuple[str, ...]
    group: tuple[int, ...]
    correlation: Correlation


def doubt(
    net: Network,
    tasks: Sequence[Task],
    *,
    distribution: Distribution = Distribution.PERT,
    correlation: Correlation | None = None,
    fits: Mapping[str, Estimate] = NO_FITS,
    teams: Sequence[str] = (),
) -> Doubt:
    """Lay out what is not known of a network's lengths; `fits` replace the plan's own estimates.

    Tasks of a team that is not among `teams` have no team's factor.
    """
    by_id = {task.id: task for task in tasks}
    ranges = np.array([estimate_of(by_id[name], fits.get(name)) for name in net.ids]).reshape(-1, 3)
    rows = _rows(ranges, pert if distribution is Distribution.PERT else triangular)
    for i, (begun, over) in enumerate(zip(net.began, net.ended, strict=True)):
        if begun is not None and over is None:
            rows[i] = ticks(_running(net, i, begun, rows[i] / TICKS))
    single = (rows[:, 0] == rows[:, -1]) | np.array([over is not None for over in net.ended], dtype=np.bool_)
    sure = [first if one else None for first, one in zip(rows[:, 0].tolist(), single.tolist(), strict=True)]
    numbers = {team: i for i, team in enumerate(teams, 1)}
    group = tuple(numbers.get(by_id[name].team, 0) for name in net.ids)
    return Doubt(rows, tuple(sure), tuple(teams), group, correlation or Correlation())


def estimate_of(task: Task, fit: Estimate | None = None) -> tuple[float, float, float]:
    """Low, likely and high length in seconds: fitted, as estimated, or assumed from the planned duration."""
    guess = fit or task.estimate
    if guess is not None:
        return guess.low.total_seconds(), guess.likely.total_seconds(), guess.high.total_seconds()
    planned = task.expected.total_seconds()
    return planned * ASSUMED_LOW, planned, planned * ASSUMED_HIGH


def _rows(ranges: Numbers, shape: Callable[[Numbers, Numbers, Numbers], Rows]) -> Row:
    rows = np.empty((len(ranges), NODES), dtype=np.int32)
    for first in range(0, len(ranges), _BLOCK):
        part = slice(first, first + _BLOCK)
        seconds = shape(*np.minimum(ranges[part], _FAR / TICKS).T)
        seconds *= TICKS
        rows[part] = np.rint(seconds, out=seconds)
    return rows


def _running(net: Network, i: int, begun: int, row: Numbers) -> NDArray[np.floating]:
    """Whole lengths of a running task: by its own pace, else what is left of its distribution, else an overrun."""
    lasted, due = max(0.0, (net.now - begun) / _MICROS), net.due[i]
    if due is not None:
        left = max(0.0, (due - net.now) / _MICROS)
        return uniform(lasted + left * PACE_LOW, lasted + left * PACE_HIGH)
    left_of_it = longer_than(lasted, row)
    return uniform(lasted, lasted * (1 + OVERRUN_LEFT)) if left_of_it is None else left_of_it


class Draws:
    """One chunk of samples: every task's score, its row looked up only when it is asked for.

    `own` is each task's own random number (0 to LEVELS - 1, whatever the others do), `factors` the scores of
    the programme (first) and of each team. The same generator and plan give the same draws, also after tasks
    have ended, so that what moves a forecast is what happened and not the dice.
    """

    def __init__(
        self,
        doubt: Doubt,
        generator: Generator,
        samples: int,
        *,
        factors: Numbers | None = None,
        own: NDArray[np.uint16] | None = None,
    ) -> None:
        """`factors` of another plan are shared with it; `own` is an array to be used again, for speed."""
        self.doubt = doubt
        luck = generator.standard_normal((1 + len(doubt.teams), samples)) if factors is None else factors
        self.factors: Numbers = luck
        self.own = np.empty((len(doubt.sure), samples), dtype=np.uint16) if own is None else own
        for first in range(0, len(self.own), _NUMBERS):  # few at a time: they stay in the cache
            part = self.own[first : first + _NUMBERS]
            part[:] = generator.integers(0, LEVELS, size=part.shape, dtype=np.uint16)
        share = doubt.correlation
        self._bells = _bell(sqrt(1 - share.programme)), _bell(sqrt(1 - share.programme - share.team))
        self._shared = list(_shared(self.factors, share))
        self._at = np.empty(samples, dtype=np.int16)
        self._level = np.empty(samples, dtype=np.uint16)

    def length(self, i: int, out: Row) -> Row | int:
        """The lengths of the task at a position (written to `out`), or the one length that it has for certain."""
        sure, group = self.doubt.sure[i], self.doubt.group[i]
        if sure is not None:
            return sure
        at = self._at
        np.right_shift(self.own[i], _NEAR, out=self._level)
        self._bells[group > 0].take(self._level, out=at, mode="clip")
        at += self._shared[group]
        self.doubt.rows[i].take(at, out=out, mode="clip")
        return out


def _shared(factors: Numbers, share: Correlation) -> Iterator[NDArray[np.int16]]:
    """What a score has in common with others, in steps of the grid: without a team, then each team."""
    programme = sqrt(share.programme) * factors[0]
    for team in (0.0, *(sqrt(share.team) * factors[1:])):
        yield np.rint(np.clip(programme + team, -REACH, REACH) * STEPS).astype(np.int16)


@lru_cache(maxsize=16)
def _bell(weight: float) -> NDArray[np.int16]:
    """A task's own part of its score, by its random number, as a place on the grid."""
    levels = LEVELS >> _NEAR
    scores = np.interp((np.arange(levels) + 0.5) / levels, BELOW, SCORES)
    return np.asarray(np.rint(weight * scores * STEPS) + NODES // 2, dtype=np.int16)
