"""Case files: received, acknowledged, accepted in time; held back in silence while acknowledgements are dropped."""

from __future__ import annotations

import pytest

from tests.cutover.range.conftest import World

pytestmark = pytest.mark.real


def send(world: World, key: str, case: str = "case 1") -> str:
    answer = world.post("case_transfer", "/files", key, case=case, content_sha256="ab" * 32)
    assert answer.status_code in {200, 202}
    return str(answer.json()["reference"])


def state(world: World, reference: str) -> str:
    return str(world.get("case_transfer", f"/files/{reference}").json()["state"])


def test_a_file_is_received_then_acknowledged_then_accepted(world: World) -> None:
    reference = send(world, "in time")
    assert state(world, reference) == "received"
    world.clock.advance(minutes=5)
    assert state(world, reference) == "acknowledged"
    world.clock.advance(minutes=55)
    assert state(world, reference) == "accepted"
    assert world.get("case_transfer", "/files/F-999999").status_code == 404


def test_a_file_whose_acknowledgement_is_dropped_stays_received_until_it_is_sent_again(world: World) -> None:
    world.break_("case_transfer", drop_acknowledgements=1)
    held, other = send(world, "held"), send(world, "not held")
    world.clock.advance(days=1)
    assert (state(world, held), state(world, other)) == ("received", "accepted")
    assert send(world, "held") == held
    world.clock.advance(hours=1)
    assert state(world, held) == "accepted"
    assert [f["key"] for f in world.get("case_transfer", "/files").json()["files"]].count("held") == 1


def test_sending_again_does_not_help_while_acknowledgements_are_still_dropped(world: World) -> None:
    world.break_("case_transfer", drop_acknowledgements=1000)
    reference = send(world, "dropped", "case dropped")
    world.clock.advance(hours=3)
    assert send(world, "dropped", "case dropped") == reference
    world.clock.advance(hours=3)
    assert state(world, reference) == "received"
    world.break_("case_transfer", drop_acknowledgements=0)  # the receiver catches up by itself
    world.clock.advance(hours=1)
    assert state(world, reference) == "accepted"
    assert world.get("case_transfer", "/effects/dropped").json() == {
        "key": "dropped",
        "name": "files",
        "applied": 1,
        "requests": 2,
    }
