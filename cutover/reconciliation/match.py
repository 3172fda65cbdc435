"""Which keys agree, differ, are missing, extra or there twice; and that every row read is accounted for.

UNION ALL and GROUP BY, never a join: a full join multiplies duplicate keys, drops identical copies and cannot
pair a NULL key. The two sides are counted apart, so that conservation is a check and not an arithmetic truth.
"""

# ruff: noqa: S608  (every identifier and text in the SQL is quoted by rows.name and rows.literal)
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from cutover.reconciliation import rows, sources
from cutover.reconciliation.contract import Contract
from cutover.reconciliation.findings import Class, Conservation, Equation
from cutover.reconciliation.rows import BUCKETS, KEYLESS, keys, literal, name, number, parquet
from cutover.reconciliation.sides import Side, Snapshot
from cutover.reconciliation.snapshot import reading
from cutover.reconciliation.sources import Raw

FEW = (
    3_000_000  # rows in buckets that differ: so many are held with all their columns, of more only the hashes
)
GROUP = 20_480  # rows of a file written at a time: as many of each thread are in memory
TURN = 250_000  # rows of a side set against the other's at a time
SLICE = 100_000  # differing keys told at a time
ONE_EACH = 1 + (1 << 32)  # a source row counts 1, a target row 2^32: one sum tells both numbers of copies
_COPIES = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Matching:
    """Findings by class, the same by state, the books of both sides, why they cannot be trusted, and in how many slices they are."""

    counts: Mapping[str, int]
    by_state: Mapping[str, Mapping[str, int]]
    books: Conservation
    excluded: Mapping[str, int]
    doubts: tuple[str, ...]
    slices: int


@dataclass(frozen=True, slots=True)
class Read:
    """A snapshot, the file of its totals, and the rows it was taken of."""

    taken: Snapshot
    totals: Path
    raw: Path


def match(engine: duckdb.DuckDBPyConnection, contract: Contract, source: Read, target: Read) -> Matching:
    """Compare two snapshots in `engine`, which keeps the tables `source_rows`, `target_rows` and `odd`, each by slices.

    Buckets with the same number and sum of row hashes on both sides, and no key twice, hold the same rows. The rows
    of the others are read again and set against each other. Where they are many their hashes are, on disk, and only
    the rows of keys that do not agree are read a third time.
    """
    for side, one in ((Side.SOURCE, source), (Side.TARGET, target)):
        engine.execute(f"CREATE TABLE {side}_totals AS FROM {parquet(one.totals)}")
    engine.execute(_suspect())
    few, work = number(engine, _suspected()) <= FEW, target.totals.parent
    doubts = [_held(engine, contract, one, work, few=few) for one in (source, target)]
    return settle(engine, contract, (source, target), doubts, few=few)


def settle(
    engine: duckdb.DuckDBPyConnection,
    contract: Contract,
    sides: tuple[Read, Read],
    doubts: list[str],
    *,
    few: bool,
) -> Matching:
    """Judge the rows taken up into `source_held` and `target_held`, whole where they are `few`; all others are in the totals and agree."""
    source, target = sides
    _set_against(engine)
    slices = 1 + number(engine, "SELECT count(*) FROM differing") // SLICE
    doubts += [_told(engine, contract, one, few=few, slices=slices) for one in (source, target)]
    for side in Side:
        engine.execute(f"CREATE VIEW {side}_keys AS SELECT * FROM {side}_rows WHERE NOT keyless")
    for i in range(slices):
        engine.execute(("INSERT INTO odd " if i else "CREATE TABLE odd AS ") + _odd(contract, i))
    by_state = _by_state(engine, contract, source.taken.by_state)
    totals: Counter[str] = Counter()
    for counted in by_state.values():
        totals.update(counted)
    books = Conservation(
        source=_equation(engine, contract, source.taken), target=_equation(engine, contract, target.taken)
    )
    return Matching(
        {str(c): totals[c] for c in Class if c is not Class.ORPHAN}, by_state, books, _excluded(engine, contract), tuple(filter(None, doubts)), slices
    )  # fmt: skip


