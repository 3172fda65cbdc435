"""A table of a database, read whole in one transaction into a CSV file: NULL is an empty field, '' a quoted one.

PostgreSQL copies it out itself; any other database that SQLAlchemy knows is streamed row by row. Either way the
values come as text and are cast to the contract's types without loss, like those of any file.
"""

# ruff: noqa: S608  (identifiers are quoted by the dialect, the high-water mark is the contract's own SQL)
from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from cutover.core.errors import Unavailable
from cutover.reconciliation.contract import Place

FETCHED = 10_000  # rows held at a time
_SETTINGS = (
    "SET TIME ZONE 'UTC'",
    "SET DateStyle = 'ISO'",
    "SET extra_float_digits = 1",
    "SET statement_timeout = 0",
)


def is_database_url(url: str) -> bool:
    """Whether a system is a database and not something asked over HTTP."""
    return not url.startswith(("http:", "https:")) and "://" in url


def stream(place: Place, url: str, to: Path) -> str:
    """Write the table into `to`, whole or not at all; returns its high-water mark.

    Raises Unavailable when it cannot be read to its end, or when its mark moved meanwhile.
    """
    partial = to.with_name(to.name + ".partial")
    try:
        engine = create_engine(make_url(url), poolclass=NullPool)
        with engine.connect() as connection:
            before = _mark(connection, place)
            _copy(connection, place, partial)
        with engine.connect() as connection:
            after = _mark(connection, place)
    except (SQLAlchemyError, ArgumentError, NoSuchModuleError, OSError, ImportError) as error:
        raise Unavailable(f"{place} could not be read: {_said(error)}") from error
    if before != after:
        raise Unavailable(f"{place} moved while it was being read: {before} became {after}")
    partial.replace(to)
    return after


def _copy(connection: Connection, place: Place, to: Path) -> None:
    table = _quoted(connection, place)
    if connection.dialect.name != "postgresql":
        result = connection.execution_options(stream_results=True).execute(text(f"SELECT * FROM {table}"))
        with to.open("w", encoding="utf-8", newline="") as out:
            out.write(_line(result.keys()))
            for rows in result.partitions(FETCHED):
                out.writelines(map(_line, rows))
        return
    for setting in _SETTINGS:
        connection.execute(text(setting))
    cursor = connection.connection.cursor()
    try:
        with cursor.copy(f"COPY (SELECT * FROM {table}) TO STDOUT (FORMAT csv, HEADER, FORCE_QUOTE *)") as rows, to.open("wb") as out:  # fmt: skip
            for block in rows:
                out.write(block)
    except cursor.connection.__class__.Error as error:  # what the driver says of a server that dies half-way
        raise Unavailable(f"{place} could not be read to its end: {_said(error)}") from error


def _mark(connection: Connection, place: Place) -> str:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
    wanted = f"count(*), {place.high_water}" if place.high_water else "count(*)"
    row = connection.execute(text(f"SELECT {wanted} FROM {_quoted(connection, place)}")).one()
    return ", ".join(map(str, row))


def _quoted(connection: Connection, place: Place) -> str:
    quote = connection.dialect.identifier_preparer.quote
    return ".".join(quote(part) for part in place.table.split("."))


def _line(values: Iterable[Any]) -> str:
    return ",".join(map(_cell, values)) + "\n"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.hex()
    plain = value.isoformat() if isinstance(value, datetime | date) else str(value)
    return '"' + plain.replace('"', '""') + '"'


def _said(error: BaseException) -> str:
    return " ".join(str(error).split("[SQL")[0].split())
