"""One database as one file, taken while others write, and a database made from such a file again.

SQLite is copied by its own online backup, PostgreSQL by pg_dump; either sees one moment, and the head of the chain
at that very moment comes with it. A dump is loaded only where there is nothing: no table is ever written over.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from cutover.core.errors import Refused, Unavailable
from cutover.store.chain import Checkpoint
from cutover.store.engine import open_engine, reading, sqlite_url
from cutover.store.pen import head_of

SIDE_FILES = ("", "-wal", "-shm")


def dump(engine: Engine, to: Path) -> Checkpoint:
    """Write the whole database into the file `to`; returns the head of its chain. Raises Unavailable."""
    return (_copy_sqlite if engine.dialect.name == "sqlite" else _dump_postgresql)(engine, to)


def load(dumped: Path, engine: Engine) -> None:
    """Make the database from a dump of the same kind of database. Raises Refused where there is something."""
    refuse_unless_empty(engine)
    if engine.dialect.name == "sqlite":
        _place_sqlite(dumped, engine)
    else:
        _run("pg_restore", engine.url, "--single-transaction", "--exit-on-error", "--no-owner", str(dumped))


def refuse_unless_empty(engine: Engine) -> None:
    """Raises Refused for a database with tables in it: what is there may be all that somebody has."""
    if engine.dialect.name == "sqlite" and not _file_of(engine).exists():
        return
    with reading(engine) as connection:
        tables = inspect(connection).get_table_names()
    if tables:
        place = engine.url.render_as_string(hide_password=True)
        raise Refused(
            f"{place} is not empty ({len(tables)} tables); restore into another folder, or into an empty "
            "database named by CUTOVER_DATABASE_URL"
        )


def live_files(engine: Engine) -> frozenset[Path]:
    """The files in which SQLite keeps this database now; none for PostgreSQL."""
    if engine.dialect.name != "sqlite":
        return frozenset()
    place = _file_of(engine)
    return frozenset(place.with_name(place.name + suffix) for suffix in SIDE_FILES)


def _file_of(engine: Engine) -> Path:
    return Path(str(engine.url.database))


def _copy_sqlite(engine: Engine, to: Path) -> Checkpoint:
    """All pages in one step: a copy in several steps begins anew whenever somebody writes."""
    source = _file_of(engine)
    try:
        with closing(sqlite3.connect(source)) as here, closing(sqlite3.connect(to)) as there:
            here.backup(there)
            there.execute("PRAGMA journal_mode=DELETE")  # one file, without its -wal
    except sqlite3.Error as error:
        raise Unavailable(f"{source} could not be copied to {to}: {error}") from error
    copy = open_engine(sqlite_url(to))
    try:
        with reading(copy) as connection:
            return head_of(connection)
    finally:
        copy.dispose()


def _place_sqlite(dumped: Path, engine: Engine) -> None:
    engine.dispose()
    for file in live_files(engine):
        file.unlink(missing_ok=True)
    place = _file_of(engine)
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_name(place.name + ".partial")
    shutil.copyfile(dumped, partial)
    with partial.open("rb+") as copied:
        os.fsync(copied.fileno())
    partial.replace(place)


def _dump_postgresql(engine: Engine, to: Path) -> Checkpoint:
    with _snapshot(engine) as connection:
        name = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        kept = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={name}", f"--file={to}")
        _run("pg_dump", engine.url, *kept)
        return head_of(connection)


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    """One moment of the database, for as long as pg_dump needs it, however long it idles meanwhile."""
    try:
        with engine.connect() as connection:
            connection.execution_options(isolation_level="REPEATABLE READ")
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            yield connection
    except DBAPIError as error:
        raise Unavailable(f"the database does not answer: {error.orig}") from error


def _run(program: str, address: URL, *arguments: str) -> None:
    """The password goes by the environment: arguments are read by every user of the machine."""
    if (found := shutil.which(program)) is None:
        raise Unavailable(f"{program} is not installed; on Debian: apt-get install postgresql-client")
    plain = address.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    secret = {"PGPASSWORD": str(address.password)} if address.password else {}
    ended = subprocess.run(  # noqa: S603  our own words, and paths after an option's name
        [found, f"--dbname={plain}", *arguments],
        env={**os.environ, **secret},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        said = ended.stderr.strip().splitlines()
        raise Unavailable(f"{program}: {said[0] if said else f'exit {ended.returncode}'}")
