"""Every stand-in: timed work once per key, effects that count, faults that bite and outlive a crash."""

from __future__ import annotations

import httpx
import pytest

from cutover.range.place import SYSTEMS
from tests.cutover.range.conftest import World

pytestmark = pytest.mark.real


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_stand_in_says_who_it_is_and_that_it_is_well(world: World, system: str) -> None:
    answer = world.get(system, "/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "system": system})


def test_timed_work_runs_until_its_minutes_have_passed_on_the_rehearsal_clock(world: World) -> None:
    begun = world.post("command_and_control", "/ops/freeze", "timed", minutes=30)
    assert begun.status_code == 202
    assert begun.json()["state"] == "running"
    assert begun.json()["ready_at"] == "2026-10-24T10:00:00.000000Z"
    world.clock.advance(minutes=29)
    assert world.get("command_and_control", "/ops/timed").json()["state"] == "running"
    world.clock.advance(minutes=1)
    done = world.get("command_and_control", "/ops/timed").json()
    assert (done["state"], done["result"]) == ("done", {"name": "freeze"})


def test_the_slow_switch_multiplies_the_minutes(world: World) -> None:
    world.break_("command_and_control", slow=1.8)
    begun = world.post("command_and_control", "/ops/drain", "slowed", minutes=100)
    assert begun.json()["ready_at"] == "2026-10-24T12:30:00.000000Z"


def test_asking_again_under_one_key_counts_the_request_and_does_nothing_more(world: World) -> None:
    first = world.post("command_and_control", "/ops/freeze", "again", minutes=30).json()
    world.clock.advance(minutes=10)
    second = world.post("command_and_control", "/ops/freeze", "again", minutes=30)
    assert (second.status_code, second.json()) == (202, first)
    effect = world.get("command_and_control", "/effects/again").json()
    assert effect == {"key": "again", "name": "ops/freeze", "applied": 1, "requests": 2}
    assert effect in world.get("command_and_control", "/effects").json()["effects"]


def test_the_same_work_under_another_attempt_s_key_was_done_twice(world: World) -> None:
    for key in ("go-live-1.FRZ-02.1", "go-live-1.FRZ-02.2", "go-live-1.FRZ-03.1"):
        world.post("command_and_control", "/ops/freeze", key, minutes=30)
    effects = world.get("command_and_control", "/effects").json()["effects"]
    assert {e["key"]: e["applied"] for e in effects if e["key"].startswith("go-live")} == {
        "go-live-1.FRZ-02.1": 2,
        "go-live-1.FRZ-02.2": 2,
        "go-live-1.FRZ-03.1": 1,
    }


def test_a_key_used_for_something_else_is_a_conflict(world: World) -> None:
    world.post("command_and_control", "/ops/freeze", "taken", minutes=30)
    assert world.post("command_and_control", "/ops/thaw", "taken", minutes=30).status_code == 409
    assert world.get("command_and_control", "/effects/taken").json()["applied"] == 1


def test_an_effect_that_has_not_happened_is_not_found(world: World) -> None:
    assert world.get("command_and_control", "/effects/never").status_code == 404
    assert world.get("command_and_control", "/ops/never").status_code == 404


@pytest.mark.parametrize(
    ("key", "body", "says"),
    [
        (None, {"minutes": 1}, "Idempotency-Key"),
        ("bad minutes", {"minutes": -1}, "minutes"),
        ("no number", {"minutes": "soon"}, "minutes"),
    ],
)
def test_a_request_that_cannot_be_done_says_why_and_leaves_no_effect(
    world: World, key: str | None, body: dict[str, object], says: str
) -> None:
    answer = world.post("command_and_control", "/ops/freeze", key, **body)
    assert answer.status_code == 400
    assert says in answer.json()["error"]
    assert world.get("command_and_control", f"/effects/{key}").status_code == 404


def test_a_system_that_is_down_answers_503_to_all_but_its_faults_and_effects(world: World) -> None:
    world.post("custody", "/ops/drain", "before", minutes=0)
    world.break_("custody", down=True)
    assert world.get("custody", "/health").status_code == 503
    assert world.post("custody", "/ops/drain", "during", minutes=0).status_code == 503
    assert world.get("custody", "/effects/before").json()["applied"] == 1
    assert world.get("custody", "/effects/during").status_code == 404
    world.break_("custody", down=False)
    assert world.get("custody", "/health").status_code == 200


def test_dropped_acknowledgements_commit_and_cut_the_connection_as_often_as_asked(world: World) -> None:
    world.break_("command_and_control", drop_acknowledgements=2)
    for key in ("lost 1", "lost 2"):
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            world.post("command_and_control", "/ops/open", key, minutes=0)
        assert world.get("command_and_control", f"/effects/{key}").json()["applied"] == 1
    assert world.post("command_and_control", "/ops/open", "kept", minutes=0).status_code == 202
    assert world.post("command_and_control", "/ops/open", "lost 1", minutes=0).status_code == 202
    effect = world.get("command_and_control", "/effects/lost 1").json()
    assert (effect["applied"], effect["requests"]) == (1, 2)
    assert world.get("command_and_control", "/admin/faults").json()["drop_acknowledgements"] == 0


def test_an_entry_of_a_fault_plan_is_applied_once_however_often_it_is_sent(world: World) -> None:
    first = world.break_("custody", drop_acknowledgements=1, entry="hour 60")
    assert first["applied"]
    with pytest.raises(httpx.TransportError):
        world.post("custody", "/ops/drain", "eaten", minutes=0)
    again = world.break_("custody", drop_acknowledgements=1, entry="hour 60")
    assert (again["applied"], again["drop_acknowledgements"]) == (False, 0)
    assert "hour 60" in world.get("custody", "/admin/faults").json()["entries"]


@pytest.mark.parametrize(
    "switches", [{"dwon": True}, {"down": 1}, {"slow": 0}, {"drop_acknowledgements": -1}]
)
def test_a_switch_that_does_not_exist_or_fit_is_refused_and_nothing_changes(
    world: World, switches: dict[str, object]
) -> None:
    answer = world.post("custody", "/admin/faults", None, lose_status="filed", **switches)
    assert answer.status_code == 400
    assert world.get("custody", "/admin/faults").json()["lose_status"] == ""


def test_what_was_committed_outlives_a_kill_effects_and_faults_and_keys(world: World) -> None:
    begun = world.post("command_and_control", "/ops/freeze", "outlives", minutes=30).json()
    world.break_("command_and_control", slow=2.5, drop_acknowledgements=3, entry="before the kill")
    world.processes.kill("command_and_control")
    world.processes.start()
    faults = world.get("command_and_control", "/admin/faults").json()
    assert (faults["slow"], faults["drop_acknowledgements"]) == (2.5, 3)
    assert "before the kill" in faults["entries"]
    assert world.post("command_and_control", "/ops/freeze", "outlives", minutes=30).json() == begun
    assert world.get("command_and_control", "/effects/outlives").json()["requests"] == 2
