"""What an automated task costs: 1,000 trivial ones, each journalled begun and done with fsync, against its peers.

    python -m benchmarks.bench_live [--tasks 1000] [--rounds 3] [--prefect]

Every figure is CPU (user + system) of everything that works on it: ours and DBOS's process, and with `--prefect`
the server's too. Each measurement is a process of its own, the ways take turns, medians are compared. Bare is one
SQLite file (WAL, synchronous=FULL) with two commits a step, DBOS its steps in one workflow on SQLite, bare Prefect
the same awaits as tasks of one async flow on the server that `flows/server.py` tunes. The tasks are one chain, so
that no side can write several steps at once; `--wide` has them all ready at once instead.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measuring import again, cpu_of, machine, own_cpu, word
from benchmarks.peer_environments import python_of
from benchmarks.telling import figure

PEERS = {"dbos": ("dbos==3.4.0",)}  # not a dependency: in an environment of its own
INLINE_TO_DBOS = 0.5
INLINE_TO_BARE = 10.0
THROUGH_PREFECT = 1.2


# --- each way, in a process of its own; prints seconds of CPU ---------------------------------------------


def bare(count: int, folder: Path) -> float:
    base = sqlite3.connect(folder / "bare.db", isolation_level=None)
    base.execute("PRAGMA journal_mode=WAL")
    base.execute("PRAGMA synchronous=FULL")
    base.execute("CREATE TABLE ev(n INTEGER PRIMARY KEY, step TEXT, state TEXT)")
    began = own_cpu()
    for n in range(count):
        for state in ("begun", "done"):
            base.execute("INSERT INTO ev(step, state) VALUES (?, ?)", (f"T{n}", state))
    return own_cpu() - began


def dbos(count: int, folder: Path) -> float:
    from dbos import DBOS, DBOSConfig

    config: DBOSConfig = {"name": "peer", "system_database_url": f"sqlite:///{folder}/dbos.db", "log_level": "ERROR", "run_admin_server": False}  # fmt: skip
    DBOS(config=config)

    @DBOS.step()
    def step(n: int) -> int:
        return n

    @DBOS.workflow()
    def flow(count: int) -> None:
        for n in range(count):
            step(n)

    DBOS.launch()
    flow(1)
    began = own_cpu()
    flow(count)
    took = own_cpu() - began
    print(json.dumps(took), flush=True)
    os._exit(0)  # its threads take seconds to end


@dataclass
class Noop:
    async def perform(self, _call: object) -> object:
        from runbooks.actions import Outcome

        return Outcome(ok=True, evidence="done")

    async def settle(self, _call: object) -> None:
        return None


def _performer(count: int, folder: Path, executor: Any, wide: bool) -> Any:
    from benchmarks.live_runs import PROGRAMME, desk, plan
    from cutover.store.clock_file import RealPace
    from runbooks.actions import Actions
    from runbooks.domain.plan import Link, TaskType
    from runbooks.performer import Performer
    from runbooks.service import RunService

    one = desk(folder / "cutover.db")
    book = plan(count, TaskType.AUTOMATED, wide=True)
    if not wide:
        chain = [task.model_copy(update={"after": (Link(task=f"T{n - 1}"),) if n else ()}) for n, task in enumerate(book.tasks)]  # fmt: skip
        book = book.model_copy(update={"tasks": tuple(chain)})
    service = RunService(one, PROGRAMME)
    run_id = service.start(book, by="asha", opens=one.clock.now())
    return Performer(service, run_id, Actions({"noop": Noop()}, dict), executor, RealPace(one.clock))  # type: ignore[dict-item]


def inline(count: int, folder: Path, *, wide: bool = False) -> float:
    from runbooks.steps import InlineExecutor

    performer = _performer(count, folder, InlineExecutor(), wide)
    began = own_cpu()
    state = asyncio.run(performer.run())
    took = own_cpu() - began
    assert state.stage == "complete", state.stage
    return took


def prefect_bare(count: int, _folder: Path) -> float:
    from prefect import flow, task
    from prefect.cache_policies import NO_CACHE

    @task(cache_policy=NO_CACHE, persist_result=False)
    async def step(n: int) -> int:
        return n

    @flow(name="bare", persist_result=False)
    async def steps(count: int) -> None:
        for n in range(count):
            await step(n)

    began = own_cpu()
    asyncio.run(steps(count))
    return own_cpu() - began


@dataclass
class Said:
    """The journal's side of a run that is shown in Prefect, as `cutover run` has it."""

    service: Any
    run_id: str

    def link(self, flow_run_id: str) -> None:
        from runbooks.domain.run_events import LinkFlow

        self.service.ask(self.run_id, LinkFlow(by="performer", flow_run_id=flow_run_id))

    def linked(self) -> list[str]:
        from runbooks.surroundings import flow_runs

        return flow_runs(self.service.desk, self.run_id)

    def begun(self) -> int:
        from runbooks.surroundings import steps_begun

        return steps_begun(self.service.desk, self.run_id)

    def compared(self, recorded: int) -> None:
        print(f"recorded {recorded}", file=sys.stderr)


