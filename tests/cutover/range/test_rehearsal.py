"""A rehearsal whose run nobody brings on comes to an end all the same."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from cutover.app.bootstrap import build_world
from cutover.range.cast import read_cast
from cutover.range.ending import EXPLAINED, ONE_TO_ONE, Identity, identities
from cutover.range.people import record_electronically
from cutover.range.place import SYSTEMS
from cutover.range.rehearsal import LONGEST, PATIENCE, as_far_as_it_goes, while_it_moves
from cutover.store.clock_file import ScaledPace
from runbooks.domain.run_events import ClaimTask
from runbooks.domain.run_stages import TaskStage
from tests.conftest import START
from tests.end_to_end.blackout import PROGRAMME
from tests.runbooks.folders import write_programme


@pytest.mark.real
def test_one_whose_systems_are_down_to_the_last_ends_with_a_report_that_says_what_nobody_knows(
    tmp_path: Path,
) -> None:
    """Back-conversion and what is keyed straight into the target stop where the target is silent; the ending asks once more."""
    folder = tmp_path / "dark"
    shutil.copytree(PROGRAMME, folder)
    world = build_world(folder, pace=ScaledPace(tmp_path / "clock.json", START, float("inf")))
    world.systems_elsewhere = dict.fromkeys(SYSTEMS, "http://127.0.0.1:9")
    run_id = world.runs.start(world.folder.runbook(), by="programme-manager")

    async def played() -> list[Identity]:
        await as_far_as_it_goes(record_electronically(world, read_cast(folder / "cast.yaml")))
        return await identities(world, run_id)

    found = {one.title: one for one in asyncio.run(played())}
    for title in (EXPLAINED, ONE_TO_ONE):
        assert not found[title].holds
        assert "nobody knows: http://127.0.0.1:9" in found[title].detail
    assert "0 issued" in found[EXPLAINED].detail
    assert "legacy_records does not say what it did" in found["No effect happened twice in any system"].detail
    world.engine.dispose()


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
