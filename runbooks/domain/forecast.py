"""When it will end and how surely, and until when one can still turn back.

Monte Carlo over the network: many samples of every open task's length, one pass over all of them at once.
What has happened is fixed; a running task is known to have lasted as long as it has, and where its own pace
is known that counts more than the estimate. Thin still, and said so in `assumptions`: durations vary one by
one and teams are taken to be large enough, both of which make the end look too early.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from runbooks.domain.network import Actuals, Network, network
from runbooks.domain.plan import LinkKind, Task, TaskType

Numbers: TypeAlias = NDArray[np.float64]

ASSUMED_LOW, ASSUMED_HIGH = (
    0.9,
    1.6,
)  # of the planned duration, where no estimate is given: plans are optimistic
PACE_LOW, PACE_HIGH = 0.95, 1.15  # of the time left, where a running task reports its own pace
OVERRUN_LEFT = 0.5  # of the time already taken: at most this is left of a task past its pessimistic estimate
SAMPLES = 2_000  # P80 to about a minute on a 72 h plan; more is for planning, not for every event
CHUNK = 500  # samples at once: bounds the memory, no slower
_NO_TIMES: Mapping[str, datetime] = {}
_NO_ACTUALS: Actuals = {}
_MICROS = 1e6


@dataclass(frozen=True, slots=True)
class Forecast:
    """When the plan ends: with a chance of a half, of 80 % and of 95 % by these times."""

    p50: datetime
    p80: datetime
    p95: datetime
    samples: int
    assumptions: tuple[str, ...]
    finishes: tuple[datetime, ...] = field(repr=False)  # sorted

    def at(self, chance: float) -> datetime:
        """The time by which the plan has ended with this chance (0 to 1)."""
        return self.finishes[min(len(self.finishes) - 1, max(0, round(chance * len(self.finishes)) - 1))]

    def chance_to_miss(self, closes: datetime) -> float:
        """The share of samples that end after `closes`."""
        return sum(1 for finish in self.finishes if finish > closes) / len(self.finishes)


def latest_backout_start(closes: datetime, backout: timedelta) -> datetime:
    """Until when the way back, begun then, still ends inside the window."""
    return closes - backout


def forecast(
    tasks: Sequence[Task],
    opens: datetime,
    *,
    seed: int,
    actuals: Actuals = _NO_ACTUALS,
    now: datetime | None = None,
    active_repairs: Collection[str] = (),
    projected: Mapping[str, datetime] = _NO_TIMES,
    samples: int = SAMPLES,
) -> Forecast:
    """Sample the end of the plan; the same seed gives the same answer. Raises Invalid for a faulty plan."""
    net = network(tasks, opens, actuals=actuals, now=now, active_repairs=active_repairs, projected=projected)
    ranges = _ranges(net, {task.id: task for task in tasks})
    generator = np.random.default_rng(seed)
    ends = np.concatenate([
        _finish(net, _lengths(net, ranges, generator, min(CHUNK, samples - done)))
        for done in range(0, samples, CHUNK)
    ])  # fmt: skip
    finishes = tuple(opens + timedelta(seconds=round(float(end))) for end in np.sort(ends))
    p50, p80, p95 = (finishes[max(0, round(q * samples) - 1)] for q in (0.5, 0.8, 0.95))
    return Forecast(p50, p80, p95, samples, _assumptions(net, tasks), finishes)


def _assumptions(net: Network, tasks: Sequence[Task]) -> tuple[str, ...]:
    open_ = {name for name, ended in zip(net.ids, net.ended, strict=True) if ended is None}
    guessed = sum(1 for t in tasks if t.id in open_ and t.estimate is None and t.duration)
    unknown = sum(
        1
        for t in tasks
        if t.id in open_ and t.estimate is None and t.duration is None and t.type is not TaskType.MILESTONE
    )
    return (
        *([f"{guessed} of {len(open_)} open tasks have a duration and no estimate: taken as {ASSUMED_LOW} to {ASSUMED_HIGH} times it"] if guessed else []),
        *([f"{unknown} of {len(open_)} open tasks have no duration: taken as no time at all"] if unknown else []),
        "durations vary one by one, and every team is taken to be large enough: the end may be later",
    )  # fmt: skip


# --- how long each task takes ---------------------------------------------------------------------------


def _ranges(net: Network, by_id: Mapping[str, Task]) -> Numbers:
    """Low, likely and high length of each task, in seconds; one row a task."""
    rows = []
    for name in net.ids:
        task = by_id[name]
        guess, planned = task.estimate, task.expected.total_seconds()
        rows.append(
            (guess.low.total_seconds(), guess.likely.total_seconds(), guess.high.total_seconds())
            if guess
            else (planned * ASSUMED_LOW, planned, planned * ASSUMED_HIGH)
        )
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


def _pert(ranges: Numbers, generator: Generator, samples: int) -> Numbers:
    """Beta-PERT draws (mean (low + 4 likely + high) / 6), a row a task; a range of no width is its one value."""
    low, likely, high = (ranges[:, i : i + 1] for i in range(3))
    width = high - low
    share = np.divide(likely - low, width, out=np.zeros_like(width), where=width > 0)
    return low + width * generator.beta(1 + 4 * share, 5 - 4 * share, size=(len(ranges), samples))


def _lengths(net: Network, ranges: Numbers, generator: Generator, samples: int) -> Numbers:
    lengths = _pert(ranges, generator, samples)
    for i, (begun, over) in enumerate(zip(net.began, net.ended, strict=True)):
        if begun is not None and over is None:
            lengths[i] = _of_running(net, i, begun, lengths[i], generator)
    return lengths


def _of_running(net: Network, i: int, begun: int, draws: Numbers, generator: Generator) -> Numbers:
    """Whole lengths of a running task: by its own pace, else the draws longer than it has lasted already."""
    lasted, due = (net.now - begun) / _MICROS, net.due[i]
    if due is not None:
        left = max(0.0, (due - net.now) / _MICROS)
        return lasted + left * generator.uniform(PACE_LOW, PACE_HIGH, size=draws.shape)
    longer = draws[draws > lasted]
    if longer.size:
        return generator.choice(longer, size=draws.shape)
    return lasted * (1 + generator.uniform(0, OVERRUN_LEFT, size=draws.shape))


# --- the pass over all samples at once ------------------------------------------------------------------


def _finish(net: Network, lengths: Numbers) -> Numbers:
    """The end of the plan in each sample, in seconds after the window opens."""
    starts, ends = np.empty_like(lengths), np.empty_like(lengths)
    for i, ties in enumerate(net.ties):
        begun, over = net.began[i], net.ended[i]
        if begun is None:
            starts[i] = net.floor[i] / _MICROS
            for before, kind, lag in ties:
                other = ends[before] if kind in (LinkKind.FS, LinkKind.FF) else starts[before]
                own = 0 if kind in (LinkKind.FS, LinkKind.SS) else lengths[i]
                np.maximum(starts[i], other + lag / _MICROS - own, out=starts[i])
            np.add(starts[i], lengths[i], out=ends[i])
            continue
        starts[i] = begun / _MICROS
        ends[i] = starts[i] + lengths[i] if over is None else over / _MICROS
        for before, kind, lag in ties:
            other = ends[before] if kind is LinkKind.FF else starts[before]
            np.maximum(ends[i], other + lag / _MICROS, out=ends[i])
    return ends.max(axis=0) if len(ends) else np.full(lengths.shape[1], net.now / _MICROS)
