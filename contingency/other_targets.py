"""Targets without a service: a table that takes rows, a folder that takes files. Each holds one record a key, by its own means."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, MetaData, Table, insert, inspect, select
from sqlalchemy.exc import DBAPIError, IntegrityError, NoSuchTableError, SQLAlchemyError

from contingency.rooms import Held, Outgoing, Receipt, Senseless
from cutover.core.errors import Invalid, Problem, Unavailable
from cutover.store.engine import open_engine

Body = Callable[[Outgoing], dict[str, Any]]


class SqlTarget:
    """A table of another database. Raises Invalid where its key is not unique: then an insert could happen twice."""

    def __init__(self, url: str, table: str, key_column: str, body: Body) -> None:
        self._url = url
        self._table = table
        self._key = key_column
        self._body = body

    @asynccontextmanager
    async def open(self) -> AsyncIterator[SqlConversation]:
        engine = open_engine(self._url)
        try:
            table = await asyncio.to_thread(_reflected, engine, self._table, self._key)
            yield SqlConversation(engine, table, self._key, self._body)
        finally:
            engine.dispose()


class SqlConversation:
    """Rows in, one transaction each; the unique key is the database's own promise that none is there twice."""

    def __init__(self, engine: Engine, table: Table, key: str, body: Body) -> None:
        self._engine = engine
        self._table = table
        self._key = table.c[key]
        self._body = body

    async def create(self, record: Outgoing, key: str) -> Receipt:
        del key  # the serial is the key of the table
        return await asyncio.to_thread(self._create, record)

    async def by_serial(self, serial: str) -> Sequence[Held]:
        return await asyncio.to_thread(self._rows, serial)

    async def held(
        self, form_type: str | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[Held]:
        found = await asyncio.to_thread(self._rows, None)
        return _within(found, form_type, since, until)

    def _create(self, record: Outgoing) -> Receipt:
        row = {**_row_of(self._body, record), self._key.name: record.serial}
        if strange := [name for name in row if name not in self._table.c]:
            raise Senseless(f"the table {self._table.name} has no column {', '.join(sorted(strange))}")
        try:
            with self._engine.begin() as connection:
                if not self._found(connection, record.serial):
                    connection.execute(insert(self._table).values(row))
                return Receipt(self._reference(self._found(connection, record.serial)[0]))
        except IntegrityError as error:
            if held := self._rows(record.serial):
                return Receipt(held[0].reference)  # another worker was there between the look and the insert
            return Receipt("", f"the table will not take it: {error.orig}")
        except DBAPIError as error:
            raise Unavailable(f"the target's database did not take the row: {error.orig}") from error

    def _found(self, connection: Any, serial: str) -> Sequence[Mapping[str, Any]]:
        return list(connection.execute(select(self._table).where(self._key == serial)).mappings())

    def _rows(self, serial: str | None) -> list[Held]:
        query = select(self._table)
        query = query if serial is None else query.where(self._key == serial)
        try:
            with self._engine.connect() as connection:
                return [self._held(row) for row in connection.execute(query).mappings()]
        except DBAPIError as error:
            raise Unavailable(f"the target's database does not answer: {error.orig}") from error

    def _held(self, row: Mapping[Any, Any]) -> Held:
        return _held({name: row[name] for name in row}, self._reference(row), row[self._key.name])

    def _reference(self, row: Mapping[Any, Any]) -> str:
        return "/".join(str(row[column.name]) for column in self._table.primary_key) or str(
            row[self._key.name]
        )


class FileTarget:
    """A folder from which another system takes files: one a serial, whole or not there, never written over."""

    def __init__(self, folder: Path, body: Body) -> None:
        self._folder = folder
        self._body = body

    @asynccontextmanager
    async def open(self) -> AsyncIterator[FileTarget]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"the folder {self._folder} cannot be used: {error.strerror}") from error
        yield self

    async def create(self, record: Outgoing, key: str) -> Receipt:
        """Put the record's file there; one that is there with the same content is the answer to an earlier try."""
        content = json.dumps(
            {"key": key, **_row_of(self._body, record)},
            sort_keys=True,
            ensure_ascii=False,
            indent=1,
            default=str,
        )
        return await asyncio.to_thread(self._put, self._folder / f"{record.serial}.json", content)

    async def by_serial(self, serial: str) -> Sequence[Held]:
        path = self._folder / f"{serial}.json"
        return [self._read(path)] if path.exists() else []

    async def held(
        self, form_type: str | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[Held]:
        return _within(
            [self._read(path) for path in sorted(self._folder.glob("*.json"))], form_type, since, until
        )

    def _put(self, path: Path, content: str) -> Receipt:
        partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
        try:
            with partial.open("w", encoding="utf-8") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            try:
                os.link(partial, path)  # unlike a rename it never takes the place of a file that is there
            except FileExistsError:
                if path.read_text(encoding="utf-8") != content:
                    return Receipt("", f"{path.name} is there with other content")
            finally:
                partial.unlink()
        except OSError as error:
            raise Unavailable(f"{path} cannot be written: {error.strerror}") from error
        return Receipt(path.name)

    def _read(self, path: Path) -> Held:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise Unavailable(f"{path} cannot be read as a record: {error}", permanent=True) from error
        return _held(content, path.name, path.stem)


def _reflected(engine: Engine, name: str, key: str) -> Table:
    """The table as it is there. Raises Invalid where it is not, or its key is not unique."""
    try:
        table = Table(name, MetaData(), autoload_with=engine)
        unique: list[tuple[str | None, ...]] = [
            tuple(one["column_names"]) for one in inspect(engine).get_unique_constraints(name)
        ]
        unique += [tuple(one["column_names"]) for one in inspect(engine).get_indexes(name) if one["unique"]]
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


def _row_of(body: Body, record: Outgoing) -> dict[str, Any]:
    try:
        return body(record)
    except Invalid as error:
        raise Senseless(f"it cannot be put into the target's words: {error}") from error


def _held(row: Mapping[str, Any], reference: str, serial: str | None) -> Held:
    """A record as matching needs it, from whatever of that the target keeps."""
    person = row.get("person")
    named = person if isinstance(person, Mapping) else {n: row.get(n) for n in ("surname", "forename", "dob")}
    at = row.get("occurred_at") or datetime.fromtimestamp(0, UTC)
    moment = at if isinstance(at, datetime) else datetime.fromisoformat(str(at))
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    texts = {name: str(value) for name, value in named.items() if value is not None}
    return Held(reference, serial, str(row.get("form_type", "")), moment, texts)


def _within(
    found: Sequence[Held], form_type: str | None, since: datetime | None, until: datetime | None
) -> list[Held]:
    return [
        one
        for one in found
        if (form_type is None or one.form_type in ("", form_type))
        and (since is None or one.occurred_at >= since)
        and (until is None or one.occurred_at <= until)
    ]
