"""A comparison made where both sides are: the engine narrows, and what it did not find to agree is judged here.

What comes back is what a reading of both sides gives: snapshots, held rows, totals. Class, cell, kind and verdict are
decided by the code that decides them for every run; conservation holds the engine's counts against them.
"""

# ruff: noqa: S608  (every identifier and text in the SQL is quoted by rows.name and rows.literal)
from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from cutover.core.errors import NotFound, Unavailable
from cutover.reconciliation import references, rows, skeleton, sources, warehouses
from cutover.reconciliation.contract import Contract, Place, Reference
from cutover.reconciliation.dialects import dialect, translate
from cutover.reconciliation.match import Matching, Read, settle
from cutover.reconciliation.rows import KEYLESS
from cutover.reconciliation.sides import Side, Snapshot
from cutover.reconciliation.skeleton import ODD, There
from cutover.reconciliation.snapshot import ENGINE
from cutover.reconciliation.warehouses import Warehouse


@dataclass(frozen=True, slots=True)
class Compared:
    """What was read of both sides, and how it was matched; `orphans` is filled in the embedded engine."""

    taken: Mapping[Side, Snapshot]
    matching: Matching


@dataclass(frozen=True, slots=True)
class _Counted:
    """One side as the engine counts it: rows by where they go, by state, and the sum of their hashes."""

    rows: int
    aside: Mapping[int, int]
    by_state: Mapping[str, int]
    hashes: int


def places(contract: Contract, contracts: Mapping[str, Contract]) -> tuple[Place, ...]:
    """All that a comparison reads. Raises NotFound for a reference to a contract that is not there."""
    read = [contract]
    for reference in contract.references:
        if reference.contract not in contracts:
            raise NotFound("contract", reference.contract, contracts)
        read.append(contracts[reference.contract])
    return tuple(one.place(side) for one in read for side in Side)


def emitted(contract: Contract, engine: str) -> list[str]:
    """The statements of a comparison in one engine's words, with the contract's own names for what is read.

    For an engine that is not asked: the columns count as the contract's types, as the engine that has them must.
    """
    spoken = dialect(engine)
    there = {side: _as_the_contract_says(contract, side) for side in Side}
    asked = [
        *(skeleton.all_rows(there[side]) for side in Side),
        *(skeleton.counted(contract, there[side]) for side in Side),
        f"CREATE TABLE {ODD} AS {skeleton.odd_keys(contract, there[Side.SOURCE], there[Side.TARGET])}",
        skeleton.agreed(),
        *(skeleton.odd_rows(contract, there[side]) for side in Side),
    ]
    return [translate(one, spoken) for one in asked]


def compare(
    local: duckdb.DuckDBPyConnection,
    warehouse: Warehouse,
    contract: Contract,
    contracts: Mapping[str, Contract],
    *,
    work: Path,
    now: datetime,
) -> Compared:
    """Compare both sides in `warehouse`; the embedded engine has the rows of every finding afterwards.

    Raises Invalid for a column that a side lacks, Unavailable for a side that moved meanwhile.
    """
    asking = _Asking(warehouse, contract, work)
    there = {side: asking.there(contract, side) for side in Side}
    gaps = {side: skeleton.gaps(contract, there[side]) for side in Side}
    gaps[Side.SOURCE] += asking.unmapped(there[Side.SOURCE])
    marks = {side: asking.mark(there[side]) for side in Side}
    counted = {side: asking.counted(there[side]) for side in Side}
    warehouse.keep(ODD, asking.said(skeleton.odd_keys(contract, there[Side.SOURCE], there[Side.TARGET])))
    [[agreed]] = asking.rows(skeleton.agreed())
    for side in Side:
        asking.hold(local, there[side], counted[side], int(agreed or 0))
    local.execute("CREATE TABLE suspect (b INTEGER)")
    taken = {side: asking.taken(there[side], counted[side], gaps[side], marks[side], now) for side in Side}
    source, target = (Read(taken[side], work, work) for side in Side)
    matching = settle(local, contract, (source, target), [], few=True)
    references.begin(local, contract)
    for reference in contract.references:
        asking.astray(local, there, reference, contracts[reference.contract])
    for side in Side:
        if (after := asking.mark(there[side])) != marks[side]:
            raise Unavailable(
                f"the {side} of {contract.id} moved while it was being read: {marks[side]} became {after}"
            )
    return Compared(taken, matching)


def within_reach(contract: Contract, systems: Mapping[str, str], work: Path) -> Contract:
    """The contract with a source that the embedded engine reads: a table of a Spark's catalog is first written out as text."""
    if contract.engine != "spark" or not contract.source.is_database:
        return contract
    to = work / f"{Side.SOURCE}.csv"
    with warehouses.opened(contract.engine, (contract.source,), systems, work) as warehouse:
        relation = warehouse.relation(contract.source, Side.SOURCE)
        own = skeleton.own_texts(There(Side.SOURCE, relation, warehouse.columns(relation)))
        warehouse.write(translate(f"SELECT {own} FROM {relation} x", warehouse.dialect), to)
    return contract.model_copy(update={"source": Place(path=str(to))})


