"""What gates ask of flows, of the register and of the whole watch: nothing is green unless the data could show it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cutover.app.bootstrap import World, build_world
from cutover.app.flow_evidence import flow_providers
from cutover.app.settings import Settings
from cutover.core.clock import FixedClock
from cutover.domain.gates import Finding
from monitors.domain.counts import Told

EXAMPLE = Path(__file__).parents[3] / "examples" / "silent_halving"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    folder = tmp_path / "programme"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("*.py", "state", "__pycache__"))
    clock = FixedClock(datetime(2026, 10, 23, 12, tzinfo=UTC))
    world = build_world(folder, pace=clock, settings=Settings(database_url=""))
    yield world
    world.engine.dispose()


def live(world: World, normal: int, count: int, days: int) -> None:
    """Incidents at `count` a day, where about `normal` were normal."""
    flows = world.flows
    begins, _ = flows.history_span(flows.flows["incidents"])
    flows.remember("incidents", Told({begins + timedelta(days=n): normal - 2 + n % 5 for n in range(364)}))
    flows.freeze("incidents", "chen")
    first = flows.first_day
    at = datetime(first.year, first.month, first.day, 9, tzinfo=UTC) + timedelta(days=days)
    assert isinstance(world.clock, FixedClock)
    world.clock.set(at)
    flows.told("incidents", Told({first + timedelta(days=n): count for n in range(days)}), at)


@pytest.mark.parametrize(
    ("normal", "count", "days", "expected"),
    [(12, 12, 2, Finding.INCONCLUSIVE), (120, 120, 2, Finding.MET), (120, 60, 4, Finding.NOT_MET)],
)
def test_a_flow_is_met_once_a_fall_would_have_been_seen(
    world: World, normal: int, count: int, days: int, expected: Finding
) -> None:
    live(world, normal, count, days)
    assert flow_providers(world)["flow"]("incidents").finding is expected


def test_a_flow_without_a_baseline_is_unknown_and_a_name_that_nothing_bears_an_error(world: World) -> None:
    answer = flow_providers(world)["flow"]
    assert answer("incidents").finding is Finding.UNKNOWN
    assert answer("incidentz").finding is Finding.ERROR


def test_the_register_is_met_when_everything_expected_is_watched(world: World) -> None:
    assert flow_providers(world)["register"]("").finding is Finding.MET


def test_hypercare_is_not_met_by_what_was_never_looked_at(world: World) -> None:
    assert flow_providers(world)["hypercare"]("").finding is Finding.INCONCLUSIVE
    live(world, 120, 60, 4)
    assert flow_providers(world)["hypercare"]("").finding is Finding.NOT_MET
