"""What somebody typed can be taken away: by two, told in the journal, out of every copy that we hold, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest
from sqlalchemy import Engine, insert, select

from cutover.core import redaction
from cutover.core.errors import NotFound, Refused
from cutover.core.event import Event, Fact
from cutover.store.desk import Desk
from cutover.store.engine import writing
from cutover.store.metadata import journal_table, outbox_table, personal_table
from cutover.store.outbox import Message, enqueue
from cutover.store.pen import Batch
from cutover.store.unsaying import INSTEAD, unsay
from tests.conftest import START, MakeDesk

TEXT = 'Ewa Łukasz of 4 Mill "Lane" was here'


class Noted(Event):
    typed: ClassVar[frozenset[str]] = frozenset({"text", "more"})
    text: str
    more: str = ""
    task: str = "A"


@pytest.fixture
def desk(make_desk: MakeDesk, any_engine: Engine) -> Desk:
    desk = make_desk((Noted, *redaction.EVENTS), on=any_engine)
    facts = [Fact(Noted(text=TEXT, more="stays"), START, "asha"), Fact(Noted(text="other"), START, "asha")]
    desk.journal.append(Batch("s", 0, facts))
    return desk


def test_what_is_typed_is_shown_to_all_and_is_not_in_the_chain(desk: Desk, any_engine: Engine) -> None:
    assert desk.journal.read("s")[0].event == Noted(text=TEXT, more="stays")
    with any_engine.connect() as connection:
        body = connection.execute(
            select(journal_table.c.body).where(journal_table.c.position == 1)
        ).scalar_one()
    assert "Mill" not in body
    assert '"task":"A"' in body


def test_one_value_goes_with_its_copies_and_the_chain_holds(
    desk: Desk, any_engine: Engine, tmp_path: Path
) -> None:
    journal, before = desk.journal, desk.journal.head()
    with writing(any_engine) as connection:
        enqueue(connection, [Message("m", "file", "bo", "A note", f"He wrote: {TEXT}.")], START)
    (tmp_path / "m.txt").write_text(f"He wrote: {TEXT}.", "utf-8")
    gone = unsay(journal, tmp_path, 1, "text", witness="chen", by="bo", reason="a name")
    assert (gone.copies, gone.files) == (1, 1)
    assert [fact.event for fact in journal.read("s")] == [
        Noted(text="redacted", more="stays"),
        Noted(text="other"),
    ]
    assert journal.verify(before).holds
    said = journal.read(redaction.STREAM)[0]
    assert (said.actor, said.event.model_dump(include={"positions", "fields", "witness", "reason"})) == (
        "bo",
        {"positions": (1,), "fields": ("text",), "witness": "chen", "reason": "a name"},
    )
    with any_engine.connect() as connection:
        letter = connection.execute(select(outbox_table.c.body)).scalar_one()
        values = connection.execute(select(personal_table.c.value)).scalars().all()
    assert (letter, "Mill" in str(values)) == (f"He wrote: {INSTEAD}.", False)
    assert (tmp_path / "m.txt").read_text("utf-8") == f"He wrote: {INSTEAD}."


def test_another_value_of_the_same_fact_that_goes_without_being_named_is_missed(
    desk: Desk, any_engine: Engine, tmp_path: Path
) -> None:
    unsay(desk.journal, tmp_path, 1, "text", witness="chen", by="bo", reason="a name")
    with writing(any_engine) as connection:
        connection.execute(personal_table.delete().where(personal_table.c.field == "more"))
    found = desk.journal.verify()
    assert (found.holds, "'more' of position 1 was taken away" in str(found.fault)) == (False, True)


@pytest.mark.parametrize("witness", ["", "bo", " BO "])
def test_one_person_takes_nothing_away(desk: Desk, tmp_path: Path, witness: str) -> None:
    with pytest.raises(Refused, match="second person"):
        unsay(desk.journal, tmp_path, 1, "text", witness=witness, by="bo", reason="a name")
    assert desk.journal.read("s")[0].event == Noted(text=TEXT, more="stays")


@pytest.mark.parametrize(
    ("position", "field", "why"),
    [(1, "task", "not what somebody typed"), (2, "more", "it was empty, or was taken away before")],
)
def test_only_what_somebody_typed_goes_and_once(
    desk: Desk, tmp_path: Path, position: int, field: str, why: str
) -> None:
    with pytest.raises(Refused, match=why):
        unsay(desk.journal, tmp_path, position, field, witness="chen", by="bo", reason="a name")
    with pytest.raises(NotFound):
        unsay(desk.journal, tmp_path, 99, "text", witness="chen", by="bo", reason="a name")


def test_a_fact_of_before_says_that_it_holds_its_text_for_ever(
    desk: Desk, any_engine: Engine, tmp_path: Path
) -> None:
    """Written by a version that kept texts in the chain: read as before, refused with the reason."""
    with writing(any_engine) as connection:
        row = dict(
            connection.execute(select(journal_table).where(journal_table.c.position == 2)).mappings().one()
        )
        row |= {
            "position": 3,
            "seq": 3,
            "body": '{"more":"","task":"A","text":"in the clear"}',
            "at": row["at"],
        }
        connection.execute(insert(journal_table).values(row))
    with pytest.raises(Refused, match="in the chain itself"):
        unsay(desk.journal, tmp_path, 3, "text", witness="chen", by="bo", reason="a name")
