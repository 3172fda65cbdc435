"""Whoever gets past the triggers is still found: by the chain, and at the tail by the checkpoint."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, Engine, delete, insert, select, text, update

from cutover.store.chain import digest
from cutover.store.engine import writing
from cutover.store.journal import Journal
from cutover.store.metadata import journal_table as j
from tests.cutover.store.desks import batch, to_live, to_paper

FACTS = 8
CHANGES = {
    "stream": "component:other",
    "seq": 99,
    "at": "2026-10-23T20:59:59.000000Z",
    "recorded_at": "2026-10-23T20:59:59.000000Z",
    "actor": "Dev",
    "kind": "WentDark",
    "v": 2,
    "body": '{"cause":"","reason":"nothing happened"}',
    "cause": "invented",
    "idempotency_key": "invented",
    "prev_hash": "f" * 64,
    "hash": "f" * 64,
}


@pytest.fixture
def told(journal: Journal) -> Journal:
    facts = [to_paper() if i % 2 == 0 else to_live() for i in range(FACTS)]
    journal.append(batch("custody", 0, *facts))
    drop_triggers(journal.engine)
    return journal


def drop_triggers(engine: Engine) -> None:
    statements = {
        "sqlite": tuple(f"DROP TRIGGER journal_no_{verb}" for verb in ("UPDATE", "DELETE", "replace")),
        "postgresql": ("DROP TRIGGER journal_no_change ON journal",),
    }
    with writing(engine) as connection:
        for statement in statements[engine.dialect.name]:
            connection.execute(text(statement))


def at(position: int) -> object:
    return j.c.position == position


def move(connection: Connection, position: int, to: int) -> None:
    connection.execute(update(j).where(at(position)).values(position=to, seq=to + 1000))


def test_an_untouched_journal_holds(told):
    found = told.verify(told.head())
    assert (found.holds, found.rows, found.head) == (True, FACTS, told.head())


@pytest.mark.parametrize("column", CHANGES)
def test_changing_any_column_of_any_row_is_found_at_that_row(told, column):
    for position in (1, FACTS // 2, FACTS):
        with writing(told.engine) as connection:
            before = connection.execute(select(j.c[column]).where(at(position))).scalar()
            connection.execute(update(j).where(at(position)).values({column: CHANGES[column]}))
        assert told.verify().fault == f"position {position} was changed or moved"
        with writing(told.engine) as connection:
            connection.execute(update(j).where(at(position)).values({column: before}))
    assert told.verify().holds


@pytest.mark.parametrize("position", range(1, FACTS))
def test_dropping_a_row_inside_is_found(told, position):
    with writing(told.engine) as connection:
        connection.execute(delete(j).where(at(position)))
    assert f"position {position} is missing" in told.verify().fault


def test_dropping_the_last_row_is_found_against_the_checkpoint_only(told):
    checkpoint = told.head()
    with writing(told.engine) as connection:
        connection.execute(delete(j).where(at(FACTS)))
    assert told.verify().holds
    assert "its tail was cut" in told.verify(checkpoint).fault


def test_cutting_everything_is_found_against_the_checkpoint(told):
    checkpoint = told.head()
    with writing(told.engine) as connection:
        connection.execute(delete(j))
    assert "the journal ends at 0" in told.verify(checkpoint).fault


@pytest.mark.parametrize(("one", "other"), [(1, 2), (3, 6), (7, 8)])
def test_swapping_two_rows_is_found(told, one, other):
    with writing(told.engine) as connection:
        for position, to in ((one, 100), (other, one), (100, other)):
            move(connection, position, to)
    assert told.verify().fault == f"position {one} was changed or moved"


def test_a_tail_rewritten_with_a_right_chain_is_found_against_the_checkpoint(told):
    checkpoint = told.head()
    with writing(told.engine) as connection:
        row = dict(connection.execute(select(j).where(at(FACTS))).mappings().one())
        connection.execute(delete(j).where(at(FACTS)))
        row["actor"] = "Dev"
        connection.execute(insert(j).values({**row, "hash": digest(row)}))
    assert told.verify().holds
    assert told.verify(checkpoint).fault == f"position {FACTS} does not match the checkpoint: rewritten"


def test_a_row_put_in_between_is_found(told):
    with writing(told.engine) as connection:
        row = dict(connection.execute(select(j).where(at(FACTS))).mappings().one())
        row |= {"position": FACTS + 2, "seq": FACTS + 1}
        connection.execute(insert(j).values({**row, "hash": digest(row)}))
    assert f"position {FACTS + 1} is missing" in told.verify().fault


def test_facts_recorded_after_a_checkpoint_do_not_disturb_it(told):
    checkpoint = told.head()
    told.append(batch("records", 0, to_paper()))
    assert told.verify(checkpoint).holds
