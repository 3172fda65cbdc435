"""The weekly picture for the board pack: an XmR chart with the words and rules of the NHS's Making Data Count.

Limits are the mean and 2.66 mean moving ranges either side; moving ranges above 3.267 times their mean are left
out once before the limits are set. A fall in an outcome is a concern, a rise an improvement. Not a first line of
defence: on weekly totals it sees a halving after one to three weeks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

_LIMITS = 2.66
_SCREEN = 3.267
_RUN = 7  # points on one side of the mean, or rising, or falling
_NEAR = 2 / 3  # of the way to a limit; two of three points beyond are special
_WEEK = 7
FEWEST = 3


class Look(StrEnum):
    CONCERN = "special cause concern"
    IMPROVEMENT = "special cause improvement"
    COMMON = "common cause"


@dataclass(frozen=True, slots=True)
class Week:
    """One week from its Monday; `rules` says why it is special."""

    begins: date
    total: int
    look: Look
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Xmr:
    """The chart: every whole week, the mean, and the limits within which it varies by chance."""

    weeks: tuple[Week, ...]
    mean: float
    lower: float
    upper: float

    @property
    def look(self) -> Look:
        """The newest week's."""
        return self.weeks[-1].look


def weekly(days: Mapping[date, int | None]) -> list[tuple[date, int]]:
    """Totals of the whole weeks, Monday to Sunday; a week with a day of which nothing is known is left out."""
    by: dict[date, list[int]] = {}
    for day, count in days.items():
        if count is not None:
            by.setdefault(day - timedelta(days=day.weekday()), []).append(count)
    return [(monday, sum(counts)) for monday, counts in sorted(by.items()) if len(counts) == _WEEK]


def xmr(totals: Sequence[tuple[date, int]]) -> Xmr | None:
    """None for fewer than three weeks: there is no range to speak of yet."""
    if len(totals) < FEWEST:
        return None
    values = [float(total) for _, total in totals]
    mean = sum(values) / len(values)
    reach = _LIMITS * _moving_range(values)
    lower, upper = max(0.0, mean - reach), mean + reach
    weeks = tuple(
        Week(monday, total, *_judged(values, i, mean, reach)) for i, (monday, total) in enumerate(totals)
    )
    return Xmr(weeks, mean, lower, upper)


def _moving_range(values: Sequence[float]) -> float:
    ranges = [abs(b - a) for a, b in pairwise(values)]
    mean = sum(ranges) / len(ranges)
    kept = [r for r in ranges if r <= _SCREEN * mean] or ranges
    return sum(kept) / len(kept)


def _judged(values: Sequence[float], i: int, mean: float, reach: float) -> tuple[Look, tuple[str, ...]]:
    found: dict[str, bool] = {}  # the rule, and whether it speaks of a fall
    value = values[i]
    if abs(value - mean) > reach:
        found["outside the limits"] = value < mean
    if run := _one_side(values, i, mean):
        found[f"{_RUN} weeks on one side of the mean"] = run < 0
    if trend := _trend(values, i):
        found[f"{_RUN} weeks {'falling' if trend < 0 else 'rising'}"] = trend < 0
    if near := _two_of_three(values, i, mean, reach):
        found["2 of 3 weeks near a limit"] = near < 0
    if not found:
        return Look.COMMON, ()
    return (Look.CONCERN if any(found.values()) else Look.IMPROVEMENT), tuple(found)


def _windows(values: Sequence[float], i: int, size: int) -> list[Sequence[float]]:
    """Every stretch of `size` points that holds the i-th."""
    return [values[s : s + size] for s in range(max(0, i - size + 1), min(i, len(values) - size) + 1)]


def _one_side(values: Sequence[float], i: int, mean: float) -> int:
    for window in _windows(values, i, _RUN):
        if all(v < mean for v in window):
            return -1
        if all(v > mean for v in window):
            return 1
    return 0


def _trend(values: Sequence[float], i: int) -> int:
    for window in _windows(values, i, _RUN):
        steps = [b - a for a, b in pairwise(window)]
        if all(step < 0 for step in steps):
            return -1
        if all(step > 0 for step in steps):
            return 1
    return 0


def _two_of_three(values: Sequence[float], i: int, mean: float, reach: float) -> int:
    """Beyond two thirds of the way to the same limit, this one included."""
    side = 1 if values[i] > mean else -1
    if side * (values[i] - mean) <= _NEAR * reach or reach <= 0:
        return 0
    for window in _windows(values, i, 3):
        if sum(side * (v - mean) > _NEAR * reach for v in window) >= 2:  # noqa: PLR2004  two of three
            return side
    return 0
