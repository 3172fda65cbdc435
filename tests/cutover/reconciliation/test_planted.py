"""The benchmark's registers in small: every planted defect found and rightly classified, none invented."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.reconciliation.bench import contracts, wrong
from benchmarks.reconciliation.generate import make
from tests.cutover.reconciliation.world import World


@pytest.mark.parametrize("text_keys", [False, True])
def test_everything_planted_is_found_and_nothing_else(world: World, tmp_path: Path, text_keys: bool) -> None:
    made = make(tmp_path / "data", 8_000, text_keys=text_keys)
    world.contracts = contracts(tmp_path / "data", text_keys=text_keys)
    world.service.snapshot("crimes", "source", by="Bo")
    outcome = world.run()
    assert wrong(made, outcome.model_dump(mode="json", by_alias=True)) == []
    details = [f["detail"] for f in world.service.findings("crimes", "duplicate_target")]
    assert (details.count("2 copies, identical"), details.count("2 copies, differing")) == (10, 10)


def test_clean_registers_pass(world: World, tmp_path: Path) -> None:
    made = make(tmp_path / "data", 4_000, clean=True)
    world.contracts = contracts(tmp_path / "data")
    world.service.snapshot("crimes", "source", by="Bo")
    assert wrong(made, world.run().model_dump(mode="json", by_alias=True)) == []
