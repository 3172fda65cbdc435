"""Seventy-two hours in a minute, the same for every process, and standing still while real work is done."""

import asyncio
import json
import math
import time
from datetime import UTC, datetime, timedelta

import pytest

from cutover.core.clock import SystemClock
from cutover.store.clock_file import ClockFile, RealPace, ScaledPace, programme_clock
from tests.conftest import START

HOUR = timedelta(hours=1)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "clock.json"


@pytest.fixture
def wall(monkeypatch):
    """The machine's wall clock, in our hands."""

    class Wall:
        at = 1_800_000_000.0

        def __call__(self):
            return self.at

    wall = Wall()
    monkeypatch.setattr(time, "time", wall)
    return wall


def test_time_runs_so_many_times_faster_for_every_reader(path, wall):
    pace, reader = ScaledPace(path, START, 4320), ClockFile(path)
    wall.at += 30
    assert pace.now() == reader.now() == START + timedelta(hours=36)


def test_a_new_speed_holds_from_now_on(path, wall):
    pace = ScaledPace(path, START, 60)
    wall.at += 60
    pace.set_factor(1)
    wall.at += 60
    assert ClockFile(path).now() == START + HOUR + timedelta(minutes=1)


def test_time_stands_still_while_real_work_is_under_way(path, wall):
    pace = ScaledPace(path, START, 3600)

    async def work():
        async with pace.hold(), pace.hold():
            wall.at += 100
            assert pace.now() == ClockFile(path).now() == START
        wall.at += 1
        assert pace.now() == ClockFile(path).now() == START + HOUR

    asyncio.run(work())


def test_work_that_fails_lets_go_of_the_time(path, wall):
    pace = ScaledPace(path, START, 3600)

    async def fail():
        async with pace.hold():
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(fail())
    wall.at += 1
    assert pace.now() == START + HOUR


def test_with_no_factor_but_infinity_time_steps_to_the_next_sleeper(path):
    pace, woken = ScaledPace(path, START, math.inf), []

    async def sleeper(name, hours):
        await pace.sleep_until(START + hours * HOUR)
        woken.append((name, pace.now() - START))

    async def all_of_them():
        await asyncio.gather(
            sleeper("late", 72), sleeper("early", 1), sleeper("middle", 24), sleeper("middle too", 24)
        )

    asyncio.run(all_of_them())
    assert [(name, at) for name, at in woken if "middle" not in name] == [
        ("early", HOUR),
        ("late", 72 * HOUR),
    ]
    assert {at for name, at in woken if "middle" in name} == {24 * HOUR}
    assert ClockFile(path).now() == START + 72 * HOUR


def test_a_stepping_clock_does_not_step_while_somebody_works(path):
    pace, seen = ScaledPace(path, START, math.inf), []

    async def worker():
        async with pace.hold():
            for _ in range(50):
                await asyncio.sleep(0)
            seen.append(pace.now())

    async def both():
        await asyncio.gather(worker(), pace.sleep_until(START + HOUR))

    asyncio.run(both())
    assert seen == [START]
    assert pace.now() == START + HOUR


def test_a_sleeper_that_is_cancelled_holds_nobody_up(path):
    pace = ScaledPace(path, START, math.inf)

    async def both():
        doomed = asyncio.create_task(pace.sleep_until(START + HOUR / 2))
        await asyncio.sleep(0)
        doomed.cancel()
        await pace.sleep_until(START + HOUR)

    asyncio.run(both())
    assert pace.now() == START + HOUR


def test_a_scaled_sleep_ends_when_its_time_has_come(path):
    pace = ScaledPace(path, START, 36_000)
    asyncio.run(pace.sleep_until(START + HOUR))
    assert START + HOUR <= pace.now() < START + 48 * HOUR


def test_a_sleep_into_the_past_is_over_at_once(path):
    for pace in (ScaledPace(path, START, 1), RealPace()):
        asyncio.run(pace.sleep_until(START - HOUR * 24 * 365 * 20))


def test_a_faster_clock_wakes_who_slept_at_the_slow_one(path):
    pace = ScaledPace(path, START, 1e-6)

    async def both():
        sleeping = asyncio.create_task(pace.sleep_until(START + 72 * HOUR))
        await asyncio.sleep(0)
        pace.set_factor(math.inf)
        await asyncio.wait_for(sleeping, 10)

    asyncio.run(both())
    assert pace.now() == START + 72 * HOUR


def test_real_waiting_holds_nothing_and_ends(path):
    pace = RealPace()

    async def wait():
        async with pace.hold():
            await pace.sleep_until(pace.now() + timedelta(milliseconds=1))

    asyncio.run(wait())


def test_a_programme_without_a_clock_file_lives_in_real_time(path):
    assert isinstance(programme_clock(path), SystemClock)
    ScaledPace(path, START, 1)
    assert isinstance(programme_clock(path), ClockFile)


def test_the_file_is_whole_at_every_moment_and_says_utc(path):
    ScaledPace(path, datetime(2026, 10, 23, 22, tzinfo=START.tzinfo), 2)
    written = json.loads(path.read_bytes().partition(b" ")[2])
    assert datetime.fromisoformat(written["at"]).tzinfo is UTC or written["at"].endswith("+00:00")
    assert [p.name for p in path.parent.iterdir()] == ["clock.json"]
