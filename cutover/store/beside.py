"""A question to somebody's database that blocks: asked in a thread of its own, stopped from outside, its trouble told apart.

The threads that asyncio lends are few and shared: what hangs in one of them would in time stop everything else, and
the process could not end.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from cutover.core.errors import Invalid, Problem

T = TypeVar("T")


class Secrets(Protocol):
    """Gives a secret by its name, and masks whatever it is told to."""

    def __call__(self, name: str) -> str: ...

    def remember(self, value: str) -> None: ...


def engine_of(secrets: Secrets, name: str) -> Engine:
    """The database whose URL is a secret; the password inside it is one too. Raises Invalid without showing either."""
    try:
        url = make_url(secrets(name))
        if url.password:
            secrets.remember(str(url.password))
        return create_engine(url, poolclass=NullPool, hide_parameters=True)
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:
        what = f"the secret '{name}' opens no database ({type(error).__name__})"
        expected = "a SQLAlchemy URL whose driver is installed"
        raise Invalid(Problem(what, field="database", expected=expected)) from None


def beside_the_loop(work: Callable[[], T], name: str) -> asyncio.Future[T]:
    """What blocking work leads to, done in a thread that keeps nobody waiting at the process's end."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def tell(result: T | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(result)  # type: ignore[arg-type]
        else:
            done.set_exception(error)

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as raised:  # noqa: BLE001  handed over to whoever waits
            error = raised
        with suppress(RuntimeError):  # the loop is gone: nobody waits any more
            loop.call_soon_threadsafe(tell, result, error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return done


def way_to_stop(connection: Connection) -> Callable[[], object]:
    """How the query under way on this connection is stopped by another thread: psycopg cancels, sqlite3 interrupts."""
    raw: Any = connection.connection.driver_connection
    found = (getattr(raw, name, None) for name in ("cancel_safe", "cancel", "interrupt"))
    return next((way for way in found if way is not None), lambda: None)


def nobody_there(error: DBAPIError) -> bool:
    """Nobody there, or nobody free: SQLite says so only of a lock, and calls a missing table by the same name."""
    kind = type(error.orig)
    if kind.__module__ == "sqlite3":
        return error.connection_invalidated or "locked" in str(error.orig)
    return error.connection_invalidated or kind.__name__ in ("OperationalError", "InterfaceError")
