"""A programme folder with a run and many people signed in, and the real web process that serves it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import text

from benchmarks.live_runs import STREAMS, plan
from benchmarks.measuring import cpu_of, status_of
from cutover.app.bootstrap import World, build_world
from cutover.app.settings import Settings
from cutover.store.engine import open_engine
from runbooks.domain.plan import Task, TaskType
from tests.servers import Postgres


@dataclass
class Served:
    """One run, who may act on it, and the process that shows it."""

    world: World
    run_id: str
    sessions: dict[str, str]
    port: int = 0
    pid: int = 0

    def cpu(self) -> float:
        """CPU seconds of the web process until now."""
        return cpu_of(self.pid)

    def memory(self) -> tuple[float, float]:
        """Resident MiB of the web process: now, and at most."""
        return status_of(self.pid, "VmRSS"), status_of(self.pid, "VmHWM")


def folder_of(place: Path, people: int) -> Path:
    """A programme of `people` persons p0, p1, …, each of whom may work on a task and decide."""
    place.mkdir(parents=True)
    programme: dict[str, Any] = {
        "title": "A large window", "zone": "Europe/London",
        "window": {"opens": "2026-10-23T22:00", "closes": "2026-10-26T21:00", "backout": "24h"},
        "components": [{"id": "records", "title": "Records"}],
        "people": [{"id": "asha", "name": "Asha Rahman", "roles": ["programme_manager"]},
                   *({"id": f"p{n}", "name": f"Person {n}", "roles": ["decider"]} for n in range(people))],
    }  # fmt: skip
    (place / "programme.yaml").write_text(yaml.safe_dump(programme), encoding="utf-8")
    return place


def begun(world: World, tasks: int, people: int, *, wide: bool) -> str:
    """A run whose tasks belong to the people in turn, with a gate that all of them decide."""
    book = plan(tasks, wide=wide)
    gate = {"deciders": tuple(f"p{n}" for n in range(people)), "quorum": people, "criteria": ()}
    ask = Task.model_validate({"id": "GO", "title": "Go?", "type": TaskType.APPROVAL, "gate": gate})
    owned = [task.model_copy(update={"owner": f"p{n % people}"}) for n, task in enumerate(book.tasks)]
    now = world.clock.now()
    run_id = world.runs.start(
        book.model_copy(update={"tasks": (*owned, ask)}),
        by="asha",
        opens=now,
        closes=now + timedelta(hours=71),
    )
    world.runs.open_gate(run_id, "GO")
    return run_id


@contextmanager
def served(place: Path, database: str, *, tasks: int, people: int, wide: bool = False) -> Iterator[Served]:
    """Everything begun and everybody signed in; the process ends with the block."""
    folder = folder_of(place, people)
    world = build_world(folder, settings=Settings(database_url=database))
    run_id, now = begun(world, tasks, people, wide=wide), world.clock.now()
    sessions = {}
    for name in ("asha", *(f"p{n}" for n in range(people))):
        world.accounts.add(name, "no password: signed in by the benchmark", now)
        sessions[name] = world.accounts.sessions.open(name, now)
    try:
        with serving(folder, database) as (port, pid):
            yield Served(world, run_id, sessions, port, pid)
    finally:
        world.engine.dispose()


@contextmanager
def serving(folder: Path, database: str) -> Iterator[tuple[int, int]]:
    """The web process of a programme folder, as somebody starts it: its port and its id."""
    log = folder / "server.log"
    words = ["serve", "--programme", str(folder), "--port", "0"]
    env = os.environ | ({"CUTOVER_DATABASE_URL": database} if database else {})
    with log.open("wb") as out:
        command = [str(Path(sys.executable).with_name("cutover")), *words]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=out, env=env)
    try:
        yield _port(log, process), process.pid
    finally:
        process.terminate()
        process.wait(20)


def _port(log: Path, process: subprocess.Popen[bytes]) -> int:
    for _ in range(600):
        if found := re.search(r"http://127\.0\.0\.1:(\d+)/", log.read_text()):
            return int(found[1])
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise SystemExit(log.read_text())


@contextmanager
def databases(which: str, names: tuple[str, ...]) -> Iterator[dict[str, dict[str, str]]]:
    """The URL of a new database for each name, on each kind that is wanted; '' is SQLite in the programme's folder."""
    found: dict[str, dict[str, str]] = {}
    if which != "postgresql":
        found["SQLite"] = dict.fromkeys(names, "")
    if which == "sqlite":
        yield found
        return
    server = Postgres()
    server.start()
    try:
        found["PostgreSQL"] = {name: _created(server, name) for name in names}
        yield found
    finally:
        server.kill()
        server.end()


def _created(server: Postgres, name: str) -> str:
    engine = open_engine(server.url())
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.url(name)


__all__ = ["STREAMS", "Served", "databases", "served", "serving"]
