"""Many probes, on time, honestly: on a stepped clock against a real system on a real socket."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cutover.core.errors import Unavailable
from cutover.core.event import Recorded
from cutover.store.clock_file import ClockFile, ScaledPace
from cutover.store.desk import Desk
from monitors.domain import health
from monitors.domain.check import Reason, Result, Status, ok
from monitors.domain.declared import AnyCheck
from monitors.domain.ledger import Summary
from monitors.prober import Prober
from monitors.service import MonitorService, Told
from tests.conftest import START
from tests.monitors.conftest import CHECKS, Target

pytestmark = pytest.mark.real
CUSTODY = CHECKS[0]


def minutes(at: datetime) -> float:
    return (at - START).total_seconds() / 60


@pytest.fixture
def pace(tmp_path: Path) -> ScaledPace:
    return ScaledPace(tmp_path / "clock.json", START, math.inf)


def run_until(prober: Prober, pace: ScaledPace, end: datetime) -> None:
    """Let the prober run up to a moment of the stepped clock."""

    async def scene() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(prober.run(stop))
        await pace.sleep_until(end)
        stop.set()
        await running

    asyncio.run(asyncio.wait_for(scene(), 60))


def prober(monitors: MonitorService, target: Target, pace: ScaledPace, *checks: AnyCheck) -> Prober:
    return Prober(monitors, checks or (CUSTODY,), lambda: {"custody": target.url}, pace)


def hold_the_loop() -> None:
    time.sleep(0.3)  # what something else in the same process may do


def down_between(target: Target, pace: ScaledPace, begin: int, end: int) -> None:
    """The system looks at the shared clock, as a stand-in in another process does."""
    clock = ClockFile(pace.path)
    target.health = lambda: 503 if begin <= minutes(clock.now()) < end else 200


def test_an_outage_goes_soft_hard_and_recovered_at_the_declared_times(
    monitors: MonitorService, monitor_desk: Desk, target: Target, pace: ScaledPace
) -> None:
    down_between(target, pace, 12, 32)
    run_until(prober(monitors, target, pace), pace, START + timedelta(minutes=60))
    told = [
        (r.event.kind(), minutes(r.at)) for r in monitor_desk.journal.read(health.check_stream("custody"))
    ]
    assert told == [
        ("CheckPassed", 0),
        ("AttemptFailed", 15),
        ("AttemptFailed", 17),
        ("AttemptFailed", 19),
        ("CheckWentHard", 19),
        ("RecoverySeen", 34),
        ("RecoverySeen", 36),
        ("CheckRecovered", 36),
    ]
    assert len(target.asked) == sum(hour.samples for hour in monitors.hours("custody"))


def test_a_restart_in_the_middle_of_a_suspicion_goes_on_where_it_was(
    monitors: MonitorService, monitor_desk: Desk, target: Target, pace: ScaledPace
) -> None:
    down_between(target, pace, 4, 600)
    run_until(prober(monitors, target, pace), pace, START + timedelta(minutes=6))
    assert monitors.state("custody", pace.now()).attempt == 1
    again = MonitorService(Desk(monitor_desk.journal, monitor_desk.clock), CHECKS)
    run_until(prober(again, target, pace), pace, START + timedelta(minutes=11))
    assert [minutes(change.at) for change in again.history("custody")] == [9]
    assert target.asked == ["GET /health"] * 4


def test_it_stops_at_once_while_it_sleeps(monitors: MonitorService, target: Target, tmp_path: Path) -> None:
    monitors.record("custody", ok(), START)
    slow = ScaledPace(tmp_path / "slow.json", START, 1.0)

    async def scene() -> float:
        stop = asyncio.Event()
        running = asyncio.create_task(prober(monitors, target, slow).run(stop))
        for _ in range(50):
            await asyncio.sleep(0)  # it looks at the journal and goes to sleep
        began = time.perf_counter()
        stop.set()
        await running
        return time.perf_counter() - began

    assert asyncio.run(asyncio.wait_for(scene(), 30)) < 1


def test_time_stands_still_while_a_question_is_under_way(
    monitors: MonitorService, target: Target, pace: ScaledPace
) -> None:
    seen: list[datetime] = []

    def healthy() -> int:
        seen.append(pace.now())
        return 200

    target.health = healthy
    run_until(prober(monitors, target, pace), pace, START + timedelta(minutes=21))
    assert [minutes(at) for at in seen] == [0, 5, 10, 15, 20]


def test_a_child_is_still_asked_while_its_parent_is_down(
    monitors: MonitorService, target: Target, pace: ScaledPace
) -> None:
    down_between(target, pace, 0, 600)
    run_until(prober(monitors, target, pace, *CHECKS[:2]), pace, START + timedelta(minutes=30))
    child = monitors.state("cells", pace.now())
    assert (child.status, child.suppressed_by, child.alerting) == (Status.CRITICAL, ("custody",), False)
    assert target.asked.count("GET /cells") == 8


def test_a_loop_that_stood_still_blames_itself_not_the_system(
    monitors: MonitorService, target: Target, pace: ScaledPace
) -> None:
    hasty = CUSTODY.model_copy(update={"timeout": 0.4})
    target.health = lambda: 503

    class Stalled(Prober):
        async def _evaluate(self, check: AnyCheck, session: object, at: datetime) -> Result:
            hold_the_loop()
            return await super()._evaluate(check, session, at)  # type: ignore[arg-type]

    stalled = Stalled(monitors, [hasty], lambda: {"custody": target.url}, pace)
    run_until(stalled, pace, START + timedelta(minutes=1))
    view = monitors.state("custody", pace.now())
    assert (view.status, view.reason) == (Status.UNKNOWN, Reason.PROBER_OVERLOADED)


def test_a_ledger_check_is_judged_by_the_ledger(
    monitors: MonitorService, target: Target, pace: ScaledPace
) -> None:
    late = Summary(sent=1, in_flight=1, oldest_in_flight=timedelta(hours=3))
    one = Prober(monitors, CHECKS[2:], dict, pace, ledger=lambda _: late)
    run_until(one, pace, START + timedelta(minutes=5))
    assert monitors.state("transfer", pace.now()).status is Status.CRITICAL


def test_a_ledger_that_cannot_be_read_is_unknown(monitors: MonitorService, pace: ScaledPace) -> None:
    def locked(_: datetime) -> Summary:
        raise Unavailable("the database does not answer: locked")

    run_until(Prober(monitors, CHECKS[2:], dict, pace, ledger=locked), pace, START + timedelta(minutes=1))
    view = monitors.state("transfer", pace.now())
    assert (view.status, view.reason) == (Status.UNKNOWN, Reason.ERROR)


def test_without_a_ledger_a_ledger_check_is_unknown(monitors: MonitorService, pace: ScaledPace) -> None:
    run_until(Prober(monitors, CHECKS[2:], dict, pace), pace, START + timedelta(minutes=5))
    assert monitors.state("transfer", pace.now()).reason is Reason.NO_DATA


def test_a_database_that_does_not_answer_costs_a_sample_not_the_prober(
    monitor_desk: Desk, target: Target, pace: ScaledPace
) -> None:
    class Flaky(MonitorService):
        refusals = 1

        def record_all(self, told: Sequence[Told]) -> list[Recorded]:
            if self.refusals:
                self.refusals -= 1
                raise Unavailable("the database did not take the write")
            return super().record_all(told)

    flaky = Flaky(monitor_desk, CHECKS)
    run_until(prober(flaky, target, pace), pace, START + timedelta(minutes=3))
    assert flaky.state("custody", pace.now()).last_result_at == START + timedelta(minutes=2)


def test_first_questions_are_spread_when_asked_to(
    monitors: MonitorService, target: Target, pace: ScaledPace
) -> None:
    spread = Prober(monitors, CHECKS[:2], lambda: {"custody": target.url}, pace, spread=True)
    run_until(spread, pace, START + timedelta(minutes=1))
    asked = {check.id: monitors.last(check.id) for check in CHECKS[:2]}
    offsets = [(last.at - START).total_seconds() for last in asked.values() if last]
    assert len(set(offsets)) == 2
    assert all(0 <= offset < 30 for offset in offsets)
