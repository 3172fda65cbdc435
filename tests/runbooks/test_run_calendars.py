"""Calendars of a run that goes on: what is late moves, what is over stands where it was, under the same UIDs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from icalendar import Calendar

from cutover.core.clock import FixedClock
from cutover.core.errors import NotFound
from runbooks.domain.plan import in_zone
from runbooks.formats.ics import write_ics
from runbooks.run_calendars import write_calendars
from tests.conftest import MakeDesk
from tests.cutover.web.world import PROGRAMME, RUNBOOK, World, open_world


@pytest.fixture
def world(make_desk: MakeDesk, clock: FixedClock) -> World:
    """Saturday morning: the load of crimes takes 1.8 times its plan."""
    world = open_world(make_desk, clock)
    world.start()
    world.load()
    return world


def events(path: Path) -> dict[str, object]:
    return {str(e["uid"]).partition(".")[0]: e for e in Calendar.from_ical(path.read_bytes()).walk("VEVENT")}


def test_what_waits_for_a_late_task_is_shown_when_it_is_expected_now(world: World, tmp_path: Path) -> None:
    (mine,) = write_calendars(world.runs, world.run_id, tmp_path, person="asha")
    seen = events(mine)
    assert seen["F2"]["dtstart"].dt == datetime(2026, 10, 23, 22, 25, tzinfo=UTC)  # as it really was
    planned = events(next(p for p in _plan(tmp_path / "plan") if p.name == "go-live-asha.ics"))
    assert (seen["P1"]["dtstart"].dt - planned["P1"]["dtstart"].dt).total_seconds() > 9 * 3600
    assert "Now: not startable in go-live-1; the run is forecast to end by" in str(seen["P1"]["description"])
    assert "Now: normal in go-live-1" in str(seen["F2"]["description"])


def test_they_replace_the_events_of_the_plan(world: World, tmp_path: Path) -> None:
    (mine,) = write_calendars(world.runs, world.run_id, tmp_path, person="asha")
    planned = events(next(p for p in _plan(tmp_path / "plan") if p.name == "go-live-asha.ics"))
    for name, event in events(mine).items():
        assert event["uid"] == planned[name]["uid"]
        assert event["sequence"] > planned[name]["sequence"]


def test_without_a_person_everybody_gets_theirs(world: World, tmp_path: Path) -> None:
    assert {p.stem for p in write_calendars(world.runs, world.run_id, tmp_path)} == {
        p.stem for p in _plan(tmp_path / "plan")
    }


def test_somebody_whom_the_plan_does_not_name_is_told(world: World, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="did you mean 'asha'"):
        write_calendars(world.runs, world.run_id, tmp_path / "out", person="ashe")
    assert not (tmp_path / "out").exists()


def _plan(folder: Path) -> list[Path]:
    tasks, _ = in_zone(RUNBOOK.tasks, PROGRAMME.zone)
    book = RUNBOOK.model_copy(update={"tasks": tasks})
    return write_ics(folder, book, PROGRAMME, at=datetime(2026, 10, 1, tzinfo=UTC))
