"""The rows of one side as SQL: read, cast to the contract's types without loss, keyed, hashed.

A cast here never rounds, never trims and never turns what it cannot read into NULL: such a value is kept as
the text it was, in a `wrong:` column beside a NULL, and its row can match nothing. A timestamp with an offset
is moved to UTC; one without is taken as UTC.
"""

# ruff: noqa: S608  (every identifier and text in the SQL is quoted by name and literal)
from __future__ import annotations

import glob
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb

from cutover.core.errors import Invalid, Problem, nearest
from cutover.reconciliation.contract import Column, Contract, Exclusion
from cutover.reconciliation.sides import Side

NO_STATE = "(none)"
BUCKETS = 65_280  # of key hashes: where both sides have the same totals, all rows are the same; 16 bits with those below
KEYLESS = BUCKETS  # the bucket of rows without a key; exclusions have the ones after it
_WIDER = {
    "integer": ("TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER"),
    "double": ("FLOAT",),
}
_EXACT_DIGITS = {"FLOAT": 6, "DOUBLE": 15}  # of a number that comes out of a float as it went in
_ENGINE_TYPES = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "double": "DOUBLE",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
    "boolean": "BOOLEAN",
}
_TIME = r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6}0*)?)?(Z|[+-]\d\d(:?\d\d)?)?)?"
# How text must be spelled to count as a value: the engine's own casts read '7.6' as 8 and ' 7' as 7.
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
_SPELLINGS = {
    "double": r"-?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|NaN|-?Infinity",
    "integer": r"-?(0|[1-9]\d*)",
    "timestamp": _TIME,
    "date": r"\d{4}-\d\d-\d\d",
    "boolean": r"(?i)true|false|t|f|yes|no|y|n|1|0",
}


def name(text: str) -> str:
    """An SQL identifier."""
    return '"' + text.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string."""
    return "'" + text.replace("'", "''") + "'"


def parquet(path: Path) -> str:
    """The table function for one Parquet file: neither its name nor its folder's is a pattern or a column."""
    return f"read_parquet({exactly(path)}, hive_partitioning=false)"


def number(engine: duckdb.DuckDBPyConnection, query: str) -> int:
    """The one whole number that a query answers."""
    return int(engine.execute(query).fetchall()[0][0])


def held(engine: duckdb.DuckDBPyConnection, path: Path) -> int:
    """How many rows a Parquet file has, from its footer."""
    return number(engine, f"SELECT num_rows FROM parquet_file_metadata({exactly(path)})")


def keys(contract: Contract, table: str = "") -> str:
    """The key columns as every table here calls them."""
    return ", ".join((f"{table}." if table else "") + name(f"key:{i}") for i in range(len(contract.key)))


def gaps(contract: Contract, side: Side, has: Mapping[str, str]) -> tuple[str, ...]:
    """What the contract does not cover of a side. Raises Invalid naming every column the side does not have."""
    wanted = {column.named(side, n): column for n, column in contract.columns.items() if not column.sql(side)}
    absent = [
        Problem(
            f"the {side} has no column '{column}'",
            file=str(contract.place(side)),
            expected="a column of the contract",
            nearest=nearest(column, has),
        )
        for column in wanted
        if column not in has
    ]
    if absent:
        raise Invalid(*absent)
    used = read_by_sql(contract, side)
    undeclared = [
        f"column '{c}' of the {side} is neither compared nor declared as not compared"
        for c in has
        if c not in wanted and c not in contract.left_out(side) and c.casefold() not in used
    ]
    drifted = [
        f"column '{c}' of the {side} is {has[c]}, the contract says {column.type}"
        for c, column in wanted.items()
        if (column.type == "text" and has[c] != "VARCHAR") or _may_have_lost(column.type, has[c])
    ]
    return (*undeclared, *drifted)


def _may_have_lost(type_: str, physical: str) -> bool:
    """Whether a side holds exact numbers in a float too narrow for them: 9007199254740993 is ...992 there, and nobody can tell."""
    if physical not in _EXACT_DIGITS:
        return False
    decimal = _DECIMAL.fullmatch(type_.upper())
    return type_ == "integer" or bool(decimal and int(decimal[1]) > _EXACT_DIGITS[physical])


def read_by_sql(contract: Contract, side: Side) -> frozenset[str]:
    """The columns of a side that the contract's expressions read, in small letters.

    The engine parses them: a word may as well be the name of a type or a function, or stand in a text.
    """
    expressions = [column.sql(side) for column in contract.columns.values() if column.sql(side)]
    return _read_by(*expressions)


def excluded(contract: Contract, exclusion: Exclusion, wrong: Callable[[str], str]) -> str:
    """The condition of an exclusion. A value that is not of its type is no NULL, and a row is not excluded by it.

    `wrong` says of a column, in SQL, whether its value is such a one.
    """
    used = _read_by(f"({exclusion.where})")
    doubtful = " OR ".join(wrong(n) for n in contract.columns if n.casefold() in used)
    return f"({exclusion.where}) AND NOT ({doubtful})" if doubtful else f"({exclusion.where})"


