"""A target that is a table of another database: one row a serial, by that database's own unique key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    Engine,
    MetaData,
    Table,
    insert,
    inspect,
    make_url,
    or_,
    select,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, NoSuchTableError, SQLAlchemyError, StatementError

from contingency.plain_records import Body, as_held, in_words, within
from contingency.rooms import Held, Outgoing, Receipt, Senseless
from cutover.core.errors import Invalid, Problem, Unavailable
from cutover.store.engine import is_away, open_engine

Aside = Callable[..., Awaitable[Any]]  # beside the loop: a function and what it is given


class SqlTarget:
    """A table of another database. Raises Invalid where its key is not unique: then an insert could happen twice."""

    def __init__(self, url: str, table: str, key_column: str, body: Body) -> None:
        self._url = url
        self._table = table
        self._key = key_column
        self._body = body

    @asynccontextmanager
    async def open(self) -> AsyncIterator[SqlConversation]:
        _refuse_missing(self._url)
        engine = open_engine(self._url)
        try:
            with ThreadPoolExecutor() as threads:  # left only when every statement has come to its end
                aside = partial(asyncio.get_running_loop().run_in_executor, threads)
                table = await aside(_reflected, engine, self._table, self._key)
                yield SqlConversation(engine, table, self._key, self._body, aside)
        finally:
            engine.dispose()


def _refuse_missing(url: str) -> None:
    """Raises Invalid for a SQLite file that is not there: SQLite would make an empty one and say nothing."""
    parsed = make_url(url)
    file = parsed.database or ""
    if parsed.get_backend_name() == "sqlite" and file not in ("", ":memory:") and not Path(file).exists():
        expected = "the file of the target's database, as an absolute path (sqlite:////srv/crimes.db)"
        raise Invalid(
            Problem("the target's database is not there", file=file, field="target: url", expected=expected)
        )


class SqlConversation:
    """Rows in, one transaction each; the unique key is the database's own promise that none is there twice."""

    def __init__(self, engine: Engine, table: Table, key: str, body: Body, aside: Aside) -> None:
        self._engine = engine
        self._aside = aside
        self._table = table
        self._key = table.c[key]
        self._body = body

    async def create(self, record: Outgoing, key: str) -> Receipt:
        """Put one row in. A row that the table's own rules turn away comes back refused; Senseless is one that does not fit."""
        del key  # the serial is the key of the table
        receipt: Receipt = await self._aside(self._create, record)
        return receipt

    async def by_serial(self, serial: str) -> Sequence[Held]:
        found: list[Held] = await self._aside(self._rows, self._key == serial)
        return found

    async def held(
        self, form_type: str | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[Held]:
        asked = self._asked(form_type, since, until)
        return within(await self._aside(self._rows, *asked), form_type, since, until)

    def _create(self, record: Outgoing) -> Receipt:
        row = {**in_words(self._body, record), self._key.name: record.serial}
        if strange := [name for name in row if name not in self._table.c]:
            raise Senseless(f"the table {self._table.name} has no column {', '.join(sorted(strange))}")
        try:
            return Receipt(self._put(row))
        except IntegrityError as error:
            if held := self._rows(self._key == record.serial):
                return Receipt(held[0].reference)  # another worker was there between the look and the insert
            return Receipt("", f"the table will not take it: {error.orig}")
        except DBAPIError as error:
            if is_away(error):
                raise Unavailable(f"the target's database did not take the row: {error.orig}") from error
            raise Senseless(f"the row does not fit the table {self._table.name}: {error.orig}") from error
        except StatementError as error:
            raise Senseless(f"the row does not fit the table {self._table.name}: {error.orig}") from error

    def _put(self, row: Mapping[str, Any]) -> str:
        """The reference of the row, there before or put there now. Raises Senseless where it is then not there."""
        with self._engine.begin() as connection:
            if not (found := self._found(connection, row[self._key.name])):
                connection.execute(insert(self._table).values(row))
                found = self._found(connection, row[self._key.name])
            if not found:
                raise Senseless(
                    f"the table {self._table.name} took the row without an error and does not hold it"
                )
            return self._reference(found[0])

    def _found(self, connection: Connection, serial: str) -> Sequence[Mapping[Any, Any]]:
        return list(connection.execute(select(self._table).where(self._key == serial)).mappings())

    def _asked(
        self, form_type: str | None, since: datetime | None, until: datetime | None
    ) -> list[ColumnElement[bool]]:
        """What the database can leave out by itself: a table of millions is not read for a batch."""
        c = self._table.c
        asked: list[ColumnElement[bool]] = []
        if form_type is not None and "form_type" in c:
            asked.append(or_(c.form_type == form_type, c.form_type == "", c.form_type.is_(None)))
        if "occurred_at" in c and isinstance(c.occurred_at.type, DateTime):
            at, aware = c.occurred_at, c.occurred_at.type.timezone
            edges = [(m if aware else m.replace(tzinfo=None)) if m else None for m in (since, until)]
            asked += [at >= edges[0]] if edges[0] else []
            asked += [at <= edges[1]] if edges[1] else []
        return asked

    def _rows(self, *asked: ColumnElement[bool]) -> list[Held]:
        try:
            with self._engine.connect() as connection:
                return [
                    self._held(row)
                    for row in connection.execute(select(self._table).where(*asked)).mappings()
                ]
        except DBAPIError as error:
            raise Unavailable(f"the target's database does not answer: {error.orig}") from error
        except ValueError as error:
            said = f"the table {self._table.name} holds a row that cannot be read as a record: {error}"
            raise Unavailable(said, permanent=True) from error

    def _held(self, row: Mapping[Any, Any]) -> Held:
        return as_held({name: row[name] for name in row}, self._reference(row), row[self._key.name])

    def _reference(self, row: Mapping[Any, Any]) -> str:
        named = "/".join(str(row[column.name]) for column in self._table.primary_key)
        return named or str(row[self._key.name])


def _reflected(engine: Engine, name: str, key: str) -> Table:
    """The table as it is there. Raises Invalid where it is not, or its key is not unique."""
    try:
        table = Table(name, MetaData(), autoload_with=engine)
        looked = inspect(engine)
        unique: list[tuple[str | None, ...]] = [
            tuple(one["column_names"]) for one in looked.get_unique_constraints(name)
        ]
        unique += [tuple(one["column_names"]) for one in looked.get_indexes(name) if one["unique"]]
    except NoSuchTableError:
        raise Invalid(Problem(f"the target's database has no table '{name}'", field="table")) from None
    except SQLAlchemyError as error:
        raise Unavailable(f"the target's database does not answer: {error}") from error
    unique.append(tuple(column.name for column in table.primary_key))
    if (key,) not in unique:
        raise Invalid(
            Problem(
                f"column '{key}' of '{name}' is not unique: a record could be there twice", field="key_column"
            )
        )
    return table
