"""What burns under a process that serves or performs: a disk that is full, that can only be read, whose database is exchanged."""

from __future__ import annotations

import os
import select
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from cutover.app.bootstrap import World, build_world
from cutover.core.errors import Unavailable
from cutover.domain.modes import COMPONENT, Mode, component_stream
from cutover.store.engine import DatabaseAway
from cutover.store.fitness import ROOM
from runbooks.domain.execution import run_stream
from runbooks.domain.run_events import RunSetup, RunStage, RunType, TaskBegun, TaskStage
from tests.cutover.store.desks import switch
from tests.end_to_end.blackout import environment
from tests.end_to_end.disks import fill
from tests.paper_capture.offline import programme, served
from tests.servers import Process, free_port

pytestmark = [pytest.mark.real, pytest.mark.timeout(280)]
SIZE = ROOM + 40 * 2**20
SYSTEM, RUN, STEPS = "command_and_control", "live-1", 5
PATIENCE = 90.0


class Disk:
    """A disk of its own, in a file: it can be filled, and it can die as disks do, so that it can only be read."""

    def __init__(self, place: Path) -> None:
        self.image, self.path = place / "image", place / "disk"
        self.path.mkdir()
        with self.image.open("wb") as file:
            file.truncate(SIZE)
        subprocess.run(["mkfs.ext4", "-q", "-m", "0", self.image], check=True)

    def mount(self) -> bool:
        command = ["mount", "-o", "loop", self.image, self.path]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    def die(self) -> None:
        """What the kernel does to a file system in which it found a fault."""
        subprocess.run(["mount", "-o", "remount,abort", self.path], check=True)

    def umount(self) -> None:
        subprocess.run(["umount", "-l", self.path], check=True)

    def again(self) -> None:
        """Repaired, as after a restart of the machine: whoever had a file open on it must be gone."""
        subprocess.run(["umount", self.path], check=True)
        subprocess.run(["fsck.ext4", "-p", self.image], check=False, capture_output=True)
        assert self.mount()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None or not (one := Disk(tmp_path)).mount():
        pytest.skip("only who may mount a disk can break one of its own")
    yield one
    one.umount()


def until(there: Callable[[], bool], tend: Callable[[], object] = bool) -> None:
    for _ in range(int(PATIENCE / 0.1)):
        if there():
            return
        tend()
        select.select([], [], [], 0.1)
    raise AssertionError("it did not come")


class Performed:
    """A live run of automated steps on the small disk, its runner supervised, its system elsewhere."""

    def __init__(self, disk: Path, elsewhere: Path) -> None:
        self.folder, self.elsewhere, port = disk / "go", elsewhere, free_port()
        (self.folder / "runbooks").mkdir(parents=True)
        said = {
            "title": "On a small disk", "zone": "Europe/London", "systems": {SYSTEM: f"http://127.0.0.1:{port}"},
            "window": {"opens": "2026-10-23T22:00", "closes": "2026-10-26T21:00", "backout": "24h"},
        }  # fmt: skip
        (self.folder / "programme.yaml").write_text(yaml.safe_dump(said))
        book = {"id": "live", "title": "Steps", "tasks": [self._task(n) for n in range(STEPS)]}
        (self.folder / "runbooks" / "live.yaml").write_text(yaml.safe_dump(book))
        self.world = build_world(self.folder)
        env, script = environment(), Path(sys.executable).with_name("cutover")
        place = (
            "--host",
            "127.0.0.1",
            "--port",
            port,
            "--state",
            elsewhere / "range",
            "--clock",
            elsewhere / "none",
        )
        stand_in = (sys.executable, "-m", "cutover.range.serve", SYSTEM, *place)
        self.system = Process("system", stand_in, env, elsewhere)
        self.runner = Process("runner", (script, "run", "resume", "--programme", self.folder), env, elsewhere)

    def _task(self, n: int) -> dict[str, object]:
        path = {"system": SYSTEM, "path": f"/ops/step-{n}", "body": {"minutes": 0.04}, "poll": "/ops"}
        return {
            "id": f"T{n}", "title": f"Step {n}", "type": "automated", "effect": "probe", "duration": "1m",
            "after": [f"T{n - 1}"] if n else [], "action": {"kind": "http", "with": path},
        }  # fmt: skip

    def start(self) -> None:
        subprocess.run(["sync", "-f", self.folder], check=True)  # plans written days ago are on the disk
        self.world.runs.start(
            self.world.folder.runbook(), by="asha", run_type=RunType.LIVE, setup=RunSetup(prefect=False)
        )
        self.system.start()
        self.runner.start()

    def is_under_way(self) -> bool:
        tasks = self.world.runs.state(RUN).tasks
        return any(tasks[f"T{n}"].stage is TaskStage.IN_PROGRESS for n in range(1, STEPS - 1))

    def is_complete(self) -> bool:
        return self.world.runs.state(RUN).stage is RunStage.COMPLETE

    def begun(self) -> list[str]:
        return [
            f.event.task for f in self.world.journal.read(run_stream(RUN)) if isinstance(f.event, TaskBegun)
        ]

    def requests(self) -> dict[str, int]:
        with sqlite3.connect(self.elsewhere / "range" / f"{SYSTEM}.db") as db:
            return dict(db.execute("SELECT name, sum(requests) FROM effects GROUP BY name"))

    def said(self) -> str:
        return self.runner.log.read_text()

    def end(self) -> None:
        self.runner.kill()
        self.system.kill()
        self.world.engine.dispose()


