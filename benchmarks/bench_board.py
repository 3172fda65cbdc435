"""What the board of 2,000 tasks costs: server time of a first render and of a renewal, and bytes on the line.

python -m benchmarks.bench_board [--tasks 2000] [--rounds 5]

Each round is a server that has started (imported, templates compiled) and knows nothing of the run: the first answer
reads the journal, folds it, lays the plan out and draws it; the second is what the next viewer costs. CPU is that of
the whole process until the answer is there; what it looks ahead afterwards in the background is not in it.
"""

from __future__ import annotations

import argparse
import gzip
import statistics
import tempfile
import threading
import time
from pathlib import Path

from starlette.testclient import TestClient

from benchmarks.live_runs import OPENS, PROGRAMME, desk, plan, worked
from benchmarks.measuring import machine, tell
from benchmarks.telling import figure
from cutover.core.clock import FixedClock
from cutover.store.desk import Desk
from cutover.web.kit import build_app
from runbooks.service import RunService
from runbooks.web import pages

SERVER_TIME = 0.5  # seconds
ON_THE_LINE = 400_000  # bytes
SHOWN = {"/board": "board", "/board?fragment=board": "", "/board/tasks": "board.table"}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    wanted = parser.parse_args()
    tell(machine())
    with tempfile.TemporaryDirectory() as folder:
        one = desk(Path(folder) / "cutover.db", FixedClock(OPENS))
        service = RunService(one, PROGRAMME)
        run_id = service.start(plan(wanted.tasks), by="asha", opens=OPENS)
        worked(service, run_id, events=wanted.tasks * 2, left=wanted.tasks // 2)
        for path in SHOWN:
            show(path, one, wanted.rounds)


def show(path: str, one: Desk, rounds: int) -> None:
    """A new server each round: nothing is known of the run, the plan or the forecast."""
    costs, walls, others, size, packed = [], [], [], 0, 0
    for _ in range(rounds):
        end_looks()
        desk_ = Desk(one.journal, one.clock)
        fresh = RunService(desk_, PROGRAMME)
        shown = pages(fresh, desk_, PROGRAMME, one.clock, refine=True)
        app = build_app("A large window", shown, one.journal, threading.Event())
        with TestClient(app) as client:
            client.get("/healthz")
            cpu, wall = time.process_time(), time.perf_counter()
            answer = client.get(path)
            costs.append(time.process_time() - cpu)
            walls.append(time.perf_counter() - wall)
            wall = time.perf_counter()
            client.get(path)
            others.append(time.perf_counter() - wall)
        assert answer.status_code == 200, answer.text[:500]
        size, packed = len(answer.content), len(gzip.compress(answer.content, 5))
    cost, wall = statistics.median(costs), statistics.median(walls)
    if name := SHOWN.get(path):
        figure(f"{name}.cpu", 1000 * cost)
        figure(f"{name}.line", packed / 1000)
    kept = "kept" if cost < SERVER_TIME and packed < ON_THE_LINE else "MISSED"
    print(
        f"  {path}: {1000 * cost:.0f} ms CPU, {1000 * wall:.0f} ms wall, {size / 1000:.0f} kB, {packed / 1000:.0f} kB on the line: {kept}; the next viewer {1000 * statistics.median(others):.0f} ms wall"
    )


def end_looks() -> None:
    """Wait for what the server of the round before still looks ahead: it is not this one's cost."""
    for thread in threading.enumerate():
        if thread.name.startswith(("outlook of", "second figure of")):
            thread.join()


if __name__ == "__main__":
    main()
