"""A live run of hundreds of tasks on PostgreSQL, with two runners, a web process and Prefect, any of them killed at seeded moments."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Self

import httpx
import yaml

from cutover.app.bootstrap import World, build_world
from cutover.app.settings import Settings
from cutover.core.errors import CutoverError, Unavailable
from cutover.performing import begin
from cutover.range.processes import RangeProcesses
from runbooks.domain import run_events as ev
from runbooks.domain.execution import run_stream
from runbooks.domain.run_events import RUN, RunSetup, RunType
from runbooks.players import OwnHands, Players
from tests.end_to_end.blackout import environment
from tests.servers import Postgres, Process, free_port

STREAMS = 6
STALLED = 120.0  # seconds without a new fact after which the run is given up
SYSTEM = "command_and_control"
SHARES = {"runner": 9, "database": 5, "web": 4, "prefect": 2}  # of twenty kills


@dataclass(frozen=True, slots=True)
class Plan:
    """How large: tasks in all, and how many of them have an effect that must not happen twice."""

    tasks: int = 300
    effects: int = 40


@dataclass(frozen=True, slots=True)
class Kill:
    """Kill `target` when the journal has come to `position`, `pause` seconds later."""

    position: int
    target: str
    pause: float


@dataclass(frozen=True)
class End:
    """How a run ended, in the words in which any other end of it must be the same."""

    stage: str
    tasks: Mapping[str, str]
    gates: Mapping[str, str]
    effects: Mapping[str, int]
    facts: int
    seconds: float
    uncertain: int
    faults: tuple[str, ...]


def kills(seed: int, count: int, length: int, targets: tuple[str, ...]) -> list[Kill]:
    """`count` kills spread over a run of about `length` facts."""
    dice = Random(seed)
    weights = [SHARES[target] for target in targets]
    positions = sorted(dice.randint(2, int(length * 0.9)) for _ in range(count))
    return [Kill(at, dice.choices(targets, weights)[0], dice.random() * 0.3) for at in positions]


def write_folder(folder: Path, plan: Plan, url: str) -> Path:
    """A programme with one runbook: parallel streams of people's and automated tasks, a gate in each."""
    (folder / "runbooks").mkdir(parents=True)
    programme = {
        "title": "A live window", "zone": "Europe/London",
        "window": {"opens": "2026-10-23T22:00", "closes": "2026-10-26T21:00", "backout": "24h"},
        "components": [{"id": f"c{n}", "title": f"Component {n}", "system": SYSTEM} for n in range(STREAMS)],
        "systems": {SYSTEM: url},
        "people": [{"id": name, "name": name.title()} for name in ("asha", "bo", "chen")],
    }  # fmt: skip
    book = {
        "id": "live", "title": "A live window",
        "streams": [{"id": f"s{n}", "title": f"Stream {n}"} for n in range(STREAMS)],
        "tasks": list(_tasks(plan)),
    }  # fmt: skip
    (folder / "programme.yaml").write_text(yaml.safe_dump(programme), encoding="utf-8")
    (folder / "runbooks" / "live.yaml").write_text(yaml.safe_dump(book), encoding="utf-8")
    return folder


def _tasks(plan: Plan) -> Iterator[dict[str, object]]:
    """Row by row: each task follows the one before it in its stream, every tenth also one of the next stream."""
    effects = {round(i * (plan.tasks - 1) / (plan.effects - 1)) for i in range(plan.effects)}
    for n in range(plan.tasks):
        row, stream = divmod(n, STREAMS)
        after = [f"T{n - STREAMS}"] if row else []
        if row and n % 10 == 0:
            after.append(f"T{(row - 1) * STREAMS + (stream + 1) % STREAMS}")
        task = {
            "id": f"T{n}",
            "title": f"Step {n}",
            "stream": f"s{stream}",
            "after": sorted(set(after)),
            "duration": "1s",
        }
        yield task | _kind(n, row, effect=n in effects)


def _kind(n: int, row: int, *, effect: bool) -> dict[str, object]:
    call = {
        "kind": "http",
        "with": {"system": SYSTEM, "path": f"/ops/step-{n}", "body": {"minutes": 0.02}, "poll": "/ops"},
    }
    if effect:
        return {"type": "automated", "effect": "probe", "action": call}
    if row % 9 == 4 and n % STREAMS < 2:
        gate = {
            "criteria": [{"id": "ready", "title": "Ready", "source": "person"}],
            "deciders": ["asha", "chen"],
            "quorum": 2,
        }
        return {"type": "approval", "gate": gate}
    match n % 4:
        case 0:
            return {"type": "automated", "effect": "idempotent", "action": call}
        case 1:
            quick = {"kind": "http", "with": {"system": SYSTEM, "path": f"/ops/quick-{n}"}}
            return {"type": "automated", "effect": "idempotent", "action": quick}
        case 2:
            return {"owner": ("asha", "bo", "chen")[n % 3]}
        case _:
            return {"type": "milestone"} if n % 3 else {"owner": "bo"}


