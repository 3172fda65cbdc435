"""Every finding, written down whole: the key, its state, what tells a person which record it is, each differing cell."""

# ruff: noqa: S608  (every identifier and text in the SQL is quoted by rows.name and rows.literal)
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from duckdb.func import SPECIAL

from cutover.core.errors import Invalid, NotFound, Problem
from cutover.reconciliation import rows
from cutover.reconciliation.causes import Cause, Wanted, by_cause, ranked
from cutover.reconciliation.contract import Contract
from cutover.reconciliation.explain import kind_of, rounded_to, within
from cutover.reconciliation.findings import Class, Coverage
from cutover.reconciliation.rows import keys, literal, name, number
from cutover.reconciliation.sides import Side

FIRST = 5
ANY = Wanted()
_FORMATS = {
    ".csv": "FORMAT csv, HEADER, FORCE_QUOTE *",
    ".json": "FORMAT json, ARRAY true",
    ".parquet": "FORMAT parquet, COMPRESSION zstd",
}
_CELL = 'STRUCT("column" VARCHAR, source VARCHAR, target VARCHAR, kind VARCHAR, rule VARCHAR)'
_ID = (
    "class || ':' || array_to_string(list_transform(map_values(key), lambda part: coalesce(part, '')), ' / ')"
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the findings file says in short: cells by kind, keys no rule explains, the first keys, doubts about it."""

    kinds: Mapping[str, int]
    unexplained: int
    accepted: Mapping[str, int]
    orphans: Mapping[str, int]
    first: Mapping[str, tuple[str, ...]]
    doubts: tuple[str, ...]


def write(
    engine: duckdb.DuckDBPyConnection, contract: Contract, to: Path, today: date, slices: int
) -> Evidence:
    """Write all findings of a matching done in `engine` to a Parquet file, whole or not at all.

    What is accepted is so until the end of the day it expires on. Memory is that of one of the `slices`, not of all.
    """
    text: list[Any] = ["VARCHAR", "VARCHAR", "VARCHAR", "BOOLEAN"]
    engine.create_function("kind_of", kind_of, text, "VARCHAR", null_handling=SPECIAL)
    engine.create_function("rounded_to", rounded_to, ["VARCHAR", "VARCHAR", "INTEGER"], "BOOLEAN")
    engine.create_function("within", within, ["VARCHAR"] * 4, "BOOLEAN", null_handling=SPECIAL)
    kinds: Counter[str] = Counter()
    told = f"SELECT *, {_accepted(contract, today)} AS accepted_by FROM"
    engine.execute(f"CREATE TABLE findings AS {told} ({_orphans(contract)})")
    for i in range(slices):
        for table in (f"{Side.SOURCE}_rows", f"{Side.TARGET}_rows", "odd"):
            engine.execute(f"CREATE OR REPLACE TEMP VIEW {table}_slice AS FROM {table} WHERE slice = {i}")
        engine.execute(f"CREATE OR REPLACE TABLE cells AS {_cells(contract)}")
        engine.execute(f"INSERT INTO findings {told} ({_findings(contract)})")
        kinds.update(_counted(engine, "kind", "cells"))
    to.parent.mkdir(parents=True, exist_ok=True)
    partial = to.with_name(to.name + ".partial")
    engine.execute(
        f"COPY (FROM findings ORDER BY ALL) TO {literal(str(partial))} (FORMAT parquet, COMPRESSION zstd)"
    )
    partial.replace(to)
    blank = number(engine, "SELECT count(*) FROM findings WHERE class = 'changed' AND len(cells) = 0")
    doubts = (f"{blank:,} changed records show no differing cell",) if blank else ()
    unexplained = number(
        engine, "SELECT count(*) FROM findings WHERE class = 'changed' AND NOT explained AND accepted_by = ''"
    )
    accepted = _counted(engine, "class", "findings WHERE accepted_by <> ''")
    orphans = _counted(engine, "state", "orphans")
    return Evidence(dict(sorted(kinds.items())), unexplained, accepted, orphans, _first(engine), doubts)


def read(path: Path, wanted: Wanted = ANY, limit: int | None = None, skip: int = 0) -> list[dict[str, Any]]:
    """Findings of a file but the first `skip`, in the order of their causes, all of them unless `limit` is given."""
    with _looking() as looking:
        return by_cause(looking, path, wanted, limit, skip)


def causes(path: Path) -> list[Cause]:
    """The causes of a findings file, the most open ones first."""
    with _looking() as looking:
        return ranked(looking, path)


def ids(path: Path, klass: str = "") -> list[str]:
    """What the findings of a file, or those of one class, are known by (`lives.finding_id`), without reading what they tell."""
    where = f"WHERE class = {literal(klass)}" if klass else ""
    with _looking() as looking:
        found = looking.execute(f"SELECT DISTINCT {_ID} AS id FROM {rows.parquet(path)} {where} ORDER BY id")
        return [one for (one,) in found.fetchall()]


def among(path: Path, wanted: Iterable[str]) -> set[str]:
    """Those of the `wanted` ids that a findings file has; memory is theirs, not that of all findings."""
    asked = f"SELECT id FROM (SELECT unnest(?::VARCHAR[]) AS id) SEMI JOIN (SELECT {_ID} AS id FROM {rows.parquet(path)}) USING (id)"
    with _looking() as looking:
        return {one for (one,) in looking.execute(asked, [list(wanted)]).fetchall()}


def export(path: Path, contract: Contract, to: Path) -> int:
    """Write a findings file as CSV, JSON or Parquet by the name's ending, one line a finding or differing cell; returns the lines.

    In CSV, NULL is empty and '' is quoted. Raises Invalid for another ending.
    """
    if to.suffix not in _FORMATS:
        raise Invalid(
            Problem(
                f"'{to.name}' does not tell its format",
                field="file",
                expected="a name in " + ", ".join(_FORMATS),
            )
        )
    each = f"SELECT *, unnest(CASE WHEN len(cells) = 0 THEN [NULL::{_CELL}] ELSE cells END) AS cell FROM {rows.parquet(path)}"
    partial = to.with_name(to.name + ".partial")
    with _looking() as looking:
        lines = number(looking, f"SELECT count(*) FROM ({each})")
        looking.execute(
            f"COPY (SELECT {', '.join(_told(contract))} FROM ({each}) ORDER BY ALL) TO {literal(str(partial))} ({_FORMATS[to.suffix]})"
        )
    partial.replace(to)
    return lines


def require_class(klass: str) -> None:
    """Raises NotFound for a class that is none; '' is any."""
    if klass and klass not in set(Class):
        raise NotFound("class of findings", klass, Class)


def _told(contract: Contract) -> list[str]:
    """The columns of an export."""
    return [
        "class",
        *(f"key[{literal(k)}] AS {name(k)}" for k in contract.key),
        *("state", "copies_in_source", "copies_in_target", "detail", "accepted_by"),
        *(f"context[{literal(c)}] AS {name(f'context {c}')}" for c in contract.context),
        'cell."column" AS "column"',
        "cell.source AS source_value",
        "cell.target AS target_value",
        "cell.kind AS kind",
        "cell.rule AS explained_by",
    ]


def _looking() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(
        ":memory:", config={"threads": 1, "memory_limit": "512MB", "autoinstall_known_extensions": False}
    )


def _cells(contract: Contract) -> str:
    """Each differing cell of each changed key of a slice. Of several copies of a key, the first by hash stands for it."""
    k = keys(contract)
    each = ", ".join(_column(contract, n) for n in contract.columns)
    return f"""
        WITH s AS ({_one_of_each(contract, Side.SOURCE)}), t AS ({_one_of_each(contract, Side.TARGET)}),
             cells AS (SELECT {keys(contract, "s")}, unnest([{each}]) AS cell FROM s JOIN t USING ({k})),
             differing AS (SELECT {k}, unnest(cell) FROM cells WHERE cell.source IS DISTINCT FROM cell.target OR cell.wrong)
        SELECT *, CASE WHEN list_contains(rules, kind) AND (kind <> 'rounding' OR rounded_to(source, target, places)) THEN kind WHEN tolerance <> '' AND NOT wrong AND within(type, source, target, tolerance) THEN 'tolerance' ELSE '' END AS rule
        FROM (SELECT *, kind_of(type, source, target, wrong) AS kind FROM differing)"""


def _one_of_each(contract: Contract, side: Side) -> str:
    """The rows of changed keys, one a key."""
    k = keys(contract)
    changed = f"FROM {side}_rows_slice JOIN (SELECT {k}, in_{side} AS copies FROM odd_slice WHERE class = 'changed') USING ({k}) WHERE NOT keyless"
    several = f"SELECT DISTINCT ON ({k}) * {changed} AND copies > 1 ORDER BY {k}, h"
    return f"SELECT * {changed} AND copies = 1 UNION ALL ({several})"


def _column(contract: Contract, n: str) -> str:
    """One cell of a pair of rows `s` and `t`, whether it differs or not."""
    column, text, wrong = contract.columns[n], name(f"text:{n}"), name(f"is_wrong:{n}")
    rules = "[" + ", ".join(literal(r) for r in column.rules) + "]::VARCHAR[]"
    type_ = literal("code" if column.codes else column.type)
    places = "NULL::INTEGER" if column.places is None else f"{column.places}::INTEGER"
    return f"""{{'column': {literal(n)}, 'type': {type_}, 'source': s.{text}, 'target': t.{text}, 'wrong': s.{wrong} OR t.{wrong}, 'rules': {rules}, 'tolerance': {literal(str(column.tolerance or ""))}, 'places': {places}}}"""


def _findings(contract: Contract) -> str:
    """A SELECT of the findings of a slice, but for orphans."""
    k = keys(contract)
    told = f"""
        WITH context AS (
            SELECT DISTINCT ON ({k}) {k}, context FROM (
                SELECT {k}, {_context(contract)} AS context, 0 AS side, h FROM source_rows_slice WHERE NOT keyless
                UNION ALL SELECT {k}, {_context(contract)}, 1, h FROM target_rows_slice WHERE NOT keyless)
            ORDER BY {k}, side, h),
        explained AS (SELECT {k}, bool_and(rule <> '') AS explained,
            list({{'column': "column", 'source': source, 'target': target, 'kind': kind, 'rule': rule}} ORDER BY "column") AS cells
            FROM cells GROUP BY {k}),
        copies AS (SELECT {k}, side, count(DISTINCT h) AS versions FROM (
            SELECT {k}, h, 'source' AS side FROM source_rows_slice UNION ALL SELECT {k}, h, 'target' FROM target_rows_slice) GROUP BY {k}, side)"""
    cells = f"coalesce(cells, [])::{_CELL}[] AS cells"
    head = (
        f"class, {_key(contract)} AS key, state, in_source AS copies_in_source, in_target AS copies_in_target"
    )
    apart = f"""SELECT {head}, '' AS detail, coalesce(explained, false) AS explained, context, {cells}
        FROM odd_slice LEFT JOIN context USING ({k}) LEFT JOIN explained USING ({k}) WHERE class <> 'matched'"""
    twice = [
        f"""SELECT {head.replace("class", f"'duplicate_{side}'", 1)},
        in_{side} || ' copies, ' || CASE WHEN versions = 1 THEN 'identical' ELSE 'differing' END AS detail, false, context, []::{_CELL}[]
        FROM odd_slice LEFT JOIN context USING ({k}) JOIN copies USING ({k}) WHERE in_{side} > 1 AND copies.side = '{side}'"""
        for side in Side
    ]
    keyless = [
        f"""SELECT 'null_key', {_key(contract)}, state, {int(side is Side.SOURCE)}::BIGINT, {int(side is Side.TARGET)}::BIGINT,
        'in the {side}', false, {_context(contract)}, []::{_CELL}[] FROM {side}_rows_slice WHERE keyless"""
        for side in Side
    ]
    return told + " UNION ALL ".join(f"({part})" for part in (apart, *twice, *keyless))


def _orphans(contract: Contract) -> str:
    return f"""SELECT 'orphan' AS class, {_key(contract)} AS key, state, 0::BIGINT AS copies_in_source, 1::BIGINT AS copies_in_target, detail,
        false AS explained, context, []::{_CELL}[] AS cells FROM orphans"""


def _accepted(contract: Contract, today: date) -> str:
    """Who signed for a finding, '' for nobody."""
    cases = "".join(
        f" WHEN class = {literal(a.klass)} AND map_values(key) IN ({', '.join(_parts(k) for k in a.keys)}) THEN {literal(a.signed_by)}"
        for a in contract.accepted
        if today <= a.expires
    )
    return f"CASE{cases} ELSE '' END" if cases else "''"


def _parts(key: Iterable[str]) -> str:
    return "[" + ", ".join(literal(part) for part in key) + "]"


def _key(contract: Contract) -> str:
    parts = ", ".join(f"{literal(n)}: {name(f'key:{i}')}" for i, n in enumerate(contract.key))
    return f"MAP {{{parts}}}"


def _context(contract: Contract) -> str:
    cells = ", ".join(f"{literal(n)}: {name(f'text:{n}')}" for n in contract.context)
    return f"MAP {{{cells}}}::MAP(VARCHAR, VARCHAR)"


def _first(engine: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, ...]]:
    told = "SELECT array_to_string(map_values(key), ' / ') FROM findings WHERE class = ? ORDER BY key LIMIT ?"
    found = {
        str(c): engine.execute(told, [c.value, FIRST]).fetchall() for c in Class if c is not Class.NULL_KEY
    }
    return {klass: tuple(key for (key,) in found[klass]) for klass in sorted(found) if found[klass]}


def _counted(engine: duckdb.DuckDBPyConnection, by: str, of: str) -> dict[str, int]:
    return dict(engine.execute(f"SELECT {by}, count(*) FROM {of} GROUP BY {by} ORDER BY {by}").fetchall())


def coverage(contract: Contract, excluded: Mapping[str, int], gaps: tuple[str, ...]) -> Coverage:
    """What of both sides was compared, and what the contract leaves out."""
    left_out = tuple(f"{n.side}.{n.column}: {n.reason}" for n in contract.not_compared)
    return Coverage(compared=tuple(contract.columns), not_compared=left_out, excluded=excluded, gaps=gaps)


def with_orphans(
    by_state: Mapping[str, Mapping[str, int]], orphans: Mapping[str, int]
) -> dict[str, dict[str, int]]:
    """The counts by state with the orphans among them."""
    merged = {state: dict(counted) for state, counted in by_state.items()}
    for state, n in orphans.items():
        merged.setdefault(state, {})[Class.ORPHAN.value] = n
    return merged