def _suspect() -> str:
    """The buckets whose rows have to be looked at: other totals on the other side, a key twice, no key."""
    return f"""
    CREATE TABLE suspect AS SELECT b FROM source_totals s FULL JOIN target_totals t USING (b)
    WHERE b = {KEYLESS} OR b < {KEYLESS} AND (s.n IS DISTINCT FROM t.n OR s.s IS DISTINCT FROM t.s OR coalesce(s.twice, false))"""


def _suspected() -> str:
    """The rows in suspect buckets, of the side that has more of them."""
    both = " UNION ALL ".join(
        f"SELECT sum(n) AS n FROM {side}_totals WHERE b IN (FROM suspect)" for side in Side
    )
    return f"SELECT coalesce(max(n), 0)::BIGINT FROM ({both})"


def _held(engine: duckdb.DuckDBPyConnection, contract: Contract, read: Read, work: Path, *, few: bool) -> str:
    """Take up the suspect buckets of a side, whole or as hashes; returns why they are not those of its totals, or ''.

    On disk, so that memory does not grow with them.
    """
    side, none = read.taken.side, not number(engine, "SELECT count(*) FROM suspect")
    file, what = work / f"{side}.held.parquet", "*" if few else "kh, h, b"
    how = "COMPRESSION lz4" if few else "COMPRESSION uncompressed, DICTIONARY_SIZE_LIMIT 1"
    with reading(contract, side):
        hashed = _again(engine, contract, read, where="WHERE false" if none else "WHERE b IN (FROM suspect)")
        engine.execute(
            f"COPY (SELECT {what} FROM ({hashed})) TO {literal(str(file))} (FORMAT parquet, ROW_GROUP_SIZE {GROUP}, {how})"
        )
    engine.execute(f"CREATE VIEW {side}_held AS FROM {parquet(file)}")
    return _same(engine, side)


def _again(
    engine: duckdb.DuckDBPyConnection, contract: Contract, read: Read, wanted: str = "", where: str = ""
) -> str:
    """A SELECT that reads a side once more: all of it, or at least where `wanted` holds of a key hash `kh` and where there is no key.

    `where` limits the rows before they are hashed.
    """
    side = read.taken.side
    raw = sources.opened(engine, contract, side, read.raw, read.taken.mark)
    relation = _of_keys(engine, contract, side, raw, wanted) if wanted else raw.relation
    typed = rows.typed(contract, side, relation, raw.types)
    return rows.hashed(contract, side, typed, raw.types, where)


def _same(engine: duckdb.DuckDBPyConnection, side: Side) -> str:
    wanted = f"SELECT coalesce(sum(n), 0)::BIGINT, coalesce(sum(s), 0)::DECIMAL(38, 0) FROM {side}_totals WHERE b IN (FROM suspect)"
    found = f"SELECT count(*), coalesce(sum(h), 0)::DECIMAL(38, 0) FROM {side}_held"
    same = engine.execute(wanted).fetchall() == engine.execute(found).fetchall()
    return "" if same else _changed(side)


def _set_against(engine: duckdb.DuckDBPyConnection) -> None:
    """Have `differing` hold the key hashes that are not once on each side with one row hash; a collision only adds a key.

    Some buckets at a time, so that memory does not grow with the rows held.
    """
    held = number(
        engine,
        "SELECT max(n) FROM (SELECT count(*) AS n FROM source_held UNION ALL SELECT count(*) FROM target_held)",
    )
    turns = 1 + held // TURN
    for i in range(turns):
        mine = f"b < {KEYLESS} AND b % {turns} = {i}"
        engine.execute(f"""
            {"INSERT INTO differing" if i else "CREATE TABLE differing AS"} SELECT kh FROM (
                SELECT kh, 1::BIGINT AS one, h FROM source_held WHERE {mine}
                UNION ALL SELECT kh, {1 << 32}::BIGINT, h FROM target_held WHERE {mine})
            GROUP BY kh HAVING sum(one) <> {ONE_EACH} OR bit_xor(h) <> 0""")