@dataclass
class Live:
    """One run with everything it needs around it. Use it as a context manager; `play` it to its end."""

    place: Path
    plan: Plan
    prefect: bool = True
    postgres: Postgres = field(default_factory=Postgres)
    seen: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    dealt: Counter[str] = field(default_factory=Counter)

    def __enter__(self) -> Self:
        self.postgres.start()
        url = self.postgres.create("cutover")
        self.folder = self.place / "programme"
        self.range = RangeProcesses(self.folder / "state", systems=(SYSTEM,))
        (self.folder / "state").mkdir(parents=True)
        self.range.start()
        write_folder(self.folder, self.plan, self.range.urls[SYSTEM])
        self.env = environment() | {"CUTOVER_DATABASE_URL": url, "CUTOVER_LOG_LEVEL": "INFO"}
        self.processes: dict[str, Process] = dict(self._processes())
        self.settings = Settings(database_url=url)
        return self

    def _processes(self) -> Iterator[tuple[str, Process]]:
        script, here = Path(sys.executable).with_name("cutover"), ("--programme", self.folder)
        if self.prefect:
            port = free_port()
            self.env["CUTOVER_PREFECT_API_URL"] = f"http://127.0.0.1:{port}/api"
            command = [sys.executable, "-m", "flows.server", "--port", port]
            yield "prefect", Process("prefect", command, self._server_env(), self.place)
        for name in ("runner-a", "runner-b"):
            yield name, Process(name, [script, "run", "resume", "--standby", *here], self.env, self.place)
        self.web_port = free_port()
        yield "web", Process("web", [script, "serve", "--port", self.web_port, *here], self.env, self.place)

    def _server_env(self) -> dict[str, str]:
        from flows.server import server_environment

        (self.place / "prefect").mkdir()
        return server_environment(self.place / "prefect", self.env)

    def __exit__(self, *_: object) -> None:
        for process in self.processes.values():
            process.end()
        self.range.stop()
        self.postgres.end()

    def play(self, killing: list[Kill]) -> End:
        """To the end of the run, killing on the way."""
        if self.prefect:
            self._await_prefect()
        began = time.monotonic()
        world = self._begin()
        over = threading.Event()
        threads = [threading.Thread(target=work, args=(over,)) for work in (self._people, self._viewer)]
        for thread in threads:
            thread.start()
        try:
            self._drive(world, list(killing))
        finally:
            over.set()
            for thread in threads:
                thread.join()
        try:
            return self._ended(world, time.monotonic() - began)
        finally:
            world.engine.dispose()

    def _await_prefect(self) -> None:
        self.processes["prefect"].start()
        deadline = time.monotonic() + STALLED
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.env['CUTOVER_PREFECT_API_URL']}/health", timeout=2).is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.2)

    def _begin(self) -> World:
        import os

        before = dict(os.environ)
        os.environ.update(self.env)
        try:
            setup = RunSetup(prefect=self.prefect)
            self.run_id = begin(self.folder, "live", "bo", RunType.LIVE, setup)
        finally:
            os.environ.clear()
            os.environ.update(before)
        return build_world(self.folder, settings=self.settings)

    def _drive(self, world: World, killing: list[Kill]) -> None:
        head, moved = 0, time.monotonic()
        while True:
            for process in self.processes.values():
                process.tend()
            now_at = self._head(world)
            if now_at > head:
                head, moved = now_at, time.monotonic()
            if not killing and self._is_over(world):
                return
            if time.monotonic() - moved > STALLED:
                self.faults.append(
                    f"nothing happened for {STALLED:g} s after fact {head}, {len(killing)} kills to go"
                )
                return
            if killing and (head >= killing[0].position or self._is_over(world)):
                self._kill(killing.pop(0), world)
            time.sleep(0.1)

    def _head(self, world: World) -> int:
        try:
            return world.journal.head().position
        except Unavailable:
            return 0

    def _is_over(self, world: World) -> bool:
        try:
            return world.runs.state(self.run_id).stage in RUN.terminal
        except Unavailable:
            return False

    def _kill(self, kill: Kill, world: World) -> None:
        time.sleep(kill.pause)
        self.dealt[kill.target] += 1
        if kill.target == "database":
            self.postgres.kill()
            self.postgres.start()
        elif kill.target == "runner":
            self._holder(world).kill()
        else:
            self.processes[kill.target].kill()

    def _holder(self, world: World) -> Process:
        """Whoever performs now, or else one that is about to."""
        from cutover.store.leases import holding

        lease = holding(world.engine, run_stream(self.run_id))
        both = [self.processes["runner-a"], self.processes["runner-b"]]
        return next((one for one in both if lease and f":{one.pid}:" in lease.owner), both[0])

    def _people(self, over: threading.Event) -> None:
        """Claims, evidence, votes: played, and tried again whenever the database was away."""
        while not over.is_set():
            world = None
            try:
                world = build_world(self.folder, settings=self.settings)
                players = Players(world.runs, self.run_id, world.pace, OwnHands(world.runs, self.run_id))
                asyncio.run(asyncio.wait_for(players.play(), 30))
                over.wait()
            except (CutoverError, TimeoutError):
                over.wait(0.2)
            finally:
                if world:
                    world.engine.dispose()

    def _viewer(self, over: threading.Event) -> None:
        """Looks at the board all the time: it shows the run, says that it cannot, or is not there."""
        with httpx.Client(base_url=f"http://127.0.0.1:{self.web_port}", timeout=30) as client:
            while not over.is_set():
                for page in ("/healthz", "/board"):
                    try:
                        answer = client.get(page)
                    except httpx.TransportError:
                        self.seen["not there"] += 1
                        continue
                    self.seen[str(answer.status_code)] += 1
                    if answer.status_code not in (200, 503):
                        self.faults.append(f"{page} answered {answer.status_code}")
                over.wait(2.0)

    def _ended(self, world: World, seconds: float) -> End:
        state = world.runs.state(self.run_id)
        facts = world.journal.read(run_stream(self.run_id))
        found = Counter(type(fact.event) for fact in facts)
        tasks = {name: f"{at.stage} {at.completion}" for name, at in state.tasks.items()}
        gates = {
            task.id: f"{(seen := world.runs.gate(self.run_id, task.id)).verdict} {sorted(seen.votes)}"
            for task in state.runbook.tasks if task.gate
        }  # fmt: skip
        verified = world.journal.verify()
        faults = [*self.faults, *([] if verified.holds else [verified.fault]), *self._twice(facts)]
        return End(str(state.stage), tasks, gates, self._effects(), len(facts), seconds, found[ev.TaskBecameUncertain], tuple(faults))  # fmt: skip

    def _effects(self) -> dict[str, int]:
        """Each effect by name: how often the system was asked for it, under whatever key."""
        with sqlite3.connect(self.folder / "state" / "range" / f"{SYSTEM}.db") as db:
            asked: Counter[str] = Counter()
            for name, requests in db.execute("SELECT name, requests FROM effects"):
                asked[name] += requests
        return dict(asked)

    def _twice(self, facts: list[object]) -> Iterator[str]:
        """A task is begun again only after it was found undone; an effect that is probed is asked for once."""
        begun: Counter[str] = Counter()
        for event in (fact.event for fact in facts):  # type: ignore[attr-defined]
            if isinstance(event, ev.TaskBegun):
                begun[event.task] += 1
            if isinstance(event, ev.TaskFoundUndone):
                begun[event.task] -= 1
        yield from (f"{task} was begun {times} times" for task, times in begun.items() if times > 1)
        book = yaml.safe_load((self.folder / "runbooks" / "live.yaml").read_text())
        effects = self._effects()
        for task in book["tasks"]:
            name = f"ops/step-{task['id'][1:]}"
            if task.get("effect") == "probe" and effects.get(name) != 1:
                yield f"{name} was asked for {effects.get(name, 0)} times"


def differences(wanted: End, found: End) -> list[str]:
    """What is not as it would be had nobody been killed, one sentence each."""
    said = [*found.faults]
    for what in ("tasks", "gates"):
        one, other = getattr(wanted, what), getattr(found, what)
        said += [
            f"{name} ended {other.get(name)}, undisturbed {at}"
            for name, at in one.items()
            if other.get(name) != at
        ]
    if found.effects.keys() != wanted.effects.keys():
        said.append(f"other effects: {sorted(found.effects.keys() ^ wanted.effects.keys())}")
    return said if found.stage == wanted.stage else [f"the run is {found.stage}", *said]
