"""A database is upgraded while a server and a runner of the version before write to it: they go on, and nothing is lost."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from sqlalchemy import Engine, text

from cutover.app.bootstrap import World, build_world
from cutover.app.settings import Settings
from cutover.store import schema
from cutover.store.engine import writing
from runbooks.domain import run_events as ev
from runbooks.domain.execution import run_stream
from runbooks.domain.run_events import RunSetup, RunStage, RunType
from tests.crowd import Person
from tests.end_to_end.blackout import environment
from tests.servers import Process, free_port

pytestmark = [pytest.mark.real, pytest.mark.timeout(560)]
BEFORE, RUN, SYSTEM = "0004", "live-1", "command_and_control"
STEPS, ACTS = 5, 12
PATIENCE = 120
OLD = (
    "import cutover.store.migrations as migrations; "
    f"migrations.HEAD = {BEFORE!r}; from cutover.main import main; main()"
)


class Site:
    """A run of automated steps and of tasks for Asha, a runner and a server of the version before, and the system they work on."""

    def __init__(self, place: Path, database: str) -> None:
        self.place, self.port, system = place, free_port(), free_port()
        self.folder = place / "go"
        self._write(f"http://127.0.0.1:{system}")
        self.world = build_world(self.folder, settings=Settings(database_url=database))
        now = self.world.clock.now()
        self.world.accounts.add("asha", "no password", now)
        self.session = self.world.accounts.sessions.open("asha", now)
        self.world.runs.start(
            self.world.folder.runbook(), by="asha", run_type=RunType.LIVE, setup=RunSetup(prefect=False)
        )
        self._take_back()
        self.env = environment() | ({"CUTOVER_DATABASE_URL": database} if database else {})
        here = ("--programme", self.folder)
        stand_in = (
            sys.executable,
            "-m",
            "cutover.range.serve",
            SYSTEM,
            "--host",
            "127.0.0.1",
            "--port",
            system,
        )
        stand_in += ("--state", place / "range", "--clock", place / "none")
        old = (sys.executable, "-c", OLD)
        self.processes = {
            "system": Process("system", stand_in, self.env, place),
            "web": Process("web", (*old, "serve", "--port", self.port, *here), self.env, place),
            "runner": Process("runner", (*old, "run", "resume", *here), self.env, place),
        }

    def _write(self, url: str) -> None:
        (self.folder / "runbooks").mkdir(parents=True)
        said = {
            "title": "Upgraded", "zone": "Europe/London", "systems": {SYSTEM: url},
            "window": {"opens": "2026-10-23T22:00", "closes": "2026-10-26T21:00", "backout": "24h"},
            "people": [{"id": "asha", "name": "Asha Rahman", "roles": ["programme_manager"]}],
        }  # fmt: skip
        steps = [
            {
                "id": f"T{n}", "title": f"Step {n}", "type": "automated", "effect": "probe", "duration": "1m",
                "after": [f"T{n - 1}"] if n else [],
                "action": {"kind": "http", "with": {"system": SYSTEM, "path": f"/ops/step-{n}", "body": {"minutes": 0.04}, "poll": "/ops"}},
            }
            for n in range(STEPS)
        ]  # fmt: skip
        people = [
            {"id": f"P{n}", "title": f"By hand {n}", "owner": "asha", "duration": "1h"} for n in range(ACTS)
        ]
        (self.folder / "programme.yaml").write_text(yaml.safe_dump(said))
        book = {"id": "live", "title": "Upgraded", "tasks": [*steps, *people]}
        (self.folder / "runbooks" / "live.yaml").write_text(yaml.safe_dump(book))

    def _take_back(self) -> None:
        """The schema of the version before."""
        with writing(self.world.engine) as connection:
            connection.execute(text("DROP TABLE attempts"))
            connection.execute(text(f"UPDATE alembic_version SET version_num = '{BEFORE}'"))

    async def answers(self) -> None:
        for _ in range(PATIENCE * 10):
            if re.search(r"the board is at", self.processes["web"].log.read_text()):
                return
            await asyncio.sleep(0.1)
        raise AssertionError(self.processes["web"].log.read_text())

    def upgrade(self) -> str:
        command = [Path(sys.executable).with_name("cutover"), "db", "upgrade", "--programme", self.folder]
        done = subprocess.run(
            command, env=self.env, check=True, capture_output=True, text=True, timeout=PATIENCE
        )
        return done.stdout.strip()

    def end(self) -> None:
        for process in self.processes.values():
            process.kill()
        self.world.engine.dispose()


@pytest.fixture
def site(tmp_path: Path, any_engine: Engine) -> Iterator[Site]:
    url = any_engine.url.render_as_string(hide_password=False)
    one = Site(tmp_path, "" if any_engine.dialect.name == "sqlite" else url)
    yield one
    one.end()


def test_whoever_writes_goes_on_writing_and_the_next_process_finds_the_new_schema(site: Site) -> None:
    assert schema.current(site.world.engine) == BEFORE
    said, told = asyncio.run(_under_load(site))
    assert said == f"the database is at schema {schema.HEAD}"
    done = _done(site.world)
    assert set(told) <= done, "what a person was told is in the journal"
    assert len(told) == ACTS
    assert {f"T{n}" for n in range(STEPS)} <= done
    assert site.world.journal.verify().holds
    again = build_world(site.folder, settings=site.world.settings)
    again.accounts.sessions.list(again.clock.now())
    again.engine.dispose()


async def _under_load(site: Site) -> tuple[str, list[str]]:
    """Asha claims and does her tasks through the old pages, the old runner its own; in the midst of it, the upgrade."""
    site.processes["system"].start()
    site.processes["web"].start()
    await site.answers()
    site.processes["runner"].start()
    asha, told, said = Person(site.port, site.session, RUN), [], ""
    upgrading: asyncio.Task[str] | None = None
    for n in range(ACTS):
        if n == ACTS // 3:
            upgrading = asyncio.create_task(asyncio.to_thread(site.upgrade))
        if n == 2 * ACTS // 3 and upgrading is not None:
            said = await upgrading
        for name, fields in (("claim", {}), ("done", {"evidence": "seen"})):
            seen = await asha.read()
            answer = await asha.act(name, f"P{n}", seen=str(seen), back="board", **fields)
            assert answer.status == 303, answer.why
        told.append(f"P{n}")
    for _ in range(PATIENCE * 10):
        if site.world.runs.state(RUN).stage is RunStage.COMPLETE:
            break
        await asyncio.sleep(0.1)
    asha.line.close()
    return said, told


def _done(world: World) -> set[str]:
    facts = [fact.event for fact in world.journal.read(run_stream(RUN))]
    return {event.task for event in facts if isinstance(event, ev.TaskDone)}
