"""Back-conversion in Prefect: one flow run a batch, several at once by leases, each record once."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from cutover.app.bootstrap import build_world
from cutover.core.clock import FixedClock
from cutover.range.processes import RangeProcesses
from tests.contingency.conftest import Records
from tests.contingency.world import SCENARIO
from tests.contingency.world import World as Paper

pytestmark = [
    pytest.mark.prefect,
    pytest.mark.real,
    pytest.mark.xdist_group("prefect"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),  # Prefect leaves a socket to the collector
]
SHEETS = 12


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    with RangeProcesses(tmp_path / "range", systems=["new_records"], crimes=0) as processes:
        yield Records(processes)


@pytest.fixture
def programme(tmp_path: Path, records: Records) -> Path:
    """The scenario's programme with the real target, and sheets that are verified."""
    folder = tmp_path / "programme"
    shutil.copytree(SCENARIO, folder, ignore=shutil.ignore_patterns("state"))
    (folder / "contingency" / "target.yaml").write_text("target: {system: new_records, at_once: 2}\n")
    text = (folder / "programme.yaml").read_text()
    at = text.index("  new_records: ")
    (folder / "programme.yaml").write_text(
        f"{text[:at]}  new_records: {records.url}{text[text.index(chr(10), at) :]}"
    )
    world = build_world(folder)
    try:
        Paper(world.desk, cast("FixedClock", world.clock), world.folder.plays, world.paper).verified(SHEETS)
    finally:
        world.engine.dispose()
    return folder


def test_two_batches_at_once_bring_each_sheet_back_once_and_are_flow_runs_of_their_own(
    programme: Path, records: Records, prefect_server: str
) -> None:
    """Each with a hand and a share of the pile; Prefect shows them under the run that started them."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowFilter, FlowFilterName

    from flows import back_conversion

    created = asyncio.run(back_conversion(str(programme), batch=2, at_once=2))
    assert created == len(records.serials()) == len(set(records.serials())) == SHEETS

    async def seen() -> list[str]:
        async with get_client() as client:
            of = FlowFilter(name=FlowFilterName(any_=["conversion-batch"]))
            return [run.name for run in await client.read_flow_runs(flow_filter=of)]

    names = asyncio.run(seen())
    assert {f"batch {number}" for number in range(1, 7)} <= set(names)
    world = build_world(programme)
    try:
        assert world.paper.count(["disposed"]) == SHEETS
        assert world.conversions.hands.held() == [], "every hand is given back"
    finally:
        world.engine.dispose()


def test_flows_on_two_machines_share_the_pile(programme: Path, records: Records, prefect_server: str) -> None:
    """Two runs that know nothing of each other, over one database: their leases part the work."""
    from flows import back_conversion

    async def both() -> list[int]:
        return await asyncio.gather(*(back_conversion(str(programme), batch=3) for _ in range(2)))

    assert sum(asyncio.run(both())) == SHEETS
    assert sorted(records.requests().values()) == [1] * SHEETS
