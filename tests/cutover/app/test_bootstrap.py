"""Everything wired in one place: one journal, every kind of fact known once, a world that flows and commands share."""

from __future__ import annotations

import asyncio
import shutil
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from cutover.app import rooms
from cutover.app.bootstrap import World, as_current, build_world, open_world
from cutover.app.facts import DRAWN_IN, VIEWS, catalogue, families, projections
from cutover.app.settings import Settings
from cutover.core.errors import Invalid, Refused
from cutover.domain.gates import Verdict
from cutover.store.clock_file import ClockFile, set_clock
from cutover.store.engine import sqlite_url
from cutover.store.steady import SteadyClock
from runbooks.domain.run_events import RunStage
from runbooks.players import OwnHands, Players
from runbooks.steps import InlineExecutor
from tests.conftest import EXAMPLES, START


def test_every_kind_of_fact_has_one_name_in_the_whole_product() -> None:
    kinds = [event for family in families() for event in family]
    assert len(kinds) == len({event.kind() for event in kinds}) == len(catalogue().kinds)


def test_no_two_views_share_a_name_or_a_table() -> None:
    names = [view.name for view in projections()]
    tables = [table.name for view in projections() for table in view.tables]
    assert len(names) == len(set(names))
    assert len(tables) == len(set(tables))


def test_every_view_is_named_and_written_down_where_its_shape_is_told_from() -> None:
    written = "".join(Path(str(find_spec(name).origin)).read_text("utf-8") for name in DRAWN_IN)  # type: ignore[union-attr]
    for name, room, module, kind in VIEWS:
        view = getattr(import_module(f"{room}.{module}"), kind)()
        assert view.name == name
        assert [table.name for table in view.tables if f'"{table.name}",' not in written] == []


def test_every_door_leads_into_a_room() -> None:
    for held in rooms.DOORS.values():
        assert [name for name in held if getattr(rooms, name) is None] == []


def test_all_services_share_one_desk(world: World) -> None:
    services = (world.runs, world.reconciliation, world.paper, world.bulletins, world.conversions)
    assert all(service.desk is world.desk for service in services)
    assert world.desk.clock is world.clock
    assert world.ids() != world.ids()


def test_a_folder_that_is_none_leaves_no_database_behind(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"no programme\.yaml"):
        build_world(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_programme_s_clock_is_the_machine_s_unless_a_rehearsal_set_one(folder: Path) -> None:
    live = build_world(folder)
    assert isinstance(live.clock, SteadyClock)
    live.engine.dispose()
    set_clock(folder / "state" / "clock.json", START)
    rehearsed = build_world(folder)
    assert isinstance(rehearsed.clock, ClockFile)
    assert rehearsed.clock.now() == START
    rehearsed.engine.dispose()


def test_a_database_of_one_s_own_is_used_instead(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.db"
    build_world(folder, settings=Settings(database_url=sqlite_url(own))).engine.dispose()
    assert own.exists()
    assert not (folder / "state" / "cutover.db").exists()


def test_a_flow_finds_the_world_that_is_open_and_opens_one_elsewhere(world: World) -> None:
    with as_current(world), open_world(world.folder.path) as found:
        assert found is world
    with open_world(world.folder.path) as another:
        assert another is not world


def test_a_rehearsal_puts_its_stand_ins_over_the_programme_s_systems(world: World) -> None:
    assert world.systems() == {"new_records": "http://127.0.0.1:9003"}
    world.systems_elsewhere = {"new_records": "http://127.0.0.1:5", "custody": "http://127.0.0.1:6"}
    assert world.systems()["new_records"] == "http://127.0.0.1:5"


def test_a_whole_run_through_the_world_s_own_parts(world: World) -> None:
    """The same journal, actions and providers as a live run; nobody answers for its criterion, so it is waived."""
    world.simulated = True
    name = world.runs.start(world.folder.runbook(), by="asha")

    class VotesOnce(OwnHands):
        """Says no in the first round, and in the second leaves the word to who waives."""

        def vote(self, task: str, by: str, vote: Verdict, caveat: str) -> None:
            if self.service.state(name).tasks["fix"].completion is not None:
                raise Refused("Asha has the word")
            super().vote(task, by, vote, caveat)

    async def perform() -> RunStage:
        async with httpx.AsyncClient() as client:
            players = Players(world.runs, name, world.pace, VotesOnce(world.runs, name))
            playing = asyncio.create_task(players.play())
            performing = asyncio.create_task(world.performer(name, InlineExecutor(), client).run())
            while world.runs.state(name).tasks["fix"].completion is None:  # noqa: ASYNC110  the first round says no
                await asyncio.sleep(0.02)
            while world.runs.gate(name, "G").verdict != "pending":  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            world.runs.waive(name, "G", by="chen", reason="seen by myself")
            world.runs.waive(name, "G", by="asha", reason="seen by myself")
            state = await asyncio.wait_for(performing, 20)
            await playing
            return state.stage

    assert asyncio.run(perform()) is RunStage.COMPLETE
    assert world.journal.verify().holds


def test_a_form_that_is_keyed_twice_counts_twice_in_the_forecast(tmp_path: Path) -> None:
    """Minutes are a pass's; what waits is worth all of its passes."""
    shutil.copytree(EXAMPLES / "seventy_two_hours", tmp_path / "p", ignore=shutil.ignore_patterns("state"))
    with open_world(tmp_path / "p") as world:
        forms, minutes = world.folder.forms, world.backlog.minutes
        assert {name: form.minutes * form.passes for name, form in forms.items()} == {
            n: minutes[n] for n in forms
        }
        assert any(form.passes > 1 for form in forms.values())
