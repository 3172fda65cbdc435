"""A rehearsal whose run nobody brings on comes to an end all the same."""

from __future__ import annotations

import asyncio
from pathlib import Path

from cutover.app.bootstrap import build_world
from cutover.range.rehearsal import LONGEST, PATIENCE, while_it_moves
from cutover.store.clock_file import ScaledPace
from runbooks.domain.run_events import ClaimTask
from runbooks.domain.run_stages import TaskStage
from tests.conftest import START
from tests.runbooks.folders import write_programme


async def _never() -> None:
    await asyncio.Event().wait()


def test_a_run_in_which_nothing_is_under_way_is_left_a_day_after_its_window_and_any_other_after_a_week(
    tmp_path: Path,
) -> None:
    pace = ScaledPace(tmp_path / "clock.json", START, float("inf"))
    world = build_world(write_programme(tmp_path / "prog"), pace=pace)
    closes = world.folder.programme.closes
    run_id = world.runs.start(world.folder.runbooks["small"], by="asha")
    asyncio.run(while_it_moves(world, run_id, _never()))
    assert closes + PATIENCE <= pace.now() < closes + LONGEST
    ready = next(n for n, at in world.runs.state(run_id).tasks.items() if at.stage is TaskStage.STARTABLE)
    world.runs.ask(run_id, ClaimTask(by="chen", task=ready))
    asyncio.run(while_it_moves(world, run_id, _never()))
    assert pace.now() >= closes + LONGEST
    world.engine.dispose()
