"""A table of a database, read whole in one transaction and kept as a Parquet file, which is read more than once.

PostgreSQL copies it out itself as text, NULL as an empty field and '' as a quoted one; what it declares to be of the
contract's type is of that type in the file too. Any other database that SQLAlchemy knows, and PostgreSQL by another
driver than psycopg, is streamed in Arrow batches of the contract's types.
"""

# ruff: noqa: S608  (identifiers are quoted by the dialect, the high-water mark is the contract's own SQL)
from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from cutover.core.errors import Unavailable
from cutover.reconciliation.batches import land, spelled
from cutover.reconciliation.contract import Place
from cutover.reconciliation.rows import held, literal, name

_NATIVE = {
    **{("integer", n): "BIGINT" for n in ("smallint", "integer", "bigint")},
    ("double", "double precision"): "DOUBLE",
    ("date", "date"): "DATE",
    ("timestamp", "timestamp without time zone"): "TIMESTAMP",
    ("boolean", "boolean"): "BOOLEAN",
    ("text", "bytea"): "BLOB",
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

    `types` are the contract's, by column; a column without one is text. Raises Unavailable when the table cannot be
    read to its end, or when its mark moved meanwhile, and Invalid for a column of which nothing can be said.
    """
    unproven = to.with_name(to.name + ".unproven")
    try:
        with connected(url) as connection:
            before, held = _mark(connection, place)
            take = _copied_out if _is_psycopg(connection) else _fetched
            read = take(connection, place, unproven, types)
        with connected(url) as connection:
            after, _ = _mark(connection, place)
        if before != after:
            raise Unavailable(f"{place} moved while it was being read: {before} became {after}")
        if read != held:
            raise Unavailable(f"{place} ended before its end: {read:,} of its {held:,} rows were read")
        unproven.replace(to)
    except (SQLAlchemyError, ArgumentError, NoSuchModuleError, OSError, ImportError, duckdb.Error) as error:
        raise Unavailable(f"{place} could not be read: {_said(error)}") from error
    finally:
        unproven.unlink(missing_ok=True)
    return after


def _is_psycopg(connection: Connection) -> bool:
    """Whether the driver has PostgreSQL's COPY."""
    return (connection.dialect.name, connection.dialect.driver) == ("postgresql", "psycopg")


def _fetched(connection: Connection, place: Place, to: Path, types: Mapping[str, str]) -> int:
    """Have the driver hand over the rows, from a cursor on the server where it has one."""
    if connection.dialect.name == "postgresql":
        settle(connection)
    query = text(f"SELECT * FROM {quoted(connection, place)}")
    with connection.execution_options(stream_results=True).execute(query) as result:
        return land(result.fetchmany, tuple(result.keys()), types, to)


def _copied_out(connection: Connection, place: Place, to: Path, types: Mapping[str, str]) -> int:
    """Have PostgreSQL copy the rows out, and keep them as Parquet."""
    copy = to.with_name(to.name + ".csv.partial")
    try:
        native = _declared(connection, place, types)
        settle(connection)
        copied(connection, f"SELECT * FROM {quoted(connection, place)}", copy)
        return _land(copy, native, to)
    finally:
        copy.unlink(missing_ok=True)


def _declared(connection: Connection, place: Place, types: Mapping[str, str]) -> dict[str, str]:
    """The columns that PostgreSQL declares to be of the contract's type, or binary, with the engine's type."""
    asked = "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = CAST(:t AS regclass) AND attnum > 0 AND NOT attisdropped"
    found = connection.execute(text(asked), {"t": quoted(connection, place)}).all()
    kinds = {column: _engine_type(types.get(column, "text"), declared) for column, declared in found}
    return {column: kind for column, kind in kinds.items() if kind}


def _engine_type(wanted: str, declared: str) -> str:
    """The engine's type for a column of the contract's type `wanted` and of PostgreSQL's type `declared`; '' for text."""
    if wanted.startswith("decimal") and re.fullmatch(r"numeric\((\d|[12]\d|3[0-8]),\d+\)", declared):
        return declared.replace("numeric", "DECIMAL")
    return _NATIVE.get((wanted, re.sub(r"\(\d\)", "", declared)), "")


def _land(copy: Path, native: Mapping[str, str], to: Path) -> int:
    """Keep a copied CSV file as Parquet; as text throughout where a value is not one the engine knows, such as a year BC.

    Returns the rows that are kept.
    """
    with copy.open(encoding="utf-8", newline="") as lines:
        columns = next(csv.reader(lines))
    binary = {c: "BLOB" for c, kind in native.items() if kind == "BLOB"}
    read = f"read_csv({literal(str(copy))}, auto_detect=false, header=true, delim=',', quote='\"', escape='\"', nullstr='', allow_quoted_nulls=false, strict_mode=true"
    config: dict[str, str | bool | int | float | list[str]] = {"memory_limit": "800MB", "threads": 2, "preserve_insertion_order": False}  # fmt: skip
    with duckdb.connect(":memory:", config=config) as engine:
        for kinds in (native, binary):
            typed = ", ".join(f"{literal(c)}: '{_readable(kinds.get(c))}'" for c in columns)
            told = ", ".join(_told(c, kinds.get(c)) for c in columns)
            try:
                engine.execute(f"COPY (SELECT {told} FROM {read}, columns={{{typed}}})) TO {literal(str(to))} (FORMAT parquet, COMPRESSION lz4)")  # fmt: skip
                break
            except (duckdb.ConversionException, duckdb.InvalidInputException):
                if kinds is binary:
                    raise
        return held(engine, to)


def _readable(kind: str | None) -> str:
    """What the engine reads a copied column as; dates are cast afterwards: its reader of CSV takes 44 BC for 44."""
    return "VARCHAR" if kind in (None, "BLOB", "DATE") else str(kind)


def _told(column: str, kind: str | None) -> str:
    """A copied column as it is kept: binary from its hex digits; a date not by a bare cast, which the reader would do itself."""
    casts = {"BLOB": f"unhex({name(column)}[3:])", "DATE": f"CAST(trim({name(column)}) AS DATE)"}
    return f"{casts.get(kind or '', name(column))} AS {name(column)}"


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


def _mark(connection: Connection, place: Place) -> tuple[str, int]:
    """The high-water mark of a table, and how many rows it has."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
    wanted = f"count(*), {place.high_water}" if place.high_water else "count(*)"
    row = connection.execute(text(f"SELECT {wanted} FROM {quoted(connection, place)}")).one()
    return ", ".join(map(str, row)), int(row[0])


def quoted(connection: Connection, place: Place) -> str:
    """The table of a place, schema and all, in the dialect's own quotes."""
    quote = connection.dialect.identifier_preparer.quote
    return ".".join(quote(part) for part in place.table.split("."))


def line(values: Iterable[Any]) -> str:
    """One line of a CSV file."""
    return ",".join(map(_cell, values)) + "\n"


def _cell(value: Any) -> str:
    return "" if value is None else '"' + spelled(value).replace('"', '""') + '"'


def _said(error: BaseException) -> str:
    return " ".join(str(error).split("[SQL")[0].split())
