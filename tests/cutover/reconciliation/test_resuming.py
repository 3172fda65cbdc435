"""A run that died half-way: the next one reads what is left, and says the same as one that was never killed."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cutover.core.errors import Refused
from cutover.reconciliation import evidence, match, snapshot, sources
from cutover.reconciliation.findings import Verdict
from cutover.reconciliation.resuming import alone
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


def test_a_side_that_changed_since_under_the_same_size_and_time_is_read_anew(
    world: World, stretches: list[str]
) -> None:
    _killed_after(world, stretches, 15)
    source = world.folder / "s.parquet"
    before = source.stat()
    source.write_bytes(source.read_bytes().replace(b"C777", b"C77X"))
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (source.stat().st_size, source.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    service = world.service
    service.told = stretches.append
    service.run("crimes", by="Bo")
    assert sum(line.startswith("source") for line in stretches) == 10


def test_rows_that_change_place_between_equal_files_are_seen_by_the_footer(tmp_path: Path) -> None:
    a = write_parquet(tmp_path / "a.parquet", "SELECT i AS n FROM range(5000) t(i)")
    b = write_parquet(tmp_path / "b.parquet", "SELECT i + 1 AS n FROM range(5000) t(i)")
    marks = [sources.mark(file).split()[-1] for file in (a, b)]
    assert len(set(marks)) == 2


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


def _filled(disk: Path) -> None:
    with contextlib.suppress(OSError), (disk / "filler").open("wb") as filler:
        while True:
            filler.write(bytes(4096))


@pytest.mark.real
@pytest.mark.parametrize("step", [(match, "_suspect"), (match, "_odd"), (evidence, "_cells"), None])
def test_a_disk_that_fills_at_any_step_is_an_error_and_never_a_pass(
    world: World, small_disk: Path, step: tuple[Any, str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [crime(n, surname=f"{n * 7919:060}") for n in range(300 if step else 30_000)]
    write_csv(world.source, rows)
    write_csv(world.target, [crime(1, surname="x"), *rows[2:]] if step else rows)
    monkeypatch.setattr(match, "FEW", 0)
    if step:
        whole = getattr(*step)
        monkeypatch.setattr(*step, lambda *given: (_filled(small_disk), whole(*given))[1])
    service = world.service
    service._state_dir = small_disk
    outcome = service.run("crimes", by="Bo")
    assert outcome.verdict is Verdict.ERROR
    assert "space" in outcome.reasons[0].lower() or "write" in outcome.reasons[0].lower()
    assert not list(small_disk.rglob("findings/*.parquet"))


def test_one_process_at_a_time_takes_a_snapshot(world: World, stretches: list[str]) -> None:
    with (
        alone(world.folder / "state" / "reconciliation" / "crimes" / "frozen"),
        pytest.raises(Refused, match="by another process"),
    ):
        world.service.snapshot("crimes", "source", by="Bo")
    assert world.service.snapshot("crimes", "source", by="Bo").rows == 10_000
