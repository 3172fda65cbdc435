"""What became of findings from one run to another: new, gone, still there; and the source's rows that would repair them."""

# ruff: noqa: S608  (every identifier and text in the SQL is quoted by rows.name and rows.literal)
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from cutover.reconciliation import rows, sources
from cutover.reconciliation.contract import Contract
from cutover.reconciliation.findings import Class
from cutover.reconciliation.rows import literal, name, parquet
from cutover.reconciliation.sides import Side

REPAIRABLE = (Class.MISSING, Class.CHANGED)


@dataclass(frozen=True, slots=True)
class Since:
    """Findings of a later run against those of an earlier one, by class."""

    new: Mapping[str, int]
    gone: Mapping[str, int]
    still: Mapping[str, int]


def since(engine: duckdb.DuckDBPyConnection, earlier: Path, later: Path) -> Since:
    """Compare two findings files by class and key."""

    def by_class(a: Path, how: str, b: Path) -> dict[str, int]:
        found = engine.execute(
            f"SELECT class, count(*) FROM (SELECT class, key FROM {parquet(a)}) {how} JOIN (SELECT class, key FROM {parquet(b)}) USING (class, key) GROUP BY class ORDER BY class"
        )
        return dict(found.fetchall())

    return Since(
        by_class(later, "ANTI", earlier), by_class(earlier, "ANTI", later), by_class(later, "SEMI", earlier)
    )


def repair(
    engine: duckdb.DuckDBPyConnection, contract: Contract, findings: Path, raw: tuple[Path, str], to: Path
) -> int:
    """Write the source's rows of missing and changed keys, in the source's own columns, for a reload; returns the rows.

    `raw` is the file of the source and its high-water mark.
    """
    held = sources.opened(engine, contract, Side.SOURCE, *raw)
    classes = ", ".join(literal(c) for c in REPAIRABLE)
    types = {n: rows.engine_type(contract.columns[n].type) for n in contract.key}
    kept = ", ".join(f"TRY_CAST(key[{literal(n)}] AS {types[n]})" for n in contract.key)
    wanted = f"SELECT DISTINCT hash({kept}) FROM {parquet(findings)} WHERE class IN ({classes})"
    raw_keys = rows.raw_keys(contract, Side.SOURCE, held.relation, held.types)
    own = [(name(f"raw:{n}"), rows.physical(contract.columns[n], Side.SOURCE, n)) for n in contract.key]
    keys, made = ", ".join(k for k, _ in own), ", ".join(f"{sql} AS {k}" for k, sql in own)
    query = f"""SELECT * EXCLUDE ({keys}) FROM (SELECT *, {made} FROM {held.relation})
        SEMI JOIN (SELECT {keys} FROM ({raw_keys}) WHERE kh IN ({wanted})) USING ({keys})"""
    partial = to.with_name(to.name + ".partial")
    how = "FORMAT csv, HEADER, FORCE_QUOTE *" if to.suffix == ".csv" else "FORMAT parquet, COMPRESSION zstd"
    engine.execute(f"COPY ({query}) TO {literal(str(partial))} ({how})")
    partial.replace(to)
    reader = f"read_csv({rows.exactly(to)}, all_varchar=true)" if to.suffix == ".csv" else parquet(to)
    return rows.number(engine, f"SELECT count(*) FROM {reader}")