class _Asking:
    """One contract's questions to one engine."""

    def __init__(self, warehouse: Warehouse, contract: Contract, work: Path) -> None:
        self._warehouse, self._contract, self._work = warehouse, contract, work

    def said(self, sql: str) -> str:
        return translate(sql, self._warehouse.dialect)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._warehouse.rows(self.said(sql))

    def there(self, contract: Contract, side: Side) -> There:
        relation = self._warehouse.relation(contract.place(side), side)
        found = There(side, relation, self._warehouse.columns(relation))
        skeleton.gaps(contract, found)
        return found

    def mark(self, there: There) -> str:
        """What moves when the side does: its rows, and its high-water mark where the contract has one."""
        high_water = self._contract.place(there.side).high_water
        [row] = self.rows(skeleton.all_rows(there, high_water))
        return ", ".join(map(str, row))

    def counted(self, there: There) -> _Counted:
        [[held, *_]] = self.rows(skeleton.all_rows(there))
        aside: Counter[int] = Counter()
        by_state: Counter[str] = Counter()
        hashes = 0
        for where, *state, n, total in self.rows(skeleton.counted(self._contract, there)):
            aside[int(where)] += int(n)
            hashes += int(total or 0)
            if where == skeleton.PLAIN:
                by_state[" / ".join(rows.NO_STATE if part is None else part for part in state)] += int(n)
        return _Counted(int(held), aside, by_state, hashes)

    def unmapped(self, there: There) -> tuple[str, ...]:
        return tuple(
            sources.no_code(n, code, times)
            for n, query in rows.unmapped(self._contract, there.relation).items()
            for code, times in self.rows(query)
        )

    def hold(self, local: duckdb.DuckDBPyConnection, there: There, counted: _Counted, agreed: int) -> None:
        """Take up the rows that may not agree as `held`, and all others as totals."""
        side = there.side
        hashed = self._brought(
            local, there, skeleton.odd_rows(self._contract, there), self._work / f"{side}.csv"
        )
        local.execute(f"CREATE TABLE {side}_held AS {hashed}")
        local.execute(f"CREATE TABLE {side}_totals (b INTEGER, n BIGINT)")
        apart = [(KEYLESS + where, n) for where, n in counted.aside.items() if where > skeleton.KEYLESS]
        local.executemany(f"INSERT INTO {side}_totals VALUES (?, ?)", [(0, agreed), *apart])

    def astray(
        self,
        local: duckdb.DuckDBPyConnection,
        there: Mapping[Side, There],
        reference: Reference,
        parent: Contract,
    ) -> None:
        """Take up the rows of the target that point at nobody, and what pointed at nobody in the source."""
        for side in Side:
            query = skeleton.astray(self._contract, there[side], reference, parent, self.there(parent, side))
            hashed = self._brought(local, there[side], query, self._work / f"{side}-astray.csv")
            sure = " AND ".join(f"NOT {rows.name(f'is_wrong:{c}')}" for c in reference.columns)
            told = f"FROM ({rows.told(self._contract, hashed, f'b <= {KEYLESS}')}) WHERE {sure}"
            local.execute(f"CREATE OR REPLACE TABLE {side}_astray AS {told}")
        references.keep(
            local, self._contract, reference, f"FROM {Side.TARGET}_astray", f"FROM {Side.SOURCE}_astray"
        )

    def taken(
        self, there: There, counted: _Counted, gaps: tuple[str, ...], mark: str, now: datetime
    ) -> Snapshot:
        """What was read, as a snapshot has it; its digest is of the rows, the sum of their hashes, and whose they are."""
        stated = f"{self._warehouse.version} {counted.rows} {counted.hashes}"
        return Snapshot(
            side=there.side, origin=str(self._contract.place(there.side)), read_at=now, rows=counted.rows, file="", raw="",
            sha256=hashlib.sha256(stated.encode()).hexdigest(), engine=f"{self._warehouse.version}, {ENGINE}",
            contract_sha256=self._contract.digest(), gaps=gaps, by_state=counted.by_state, mark=mark,
        )  # fmt: skip

    def _brought(self, local: duckdb.DuckDBPyConnection, there: There, query: str, to: Path) -> str:
        """Rows from the engine, read here as any CSV file is: typed without loss, keyed and hashed."""
        self._warehouse.write(self.said(query), to)
        place = Place(path=str(to))
        contract = self._contract.model_copy(update={there.side.value: place})
        raw = sources.opened(local, contract, there.side, to, "")
        return rows.hashed(
            contract, there.side, rows.typed(contract, there.side, raw.relation, raw.types), raw.types
        )


def _as_the_contract_says(contract: Contract, side: Side) -> There:
    place = contract.place(side)
    has = {
        c.named(side, n): "VARCHAR" if c.type == "text" else ""
        for n, c in contract.columns.items()
        if not c.sql(side)
    }
    relation = ".".join(map(rows.name, place.table.split("."))) if place.table else rows.name(place.path)
    return There(side, relation, has)
