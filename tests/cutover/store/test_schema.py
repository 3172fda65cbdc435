"""A database is empty, at this version's schema, or refused; never guessed at."""

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from cutover.core.errors import Unavailable
from cutover.store import schema
from cutover.store.engine import open_engine, reading, sqlite_url, writing
from cutover.store.metadata import TRUTH
from cutover.store.migrating import migrations


def test_head_is_the_newest_migration():
    assert ScriptDirectory.from_config(migrations()).get_current_head() == schema.HEAD


def test_an_empty_database_is_upgraded_once(tmp_path):
    engine = open_engine(sqlite_url(tmp_path / "new.db"))
    assert schema.current(engine) == ""
    assert schema.upgrade(engine)
    assert not schema.upgrade(engine)
    assert schema.current(engine) == schema.HEAD
    engine.dispose()


def test_a_database_that_a_newer_version_upgraded_is_refused(any_engine):
    with writing(any_engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Unavailable, match="at schema 9999") as refused:
        schema.upgrade(any_engine)
    assert refused.value.permanent


@pytest.mark.parametrize("table", TRUTH, ids=lambda table: table.name)
def test_the_migrated_tables_are_those_the_code_writes_to(any_engine, table):
    with reading(any_engine) as connection:
        there = {
            c["name"]: (str(c["type"]), c["nullable"]) for c in inspect(connection).get_columns(table.name)
        }
    dialect = any_engine.dialect
    wanted = {c.name: (c.type.compile(dialect), c.nullable) for c in table.columns}
    assert there == wanted
