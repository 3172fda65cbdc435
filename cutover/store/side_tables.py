"""Tables beside the journal that no migration owns: made where missing, a row that is there changed and not doubled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, Table, inspect
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.schema import CreateTable

from cutover.store.engine import reading, writing


def make_missing(engine: Engine, *tables: Table) -> None:
    """Make those that are not there, with their indexes; no write transaction where all are."""
    with reading(engine) as connection:
        missing = [table for table in tables if not inspect(connection).has_table(table.name)]
    if missing:
        with writing(engine) as connection:
            for table in missing:
                connection.execute(CreateTable(table, if_not_exists=True))  # another process may be quicker
                for index in table.indexes:
                    index.create(connection, checkfirst=True)


def upsert(engine: Engine, table: Table, changed: Callable[[Any], dict[str, Any]]) -> Any:
    """Insert a row, or of the one with its key change what `changed` makes of the fresh one."""
    insert = postgresql_insert if engine.dialect.name == "postgresql" else sqlite_insert
    statement = insert(table)
    key = [column.name for column in table.primary_key]
    return statement.on_conflict_do_update(index_elements=key, set_=changed(statement.excluded))
