"""Keys that were issued anew: a table of old and new ones, proven one to one before any row is read.

Where one old key has two new ones, or two old ones share a new one, records would be lost or doubled on paper before
the comparison begins; so nothing is compared until the table is mended. A key of the source that the table does not
name stays as it is, and is then found missing under its own name.
"""

# ruff: noqa: S608  (every identifier and text in the SQL is quoted by rows.name and rows.literal)
from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb

from cutover.core.errors import Unavailable
from cutover.reconciliation import sources
from cutover.reconciliation.contract import Contract, CrossReference
from cutover.reconciliation.rows import name
from cutover.reconciliation.sides import Side

NAMED = 3


def faults(engine: duckdb.DuckDBPyConnection, contract: Contract) -> tuple[str, ...]:
    """Why the cross-reference is not one to one; none for a contract without one. Raises Unavailable or Invalid for a file that cannot be read."""
    if contract.crossing is None:
        return ()
    table = _table(engine, contract.crossing)
    found = []
    for column, other, what in (("old", "new", "old keys have more than one new key"), ("new", "old", "new keys stand for more than one old key")):  # fmt: skip
        [(n, some)] = engine.execute(f"""SELECT count(*), list({column} ORDER BY {column})[:{NAMED}]
            FROM (SELECT {column} FROM ({table}) WHERE {column} IS NOT NULL GROUP BY {column} HAVING count(DISTINCT {other}) > 1)""").fetchall()
        if n:
            found.append(f"the cross-reference is not one to one: {n:,} {what} ({', '.join(some)}{', …' if n > NAMED else ''})")  # fmt: skip
    [(twice, empty)] = engine.execute(f"""SELECT count(*) - count(DISTINCT (old, new)), count(*) FILTER (old IS NULL OR new IS NULL) FROM ({table})""").fetchall()  # fmt: skip
    if empty:
        found.append(f"the cross-reference has {empty:,} rows without an old or a new key")
    if twice:
        found.append(f"the cross-reference holds {twice:,} rows twice")
    return tuple(found)


def crossed(engine: duckdb.DuckDBPyConnection, contract: Contract) -> Contract:
    """The contract whose source is keyed as the target is. The table's digest stands in it, so that a snapshot knows its own."""
    if contract.crossing is None:
        return contract
    [key] = contract.key
    column, table = contract.columns[key], _table(engine, contract.crossing)
    plain = column.source_sql or name(column.named(Side.SOURCE, key))
    digest = hashlib.sha256(Path(contract.crossing.path).read_bytes()).hexdigest()
    sql = f"coalesce((SELECT crossing.new FROM ({table}) crossing WHERE crossing.old = CAST({plain} AS VARCHAR)), CAST({plain} AS VARCHAR)) /* {digest} */"
    columns = {**contract.columns, key: column.model_copy(update={"source_sql": sql})}
    return contract.model_copy(update={"columns": columns})


def _table(engine: duckdb.DuckDBPyConnection, crossing: CrossReference) -> str:
    """A SELECT of the texts `old` and `new`."""
    path = Path(crossing.path)
    if not path.is_file():
        raise Unavailable(f"the cross-reference is not there: no file {path}")
    has, relation = sources.relation_of(engine, crossing.place(), Side.SOURCE, path)
    crossing.check(has)
    old, new = (f"CAST({name(c)} AS VARCHAR)" for c in (crossing.source, crossing.target))
    return f"SELECT {old} AS old, {new} AS new FROM {relation}"
