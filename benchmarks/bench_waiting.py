"""What a run costs that waits on people, and how soon it wakes when another process records that one is done.

    python -m benchmarks.bench_waiting [--tasks 500] [--seconds 60] [--wakes 40] [--postgresql]

One process performs; 500 people's tasks could start, each with an automated task behind it. The CPU is that of the
performing process while nothing happens, on the real clock. A wake is the time from the commit of `done` in another
process to the `begun` of the task behind it, both read from the journal.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import again, cpu_of
from benchmarks.telling import figure

BUDGET_CPU, BUDGET_WAKE = 0.5, 300.0  # per cent of a core; ms


def prepare(place: str | Path, tasks: int) -> str:
    """A run whose people's tasks can all start, each with an automated one behind it."""
    from benchmarks.live_runs import OPENS, PROGRAMME, desk
    from runbooks.domain.plan import Action, Effect, Runbook, Task, TaskType
    from runbooks.service import RunService

    people = [
        Task.model_validate({"id": f"P{i}", "title": f"Person {i}", "duration": "8h"}) for i in range(tasks)
    ]
    behind = [
        Task.model_validate(
            {
                "id": f"A{i}",
                "title": f"Then {i}",
                "after": [f"P{i}"],
                "type": TaskType.AUTOMATED,
                "effect": Effect.IDEMPOTENT,
            }
        ).model_copy(update={"action": Action(kind="noop")})
        for i in range(tasks)
    ]
    book = Runbook(id="waiting", title="Waits on people", tasks=(*people, *behind))
    return RunService(desk(place), PROGRAMME).start(book, by="asha", opens=OPENS)


def perform(place: str | Path, run_id: str) -> None:
    """The waiting process."""
    from benchmarks.live_runs import PROGRAMME, desk
    from cutover.store.clock_file import RealPace
    from runbooks.actions import Actions, Call, Outcome
    from runbooks.performer import Performer
    from runbooks.service import RunService
    from runbooks.steps import InlineExecutor

    @dataclass
    class Noop:
        async def perform(self, _call: Call) -> Outcome:
            return Outcome(ok=True, evidence="done")

        async def settle(self, _call: Call) -> Outcome | None:
            return None

    one = desk(place)
    actions = Actions({"noop": Noop()}, dict)
    asyncio.run(
        Performer(RunService(one, PROGRAMME), run_id, actions, InlineExecutor(), RealPace(one.clock)).run()
    )


def wakes(place: str | Path, run_id: str, count: int) -> list[float]:
    """Milliseconds from each `done` of ours to the `begun` behind it."""
    from benchmarks.live_runs import PROGRAMME, desk
    from runbooks.domain import run_events as ev
    from runbooks.domain.execution import run_stream
    from runbooks.service import RunService

    one = desk(place)
    service, took = RunService(one, PROGRAMME), []
    for i in range(count):
        done = service.ask(run_id, ev.FinishTask(by="asha", task=f"P{i}"))[-1]
        until, begun = time.monotonic() + 30, None
        while begun is None and time.monotonic() < until:
            time.sleep(0.01)
            facts = one.journal.read(run_stream(run_id), after=done.seq)
            begun = next(
                (f for f in facts if isinstance(f.event, ev.TaskBegun) and f.event.task == f"A{i}"), None
            )
        assert begun is not None, f"A{i} was not begun within 30 s"
        took.append((begun.recorded_at - done.recorded_at).total_seconds() * 1000)
        time.sleep(0.3)
    return took


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--wakes", type=int, default=40)
    parser.add_argument(
        "--postgresql", action="store_true", help="a server of its own instead of a SQLite file"
    )
    parser.add_argument("--perform", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.perform:
        where = asked.perform[0]
        perform(where if "://" in where else Path(where), asked.perform[1])
        return
    from benchmarks.served import databases

    with ExitStack() as held:
        place: str | Path = Path(held.enter_context(tempfile.TemporaryDirectory()), "cutover.db")
        if asked.postgresql:
            place = held.enter_context(databases("postgresql", ("waiting",)))["PostgreSQL"]["waiting"]
        run_id = prepare(place, asked.tasks)
        process = subprocess.Popen(again(__file__, "--perform", str(place), run_id))
        try:
            time.sleep(20)  # started, first forecast made
            before = cpu_of(process.pid)
            time.sleep(asked.seconds)
            cpu = (cpu_of(process.pid) - before) / asked.seconds * 100
            took = sorted(wakes(place, run_id, asked.wakes))
        finally:
            process.kill()
            process.wait()
    p95 = took[int(len(took) * 0.95) - 1]
    kind = "postgresql" if asked.postgresql else "sqlite"
    figure(f"waiting.core.{kind}", cpu)
    figure(f"waiting.wake.{kind}", p95)
    print(
        f"| {asked.tasks} waiting | {cpu:.2f} % of a core over {asked.seconds:.0f} s (budget {BUDGET_CPU}) | wakes: median {statistics.median(took):.0f} ms, p95 {p95:.0f} ms (budget {BUDGET_WAKE:.0f}) |"
    )


if __name__ == "__main__":
    main()
