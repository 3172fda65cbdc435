"""What is said straight to the driver means the same, and goes wrong in the same words, on both databases."""

import pytest
from sqlalchemy import bindparam, insert, select
from sqlalchemy.exc import IntegrityError

from cutover.store.driver import Phrase
from cutover.store.engine import reading, writing
from cutover.store.metadata import leases_table as t
from tests.conftest import START
from tests.cutover.store.desks import flip

NEW = Phrase(
    insert(t).values(name=bindparam("named"), owner=bindparam("by"), epoch=7, expires_at=bindparam("at"))
)
FOUND = Phrase(select(t.c.name, t.c.epoch).where(t.c.name > bindparam("after")).order_by(t.c.name).limit(2))
LEASES = [{"named": name, "by": "asha", "at": START} for name in "abc"]


def test_a_statement_is_said_once_or_for_each_and_answered_in_its_columns_order(any_engine):
    with writing(any_engine) as connection:
        NEW.each(connection, LEASES[:1])
        NEW.each(connection, LEASES[1:])
        assert [tuple(row) for row in FOUND.rows(connection, {"after": "a"})] == [("b", 7), ("c", 7)]
        assert set(connection.execute(select(t.c.expires_at)).scalars()) == {START}, (
            "converted as its type says"
        )


def test_what_the_driver_refuses_is_told_as_ever_and_nothing_of_it_stands(any_engine):
    with pytest.raises(IntegrityError), writing(any_engine) as connection:
        NEW.each(connection, [LEASES[0], LEASES[0]])
    with reading(any_engine) as connection:
        assert not FOUND.rows(connection, {"after": ""})


def test_the_journal_reads_back_what_was_said_straight(any_desk):
    flip(any_desk, "custody", 3)
    assert any_desk.journal.verify().holds
    assert [fact.seq for fact in any_desk.journal.read("component:custody")] == [1, 2, 3]
