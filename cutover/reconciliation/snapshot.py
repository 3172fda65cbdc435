"""One side, read once: fetched whole, scanned into key and row hash, kept as Parquet under the hash of its bytes.

A snapshot names the engine that hashed it, because row hashes of two engine versions do not compare.
"""

# ruff: noqa: S608  (every identifier and text in the SQL is quoted by rows.name and rows.literal)
from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb
import httpx

from cutover.core.errors import Invalid, Problem, Unavailable, nearest
from cutover.reconciliation import rows
from cutover.reconciliation.contract import Contract, Place
from cutover.reconciliation.sides import Side, Snapshot

ENGINE = f"duckdb {duckdb.__version__}"
MEMORY = "1GB"
THREADS = 2
PATIENCE = 30.0  # seconds without a byte after which a system counts as silent


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
) -> Snapshot:
    """Read one side into `folder`. Raises Unavailable when it cannot be had whole, Invalid when it is not what the contract says."""
    folder.mkdir(parents=True, exist_ok=True)
    place = contract.place(side)
    raw = fetch(place, systems, folder / f"{side}.{place.kind}") if place.system else Path(place.path)
    if not raw.is_file():
        raise Unavailable(f"the {side} of {contract.id} is not there: no file {raw}")
    partial = folder / f"{side}-keys.parquet.partial"
    with reading(contract, side):
        has = rows.header(connection, raw, place.kind)
        gaps = rows.gaps(contract, side, has)
        select = rows.keyed(contract, side, rows.typed(contract, side, raw, has))
        connection.execute(
            f"COPY ({select}) TO {rows.literal(str(partial))} (FORMAT parquet, COMPRESSION zstd)"
        )
        counted = connection.execute(f"SELECT count(*) FROM {rows.parquet(partial)}").fetchall()
    digest = sha256(partial)
    kept = partial.replace(folder / f"{side}-{digest[:12]}.parquet")
    return Snapshot(
        side=side, origin=str(place), read_at=now, rows=counted[0][0], file=kept.name, sha256=digest,
        raw=raw.name if place.system else str(raw.absolute()),
        engine=ENGINE, contract_sha256=contract.digest(), gaps=gaps,
    )  # fmt: skip


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


def fetch(place: Place, systems: Mapping[str, str], to: Path) -> Path:
    """Stream a path of a system into a file that appears whole or not at all. Raises Unavailable."""
    if place.system not in systems:
        raise Invalid(
            Problem(
                f"no system named '{place.system}'", field="system", nearest=nearest(place.system, systems)
            )
        )
    url = systems[place.system].rstrip("/") + "/" + place.path.lstrip("/")
    partial = to.with_name(to.name + ".partial")
    try:
        with (
            httpx.stream("GET", url, timeout=PATIENCE, follow_redirects=True) as answer,
            partial.open("wb") as out,
        ):
            answer.raise_for_status()
            if not {"content-length", "transfer-encoding"} & set(answer.headers):
                raise Unavailable(
                    f"{url} does not say how long its answer is: a cut one could not be told from a whole one"
                )
            for chunk in answer.iter_bytes():
                out.write(chunk)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(f"{url} could not be read: {error or type(error).__name__}") from error
    return partial.replace(to)


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
