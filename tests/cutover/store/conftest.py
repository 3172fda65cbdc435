"""The same desk on SQLite and on a real PostgreSQL."""

import pytest
from sqlalchemy import Engine

from cutover.core.clock import FixedClock
from cutover.store.desk import Desk
from cutover.store.journal import Journal
from tests.conftest import MakeDesk
from tests.cutover.store.desks import ALL, ModeBoard


@pytest.fixture
def any_desk(any_engine: Engine, make_desk: MakeDesk, clock: FixedClock) -> Desk:
    return make_desk(ALL, [ModeBoard()], on=any_engine)


@pytest.fixture
def journal(any_desk: Desk) -> Journal:
    return any_desk.journal


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    return make_desk(ALL, [ModeBoard()])
