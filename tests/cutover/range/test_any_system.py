"""A stand-in for a system that the range knows nothing of: it answers as it was told, and does each thing once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from cutover.range.any_system import tell_answers
from cutover.range.processes import RangeProcesses

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    state: Path = tmp_path_factory.mktemp("hospital") / "state"
    tell_answers(
        state / "range", {"ward": {"/actuator/health": {"status": "UP"}, "/health": {"status": "fine"}}}
    )
    with (
        RangeProcesses(state, systems=["ward"]) as running,
        httpx.Client(base_url=running.urls["ward"], trust_env=False) as client,
    ):
        yield client


def test_it_answers_where_it_was_told_to_and_well_everywhere_else(ward: httpx.Client) -> None:
    assert ward.get("/actuator/health").json() == {"status": "UP"}
    assert ward.get("/health").json() == {"system": "ward", "status": "fine"}
    assert ward.get("/beds/12").json() == {"status": "ok", "system": "ward", "path": "/beds/12"}


def test_a_write_is_one_effect_however_often_it_is_asked(ward: httpx.Client) -> None:
    asked = [ward.put("/patients/7", json={"bed": 3}, headers={"Idempotency-Key": "k1"}) for _ in range(2)]
    assert [a.status_code for a in asked] == [201, 200]
    effect = ward.get("/effects/k1").json()
    assert (effect["name"], effect["applied"], effect["requests"]) == ("PUT /patients/7", 1, 2)
    assert ward.get("/patients/7/jobs/k1").json()["state"] == "done"


def test_writes_without_a_key_are_each_an_effect(ward: httpx.Client) -> None:
    before = len(ward.get("/effects").json()["effects"])
    for _ in range(2):
        assert ward.post("/alarms").status_code == 201
    assert len(ward.get("/effects").json()["effects"]) == before + 2


def test_it_can_be_down_and_come_back(ward: httpx.Client) -> None:
    ward.post("/admin/faults", json={"down": True})
    assert ward.get("/beds/12").status_code == 503
    ward.post("/admin/faults", json={"down": False})
    assert ward.get("/beds/12").status_code == 200
