"""The world of the contingency tests, and the range's records system as a real process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from contingency.files import load_plays
from cutover.core.clock import FixedClock
from cutover.range.processes import RangeProcesses
from paper_capture.forms import load_forms
from paper_capture.service import PaperService
from tests.conftest import MakeDesk
from tests.contingency.world import ALL_EVENTS, SCENARIO, World, all_projections, with_play

FEW = {"stations": ("central", "bolton"), "blocks": {"custody": 2, "crime": 3}}


def a_world(
    make_desk: MakeDesk, clock: FixedClock, engine: Engine | None = None, messages: object = None
) -> World:
    desk = make_desk(ALL_EVENTS, all_projections(), on=engine, messages=messages)
    book = with_play(load_plays(SCENARIO / "contingency"), **FEW)
    return World(desk, clock, book, PaperService(desk, load_forms(SCENARIO / "forms")))


@pytest.fixture
def world(make_desk: MakeDesk, clock: FixedClock) -> World:
    return a_world(make_desk, clock)


@pytest.fixture
def any_world(make_desk: MakeDesk, clock: FixedClock, any_engine: Engine) -> World:
    """The same world on SQLite and on a real PostgreSQL."""
    return a_world(make_desk, clock, any_engine)


class Records:
    """The records system of the range: its URL, its faults, what it really holds."""

    def __init__(self, processes: RangeProcesses) -> None:
        self.processes = processes

    @property
    def url(self) -> str:
        return self.processes.urls["new_records"]

    def fault(self, **switches: object) -> None:
        httpx.post(f"{self.url}/admin/faults", json=switches).raise_for_status()

    def add(self, **record: object) -> str:
        """A record keyed straight in, without paper."""
        body = {"serial": None, "values": {}, "entered_by": "dev", **record}
        answer = httpx.post(f"{self.url}/records", json=body, headers={"Idempotency-Key": f"direct-{record}"})
        return str(answer.raise_for_status().json()["reference"])

    def serials(self) -> list[str]:
        """The serial of every record that came from paper, one for each record."""
        found = httpx.get(f"{self.url}/records/by-serial").raise_for_status().json()["records"]
        return [record["serial"] for record in found]

    def requests(self) -> dict[str, int]:
        """How often each key was asked for."""
        effects = httpx.get(f"{self.url}/effects").raise_for_status().json()["effects"]
        return {effect["key"]: effect["requests"] for effect in effects}


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    with RangeProcesses(tmp_path / "state", systems=["new_records"], crimes=0) as processes:
        yield Records(processes)
