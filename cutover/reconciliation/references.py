"""Who points at nobody: references of a side's records to the records of another contract on the same side.

The records lost from one register show a second time here, as those that pointed at them.
"""

# ruff: noqa: S608  (every identifier and text in the SQL is quoted by rows.name and rows.literal)
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb

from cutover.core.errors import NotFound
from cutover.core.reach import HOUSE, Reach
from cutover.reconciliation import rows, sources
from cutover.reconciliation.contract import Contract, Reference
from cutover.reconciliation.match import Read
from cutover.reconciliation.rows import KEYLESS, literal, name
from cutover.reconciliation.sides import Side
from cutover.reconciliation.snapshot import reading
from cutover.reconciliation.sources import Raw


def look(
    engine: duckdb.DuckDBPyConnection,
    contract: Contract,
    contracts: Mapping[str, Contract],
    read: Mapping[Side, Read],
    *,
    work: Path,
    systems: Mapping[str, str],
    reach: Reach = HOUSE,
) -> None:
    """Fill the table `orphans` with every row of the target that points at nobody, and whether it did so before."""
    begin(engine, contract)
    for reference in contract.references:
        if reference.contract not in contracts:
            raise NotFound("contract", reference.contract, contracts)
        parent = contracts[reference.contract]
        for side in (Side.TARGET, Side.SOURCE):
            with reading(contract, side):
                raw = sources.opened(engine, contract, side, read[side].raw, "")
            held = _parents(engine, parent, side, work / "parents" / parent.id, systems=systems, reach=reach)
            engine.execute(
                f"CREATE OR REPLACE TABLE {side}_astray AS {_astray(contract, parent, reference, side, raw=raw, parents=held)}"
            )
            if side is Side.TARGET and not rows.number(engine, f"SELECT count(*) FROM {side}_astray"):
                break
        else:
            _keep(engine, contract, reference, read[Side.TARGET])


def begin(engine: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Make the table `orphans`, empty."""
    engine.execute(
        f"CREATE TABLE orphans AS SELECT {_shown(contract)}, '' AS detail FROM {Side.TARGET}_rows LIMIT 0"
    )


def _parents(
    engine: duckdb.DuckDBPyConnection,
    parent: Contract,
    side: Side,
    folder: Path,
    *,
    systems: Mapping[str, str],
    reach: Reach,
) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    path, mark = sources.brought(parent, side, folder, systems, reach)
    with reading(parent, side):
        raw = sources.opened(engine, parent, side, path, mark)
    return rows.typed(parent, side, raw.relation, raw.types)


def _astray(
    contract: Contract, parent: Contract, reference: Reference, side: Side, *, raw: Raw, parents: str
) -> str:
    """The values that point at nobody."""
    child, pointing = (
        rows.typed(contract, side, raw.relation, raw.types),
        ", ".join(map(name, reference.columns)),
    )
    present = " AND ".join(f"{name(c)} IS NOT NULL" for c in reference.columns)
    same = " AND ".join(f"c.{name(c)} = p.{name(parent.key[i])}" for i, c in enumerate(reference.columns))
    return f"SELECT DISTINCT {pointing} FROM (SELECT {pointing} FROM ({child}) WHERE {present}) c ANTI JOIN ({parents}) p ON {same}"


def _keep(engine: duckdb.DuckDBPyConnection, contract: Contract, reference: Reference, read: Read) -> None:
    side, columns = Side.TARGET, ", ".join(map(name, reference.columns))
    with reading(contract, side):
        raw = sources.opened(engine, contract, side, read.raw, "")
        typed = rows.typed(contract, side, _of_astray(contract, reference, raw), raw.types)
        typed = f"SELECT * FROM ({typed}) SEMI JOIN {side}_astray USING ({columns})"
        told = rows.told(contract, rows.hashed(contract, side, typed, raw.types), f"b <= {KEYLESS}")
        before = ", ".join(f"CAST({name(c)} AS VARCHAR) AS {name(f'text:{c}')}" for c in reference.columns)
        keep(engine, contract, reference, told, f"SELECT {before} FROM source_astray")


def keep(
    engine: duckdb.DuckDBPyConnection, contract: Contract, reference: Reference, told: str, before: str
) -> None:
    """Add rows of the target that point at nobody to `orphans`; `before` are those of the source."""
    pointing = " || ' / ' || ".join(name(f"text:{c}") for c in reference.columns)
    where = literal(f" points at no record of {reference.contract} in the target")
    engine.execute(f"""
        INSERT INTO orphans SELECT {_shown(contract)}, {literal(", ".join(reference.columns))} || ' ' || {pointing} || {where}
            || CASE WHEN {pointing} IN (SELECT {pointing} FROM ({before})) THEN ', nor in the source' ELSE '' END FROM ({told})""")


def _shown(contract: Contract) -> str:
    """Only what tells which record it is: no other column is read for it."""
    cells = ", ".join(f"{literal(n)}: {name(f'text:{n}')}" for n in contract.context)
    return f"{rows.keys(contract)}, state, MAP {{{cells}}}::MAP(VARCHAR, VARCHAR) AS context"


def _of_astray(contract: Contract, reference: Reference, raw: Raw) -> str:
    """The rows that point at nobody, named in the side's own types, so that the engine passes over the others."""
    side, named = Side.TARGET, []
    for n in reference.columns:
        column = contract.columns[n]
        if column.sql(side) or rows.may_fail(column.type, raw.types[n]):
            return raw.relation
        named.append((name(column.named(side, n)), f"CAST({name(n)} AS {raw.types[n]})"))
    there = ", ".join(f"{value} AS {column}" for column, value in named)
    using = ", ".join(column for column, _ in named)
    return f"(SELECT * FROM {raw.relation} SEMI JOIN (SELECT DISTINCT {there} FROM {side}_astray) USING ({using}))"
