"""Two that collect at once, as a watch and a person at the command line do, count each day once and blame nobody."""

from __future__ import annotations

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from threading import Barrier

from sqlalchemy import Engine

from cutover.core.clock import FixedClock
from cutover.store.desk import Desk
from monitors.collector import Collector
from monitors.count_sources import CountSources
from monitors.domain.flow_events import flow_stream
from monitors.flow_service import FlowService
from tests.conftest import MakeDesk
from tests.monitors.flow_world import open_flows

AT_ONCE, DAYS = 4, 12


def test_several_collectors_at_once_count_each_day_once_and_raise_each_alarm_once(
    make_desk: MakeDesk, clock: FixedClock, any_engine: Engine, tmp_path: Path
) -> None:
    """Day after day all of them read the same halved counts in the same moment."""
    csv = {"id": "filed", "title": "Filed", "counts": {"kind": "csv", "path": "filed.csv"}}
    world = open_flows(lambda events: make_desk(events, on=any_engine), clock, csv)
    history = {date(2025, 10, 24) + n * timedelta(days=1): 8 for n in range(364)}
    live = {world.service.first_day + n * timedelta(days=1): 3 for n in range(DAYS)}
    write(tmp_path, history)
    asyncio.run(collector(world.service, tmp_path, clock).freeze("filed", "chen"))
    together = Barrier(AT_ONCE)

    def collect(_: int) -> list[str]:
        desk = Desk(world.desk.journal, clock)
        service = FlowService(
            desk, world.service.flows.values(), world.service.watch, world.service.programme
        )
        together.wait(10)
        return list(asyncio.run(collector(service, tmp_path, clock).collect_all(clock.at)).values())

    with ThreadPoolExecutor(AT_ONCE) as threads:
        for day in range(1, DAYS + 1):
            write(tmp_path, history | {d: n for d, n in live.items() if d < world.service.first_day + day * timedelta(days=1)})  # fmt: skip
            world.morning(day)
            assert list(threads.map(collect, range(AT_ONCE))) == [[]] * AT_ONCE
    facts = world.desk.journal.read(flow_stream("filed"))
    days = Counter(str(getattr(f.event, "day", "")) for f in facts if f.event.kind() == "DayCounted")
    assert days == {str(day): 1 for day in live}
    raised = Counter(str(getattr(f.event, "chart", "")) for f in facts if f.event.kind() == "FlowAlarmRaised")
    assert set(raised.values()) == {1}
    assert raised["halving"] == 1


def write(folder: Path, counts: dict[date, int]) -> None:
    fresh = folder / "filed.partial"
    fresh.write_text("day,count\n" + "".join(f"{day},{count}\n" for day, count in counts.items()))
    fresh.replace(folder / "filed.csv")


def collector(service: FlowService, folder: Path, clock: FixedClock) -> Collector:
    return Collector(service, CountSources(folder, "Europe/London", str, dict), clock)
