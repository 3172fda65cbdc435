"""A run performed through its flow is seen in Prefect step by step, and goes on when Prefect does not."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import httpx
import pytest

from cutover.app.bootstrap import World, as_current, build_world
from cutover.app.settings import Settings
from cutover.store.clock_file import ScaledPace
from runbooks.domain import run_events as ev
from runbooks.domain.execution import run_stream
from runbooks.domain.run_events import RunStage, TaskStage
from tests.conftest import START
from tests.docs.test_use_as_a_library import PIECES, done
from tests.runbooks.folders import write_programme

pytestmark = [
    pytest.mark.prefect,
    pytest.mark.xdist_group("prefect"),
    pytest.mark.timeout(240),
    pytest.mark.filterwarnings(
        "ignore:unclosed:ResourceWarning"
    ),  # Prefect leaves a socket of its client to the collector
]
ROOT = Path(__file__).parents[2]
RUNBOOK = """\
id: small
title: A small plan
streams: [{id: modes, title: Modes}]
tasks:
  - {id: A, title: Records go dark, stream: modes, component: records, type: automated, effect: idempotent, duration: 1h,
     action: {kind: mode, with: {component: records, to: dark}}}
  - {id: B, title: Nobody knows it, type: automated, effect: idempotent, duration: 1h,
     action: {kind: mode, with: {component: recrods, to: dark}}}
  - {id: C, title: Records go live, type: automated, effect: idempotent, after: [A, B], duration: 1h,
     action: {kind: mode, with: {component: records, to: live}}}
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    folder = write_programme(tmp_path / "small", RUNBOOK)
    (folder / "state").mkdir()
    pace = ScaledPace(folder / "state" / "clock.json", START, float("inf"))
    world = build_world(folder, pace=pace, settings=Settings())
    world.runs.start(world.folder.runbook(), by="manager")
    yield world
    world.engine.dispose()


async def skip_what_failed(world: World) -> None:
    while world.runs.state("small-1").tasks["B"].stage is not TaskStage.FAILED:  # noqa: ASYNC110  another's news
        await asyncio.sleep(0.02)
    world.runs.ask("small-1", ev.SkipTask(by="asha", task="B", reason="a slip of the pen"))


def flow_ids(world: World) -> list[str]:
    facts = world.journal.read(run_stream("small-1"))
    return [fact.event.flow_run_id for fact in facts if isinstance(fact.event, ev.FlowLinked)]


async def task_runs(flow_run_id: str, count: int) -> dict[str, str]:
    """Name -> state of a flow's task runs, once the server has caught up."""
    from uuid import UUID

    from prefect import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    wanted = FlowRunFilter(id=FlowRunFilterId(any_=[UUID(flow_run_id)]))
    async with get_client() as client:
        for _ in range(200):
            found = await client.read_task_runs(flow_run_filter=wanted)
            if len(found) >= count and all(one.state and one.state.is_final() for one in found):
                break
            await asyncio.sleep(0.1)
    return {one.name: (one.state.name or "") if one.state else "" for one in found}


def test_each_automated_task_is_one_task_run_with_its_name_and_end(prefect_server: str, world: World) -> None:
    """A failed step shows as failed; the flow run is linked in the journal; the run itself completes."""
    from flows.executor import recorded
    from flows.go_live import go_live

    async def both() -> tuple[str, dict[str, str], int]:
        with as_current(world):
            helping = asyncio.create_task(skip_what_failed(world))
            stage = await go_live(str(world.folder.path))
            await helping
        (flow_run_id,) = flow_ids(world)
        seen = await task_runs(flow_run_id, 3)
        return stage, seen, await recorded([flow_run_id], 3)

    stage, seen, count = asyncio.run(both())
    assert stage == RunStage.COMPLETE
    assert seen == {
        "A Records go dark": "Completed",
        "B Nobody knows it": "Failed",
        "C Records go live": "Completed",
    }
    assert count == 3
    assert world.journal.verify().holds


def test_the_how_to_for_library_users_ends_with_a_run_as_a_flow(
    prefect_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    done(*PIECES)
    assert "night-2 complete" in capsys.readouterr().out


GOING_ON = """
import asyncio, os, sys, threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from cutover.app.bootstrap import as_current, build_world
from cutover.performing import InPrefect
from cutover.store.clock_file import ScaledPace
from flows.server import client_environment
from runbooks.domain import run_events as ev
from tests.conftest import START
from tests.docs.test_use_as_a_library import PIECES, done

folder, upstream = Path(sys.argv[1]), urlsplit(sys.argv[2])
open_ends = []

async def forward(reader, writer):
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()

async def relay(reader, writer):
    up_reader, up_writer = await asyncio.open_connection(upstream.hostname, upstream.port)
    open_ends.extend((writer, up_writer))
    await asyncio.gather(forward(reader, up_writer), forward(up_reader, writer))

async def cut(line):
    line.close()
    for end in open_ends:
        end.transport.abort()

async def everything(url, cut_line):
    os.environ.update(client_environment(url, folder / "state" / "prefect"))
    world = build_world(folder, pace=ScaledPace(folder / "state" / "clock.json", START, float("inf")))

    def hear(facts):
        for event in (fact.event for fact in facts):
            if isinstance(event, ev.TaskBegun) and event.task == "B":  # from here on nobody answers any more
                cut_line()
            if isinstance(event, ev.TaskFailed):
                world.runs.ask("small-1", ev.SkipTask(by="asha", task="B", reason="a slip of the pen"))

    world.journal.listeners.append(hear)
    with as_current(world):
        await InPrefect(lambda: None).go_live(world, "small-1")
    print("ended", world.runs.state("small-1").stage, flush=True)

loop = asyncio.new_event_loop()  # the line is in a thread of its own: Prefect's client blocks its loop now and then
threading.Thread(target=loop.run_forever, daemon=True).start()
on_line = lambda work: asyncio.run_coroutine_threadsafe(work, loop).result(10)
line = on_line(asyncio.start_server(relay, "127.0.0.1", 0))
url = f"http://127.0.0.1:{line.sockets[0].getsockname()[1]}/api"
asyncio.run(everything(url, lambda: on_line(cut(line))))
"""


def test_with_the_server_gone_in_the_middle_the_run_still_completes(
    prefect_server: str, world: World
) -> None:
    """A process of its own, whose line to the server is cut for good; it ends too, not waiting for what cannot be sent."""
    command = [sys.executable, "-c", GOING_ON, str(world.folder.path), prefect_server]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PREFECT_API_URL": ""}, capture_output=True, text=True, timeout=150, check=False
    )  # fmt: skip
    assert "ended complete" in done.stdout, done.stderr[-3000:]
    kinds = [fact.event.kind() for fact in world.journal.read(run_stream("small-1"))]
    assert (kinds.count("TaskBegun"), kinds.count("TaskDone")) == (3, 2)
    assert world.runs.state("small-1").stage is RunStage.COMPLETE


def test_prefect_and_its_server_are_of_the_major_version_we_know(prefect_server: str) -> None:
    """A loose floor elsewhere silently gives an older one; the server that answers has imported its own parts."""
    assert metadata.version("prefect").split(".")[0] == "3"
    assert httpx.get(f"{prefect_server}/admin/version", timeout=10).json().startswith("3.")
