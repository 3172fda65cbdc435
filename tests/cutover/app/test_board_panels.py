"""What hid in 2019 stands at the head of the board: a system that fails, a comparison that says no, a register nobody looks at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from cutover.app.board_panels import OtherRooms
from cutover.app.bootstrap import World, build_world
from cutover.core.clock import FixedClock
from cutover.web.kit import Alert
from monitors.domain.check import critical, ok
from runbooks.web import TICK
from tests.conftest import START

PROGRAMME = """
title: Small
window: {opens: 2026-10-23T21:00Z, closes: 2026-10-23T22:00Z}
components: [{id: custody, title: Custody}]
people: [{id: asha, name: Asha}]
"""
MONITORS = """
checks:
  - {id: exports, kind: files, title: Exports come, component: custody, owner: asha, folder: in, severity: critical, max_attempts: 1, recover_after: 1}
"""
CONTRACT = """
id: crimes
title: Crimes, old against new
entity: crime
source: {path: old.csv}
target: {path: new.csv}
key: id
columns: {id: text, state: text}
state: state
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    (tmp_path / "programme.yaml").write_text(PROGRAMME)
    for folder, text in (("monitors", MONITORS), ("reconciliation", CONTRACT)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "all.yaml").write_text(text)
    (tmp_path / "old.csv").write_text("id,state\n1,open\n2,under_review\n")
    (tmp_path / "new.csv").write_text("id,state\n1,open\n")
    world = build_world(tmp_path, pace=FixedClock(START))
    yield world
    world.engine.dispose()


def told(world: World) -> list[Alert]:
    return [alert for panel in OtherRooms(world)() for alert in panel.alerts]


def test_a_component_that_nobody_hears_of_is_told_as_not_known(world: World) -> None:
    (alert,) = told(world)
    assert (alert.look, alert.text) == ("warn", "Not known how it stands, which is not well: Custody.")


def test_a_failing_system_is_told_with_what_it_says_and_leads_to_health(world: World) -> None:
    world.monitors.record("exports", critical("the folder is empty"), START)
    (alert,) = told(world)
    assert (alert.look, alert.text, alert.link) == ("bad", "Custody: failing. Exports come: the folder is empty", "/health")  # fmt: skip


def test_records_that_never_arrived_are_told_though_every_system_is_well(world: World) -> None:
    world.monitors.record("exports", ok(), START)
    assert told(world) == []
    world.reconciliation.run("crimes", by="asha")
    (alert,) = told(world)
    assert alert.look == "bad"
    assert alert.text.startswith("Crimes, old against new: FAIL: 1 missing")
    assert alert.link == "/reconciliation?contract=crimes"


def test_what_has_not_been_compared_is_said_in_its_panel_and_not_called_well(world: World) -> None:
    (panel,) = [one for one in OtherRooms(world)() if one.title == "Reconciliation"]
    assert panel.rows == (("Crimes, old against new", "not compared yet"),)


def test_health_is_read_again_with_a_fact_of_the_monitors_and_with_time_and_not_with_every_result(
    world: World,
) -> None:
    rooms, clock = OtherRooms(world), world.pace
    assert isinstance(clock, FixedClock)

    def said() -> str:
        (alert,) = [alert for panel in rooms() for alert in panel.alerts]
        return alert.text

    assert said().startswith("Not known how it stands")
    for heard, wanted in (("it is empty", "it is empty"), ("still so", "it is empty")):
        world.monitors.record("exports", critical(heard))
        assert said() == f"Custody: failing. Exports come: {wanted}"
        clock.advance(timedelta(seconds=1))
    clock.advance(timedelta(seconds=TICK))
    assert said() == "Custody: failing. Exports come: still so"
