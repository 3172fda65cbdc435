"""When it will end and how surely: many samples of every open task's length, one pass over all of them at once.

What has happened is fixed, what has not is drawn (`sampling`), each sample is the plan's own forward pass with
its teams' order kept (`passes`, `staffing`). PERT by formula (critical path and a normal) is not offered: it does
not see that the later of two is later than either, and covers 43 to 80 % where it claims 80.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from cutover.domain.programme import Programme
from runbooks.domain.forecasting.assumptions import assumptions
from runbooks.domain.forecasting.backout_time import BackoutSamples, Turning, WayBack
from runbooks.domain.forecasting.drivers import Driver, Swings
from runbooks.domain.forecasting.passes import Times, Walk, walk
from runbooks.domain.forecasting.sampling import (
    ASSUMED_HIGH,
    ASSUMED_LOW,
    INDEPENDENT,
    NO_FITS,
    TICKS,
    Correlation,
    Doubt,
    Draws,
)
from runbooks.domain.forecasting.situation import Situation
from runbooks.domain.forecasting.staffing import staffing
from runbooks.domain.plan import Distribution, Estimate, Task
from runbooks.domain.timing.network import NOTHING, Actuals, Network

__all__ = [
    "ASSUMED_HIGH", "ASSUMED_LOW", "SAMPLES", "Forecast", "Turning", "WayBack", "forecast",
    "look_ahead", "sensitivity",
]  # fmt: skip

SAMPLES = 10_000  # P80 to half a minute on a 72 h plan; a live forecast asks for fewer
CHUNK = 2_500  # samples at once, fewer for large plans: bounds the memory
CELLS = 25_000_000  # tasks times samples at once, at most: some 150 MB
ROOMY = 4_000_000  # cells up to which every start is kept: quicker than taking lengths from ends again
_NO_ACTUALS: Actuals = {}


SENSITIVITY = (INDEPENDENT, Correlation(0.2, 0.2), Correlation(0.3, 0.3))


@dataclass(frozen=True, slots=True)
class Forecast:
    """When the plan ends: with a chance of a half, of 80 % and of 95 % by these times.

    `criticality` is the share of samples in which an open task is on a critical path; `capacity_aware` says
    that teams do no more at once than they can; `drivers` are what moves the end most; `backout` the way back.
    """

    p50: datetime
    p80: datetime
    p95: datetime
    samples: int
    assumptions: tuple[str, ...]
    finishes: tuple[datetime, ...] = field(repr=False)  # sorted
    criticality: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    capacity_aware: bool = False
    drivers: tuple[Driver, ...] = field(default=(), repr=False)
    backout: WayBack | None = None

    def at(self, chance: float) -> datetime:
        """The time by which the plan has ended with this chance (0 to 1)."""
        return self.finishes[min(len(self.finishes) - 1, max(0, round(chance * len(self.finishes)) - 1))]

    def chance_to_miss(self, closes: datetime) -> float:
        """The share of samples that end after `closes`."""
        return sum(1 for finish in self.finishes if finish > closes) / len(self.finishes)


def forecast(
    tasks: Sequence[Task],
    opens: datetime,
    *,
    seed: int,
    actuals: Actuals = _NO_ACTUALS,
    now: datetime | None = None,
    active_repairs: Collection[str] = (),
    projected: Mapping[str, datetime] = NOTHING,
    samples: int = SAMPLES,
    programme: Programme | None = None,
    distribution: Distribution = Distribution.PERT,
    correlation: Correlation | None = None,
    fits: Mapping[str, Estimate] = NO_FITS,
    turning: Turning | None = None,
) -> Forecast:
    """Sample the end of the plan; the same seed gives the same answer. Raises Invalid for a faulty plan.

    With a `programme` its teams, shifts and calendars hold; without one every team is large enough. `fits`
    are estimates from past runs. `turning` says what there is to turn back with: then the way back is told.
    """
    situation = Situation(
        tasks, opens, actuals, now, active_repairs, projected, programme, distribution,
        correlation or Correlation(), fits,
    )  # fmt: skip
    return look_ahead(situation, seed=seed, samples=samples, turning=turning)


def look_ahead(
    situation: Situation, *, seed: int, samples: int = SAMPLES, turning: Turning | None = None
) -> Forecast:
    """`forecast`, of a situation."""
    net, tasks, programme = situation.network(), situation.tasks, situation.programme
    crew = staffing(net, tasks, programme) if programme else None
    back = BackoutSamples(turning, situation, net, seed) if turning else None
    teams = sorted({t.team for t in (*tasks, *(turning.plan if turning else ()))} - {""})
    seen = _sampled(net, walk(net, crew), situation.doubt(net, teams), back, seed=seed, samples=samples)
    return replace(seen, assumptions=assumptions(situation, net, crew), capacity_aware=crew is not None)


def sensitivity(situation: Situation, *, seed: int, samples: int) -> tuple[tuple[Correlation, Forecast], ...]:
    """The same plan if its tasks varied less, and more, together than is taken for granted."""
    others = (replace(situation, correlation=share) for share in SENSITIVITY)
    return tuple((one.correlation, look_ahead(one, seed=seed, samples=samples)) for one in others)


def _sampled(
    net: Network, steps: Walk, unknown: Doubt, back: BackoutSamples | None, *, seed: int, samples: int
) -> Forecast:
    generator = np.random.Generator(np.random.SFC64(seed))  # a quarter faster than the default
    swings = Swings(net.ids, unknown.teams)
    total, ends = np.zeros(len(net.ids), dtype=np.int64), []
    draws: Draws | None = None
    for times in _chunks(steps, samples, back.undone if back else ()):
        again = draws.own if draws is not None and draws.own.shape[1] == len(times.finish) else None
        draws = Draws(unknown, generator, len(times.finish), own=again)
        ends.append(times.forward(draws.length).copy())
        critical = times.count_critical()
        total += critical
        swings.add(draws, ends[-1], critical)
        if back is not None:
            back.add(draws, times)
    finishes = _finishes(net, np.sort(np.concatenate(ends)))
    p50, p80, p95 = (finishes[max(0, round(q * samples) - 1)] for q in (0.5, 0.8, 0.95))
    shares = {
        n: int(c) / samples for n, c, over in zip(net.ids, total, net.ended, strict=True) if over is None
    }
    return Forecast(
        p50, p80, p95, samples, (), finishes, MappingProxyType(shares),
        drivers=swings.drivers(), backout=back.way_back() if back else None,
    )  # fmt: skip


def _chunks(steps: Walk, samples: int, kept: Collection[int]) -> Iterator[Times]:
    """The samples in equal parts, all in the same arrays; the last part may be smaller."""
    most = min(CHUNK, max(1, CELLS // max(1, steps.size)), samples)
    kept = range(steps.size) if steps.size * most <= ROOMY else kept
    times = Times(steps, most, kept)
    for _ in range(samples // most):
        yield times
    if samples % most:
        yield Times(steps, samples % most, kept)


def _finishes(net: Network, ends: NDArray[np.int32]) -> tuple[datetime, ...]:
    """To the second; what is still open does not end in the past."""
    earliest = net.opens + timedelta(microseconds=net.now if None in net.ended else 0)
    seconds = np.rint(ends / TICKS).tolist()
    return tuple(max(earliest, net.opens + timedelta(seconds=s)) for s in seconds)
