"""Twelve people act at once through the pages of a real server, on both databases: nothing is lost, every refusal has its reason."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from cutover.app.bootstrap import World, build_world
from cutover.app.settings import Settings
from cutover.app.web import make_app
from cutover.domain.gates import gate_stream
from runbooks.domain.execution import run_stream
from runbooks.domain.plan import Runbook
from tests.crowd import Person
from tests.cutover.web.conftest import Serve, serve

__all__ = ["serve"]
PEOPLE = 12


def opened(place: Path, url: str) -> tuple[World, str]:
    """A task for each of them, and one gate that all of them decide."""
    people = [{"id": f"p{n}", "name": f"Person {n}", "roles": ["decider"]} for n in range(PEOPLE)]
    programme = {
        "title": "A window", "zone": "Europe/London",
        "window": {"opens": "2026-10-23T22:00", "closes": "2026-10-26T21:00", "backout": "24h"},
        "components": [{"id": "records", "title": "Records"}],
        "people": [{"id": "asha", "name": "Asha Rahman", "roles": ["programme_manager"]}, *people],
    }  # fmt: skip
    place.mkdir()
    (place / "programme.yaml").write_text(yaml.safe_dump(programme), encoding="utf-8")
    world = build_world(place, settings=Settings(database_url=url))
    gate = {"deciders": [one["id"] for one in people], "quorum": PEOPLE, "criteria": []}
    tasks = [{"id": f"T{n}", "title": f"Step {n}", "duration": "10m"} for n in range(PEOPLE)]
    book = {
        "id": "wide",
        "title": "Wide",
        "tasks": [*tasks, {"id": "GO", "title": "Go?", "type": "approval", "gate": gate}],
    }
    now = world.clock.now()
    run = world.runs.start(Runbook.model_validate(book), by="asha", opens=now, closes=now + timedelta(days=2))
    world.runs.open_gate(run, "GO")
    return world, run


@pytest.fixture
def disposed() -> Iterator[list[World]]:
    """Worlds whose connections are closed once whoever still looks ahead in the server has ended: ask for it before it."""
    worlds: list[World] = []
    yield worlds
    for world in worlds:
        world.engine.dispose()


@pytest.mark.real
@pytest.mark.parametrize("kind", ["database_url", "postgres_url"])
def test_no_update_is_lost_and_every_refusal_says_why(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, disposed: list[World], serve: Serve
) -> None:
    world, run = opened(tmp_path / "window", request.getfixturevalue(kind))
    disposed.append(world)
    stop = threading.Event()
    port = int(serve(make_app(world, stop), stop).rpartition(":")[2])
    sessions = []
    for n in range(PEOPLE):
        world.accounts.add(f"p{n}", "signed in by the test", world.clock.now())
        sessions.append(world.accounts.sessions.open(f"p{n}", world.clock.now()))
    crowd = [Person(port, session, run) for session in sessions]
    gate = gate_stream(run, "GO", world.runs.state(run).tasks["GO"].round)

    async def acts(n: int, person: Person) -> None:
        task = f"T{n - n % 2}"  # every task is wanted by two
        await person.act("claim", task, seen=str(await person.read()), back="board")
        await person.act("done", task, seen=str(await person.read()), back="board", evidence="seen")
        await person.act("vote", "GO", gate=gate, vote="go")
        person.line.close()

    async def all_at_once() -> None:
        await asyncio.gather(*(acts(n, person) for n, person in enumerate(crowd)))

    asyncio.run(asyncio.wait_for(all_at_once(), 120))
    stop.set()
    told = [act for person in crowd for act in person.told]
    facts = [fact.event.kind() for fact in world.journal.read(run_stream(run))]
    granted = [act.act for act in told if not act.why]
    assert (facts.count("TaskClaimed"), facts.count("TaskDone")) == (
        granted.count("claim"),
        granted.count("done"),
    )
    assert granted.count("claim") == PEOPLE // 2
    assert len(world.runs.gate(run, "GO").votes) == granted.count("vote") == PEOPLE
    assert [act for act in told if "no reason" in act.why] == []
    assert world.journal.verify().holds
