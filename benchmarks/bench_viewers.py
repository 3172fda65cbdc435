"""Five hundred people watch the board: how soon each of them sees each change, and what it costs the web process.

    python -m benchmarks.bench_viewers [--viewers 500] [--tasks 300] [--changes 40] [--every 1.5] [--database sqlite]

A real web process; every viewer has two real connections (the stream, and what it reads) and does what the page's
own script does: on news it asks for its regions with the marks of what it holds, at most twice a second, and less
often when answers are slow. Half are signed in and have a part of the board of their own, half read through a
public link. Changes are made by this process in the database, so the web process learns of them from the journal
alone. A tenth of the viewers lose their streams halfway, for three seconds, and come back with what they saw last.
A delay is from the commit of the change to the answer that shows it; opening the pages is measured apart.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from benchmarks.measuring import machine, shares, tell
from benchmarks.served import Served, databases, served
from benchmarks.telling import figure
from cutover.web.sign_in import READER_COOKIE, SESSION_COOKIE
from runbooks.domain.run_events import ClaimTask, FinishTask
from tests.crowd import Crowd, Viewer

WITHIN = 1.0  # seconds, for 19 of 20
MEMORY = 512.0  # MiB


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--viewers", type=int, default=500)
    parser.add_argument("--tasks", type=int, default=300)
    parser.add_argument("--changes", type=int, default=40)
    parser.add_argument("--every", type=float, default=1.5)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="sqlite")
    wanted = parser.parse_args()
    tell(machine())
    with tempfile.TemporaryDirectory() as folder, databases(wanted.database, ("viewers",)) as kinds:
        for kind, urls in kinds.items():
            tell(
                f"{kind}: {wanted.viewers} viewers of {wanted.tasks} tasks, a change every {wanted.every:g} s"
            )
            people = wanted.viewers // 2
            with served(
                Path(folder) / kind, urls["viewers"], tasks=wanted.tasks, people=people, wide=True
            ) as one:
                asyncio.run(watched(one, wanted))


async def watched(one: Served, wanted: argparse.Namespace) -> None:
    before = time.process_time(), one.cpu()
    crowd = Crowd(one.port, f"/board?run={one.run_id}")
    link = one.world.links.public(timedelta(days=1)).rstrip("/").rpartition("/")[2]
    viewers = [
        Viewer(crowd, f"{SESSION_COOKIE}={one.sessions[f'p{n // 2}']}", ("head", "mine", "board"))
        if n % 2
        else Viewer(crowd, f"{READER_COOKIE}={link}", ("head", "board"))
        for n in range(wanted.viewers)
    ]
    began = time.monotonic()
    for at in range(0, len(viewers), 50):
        await asyncio.gather(*(viewer.open() for viewer in viewers[at : at + 50]))
    opened = time.monotonic() - began
    streams = [asyncio.create_task(viewer.watch()) for viewer in viewers]
    await asyncio.sleep(5)
    after_opening = time.process_time(), one.cpu()
    tell(
        f"  opened in {opened:.1f} s; web process {after_opening[1] - before[1]:.1f} s CPU, {one.memory()[0]:.0f} MiB"
    )
    crowd.bytes_read = crowd.answers = 0
    changes = await _changes(one, wanted, viewers, streams)
    await asyncio.sleep(8)
    spent = time.process_time() - after_opening[0], one.cpu() - after_opening[1]
    for stream in streams:
        stream.cancel()
    report(one, viewers, changes, spent, crowd)
    for viewer in viewers:
        viewer.close()


async def _changes(
    one: Served, wanted: argparse.Namespace, viewers: list[Viewer], streams: list[asyncio.Task[None]]
) -> list[tuple[int, float]]:
    """Claims and completions in turn, at uneven times: where each stands in the journal, and when it was committed."""
    dice, made = random.Random(4), []
    for n in range(wanted.changes):
        await asyncio.sleep(wanted.every * (0.5 + dice.random()))
        task, by = f"T{n // 2}", f"p{(n // 2) % (wanted.viewers // 2)}"
        command = FinishTask(by=by, task=task, evidence="seen") if n % 2 else ClaimTask(by=by, task=task)
        recorded = await asyncio.to_thread(one.world.runs.ask, one.run_id, command)
        made.append((recorded[-1].position, time.monotonic()))
        if n == wanted.changes // 2:
            for viewer in viewers[::10]:
                viewer.told.close()
        if n == wanted.changes // 2 + 2:
            for at in range(0, len(viewers), 10):
                streams[at].cancel()
                streams[at] = asyncio.create_task(viewers[at].watch())
    return made


def report(
    one: Served,
    viewers: list[Viewer],
    changes: list[tuple[int, float]],
    spent: tuple[float, float],
    crowd: Crowd,
) -> None:
    steady = [viewer for n, viewer in enumerate(viewers) if n % 10]
    delays = [viewer.delay(position, at) for viewer in steady for position, at in changes]
    lost = sum(delay is None for viewer in viewers for delay in (viewer.delay(p, at) for p, at in changes))
    p50, p95, last = shares([delay for delay in delays if delay is not None])
    now, most = one.memory()
    figure("viewers.p95", 1000 * p95)
    figure("viewers.missed", lost)
    figure("viewers.memory", most)
    over = changes[-1][1] - changes[0][1]
    tell(
        f"  {len(changes)} changes in {over:.0f} s: p50 {1000 * p50:.0f} ms, p95 {1000 * p95:.0f} ms, slowest {1000 * last:.0f} ms"
        f" (budget {1000 * WITHIN:.0f}: {'kept' if p95 < WITHIN else 'MISSED'}); never seen by somebody: {lost}"
        f" (a tenth had lost their stream and came back); faults: {sorted({f for v in viewers for f in v.faults}) or 'none'}"
    )
    tell(
        f"  web process: {now:.0f} MiB, at most {most:.0f} (budget {MEMORY:.0f}: {'kept' if most < MEMORY else 'MISSED'}), "
        f"{spent[1]:.1f} s CPU; the crowd itself {spent[0]:.1f} s CPU on the same cores; {crowd.answers} answers, "
        f"{crowd.bytes_read / 1e6:.1f} MB on the line"
    )


if __name__ == "__main__":
    main()
