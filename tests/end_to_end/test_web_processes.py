"""Two web processes behind one command and one port: one of them dies, and neither people nor pages notice."""

from __future__ import annotations

import asyncio
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from cutover.app.bootstrap import World, build_world
from cutover.app.settings import Settings
from cutover.web.passwords import FAILURES, Passwords
from cutover.web.serving import listen
from cutover.web.sign_in import FORM_COOKIE
from cutover.web.visitor import form_token
from runbooks.domain.plan import Runbook, Task
from runbooks.domain.run_events import ClaimTask
from tests.crowd import Line

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]
PATIENCE = 150
LINES = 12  # connections: so many that no one process can have all of them
PROGRAMME = """
title: Two processes
zone: Europe/London
window: {opens: "2026-10-23T22:00", closes: "2026-10-26T21:00", backout: 24h}
people:
  - {id: asha, name: Asha Rahman, roles: [programme_manager]}
"""


class Served:
    """`cutover serve --workers 2` of a programme with a run; who is signed in, and the processes by their ids."""

    def __init__(self, world: World, process: subprocess.Popen[bytes], log: Path) -> None:
        self.world, self.process, self._log = world, process, log
        self.lines: list[Line] = []
        self.port = int(asyncio.run(self._says(r"http://127\.0\.0\.1:(\d+)/"))[1])
        self.session = world.accounts.sessions.open("asha", world.clock.now())

    async def _says(self, what: str) -> re.Match[str]:
        for _ in range(PATIENCE * 10):
            if found := re.search(what, self._log.read_text()):
                return found
            assert self.process.poll() is None, self._log.read_text()
            await asyncio.sleep(0.1)
        raise AssertionError(self._log.read_text())

    async def mended(self) -> None:
        await self._says("web_process_died")

    def workers(self) -> list[int]:
        """Those that hold the port, without who tends them."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        spawned = [pid for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        return [int(pid) for pid in spawned]

    def line(self, cookie: str = "") -> Line:
        """A browser's connection; closed when all is over."""
        made = Line(self.port, cookie or f"cutover_session={self.session}")
        self.lines.append(made)
        return made

    async def close(self) -> None:
        for line in self.lines:
            line.close()
        await asyncio.sleep(0.1)  # what is closed is gone at the loop's next turns

    def claim(self, task: str) -> int:
        return self.world.runs.ask("plan-1", ClaimTask(by="asha", task=task))[-1].position


@contextmanager
def begun(place: Path, database: str) -> Iterator[Served]:
    folder = place / "go"
    folder.mkdir()
    (folder / "programme.yaml").write_text(PROGRAMME)
    world = build_world(folder, settings=Settings(database_url=database))
    now = world.clock.now()
    world.accounts.add("asha", Passwords().hash("four words in a row"), now)
    tasks = tuple(
        Task(id=f"T{n}", title=f"Task {n}", owner="asha", duration=timedelta(hours=1)) for n in range(4)
    )
    world.runs.start(
        Runbook(id="plan", title="Plan", tasks=tasks), by="asha", opens=now, closes=now + timedelta(hours=9)
    )  # fmt: skip
    command = [
        Path(sys.executable).with_name("cutover"),
        "serve",
        "--workers",
        "2",
        "--port",
        "0",
        "--programme",
        folder,
    ]
    env = os.environ | ({"CUTOVER_DATABASE_URL": database} if database else {})
    log = place / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=env)
    try:
        yield Served(world, process, log)
    finally:
        process.kill()
        process.wait()
        world.engine.dispose()


@pytest.fixture
def served(tmp_path: Path, any_engine: Engine) -> Iterator[Served]:
    url = any_engine.url.render_as_string(hide_password=False)
    with begun(tmp_path, "" if any_engine.dialect.name == "sqlite" else url) as one:
        yield one


class Stream:
    """One open page: how far it has been told that the journal has come, and whether it was told of the end."""

    def __init__(self, served: Served) -> None:
        self.line, self.told, self.last = served.line(), 0, ""
        self.open = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for name, at in self.line.events("/stream?after=0"):
            self.last, self.told = name, max(self.told, int(at or 0))
        self.line.close()

    async def knows(self, position: int) -> bool:
        """False when the stream ended before."""
        for _ in range(PATIENCE * 20):
            if self.told >= position or self.open.done():
                break
            await asyncio.sleep(0.05)
        return self.told >= position


def test_pages_and_streams_go_on_while_a_process_dies_and_another_takes_its_place(served: Served) -> None:
    asyncio.run(_dies(served))
    assert served.world.journal.verify().holds


async def _dies(served: Served) -> None:
    before, streams = served.workers(), [Stream(served) for _ in range(LINES)]
    news = served.claim("T0")
    assert all(await asyncio.gather(*(stream.knows(news) for stream in streams)))
    os.kill(before[0], signal.SIGKILL)
    news = served.claim("T1")
    knew = await asyncio.gather(*(stream.knows(news) for stream in streams))
    assert all(known or stream.open.done() for known, stream in zip(knew, streams, strict=True)), (
        "only those ended that were the killed one's"
    )
    lines = [served.line() for _ in range(LINES)]
    answers = await asyncio.gather(*(line.get("/board?run=plan-1") for line in lines))
    assert [answer.status for answer in answers] == [200] * LINES, "somebody answers meanwhile"
    await served.mended()
    again = [Stream(served) for _ in range(LINES)]
    news = served.claim("T2")
    assert all(await asyncio.gather(*(stream.knows(news) for stream in again)))
    assert (len(served.workers()), len(set(served.workers()) & set(before))) == (2, 1)
    served.process.terminate()
    await asyncio.wait_for(asyncio.to_thread(served.process.wait), PATIENCE)
    await asyncio.gather(*(stream.open for stream in again))
    assert (served.process.returncode, {stream.last for stream in again}) == (0, {"stopped"})
    await served.close()


@pytest.mark.parametrize("any_engine", ["sqlite"], indirect=True)
def test_failures_to_sign_in_are_counted_over_both_processes_and_a_session_is_good_in_both(
    served: Served,
) -> None:
    asyncio.run(_signs_in(served))


async def _signs_in(served: Served) -> None:
    lines = [served.line(f"{FORM_COOKIE}=secret") for _ in range(LINES)]
    form = {"token": form_token("secret"), "person": "asha", "password": "not the password", "then": ""}
    answers = await asyncio.gather(*(line.post("/sign-in", form) for line in lines))
    waits = ["too many failed attempts" in answer.text for answer in answers]
    assert waits.count(False) == FAILURES, "not one more for a second process, nor for asking all at once"
    here = [served.line() for _ in range(LINES)]
    assert {(await line.get("/board?run=plan-1")).status for line in here} == {200}
    await here[0].post("/sign-out", {"token": form_token(served.session)})
    assert {(await line.get("/board?run=plan-1")).status for line in here} == {303}
    await served.close()


@pytest.mark.parametrize("any_engine", ["sqlite"], indirect=True)
def test_when_who_tends_them_is_killed_they_end_and_the_port_is_free(served: Served) -> None:
    workers = served.workers()
    served.process.kill()
    for _ in range(PATIENCE * 10):
        if not (left := [pid for pid in workers if Path(f"/proc/{pid}/fd/0").exists()]):
            break
        select.select([], [], [], 0.1)
    assert left == []
    with listen("127.0.0.1", served.port) as sock:
        assert sock.getsockname()[1] == served.port
