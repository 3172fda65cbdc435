"""Two registers of N crimes with 13 columns each, and what was planted between them: the same bytes of data for the same seed.

The target is the source in a fully permuted order, with wider decimals, less 604 records of one status, plus 50 nobody
sent, 20 copied keys (10 of them identical copies), 7 rows without a key and 1,110 changed cells of eight kinds; its list
of officers lacks 38 to whom one crime each points.

    python -m benchmarks.reconciliation.generate FOLDER --rows 1000000 [--clean] [--text-keys]
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import duckdb

SEED = 604
SLOTS = 2_000  # ids at equal distances, so that no record has two defects
MISSING, EXTRA, COPIES, KEYLESS, ORPHANS = 604, 50, 20, 7, 38
CELLS = {  # kind: how many cells, the column, what it became
    "whitespace": (200, "address", "address || ' '"),
    "hour_shift": (200, "reported_at", "reported_at + INTERVAL 1 HOUR"),
    "null_empty": (200, "forename", "''"),
    "mojibake": (200, "surname", "'MÃ¼ller'"),
    "unicode_form": (100, "surname", "'Mu' || chr(776) || 'ller'"),
    "float_noise": (100, "score", "nextafter(score, 1e9)"),
    "rounding": (100, "score", "round(score, 4)"),
    "lost_leading_zeros": (10, "beat", "ltrim(beat, '0')"),
}
COLUMNS = (
    "crime_id", "beat", "reported_at", "closed_at", "offence", "status", "surname", "forename", "address",
    "value_gbp", "score", "officer_id", "dob",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    """Where the files are and what the comparison must say of them."""

    source: Path
    target: Path
    officers_source: Path
    officers_target: Path
    rows: int
    planted: dict[str, int]
    kinds: dict[str, int]


def make(folder: Path, rows: int, *, clean: bool = False, text_keys: bool = False, seed: int = SEED) -> Made:
    """Write both registers and both lists of officers into `folder`."""
    assert rows >= 2 * SLOTS, "too few rows for the defects"
    folder.mkdir(parents=True, exist_ok=True)
    made = Made(
        folder / "source.parquet", folder / "target.parquet", folder / "officers_source.parquet", folder / "officers_target.parquet",
        rows, {} if clean else _planted(), {} if clean else {kind: n for kind, (n, *_) in CELLS.items()},
    )  # fmt: skip
    with duckdb.connect(
        config={"threads": 2, "memory_limit": "2GB", "preserve_insertion_order": False}
    ) as db:
        db.execute(f"SET temp_directory = '{folder / 'spill'}'")
        _write(db, _source(rows, text_keys, seed), made.source)
        _write(db, _target(rows, clean, text_keys, seed), made.target)
        _write(db, f"SELECT i AS officer_id FROM range({20_000 + ORPHANS}) t(i)", made.officers_source)
        kept = 20_000 + (ORPHANS if clean else 0)
        _write(db, f"SELECT i AS officer_id FROM range({kept}) t(i)", made.officers_target)
    (folder / "made.json").write_text(
        json.dumps({"rows": rows, "planted": made.planted, "kinds": made.kinds})
    )
    return made


def _planted() -> dict[str, int]:
    return {
        "missing": MISSING, "extra": EXTRA, "duplicate_target": COPIES, "null_key": KEYLESS, "orphan": ORPHANS,
        "changed": sum(n for n, *_ in CELLS.values()),
    }  # fmt: skip


def starts() -> dict[str, tuple[int, int]]:
    """Each defect's slots: first and one past the last."""
    sizes = {"missing": MISSING, "orphan": ORPHANS, "copied": COPIES} | {
        kind: n for kind, (n, *_) in CELLS.items()
    }
    at, starts = 0, {}
    for what, size in sizes.items():
        starts[what] = (at, at + size)
        at += size
    assert at <= SLOTS
    return starts


def _is(what: str) -> str:
    first, end = starts()[what]
    return f"slot BETWEEN {first} AND {end - 1}"


