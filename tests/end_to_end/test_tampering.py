"""Whoever changes the journal of a finished run is found, in the database and in an exported file without one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from cutover.store.chain import Checkpoint
from tests.end_to_end.blackout import Blackout
from tests.end_to_end.conftest import Said, Type

pytestmark = pytest.mark.real

Rows = list[dict[str, object]]
CHANGES = {
    "at": "'2026-10-24T22:00:00.000001Z'",
    "recorded_at": "'2026-10-24T22:00:00.000001Z'",
    "actor": "'dev'",
    "body": "replace(body, '{', '{\"note\":\"nothing happened\",')",
    "kind": "'WentDark'",
    "stream": "stream || 'x'",
    "seq": "seq + 1000",
    "v": "v + 1",
    "cause": "'invented'",
    "idempotency_key": "'invented'",
    "prev_hash": "hash",
    "hash": "prev_hash",
}


@pytest.fixture
def book(finished: Blackout, tmp_path: Path) -> Blackout:
    """A finished run whose journal's triggers somebody has got past."""
    blackout = finished.copy(tmp_path / "blackout")
    change(blackout, *(f"DROP TRIGGER journal_no_{verb}" for verb in ("UPDATE", "DELETE", "replace")))
    return blackout


def change(blackout: Blackout, *statements: str) -> None:
    db = sqlite3.connect(blackout.database)
    try:
        for statement in statements:
            db.execute(statement)
        db.commit()
    finally:
        db.close()


def verify(say: Type, blackout: Blackout, *more: str) -> Said:
    return say("journal", "verify", "--programme", blackout.path, *more)


@pytest.fixture
def exported(finished: Blackout, say: Type, tmp_path: Path) -> Path:
    """The journal as a file, far from its database."""
    file = tmp_path / "journal.jsonl"
    copy = finished.copy(tmp_path / "exporting")
    assert say("journal", "export", file, "--programme", copy.path).code == 0
    return file


def head(finished: Blackout) -> str:
    db = sqlite3.connect(finished.database)
    try:
        return str(
            Checkpoint(
                *db.execute("SELECT position, hash FROM journal ORDER BY position DESC LIMIT 1").fetchone()
            )
        )
    finally:
        db.close()


