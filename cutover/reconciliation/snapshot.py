"""One side, read once, in stretches: rows and row hashes totalled by bucket of key hash, kept under the hash of its bytes.

No hash of a single row is kept: on sides that agree none is ever asked for, and of those that do not the rows are read
again. A snapshot names the engine that hashed it, because row hashes of two engine versions do not compare.
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
from cutover.core.reach import HOUSE, Reach
from cutover.reconciliation import rows, sources
from cutover.reconciliation.contract import Contract
from cutover.reconciliation.sides import Side, Snapshot
from cutover.reconciliation.sources import Raw

ENGINE = f"duckdb {duckdb.__version__}"
MEMORY = "800MB"
THREADS = 2
PLACES = 16  # of a bit for every key, a row: integer keys further apart than that are not looked at as bits
MOST_PLACES = 1_000_000_000  # the longest string of bits the engine makes: 120 MiB


@contextmanager
def engine(work: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection with bounded memory that spills into `work`, in UTC, and loads nothing from outside."""
    work.mkdir(parents=True, exist_ok=True)
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY, "threads": THREADS, "preserve_insertion_order": False, "temp_directory": str(work / "spill"),
        "autoinstall_known_extensions": False, "autoload_known_extensions": False,
        "perfect_ht_threshold": 17,  # buckets are an array and not a hash table: a tenth less work
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
    reach: Reach = HOUSE,
    now: datetime,
    told: Callable[[str], None] = lambda _: None,
) -> Snapshot:
    """Read one side into `folder`. Raises Unavailable when it cannot be had whole, Invalid when it is not what the contract says.

    What a killed run had read of the same file is not read again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    place = contract.place(side)
    path, mark = sources.brought(contract, side, folder, systems, reach)
    with reading(contract, side, path):
        raw = sources.opened(connection, contract, side, path, mark)
        gaps = rows.gaps(contract, side, raw.has)
        if side is Side.SOURCE:
            gaps += sources.unmapped(connection, contract, raw)
        counted = rows.number(connection, f"SELECT count(*) FROM {raw.relation}")
        stamp, kept = _stamp(contract, raw, path), folder / f"{side}-part"
        parts = _parts(connection, contract, side, raw, kept, stamp=stamp, told=told)
        twice, states = None, {}
        if side is Side.SOURCE:  # what is there twice on one side only has other totals
            twice = _twice(connection, contract, raw, kept / f"{stamp}-twice.parquet")
            typed = rows.typed(contract, side, raw.relation, raw.types)
            states = dict(connection.execute(rows.states(contract, side, typed)).fetchall())
        partial = folder / f"{side}.totals.partial"
        connection.execute(f"COPY ({_merged(parts, twice)}) TO {rows.literal(str(partial))} (FORMAT parquet, COMPRESSION zstd)")  # fmt: skip
    if not place.system and sources.mark(path) != mark:
        raise Unavailable(f"the {side} of {contract.id} moved while it was being read: {path}")
    digest = sha256(partial)
    file = partial.replace(folder / f"{side}-{digest[:12]}.parquet")
    return Snapshot(
        side=side, origin=str(place), read_at=now, rows=counted, file=file.name, sha256=digest,
        raw=path.name if place.system else str(path.absolute()),
        engine=ENGINE, contract_sha256=contract.digest(), gaps=gaps,
        by_state=states, mark=mark,
    )  # fmt: skip


def _parts(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    side: Side,
    raw: Raw,
    folder: Path,
    *,
    stamp: str,
    told: Callable[[str], None],
) -> list[Path]:
    """The totals of each stretch of a side, as files: rows and sum of row hashes (128 bit) by bucket."""
    parts = []
    for i, chunk in enumerate(raw.chunks):
        part = folder / f"{stamp}-{i:04}.parquet"
        parts.append(part)
        if part.is_file():
            continue
        folder.mkdir(exist_ok=True)
        keyed = rows.keyed(contract, side, rows.typed(contract, side, chunk, raw.types), raw.types)
        _put(
            connection,
            f"SELECT b, count(*) AS n, sum(h)::DECIMAL(38, 0) AS s FROM ({keyed}) GROUP BY b",
            part,
        )
        told(f"{side}: {i + 1} of {len(raw.chunks)} stretches read")
    return parts


def _merged(parts: list[Path], twice: Path | None) -> str:
    """A SELECT of a side's totals by bucket, and whether a key may be `twice` in it."""
    files = ", ".join(map(rows.exactly, parts))
    merged = (
        f"SELECT b, sum(n)::BIGINT AS n, sum(s)::DECIMAL(38, 0) AS s FROM read_parquet([{files}]) GROUP BY b"
    )
    known = f"FROM {rows.parquet(twice)}" if twice else "SELECT NULL::USMALLINT AS b LIMIT 0"
    return (
        f"SELECT t.*, w.b IS NOT NULL AS twice FROM ({merged}) t LEFT JOIN ({known}) w USING (b) ORDER BY b"
    )


