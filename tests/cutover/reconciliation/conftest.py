from __future__ import annotations

from pathlib import Path

import pytest

from cutover.reconciliation.comparison import EVENTS
from cutover.reconciliation.tables import ReconciliationView
from tests.conftest import MakeDesk
from tests.cutover.reconciliation.world import World


@pytest.fixture
def world(tmp_path: Path, make_desk: MakeDesk) -> World:
    return World(tmp_path, make_desk, (EVENTS, [ReconciliationView()]))