def prefect_ours(count: int, folder: Path) -> float:
    """As `cutover run` does it: the run's steps in flow runs of ours, one after the other."""
    from flows import executor
    from flows.stretches import FlowStretches

    executor.STARTS_A_SECOND = 10_000  # the bare flow is not throttled either
    performer = _performer(count, folder, None, wide=False)

    async def run() -> None:
        shown = FlowStretches(performer.run_id, Said(performer.service, performer.run_id))
        async with shown:
            performer.executor = shown
            await performer.run()
        assert (shown.sent, shown.inline) == (count, 0), (shown.sent, shown.inline)

    began = own_cpu()
    asyncio.run(run())
    return own_cpu() - began


WAYS: dict[str, Callable[[int, Path], float]] = {
    "bare": bare, "dbos": dbos, "inline": inline, "wide": lambda n, folder: inline(n, folder, wide=True),
    "prefect_bare": prefect_bare, "prefect_ours": prefect_ours,
}  # fmt: skip


# --- the comparison ---------------------------------------------------------------------------------------


def measured(way: str, count: int, env: dict[str, str] | None = None) -> float:
    with tempfile.TemporaryDirectory() as folder:
        told = subprocess.run(
            [python_of(PEERS.get(way, ())), *again(__file__, "--way", way, "--tasks", count, "--folder", folder)[1:]],
            check=False, capture_output=True, text=True, env={**os.environ, **(env or {})},
        )  # fmt: skip
    if told.returncode:
        raise SystemExit(f"{way}: {told.stderr[-2000:]}")
    return float(json.loads(told.stdout.splitlines()[-1]))


def through_prefect(way: str, count: int) -> tuple[float, float, int]:
    """CPU of the client and of the tuned server until everything is recorded, and how many task runs are."""
    import time

    import httpx

    from flows.server import client_environment, starting_server

    with tempfile.TemporaryDirectory() as home, starting_server(Path(home)) as server:
        server.wait()
        before = _of_children(home)
        client = measured(way, count, client_environment(server.url, Path(home)))
        until, recorded = time.monotonic() + 180, 0
        with httpx.Client() as http:
            while recorded < count and time.monotonic() < until:
                time.sleep(2)
                wanted = {"task_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}
                recorded = http.post(f"{server.url}/task_runs/count", json=wanted, timeout=60).json()
        return client, _of_children(home) - before, recorded


def _of_children(home: str) -> float:
    """Seconds of CPU of the server whose home this is, as the kernel counts them."""
    for stat in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"PREFECT_HOME={home}".encode() in stat.read_bytes() and b"flows.server" in (stat.parent / "cmdline").read_bytes():  # fmt: skip
                return cpu_of(int(stat.parent.name))
        except OSError:
            continue
    return 0.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--prefect", action="store_true")
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--folder", type=Path)
    wanted = parser.parse_args()
    if wanted.way:
        print(json.dumps(WAYS[wanted.way](wanted.tasks, wanted.folder)))
        return
    print(machine(), flush=True)
    count = wanted.tasks
    if wanted.prefect:
        prefect(count, wanted.rounds)
        return
    seen: dict[str, list[float]] = {way: [] for way in ("bare", "inline", "wide", "dbos")}
    for _ in range(wanted.rounds):
        for way, costs in seen.items():
            costs.append(1000 * measured(way, count) / count)
        print("  " + ", ".join(f"{way} {costs[-1]:.3f}" for way, costs in seen.items()), flush=True)
    middle = {way: statistics.median(costs) for way, costs in seen.items()}
    print("CPU ms a task, medians: " + ", ".join(f"{way} {cost:.3f}" for way, cost in middle.items()))
    for way in ("inline", "wide"):
        to_dbos, to_bare = middle[way] / middle["dbos"], middle[way] / middle["bare"]
        figure(f"live.{way}.dbos", to_dbos)
        figure(f"live.{way}.bare", to_bare)
        print(
            f"{way}: {to_dbos:.2f} x DBOS (budget {INLINE_TO_DBOS}: {word(to_dbos <= INLINE_TO_DBOS)}), {to_bare:.1f} x bare (budget {INLINE_TO_BARE:.0f}: {word(to_bare <= INLINE_TO_BARE)})"
        )


def prefect(count: int, rounds: int) -> None:
    seen: dict[str, list[float]] = {"prefect_bare": [], "prefect_ours": []}
    lost = 0
    for _ in range(rounds):
        for way, costs in seen.items():
            client, server, recorded = through_prefect(way, count)
            costs.append(1000 * (client + server) / count)
            lost += count - recorded
            print(
                f"  {way}: client {1000 * client / count:.2f}, server {1000 * server / count:.2f}, {recorded} recorded",
                flush=True,
            )
    bare_, ours = (statistics.median(costs) for costs in seen.values())
    figure("prefect.ratio", ours / bare_)
    figure("prefect.missing", lost)
    print(
        f"CPU ms a task, client and server: bare Prefect {bare_:.2f}, ours {ours:.2f}: {ours / bare_:.2f} x (budget {THROUGH_PREFECT}: {word(ours / bare_ <= THROUGH_PREFECT)}); task runs not recorded: {lost}"
    )


if __name__ == "__main__":
    main()