def _put(connection: duckdb.DuckDBPyConnection, select: str, to: Path) -> None:
    """What a killed run must not do again: a file that is there whole or not at all."""
    partial = to.with_suffix(".partial")
    connection.execute(f"COPY ({select}) TO {rows.literal(str(partial))} (FORMAT parquet)")
    partial.replace(to)


def forget_parts(folder: Path, side: Side) -> None:
    """Once a snapshot is recorded, reading that side again is reading it anew."""
    shutil.rmtree(folder / f"{side}-part", ignore_errors=True)


def _stamp(contract: Contract, raw: Raw, path: Path) -> str:
    """What a stretch read earlier must have been read with to be worth anything now.

    Also of a table the file: brought again, its rows come in another order, and a stretch is other rows.
    """
    read = f"{contract.digest()} {raw.mark} {sources.mark(path)} {ENGINE}"
    return hashlib.sha256(read.encode()).hexdigest()[:16]


def _twice(connection: duckdb.DuckDBPyConnection, contract: Contract, raw: Raw, found: Path) -> Path:
    """Have the file `found` hold the buckets in which a key of the source may be there more than once."""
    if not found.is_file():
        typed = rows.typed(contract, Side.SOURCE, raw.relation, raw.types)
        keyed = f"FROM ({rows.hashed(contract, Side.SOURCE, typed, raw.types)}) WHERE b < {rows.BUCKETS}"
        some = "LIMIT 0" if _all_apart(connection, contract, raw, keyed) else ""
        twice = f"SELECT kh FROM (SELECT kh {keyed}) GROUP BY kh HAVING count(*) > 1"
        _put(connection, f"SELECT DISTINCT {rows.of_key_hash()} AS b FROM ({twice}) {some}", found)
    return found


def _all_apart(connection: duckdb.DuckDBPyConnection, contract: Contract, raw: Raw, keyed: str) -> bool:
    """Whether whole numbers as keys are all different, by one bit for each: a fifth of what grouping them costs.

    False says nothing: another kind of key, numbers too far apart, or some that are there twice.
    """
    [n, *others] = contract.key
    if others or contract.columns[n].type != "integer" or rows.may_fail("integer", raw.types[n]):
        return False
    key = rows.name(n)
    [(least, most, count)] = connection.execute(f"SELECT min({key}), max({key}), count(*) {keyed}").fetchall()
    if not count or most - least >= min(PLACES * count, MOST_PLACES):
        return not count
    bits = f"bit_count(bitstring_agg({key}, {least}, {most}))"
    return bool(rows.number(connection, f"SELECT {bits} = count(*) {keyed}"))


def doubts(snapshot: Snapshot, contract: Contract, folder: Path) -> tuple[str, ...]:
    """Why a snapshot taken earlier cannot be compared with one taken now."""
    path = folder / snapshot.file
    if not path.is_file():
        return (f"the {snapshot.side} snapshot of {snapshot.read_at:%d %b %H:%M}Z is gone: take it again",)
    checks = (
        (sha256(path) != snapshot.sha256, "was altered since it was taken"),
        (snapshot.engine != ENGINE, f"was hashed by {snapshot.engine}, this is {ENGINE}: take it again"),
        (
            snapshot.origin != str(contract.place(snapshot.side)),
            f"was taken of {snapshot.origin}, the contract now names {contract.place(snapshot.side)}: take it again",
        ),
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
def reading(contract: Contract, side: Side, path: Path | None = None) -> Iterator[None]:
    """Say which side of which contract an engine's or a decoder's complaint is about, and of a CSV file what it may be."""
    try:
        yield
    except (duckdb.Error, UnicodeDecodeError, OSError) as error:
        said = " ".join(line.strip() for line in str(error).split("Possible")[0].splitlines() if line.strip())
        if path and contract.place(side).kind == "csv":
            said = sources.mixed_line_ends(path) or said
        raise Unavailable(f"the {side} of {contract.id} could not be read: {said}", permanent=True) from error


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
