"""Every source is read when it is due; one that fails makes its flow unknown and touches no other."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from cutover.core.clock import FixedClock
from cutover.core.errors import Unavailable
from cutover.core.event import Recorded
from monitors.collector import Collector
from monitors.count_sources import CountSources
from monitors.domain.check import Reason, Status
from monitors.domain.counts import Told
from monitors.flow_service import FlowService
from tests.conftest import MakeDesk
from tests.monitors.flow_world import FlowWorld, open_flows

CSV = {"id": "filed", "title": "Filed", "counts": {"kind": "csv", "path": "filed.csv"}, "every": "6h"}


def write(folder: Path, count: int) -> None:
    days = [date(2025, 10, 24) + timedelta(days=n) for n in range(count)]
    (folder / "filed.csv").write_text("day,count\n" + "".join(f"{day},8\n" for day in days))


@dataclass
class Until:
    """A pace that jumps to whatever is waited for, and says stop at a moment."""

    clock: FixedClock
    ends: datetime
    stop: asyncio.Event

    def now(self) -> datetime:
        return self.clock.now()

    async def sleep_until(self, at: datetime) -> None:
        self.clock.set(min(at, self.ends))
        if at >= self.ends:
            self.stop.set()

    def hold(self) -> AbstractAsyncContextManager[None]:
        return self.clock.hold()


@pytest.fixture
def world(make_desk: MakeDesk, clock: FixedClock) -> FlowWorld:
    return open_flows(make_desk, clock, CSV)


@pytest.fixture
def collector(world: FlowWorld, tmp_path: Path, clock: FixedClock) -> Collector:
    write(tmp_path, 364)
    return Collector(world.service, CountSources(tmp_path, "Europe/London", str, dict), clock)


def test_a_baseline_is_learnt_from_the_source_itself(collector: Collector) -> None:
    assert asyncio.run(collector.freeze("filed", "chen")).daily == 8


def test_before_anything_is_frozen_the_plan_reckons_with_the_history(
    world: FlowWorld, collector: Collector
) -> None:
    planned = asyncio.run(collector.preview("filed"))
    assert planned is not None
    seen = world.service.detectability("filed", planned)
    assert seen is not None
    assert seen.daily == 8
    assert world.service.state("filed").normal is None
    assert asyncio.run(collector.preview("rare")) is None


def test_a_reading_is_counted_and_a_failed_one_is_said(
    world: FlowWorld, collector: Collector, tmp_path: Path
) -> None:
    asyncio.run(collector.freeze("filed", "chen"))
    write(tmp_path, 370)
    at = world.morning(2)
    assert asyncio.run(collector.collect_all(at)) == {}
    assert world.service.view("filed").standing.status is Status.OK
    (tmp_path / "filed.csv").write_text("day,count\n2026-10-27,-1\n")
    faults = asyncio.run(collector.collect_all(at))
    assert faults == {"filed": "flow filed: row 1: -1 is negative"}
    assert world.service.view("filed").standing.reason is Reason.ERROR


def test_it_goes_on_reading_until_it_is_stopped(
    world: FlowWorld, collector: Collector, tmp_path: Path
) -> None:
    """A reading every six hours, so the counts of two days are there after two."""
    asyncio.run(collector.freeze("filed", "chen"))
    write(tmp_path, 370)
    begins = world.morning(1)

    async def two_days() -> None:
        stop = asyncio.Event()
        pace = Until(world.clock, begins + timedelta(days=2), stop)
        sources = CountSources(tmp_path, "Europe/London", str, dict)
        await Collector(world.service, sources, pace).run(stop)

    asyncio.run(two_days())
    assert len(world.service.state("filed").days) == 2


def test_a_database_that_is_away_costs_a_reading_and_not_the_collector(
    world: FlowWorld, collector: Collector, tmp_path: Path
) -> None:
    """Neither the counts nor that they could not be read can be kept; two minutes later both can."""
    asyncio.run(collector.freeze("filed", "chen"))
    write(tmp_path, 370)

    class Away(FlowService):
        refusals = 4

        def told(self, flow_id: str, found: Told, at: datetime | None = None) -> list[Recorded]:
            self.refuse()
            return super().told(flow_id, found, at)

        def failed(self, flow_id: str, why: str) -> None:
            self.refuse()
            super().failed(flow_id, why)

        def refuse(self) -> None:
            if self.refusals:
                self.refusals -= 1
                raise Unavailable("the database is away")

    known = world.service
    away = Away(world.desk, [known.flows["filed"]], known.watch, known.programme)
    begins = world.morning(2)

    async def ten_minutes() -> None:
        stop = asyncio.Event()
        pace = Until(world.clock, begins + timedelta(minutes=10), stop)
        await Collector(away, CountSources(tmp_path, "Europe/London", str, dict), pace).run(stop)

    asyncio.run(ten_minutes())
    assert away.refusals == 0
    assert len(away.state("filed").days) == 2
    assert away.view("filed").heard.at == begins + timedelta(minutes=2)
