"""A live run on PostgreSQL, its runners, its web process and its database killed under it: as if nothing had been."""

from __future__ import annotations

from pathlib import Path

import pytest

from runbooks.domain.run_events import RunStage
from tests.end_to_end.live import Kill, Live, Plan
from tests.real_parts import require_real

pytestmark = [pytest.mark.real, pytest.mark.timeout(280)]
WEATHER = [
    Kill(6, "database", 0.1),
    Kill(14, "runner", 0.2),
    Kill(20, "web", 0.0),
    Kill(26, "runner", 0.1),
    Kill(32, "database", 0.2),
]


@pytest.mark.requirement("R24")
def test_killed_five_times_it_ends_complete_with_every_effect_once(tmp_path: Path) -> None:
    """Two runners, one standing by: no task is begun twice unless it was found undone in between."""
    require_real("postgresql")
    with Live(tmp_path, Plan(tasks=18, effects=4), prefect=False) as live:
        end = live.play(list(WEATHER))
    assert end.faults == ()
    assert end.stage == RunStage.COMPLETE
    assert {stage.split()[0] for stage in end.tasks.values()} == {"complete"}
    assert sum(live.dealt.values()) == 5
    assert set(live.seen) <= {"200", "503", "not there"}
