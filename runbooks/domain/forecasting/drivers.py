"""What drives the end of a plan: how much earlier or later it ends when one thing goes well or badly, on average.

Each task is judged by its own part of its length only, so a task off the critical path gains nothing from running
slow together with the others; what is common is a driver of its own, the programme's and each team's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from runbooks.domain.forecasting.sampling import LEVELS, TICKS, Draws

DECILE = 0.1  # well is the best tenth of the samples, badly the worst
_LOW, _HIGH = round(DECILE * LEVELS), round((1 - DECILE) * LEVELS)
_NORMAL_DECILE = 1.2815515594  # standard deviations
WATCHED = 0.05  # of the samples in which a task is critical: below that it drives little
MOST = 20  # drivers told
NO_TITLES: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Driver:
    """How much the mean end moves when this goes as well, or as badly, as one time in ten.

    `kind` is task, team or programme; `earlier` and `later` are both positive when it matters as one expects.
    """

    kind: str
    name: str
    earlier: timedelta
    later: timedelta

    @property
    def swing(self) -> timedelta:
        return self.earlier + self.later

    def named(self, tasks: Mapping[str, str], teams: Mapping[str, str] = NO_TITLES) -> str:
        """In words, with the titles of tasks and teams by id where they are known."""
        if self.kind == "programme":
            return "the pace of all work"
        if self.kind == "team":
            return f"the pace of team {teams.get(self.name, self.name)}"
        return f"{self.name} {tasks.get(self.name, '')}".rstrip()


class Swings:
    """Sums over the samples, chunk by chunk: of every end, and of the ends after good and bad draws."""

    def __init__(self, names: Sequence[str], teams: Sequence[str]) -> None:
        self.names = [("task", n) for n in names] + [
            ("programme", "programme"),
            *(("team", t) for t in teams),
        ]
        self.tasks = len(names)
        self.total, self.count = 0.0, 0
        self.sums = np.zeros((len(self.names), 2))
        self.counts = np.zeros((len(self.names), 2))

    def add(self, draws: Draws, finish: NDArray[np.int32], critical: NDArray[np.int64]) -> None:
        """One chunk; `critical` is how often each task was so in it."""
        end = finish / TICKS
        self.total += float(end.sum())
        self.count += len(end)
        for i in np.flatnonzero(critical >= max(1.0, WATCHED * len(end))).tolist():
            if draws.doubt.sure[i] is None:
                own = draws.own[i]
                self._note(i, end, own < _LOW, own >= _HIGH)
        for k, factor in enumerate(draws.factors, self.tasks):
            self._note(k, end, factor < -_NORMAL_DECILE, factor > _NORMAL_DECILE)

    def _note(
        self, k: int, end: NDArray[np.float64], well: NDArray[np.bool_], badly: NDArray[np.bool_]
    ) -> None:
        for side, chosen in enumerate((well, badly)):
            self.sums[k, side] += end[chosen].sum()
            self.counts[k, side] += np.count_nonzero(chosen)

    def drivers(self) -> tuple[Driver, ...]:
        """The largest swings first; those that are no more than the dice are left out."""
        found = sorted(self._all(), key=lambda d: (-d.swing, d.kind, d.name))
        return tuple(found[:MOST])

    def _all(self) -> Iterator[Driver]:
        mean = self.total / max(1, self.count)
        for (kind, name), sums, counts in zip(self.names, self.sums, self.counts, strict=True):
            if counts.min() > 0:
                well, badly = sums / counts
                driver = Driver(kind, name, _span(mean - well), _span(badly - mean))
                if driver.swing > timedelta(seconds=1):
                    yield driver


def _span(seconds: float) -> timedelta:
    return timedelta(seconds=round(seconds))
