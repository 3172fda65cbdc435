"""A process says that it is ready only while it could serve: database, schema, disk, and the journal's chain at its head."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text, update

from cutover.store import schema
from cutover.store.engine import open_engine, sqlite_url, writing
from cutover.store.fitness import ROOM, unfit
from cutover.store.journal import Journal
from cutover.store.metadata import journal_table as j
from tests.cutover.store.desks import batch, to_live, to_paper
from tests.cutover.store.test_tampering import drop_triggers


def test_all_well_is_ready(journal: Journal, tmp_path: Path) -> None:
    assert unfit(journal.engine, tmp_path) == []
    journal.append(batch("custody", 0, to_paper(), to_live()))
    assert unfit(journal.engine, tmp_path) == []


def test_a_database_of_an_older_version_is_not_ready(engine: Engine, tmp_path: Path) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    assert "at schema 0001" in unfit(engine, tmp_path)[0]


def test_a_database_that_is_not_there_is_not_ready(tmp_path: Path) -> None:
    engine = open_engine(sqlite_url(tmp_path / "nowhere" / "cutover.db"))
    assert len(unfit(engine, tmp_path)) == 1
    engine.dispose()


def test_a_database_file_that_was_taken_from_under_a_process_is_not_ready(tmp_path: Path) -> None:
    file, away = tmp_path / "cutover.db", tmp_path / "away.db"
    engine = open_engine(sqlite_url(file))
    schema.upgrade(engine)
    assert unfit(engine, tmp_path) == []
    file.rename(away)
    assert "is gone" in unfit(engine, tmp_path)[0]
    file.write_bytes(away.read_bytes())
    assert "another file than the one that is open" in unfit(engine, tmp_path)[0]
    away.replace(file)
    assert unfit(engine, tmp_path) == []
    engine.dispose()


@pytest.mark.parametrize(
    ("position", "change"), [(4, {"actor": "Dev"}), (3, {"hash": "f" * 64}), (1, {"prev_hash": "f" * 64})]
)
def test_a_chain_that_is_broken_at_its_head_is_not_ready(
    journal: Journal, tmp_path: Path, position: int, change: dict[str, str]
) -> None:
    journal.append(batch("custody", 0, to_paper(), to_live(), to_paper(), to_live()))
    drop_triggers(journal.engine)
    with writing(journal.engine) as connection:
        connection.execute(update(j).where(j.c.position == position).values(change))
    assert "chain is broken" in unfit(journal.engine, tmp_path)[0]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own with a little more room than is wanted."""
    if os.geteuid() != 0:
        pytest.skip("only root mounts a disk")
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={ROOM + 8 * 2**20}", "tmpfs", place], check=False
    )
    if made.returncode:
        pytest.skip("no disk may be mounted here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@pytest.mark.real
def test_a_disk_that_is_full_or_can_only_be_read_is_not_ready(engine: Engine, small_disk: Path) -> None:
    assert unfit(engine, small_disk) == []
    (small_disk / "filler").write_bytes(bytes(9 * 2**20))
    assert "is full" in unfit(engine, small_disk)[0]
    (small_disk / "filler").unlink()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert "only be read" in unfit(engine, small_disk)[0]
