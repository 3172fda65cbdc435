"""The journal as it stood: what had happened by a moment, in an order that was legal, and nothing can be added."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from cutover.core.clock import FixedClock
from cutover.core.errors import Refused
from cutover.domain.modes import COMPONENT, EVENTS, Mode, SwitchMode
from cutover.store.as_of import AsOf, desk_as_of
from cutover.store.desk import Desk
from tests.conftest import START, MakeDesk

STREAM = "component:records"
HOUR = timedelta(hours=1)


@pytest.fixture
def desk(make_desk: MakeDesk, any_engine: Engine, clock: FixedClock) -> Desk:
    """Read-only at the start, dark an hour later; live again, which was said to have been before that."""
    desk = make_desk(EVENTS, on=any_engine)
    for mode, hours, late in ((Mode.READ_ONLY, 0, 0), (Mode.DARK, 1, 0), (Mode.LIVE, 3, 2.5)):
        clock.at = START + hours * HOUR
        at = clock.at - late * HOUR
        desk.ask(COMPONENT, STREAM, SwitchMode(by="asha", to=mode, reason="so it was"), at=at)
    return desk


def test_what_had_not_happened_is_not_seen(desk: Desk) -> None:
    assert desk_as_of(desk, START - HOUR).state(COMPONENT, STREAM).since is None
    assert desk_as_of(desk, START).state(COMPONENT, STREAM).mode is Mode.READ_ONLY
    assert AsOf(desk.journal, START - HOUR).streams("component:") == []
    assert AsOf(desk.journal, START).streams("component:") == [STREAM]


def test_a_fact_told_late_is_seen_behind_what_stands_before_it(desk: Desk) -> None:
    assert desk_as_of(desk, START + HOUR / 2).state(COMPONENT, STREAM).mode is Mode.READ_ONLY
    assert desk_as_of(desk, START + HOUR).state(COMPONENT, STREAM).mode is Mode.LIVE


def test_at_the_end_it_is_the_live_journal(desk: Desk) -> None:
    then = AsOf(desk.journal, START + 3 * HOUR)
    assert then.read(STREAM) == desk.journal.read(STREAM)
    assert then.read(STREAM, after=1) == desk.journal.read(STREAM, after=1)
    assert then.tail() == desk.journal.tail()


def test_nothing_is_recorded_in_the_past(desk: Desk) -> None:
    then = desk_as_of(desk, START + HOUR)
    with pytest.raises(Refused, match="as it was at 23 Oct 22:00Z"):
        then.ask(COMPONENT, STREAM, SwitchMode(by="asha", to=Mode.DARK, reason="no"))


def test_the_live_desk_does_not_notice(desk: Desk) -> None:
    before = desk.state(COMPONENT, STREAM)
    desk_as_of(desk, START).state(COMPONENT, STREAM)
    assert desk.state(COMPONENT, STREAM) == before
