"""A clock that was ahead and is set back loses no count and no result, doubles none, and nothing is green by it.

Within a process nobody's clock is set back: it keeps its own time. So the process is another one each time.
"""

from __future__ import annotations

import asyncio
import math
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from cutover.core.clock import FixedClock
from cutover.store.clock_file import ScaledPace
from cutover.store.desk import Desk
from monitors.collector import Collector
from monitors.count_sources import CountSources
from monitors.domain.check import Reason, Status, critical, ok
from monitors.domain.flow_events import flow_stream
from monitors.domain.heartbeat import Beat, Pings, Said, read
from monitors.domain.outside import Kept, judge_alerts
from monitors.flow_service import FlowService
from monitors.inbox import Inbox
from monitors.prober import Prober
from monitors.service import MonitorService
from tests.conftest import START, MakeDesk
from tests.monitors.conftest import CHECKS, Target
from tests.monitors.domain.test_heartbeat import heartbeat
from tests.monitors.domain.test_outside import alerts
from tests.monitors.flow_world import FlowWorld, open_flows

CSV = {"id": "filed", "title": "Filed", "counts": {"kind": "csv", "path": "filed.csv", "missing": "zero"}, "every": "6h"}  # fmt: skip
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def write(folder: Path, until: date) -> None:
    """Eight a day, seven on Sundays, up to a day: what the register really holds."""
    days = [date(2025, 10, 24) + n * DAY for n in range((until - date(2025, 10, 24)).days + 1)]
    lines = (f"{day},{7 if day.weekday() == 6 else 8}\n" for day in days)
    (folder / "filed.csv").write_text("day,count\n" + "".join(lines))


def open_at(make_desk: MakeDesk, clock: FixedClock) -> FlowWorld:
    return open_flows(make_desk, clock, CSV)


class Reader:
    """Reads the register as a process does whose clock says so; each reading is by a new one."""

    def __init__(self, world: FlowWorld, folder: Path) -> None:
        self.world, self.folder = world, folder
        write(folder, date(2026, 10, 22))
        asyncio.run(self._collector(world.service, START).freeze("filed", "chen"))

    def at(self, day: int, *, truly: int) -> dict[str, str]:
        """On the morning of a day by the clock, when the register holds what it holds on another one."""
        now = self.world.morning(0) + day * DAY
        clock = FixedClock(now)
        first = self.world.service
        write(self.folder, first.first_day + (truly - 1) * DAY)
        service = FlowService(Desk(self.world.desk.journal, clock), first.flows.values(), first.watch, first.programme)  # fmt: skip
        self.service = service
        return dict(asyncio.run(self._collector(service, now).collect_all(now)))

    def _collector(self, service: FlowService, now: object) -> Collector:
        return Collector(service, CountSources(self.folder, "Europe/London", str, dict), FixedClock(now))  # type: ignore[arg-type]


def counts(world: FlowWorld) -> dict[date, int | None]:
    return {day: counted.count for day, counted in world.service.state("filed").days.items()}


def test_counts_are_neither_lost_nor_doubled_by_a_clock_that_was_set_back(
    make_desk: MakeDesk, clock: FixedClock, tmp_path: Path
) -> None:
    """Two days ahead for one reading of a system of record: the days that were not over come right by themselves."""
    reader = Reader(open_at(make_desk, clock), tmp_path)
    for by_the_clock, truly in ((1, 1), (2, 2), (5, 3), (3, 3), (4, 4), (5, 5), (6, 6)):
        assert reader.at(by_the_clock, truly=truly) == {}
    world = reader.world
    first = world.service.first_day
    assert counts(world) == {first + n * DAY: 7 if (first + n * DAY).weekday() == 6 else 8 for n in range(6)}
    kinds = [(f.event.kind(), getattr(f.event, "day", None)) for f in world.desk.journal.read(flow_stream("filed"))]  # fmt: skip
    counted = [day for kind, day in kinds if kind == "DayCounted"]
    assert len(counted) == len(set(counted)) == 6
    assert sum(kind == "DayRestated" for kind, _ in kinds) == 2  # the two that were told as nought too early