def _record(ids: str, rows: int, seed: int) -> str:
    """The records of these ids, the same on both sides."""
    step = rows // SLOTS
    mojibake, form, zeros = _is("mojibake"), _is("unicode_form"), _is("lost_leading_zeros")
    first = starts()["orphan"][0]
    return f"""(WITH numbered AS (SELECT id, CASE WHEN id % {step} = 0 AND id // {step} < {SLOTS} THEN id // {step} ELSE -1 END AS slot,
            hash(id, {seed}) AS a, hash(id, {seed + 1}) AS b FROM ({ids}))
        SELECT slot, id AS crime_id,
            CASE WHEN {zeros} THEN '007' ELSE lpad((a % 900)::VARCHAR, 3, '0') END AS beat,
            TIMESTAMP '2012-01-01' + to_microseconds((a % 220_000_000_000_000)::BIGINT) AS reported_at,
            CASE WHEN b % 10 < 7 THEN TIMESTAMP '2019-01-01' + to_microseconds((b % 9_000_000)::BIGINT * 1_000_000) END AS closed_at,
            ['burglary', 'theft', 'assault', 'fraud', 'criminal damage', 'robbery', 'public order'][1 + (a % 7)::INT] AS offence,
            CASE WHEN {_is("missing")} THEN 'under_review' ELSE ['open', 'closed', 'filed', 'charged', 'cautioned'][1 + (b % 5)::INT] END AS status,
            CASE WHEN {mojibake} OR {form} THEN 'Müller' ELSE ['Smith', 'Jones', 'Taylor', 'Brown', 'Khan', 'Łukasz'][1 + (a // 7 % 6)::INT] || (a % 5003) END AS surname,
            CASE WHEN {_is("null_empty")} OR b % 13 = 0 THEN NULL ELSE 'F' || (b % 3001) END AS forename,
            (a % 400)::VARCHAR || ' ' || ['Station', 'Church', 'Mill', 'Park', 'Victoria'][1 + (b // 7 % 5)::INT] || ' Road, ref ' || (b // 64 % 1_000_000_007) AS address,
            ((a % 9_999_999) / 100)::DECIMAL(12, 2) AS value_gbp,
            ((b // 2048)::BIGINT / 9007199254740992.0)::DOUBLE AS score,
            CASE WHEN {_is("orphan")} THEN 20_000 + slot - {first} ELSE (a % 20_000) END::INTEGER AS officer_id,
            DATE '1940-01-01' + (b % 24_000)::INT AS dob
        FROM numbered)"""


def _source(rows: int, text_keys: bool, seed: int) -> str:
    ids = _record(f"SELECT i AS id FROM range({rows}) t(i)", rows, seed)
    return f"SELECT {_named(text_keys)} FROM {ids}"


def _target(rows: int, clean: bool, text_keys: bool, seed: int) -> str:
    """In an order that has nothing to do with the source's: a multiplication modulo the number of rows."""
    wide = "REPLACE (value_gbp::DECIMAL(14, 4) AS value_gbp)"
    order = f"SELECT (i * {_coprime(rows)}) % {rows} AS id FROM range({rows}) t(i)"
    if clean:
        return f"SELECT {_named(text_keys)} FROM (SELECT * {wide} FROM {_record(order, rows, seed)})"
    changed = ", ".join(f"CASE {' '.join(f'WHEN {_is(kind)} THEN {became}' for kind, (_, column, became) in CELLS.items() if column == name)} ELSE {name} END AS {name}" for name in dict.fromkeys(column for _, column, _ in CELLS.values()))  # fmt: skip
    base = f"SELECT * REPLACE ({changed}) FROM {_record(order, rows, seed)} WHERE NOT ({_is('missing')})"
    first, _ = starts()["copied"]
    step = rows // SLOTS
    ids = _record(f"SELECT ({first} + i) * {step} AS id FROM range({COPIES}) t(i)", rows, seed)
    copies = f"SELECT * REPLACE (CASE WHEN slot < {first + COPIES // 2} THEN offence ELSE 'other' END AS offence) FROM {ids}"
    ids = _record(f"SELECT {rows} + i AS id FROM range({EXTRA}) t(i)", rows, seed)
    extra = f"SELECT * REPLACE (-1 AS slot) FROM {ids}"
    ids = _record(f"SELECT {rows + EXTRA} + i AS id FROM range({KEYLESS}) t(i)", rows, seed)
    keyless = f"SELECT * REPLACE (NULL::BIGINT AS crime_id) FROM {ids}"
    return f"SELECT {_named(text_keys)} FROM (SELECT * {wide} FROM ({base} UNION ALL {copies} UNION ALL {extra} UNION ALL {keyless}))"


def _named(text_keys: bool) -> str:
    """With text keys the one number becomes a force's code and a reference: a composite key of two texts."""
    if not text_keys:
        return ", ".join(COLUMNS)
    return (
        "'GMP' || (crime_id % 12) AS force, 'CR/' || lpad(crime_id::VARCHAR, 10, '0') AS crime_id, "
        + ", ".join(COLUMNS[1:])
    )


def _coprime(rows: int) -> int:
    return next(p for p in (7_368_787, 15_485_863, 32_452_843) if rows % p)


def _write(db: duckdb.DuckDBPyConnection, select: str, to: Path) -> None:
    db.execute(f"COPY ({select}) TO '{to}' (FORMAT parquet, COMPRESSION zstd)")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--clean", action="store_true")
    asked.add_argument("--text-keys", action="store_true")
    args = asked.parse_args()
    print(make(args.folder, args.rows, clean=args.clean, text_keys=args.text_keys))


if __name__ == "__main__":
    main()
