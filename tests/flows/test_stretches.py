"""Prefect's server is away for an hour in the midst of a run: all goes on meanwhile, a new flow run after, the gap is told."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from cutover.app.bootstrap import build_world
from runbooks.domain.run_events import RunStage
from runbooks.domain.weather import Picture, weather_words
from runbooks.surroundings import flow_runs, weather
from tests.runbooks.folders import write_programme

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect"), pytest.mark.timeout(240)]
ROOT = Path(__file__).parents[2]
TASK = """\
  - {id: T%d, title: Step %d, component: records, type: automated, effect: idempotent, duration: 1h, after: [%s],
     action: {kind: mode, with: {component: records, to: %s}}}
"""
STEPS = 5
PERSON = "  - {id: H, title: Count the cells, owner: asha, duration: 1h, after: [T1]}\n"
RUNBOOK = "id: small\ntitle: A small plan\ntasks:\n" + PERSON + "".join(
    TASK % (n, n, {0: "", 2: "H"}.get(n, f"T{n - 1}"), ("dark", "live")[n % 2]) for n in range(STEPS)
)  # fmt: skip
PLAY = """
import asyncio, os, sys, threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from cutover.app.bootstrap import as_current, build_world
from cutover.performing import InPrefect
from cutover.store.clock_file import ScaledPace
from flows.server import client_environment
from runbooks.domain import run_events as ev
from runbooks.players import OwnHands, Players
from tests.conftest import START

folder, upstream = Path(sys.argv[1]), urlsplit(sys.argv[2])
CUT, BACK = "T1", "T3"  # begun without a server from T1 on; it is back before T3

class Line:
    '''Between us and the server; cut and mended from another thread.'''

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.ends, self.port = [], 0
        self.mend()

    def do(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    def mend(self):
        self.server = self.do(asyncio.start_server(self.relay, "127.0.0.1", self.port))
        self.port = self.server.sockets[0].getsockname()[1]

    def cut(self):
        self.do(self.close())

    async def close(self):
        self.server.close()
        for end in self.ends:
            end.transport.abort()
        self.ends.clear()

    async def relay(self, reader, writer):
        up_reader, up_writer = await asyncio.open_connection(upstream.hostname, upstream.port)
        self.ends.extend((writer, up_writer))
        await asyncio.gather(self.forward(reader, up_writer), self.forward(up_reader, writer))

    async def forward(self, reader, writer):
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

async def everything(line):
    os.environ.update(client_environment(f"http://127.0.0.1:{line.port}/api", folder / "state" / "prefect"))
    world = build_world(folder, pace=ScaledPace(folder / "state" / "clock.json", START, float("inf")))

    def hear(facts):
        for event in (fact.event for fact in facts):
            if isinstance(event, ev.TaskDone) and event.task == "T0":
                line.cut()
            if isinstance(event, ev.TaskDone) and event.task == "T2":
                line.mend()

    world.journal.listeners.append(hear)
    with as_current(world):
        players = asyncio.create_task(Players(world.runs, "small-1", world.pace, OwnHands(world.runs, "small-1")).play())
        await InPrefect(lambda: None).go_live(world, "small-1")
        await players
    print("ended", world.runs.state("small-1").stage, flush=True)

asyncio.run(everything(Line()))
"""


def test_an_hour_without_prefect_holds_nobody_up_and_a_new_flow_run_shows_the_rest(
    prefect_server: str, tmp_path: Path
) -> None:
    """A person works for an hour and steps go on inline while there is no server; the gap is told afterwards."""
    folder = write_programme(tmp_path / "small", RUNBOOK)
    world = build_world(folder)
    world.runs.start(world.folder.runbook(), by="asha")
    command = [sys.executable, "-c", PLAY, str(folder), prefect_server]
    env = {**os.environ, "PREFECT_API_URL": ""}
    done = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=200, check=False
    )
    assert "ended complete" in done.stdout, done.stderr[-3000:]
    assert world.runs.state("small-1").stage is RunStage.COMPLETE
    tasks = world.runs.state("small-1").tasks
    cut, mended = tasks["T0"].ended_at, tasks["T2"].ended_at
    assert cut is not None
    assert mended is not None
    assert mended - cut >= timedelta(hours=1)
    assert (tasks["H"].by, tasks["H"].stage) == ("asha", "complete")
    assert len(flow_runs(world.desk, "small-1")) == 2
    seen = weather(world.desk, "small-1")
    assert (seen.picture, seen.performed) == (Picture.GAPPED, STEPS)
    assert 2 <= seen.missing <= 3  # the two without a server, and perhaps the end of the one before
    assert "Prefect shows" in weather_words(seen)[0]
    world.engine.dispose()