def test_while_the_clock_is_back_nothing_is_green_by_what_was_told_ahead(
    make_desk: MakeDesk, clock: FixedClock, tmp_path: Path
) -> None:
    reader = Reader(open_at(make_desk, clock), tmp_path)
    reader.at(1, truly=1)
    reader.at(9, truly=9)
    back = reader.world.morning(0) + 3 * DAY
    standing = reader.service.view("filed", back).standing
    assert (standing.status, standing.reason) == (Status.UNKNOWN, Reason.STALE)
    reader.at(3, truly=3)
    standing = reader.service.view("filed", back).standing
    assert standing.status is Status.UNKNOWN
    assert "is counted and still to come: a clock was set back" in standing.detail


def test_a_register_that_names_a_day_to_come_is_named_and_no_count_of_it_is_taken(
    make_desk: MakeDesk, clock: FixedClock, tmp_path: Path
) -> None:
    reader = Reader(open_at(make_desk, clock), tmp_path)
    faults = reader.at(2, truly=5)
    assert "is still to come" in faults["filed"]
    assert reader.service.view("filed", reader.world.morning(2)).standing.reason is Reason.ERROR
    assert counts(reader.world) == {}


@pytest.mark.real
@pytest.mark.parametrize("ahead_by", [3 * HOUR, HOUR / 5])
def test_a_prober_started_after_the_clock_was_set_back_asks_at_once_and_loses_no_result(
    monitor_desk: Desk, target: Target, tmp_path: Path, ahead_by: timedelta
) -> None:
    """The last result lies ahead: until then nothing would be asked and nothing recorded."""
    check = CHECKS[0]
    ahead = MonitorService(monitor_desk, CHECKS)
    ahead.record("custody", ok(), START + ahead_by)
    target.health = lambda: 503
    again = MonitorService(Desk(monitor_desk.journal, monitor_desk.clock), CHECKS)
    pace = ScaledPace(tmp_path / "clock.json", START, math.inf)

    async def scene() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(Prober(again, [check], lambda: {"custody": target.url}, pace).run(stop))
        await pace.sleep_until(START + timedelta(minutes=6))
        stop.set()
        await running

    asyncio.run(asyncio.wait_for(scene(), 30))
    view = again.state("custody", pace.now())
    assert (view.status, view.settled, view.hard_since) == (
        Status.CRITICAL,
        True,
        START + timedelta(minutes=4),
    )
    assert len(target.asked) == 3
    assert sum(hour.critical for hour in again.hours("custody")) == 3


def test_a_result_that_comes_again_is_not_taken_for_a_clock_that_was_set_back(
    monitors: MonitorService,
) -> None:
    for minute in range(6):
        monitors.record("custody", ok(), START + timedelta(minutes=minute))
    for minute in range(6):
        assert monitors.record("custody", critical("late copy"), START + timedelta(minutes=minute)) == []
    assert sum(hour.samples for hour in monitors.hours("custody")) == 6


def test_a_heartbeat_from_the_future_says_nothing_and_the_next_report_counts(engine: Engine) -> None:
    check = heartbeat()
    assert read(check, Pings(succeeded=START + 3 * DAY), START, "UTC", START + HOUR).beat is Beat.ASTRAY
    inbox = Inbox(engine, [check], START, "UTC")
    inbox.beat(check.id, Said.SUCCESS, START + 3 * DAY)
    assert inbox.judge_heartbeat(check, START + HOUR).status is Status.UNKNOWN
    inbox.beat(check.id, Said.FAILED, START + HOUR, "disk full")
    assert inbox.judge_heartbeat(check, START + HOUR).detail == "it reported a failure: disk full"
    inbox.beat(check.id, Said.SUCCESS, START + 2 * HOUR)
    assert inbox.judge_heartbeat(check, START + 2 * HOUR).status is Status.OK


def test_a_watchdog_heard_in_the_future_is_not_alive() -> None:
    heard = [Kept(firing=True, heard_at=START + DAY, labels={"alertname": "Watchdog"})]
    found = judge_alerts(alerts(watchdog="Watchdog"), heard, START + DAY, START)
    assert (found.status, found.reason) == (Status.UNKNOWN, Reason.STALE)
