"""SQLite or PostgreSQL, and one way to write.

SQLite: WAL, full sync, and every write transaction is BEGIN IMMEDIATE, because a plain BEGIN that reads
and then writes loses to a concurrent writer whatever the busy timeout (measured: 1,666 of 2,000 lost).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, NoSuchModuleError, OperationalError

from cutover.core.errors import Invalid, Problem, Unavailable
from cutover.store.driver import say

BUSY_SECONDS = 30
WAL_TRIES = 250
EXPECTED = "sqlite:///file or postgresql://host/name (with cutover-golive[postgres] installed)"
# Connections are made as they are needed and kept: a crowd that came once comes again.
LINES: dict[str, Any] = {"pool_size": 15, "max_overflow": 0}
APPEND_LOCK = 0x6375746F  # one writer of the chain at a time, on PostgreSQL too ("cuto")
# A line that is cut says nothing. Within these times either end knows: the client, which then waits for the database,
# and the server, which else would keep the write lock of a client that is gone for two hours (measured).
CUT_LINE = {
    "connect_timeout": 3,
    "tcp_user_timeout": 6000,
    "keepalives": 1,
    "keepalives_idle": 3,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "options": "-c idle_in_transaction_session_timeout=8s -c lock_timeout=30s -c tcp_user_timeout=6000 "
    "-c tcp_keepalives_idle=3 -c tcp_keepalives_interval=1 -c tcp_keepalives_count=3",
}
# What PostgreSQL says when it ends a session that is well in itself: shut down, idle too long, too busy to answer.
AWAY_STATES = ("08", "57P", "25P03", "53300", "55P03")


class DatabaseAway(Unavailable):
    """The database does not answer now: wait and ask again. Whether the last write landed is not known."""


def sqlite_url(path: Path) -> str:
    return f"sqlite:///{path}"


def open_engine(url: str) -> Engine:
    """An engine with the right pragmas. Raises Invalid for a URL whose driver we do not carry."""
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise Invalid(Problem("that is not a database URL", expected=EXPECTED)) from error
    try:
        if address.get_backend_name() == "postgresql" and address.drivername == "postgresql":
            address = address.set(drivername="postgresql+psycopg")
        if address.get_backend_name() == "sqlite":
            engine = create_engine(
                address, connect_args={"timeout": BUSY_SECONDS}, isolation_level="AUTOCOMMIT", **LINES
            )
            event.listen(engine, "connect", _prepare_sqlite)
            _keep_to_one_file(engine)
            return engine
        return create_engine(address, pool_pre_ping=True, connect_args=_cut_line(address), **LINES)
    except (NoSuchModuleError, ImportError) as error:
        hidden = address.render_as_string(hide_password=True)
        raise Invalid(
            Problem(f"database URL '{hidden}' cannot be opened: {error}", expected=EXPECTED)
        ) from error


@contextmanager
def writing(engine: Engine, *, durable: bool = True) -> Iterator[Connection]:
    """The only write transaction there is: serialised, committed at the end, rolled back on any error.

    With `durable=False` the commit does not wait for the disk: for what may be lost with the machine's power. Only
    that may be: SQLite's NORMAL still has the disk keep its order, which OFF does not.
    """
    try:
        with engine.connect() as connection, connection.begin():
            if engine.dialect.name == "sqlite":
                _sync(connection, "FULL" if durable else "NORMAL")
                say(connection, "BEGIN IMMEDIATE")
            else:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": APPEND_LOCK})
                if not durable:
                    connection.execute(text("SET LOCAL synchronous_commit TO off"))
            yield connection
    except DBAPIError as error:
        if not is_away(error):
            raise
        raise _trouble("the database did not take the write", error) from error


def _sync(connection: Connection, how: str) -> None:
    """Said to a connection only when it was told otherwise: the pragma costs as much as a small query."""
    if connection.info.get("synchronous") != how:
        connection.exec_driver_sql(f"PRAGMA synchronous={how}")
        connection.info["synchronous"] = how


@contextmanager
def reading(engine: Engine, *, bit_by_bit: bool = False) -> Iterator[Connection]:
    """A connection to read with. Raises Unavailable when the database does not answer.

    PostgreSQL is told of a transaction's begin and end, two journeys more, only for what is fetched `bit_by_bit`: else
    each question is answered whole, and each sees what stands at its own moment within a transaction too.
    """
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql" and not bit_by_bit:
                connection.execution_options(isolation_level="AUTOCOMMIT")
            yield connection
    except DBAPIError as error:
        if not is_away(error):
            raise
        raise _trouble("the database does not answer", error) from error


def is_away(error: DBAPIError) -> bool:
    """A database that does not answer, or a file that is none (SQLite's bare DatabaseError); not a defect of ours."""
    state = getattr(error.orig, "sqlstate", None) or ""
    ended = error.connection_invalidated or state.startswith(AWAY_STATES)
    return ended or isinstance(error, OperationalError) or type(error) is DatabaseError


def _trouble(what: str, error: DBAPIError) -> Unavailable:
    """Away for a while, or no database of ours at all: a file that is none, tables that are not there."""
    lasting = type(error) is DatabaseError or getattr(error.orig, "sqlite_errorname", "") == "SQLITE_ERROR"
    return (Unavailable if lasting else DatabaseAway)(f"{what}: {error.orig}")


def _cut_line(address: URL) -> dict[str, Any]:
    """What the URL itself does not say about a line that is cut."""
    if address.get_backend_name() != "postgresql":
        return {}
    return {name: value for name, value in CUT_LINE.items() if name not in address.query}


def reachable(engine: Engine) -> str:
    """'' when the database answers, else why not."""
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except DBAPIError as error:
        return str(error.orig)
    return ""


class _OneFile:
    """The file that an engine began with. One put in its place meanwhile, by a restore or by mistake, is not written
    to: what was read before is not in it, and what is written to the one that is gone is lost.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._known = path, (0, 0)

    def opened(self, dbapi: Any, record: Any) -> None:
        del dbapi, record
        there = self._path.stat()
        self._known = self._known if any(self._known) else (there.st_dev, there.st_ino)

    def forget(self, engine: Engine) -> None:
        del engine
        self._known = (0, 0)

    def check_before(self, *_: object) -> None:
        """Another file is not even opened: SQLite would take what the -wal beside it holds of ours into that one."""
        if any(self._known):
            self.check()

    def check(self, *_: object) -> None:
        """Raises DatabaseAway: the file may be put back."""
        try:
            there = self._path.stat()
        except OSError:
            raise DatabaseAway(
                f"{self._path} is gone, and what is written now goes with it: stop, put it back, start again"
            ) from None
        if (there.st_dev, there.st_ino) != self._known:
            raise DatabaseAway(f"{self._path} is another file than the one that is open: start again")


def _keep_to_one_file(engine: Engine) -> None:
    """Looked at whenever a connection is taken out, and once more before what was written is committed."""
    if (named := engine.url.database) in (None, "", ":memory:"):
        return
    one = _OneFile(Path(str(named)).absolute())
    event.listen(engine, "do_connect", one.check_before)
    event.listen(engine, "connect", one.opened)
    event.listen(engine, "engine_disposed", one.forget)
    event.listen(engine, "checkout", one.check)
    event.listen(engine, "commit", one.check)


def _prepare_sqlite(dbapi: Any, record: Any) -> None:
    del record
    dbapi.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    _switch_to_wal(dbapi)
    dbapi.execute("PRAGMA synchronous=FULL")
    dbapi.execute("PRAGMA foreign_keys=ON")


def _switch_to_wal(dbapi: Any) -> None:
    """Of two that open a new file at once, SQLite turns one away without waiting, whatever the busy timeout."""
    for left in reversed(range(WAL_TRIES)):
        try:
            dbapi.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if left == 0 or "locked" not in str(error):
                raise
            time.sleep(0.02)
        else:
            return
