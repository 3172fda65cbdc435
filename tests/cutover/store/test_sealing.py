"""Personal values beside the journal, on both databases: committed to, read back, taken away, and missed when stolen."""

from __future__ import annotations

from typing import ClassVar

import pytest
from sqlalchemy import Engine, select

from cutover.core import redaction
from cutover.core.event import Event, Fact
from cutover.core.redaction import STREAM, PersonalDataRedacted
from cutover.store.desk import Desk
from cutover.store.metadata import journal_table, personal_table
from cutover.store.pen import Batch
from cutover.store.sealing import MARK, scrub
from tests.conftest import START, MakeDesk


class Told(Event):
    personal: ClassVar[frozenset[str]] = frozenset({"who", "says", "also"})
    who: str | None = None
    says: dict[str, str] = {}  # noqa: RUF012  as events are written
    also: tuple[str, ...] = ()
    place: str = ""


EWA = Told(who="Ewa Łukasz", says={"account": "shouted"}, also=("Jan",), place="north")


@pytest.fixture
def desk(make_desk: MakeDesk, any_engine: Engine) -> Desk:
    desk = make_desk((Told, *redaction.EVENTS), on=any_engine)
    desk.journal.append(Batch("s", 0, [Fact(EWA, START, "asha"), Fact(Told(place="south"), START, "asha")]))
    return desk


def test_what_is_personal_is_read_as_it_was_written_and_is_not_in_the_row(
    desk: Desk, any_engine: Engine
) -> None:
    assert [fact.event for fact in desk.journal.read("s")] == [EWA, Told(place="south")]
    assert next(fact.event for page in desk.journal.pages("s") for fact in page.facts) == EWA
    assert desk.journal.tail()[0].event == EWA
    with any_engine.connect() as connection:
        body = str(connection.execute(select(journal_table.c.body)).scalars().first())
        salts = connection.execute(select(personal_table.c.salt)).scalars().all()
    assert "Ewa" not in body
    assert MARK in body
    assert '"place":"north"' in body
    assert len(set(salts)) == 3


def test_a_value_goes_and_the_chain_stays_as_it_was(desk: Desk, any_engine: Engine) -> None:
    journal = desk.journal
    before = journal.head()
    with journal.writing() as pen:
        gone = tuple(pen.personal("s"))
        pen.forget(gone, ("who", "says", "also"))
        said = PersonalDataRedacted(of="s", positions=gone, witness="chen", reason="its time is over")
        pen.land([Batch(STREAM, 0, [Fact(said, START, "bo")])])
    scrub(any_engine)
    assert gone == (1,)
    assert journal.verify(before).holds
    assert [fact.event for fact in journal.read("s")] == [Told(place="north"), Told(place="south")]


def test_the_same_value_twice_has_two_commitments(desk: Desk, any_engine: Engine) -> None:
    """Otherwise whoever knows one could find its likes."""
    desk.journal.append(Batch("other", 0, [Fact(EWA, START, "asha")]))
    with any_engine.connect() as connection:
        bodies = connection.execute(
            select(journal_table.c.body).where(journal_table.c.body.contains("north"))
        ).scalars()
        assert len(set(bodies)) == 2


def test_a_batch_that_comes_again_is_the_one_that_is_there(desk: Desk) -> None:
    again = Batch("k", 0, [Fact(EWA, START, "asha")], key="once")
    first, second = desk.journal.append(again), desk.journal.append(again)
    assert [fact.position for fact in first] == [fact.position for fact in second]
