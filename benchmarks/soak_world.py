"""The programme that the soak serves, and the processes that serve, watch and convert it, each as somebody starts it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import yaml

from benchmarks.bench_prober import free_port as port_of_ours
from benchmarks.bench_prober import target_process
from benchmarks.bench_stations import Station, stations
from benchmarks.conversion_world import Targets, fill, make_programme
from benchmarks.live_runs import plan
from benchmarks.measuring import status_of
from benchmarks.served import serving
from cutover.app.bootstrap import World, build_world
from cutover.app.settings import Settings

CLI = str(Path(sys.executable).with_name("cutover"))
FAULTS = {"lost": 0.01, "busy": 0.01, "hang": 0.0}


@dataclass
class Size:
    """How much of everything."""

    stations: int
    people: int
    probes: int
    forms: int
    records: int
    rate: float  # records that the target takes in a second
    tasks: int = 300


@dataclass
class Soaked:
    """What is under load; `processes` by what they do."""

    world: World
    run_id: str
    fleet: list[Station]
    sessions: dict[str, str]
    targets: Targets
    place: Path
    size: Size
    port: int = 0
    kind: str = "sqlite"
    processes: dict[str, int] = field(default_factory=dict)

    def brought_back(self, patience: float = 120.0) -> None:
        """Wait until the target has every record, or for so long."""
        until = time.monotonic() + patience
        while (
            len({serial for serial, _ in self.targets.rows()}) < self.size.records
            and time.monotonic() < until
        ):
            time.sleep(1)

    def last_words(self, name: str) -> str:
        """What a process said last."""
        log = self.place / f"{name}.log"
        return " | ".join(log.read_text().splitlines()[-4:])[-900:] if log.exists() else ""

    def memory(self) -> dict[str, float]:
        """Resident MiB of each process that still runs."""
        found = {}
        for name, pid in self.processes.items():
            if held := status_of(pid, "VmRSS"):
                found[name] = held
        return found


@contextmanager
def soaked(place: Path, database: str, size: Size) -> Iterator[Soaked]:
    """Everything begun and every process up; all of it ends with the block."""
    with ExitStack() as ending:
        answering = port_of_ours()
        target = target_process(answering)
        ending.callback(_end, target)
        targets = Targets(place / "target", 7, FAULTS)
        targets.start()
        ending.callback(targets.kill)
        folder = _folder(place / "go", targets.url, size, answering)
        world = build_world(folder, settings=Settings(database_url=database))
        ending.callback(world.engine.dispose)
        under_way = _begun(world, size, targets)
        under_way.port, under_way.processes["web"] = ending.enter_context(serving(folder, database))
        for name, words in (
            ("watch", ["monitor", "run"]),
            ("convert", ["convert", "run", "--by", "tova", "--stay"]),
        ):
            process = _started(folder, database, name, words)
            ending.callback(_end, process)
            under_way.processes[name] = process.pid
        yield under_way


def _folder(folder: Path, url: str, size: Size, answering: int) -> Path:
    """The scenario's programme with so many stations, people and checks more."""
    make_programme(folder, url)
    file = folder / "programme.yaml"
    said = yaml.safe_load(file.read_text())
    said["stations"] += [{"id": f"s{n}", "title": f"Station {n}"} for n in range(size.stations)]
    said["people"] += [
        {"id": f"p{n}", "name": f"Person {n}", "roles": ["decider"]} for n in range(size.people)
    ]
    said["systems"]["soak"] = f"http://127.0.0.1:{answering}"
    file.write_text(yaml.safe_dump(said))
    (folder / "contingency" / "target.yaml").write_text(
        yaml.safe_dump({"target": {"patience": "1s", "at_once": 8, "records_a_second": size.rate}})
    )
    for other in (folder / "monitors").iterdir():
        other.unlink()  # systems of the story that are not there now
    (folder / "contingency" / "custody.yaml").unlink()  # its triggers name their checks
    checks = [
        {"id": f"c{n}", "kind": "http", "title": f"Check {n}", "owner": "asha", "system": "soak", "path": f"/{n}",
         "expect": {"body": {"status": "ok"}}, "interval": "60s", "retry_interval": "10s"}
        for n in range(size.probes)
    ]  # fmt: skip
    (folder / "monitors" / "soak.yaml").write_text(yaml.safe_dump({"checks": checks}))
    return folder


def _begun(world: World, size: Size, targets: Targets) -> Soaked:
    now = world.clock.now()
    book = plan(size.tasks, wide=True)
    owned = tuple(
        task.model_copy(update={"owner": f"p{n % size.people}"}) for n, task in enumerate(book.tasks)
    )
    run_id = world.runs.start(
        book.model_copy(update={"tasks": owned}), by="asha", opens=now, closes=now + timedelta(hours=71)
    )
    sessions = {}
    for n in range(size.people):
        world.accounts.add(f"p{n}", "no password: signed in by the soak", now)
        sessions[f"p{n}"] = world.accounts.sessions.open(f"p{n}", now)
    fill(world, size.records)
    fleet = stations(world, size.stations, size.forms)
    return Soaked(world, run_id, fleet, sessions, targets, world.folder.path, size)


def _started(folder: Path, database: str, name: str, words: list[str]) -> subprocess.Popen[bytes]:
    env = os.environ | ({"CUTOVER_DATABASE_URL": database} if database else {})
    with (folder / f"{name}.log").open("wb") as out:
        command = [CLI, *words, "--programme", str(folder)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=out, env=env)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(20)