def _told(
    engine: duckdb.DuckDBPyConnection, contract: Contract, read: Read, *, few: bool, slices: int
) -> str:
    """Have the rows of differing keys in full; returns why they are not those that were hashed, or ''."""
    side, wanted = read.taken.side, f"(b < {KEYLESS} AND kh IN (FROM differing)) OR b = {KEYLESS}"
    with reading(contract, side):
        again = f"FROM {side}_held" if few else _again(engine, contract, read, "kh IN (FROM differing)")
        engine.execute(f"CREATE TABLE {side}_rows AS {rows.told(contract, again, wanted, slices)}")
    sums = "SELECT count(*), coalesce(sum(h), 0)::DECIMAL(38, 0)"
    kept = engine.execute(f"{sums} FROM {side}_held WHERE {wanted}").fetchall()
    same = engine.execute(f"{sums} FROM {side}_rows").fetchall() == kept
    return "" if same else _changed(side)


def _of_keys(engine: duckdb.DuckDBPyConnection, contract: Contract, side: Side, raw: Raw, where: str) -> str:
    """The rows whose key hash is one of those wanted: the key columns are read first, so that the engine passes over what holds none of them."""
    columns = [contract.columns[n] for n in contract.key]
    if contract.place(side).kind == "csv" or any(
        column.sql(side) or column.type == "text" for column in columns
    ):
        return raw.relation  # comparing texts costs more than reading what is not wanted
    plain = [name(column.named(side, n)) for n, column in zip(contract.key, columns, strict=True)]
    found = rows.raw_keys(contract, side, raw.relation, raw.types)
    as_there = ", ".join(
        f"{name(f'raw:{n}')} AS {column}" for n, column in zip(contract.key, plain, strict=True)
    )
    engine.execute(f"CREATE OR REPLACE TABLE {side}_wanted AS SELECT {as_there} FROM ({found}) WHERE {where}")
    absent = " OR ".join(f"{column} IS NULL" for column in plain)
    held = f"SELECT * FROM {raw.relation} SEMI JOIN {side}_wanted USING ({', '.join(plain)})"
    return f"({held} UNION ALL SELECT * FROM {raw.relation} WHERE {absent})"


def _changed(side: Side) -> str:
    return f"the {side} changed while it was being read: its findings cannot be told from it"


def _odd(contract: Contract, i: int) -> str:
    """A SELECT of every key of a slice that is not once on each side with one hash: copies on each side, class, state."""
    k = keys(contract)
    return f"""
    WITH source_slice AS (FROM source_keys WHERE slice = {i}), target_slice AS (FROM target_keys WHERE slice = {i}),
    grouped AS (
        SELECT {k}, sum(one)::BIGINT AS n, bit_xor(h) AS apart, bool_or(bad) AS bad
        FROM (SELECT {k}, 1::BIGINT AS one, h, bad FROM source_slice
              UNION ALL SELECT {k}, {1 << 32}::BIGINT, h, bad FROM target_slice)
        GROUP BY {k}),
    differing AS (
        SELECT {k}, n & {_COPIES} AS in_source, n >> 32 AS in_target FROM grouped
        WHERE NOT (n = {ONE_EACH} AND apart = 0 AND NOT bad)),
    copied AS (SELECT * FROM differing WHERE in_source > 0 AND in_target > 0 AND in_source + in_target > 2),
    twins AS (
        SELECT DISTINCT {k} FROM (SELECT * FROM source_slice WHERE NOT bad) SEMI JOIN copied USING ({k})
        SEMI JOIN (SELECT {k}, h FROM target_slice SEMI JOIN copied USING ({k}) WHERE NOT bad) t USING ({k}, h)),
    states AS (
        SELECT {k}, arg_min(state, side) AS state
        FROM (SELECT {k}, state, 0 AS side FROM source_slice SEMI JOIN differing USING ({k})
              UNION ALL SELECT {k}, state, 1 FROM target_slice SEMI JOIN differing USING ({k}))
        GROUP BY {k})
    SELECT differing.*, states.state, {i} AS slice,
        CASE WHEN in_source = 0 THEN 'extra' WHEN in_target = 0 THEN 'missing' WHEN twins.twin THEN 'matched' ELSE 'changed' END AS class
    FROM differing JOIN states USING ({k}) LEFT JOIN (SELECT *, true AS twin FROM twins) twins USING ({k})
    """


