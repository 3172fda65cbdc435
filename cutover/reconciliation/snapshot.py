"""One side, read once, in stretches: rows and row hashes totalled by bucket of key hash, kept under the hash of its bytes.

Of the source, which is frozen before the target exists, key and row hashes are kept too, in folders by key hash.
A snapshot names the engine that hashed it, because row hashes of two engine versions do not compare.
"""

# ruff: noqa: S608  (every identifier and text in the SQL is quoted by rows.name and rows.literal)
from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb

from cutover.core.errors import Unavailable
from cutover.reconciliation import rows, sources
from cutover.reconciliation.contract import Contract
from cutover.reconciliation.sides import Side, Snapshot
from cutover.reconciliation.sources import Raw

ENGINE = f"duckdb {duckdb.__version__}"
MEMORY = "800MB"
THREADS = 2


@contextmanager
def engine(work: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection with bounded memory that spills into `work`, in UTC, and loads nothing from outside."""
    work.mkdir(parents=True, exist_ok=True)
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY, "threads": THREADS, "preserve_insertion_order": False, "temp_directory": str(work / "spill"),
        "autoinstall_known_extensions": False, "autoload_known_extensions": False,
    }  # fmt: skip
    with duckdb.connect(":memory:", config=config) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def take(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    side: Side,
    folder: Path,
    *,
    systems: Mapping[str, str],
    now: datetime,
    told: Callable[[str], None] = lambda _: None,
    other: int | None = None,
) -> Snapshot:
    """Read one side into `folder`. Raises Unavailable when it cannot be had whole, Invalid when it is not what the contract says.

    What a killed run had read of the same file is not read again. `other` is the number of rows of the other side:
    where it is another one the sides differ for certain, and key hashes are kept to tell how.
    """
    folder.mkdir(parents=True, exist_ok=True)
    place = contract.place(side)
    path, mark = sources.brought(contract, side, folder, systems)
    with reading(contract, side):
        raw = sources.opened(connection, contract, side, path, mark)
        gaps = rows.gaps(contract, side, raw.has)
        if side is Side.SOURCE:
            gaps += sources.unmapped(connection, contract, raw)
        counted = connection.execute(f"SELECT count(*) FROM {raw.relation}").fetchall()[0][0]
        keep = side is Side.SOURCE or other not in (None, counted)
        parts = _parts(connection, contract, side, raw, folder, told=told, keep=keep)
        partial = folder / f"{side}.totals.partial"
        merged = f"SELECT b, sum(n)::BIGINT AS n, sum(s)::DECIMAL(38, 0) AS s FROM read_parquet([{', '.join(map(rows.exactly, parts))}]) GROUP BY b"
        twice = _twice(connection, folder) if side is Side.SOURCE else "SELECT NULL::INTEGER AS b LIMIT 0"
        connection.execute(
            f"COPY (SELECT t.*, w.b IS NOT NULL AS twice FROM ({merged}) t LEFT JOIN ({twice}) w USING (b) ORDER BY b) "
            f"TO {rows.literal(str(partial))} (FORMAT parquet, COMPRESSION zstd)"
        )
        typed = rows.typed(contract, side, raw.relation, raw.types)
        states = dict(connection.execute(rows.states(contract, side, typed)).fetchall())
    if not place.system and sources.mark(path) != mark:
        raise Unavailable(f"the {side} of {contract.id} moved while it was being read: {path}")
    digest = sha256(partial)
    kept = partial.replace(folder / f"{side}-{digest[:12]}.parquet")
    return Snapshot(
        side=side, origin=str(place), read_at=now, rows=counted, file=kept.name, sha256=digest,
        raw=path.name if place.system else str(path.absolute()),
        engine=ENGINE, contract_sha256=contract.digest(), gaps=gaps,
        keys=f"{side}-keys" if keep else "", by_state=states, mark=mark,
    )  # fmt: skip


def _parts(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    side: Side,
    raw: Raw,
    folder: Path,
    *,
    told: Callable[[str], None],
    keep: bool,
) -> list[Path]:
    """The totals of each stretch of a side, as files: rows and sum of row hashes (128 bit) by bucket."""
    parts = []
    for i, chunk in enumerate(raw.chunks):
        part = folder / f"{side}-part" / f"{_stamp(contract, raw, keep)}-{i:04}.parquet"
        parts.append(part)
        if part.is_file():
            continue
        part.parent.mkdir(exist_ok=True)
        keyed = rows.keyed(contract, side, rows.typed(contract, side, chunk, raw.types), raw.types)
        if keep:
            keyed = _kept(connection, keyed, folder / f"{side}-keys" / part.stem)
        partial = part.with_suffix(".partial")
        connection.execute(
            f"COPY (SELECT b, count(*) AS n, sum(h)::DECIMAL(38, 0) AS s FROM ({keyed}) GROUP BY b) TO {rows.literal(str(partial))} (FORMAT parquet)"
        )
        partial.replace(part)
        told(f"{side}: {i + 1} of {len(raw.chunks)} stretches read")
    for other in (folder / f"{side}-keys").glob("*"):
        if other.name not in {part.stem for part in parts}:
            shutil.rmtree(other)
    return parts


def forget_parts(folder: Path, side: Side) -> None:
    """Once a snapshot is recorded, reading that side again is reading it anew."""
    shutil.rmtree(folder / f"{side}-part", ignore_errors=True)


def _stamp(contract: Contract, raw: Raw, keep: bool) -> str:
    """What a stretch read earlier must have been read with to be worth anything now."""
    return hashlib.sha256(f"{contract.digest()} {raw.mark} {ENGINE} {keep}".encode()).hexdigest()[:16]


def _kept(connection: duckdb.DuckDBPyConnection, keyed: str, to: Path) -> str:
    """Write key and row hashes into folders by key hash; returns the SELECT that reads them back."""
    shutil.rmtree(to, ignore_errors=True)
    to.parent.mkdir(exist_ok=True)
    part = f"CASE WHEN b < {rows.BUCKETS} THEN b % {rows.PARTS} ELSE b END"
    connection.execute(
        f"COPY (SELECT kh, h, {part} AS part FROM ({keyed})) TO {rows.literal(str(to))} (FORMAT parquet, COMPRESSION lz4, PARTITION_BY (part))"
    )
    return kept_hashes(to)


def kept_hashes(folder: Path) -> str:
    """A SELECT of the key hash `kh`, row hash `h` and bucket `b` of every row that a key snapshot holds."""
    files = sorted(folder.rglob("*.parquet"))
    if not files:
        return "SELECT NULL::UBIGINT AS kh, NULL::UBIGINT AS h, NULL::INTEGER AS b LIMIT 0"
    bucket = f"CASE WHEN part < {rows.PARTS} THEN (kh % {rows.BUCKETS})::INTEGER ELSE part::INTEGER END AS b"
    held = f"read_parquet([{', '.join(map(rows.exactly, files))}], hive_partitioning=true)"
    return f"SELECT kh, h, {bucket} FROM {held}"


def _twice(connection: duckdb.DuckDBPyConnection, folder: Path) -> str:
    """A SELECT of the buckets in which a key may be there more than once, looked for folder by folder."""
    connection.execute("CREATE OR REPLACE TEMP TABLE twice (b INTEGER)")
    for part in range(rows.PARTS):
        files = sorted((folder / f"{Side.SOURCE}-keys").glob(f"*/part={part}/*.parquet"))
        if files:
            held = f"read_parquet([{', '.join(map(rows.exactly, files))}], hive_partitioning=false)"
            connection.execute(
                f"INSERT INTO twice SELECT DISTINCT (kh % {rows.BUCKETS})::INTEGER FROM (SELECT kh FROM {held} GROUP BY kh HAVING count(*) > 1)"
            )
    return "SELECT DISTINCT b FROM twice"


def doubts(snapshot: Snapshot, contract: Contract, folder: Path) -> tuple[str, ...]:
    """Why a snapshot taken earlier cannot be compared with one taken now."""
    path = folder / snapshot.file
    if not path.is_file():
        return (f"the {snapshot.side} snapshot of {snapshot.read_at:%d %b %H:%M}Z is gone: take it again",)
    checks = (
        (sha256(path) != snapshot.sha256, "was altered since it was taken"),
        (snapshot.engine != ENGINE, f"was hashed by {snapshot.engine}, this is {ENGINE}: take it again"),
        (
            snapshot.contract_sha256 != contract.digest(),
            "was taken under another version of the contract: take it again",
        ),
    )
    return tuple(
        f"the {snapshot.side} snapshot of {snapshot.read_at:%d %b %H:%M}Z {why}"
        for failed, why in checks
        if failed
    )


@contextmanager
def reading(contract: Contract, side: Side) -> Iterator[None]:
    """Say which side of which contract an engine's or a decoder's complaint is about."""
    try:
        yield
    except (duckdb.Error, UnicodeDecodeError, OSError) as error:
        said = " ".join(line.strip() for line in str(error).split("Possible")[0].splitlines() if line.strip())
        raise Unavailable(f"the {side} of {contract.id} could not be read: {said}", permanent=True) from error


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