@pytest.fixture
def performed(disk: Disk, tmp_path: Path) -> Iterator[Performed]:
    one = Performed(disk.path, tmp_path)
    yield one
    one.end()


def check_each_once(performed: Performed) -> None:
    assert "Traceback" not in performed.said()
    assert performed.requests() == {f"ops/step-{n}": 1 for n in range(STEPS)}
    assert sorted(set(performed.begun())) == [f"T{n}" for n in range(STEPS)]
    assert performed.world.journal.verify().holds


def test_a_run_waits_for_room_on_its_disk_and_does_each_step_once(performed: Performed, disk: Disk) -> None:
    performed.start()
    until(performed.is_under_way)
    filler = fill(disk.path / "filler")
    until(lambda: "database_is_away" in performed.said() or performed.runner.code is not None)
    filler.unlink()
    until(performed.is_complete, performed.runner.tend)
    check_each_once(performed)


def test_a_run_whose_disk_dies_goes_on_from_it_once_it_is_repaired(performed: Performed, disk: Disk) -> None:
    performed.start()
    until(performed.is_under_way)
    disk.die()
    until(lambda: "database_is_away" in performed.said() or performed.runner.code is not None)
    performed.runner.kill()
    performed.world.engine.dispose()
    disk.again()
    performed.runner.start()
    until(performed.is_complete, performed.runner.tend)
    check_each_once(performed)


def test_pages_of_a_disk_that_can_only_be_read_say_so_and_nothing_told_is_lost(disk: Disk) -> None:
    world = programme(disk.path / "go")
    with served(world) as address, httpx.Client(base_url=address, timeout=60) as pc:
        assert pc.get("/readyz").status_code == 200
        told = world.desk.ask(COMPONENT, component_stream("custody"), switch(Mode.PAPER))[-1].position
        disk.die()
        ready = pc.get("/readyz")
        assert (ready.status_code, "takes no files" in ready.text or "only be read" in ready.text) == (
            503,
            True,
        )
        with pytest.raises(Unavailable):
            world.desk.ask(COMPONENT, component_stream("records"), switch(Mode.PAPER))
        assert pc.get("/healthz").status_code in (200, 503)
    world.engine.dispose()
    disk.again()
    assert (world.journal.head().position, world.journal.verify().holds) == (told, True)
    world.desk.ask(COMPONENT, component_stream("records"), switch(Mode.PAPER))
    world.engine.dispose()


def exchanged(world: World) -> tuple[Path, Path]:
    """Another file in the place of the database, as a restore beside a running server would put it there."""
    file = world.folder.state / "cutover.db"
    away = file.with_name("away.db")
    copy = file.with_name("copy.db")
    with sqlite3.connect(file) as here, sqlite3.connect(copy) as there:
        here.backup(there)
    file.rename(away)
    copy.rename(file)
    return file, away


def test_nothing_is_written_to_a_database_that_was_exchanged_under_a_server(tmp_path: Path) -> None:
    world = programme(tmp_path / "go")
    world.desk.ask(COMPONENT, component_stream("custody"), switch(Mode.PAPER))
    before = world.journal.head()
    with served(world) as address, httpx.Client(base_url=address, timeout=60) as pc:
        assert pc.get("/healthz").status_code == 200
        file, away = exchanged(world)
        for path in ("/healthz", "/readyz", "/sign-in"):
            assert pc.get(path).status_code == 503, path
        with pytest.raises(DatabaseAway, match="another file than the one that is open"):
            world.desk.ask(COMPONENT, component_stream("records"), switch(Mode.PAPER))
        shutil.move(away, file)
        assert pc.get("/healthz").json()["position"] == before.position
        world.desk.ask(COMPONENT, component_stream("records"), switch(Mode.PAPER))
    assert (world.journal.head().position, world.journal.verify().holds) == (before.position + 1, True)
    world.engine.dispose()