def _by_state(
    engine: duckdb.DuckDBPyConnection, contract: Contract, read: Mapping[str, int]
) -> dict[str, dict[str, int]]:
    """Findings by state: all rows read of the source, less those whose key is odd, and the odd ones by their class."""
    k = keys(contract)
    by_state: dict[str, Counter[str]] = {state: Counter({"matched": n}) for state, n in read.items()}
    counted = engine.execute(f"""
        SELECT state, 'matched', -count(*) FROM source_keys SEMI JOIN odd USING ({k}) GROUP BY ALL
        UNION ALL SELECT state, class, count(*) FROM odd GROUP BY ALL
        UNION ALL SELECT state, 'duplicate_source', count(*) FROM odd WHERE in_source > 1 GROUP BY ALL
        UNION ALL SELECT state, 'duplicate_target', count(*) FROM odd WHERE in_target > 1 GROUP BY ALL
        UNION ALL SELECT state, 'null_key', count(*) FROM (SELECT state, keyless FROM source_rows UNION ALL SELECT state, keyless FROM target_rows) WHERE keyless GROUP BY ALL
        """).fetchall()
    for state, klass, n in counted:
        by_state.setdefault(state, Counter())[klass] += n
    return {
        state: {klass: n for klass, n in sorted(by_state[state].items()) if n}
        for state in sorted(by_state)
        if any(by_state[state].values())
    }


def _equation(engine: duckdb.DuckDBPyConnection, contract: Contract, taken: Snapshot) -> Equation:
    """Rows counted by the engine's own count against those accounted for one by one or bucket by bucket."""
    side, alone = taken.side, "missing" if taken.side is Side.SOURCE else "extra"
    [(even, excluded)] = engine.execute(f"""
        SELECT coalesce(sum(n) FILTER (b < {BUCKETS} AND b NOT IN (FROM suspect)), 0)::BIGINT, coalesce(sum(n) FILTER (b > {KEYLESS}), 0)::BIGINT FROM {side}_totals""").fetchall()
    [(agreed, keyless)] = engine.execute(f"""
        SELECT count(*) FILTER (b < {KEYLESS}) - (SELECT count(*) FROM {side}_keys SEMI JOIN odd USING ({keys(contract)})), count(*) FILTER (b = {KEYLESS}) FROM {side}_held""").fetchall()
    [odd] = engine.execute(f"""
        SELECT count(*) FILTER (class = 'matched'), count(*) FILTER (class = 'changed'), count(*) FILTER (class = '{alone}'),
            coalesce(sum(greatest(in_{side} - 1, 0)), 0)::BIGINT FROM odd""").fetchall()
    return Equation(
        rows=taken.rows,
        excluded=excluded,
        null_key=keyless,
        matched=even + agreed + odd[0],
        changed=odd[1],
        alone=odd[2],
        surplus=odd[3],
    )


def _excluded(engine: duckdb.DuckDBPyConnection, contract: Contract) -> dict[str, int]:
    return {
        f"{side}.{contract.exclusions[b - KEYLESS - 1].name}": n
        for side in Side
        for b, n in engine.execute(
            f"SELECT b, n FROM {side}_totals WHERE b > {KEYLESS} ORDER BY b"
        ).fetchall()
    }
