"""How long until a chart sees a fall, stated before anything happens: the exact chances, not a simulation.

The chart is a Markov chain on [0, threshold) once its values are put into narrow cells (Brook & Evans 1972). Each
day moves its chances by the probabilities of every count that can come; what passes the threshold is an alarm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, lgamma, log, log1p

import numpy as np
from numpy.typing import NDArray

from monitors.domain.cusum import weight

CELLS = 240
LONGEST = 400  # days looked ahead; what takes longer is not seen in any hypercare
_RARE = 1e-9  # counts that come less often than this are left out
_MOST_COUNTS = 4000  # of a day; a larger flow is seen in a day whatever its shape


@dataclass(frozen=True, slots=True)
class RunLength:
    """`by[n]` is the chance that the alarm has come by the end of day n + 1."""

    by: tuple[float, ...]

    def days(self, share: float) -> int | None:
        """By the end of which day `share` of all such falls are seen; None when not within the days looked at."""
        return next((n + 1 for n, chance in enumerate(self.by) if chance >= share), None)


def run_length(
    means: Sequence[float], alpha: float, ratio: float, threshold: float, *, actual: float, start: float = 0.0, horizon: int = LONGEST
) -> RunLength:  # fmt: skip
    """The chances of an alarm by each day: `means` are the days' normal means in order, repeated as needed.

    The flow really runs at `actual` of them; the chart begins at `start`. Stops early once an alarm is as good as
    certain.
    """
    chances = np.zeros(CELLS)
    chances[min(CELLS - 1, int(start / threshold * CELLS))] = 1.0
    moves = {mu: _moves(mu, alpha, ratio, actual, threshold) for mu in set(means)}
    by: list[float] = []
    for day in range(horizon):
        chances = chances @ moves[means[day % len(means)]]
        by.append(min(1.0, max(0.0, 1.0 - float(chances.sum()))))
        if by[-1] > 0.9999:  # noqa: PLR2004  nine in ten is what is declared
            break
    return RunLength(tuple(by))


@lru_cache(maxsize=512)
def _moves(mu: float, alpha: float, ratio: float, actual: float, threshold: float) -> NDArray[np.float64]:
    """Row i, column j: the chance to go from cell i to cell j in one day; what is missing in a row is an alarm."""
    width = threshold / CELLS
    mids = (np.arange(CELLS) + 0.5) * width
    mids[0] = 0.0  # a chart at rest is at nought, and begins there
    line = weight(mu, alpha, ratio)
    matrix = np.zeros((CELLS, CELLS))
    for count, chance in enumerate(_counts(mu * actual, alpha)):
        if chance < _RARE:
            continue
        to = np.maximum(0.0, mids + line.of(count))
        stays = to < threshold
        cells = np.minimum(CELLS - 1, (to[stays] / width).astype(int))
        np.add.at(matrix, (np.flatnonzero(stays), cells), chance)
    return matrix


def _counts(mean: float, alpha: float) -> list[float]:
    """The probability of 0, 1, 2 … events, up to where nothing is left."""
    if mean <= 0:
        return [1.0]
    found, total = [], 0.0
    for count in range(_MOST_COUNTS):
        chance = exp(_log_chance(count, mean, alpha))
        found.append(chance)
        total += chance
        if total > 1 - _RARE and count > mean:
            break
    return found


def _log_chance(count: int, mean: float, alpha: float) -> float:
    if alpha <= 0:
        return count * log(mean) - mean - lgamma(count + 1)
    size, spread = 1 / alpha, alpha * mean
    tail = count * (log(spread) - log1p(spread)) - size * log1p(spread)
    return lgamma(count + size) - lgamma(size) - lgamma(count + 1) + tail
