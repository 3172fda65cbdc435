"""PostgreSQL tells who listens that somebody has written: nobody need look several times a second.

Told with the commit, and lost with the line: who listens still looks now and then, and looks instead while the line
is down. Behind a pool that shares connections between transactions nothing is told, and looking now and then is all.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from cutover.store.driver import say

CHANNEL = "cutover_journal"


def tell(connection: Connection, position: int) -> None:
    """Everybody who listens is told when this transaction commits; on SQLite nobody can be."""
    if connection.dialect.name == "postgresql":
        say(connection, f"NOTIFY {CHANNEL}, '{position:d}'")


class Ear:
    """A connection of its own on which the database tells how far the journal has come."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        driver: Any = connection.connection.dbapi_connection
        self._driver = driver
        self._error: type[Exception] = connection.dialect.loaded_dbapi.Error
        self.line: int = driver.fileno()  # becomes readable when there is something to hear, or it is lost

    def hears_beyond(self, position: int) -> bool | None:
        """Whether what has been told since is news to one who knows the journal up to `position`; None: the line is lost."""
        try:
            told = [said.payload for said in self._driver.notifies(timeout=0)]
        except self._error:
            return None
        return any(not text.isdecimal() or int(text) > position for text in told)

    def close(self) -> None:
        """End it; one that is lost already too."""
        self._driver.close()
        self._connection.invalidate()
        self._connection.close()


def listen(engine: Engine) -> Ear | None:
    """An ear, where the database tells; None on SQLite, and while the database does not answer."""
    if engine.dialect.name != "postgresql":
        return None
    try:
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    except DBAPIError:
        return None
    connection.detach()  # what listens is not given to others afterwards
    ear = Ear(connection)
    try:
        say(connection, f"LISTEN {CHANNEL}")
    except DBAPIError:
        ear.close()
        return None
    return ear
