"""Registers in a PostgreSQL of our own, and the CPU that its server takes."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from benchmarks.measuring import cpu_of_family
from benchmarks.postgres import OwnPostgres


@contextmanager
def in_postgres(data: Path, sides: Sequence[str]) -> Iterator[OwnPostgres]:
    """A server of our own with these registers in it, gone afterwards."""
    server = OwnPostgres(data)
    server.start()
    try:
        psql = [server.programs / "psql", server.url, "-q", "-v", "ON_ERROR_STOP=1", "-c"]
        for side in sides:
            _loaded(psql, data, side)
        yield server
    finally:
        assert server.process is not None
        server.process.terminate()
        server.process.wait()
        shutil.rmtree(server.folder)


def _loaded(psql: list[str | Path], data: Path, side: str) -> None:
    file = data / f"{side}.csv"
    with duckdb.connect(config={"threads": 2, "memory_limit": "1GB"}) as db:
        described = db.execute(f"DESCRIBE FROM '{data / side}.parquet'").fetchall()
        db.execute(
            f"COPY (FROM '{data / side}.parquet') TO '{file}' (FORMAT csv, HEADER false, FORCE_QUOTE *)"
        )
    columns = ", ".join(
        f"{name} {kind.replace('DOUBLE', 'DOUBLE PRECISION')}" for name, kind, *_ in described
    )
    for statement in (
        f"CREATE TABLE {side} ({columns})", f"\\copy {side} FROM '{file}' (FORMAT csv)",
        f"CREATE INDEX ON {side} (crime_id)", f"ANALYZE {side}", "CHECKPOINT",
    ):  # fmt: skip
        subprocess.run([*psql, statement], check=True)
    file.unlink()


def served_cpu(server: OwnPostgres | None) -> float:
    """CPU seconds of the server and of all its children, also of those that have ended."""
    if server is None or server.process is None:
        return 0.0
    return cpu_of_family(server.process.pid)
