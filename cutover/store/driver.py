"""The few statements that are asked with every fact: spelled once for each dialect, and said to the driver itself.

SQLAlchemy's way to the driver costs ten times what SQLite needs to answer such a statement (measured), twice for
each fact of a run. What may go wrong is still told in SQLAlchemy's words, so no caller sees a difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.expression import ClauseElement

Values = Mapping[str, Any]
T = TypeVar("T")
MOST_VALUES = 500  # of one statement: databases bound them


class Phrase:
    """A statement of fixed shape: each of its values is given by name, and the column's type converts it."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._spelled: dict[str, _Spelled] = {}

    def rows(self, connection: Connection, values: Values) -> Sequence[Sequence[Any]]:
        """What the database answers, each row in the order of the statement's columns."""
        spelled = self._for(connection.dialect)
        cursor = connection.connection.cursor()
        try:
            cursor.execute(spelled.text, spelled.ordered(values))
            return cursor.fetchall()
        except connection.dialect.loaded_dbapi.Error as error:
            raise _told(connection, spelled.text, error, cursor) from error
        finally:
            cursor.close()

    def each(self, connection: Connection, many: Sequence[Values]) -> None:
        """Say it once for each of these values."""
        spelled = self._for(connection.dialect)
        cursor = connection.connection.cursor()
        try:
            if len(many) == 1:
                cursor.execute(spelled.text, spelled.ordered(many[0]))
            else:
                cursor.executemany(spelled.text, [spelled.ordered(values) for values in many])
        except connection.dialect.loaded_dbapi.Error as error:
            raise _told(connection, spelled.text, error, cursor) from error
        finally:
            cursor.close()

    def _for(self, dialect: Dialect) -> _Spelled:
        if dialect.name not in self._spelled:
            self._spelled[dialect.name] = _Spelled(self._statement, dialect)
        return self._spelled[dialect.name]


def say(connection: Connection, text: str) -> Sequence[Sequence[Any]]:
    """A word without values, and the rows that it is answered with."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(text)
        return cursor.fetchall() if cursor.description else ()
    except connection.dialect.loaded_dbapi.Error as error:
        raise _told(connection, text, error, cursor) from error
    finally:
        cursor.close()


def in_parts(items: Iterable[T]) -> Iterator[list[T]]:
    """Lists short enough for one statement each."""
    left = iter(items)
    while part := list(islice(left, MOST_VALUES)):
        yield part


class _Spelled:
    """A statement in one dialect's words, and how its values are handed over."""

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        self.text: str = compiled.string
        self._fixed: dict[str, Any] = {k: v for k, v in compiled.params.items() if v is not None}
        self._order: Sequence[str] | None = compiled.positiontup if compiled.positional else None
        of_types = ((name, bind.type.dialect_impl(dialect)) for name, bind in compiled.binds.items())
        spells = ((name, kind.bind_processor(dialect)) for name, kind in of_types)
        self._spells = {name: spell for name, spell in spells if spell and name not in self._fixed}

    def ordered(self, values: Values) -> Any:
        if self._spells:
            spelled = {name: spell(values[name]) for name, spell in self._spells.items() if name in values}
            values = {**values, **spelled}
        if self._order is None:
            return {**self._fixed, **values}
        if not self._fixed:
            return [values[name] for name in self._order]
        return [values[name] if name in values else self._fixed[name] for name in self._order]


def _told(
    connection: Connection, text: str, error: Exception, cursor: DBAPICursor
) -> DBAPIError | BaseException:
    """The driver's error as SQLAlchemy tells it; a connection that is gone is not used again."""
    dialect = connection.dialect
    gone = dialect.is_disconnect(error, connection.connection.dbapi_connection, cursor)  # type: ignore[arg-type]
    if gone:
        connection.invalidate(error)
    return DBAPIError.instance(
        text, None, error, dialect.loaded_dbapi.Error, connection_invalidated=gone, dialect=dialect
    )
