"""Bookings: found by exact and by near name, made once, released once."""

from __future__ import annotations

import httpx
import pytest

from cutover.range.custody import NEAR, likeness
from tests.cutover.range.conftest import World

ARRIVED = "2026-10-24T09:00:00Z"


@pytest.mark.parametrize("kept", ["Jonathon Smith", "SMITH JONATHAN", "Jonathan Smyth"])
def test_a_name_misspelt_or_turned_round_is_near_and_not_the_same(kept: str) -> None:
    assert NEAR <= likeness("Jonathan Smith", kept) < 100


def test_another_person_is_not_near() -> None:
    assert likeness("Jonathan Smith", "Aisha Okafor") < NEAR


@pytest.mark.real
def test_a_booking_is_found_by_its_exact_name_and_by_a_near_one_only_when_asked(world: World) -> None:
    booked = world.post("custody", "/bookings", "find", name="Zoltán Szabó", arrived_at=ARRIVED, cell="7")
    assert booked.status_code == 201
    exact = world.get("custody", "/bookings", name="zoltán szabó").json()["bookings"]
    assert [(b["reference"], b["arrived_at"], b["details"]) for b in exact] == [
        (booked.json()["reference"], "2026-10-24T09:00:00.000000Z", {"cell": "7"})
    ]
    assert world.get("custody", "/bookings", name="Zoltan Szabo", near=0).json()["bookings"] == []
    near = world.get("custody", "/bookings", name="Zoltan Szabo", near=1).json()["bookings"]
    assert [b["name"] for b in near] == ["Zoltán Szabó"]


@pytest.mark.real
def test_a_booking_whose_answer_was_lost_is_made_once(world: World) -> None:
    world.break_("custody", drop_acknowledgements=1)
    with pytest.raises(httpx.TransportError):
        world.post("custody", "/bookings", "lost booking", name="Lost Answer", arrived_at=ARRIVED)
    again = world.post("custody", "/bookings", "lost booking", name="Lost Answer", arrived_at=ARRIVED)
    found = world.get("custody", "/bookings", name="Lost Answer").json()["bookings"]
    assert (again.status_code, [b["reference"] for b in found]) == (200, [again.json()["reference"]])


@pytest.mark.real
def test_a_release_needs_no_key_and_the_first_one_stands(world: World) -> None:
    reference = world.post("custody", "/bookings", "release", name="Let Go", arrived_at=ARRIVED).json()[
        "reference"
    ]
    first = world.post("custody", f"/bookings/{reference}/release", None).json()
    world.clock.advance(hours=1)
    for key in (None, "another"):
        assert world.post("custody", f"/bookings/{reference}/release", key).json() == first
    assert first["released_at"] == "2026-10-24T09:30:00.000000Z"
    assert world.post("custody", "/bookings/B-999999/release", "nobody").status_code == 404
    assert world.get("custody", "/effects/nobody").status_code == 404
