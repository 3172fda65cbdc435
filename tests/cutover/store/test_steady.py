"""A stepped wall clock moves no deadline: a running process keeps its own time and says what it saw."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from cutover.store.clock_file import RealPace
from cutover.store.steady import SteadyClock, clock_of, steady_seconds, wall_time
from tests.conftest import START

HOURS = [timedelta(hours=-2), timedelta(hours=2)]


class Machine:
    """A machine whose two clocks are ours to move."""

    def __init__(self) -> None:
        self.wall, self.seconds = START, 0.0

    def goes_on(self, by: timedelta) -> None:
        self.wall += by
        self.seconds += by.total_seconds()

    def clock(self, start: datetime | None = None) -> SteadyClock:
        return SteadyClock(start, wall=lambda: self.wall, steady=lambda: self.seconds)


@pytest.mark.parametrize("step", HOURS)
def test_a_step_of_two_hours_moves_no_time_and_is_told(step: timedelta) -> None:
    machine = Machine()
    clock = machine.clock()
    machine.goes_on(timedelta(minutes=10))
    machine.wall += step
    assert clock.now() == START + timedelta(minutes=10)
    assert (clock.stepped(), clock.stepped()) == (step, step)
    machine.goes_on(timedelta(minutes=10))
    assert clock.now() == START + timedelta(minutes=20)


def test_a_slight_correction_is_followed() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.wall += timedelta(seconds=1)
    assert clock.stepped() == timedelta(0)
    assert clock.now() == START + timedelta(seconds=1)


@pytest.mark.parametrize("step", HOURS)
def test_a_wait_is_neither_cut_short_nor_drawn_out_by_a_step(
    step: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine()
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        machine.goes_on(timedelta(seconds=seconds))
        if len(slept) == 3:
            machine.wall += step

    monkeypatch.setattr(asyncio, "sleep", sleep)
    asyncio.run(RealPace(machine.clock()).sleep_until(START + timedelta(minutes=10)))
    assert sum(slept) == 600


def test_the_night_the_clocks_go_back_is_an_hour_longer_and_nothing_else() -> None:
    """01:30 happens twice in London; a deadline at the second of them is three and a half hours after 23:00."""
    machine = Machine()
    machine.wall = datetime(2026, 10, 24, 22, 0, tzinfo=UTC)
    clock = machine.clock()
    second = datetime(2026, 10, 25, 1, 30, tzinfo=ZoneInfo("Europe/London"), fold=1).astimezone(UTC)
    machine.goes_on(timedelta(hours=3, minutes=29))
    assert clock.now() < second
    machine.goes_on(timedelta(minutes=1))
    assert clock.now() == second
    assert clock.stepped() == timedelta(0)


def test_machines_that_share_a_database_server_share_its_clock(any_engine: Engine) -> None:
    assert abs(clock_of(any_engine).now() - wall_time()) < timedelta(seconds=30)


def test_the_counter_goes_on() -> None:
    assert steady_seconds() <= steady_seconds()
