"""The wall clock is stepped under a runner by two hours: no wait and no gate ends early or late, and it is written down."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
import structlog

import runbooks.domain.weather
from cutover.core.clock import FixedClock
from cutover.core.event import Catalogue
from cutover.store.desk import Desk
from cutover.store.journal import Journal
from cutover.store.steady import SteadyClock
from runbooks.domain.run_events import RunStage
from runbooks.surroundings import warn_of_clock_behind, weather
from tests.runbooks.conftest import EVENTS, Room
from tests.runbooks.plans import HOUR, auto, task


@pytest.mark.parametrize("step", [timedelta(hours=-2), timedelta(hours=2)])
def test_a_wait_lasts_as_long_as_it_says(room: Room, step: timedelta) -> None:
    """The machine's wall clock jumps when the first task is done; the run's own clock does not."""
    room.desk = Desk(
        Journal(room.desk.journal.engine, Catalogue(EVENTS, runbooks.domain.weather.EVENTS), room.pace),
        room.pace,
    )
    began = room.pace.now()
    jumped = [False]

    def wall() -> datetime:
        jumped[0] = jumped[0] or room.ledger.applied.total() > 0
        return room.pace.now() + (step if jumped[0] else timedelta(0))

    def counter() -> float:
        return (room.pace.now() - began).total_seconds()

    clock = SteadyClock(wall=wall, steady=counter)
    name = room.start(auto("A"), task("W", "A", type="wait", duration="5h"), auto("B", "W"))
    state = asyncio.run(room.performer(name, wall=clock, stepped=clock.stepped).run())
    assert state.stage is RunStage.COMPLETE
    assert state.ended_at == began + 7 * HOUR
    assert [seconds for _, seconds in weather(room.desk, name).clock_steps] == [step.total_seconds()]


def test_a_runner_that_starts_with_a_clock_behind_its_own_run_says_so_with_the_remedy(room: Room) -> None:
    name = room.start(auto("A"))
    right = FixedClock(room.pace.now())
    behind = Desk(room.desk.journal, FixedClock(room.pace.now() - 2 * HOUR))
    with structlog.testing.capture_logs() as logged:
        warn_of_clock_behind(Desk(room.desk.journal, right), name)
        warn_of_clock_behind(behind, name)
    (line,) = logged
    assert (line["event"], line["log_level"]) == ("clock_is_behind_the_run", "error")
    assert "set this machine's clock right" in line["remedy"]