def _read_by(*expressions: str) -> frozenset[str]:
    if not expressions:
        return frozenset()
    with duckdb.connect(":memory:") as engine:
        asked = [f"SELECT {', '.join(expressions)}"]
        [(tree,)] = engine.execute("SELECT json_serialize_sql(?)", asked).fetchall()
    return frozenset(_column_names(json.loads(tree)))


def _column_names(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for one in node:
            yield from _column_names(one)
    elif isinstance(node, dict):
        if node.get("class") == "COLUMN_REF":
            yield node["column_names"][-1].casefold()
        for one in node.values():
            yield from _column_names(one)


def asked(contract: Contract, side: Side) -> str:
    """The contract's columns as the side spells them, each as `raw:`."""
    return ", ".join(
        f"{physical(column, side, n)} AS {name(f'raw:{n}')}" for n, column in contract.columns.items()
    )


def typed(contract: Contract, side: Side, relation: str, types: Mapping[str, str]) -> str:
    """A SELECT of the contract's columns in the contract's types, with `wrong:` texts beside those that may fail.

    `types` are those that `asked` has on this side.
    """
    cast = [_cast(n, column.type, types[n]) for n, column in contract.columns.items()]
    return f"SELECT {', '.join(cast)} FROM (SELECT {asked(contract, side)} FROM {relation})"


def raw_keys(contract: Contract, side: Side, relation: str, types: Mapping[str, str]) -> str:
    """A SELECT of the key columns as `raw:` and of their hash `kh`."""
    cast = [f"{_cast(n, contract.columns[n].type, types[n])}, {name(f'raw:{n}')}" for n in contract.key]
    raw = ", ".join(name(f"raw:{n}") for n in contract.key)
    return f"SELECT {raw}, {_key_hash(contract)} AS kh FROM (SELECT {', '.join(cast)} FROM (SELECT {asked(contract, side)} FROM {relation}))"


def keyed(contract: Contract, side: Side, rows: str, types: Mapping[str, str]) -> str:
    """A SELECT of key hash `kh`, row hash `h` and bucket `b` over `typed` rows: what a snapshot keeps.

    A value that is not of its type hashes with the name of its side, so that it can match nothing.
    """
    return f"SELECT {_hashes(contract, side, types)} FROM ({rows})"


def hashed(contract: Contract, side: Side, rows: str, types: Mapping[str, str], where: str = "") -> str:
    """As `keyed`, with the columns themselves; `where` limits the rows before they are hashed."""
    placed = f"SELECT *, {_key_hash(contract)} AS kh, {_bucket(contract, side)} AS b FROM ({rows})"
    return f"SELECT *, {_row_hash(contract, side, types)} AS h FROM ({placed}) {where}"


def told(contract: Contract, hashed: str, where: str, slices: int = 1) -> str:
    """The `hashed` rows for which `where` holds, with every column as text and whether it is of its type: what a finding tells.

    All rows of a key are in the same of so many `slices`.
    """
    texts = [f"{_text(n)} AS {name(f'text:{n}')}, {_is_wrong(n)} AS {name(f'is_wrong:{n}')}" for n in contract.columns]  # fmt: skip
    key = [f"{_text(n)} AS {name(f'key:{i}')}" for i, n in enumerate(contract.key)]
    wrong = " OR ".join(map(_is_wrong, contract.columns))
    return f"""SELECT {", ".join([*key, *texts])}, h, ({wrong}) AS bad, {state(contract)} AS state, b = {KEYLESS} AS keyless, kh % {slices} AS slice
        FROM ({hashed}) WHERE {where}"""


def states(contract: Contract, side: Side, rows: str) -> str:
    """How many rows with a key, and not excluded, there are of each state."""
    return f"SELECT {state(contract)} AS state, count(*) FROM ({rows}) WHERE ({_aside(contract, side)}) IS NULL GROUP BY 1 ORDER BY 1"


def unmapped(contract: Contract, relation: str) -> dict[str, str]:
    """For each column with codes, a SELECT of those of the source that no map names, with how often they stand there."""
    found = {}
    for n, column in contract.columns.items():
        if column.codes:
            plain = column.source_sql or name(column.named(Side.SOURCE, n))
            known = ", ".join(map(literal, column.codes))
            found[n] = f"SELECT ({plain}) AS code, count(*) AS n FROM {relation} x WHERE ({plain}) NOT IN ({known}) GROUP BY 1 ORDER BY 1"  # fmt: skip
    return found


def state(contract: Contract) -> str:
    return " || ' / ' || ".join(f"coalesce({_text(n)}, {literal(NO_STATE)})" for n in contract.state) or "''"


def _hashes(contract: Contract, side: Side, types: Mapping[str, str]) -> str:
    return f"{_key_hash(contract)} AS kh, {_row_hash(contract, side, types)} AS h, {_bucket(contract, side)} AS b"


def _row_hash(contract: Contract, side: Side, types: Mapping[str, str]) -> str:
    row = f"hash({', '.join(map(name, contract.columns))})"
    doubtful = [name(f"wrong:{n}") for n, c in contract.columns.items() if may_fail(c.type, types[n])]
    if not doubtful:
        return row
    failed = " OR ".join(f"{wrong} IS NOT NULL" for wrong in doubtful)
    return f"xor({row}, CASE WHEN {failed} THEN hash({literal(side)}, {', '.join(doubtful)}) ELSE 0::UBIGINT END)"


def _bucket(contract: Contract, side: Side) -> str:
    return f"coalesce({_aside(contract, side)}, {of_key_hash()})::USMALLINT"


def _is_wrong(n: str) -> str:
    return f"{name(f'wrong:{n}')} IS NOT NULL"


def of_key_hash() -> str:
    """The bucket of a row that is compared, from its key hash `kh`; of 16 bits, so that the engine totals in an array."""
    return f"(kh % {BUCKETS})::USMALLINT"


def _key_hash(contract: Contract) -> str:
    return f"hash({', '.join(map(name, contract.key))})"


def _aside(contract: Contract, side: Side) -> str:
    """The bucket of a row that is excluded or has no key; NULL for all others."""
    cases = "".join(
        f" WHEN {excluded(contract, e, _is_wrong)} THEN {KEYLESS + 1 + contract.exclusions.index(e)}"
        for e in contract.excluded_on(side)
    )
    keyless = " OR ".join(f"({name(n)} IS NULL AND {name(f'wrong:{n}')} IS NULL)" for n in contract.key)
    return f"CASE{cases} WHEN {keyless} THEN {KEYLESS} END"


def physical(column: Column, side: Side, n: str) -> str:
    plain = column.sql(side) or name(column.named(side, n))
    if side is Side.TARGET or not column.codes:
        return f"({plain})" if column.sql(side) else plain
    cases = " ".join(f"WHEN {literal(code)} THEN {literal(to)}" for code, to in column.codes.items())
    return f"CASE {plain} {cases} ELSE {plain} END"


def engine_type(type_: str) -> str:
    """A contract type as the embedded engine calls it."""
    return _ENGINE_TYPES.get(type_, type_.upper())


def may_fail(type_: str, physical: str) -> bool:
    """Whether a value as the side has it may not be one of the contract's type."""
    if type_ == "text" or physical == engine_type(type_) or physical in _WIDER.get(type_, ()):
        return False
    wide, narrow = _DECIMAL.fullmatch(type_.upper()), _DECIMAL.fullmatch(physical)
    if wide and narrow:
        (p, s), (q, r) = ((int(m[1]), int(m[2])) for m in (wide, narrow))
        return not (r <= s and q - r <= p - s)
    return True


def _text(n: str) -> str:
    return f"coalesce(CAST({name(n)} AS VARCHAR), {name(f'wrong:{n}')})"


def _cast(n: str, type_: str, physical: str) -> str:
    raw, to = name(f"raw:{n}"), engine_type(type_)
    if not may_fail(type_, physical):
        return f"CAST({raw} AS {to}) AS {name(n)}, NULL::VARCHAR AS {name(f'wrong:{n}')}"
    through = f"TRY_CAST({raw} AS TIMESTAMPTZ)" if (type_, physical) == ("timestamp", "VARCHAR") else raw
    value = f"TRY_CAST({through} AS {to})"
    # Text must be spelled as a value; anything else must survive the cast unchanged, so that nothing is rounded.
    kept = (
        f"regexp_full_match({raw}, {literal(_spelling(type_))})"
        if physical == "VARCHAR"
        else f"{value} = {raw}"
    )
    sound = f"({kept} AND {value} IS NOT NULL)"
    return f"CASE WHEN {sound} THEN {value} END AS {name(n)}, CASE WHEN {raw} IS NOT NULL AND NOT coalesce({sound}, false) THEN CAST({raw} AS VARCHAR) END AS {name(f'wrong:{n}')}"


def _spelling(type_: str) -> str:
    if type_ in _SPELLINGS:
        return _SPELLINGS[type_]
    scale = int(type_.rstrip(")").rpartition(",")[2])
    fraction = rf"\d{{1,{scale}}}0*" if scale else "0+"
    return rf"-?((0|[1-9]\d*)(\.({fraction}))?|\.{fraction})"


def exactly(path: Path) -> str:
    """A path as an SQL string that is no pattern."""
    return literal(glob.escape(str(path)))
