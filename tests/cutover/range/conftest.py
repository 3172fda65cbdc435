"""One range of real processes for all these tests, healthy and at half past nine before each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest

from cutover.range.ledger import OFF
from cutover.range.processes import RangeProcesses
from cutover.store.clock_file import set_clock

MORNING = datetime(2026, 10, 24, 9, 30, tzinfo=UTC)


class StillClock:
    """A rehearsal's clock file that stands where it is put."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.put(MORNING)

    def put(self, at: datetime) -> None:
        self.at = at
        set_clock(self.path, at)

    def advance(self, **span: float) -> None:
        self.put(self.at + timedelta(**span))


class World:
    """The range as a test meets it: its processes, its clock, and a client."""

    def __init__(self, processes: RangeProcesses, clock: StillClock, client: httpx.Client) -> None:
        self.processes = processes
        self.clock = clock
        self.client = client

    def get(self, system: str, path: str, **query: Any) -> httpx.Response:
        return self.client.get(self.processes.urls[system] + path, params=query)

    def post(self, system: str, path: str, key: str | None, **body: Any) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return self.client.post(self.processes.urls[system] + path, json=body, headers=headers)

    def break_(self, system: str, **switches: Any) -> dict[str, Any]:
        answer = self.post(system, "/admin/faults", None, **switches)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@pytest.fixture(scope="session")
def range_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("programme") / "state"


@pytest.fixture(scope="session")
def processes(range_state: Path) -> Iterator[RangeProcesses]:
    range_state.mkdir()
    with RangeProcesses(range_state) as running:
        yield running


@pytest.fixture
def world(processes: RangeProcesses, range_state: Path) -> Iterator[World]:
    processes.start()  # whatever the test before killed
    with httpx.Client(timeout=30, trust_env=False) as client:
        world = World(processes, StillClock(range_state / "clock.json"), client)
        for system in processes.systems:
            world.break_(system, **OFF)
        yield world


def until(happened: Callable[[], bool], seconds: float = 10) -> None:
    """Ask again until it is so; fails after `seconds`."""
    deadline = monotonic() + seconds
    while not happened():
        assert monotonic() < deadline, "it did not happen in time"
