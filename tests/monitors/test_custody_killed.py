"""The custody stand-in is killed with -9 and started again: believed within three intervals, both ways, and told once."""

from __future__ import annotations

import asyncio
import math
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cutover.range.processes import RangeProcesses
from cutover.store.clock_file import ScaledPace
from cutover.store.desk import Desk
from monitors.definitions import load_checks
from monitors.domain import alert, health
from monitors.domain.telling import Notify
from monitors.notices import alert_messages
from monitors.notifier import Notifier
from monitors.prober import Prober
from monitors.service import MonitorService
from tests.conftest import START, MakeDesk
from tests.monitors.conftest import EVENTS, projections
from tests.monitors.test_definitions import EXAMPLE

pytestmark = pytest.mark.real
CHECKS = [check for check in load_checks(EXAMPLE) if getattr(check, "system", "") == "custody"]
KILLED, BACK, ENDS = (START + timedelta(minutes=minutes) for minutes in (33, 93, 180))


def first(desk: Desk, stream: str, kind: str, after: datetime) -> datetime:
    return next(
        fact.at for fact in desk.journal.read(stream) if fact.event.kind() == kind and fact.at >= after
    )


@pytest.mark.requirement("R4")
def test_a_killed_custody_is_believed_down_and_back_within_three_intervals(
    make_desk: MakeDesk, tmp_path: Path
) -> None:
    """The shipped probe and the shipped journey of a synthetic person, on a stepped clock, against the real process."""
    desk = make_desk(EVENTS, projections(), messages=alert_messages)
    monitors = MonitorService(desk, CHECKS)
    pace = ScaledPace(tmp_path / "clock.json", START, math.inf)
    telling = Notifier(desk, Notify(), "UTC", lambda at: [view.alarm for view in monitors.all(at)])

    async def scene(custody: RangeProcesses) -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(Prober(monitors, CHECKS, lambda: custody.urls, pace).run(stop))
        minute = START
        while minute < ENDS:
            minute += timedelta(minutes=1)
            await pace.sleep_until(minute)
            async with pace.hold():
                if minute == KILLED:
                    custody.kill("custody")
                if minute == BACK:
                    custody.start()
                telling.tell(minute)
        stop.set()
        await running

    with RangeProcesses(tmp_path, systems=("custody",), clock=pace.path) as custody:
        asyncio.run(asyncio.wait_for(scene(custody), 120))
    for check in CHECKS:
        stream = health.check_stream(check.id)
        limit = 3 * check.interval
        assert first(desk, stream, "CheckWentHard", KILLED) - KILLED <= limit
        assert first(desk, stream, "CheckRecovered", BACK) - BACK <= limit
        assert len(monitors.history(check.id)) == 2  # neither before it was killed, nor again afterwards
    told = [fact.event.kind() for fact in desk.journal.read(alert.alert_stream("custody-health"))]
    assert [kind for kind in told if kind != "AlertRepeated"] == ["AlertFired", "AlertResolved"]
    child = desk.journal.read(alert.alert_stream("custody-journey"))
    assert child == []  # its parent is down: it is evaluated, and nobody is told twice of one outage
