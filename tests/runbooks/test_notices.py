"""Who is told what: each person what concerns them, each thing once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from runbooks.domain import notes
from runbooks.domain import run_events as ev
from runbooks.notices import Notice, notices
from tests.cutover.web.conftest import world as world  # noqa: PLC0414  the fixture
from tests.cutover.web.world import PROGRAMME, World


def told(world: World) -> list[Notice]:
    state = world.runs.state(world.run_id)
    gates = {t.id: world.runs.gate(world.run_id, t.id) for t in state.runbook.tasks if t.gate}
    return list(notices(state, gates, PROGRAMME, world.clock.now()))


def said(world: World, subject: str) -> list[str]:
    return [n.person for n in told(world) if n.subject.startswith(subject)]


def test_whose_task_can_start_is_told(world: World) -> None:
    world.start()
    assert said(world, "Can start: F2") == ["asha"]


def test_a_task_that_is_late_is_told_to_who_is_at_it_and_to_the_programme_manager(world: World) -> None:
    world.start()
    world.done("F2", "asha", "frozen")
    world.ask(ev.ClaimTask(by="bo", task="F3"))
    world.after(hours=3, minutes=4)
    assert said(world, "Late: F3") == []
    world.after(minutes=2)
    assert said(world, "Late: F3") == ["bo", "asha"]


def test_a_gate_asks_its_deciders_and_reminds_who_has_not_voted(world: World) -> None:
    world.start()
    world.load()
    world.decide()  # Asha has voted
    assert said(world, "Decide: G1") == ["chen"]
    assert said(world, "Due: G1") == []
    world.after(hours=5)
    assert said(world, "Due: G1") == ["chen"]


def test_a_forecast_past_the_window_is_told_again_when_it_is_an_hour_worse(world: World) -> None:
    world.start()
    ids = set()
    for minutes in (30, 50, 90):
        end = PROGRAMME.closes + timedelta(minutes=minutes)
        world.ask(
            ev.MoveForecast(by="performer", p50=end, p80=end, p95=end, chance_to_miss=0.9, cause="L4 is slow")
        )
        ids |= {n.id for n in told(world) if n.subject == "The forecast passes the window"}
    assert len(ids) == 2


def test_an_announcement_reaches_everybody_once(world: World) -> None:
    world.start()
    world.ask(notes.Announce(by="asha", text="Soup in room 2"))
    assert said(world, "Go-live of three systems: Soup") == [p.id for p in PROGRAMME.people]


@pytest.mark.parametrize(
    "end", [ev.PauseRun(by="asha", message="power"), ev.CancelRun(by="asha", reason="enough")]
)
def test_a_run_that_is_paused_or_over_calls_nobody_to_work(world: World, end: ev.PauseRun) -> None:
    world.start()
    world.ask(end)
    assert [n for n in told(world) if n.task] == []


def test_the_same_run_at_the_same_moment_gives_the_same_ids_each_once(world: World) -> None:
    world.start()
    world.load()
    world.decide()
    ids = [n.id for n in told(world)]
    assert ids == [n.id for n in told(world)]
    assert len(ids) == len(set(ids))
