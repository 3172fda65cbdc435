"""Has the flow fallen: a count's weight of evidence for "it runs at `ratio` of normal" against "it runs as ever".

Daily counts are negative binomial with mean mu and variance mu + alpha mu^2 (alpha 0: Poisson). The chart is the
one-sided CUSUM of log likelihood ratios, the same as `glrnb(theta = log ratio, dir = "dec")` of the R package
surveillance. Mean time to a false alarm is at least e^threshold (Lorden 1971), so the threshold follows from
how many false alarms are allowed, and nothing has to be tuned.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import log, log1p

PAGE_RATIO = 0.5  # the chart that wakes somebody: looks for a halving
TICKET_RATIO = 0.7  # the chart that writes a ticket: looks for a fall by three in ten


@dataclass(frozen=True, slots=True)
class Weight:
    """What one count says: `per_event` for each event (it is negative), `per_day` for the day having passed."""

    per_event: float
    per_day: float

    def of(self, count: float) -> float:
        return count * self.per_event + self.per_day


def weight(mu: float, alpha: float, ratio: float) -> Weight:
    """The log likelihood ratio of a day with mean `mu`, as a straight line in the count."""
    if (
        mu <= 0
    ):  # nothing is expected: nothing coming is no evidence, and something coming speaks for "as ever"
        return Weight(log(ratio), 0.0)
    if alpha <= 0:
        return Weight(log(ratio), mu * (1 - ratio))
    shrink = log1p(alpha * ratio * mu) - log1p(alpha * mu)
    return Weight(log(ratio) - shrink, -shrink / alpha)


def step(value: float, count: float, mu: float, alpha: float, ratio: float) -> float:
    """The chart after one more day: never below nought, so that good days earn no credit for bad ones."""
    return max(0.0, value + weight(mu, alpha, ratio).of(count))


def run(counts: Iterable[tuple[float, float]], alpha: float, ratio: float, start: float = 0.0) -> list[float]:
    """The chart over (count, mean) pairs."""
    value, values = start, []
    for count, mu in counts:
        value = step(value, count, mu, alpha, ratio)
        values.append(value)
    return values


def threshold(days: float, charts: int, false_alarms: float) -> float:
    """How far the evidence must go: `charts` charts over `days` days raise at most `false_alarms` by chance."""
    return max(1.0, log(days * charts / false_alarms))


def drift(mu: float, alpha: float, ratio: float, actual: float) -> float:
    """What one day adds on average when the flow really runs at `actual` of normal."""
    return weight(mu, alpha, ratio).of(actual * mu)
