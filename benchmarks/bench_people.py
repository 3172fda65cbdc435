"""Three hundred people act at once: each claims a task, does it, and votes on the gate, from two processes.

    .venv/bin/python benchmarks/bench_people.py [--people 300] [--apart 3] [--database sqlite|postgresql]

Through RunService, a thread a person, half of the people in each of two processes: what a web process does for
a form, without HTTP. Two crowds: all in the same instant, and each person every `--apart` seconds. For every
act the time until it is on disk; afterwards what the journal holds against what people were told. In each crowd
every tenth task is wanted by two people: one of the two must be refused, with a reason.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

P95 = 0.3  # seconds


def start(url: str, people: int) -> str:
    from live_runs import PROGRAMME, desk, plan

    from runbooks.domain.plan import Task, TaskType
    from runbooks.service import RunService

    one = desk(url)
    book = plan(people, wide=True)
    gate = {"deciders": tuple(f"p{n}" for n in range(people)), "quorum": people, "criteria": ()}
    ask = Task.model_validate({"id": "GO", "title": "Go?", "type": TaskType.APPROVAL, "gate": gate})
    service = RunService(one, PROGRAMME)
    run_id = service.start(
        book.model_copy(update={"tasks": (*book.tasks, ask)}), by="asha", opens=one.clock.now()
    )
    service.open_gate(run_id, "GO")
    one.journal.engine.dispose()
    return run_id


def crowd(url: str, run_id: str, people: list[int], apart: float, at: float) -> None:
    """Half of the people, each a thread; prints what each was told and how long it took."""
    from live_runs import PROGRAMME, desk

    from cutover.core.errors import CutoverError
    from cutover.domain.gates import Verdict
    from runbooks.domain.run_events import ClaimTask, FinishTask
    from runbooks.service import RunService

    service = RunService(desk(url), PROGRAMME)
    service.state(run_id)
    told: list[tuple[str, str, float, str]] = []

    def person(n: int) -> None:
        who, own = f"p{n}", f"T{n - 1 if n % 10 == 9 else n}"  # every tenth wants the task of a neighbour
        rest = random.Random(n)
        acts = [
            ("claim", lambda: service.ask(run_id, ClaimTask(by=who, task=own))),
            ("done", lambda: service.ask(run_id, FinishTask(by=who, task=own, evidence="seen"))),
            ("vote", lambda: service.vote(run_id, "GO", by=who, vote=Verdict.GO)),
        ]
        time.sleep(max(0.0, at - time.time() + (rest.random() * apart if apart else 0)))
        for name, act in acts:
            began = time.perf_counter()
            try:
                act()
                reason = ""
            except CutoverError as error:
                reason = f"{type(error).__name__}: {error}"
            told.append((name, own, time.perf_counter() - began, reason))
            if apart:
                time.sleep(apart * (0.5 + rest.random()))

    threads = [threading.Thread(target=person, args=(n,)) for n in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(told))


def measure(url: str, people: int, apart: float) -> None:
    from live_runs import PROGRAMME, desk

    from runbooks.service import RunService

    run_id = start(url, people)
    at = time.time() + 25  # both processes are up by then
    halves = [list(range(people))[half::2] for half in (0, 1)]
    running = [
        subprocess.Popen(
            [sys.executable, __file__, "--crowd", url, run_id, json.dumps(half), str(apart), str(at)],
            stdout=subprocess.PIPE, text=True,
        )
        for half in halves
    ]  # fmt: skip
    told = [
        tuple(one) for process in running for one in json.loads(process.communicate()[0].splitlines()[-1])
    ]
    one = desk(url)
    service = RunService(one, PROGRAMME)
    facts = [f.event.kind() for f in one.journal.read(f"run:{run_id}")]
    votes = len(service.gate(run_id, "GO").votes)
    granted = {
        name: sum(1 for act, _, _, why in told if act == name and not why)
        for name in ("claim", "done", "vote")
    }
    refused = [why for *_, why in told if why]
    took = sorted(seconds for _, _, seconds, _ in told)
    kept = (facts.count("TaskClaimed"), facts.count("TaskDone"), votes) == (
        granted["claim"],
        granted["done"],
        granted["vote"],
    )
    p50, p95, last = took[len(took) // 2], took[int(0.95 * len(took))], took[-1]
    print(
        f"  {f'each every {apart:g} s' if apart else 'all at once'}: {len(took)} acts, {1000 * p50:.0f} ms p50, {1000 * p95:.0f} ms p95"
        f" (budget {1000 * P95:.0f}: {'kept' if p95 < P95 else 'MISSED'}), {1000 * last:.0f} ms slowest; {len(refused)} refused,"
        f" {sum(w.startswith(('Conflict', 'Raced')) for w in refused)} for a lost race; what was granted {'is all' if kept else 'is NOT'} in the journal;"
        f" the chain {'holds' if one.journal.verify().holds else 'is BROKEN'}"
    )
    for why in sorted({w.partition(":")[0] + ":" + w.split("is", 1)[-1][:60] for w in refused})[:4]:
        print(f"    {why}")
    one.journal.engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--apart", type=float, default=3.0)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--crowd", nargs=5)
    wanted = parser.parse_args()
    if wanted.crowd:
        url, run_id, people, apart, at = wanted.crowd
        crowd(url, run_id, json.loads(people), float(apart), float(at))
        return
    from live_runs import machine

    print(machine())
    if wanted.database != "postgresql":
        with tempfile.TemporaryDirectory() as folder:
            print("SQLite", flush=True)
            for name, apart in (("burst", 0.0), ("paced", wanted.apart)):
                measure(f"sqlite:///{folder}/{name}.db", wanted.people, apart)
    if wanted.database != "sqlite":
        on_postgres(wanted.people, wanted.apart)


def on_postgres(people: int, apart: float) -> None:
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from sqlalchemy import text

    from cutover.store.engine import open_engine
    from tests.servers import Postgres

    server = Postgres()
    server.start()
    try:
        print("PostgreSQL", flush=True)
        for name, pace in (("burst", 0.0), ("paced", apart)):
            engine = open_engine(server.url())
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text(f"CREATE DATABASE {name}"))
            engine.dispose()
            measure(server.url(name), people, pace)
    finally:
        server.kill()


if __name__ == "__main__":
    main()
