"""Three machines perform one run by turns: the line of one is cut in the midst of a task, and another goes on within 30 s."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from cutover.app.bootstrap import World, build_world
from cutover.app.settings import Settings
from cutover.store.leases import holding
from runbooks.domain import run_events as ev
from runbooks.domain.execution import run_stream
from runbooks.domain.run_events import RunSetup, RunStage, RunType, TaskStage
from tests.end_to_end.blackout import environment
from tests.end_to_end.networks import SYSTEMS, Network, require_namespaces
from tests.real_parts import require_real
from tests.servers import Postgres, Process, until

pytestmark = [pytest.mark.real, pytest.mark.timeout(280)]
SYSTEM, RUN, PORT, STEPS = "command_and_control", "live-1", 8401, 5
MACHINES = ("db", "world", "a", "b", "c")
TAKEOVER = 30.0
GET = "import sys, httpx; a = httpx.get(sys.argv[1], timeout=60); print(a.status_code, 'does not answer' in a.text)"


class Site:
    """The database on one machine, the systems on another, on each of three more a runner, and on two of those a web process."""

    def __init__(self, place: Path, network: Network, postgres: Postgres) -> None:
        self.network, self.postgres, self.place = network, postgres, place
        self.folder = place / "programme"
        self._write(f"http://{network.address('world', SYSTEMS)}:{PORT}")
        url = postgres.create("cutover")
        self.world = build_world(self.folder, settings=Settings(database_url=_by_socket(url, postgres)))
        env = environment() | {"CUTOVER_DATABASE_URL": url}
        script, here = Path(sys.executable).with_name("cutover"), ("--programme", self.folder)
        stand_in = (
            "--host",
            network.address("world", SYSTEMS),
            "--port",
            PORT,
            "--state",
            place / "range",
            "--clock",
            place / "none",
        )
        self.systems = self._process(
            "world", env, sys.executable, "-m", "cutover.range.serve", SYSTEM, *stand_in
        )
        self.runners = {
            at: self._process(at, env, script, "run", "resume", "--standby", *here) for at in "abc"
        }
        self.webs = {
            at: self._process(at, env, script, "serve", "--port", PORT, *here, name=f"web-{at}")
            for at in "ab"
        }

    def _process(self, at: str, env: dict[str, str], *command: object, name: str = "") -> Process:
        return Process(name or f"on-{at}", [*self.network.on(at), *command], env, self.place)

    def _write(self, url: str) -> None:
        (self.folder / "runbooks").mkdir(parents=True)
        programme = {
            "title": "Two machines", "zone": "Europe/London", "systems": {SYSTEM: url},
            "window": {"opens": "2026-10-23T22:00", "closes": "2026-10-26T21:00", "backout": "24h"},
        }  # fmt: skip
        tasks = [
            {
                "id": f"T{n}", "title": f"Step {n}", "type": "automated", "effect": "probe", "duration": "1m",
                "after": [f"T{n - 1}"] if n else [],
                "action": {"kind": "http", "with": {"system": SYSTEM, "path": f"/ops/step-{n}", "body": {"minutes": 0.06}, "poll": "/ops"}},
            }
            for n in range(STEPS)
        ]  # fmt: skip
        (self.folder / "programme.yaml").write_text(yaml.safe_dump(programme), encoding="utf-8")
        book = {"id": "live", "title": "Two machines", "tasks": tasks}
        (self.folder / "runbooks" / "live.yaml").write_text(yaml.safe_dump(book), encoding="utf-8")

    def begin(self) -> None:
        self.world.runs.start(
            self.world.folder.runbook(), by="asha", run_type=RunType.LIVE, setup=RunSetup(prefect=False)
        )

    def holder(self) -> str:
        lease = holding(self.world.engine, run_stream(RUN))
        return lease.owner.partition(":")[0] if lease else ""

    def stage(self, task: str) -> TaskStage:
        return self.world.runs.state(RUN).tasks[task].stage

    def board(self, at: str) -> str:
        """What the web process of a machine answers to somebody who sits at it: its status, and whether it says why."""
        command = [*self.network.on(at), sys.executable, "-c", GET, f"http://127.0.0.1:{PORT}/board"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    def said(self, at: str) -> str:
        return (self.place / f"on-{at}.log").read_text(encoding="utf-8")

    def requests(self) -> dict[str, int]:
        with sqlite3.connect(self.place / "range" / f"{SYSTEM}.db") as db:
            return dict(db.execute("SELECT name, sum(requests) FROM effects GROUP BY name"))

    def end(self) -> None:
        self.world.engine.dispose()
        for process in (*self.runners.values(), *self.webs.values(), self.systems):
            process.kill()


def _by_socket(url: str, postgres: Postgres) -> str:
    """A socket in the file system is reached from outside the machine's network."""
    return f"postgresql://cutover@/{url.rpartition('/')[2]}?host={postgres.folder}&port={postgres.port}"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    require_real("postgresql")
    require_namespaces()
    with Network(MACHINES) as network:
        postgres = Postgres(network.address("db"), inside=network.on("db"), trust="10.213.7.0/24")
        try:
            postgres.start()
            built = Site(tmp_path, network, postgres)
            yield built
            built.end()
        finally:
            postgres.end()


def begun(world: World) -> dict[str, int]:
    """How often each task was begun without having been found undone before."""
    count: dict[str, int] = {}
    for event in (fact.event for fact in world.journal.read(run_stream(RUN))):
        if isinstance(event, ev.TaskBegun | ev.TaskFoundUndone):
            count[event.task] = count.get(event.task, 0) + (1 if isinstance(event, ev.TaskBegun) else -1)
    return count


def test_cut_off_in_the_midst_of_a_task_the_other_machine_goes_on_and_nothing_is_done_twice(
    site: Site,
) -> None:
    """The cut-off runner stops before another begins, though it can still reach the systems; its page says it knows nothing."""
    site.begin()
    for process in (site.systems, *site.webs.values()):
        process.start()
    until(lambda: site.board("a").startswith("200") and site.board("b").startswith("200"))
    site.runners["a"].start()
    until(lambda: site.holder() == "a")
    for at in "bc":
        site.runners[at].start()
    until(lambda: all("standing_by" in site.said(at) for at in "bc"))
    until(lambda: TaskStage.IN_PROGRESS in {site.stage(f"T{n}") for n in range(1, STEPS)})

    site.network.cut("a")
    took = until(lambda: site.holder() in ("b", "c"))
    assert "lease_in_doubt" in site.said("a"), "it must have stopped before"
    assert site.board("a") == "503 True"
    assert site.board("b").startswith("200")

    until(lambda: site.world.runs.state(RUN).stage is RunStage.COMPLETE)
    site.network.mend("a")
    until(lambda: site.runners["a"].code is not None)
    assert site.runners["a"].code == 1
    assert "was taken over" in site.said("a").splitlines()[-1]
    until(lambda: site.board("a").startswith("200"))

    assert took <= TAKEOVER
    assert site.requests() == {f"ops/step-{n}": 1 for n in range(STEPS)}
    assert set(begun(site.world).values()) == {1}
    assert site.world.journal.verify().holds
