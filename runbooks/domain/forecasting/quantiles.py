"""How long a task may take, as one row of a table: its quantile at evenly spaced standard-normal scores.

Every kind of doubt becomes the same kind of row: a three-point estimate (beta-PERT or triangular), a task that
runs already (the same, given that it has lasted as long as it has), a pace that a task reports, a certainty. A
draw is then one score rounded to the grid and one look-up, which is what correlation by shared normal factors
wants anyway: the scores may move together and each row keeps its own distribution.

Beta-PERT: mean (low + 4 likely + high) / 6, shape 1 + 4 m and 5 - 4 m for a likely value at share m of the range
(Malcolm et al., 1959, in the four-parameter form that is usual since).
"""

from __future__ import annotations

from functools import lru_cache
from math import erfc, sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.float64]
Rows: TypeAlias = NDArray[np.float32]

STEPS = 128  # of a standard deviation: a rounding of 0.16 % of probability at most, none on average
REACH = 5  # standard deviations either way: one draw in 1.7 million lies beyond and is taken as the end
NODES = 2 * REACH * STEPS + 1
SCORES: Numbers = np.arange(NODES) / STEPS - REACH
BELOW: Numbers = np.array(
    [erfc(-z / sqrt(2)) / 2 for z in SCORES.tolist()]
)  # P(score < z), exact in its tail
ABOVE: Numbers = BELOW[::-1]  # P(score > z), exact in its tail as well
SHAPES = 64  # how many steps of the likely value's share between which beta-PERT rows are blended
_GRID = 4_096
_DEEP: Numbers = np.arange(-8.0, 8.0 + 1 / 64, 1 / 64)
_LOG_ABOVE: Numbers = np.log([erfc(z / sqrt(2)) / 2 for z in _DEEP.tolist()])


def pert(low: Numbers, likely: Numbers, high: Numbers) -> Rows:
    """Beta-PERT rows, one a task; a range of no width is its one value."""
    shapes = _pert_shapes()
    share, width = _shares(low, likely, high), (high - low).astype(np.float32)
    at = np.minimum((share * SHAPES).astype(np.intp), SHAPES - 1)
    rows: Rows = shapes[at + 1]
    rows -= shapes[at]
    rows *= (share * SHAPES - at).astype(np.float32)[:, None]
    rows += shapes[at]
    rows *= width[:, None]
    rows += low[:, None].astype(np.float32)
    return rows


def triangular(low: Numbers, likely: Numbers, high: Numbers) -> Rows:
    """Triangular rows, one a task: the pessimistic end weighs more than with beta-PERT."""
    rows = np.empty((len(low), NODES), dtype=np.float32)
    share, width = _shares(low, likely, high), high - low
    for i in range(len(low)):
        rising = np.sqrt(BELOW * share[i])
        falling = 1 - np.sqrt(ABOVE * (1 - share[i]))
        rows[i] = low[i] + width[i] * np.where(share[i] > BELOW, rising, falling)
    return rows


def uniform(low: float, high: float) -> Rows:
    """One row: any length of the range is as likely as any other."""
    return (low + (high - low) * BELOW).astype(np.float32)


def longer_than(lasted: float, row: NDArray[np.floating]) -> NDArray[np.floating] | None:
    """The row given that the length is more than `lasted`: the exact inverse of what is left of the distribution.

    None when the task was expected to be over by now with all but certainty: then the estimate says nothing.
    """
    if lasted <= row[0]:
        return row
    if lasted >= row[-1]:
        return None
    z = float(np.interp(lasted, row, SCORES))
    left = _log_above(np.array([z]))[0] + _log_above(SCORES)
    scores = np.interp(-left, -_LOG_ABOVE, _DEEP)
    return np.asarray(np.maximum(np.interp(scores, SCORES, row), lasted))


def score(lasted: float, row: NDArray[np.floating]) -> float:
    """Where a length that came to pass stands in its row, in standard deviations."""
    return float(np.interp(lasted, row, SCORES))


def below(z: float) -> float:
    """The chance of a standard-normal score below `z`."""
    return erfc(-z / sqrt(2)) / 2


def _log_above(scores: Numbers) -> Numbers:
    return np.interp(scores, _DEEP, _LOG_ABOVE)


def _shares(low: Numbers, likely: Numbers, high: Numbers) -> Numbers:
    """Where in its range the likely value lies, 0 to 1."""
    width = high - low
    share = np.divide(likely - low, width, out=np.zeros_like(width), where=width > 0)
    return np.asarray(np.clip(share, 0.0, 1.0))


@lru_cache(maxsize=1)
def _pert_shapes() -> Rows:
    """Beta(1 + 4 m, 5 - 4 m) quantiles at every score, for m in steps of 1/SHAPES."""
    angle = np.linspace(0.0, np.pi / 2, _GRID + 1)
    x = np.sin(angle) ** 2  # nodes crowd towards both ends, where a quantile moves fastest
    tilt = np.sin(2 * angle)
    return np.array([_beta_quantiles(x, tilt, m / SHAPES) for m in range(SHAPES + 1)], dtype=np.float32)


def _beta_quantiles(x: Numbers, tilt: Numbers, share: float) -> Numbers:
    """Both tails are summed from their own end, so that small chances keep their digits."""
    weight = x ** (4 * share) * (1 - x) ** (4 - 4 * share) * tilt
    areas = (weight[1:] + weight[:-1]) / 2
    rising = np.concatenate(([0.0], np.cumsum(areas)))
    falling = np.concatenate((np.cumsum(areas[::-1])[::-1], [0.0]))
    lower = np.interp(BELOW * rising[-1], rising, x)
    upper = np.interp(-ABOVE * falling[0], -falling, x)
    return np.asarray(np.where(SCORES < 0, lower, upper))
