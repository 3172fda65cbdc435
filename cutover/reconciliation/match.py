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

from cutover.reconciliation.contract import Contract
from cutover.reconciliation.findings import Class, Conservation, Equation
from cutover.reconciliation.rows import key_is_null, keys, parquet
from cutover.reconciliation.sides import Side

ONE_EACH = 1 + (1 << 32)  # a source row counts 1, a target row 2^32: one sum tells both numbers of copies
_COPIES = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Matching:
    """Findings by class, the same by state, and the books of both sides. The table `odd` holds the keys that differ."""

    counts: Mapping[str, int]
    by_state: Mapping[str, Mapping[str, int]]
    books: Conservation
    excluded: Mapping[str, int]


def match(engine: duckdb.DuckDBPyConnection, contract: Contract, source: Path, target: Path) -> Matching:
    """Compare two snapshots in `engine`, which keeps the views `source_keys`, `target_keys` and the table `odd`."""
    for side, path in ((Side.SOURCE, source), (Side.TARGET, target)):
        engine.execute(
            f"CREATE VIEW {side}_all AS SELECT *, {key_is_null(contract)} AS keyless FROM {parquet(path)}"
        )
        engine.execute(
            f"CREATE VIEW {side}_keys AS SELECT * FROM {side}_all WHERE excluded IS NULL AND NOT keyless"
        )
    engine.execute(_odd(contract))
    by_state = _by_state(engine, contract)
    totals: Counter[str] = Counter()
    for counted in by_state.values():
        totals.update(counted)
    books = Conservation(
        source=_equation(engine, contract, Side.SOURCE), target=_equation(engine, contract, Side.TARGET)
    )
    excluded = {
        f"{side}.{why}": n
        for side in Side
        for why, n in _pairs(
            engine, f"SELECT excluded, count(*) FROM {side}_all WHERE excluded IS NOT NULL GROUP BY ALL"
        )
    }
    return Matching({str(c): totals[c] for c in Class}, by_state, books, excluded)


def _odd(contract: Contract) -> str:
    """Every key that is not once on each side with one hash: copies on each side, class, state."""
    k = keys(contract)
    return f"""
    CREATE TABLE odd AS
    WITH grouped AS (
        SELECT {k}, sum(one)::BIGINT AS n, bit_xor(h) AS apart, bool_or(bad) AS bad
        FROM (SELECT {k}, 1::BIGINT AS one, h, bad FROM source_keys
              UNION ALL SELECT {k}, {1 << 32}::BIGINT, h, bad FROM target_keys)
        GROUP BY {k}),
    differing AS (
        SELECT {k}, n & {_COPIES} AS in_source, n >> 32 AS in_target FROM grouped
        WHERE NOT (n = {ONE_EACH} AND apart = 0 AND NOT bad)),
    copied AS (SELECT * FROM differing WHERE in_source > 0 AND in_target > 0 AND in_source + in_target > 2),
    twins AS (
        SELECT DISTINCT {k} FROM (SELECT * FROM source_keys WHERE NOT bad) SEMI JOIN copied USING ({k})
        SEMI JOIN (SELECT {k}, h FROM target_keys SEMI JOIN copied USING ({k}) WHERE NOT bad) t USING ({k}, h)),
    states AS (
        SELECT {k}, arg_min(state, side) AS state
        FROM (SELECT {k}, state, 0 AS side FROM source_keys SEMI JOIN differing USING ({k})
              UNION ALL SELECT {k}, state, 1 FROM target_keys SEMI JOIN differing USING ({k}))
        GROUP BY {k})
    SELECT differing.*, states.state,
        CASE WHEN in_source = 0 THEN 'extra' WHEN in_target = 0 THEN 'missing' WHEN twins.twin THEN 'matched' ELSE 'changed' END AS class
    FROM differing JOIN states USING ({k}) LEFT JOIN (SELECT *, true AS twin FROM twins) twins USING ({k})
    """


def _by_state(engine: duckdb.DuckDBPyConnection, contract: Contract) -> dict[str, dict[str, int]]:
    counted = engine.execute(f"""
        SELECT state, 'matched', count(*) FROM source_keys ANTI JOIN odd USING ({keys(contract)}) GROUP BY ALL
        UNION ALL SELECT state, class, count(*) FROM odd GROUP BY ALL
        UNION ALL SELECT state, 'duplicate_source', count(*) FROM odd WHERE in_source > 1 GROUP BY ALL
        UNION ALL SELECT state, 'duplicate_target', count(*) FROM odd WHERE in_target > 1 GROUP BY ALL
        UNION ALL SELECT state, 'null_key', count(*) FROM (FROM source_all UNION ALL FROM target_all) WHERE keyless AND excluded IS NULL GROUP BY ALL
        """).fetchall()
    by_state: dict[str, Counter[str]] = {}
    for state, klass, n in counted:
        by_state.setdefault(state, Counter())[klass] += n
    return {state: dict(sorted(by_state[state].items())) for state in sorted(by_state)}


def _equation(engine: duckdb.DuckDBPyConnection, contract: Contract, side: Side) -> Equation:
    alone = "missing" if side is Side.SOURCE else "extra"
    read = engine.execute(f"""
        SELECT count(*), count(*) FILTER (excluded IS NOT NULL), count(*) FILTER (excluded IS NULL AND keyless) FROM {side}_all""").fetchall()[
        0
    ]
    even = engine.execute(
        f"SELECT count(*) FROM {side}_keys ANTI JOIN odd USING ({keys(contract)})"
    ).fetchall()[0][0]
    odd = engine.execute(f"""
        SELECT count(*) FILTER (class = 'matched'), count(*) FILTER (class = 'changed'), count(*) FILTER (class = '{alone}'),
            coalesce(sum(greatest(in_{side} - 1, 0)), 0)::BIGINT FROM odd""").fetchall()[0]
    return Equation(
        rows=read[0],
        excluded=read[1],
        null_key=read[2],
        matched=even + odd[0],
        changed=odd[1],
        alone=odd[2],
        surplus=odd[3],
    )


def _pairs(engine: duckdb.DuckDBPyConnection, query: str) -> list[tuple[str, int]]:
    return [(row[0], row[1]) for row in engine.execute(query).fetchall()]
