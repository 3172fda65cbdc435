"""Engines that have both sides, each asked in its own way: a DuckDB, a PostgreSQL, a Spark session.

Each can do four things: name a place in its SQL, tell the columns there, keep the result of a query for as long as the
comparison lasts, and hand rows over one by one. What is asked is `skeleton`'s, what is found is judged elsewhere.
"""

# ruff: noqa: S608  (every identifier in the SQL is quoted by rows.name or by the engine's own dialect)
from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import duckdb
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from cutover.core.errors import Invalid, Problem, Refused, Unavailable
from cutover.reconciliation import databases, rows, sources
from cutover.reconciliation import snapshot as snapshots
from cutover.reconciliation.contract import Place
from cutover.reconciliation.dialects import DIALECTS, Dialect, dialect, translate, type_name
from cutover.reconciliation.sides import Side
from cutover.reconciliation.skeleton import ODD

PYSPARK = "pyspark is not installed: install the version of your cluster, pip install pyspark"


class Warehouse(Protocol):
    """An engine that reads both sides; it is asked in the words of its dialect."""

    dialect: Dialect
    version: str

    def relation(self, place: Place, side: Side) -> str:
        """The place as it stands in a FROM of the skeleton. Raises Invalid for one that this engine does not read."""

    def columns(self, relation: str) -> Mapping[str, str]:
        """The columns of a relation and what the embedded engine calls their types."""

    def keep(self, table: str, query: str) -> None:
        """Hold the rows of a query under a name until the comparison ends."""

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query that has few."""

    def write(self, query: str, to: Path) -> None:
        """Stream the rows of a query, texts all, into a CSV file: NULL is an empty field, '' a quoted one."""


@contextmanager
def opened(
    engine: str, places: tuple[Place, ...], systems: Mapping[str, str], work: Path
) -> Iterator[Warehouse]:
    """The engine with these places in reach, all read as they are at one moment where the engine can.

    Raises NotFound for an engine nobody knows, Refused for one whose SQL is only written, Invalid for a place that it
    does not read, Unavailable when it cannot be reached.
    """
    spoken = dialect(engine)
    if not spoken.has_run:
        run = ", ".join(one.name for one in DIALECTS.values() if one.has_run)
        raise Refused(
            f"{engine} is not run from here, only its SQL is written: cutover reconcile sql CONTRACT --engine {engine}; these are run: {run}"
        )
    with _OPENED[engine](spoken, places, systems, work) as warehouse:
        yield warehouse


class DuckDB:
    """Files, or tables of DuckDB files, within the memory of this machine."""

    def __init__(self, spoken: Dialect, connection: duckdb.DuckDBPyConnection) -> None:
        self.dialect, self.version, self._connection = spoken, snapshots.ENGINE, connection

    def relation(self, place: Place, side: Side) -> str:
        return sources.relation_of(self._connection, place, side, Path(place.path))[1]

    def columns(self, relation: str) -> Mapping[str, str]:
        described = self._connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
        return {row[0]: row[1] for row in described}

    def keep(self, table: str, query: str) -> None:
        self._connection.execute(f"CREATE TABLE {table} AS {query}")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(query).fetchall()

    def write(self, query: str, to: Path) -> None:
        self._connection.execute(
            f"COPY ({query}) TO {rows.literal(str(to))} (FORMAT csv, HEADER, FORCE_QUOTE *)"
        )


class PostgreSQL:
    """Tables of one PostgreSQL, both sides read in one snapshot of it."""

    def __init__(self, spoken: Dialect, connection: Connection) -> None:
        self.dialect, self._connection = spoken, connection
        [(version,)] = self.rows("SHOW server_version")
        self.version = f"postgresql {version.split()[0]}"

    def relation(self, place: Place, side: Side) -> str:
        del side
        return databases.quoted(self._connection, place)

    def columns(self, relation: str) -> Mapping[str, str]:
        told = self.rows(
            f"SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = '{relation}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        )
        return {name: type_name(type_, self.dialect) for name, type_ in told}

    def keep(self, table: str, query: str) -> None:
        self._ask(f"CREATE TEMPORARY TABLE {table} ON COMMIT DROP AS {query}")
        self._ask(f"ANALYZE {table}")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._ask(query).fetchall()]

    def write(self, query: str, to: Path) -> None:
        databases.copied(self._connection, query, to)

    def _ask(self, query: str) -> Any:
        cursor = (
            self._connection.connection.cursor()
        )  # as it is: SQLAlchemy would read ':' and '%' as its own
        cursor.execute(query)
        return cursor


class Spark:
    """Parquet files and tables of a Spark session: the one there is, or the one that its own settings open."""

    def __init__(self, spoken: Dialect, session: Any) -> None:
        self.dialect, self.version, self._session = spoken, f"spark {session.version}", session

    def relation(self, place: Place, side: Side) -> str:
        del side
        if place.is_database:
            return ".".join(map(rows.name, place.table.split(".")))
        if place.kind != "parquet":
            raise Invalid(
                Problem(
                    f"Spark is given Parquet or a table of its catalog, not {place.kind}",
                    field="path",
                    file=str(place),
                )
            )
        return f"parquet.{rows.name(place.path)}"

    def columns(self, relation: str) -> Mapping[str, str]:
        found = self._session.sql(translate(f"SELECT * FROM {relation}", self.dialect))
        return {name: type_name(type_, self.dialect) for name, type_ in found.dtypes}

    def keep(self, table: str, query: str) -> None:
        self._session.sql(f"CACHE TABLE {table} AS {query}")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._session.sql(query).collect()]

    def write(self, query: str, to: Path) -> None:
        found = self._session.sql(query)
        with to.open("w", encoding="utf-8", newline="") as out:
            out.write(databases.line(found.columns))
            out.writelines(map(databases.line, found.toLocalIterator(prefetchPartitions=True)))


@contextmanager
def _duckdb(
    spoken: Dialect, places: tuple[Place, ...], systems: Mapping[str, str], work: Path
) -> Iterator[Warehouse]:
    del systems
    if any(place.system for place in places):
        raise Invalid(Problem("the engine duckdb reads files, not a system", field="engine"))
    try:
        with snapshots.engine(work) as connection:
            yield DuckDB(spoken, connection)
    except duckdb.Error as error:
        raise Unavailable(f"duckdb: {_said(error)}", permanent=True) from error


@contextmanager
def _postgres(
    spoken: Dialect, places: tuple[Place, ...], systems: Mapping[str, str], work: Path
) -> Iterator[Warehouse]:
    del work
    named = {place.system if place.is_database else "" for place in places}
    if len(named) > 1 or not all(named):
        raise Invalid(
            Problem(
                "both sides, and what they point at, must be tables of one database for the engine postgres",
                field="engine",
                file=", ".join(sorted(str(place) for place in places)),
            )
        )
    url = sources.url_of(places[0], systems)
    if not url.startswith("postgresql"):
        raise Invalid(Problem(f"'{places[0].system}' is no PostgreSQL", field="systems"))
    try:
        with databases.connected(url) as connection:
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            databases.settle(connection)
            with _driver_errors(connection):
                yield PostgreSQL(spoken, connection)
    except SQLAlchemyError as error:
        raise Unavailable(f"postgres: {_said(error)}") from error


@contextmanager
def _driver_errors(connection: Connection) -> Iterator[None]:
    try:
        yield
    except connection.connection.dbapi_connection.__class__.Error as error:  # type: ignore[union-attr]
        raise Unavailable(f"postgres: {_said(error)}") from error


@contextmanager
def _spark(
    spoken: Dialect, places: tuple[Place, ...], systems: Mapping[str, str], work: Path
) -> Iterator[Warehouse]:
    del work
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise Unavailable(PYSPARK, permanent=True) from error
    masters = {sources.url_of(place, systems) for place in places if place.system}
    if len(masters) > 1:
        raise Invalid(
            Problem("both sides must be of one Spark", field="systems", file=", ".join(sorted(masters)))
        )
    builder = SparkSession.builder.appName("cutover reconcile")
    try:
        session = (
            (builder.remote if master.startswith("sc:") else builder.master)(master).getOrCreate()
            if (master := "".join(masters))
            else builder.getOrCreate()
        )
        with _in_utc(session):
            yield Spark(spoken, session)
    except PySparkException as error:
        raise Unavailable(f"spark: {_said(error)}") from error


@contextmanager
def _in_utc(session: Any) -> Iterator[None]:
    """Times read in UTC and casts that fail aloud, whatever the session had; as it was afterwards."""
    wanted = {"spark.sql.session.timeZone": "UTC", "spark.sql.ansi.enabled": "true"}
    before = {key: session.conf.get(key, None) for key in wanted}
    for key, value in wanted.items():
        session.conf.set(key, value)
    try:
        yield
    finally:
        for key, value in before.items():
            session.conf.unset(key) if value is None else session.conf.set(key, value)
        session.sql(f"UNCACHE TABLE IF EXISTS {ODD}")
        session.catalog.dropTempView(ODD)


def _said(error: BaseException) -> str:
    return " ".join(str(error).split("[SQL")[0].split("JVM stacktrace")[0].split())


_OPENED = {"duckdb": _duckdb, "postgres": _postgres, "spark": _spark}
