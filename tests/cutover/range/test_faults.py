"""A fault plan: read with its lines, due by its moments, applied once whoever resumes it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.core.clock import FixedClock
from cutover.core.errors import Invalid, NotFound, Unavailable
from cutover.range.faults import FaultEntry, FaultPlan, Switches, apply, inject, read_fault_plan
from tests.cutover.range.conftest import World

OPENS = datetime(2026, 10, 23, 21, tzinfo=UTC)
PLAN = """\
faults:
  - {at: 52h, system: custody, set: {down: false}}
  - {at: 50h, system: custody, set: {down: true}}
  - {at: 60h, system: new_records, set: {drop_acknowledgements: 2}}
"""


@pytest.fixture
def plan(tmp_path: Path) -> FaultPlan:
    path = tmp_path / "faults.yaml"
    path.write_text(PLAN)
    return read_fault_plan(path)


def test_entries_are_due_from_their_moment_on_in_order_of_time(plan: FaultPlan) -> None:
    assert plan.due(OPENS, OPENS + timedelta(hours=49, minutes=59)) == ()
    due = plan.due(OPENS, OPENS + timedelta(hours=52))
    assert [entry.changes for entry in due] == [{"down": True}, {"down": False}]


@given(st.lists(st.integers(0, 72), max_size=8), st.integers(0, 72), st.integers(0, 72))
def test_what_was_due_stays_due(hours: list[int], one: int, other: int) -> None:
    plan = FaultPlan(
        faults=tuple(
            FaultEntry(at=timedelta(hours=h), system="custody", set=Switches(down=True)) for h in hours
        )
    )
    early, late = (plan.due(OPENS, OPENS + timedelta(hours=h)) for h in sorted((one, other)))
    assert late[: len(early)] == early


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("  - {at: 50h, system: custdy, set: {down: true}}", "did you mean 'custody'"),
        ("  - {at: 50h, system: custody, set: {dwon: true}}", "did you mean 'down'"),
        ("  - {at: soon, system: custody, set: {down: true}}", "'soon' is not a duration"),
        ("  - {at: 1h, system: custody, set: {slow: 0}}", "greater than 0"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_was_meant(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text(f"faults:\n{line}\n")
    with pytest.raises(Invalid, match=says) as caught:
        read_fault_plan(path)
    assert caught.value.problems[0].line == 2


@pytest.mark.real
def test_a_resumed_rehearsal_does_not_drop_acknowledgements_a_second_time(
    plan: FaultPlan, world: World
) -> None:
    async def rehearse() -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            await inject(plan, world.processes.urls, OPENS, FixedClock(OPENS), client)

    asyncio.run(rehearse())
    for key in ("due 1", "due 2"):
        with pytest.raises(httpx.TransportError):
            world.post("new_records", "/ops/open", key, minutes=0)
    asyncio.run(rehearse())
    assert world.post("new_records", "/ops/open", "due 3", minutes=0).status_code == 202
    assert world.get("custody", "/admin/faults").json()["down"] is False


@pytest.mark.real
def test_applying_returns_what_was_new_and_names_a_system_that_is_not_there(world: World) -> None:
    entry = FaultEntry(at=timedelta(hours=3), system="custody", set=Switches(slow=1.5))

    async def twice() -> tuple[list[FaultEntry], list[FaultEntry]]:
        async with httpx.AsyncClient(trust_env=False) as client:
            return (
                await apply([entry], world.processes.urls, client),
                await apply([entry], world.processes.urls, client),
            )

    async def at(urls: dict[str, str]) -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            await apply([entry], urls, client)

    assert asyncio.run(twice()) == ([entry], [])
    with pytest.raises(NotFound, match="custody"):
        asyncio.run(at({}))
    with pytest.raises(Unavailable, match=r"custody at 3h: slow=1\.5"):
        asyncio.run(at({"custody": "http://127.0.0.1:9"}))
