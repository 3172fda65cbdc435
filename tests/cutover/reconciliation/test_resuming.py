"""A run that died half-way: the next one reads what is left, and says the same as one that was never killed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cutover.reconciliation import snapshot, sources
from cutover.reconciliation.findings import Verdict
from tests.cutover.reconciliation.world import World, contract, crime, write_csv, write_parquet

SELECT = (
    "SELECT 'C' || i AS crime_id, 'open' AS status, 'theft' AS offence FROM range({0}) t(i) WHERE i <> {1}"
)
COLUMNS = {"crime_id": "text", "status": "text", "offence": "text"}


class _Died(BaseException):
    """As far as anybody in the process can tell, it was killed."""


@pytest.fixture
def stretches(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Registers read in ten stretches each; returns what was told of the reading."""
    monkeypatch.setattr(sources, "CHUNK", 1_000)
    source = write_parquet(world.folder / "s.parquet", SELECT.format(10_000, -1))
    target = write_parquet(world.folder / "t.parquet", SELECT.format(10_001, 604))
    world.contracts = {"crimes": contract(source, target, columns=COLUMNS)}
    return []


def _killed_after(world: World, stretches: list[str], n: int) -> None:
    def told(line: str) -> None:
        stretches.append(line)
        if len(stretches) == n:
            raise _Died

    service = world.service
    service.told = told
    with pytest.raises(_Died):
        service.run("crimes", by="Bo")
    stretches.clear()


@pytest.mark.parametrize("n", [3, 15])
def test_only_what_was_not_read_is_read(world: World, stretches: list[str], n: int) -> None:
    _killed_after(world, stretches, n)
    service = world.service
    service.told = stretches.append
    outcome = service.run("crimes", by="Bo")
    assert len(stretches) == 20 - n
    assert (outcome.verdict, outcome.counts["missing"], outcome.counts["extra"]) == (Verdict.FAIL, 1, 1)
    assert world.keys("missing") == ["C604"]
    assert not any((world.folder / "state/reconciliation/crimes/runs").iterdir())


def test_a_side_that_changed_since_is_read_anew(world: World, stretches: list[str]) -> None:
    _killed_after(world, stretches, 15)
    write_parquet(world.folder / "s.parquet", SELECT.format(10_000, 7))
    service = world.service
    service.told = stretches.append
    assert service.run("crimes", by="Bo").counts["missing"] == 1
    assert sum(line.startswith("source") for line in stretches) == 10


def test_another_engine_does_not_go_on_with_it(
    world: World, stretches: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _killed_after(world, stretches, 15)
    monkeypatch.setattr(snapshot, "ENGINE", "duckdb 9.9.9")
    service = world.service
    service.told = stretches.append
    service.run("crimes", by="Bo")
    assert len(stretches) == 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", place], check=False).returncode == 0  # fmt: skip
    if not mounted:
        pytest.skip("REAL PART MISSING: the right to mount a small file system")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@pytest.mark.real
def test_a_disk_that_fills_is_an_error_and_never_a_pass(world: World, small_disk: Path) -> None:
    rows = [crime(n, surname=f"{n * 7919:060}") for n in range(30_000)]
    write_csv(world.source, rows)
    write_csv(world.target, rows)
    service = world.service
    service._state_dir = small_disk
    outcome = service.run("crimes", by="Bo")
    assert outcome.verdict is Verdict.ERROR
    assert "space" in outcome.reasons[0].lower() or "write" in outcome.reasons[0].lower()
