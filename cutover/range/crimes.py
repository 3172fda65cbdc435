"""A register of crimes as both record systems keep it: the same columns, page by page or whole as CSV."""

from __future__ import annotations

import asyncio
import csv
import io
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from cutover.range.ledger import connect

COLUMNS = (
    "crime_id",
    "reported_at",
    "offence",
    "status",
    "district",
    "victim_surname",
    "victim_forename",
    "victim_dob",
    "officer",
    "value_gbp",
)
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS crimes (crime_id TEXT PRIMARY KEY, {", ".join(f"{c} TEXT NOT NULL" for c in COLUMNS[1:])}) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS crimes_by_status ON crimes (status, crime_id);
"""
ALL = f"SELECT {', '.join(COLUMNS)} FROM crimes"  # noqa: S608 - the columns are ours
CHUNK = 500


def page(db_rows: list[sqlite3.Row], limit: int) -> dict[str, Any]:
    """One page and the id to ask after for the next; `next` is null on the last."""
    crimes = [dict(row) for row in db_rows]
    return {"crimes": crimes, "next": crimes[-1]["crime_id"] if len(crimes) == limit else None}


async def as_csv(path: Path) -> AsyncIterator[str]:
    """The whole register, a chunk at a time, as one snapshot of the database file; others are served meanwhile."""
    db = connect(path)
    try:
        rows = db.execute(f"{ALL} ORDER BY crime_id")
        yield _lines([COLUMNS])
        while chunk := rows.fetchmany(CHUNK):
            yield _lines([tuple(row) for row in chunk])
            await asyncio.sleep(0)
    finally:
        db.close()


def _lines(rows: list[tuple[str, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
