"""How long a killed run of 5,000 tasks and 50,000 facts takes from a new process to its first action.

    .venv/bin/python benchmarks/bench_restart.py [--tasks 5000] [--events 50000] [--rounds 5]

The clock starts before Python does and stops inside the first action's `perform`: imports, opening the
database, folding the run, the lease and the first `begun` (fsynced) are all in it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

BUDGET = 3.0  # seconds


def fill(folder: Path, tasks: int, events: int) -> tuple[str, int]:
    """A journal of a run that was killed: most tasks over, the last eleven automated and about to start."""
    from live_runs import OPENS, PROGRAMME, STREAMS, desk, plan, worked

    from runbooks.domain.plan import Action, Effect, TaskType
    from runbooks.service import RunService

    book = plan(tasks)
    last = [
        task.model_copy(
            update={"type": TaskType.AUTOMATED, "action": Action(kind="noop"), "effect": Effect.IDEMPOTENT}
        )
        for task in book.tasks[-STREAMS:]
    ]
    book = book.model_copy(update={"tasks": (*book.tasks[:-STREAMS], *last)})
    service = RunService(desk(folder / "cutover.db"), PROGRAMME)
    run_id = service.start(book, by="asha", opens=OPENS)
    return run_id, worked(service, run_id, events=events, left=STREAMS)


def resume(file: Path, run_id: str) -> None:
    """What a new process does: open, fold, take the lease, begin, act."""
    from live_runs import PROGRAMME, desk

    from cutover.store.clock_file import RealPace
    from runbooks.actions import Actions, Call, Outcome
    from runbooks.performer import Performer
    from runbooks.service import RunService
    from runbooks.steps import InlineExecutor

    @dataclass
    class First:
        async def perform(self, _call: Call) -> Outcome:
            used = resource.getrusage(resource.RUSAGE_SELF)
            print(
                json.dumps(
                    {"wall": time.time(), "cpu": used.ru_utime + used.ru_stime, "rss": used.ru_maxrss / 1024}
                )
            )
            sys.stdout.flush()
            import os

            os._exit(0)

        async def settle(self, _call: Call) -> Outcome | None:
            return None

    one = desk(file)
    actions = Actions({"noop": First()}, dict)
    performer = Performer(RunService(one, PROGRAMME), run_id, actions, InlineExecutor(), RealPace(one.clock))
    asyncio.run(performer.run())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=5_000)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--resume", nargs=2)
    wanted = parser.parse_args()
    if wanted.resume:
        resume(Path(wanted.resume[0]), wanted.resume[1])
        return
    from live_runs import machine

    with tempfile.TemporaryDirectory() as folder:
        run_id, facts = fill(Path(folder), wanted.tasks, wanted.events)
        print(f"{machine()}; {wanted.tasks:,} tasks, {facts:,} facts")
        walls, cpus = [], []
        for _ in range(wanted.rounds):
            began = time.time()
            told = subprocess.run(
                [sys.executable, __file__, "--resume", f"{folder}/cutover.db", run_id],
                check=True, capture_output=True, text=True,
            )  # fmt: skip
            seen = json.loads(told.stdout.splitlines()[-1])
            walls.append(seen["wall"] - began)
            cpus.append(seen["cpu"])
            print(f"  {walls[-1]:.2f} s wall, {seen['cpu']:.2f} s CPU, {seen['rss']:.0f} MiB")
        wall, cpu = statistics.median(walls), statistics.median(cpus)
        print(
            f"to the first action: {wall:.2f} s wall, {cpu:.2f} s CPU (medians); budget {BUDGET} s: {'kept' if wall < BUDGET else 'MISSED'}"
        )


if __name__ == "__main__":
    main()