def test_the_triggers_refuse_a_change_and_a_deletion(finished: Blackout, tmp_path: Path) -> None:
    copy = finished.copy(tmp_path / "guarded")
    for statement in (
        "UPDATE journal SET actor = 'dev' WHERE position = 3",
        "DELETE FROM journal WHERE position = 3",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            change(copy, statement)


def test_a_backup_of_a_changed_journal_is_made_and_says_that_it_does_not_hold(
    book: Blackout, tmp_path: Path, say: Type
) -> None:
    change(book, "UPDATE journal SET actor = 'dev' WHERE position = 3")
    archive = tmp_path / "night.cutover.tar"
    said = say("db", "backup", archive, "--programme", book.path)
    assert (said.code, "BROKEN after 2 facts" in said.out, archive.exists()) == (1, True, True)


def test_the_journal_of_a_finished_run_holds_up_to_its_checkpoint(
    finished: Blackout, tmp_path: Path, say: Type
) -> None:
    copy = finished.copy(tmp_path / "whole")
    said = verify(say, copy, "--checkpoint", head(finished))
    assert (said.code, said.out) == (0, f"{finished.head()} facts hold; head {head(finished)}\n")


@pytest.mark.parametrize("column", CHANGES)
def test_changing_one_row_anywhere_is_found_at_its_position(column: str, book: Blackout, say: Type) -> None:
    for position in (2, book.head() // 2, book.head()):
        change(book, "CREATE TABLE kept AS SELECT * FROM journal")
        change(book, f"UPDATE journal SET {column} = {CHANGES[column]} WHERE position = {position}")
        said = verify(say, book)
        assert (said.code, said.out) == (
            1,
            f"BROKEN after {position - 1} facts: position {position} was changed or moved\n",
        )
        change(book, "DELETE FROM journal", "INSERT INTO journal SELECT * FROM kept", "DROP TABLE kept")
    assert verify(say, book).code == 0


def test_a_row_deleted_in_the_middle_is_missed(book: Blackout, say: Type) -> None:
    position = book.head() // 3
    change(book, f"DELETE FROM journal WHERE position = {position}")
    said = verify(say, book)
    assert (said.code, said.out) == (
        1,
        f"BROKEN after {position - 1} facts: position {position} is missing (found {position + 1})\n",
    )


def test_the_last_row_cut_off_is_found_against_the_checkpoint(book: Blackout, say: Type) -> None:
    was, position = head(book), book.head()
    change(book, f"DELETE FROM journal WHERE position = {position}")
    assert verify(say, book).code == 0, "nothing inside a chain tells of what once stood behind it"
    said = verify(say, book, "--checkpoint", was)
    assert said.code == 1
    assert (
        f"the journal ends at {position - 1}, before the checkpoint {position}: its tail was cut" in said.out
    )


def test_two_rows_that_changed_places_are_found(book: Blackout, say: Type) -> None:
    position = book.head() // 2
    change(
        book,
        f"UPDATE journal SET position = -1 WHERE position = {position}",
        f"UPDATE journal SET position = {position} WHERE position = {position + 1}",
        f"UPDATE journal SET position = {position + 1} WHERE position = -1",
    )
    said = verify(say, book)
    assert (said.code, said.out) == (
        1,
        f"BROKEN after {position - 1} facts: position {position} was changed or moved\n",
    )


def test_a_row_put_in_is_found(book: Blackout, say: Type) -> None:
    position = book.head() + 1
    change(
        book,
        f"INSERT INTO journal SELECT {position}, stream, seq + 1000, at, recorded_at, actor, kind, v, body, cause, NULL, hash, hash "
        f"FROM journal WHERE position = {position - 1}",
    )
    said = verify(say, book)
    assert (said.code, said.out) == (
        1,
        f"BROKEN after {position - 1} facts: position {position} was changed or moved\n",
    )


def _actor(rows: Rows) -> int:
    rows[40]["actor"] = "dev"
    return 41


def _swapped(rows: Rows) -> int:
    rows[50], rows[51] = rows[51], rows[50]
    return 51


def _dropped(rows: Rows) -> int:
    del rows[60]
    return 61


@pytest.mark.parametrize("tamper", [_actor, _swapped, _dropped], ids=["changed", "swapped", "dropped"])
def test_an_exported_file_is_verified_with_no_database(
    tamper: Callable[[Rows], int], exported: Path, finished: Blackout, say: Type, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "no-programme-here"
    elsewhere.mkdir()
    words = (
        "journal",
        "verify",
        "--file",
        exported,
        "--checkpoint",
        head(finished),
        "--programme",
        elsewhere,
    )
    assert say(*words).code == 0
    rows = [json.loads(line) for line in exported.read_text(encoding="utf-8").splitlines()]
    position = tamper(rows)
    exported.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    said = say(*words)
    assert said.code == 1
    assert f"position {position} " in said.out
    assert list(elsewhere.iterdir()) == []


def test_the_tail_cut_off_an_exported_file_is_found_against_the_checkpoint(
    exported: Path, finished: Blackout, say: Type
) -> None:
    lines = exported.read_text(encoding="utf-8").splitlines(keepends=True)
    exported.write_text("".join(lines[:-1]), encoding="utf-8")
    assert say("journal", "verify", "--file", exported).code == 0
    said = say("journal", "verify", "--file", exported, "--checkpoint", head(finished))
    assert said.code == 1
    assert "its tail was cut" in said.out


def test_the_console_script_says_the_same(book: Blackout, types: Type) -> None:
    change(book, "UPDATE journal SET actor = 'dev' WHERE position = 7")
    said = types("journal", "verify", "--json", "--programme", book.path)
    assert said.code == 1
    answer = json.loads(said.out)
    assert (answer["holds"], answer["rows"], answer["fault"]) == (False, 6, "position 7 was changed or moved")
