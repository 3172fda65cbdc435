"""Tables beside the journal: made once, and a row told again replaces the one there was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, inspect, select

from cutover.store.engine import reading, writing
from cutover.store.side_tables import make_missing, upsert

notes = Table(
    "side_notes",
    MetaData(),
    Column("name", String(20), primary_key=True),
    Column("tries", Integer, nullable=False, index=True),
    Column("why", String(20), nullable=False),
)


@pytest.fixture
def made(any_engine: Engine) -> Iterator[Engine]:
    make_missing(any_engine, notes)
    yield any_engine
    with writing(any_engine) as connection:
        notes.drop(connection, checkfirst=True)


def test_a_missing_table_is_made_with_its_indexes(made: Engine) -> None:
    with reading(made) as connection:
        assert [index["name"] for index in inspect(connection).get_indexes("side_notes")] == [
            "ix_side_notes_tries"
        ]


def test_a_table_that_is_there_keeps_its_rows(made: Engine) -> None:
    with writing(made) as connection:
        connection.execute(notes.insert().values(name="a", tries=1, why=""))
    make_missing(made, notes)
    with reading(made) as connection:
        assert len(connection.execute(select(notes)).all()) == 1


def test_a_row_told_again_changes_only_what_is_said_to_change(made: Engine) -> None:
    again = upsert(made, notes, lambda fresh: {"tries": notes.c.tries + fresh.tries})
    for why in ("first", "second"):
        with writing(made) as connection:
            connection.execute(again, {"name": "a", "tries": 2, "why": why})
    with reading(made) as connection:
        assert tuple(connection.execute(select(notes)).one()) == ("a", 4, "first")
