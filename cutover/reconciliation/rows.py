"""The rows of one side as SQL: read, cast to the contract's types without loss, keyed, hashed.

A cast here never rounds, never trims and never turns what it cannot read into NULL: such a value is kept as
the text it was, in a `wrong:` column beside a NULL, and its row can match nothing. A timestamp with an offset
is moved to UTC; one without is taken as UTC.
"""

# ruff: noqa: S608  (every identifier and text in the SQL is quoted by name and literal)
from __future__ import annotations

import csv
import glob
from collections.abc import Mapping
from pathlib import Path

import duckdb

from cutover.core.errors import Invalid, Problem, nearest
from cutover.reconciliation.contract import Contract
from cutover.reconciliation.sides import Side

NO_STATE = "(none)"
_ENGINE_TYPES = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
    "boolean": "BOOLEAN",
}
_TIME = r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6}0*)?)?(Z|[+-]\d\d(:?\d\d)?)?)?"
# How text must be spelled to count as a value: the engine's own casts read '7.6' as 8 and ' 7' as 7.
_SPELLINGS = {
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
    return f"read_parquet({_exactly(path)}, hive_partitioning=false)"


def keys(contract: Contract, table: str = "") -> str:
    """The key columns as every table here calls them."""
    return ", ".join((f"{table}." if table else "") + name(f"key:{i}") for i in range(len(contract.key)))


def key_is_null(contract: Contract) -> str:
    return "(" + " OR ".join(f"{name(f'key:{i}')} IS NULL" for i in range(len(contract.key))) + ")"


def header(engine: duckdb.DuckDBPyConnection, path: Path, kind: str) -> dict[str, str]:
    """The columns a file has and their types there; text throughout for CSV. Raises Invalid for an empty file."""
    if kind == "parquet":
        described = engine.execute(f"DESCRIBE SELECT * FROM {parquet(path)}").fetchall()
        return {row[0]: row[1] for row in described}
    with path.open(encoding="utf-8-sig", newline="") as lines:
        columns = next(csv.reader(lines), [])
    if not columns:
        raise Invalid(Problem("the file is empty", file=str(path), expected="a CSV file with a header"))
    if len(set(columns)) < len(columns):
        raise Invalid(Problem("the header names a column twice", file=str(path), line=1))
    return dict.fromkeys(columns, "VARCHAR")


def gaps(contract: Contract, side: Side, has: Mapping[str, str]) -> tuple[str, ...]:
    """What the contract does not cover of a side. Raises Invalid naming every column the side does not have."""
    wanted = {column.named(side, n): column for n, column in contract.columns.items()}
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
    undeclared = [
        f"column '{c}' of the {side} is neither compared nor declared as not compared"
        for c in has
        if c not in wanted and c not in contract.left_out(side)
    ]
    drifted = [
        f"column '{c}' of the {side} is {has[c]}, the contract says text"
        for c, column in wanted.items()
        if column.type == "text" and has[c] != "VARCHAR"
    ]
    return (*undeclared, *drifted)


def reader(path: Path, kind: str, has: Mapping[str, str]) -> str:
    """The table function for a file: nothing is guessed, a broken line is an error, '' and NULL stay apart."""
    if kind == "parquet":
        return parquet(path)
    columns = ", ".join(f"{literal(c)}: 'VARCHAR'" for c in has)
    return (
        f"read_csv({_exactly(path)}, hive_partitioning=false, auto_detect=false, header=true, columns={{{columns}}}, delim=',', "
        "quote='\"', escape='\"', nullstr='', allow_quoted_nulls=false, strict_mode=true)"
    )


def typed(contract: Contract, side: Side, path: Path, has: Mapping[str, str]) -> str:
    """A SELECT of the contract's columns in the contract's types, with `wrong:` texts beside those that may fail."""
    raw, cast = [], []
    for n, column in contract.columns.items():
        physical = column.named(side, n)
        raw.append(f"{name(physical)} AS {name(f'raw:{n}')}")
        cast.append(_cast(n, column.type, has[physical]))
    origin = reader(path, contract.place(side).kind, has)
    return f"SELECT {', '.join(cast)} FROM (SELECT {', '.join(raw)} FROM {origin})"


def keyed(contract: Contract, side: Side, rows: str) -> str:
    """A SELECT of key, row hash, wrong flag, state and exclusion over `typed` rows: what a snapshot keeps."""
    return f"SELECT {_identity(contract, side)} FROM ({rows})"


def told(contract: Contract, side: Side, rows: str) -> str:
    """As `keyed`, with every column as text and whether it is of its type: what a finding tells."""
    texts = ", ".join(
        f"{_text(n)} AS {name(f'text:{n}')}, {name(f'wrong:{n}')} IS NOT NULL AS {name(f'is_wrong:{n}')}"
        for n in contract.columns
    )
    return f"SELECT {_identity(contract, side)}, {texts} FROM ({rows})"


def _identity(contract: Contract, side: Side) -> str:
    wrong = [name(f"wrong:{n}") for n in contract.columns]
    state = " || ' / ' || ".join(f"coalesce({_text(n)}, {literal(NO_STATE)})" for n in contract.state) or "''"
    cases = "".join(f" WHEN ({e.where}) THEN {literal(e.name)}" for e in contract.excluded_on(side))
    return ", ".join([
        *(f"{_text(n)} AS {name(f'key:{i}')}" for i, n in enumerate(contract.key)),
        f"hash({', '.join([*map(name, contract.columns), *wrong])}) AS h",
        f"({' OR '.join(f'{w} IS NOT NULL' for w in wrong)}) AS bad",
        f"{state} AS state",
        f"{f'CASE{cases} END' if cases else 'NULL::VARCHAR'} AS excluded",
    ])  # fmt: skip


def _text(n: str) -> str:
    return f"coalesce(CAST({name(n)} AS VARCHAR), {name(f'wrong:{n}')})"


def _cast(n: str, type_: str, physical: str) -> str:
    raw, to = name(f"raw:{n}"), _ENGINE_TYPES.get(type_, type_.upper())
    if type_ == "text" or physical == to:
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


def _exactly(path: Path) -> str:
    return literal(glob.escape(str(path)))
