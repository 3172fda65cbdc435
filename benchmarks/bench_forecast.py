"""What a capacity-aware forecast with criticality costs, beside bare numpy and beside packages that do one pass.

    python -m benchmarks.bench_forecast [--sizes 1000 10000]

Seeded plans in layers, two predecessors a task, one team a task. CPU seconds, medians, levelling included; memory
is the peak of a process of its own over what it held before. The peers have an environment of their own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from math import inf, sqrt

import numpy as np

from benchmarks.measuring import ROOT, cost, load, memory_over
from benchmarks.peer_environments import python_of, why
from benchmarks.telling import figure
from cutover import __version__
from cutover.domain.programme import Programme
from runbooks.domain.forecasting.forecast import CELLS, CHUNK, forecast, look_ahead
from runbooks.domain.forecasting.passes import Walk, walk
from runbooks.domain.forecasting.redispatch import redispatch
from runbooks.domain.forecasting.sampling import Doubt, doubt
from runbooks.domain.forecasting.situation import Situation
from runbooks.domain.forecasting.staffing import staffing
from runbooks.domain.plan import Estimate, Link, Task
from runbooks.domain.timing.network import network, schedule

OPENS = datetime(2026, 10, 23, 21, 0, tzinfo=UTC)
SAMPLES = 10_000
BUDGETS = {1_000: (0.5, 64.0), 10_000: (4.0, 256.0)}
LIVE, RATIO, BARE = 0.2, 300, 2.0


def plan(size: int, teams: int, seed: int = 1) -> tuple[list[Task], Programme]:
    """Forty layers; a task waits for one to three of the layer before and takes one of its team."""
    rnd = random.Random(seed)
    width, tasks = max(5, size // 40), list[Task]()
    for i in range(size):
        first = (i // width - 1) * width
        near = range(max(0, first - width // 2), first + width)
        chosen = {rnd.choice(near) for _ in range(rnd.choice((1, 2, 2, 3)))} if first >= 0 else set()
        likely = rnd.choice((5, 10, 15, 20, 30, 45, 60, 90))
        low, high = (timedelta(minutes=likely * rnd.uniform(*at)) for at in ((0.6, 0.95), (1.2, 2.5)))
        guess = Estimate(low=low, likely=timedelta(minutes=likely), high=high)
        links = tuple(Link(task=f"T{b}") for b in sorted(chosen))
        tasks.append(
            Task(
                id=f"T{i}", title=f"Task {i}", team=f"team{rnd.randrange(teams)}", after=links, estimate=guess
            )
        )
    named = [{"id": f"team{k}", "title": f"Team {k}", "capacity": 3} for k in range(teams)]
    window = {"opens": OPENS, "closes": OPENS + timedelta(hours=72)}
    return tasks, Programme.model_validate({"title": "p", "window": window, "teams": named})


# --- the same draws and passes, written out ---------------------------------------------------------------


def bare(steps: Walk, unknown: Doubt, samples: int) -> np.ndarray:
    """Bare numpy on prepared arrays: scores, look-ups, longest paths forward, critical ties backward; no more."""
    size, chunk = steps.size, min(CHUNK, CELLS // steps.size)
    holds = [[h.before for h in s.holds] for s in steps.steps]
    order, rows = [s.at for s in steps.steps], unknown.rows
    levels = np.interp((np.arange(8192) + 0.5) / 8192, *_normal())
    own_part = np.rint(levels * sqrt(0.8) * 128).astype(np.int16) + np.int16(640)
    rng = np.random.Generator(np.random.SFC64(1))
    ends, starts = (np.empty((size, chunk), dtype=np.int32) for _ in range(2))
    counts, finishes = np.zeros(size, dtype=np.int64), []
    for _ in range(samples // chunk):
        luck = rng.standard_normal((1 + len(unknown.teams), chunk))
        shared = np.rint(np.clip(sqrt(0.1) * (luck[0] + luck[1:]), -5, 5) * 128).astype(np.int16)
        own = rng.integers(0, 65_536, size=(size, chunk), dtype=np.uint16)
        for i, before in zip(order, holds, strict=True):
            start = starts[i]
            start.fill(0)
            for b in before:
                np.maximum(start, ends[b], out=start)
            at = own_part.take(own[i] >> 3)
            at += shared[unknown.group[i] - 1]
            np.add(start, rows[i].take(at, mode="clip"), out=ends[i])
        finish = ends.max(axis=0)
        critical = ends == finish
        for i, before in zip(reversed(order), reversed(holds), strict=True):
            row = critical[i]
            if row.any():
                counts[i] += np.count_nonzero(row)
                for b in before:
                    critical[b] |= (ends[b] == starts[i]) & row
        finishes.append(finish.copy())
    return np.concatenate(finishes)


def _normal() -> tuple[np.ndarray, np.ndarray]:
    from runbooks.domain.forecasting.quantiles import BELOW, SCORES

    return BELOW, SCORES


def with_beta(steps: Walk, tasks: list[Task], samples: int) -> None:
    """The plain way: independent rng.beta draws of every task, doubles, forward pass only."""
    size, chunk = steps.size, 500
    guess = np.array(
        [[getattr(t.estimate, p).total_seconds() for p in ("low", "likely", "high")] for t in tasks]
    )
    low, width = guess[:, :1], guess[:, 2:] - guess[:, :1]
    share = (guess[:, 1:2] - low) / width
    rng = np.random.default_rng(1)
    for _ in range(samples // chunk):
        lengths = low + width * rng.beta(1 + 4 * share, 5 - 4 * share, size=(size, chunk))
        ends = np.zeros((size, chunk))
        for step in steps.steps:
            start = np.zeros(chunk)
            for hold in step.holds:
                np.maximum(start, ends[hold.before], out=start)
            np.add(start, lengths[step.at], out=ends[step.at])


# --- what is told -----------------------------------------------------------------------------------------


SIZES = (1_000, 10_000)  # tasks
PEERS = ("longpath==0.1.0", "calrcpsp==1.0.1", "pyjobshop==0.0.9", "pmcontrols==0.2.1", "planaco==0.3.1")


def teams_of(size: int) -> int:
    return 60 if size >= 10_000 else max(5, size * 15 // 1_000)


def peaks(of: Sequence[int]) -> dict[int, float]:
    """MB by tasks; before anything else has been done, so that no memory is used again."""
    found = {}
    for size in of:
        tasks, programme = plan(size, teams_of(size))
        found[size] = memory_over(
            partial(forecast, tasks, OPENS, seed=1, samples=SAMPLES, programme=programme)
        )
    return found


def sizes(of: Sequence[int]) -> tuple[list[str], bool]:
    lines, kept, memories = [], True, peaks(of)
    for size in of:
        tasks, programme = plan(size, teams_of(size))
        net = network(tasks, OPENS)
        crew = staffing(net, tasks, programme)
        steps, unknown = walk(net, crew), doubt(net, tasks, teams=sorted({t.team for t in tasks}))

        def whole(tasks: list[Task] = tasks, programme: Programme = programme) -> object:
            return forecast(tasks, OPENS, seed=1, samples=SAMPLES, programme=programme)

        pairs = [
            (cost(whole, 1), cost(lambda steps=steps, unknown=unknown: bare(steps, unknown, SAMPLES), 1))  # type: ignore[misc]
            for _ in range(3 if size >= 10_000 else 5)
        ]
        ours, plain = (statistics.median(column) for column in zip(*pairs, strict=True))
        levelled = cost(lambda: staffing(net, tasks, programme), 3)  # noqa: B023  called at once
        beta = cost(lambda: with_beta(steps, tasks, SAMPLES // 10), 1) * 10  # noqa: B023
        peak, (budget, room) = memories[size], BUDGETS.get(size, (inf, inf))
        good = ours <= budget and peak <= room and ours <= BARE * plain
        kept = kept and good
        figure(f"forecast.cpu.{size}", ours)
        figure(f"forecast.memory.{size}", peak)
        figure(f"forecast.bare.{size}", ours / plain)
        lines.append(
            f"| {size:,} x {SAMPLES:,} | {ours:.2f} s (of it levelling {levelled:.2f}) | {budget} s | {peak:.0f} MB | "
            f"{room:.0f} MB | {plain:.2f} s ({ours / plain:.1f}x) | {beta:.1f} s | {'kept' if good else 'missed'} |"
        )
    return lines, kept


def live() -> tuple[float, float]:
    """A re-forecast half way through 1,000 tasks, and a sample dispatched anew (CPU seconds)."""
    tasks, programme = plan(1_000, 15)
    said = schedule(tasks, OPENS)
    now = OPENS + (said.finish - OPENS) / 2
    begun = {
        n: (s.early_start, s.early_finish if s.early_finish <= now else None)
        for n, s in said.slots.items()
        if s.early_start <= now
    }
    situation = Situation(tasks, OPENS, begun, now, programme=programme)
    again = cost(lambda: look_ahead(situation, seed=1, samples=2_000), 7)
    return again, cost(lambda: redispatch(situation, seed=1, samples=50), 3) / 50


def peers() -> tuple[list[str], bool]:
    """One pass over 1,000 tasks by each package, and one sample of those that do Monte Carlo, against one sample of ours
    (10,000 of them, all costs in)."""
    tasks, programme = plan(1_000, 15)
    at = {t.id: i for i, t in enumerate(tasks)}
    asked = {
        "hours": [t.expected / timedelta(hours=1) for t in tasks],
        "guesses": [
            [getattr(t.estimate, p) / timedelta(hours=1) for p in ("low", "likely", "high")] for t in tasks
        ],
        "links": [(at[link.task], at[t.id]) for t in tasks for link in t.after],
    }
    ours = (
        cost(lambda: forecast(tasks, OPENS, seed=1, samples=SAMPLES, programme=programme), 5) / SAMPLES * 1e3
    )
    try:
        python = python_of(PEERS)
    except subprocess.CalledProcessError as error:
        return [f"| peers | not installed: {why(error)} | |"], True
    done = subprocess.run(
        [python, "-m", "benchmarks.forecast_peers"],
        input=json.dumps(asked), capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    if done.returncode:
        return [f"| peers | did not run: {done.stderr.strip().splitlines()[-1]} | |"], False
    found: dict[str, float] = json.loads(done.stdout)
    lines = [f"| cutover {__version__}, one sample with criticality and teams | {ours:.4f} ms | |"]
    for name, ms in found.items():
        lines.append(f"| {name} | {ms:.3g} ms | {ms / ours:,.0f}x |")
    for name in ("pmcontrols", "planaco"):
        figure(f"forecast.{name}", found.pop(next(key for key in found if key.startswith(name))) / ours)
    passed = list(found.values())
    figure("forecast.pass", min(passed) / ours, ", ".join(found))
    return lines, min(passed) / ours >= RATIO


def report() -> tuple[list[str], bool]:
    rows, kept = sizes(SIZES)
    again, anew = live()
    figure("forecast.live", again)
    beside, beaten = peers()
    lines = [
        f"### Forecasts, {datetime.now(UTC):%Y-%m-%d}",
        "",
        (
            f"cutover {__version__}, Python {platform.python_version()}, numpy {np.__version__}, {platform.machine()}, "
            f"load {load():.1f} on {os.cpu_count()} cores. Capacity-aware, with criticality and drivers; CPU, one process."
        ),
        "",
        "| tasks x samples | cutover | budget | peak memory | budget | bare numpy, same draws and passes | rng.beta, forward only | |",
        "|---|---|---|---|---|---|---|---|",
        *rows,
        "",
        (
            f"Live, 1,000 tasks half done, 2,000 samples: {again:.3f} s, budget {LIVE} s: "
            f"**{'kept' if again < LIVE else 'missed'}**. Dispatched anew: {anew * 1e3:.1f} ms a sample."
        ),
        "",
        "| one pass or one sample over 1,000 tasks | CPU | times ours |",
        "|---|---|---|",
        *beside,
        "",
    ]
    return lines, kept and beaten and again < LIVE


def main() -> int:
    parser = argparse.ArgumentParser(description="What a capacity-aware forecast costs.")
    parser.add_argument(
        "--sizes", type=int, nargs="+", help="these numbers of tasks alone, without the peers"
    )
    asked = parser.parse_args()
    lines, kept = sizes(asked.sizes) if asked.sizes else report()
    print("\n".join(lines))
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
