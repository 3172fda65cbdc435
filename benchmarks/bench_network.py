"""What an edit's impact costs on a big plan, beside laying the plan out and beside passes over all of it.

    python -m benchmarks.bench_network [--tasks 15000]

A seeded plan of layers, two predecessors a task, every kind of link, some lags and deadlines. CPU seconds, medians.
"""

from __future__ import annotations

import argparse
import platform
import random
import statistics
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from benchmarks.measuring import cost
from benchmarks.telling import figure
from cutover import __version__
from runbooks.domain.plan import Link, LinkKind, Task
from runbooks.domain.timing.impact import impact, removal
from runbooks.domain.timing.laid_out import Edit, LaidOut, lay_out
from runbooks.domain.timing.network import schedule

OPENS = datetime(2026, 10, 23, 21, 0, tzinfo=UTC)
BUDGET = 0.060


def plan(size: int, seed: int = 3) -> list[Task]:
    """About a hundred tasks side by side; nine links of ten are finish to start, as in real plans."""
    rnd = random.Random(seed)
    made: list[Task] = []
    for i in range(size):
        near = range(max(0, i - 200), max(0, i - 50))
        chosen = rnd.sample(near, min(2, len(near)))
        links = tuple(
            Link(
                task=f"T{j}",
                kind=LinkKind.FS if rnd.random() < 0.9 else rnd.choice(list(LinkKind)),
                lag=timedelta(minutes=rnd.choice([0, 0, 0, 10, -5])),
            )
            for j in chosen
        )
        length = timedelta(minutes=rnd.randint(5, 90))
        late = OPENS + timedelta(minutes=i) if rnd.random() < 0.01 else None
        made.append(Task(id=f"T{i}", title=f"Task {i}", after=links, duration=length, deadline=late))
    return made


def edits(tasks: list[Task]) -> Iterator[tuple[str, list[Edit]]]:
    """Edits by kind: the first moves nearly all of the plan, which is the worst that one edit can do."""
    size, hour = len(tasks), timedelta(hours=1)

    def longer(i: int) -> Edit:
        return Edit((tasks[i].model_copy(update={"duration": tasks[i].expected + 5 * hour}),))

    def linked(i: int, back: int) -> Edit:
        link = Link(task=f"T{i + back}", lag=hour)
        return Edit((tasks[i].model_copy(update={"after": (link,)}),))

    places = [size * n // 20 for n in range(1, 20)]
    late = {"not_before": OPENS + timedelta(days=400)}
    yield "longer, the tasks all else follows", [longer(i) for i in range(20)]
    yield "longer, anywhere", [longer(i) for i in places]
    yield "other predecessor, later in the sheet", [linked(i, 37) for i in places]
    yield "fixed start after everything, first task", [Edit((tasks[0].model_copy(update=late),))]
    yield "one added", [Edit((Task(id="new", title="n", after=f"T{i}", duration=hour),)) for i in places]
    yield "one removed", [removal(tasks, [f"T{i}"]) for i in places]


def measured(tasks: list[Task], laid: LaidOut) -> Iterator[tuple[str, float, float, int]]:
    closes = OPENS + timedelta(days=30)
    for name, kind in edits(tasks):
        spent = [cost(lambda edit=edit: impact(laid, edit, closes).moved[:20], 5) for edit in kind]  # type: ignore[misc]
        most = max(len(impact(laid, edit, closes).moved) for edit in kind)
        yield name, statistics.median(spent), max(spent), most


def memory(tasks: list[Task], laid: LaidOut) -> float:
    """MB that one impact takes at its peak, beyond the plan as laid out."""
    edit = Edit((tasks[0].model_copy(update={"duration": timedelta(hours=9)}),))
    tracemalloc.start()
    impact(laid, edit, OPENS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def report(size: int) -> tuple[list[str], bool]:
    tasks = plan(size)
    whole, laying = cost(lambda: schedule(tasks, OPENS)), cost(lambda: lay_out(tasks, OPENS))
    laid = lay_out(tasks, OPENS)
    rows = list(measured(tasks, laid))
    worst = max(row[2] for row in rows)
    figure("edit.slowest", worst * 1e3)
    figure("edit.median", max(row[1] for row in rows) * 1e3)
    lines = [
        f"### An edit's impact, {datetime.now(UTC):%Y-%m-%d}",
        "",
        (
            f"cutover {__version__}, Python {platform.python_version()}, {platform.machine()}; {size:,} tasks, "
            f"{sum(len(t.after) for t in tasks):,} links. Laid out once: {laying * 1e3:.0f} ms; the whole schedule with "
            f"floats: {whole * 1e3:.0f} ms; an impact takes {memory(tasks, laid):.1f} MB at its peak. CPU, one process."
        ),
        "",
        "| edit | median | slowest | tasks moved, at most | whole schedule / median |",
        "|---|---|---|---|---|",
        *(f"| {n} | {m * 1e3:.1f} ms | {s * 1e3:.1f} ms | {k:,} | {whole / m:.0f}x |" for n, m, s, k in rows),
        "",
        f"Budget {BUDGET * 1e3:.0f} ms: **{'kept' if worst <= BUDGET else 'missed'}** (slowest {worst * 1e3:.1f} ms).",
        "",
    ]
    return lines, worst <= BUDGET


def main() -> int:
    parser = argparse.ArgumentParser(description="What an edit's impact costs on a big plan.")
    parser.add_argument("--tasks", type=int, default=15_000)
    asked = parser.parse_args()
    lines, kept = report(asked.tasks)
    print("\n".join(lines))
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
