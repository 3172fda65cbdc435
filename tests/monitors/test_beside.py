"""What hangs keeps nobody waiting: not the loop, not the next question, not the end of the process."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cutover.core.clock import FixedClock
from cutover.core.errors import Unavailable
from monitors.beside import MOST_HANGING, Beside
from monitors.collector import Collector
from monitors.count_sources import CountSources
from monitors.domain.check import Reason, Status
from tests.conftest import MakeDesk
from tests.monitors.flow_world import FlowWorld, open_flows

SOON = 0.1


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    held = threading.Event()
    yield held
    held.set()


def test_what_takes_too_long_is_given_up_and_after_a_few_of_them_not_asked_again(
    gate: threading.Event,
) -> None:
    beside = Beside()

    async def scene() -> list[str]:
        ends = []
        for _ in range(MOST_HANGING + 1):
            try:
                await beside.run(gate.wait, "records", SOON)
            except (TimeoutError, Unavailable) as error:
                ends.append(type(error).__name__)
        assert await beside.run(lambda: 7, "elsewhere", 5) == 7
        return ends

    began = time.monotonic()
    assert asyncio.run(scene()) == ["TimeoutError"] * MOST_HANGING + ["Unavailable"]
    assert time.monotonic() - began < 5  # nobody waited for what hangs, neither the loop at its end
    assert beside.hanging["records"] == MOST_HANGING


def test_what_comes_back_late_makes_room_again(gate: threading.Event) -> None:
    beside = Beside()

    async def scene() -> int:
        with pytest.raises(TimeoutError):
            await beside.run(gate.wait, "records", SOON)
        gate.set()
        while beside.hanging["records"]:  # noqa: ASYNC110  another thread's news
            await asyncio.sleep(0.005)
        return await beside.run(lambda: 7, "records", 5)

    assert asyncio.run(scene()) == 7


def test_what_goes_wrong_is_raised_where_it_was_asked() -> None:
    def broken() -> None:
        raise Unavailable("away")

    with pytest.raises(Unavailable, match="away"):
        asyncio.run(Beside().run(broken, "records", 5))


@pytest.fixture
def silent() -> Iterator[int]:
    """A real server that takes connections and never says anything; its port."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(20)
        yield server.getsockname()[1]


@pytest.fixture
def world(make_desk: MakeDesk, clock: FixedClock, silent: int) -> FlowWorld:
    base = {"every": "1h", "matures_after": 0}
    prometheus = {"kind": "prometheus", "url": f"http://127.0.0.1:{silent}", "query": "x", "timeout": SOON}
    sql = {"kind": "sql", "database": "records", "query": "SELECT 1, 1", "timeout": SOON}
    return open_flows(
        make_desk, clock, base | {"id": "scraped", "title": "Scraped", "counts": prometheus}, base | {"id": "asked", "title": "Asked", "counts": sql},
    )  # fmt: skip


@pytest.mark.real
def test_sources_that_hang_are_named_within_their_deadline_and_make_their_flows_unknown(
    world: FlowWorld, silent: int
) -> None:
    """A Prometheus and a PostgreSQL that take the connection and say nothing, read five times over: the collector
    comes to its end each time, and the flow that is told by hand is read all the same."""
    world.freeze("incidents", "scraped", count=lambda _flow, _day: 8)
    url = f"postgresql+psycopg://cutover@127.0.0.1:{silent}/records"
    collector = Collector(
        world.service, CountSources(Path(), "Europe/London", lambda _: url, dict), world.clock
    )
    now = world.morning(1)
    began = time.monotonic()
    rounds = [asyncio.run(collector.collect_all(now)) for _ in range(5)]
    assert time.monotonic() - began < 20
    assert rounds[0].keys() == {"scraped", "asked"}
    assert rounds[0]["asked"] == "no answer within 0.1 s"
    assert "still hanging" in rounds[4]["asked"]
    standing = world.service.view("scraped").standing
    assert (standing.status, standing.reason) == (Status.UNKNOWN, Reason.ERROR)
    assert "timed out" in standing.detail or "no answer" in standing.detail
    assert world.service.view("incidents").heard.fault == ""
