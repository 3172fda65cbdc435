"""What one stand-in remembers: work done once per key, how often it was asked for, which faults are on.

Work, effect and answer commit in one SQLite transaction, so a stand-in killed at any moment has done a piece
of work wholly and says so, or has not done it.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Work = Callable[[sqlite3.Connection, str], Awaitable[dict[str, Any]]]
Switches = dict[str, Any]

OFF: Switches = {"down": False, "slow": 1.0, "drop_acknowledgements": 0, "lose_status": ""}
BUSY_SECONDS = 30
TIMED = ("ops/", "loads")  # work that takes its minutes, asked for by tasks
CACHE_KIB = 512  # five stand-ins share a laptop with a Prefect server

_SCHEMA = """
CREATE TABLE IF NOT EXISTS effects (key TEXT PRIMARY KEY, name TEXT NOT NULL, content TEXT NOT NULL,
    answer TEXT NOT NULL, at TEXT NOT NULL, requests INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS ops (id TEXT PRIMARY KEY, name TEXT NOT NULL, began_at TEXT NOT NULL,
    ready_at TEXT NOT NULL, result TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS switches (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS fault_entries (entry TEXT PRIMARY KEY, at TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request: the answer, whether it was new work, and what went wrong on the way."""

    answer: dict[str, Any]
    applied: bool = False
    clash: bool = False
    lost: bool = False


class Ledger:
    """The database file of one stand-in. `loses_acknowledgements`: a dropped one is lost with its connection."""

    def __init__(self, path: Path, schema: str = "", *, loses_acknowledgements: bool = True) -> None:
        self.path = path
        self._loses = loses_acknowledgements
        self._turn = asyncio.Lock()
        self._writer = connect(path)
        self._writer.executescript(_SCHEMA + schema)
        self._reader = connect(path)  # its own connection, so that nobody reads what is not yet committed

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[sqlite3.Connection]:
        """The one write transaction: writers take turns, an error undoes everything."""
        async with self._turn:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        return self._reader.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        return next(iter(self.rows(sql, *values)), None)

    async def once(self, key: str, name: str, content: object, now: datetime, work: Work) -> Outcome:
        """Do `work` the first time `key` is asked for; afterwards count the request and repeat the answer."""
        mark = fingerprint(name, content)
        async with self.writing() as db:
            if earlier := _earlier(db, key, mark):
                return earlier
            answer = await work(db, key)
            db.execute(
                "INSERT INTO effects VALUES (?, ?, ?, ?, ?, 1)",
                (key, name, mark, json.dumps(answer), utc(now)),
            )
            return Outcome(answer, applied=True, lost=self._loses and take_drop(db))

    def effects(self, key: str | None = None) -> list[dict[str, Any]]:
        """Each piece of work, oldest first: how often it was asked for, and how often it was done under whatever key.

        A key cannot be used twice here; who asks again under a new key has the same `piece` of work done twice, and
        that is what `applied` counts.
        """
        rows = self.rows("SELECT key, name, content, requests FROM effects ORDER BY rowid")
        done = Counter(piece(row["key"], row["name"], row["content"]) for row in rows)
        return [
            {
                "key": row["key"],
                "name": row["name"],
                "applied": done[piece(row["key"], row["name"], row["content"])],
                "requests": row["requests"],
            }
            for row in rows
            if key is None or row["key"] == key
        ]

    def switches(self) -> Switches:
        return {**OFF, **_switched(self._reader)}

    def fault_entries(self) -> list[str]:
        """The entries of a fault plan that were already applied here."""
        return [row["entry"] for row in self.rows("SELECT entry FROM fault_entries ORDER BY rowid")]


def connect(path: Path) -> sqlite3.Connection:
    """A connection in WAL. Not full sync: what is committed outlives a kill, only a power cut could undo it."""
    db = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS)
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    db.execute(f"PRAGMA cache_size={-CACHE_KIB}")
    return db


def switch(db: sqlite3.Connection, changes: Switches, entry: str, now: datetime) -> bool:
    """Set some switches; False when this entry of a fault plan was applied before, and nothing is changed."""
    if (
        entry
        and db.execute("INSERT OR IGNORE INTO fault_entries VALUES (?, ?)", (entry, utc(now))).rowcount == 0
    ):
        return False
    _set(db, changes)
    return True


def take_drop(db: sqlite3.Connection) -> bool:
    """Whether this acknowledgement is one of those to be dropped; counts down."""
    left = int(_switched(db).get("drop_acknowledgements", 0))
    if left > 0:
        _set(db, {"drop_acknowledgements": left - 1})
    return left > 0


def add_op(
    db: sqlite3.Connection, key: str, name: str, result: object, *, now: datetime, ready_at: datetime
) -> None:
    """Note work that is committed now and will be called done at `ready_at`."""
    db.execute(
        "INSERT INTO ops VALUES (?, ?, ?, ?, ?)", (key, name, utc(now), utc(ready_at), json.dumps(result))
    )


def fingerprint(name: str, content: object) -> str:
    """Equal for equal requests, whatever the order of their fields."""
    return hashlib.sha256(json.dumps([name, content], sort_keys=True).encode()).hexdigest()


def piece(key: str, name: str, content: str) -> tuple[str, str, str]:
    """Which piece of work a request asks for: a thing by its content, timed work by the task that wants it.

    Two tasks may both ask for half an hour's freeze; a key's last number is the attempt: go-live-1.FRZ-02.2.
    """
    if not name.startswith(TIMED):
        return name, content, ""
    task, _, attempt = key.rpartition(".")
    return name, content, task if attempt.isdigit() else key


def utc(at: datetime) -> str:
    """2026-10-23T21:00:00.000000Z: sorts as time does."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def reference(letter: str, number: int | None) -> str:
    """What a row is called outside: B-000012."""
    return f"{letter}-{number:06d}"


def number_of(letter: str, name: str) -> int:
    """The row that is called so; 0, which there never is, for a name that is none."""
    digits = name.removeprefix(f"{letter}-")
    return int(digits) if digits.isdecimal() else 0


def insert_all(db: sqlite3.Connection, table: str, columns: Sequence[str], rows: Any) -> None:
    """Insert or replace `rows` (an iterable of sequences in the order of `columns`)."""
    marks = ", ".join("?" * len(columns))
    db.executemany(f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608 - names are ours


def _earlier(db: sqlite3.Connection, key: str, mark: str) -> Outcome | None:
    found = db.execute(
        "UPDATE effects SET requests = requests + 1 WHERE key = ? RETURNING content, answer", (key,)
    ).fetchall()
    return Outcome(json.loads(found[0]["answer"]), clash=found[0]["content"] != mark) if found else None


def _switched(db: sqlite3.Connection) -> Switches:
    return {
        row["name"]: json.loads(row["value"])
        for row in db.execute("SELECT name, value FROM switches").fetchall()
    }


def _set(db: sqlite3.Connection, changes: Switches) -> None:
    db.executemany(
        "INSERT OR REPLACE INTO switches VALUES (?, ?)",
        [(name, json.dumps(value)) for name, value in changes.items()],
    )
