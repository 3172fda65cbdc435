"""A table of a database, read whole in one transaction and kept as a Parquet file, which is read more than once.

PostgreSQL copies it out itself; any other database that SQLAlchemy knows is streamed row by row. Either way the
values come as text, NULL as an empty field and '' as a quoted one, and are cast to the contract's types without loss,
like those of any file; what PostgreSQL declares to be of the contract's type is of that type in the file too.
"""

# ruff: noqa: S608  (identifiers are quoted by the dialect, the high-water mark is the contract's own SQL)
from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from cutover.core.errors import Unavailable
from cutover.reconciliation.contract import Place
from cutover.reconciliation.rows import literal

FETCHED = 10_000  # rows held at a time
_NATIVE = {
    **{("integer", n): "BIGINT" for n in ("smallint", "integer", "bigint")},
    ("double", "double precision"): "DOUBLE",
    ("date", "date"): "DATE",
    ("timestamp", "timestamp without time zone"): "TIMESTAMP",
    ("boolean", "boolean"): "BOOLEAN",
}
_SETTINGS = (
    "SET TIME ZONE 'UTC'",
    "SET DateStyle = 'ISO'",
    "SET extra_float_digits = 1",
    "SET statement_timeout = 0",
    "SET row_security = off",  # a policy that hides rows from the account is an error, as it is to pg_dump
)


def is_database_url(url: str) -> bool:
    """Whether a system is a database and not something asked over HTTP."""
    return not url.startswith(("http:", "https:")) and "://" in url


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection of its own, closed afterwards."""
    with create_engine(make_url(url), poolclass=NullPool).connect() as connection:
        yield connection


def stream(place: Place, url: str, to: Path, types: Mapping[str, str]) -> str:
    """Write the table into the Parquet file `to`, whole or not at all; returns its high-water mark.

    `types` are the contract's, by column; a column without one stays text. Raises Unavailable when the table cannot
    be read to its end, or when its mark moved meanwhile.
    """
    copy = to.with_name(to.name + ".csv.partial")
    try:
        with connected(url) as connection:
            before = _mark(connection, place)
            native = _declared(connection, place, types)
            _copy(connection, place, copy)
        with connected(url) as connection:
            after = _mark(connection, place)
        if before == after:
            _land(copy, native, to)
    except (SQLAlchemyError, ArgumentError, NoSuchModuleError, OSError, ImportError, duckdb.Error) as error:
        raise Unavailable(f"{place} could not be read: {_said(error)}") from error
    finally:
        copy.unlink(missing_ok=True)
    if before != after:
        raise Unavailable(f"{place} moved while it was being read: {before} became {after}")
    return after


def _declared(connection: Connection, place: Place, types: Mapping[str, str]) -> dict[str, str]:
    """The columns that PostgreSQL declares to be of the contract's type, with the engine's type; of no other database any."""
    if connection.dialect.name != "postgresql":
        return {}
    asked = "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = CAST(:t AS regclass) AND attnum > 0 AND NOT attisdropped"
    found = connection.execute(text(asked), {"t": quoted(connection, place)}).all()
    kinds = {column: _engine_type(types.get(column, "text"), declared) for column, declared in found}
    return {column: kind for column, kind in kinds.items() if kind}


def _engine_type(wanted: str, declared: str) -> str:
    """The engine's type for a column of the contract's type `wanted` and of PostgreSQL's type `declared`; '' for text."""
    if wanted.startswith("decimal") and re.fullmatch(r"numeric\((\d|[12]\d|3[0-8]),\d+\)", declared):
        return declared.replace("numeric", "DECIMAL")
    return _NATIVE.get((wanted, re.sub(r"\(\d\)", "", declared)), "")


def _land(copy: Path, native: Mapping[str, str], to: Path) -> None:
    """Keep a copied CSV file as Parquet; as text throughout where a value is not one the engine knows, such as a year BC."""
    with copy.open(encoding="utf-8", newline="") as lines:
        columns = next(csv.reader(lines))
    partial = to.with_name(to.name + ".partial")
    read = f"read_csv({literal(str(copy))}, auto_detect=false, header=true, delim=',', quote='\"', escape='\"', nullstr='', allow_quoted_nulls=false, strict_mode=true"
    config: dict[str, str | bool | int | float | list[str]] = {"memory_limit": "800MB", "threads": 2, "preserve_insertion_order": False}  # fmt: skip
    with duckdb.connect(":memory:", config=config) as engine:
        for kinds in (native, {}):
            typed = ", ".join(f"{literal(c)}: '{kinds.get(c, 'VARCHAR')}'" for c in columns)
            try:
                engine.execute(f"COPY (FROM {read}, columns={{{typed}}})) TO {literal(str(partial))} (FORMAT parquet, COMPRESSION lz4)")  # fmt: skip
                break
            except (duckdb.ConversionException, duckdb.InvalidInputException):
                if not kinds:
                    raise
    partial.replace(to)


def settle(connection: Connection) -> None:
    """Have PostgreSQL spell its values in one way, whatever the server was set to."""
    for setting in _SETTINGS:
        connection.execute(text(setting))


def copied(connection: Connection, query: str, to: Path) -> None:
    """Have PostgreSQL copy a query's rows into a CSV file. Raises Unavailable when it ends half-way."""
    cursor = connection.connection.cursor()
    try:
        with cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER, FORCE_QUOTE *)") as rows, to.open("wb") as out:  # fmt: skip
            for block in rows:
                out.write(block)
    except cursor.connection.__class__.Error as error:  # what the driver says of a server that dies half-way
        raise Unavailable(
            f"the {to.name.partition('.')[0]} could not be read to its end: {_said(error)}"
        ) from error


def _copy(connection: Connection, place: Place, to: Path) -> None:
    query = f"SELECT * FROM {quoted(connection, place)}"
    if connection.dialect.name == "postgresql":
        settle(connection)
        copied(connection, query, to)
        return
    result = connection.execution_options(stream_results=True).execute(text(query))
    with to.open("w", encoding="utf-8", newline="") as out:
        out.write(line(result.keys()))
        for rows in result.partitions(FETCHED):
            out.writelines(map(line, rows))


def _mark(connection: Connection, place: Place) -> str:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
    wanted = f"count(*), {place.high_water}" if place.high_water else "count(*)"
    row = connection.execute(text(f"SELECT {wanted} FROM {quoted(connection, place)}")).one()
    return ", ".join(map(str, row))


def quoted(connection: Connection, place: Place) -> str:
    """The table of a place, schema and all, in the dialect's own quotes."""
    quote = connection.dialect.identifier_preparer.quote
    return ".".join(quote(part) for part in place.table.split("."))


def line(values: Iterable[Any]) -> str:
    """One line of a CSV file."""
    return ",".join(map(_cell, values)) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        value = value.hex()
    plain = _spelled(value)
    return '"' + plain.replace('"', '""') + '"'


def _spelled(value: Any) -> str:
    """A value as the contract's types are spelled: a decimal never as 0E-7, a float's odd values in full."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return str(value)


def _said(error: BaseException) -> str:
    return " ".join(str(error).split("[SQL")[0].split())
