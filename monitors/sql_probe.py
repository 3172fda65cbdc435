"""Ask a database for one value: read only, in a thread of its own, stopped from outside when the deadline has passed.

The URL is a secret, and so is the password inside it. A database that hangs is asked by at most a few threads.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from cutover.core.errors import Invalid
from cutover.store.beside import nobody_there, way_to_stop
from monitors.beside import MOST_HANGING
from monitors.domain.check import Reason, Result, critical, unknown
from monitors.domain.judging import judge_sql
from monitors.domain.kinds import SqlCheck
from monitors.session import Session

LONGEST = 300  # characters of what a database complains of


class _Question:
    """One query in a thread: its answer, and how it is stopped."""

    def __init__(self, engine: Engine, query: str) -> None:
        self._engine, self._query = engine, query
        self._stop: Callable[[], object] = lambda: None

    def run(self) -> Any:
        with self._engine.connect() as connection:
            self._stop = way_to_stop(connection)
            options = connection.execution_options(**_read_only(self._engine))
            if self._engine.dialect.name == "sqlite":
                options.exec_driver_sql("PRAGMA query_only=ON")
            found = options.execute(text(self._query))
            row = found.fetchone() if found.returns_rows else None
            return row[0] if row else None

    def stop(self) -> None:
        with suppress(Exception):  # it may have ended this moment: then there is nothing to stop
            self._stop()


async def probe_sql(session: Session, check: SqlCheck, _at: datetime) -> Result:
    began = time.perf_counter()
    if session.beside.is_stuck(check.target):
        return critical(f"{MOST_HANGING} earlier questions to '{check.database}' are still hanging")
    try:
        engine = _engine(session, check.database)
    except Invalid as error:
        return unknown(Reason.ERROR, str(error))
    asked = _Question(engine, check.query)
    try:
        value = await session.beside.run(asked.run, check.target, check.timeout)
    except TimeoutError:
        threading.Thread(target=asked.stop, name="sql-stop", daemon=True).start()
        return critical(f"no answer within {check.timeout:g} s", time.perf_counter() - began)
    except (SQLAlchemyError, Invalid) as error:
        return _complaint(error, session, time.perf_counter() - began)
    return judge_sql(check, value, time.perf_counter() - began)


def _complaint(error: Exception, session: Session, latency: float) -> Result:
    """Nobody there is CRITICAL; a query that the database does not understand says nothing of the database."""
    said = " ".join(str(error.orig if isinstance(error, DBAPIError) else error).split())
    said = session.secrets.mask(said)[:LONGEST]
    away = isinstance(error, DBAPIError) and nobody_there(error)
    if away:
        return critical(f"the database is away: {said}", latency)
    return unknown(Reason.ERROR, f"the query failed: {said}", latency)


def _engine(session: Session, name: str) -> Engine:
    """Raises Invalid for a URL that is none, without showing it."""
    try:
        url = make_url(session.secrets(name))
        if url.password:
            session.secrets.remember(str(url.password))
        if url.get_backend_name() == "postgresql" and url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
            raise Invalid(f"'{name}': no such database file")  # SQLite would make an empty one
        return create_engine(url, poolclass=NullPool, hide_parameters=True)
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
        raise Invalid(f"the secret '{name}' opens no database ({type(error).__name__})") from None


def _read_only(engine: Engine) -> dict[str, Any]:
    return {"postgresql_readonly": True} if engine.dialect.name == "postgresql" else {}
