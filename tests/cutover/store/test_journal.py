"""The journal takes facts together or not at all, once, in order, and never lets go of them."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from cutover.core.errors import Conflict, Invalid, NotFound
from cutover.core.event import Catalogue, Fact
from cutover.domain.gates import GateExpired
from cutover.domain.modes import EVENTS, WentToPaper
from cutover.store import leases, outbox
from cutover.store.chain import GENESIS, Checkpoint, read_export, verify_rows
from cutover.store.engine import writing
from cutover.store.journal import Journal
from cutover.store.metadata import journal_table as rows
from cutover.store.outbox import Message
from tests.cutover.store.desks import batch, to_live, to_paper

NOTICE = Message("n1", "file", "partners", "Custody on paper", "since 21:00Z")


def test_facts_are_read_back_as_they_were_recorded(journal, clock):
    late = Fact(
        WentToPaper(reason="Łukasz's note: ő ñ 文", cause="x"), clock.now() - timedelta(hours=2), "Bo"
    )
    recorded = journal.append(batch("custody", 0, late, to_live()))
    assert journal.read("component:custody") == recorded
    assert [(r.position, r.seq, r.actor) for r in recorded] == [(1, 1, "Bo"), (2, 2, "Asha")]
    assert recorded[0].recorded_at - recorded[0].at == timedelta(hours=2)


def test_reading_goes_on_from_where_one_was(journal):
    journal.append(batch("a", 0, to_paper(), to_live()), batch("b", 0, to_paper()))
    assert [r.seq for r in journal.read("component:a", after=1)] == [2]
    assert [r.stream[-1] for r in journal.tail(after=1)] == ["a", "b"]
    assert [r.position for r in journal.tail(kinds=["WentToPaper"])] == [1, 3]
    assert [r.position for r in journal.all()] == [1, 2, 3]


def test_streams_are_found_by_the_beginning_of_their_name(journal):
    journal.append(batch("b", 0, to_paper()), batch("a", 0, to_paper()), batch("a_b", 0, to_paper()))
    assert journal.streams("component:") == ["component:b", "component:a", "component:a_b"]
    assert journal.streams("component:a_") == ["component:a_b"]


def test_a_writer_that_has_not_seen_the_last_fact_loses(journal):
    journal.append(batch("custody", 0, to_paper()))
    with pytest.raises(Conflict, match="has moved on: it is at 1, not 0"):
        journal.append(batch("custody", 0, to_paper()))


def test_all_batches_land_or_none(journal):
    journal.append(batch("records", 0, to_paper()))
    with pytest.raises(Conflict):
        journal.append(batch("custody", 0, to_paper()), batch("records", 0, to_paper()), messages=[NOTICE])
    assert journal.head().position == 1
    assert outbox.due(journal.engine, journal.clock.now()) == []


def test_the_same_key_with_the_same_facts_is_recorded_once(journal):
    twice = [batch("custody", 0, to_paper(), to_live(), key="k") for _ in range(2)]
    first = journal.append(twice[0], messages=[NOTICE])
    assert (
        journal.append(twice[1], messages=[Message("n2", "file", "x", "y", "z")])
        == first
        == journal.keyed("k")
    )
    assert journal.head().position == 2
    assert outbox.due(journal.engine, journal.clock.now()) == [NOTICE]


@pytest.mark.parametrize(
    "other",
    [
        batch("custody", 2, to_paper("something else"), to_live(), key="k"),
        batch("custody", 2, to_paper(), key="k"),
        batch("records", 0, to_paper(), to_live(), key="k"),
    ],
    ids=["other facts", "fewer facts", "another stream"],
)
def test_the_same_key_for_something_else_is_a_conflict(journal, other):
    journal.append(batch("custody", 0, to_paper(), to_live(), key="k"))
    with pytest.raises(Conflict, match="was used before for something else"):
        journal.append(other)


def test_keys_that_look_alike_are_different_keys(journal):
    for i, key in enumerate(("k", "k#1", "k_", "kk", "k +")):
        journal.append(batch(f"c{i}", 0, to_paper(), to_live(), key=key))
    assert [len(journal.keyed(key)) for key in ("k", "k#1", "k%", "")] == [2, 2, 0, 0]


def test_a_runner_whose_lease_was_taken_over_writes_nothing_more(journal, clock):
    old = leases.acquire(journal.engine, "run:r1", "elsewhere:1:1", clock.now())
    journal.append(batch("custody", 0, to_paper()), fence=old)
    new = leases.acquire(journal.engine, "run:r1", "other:2:2", clock.now() + leases.LEASE)
    with pytest.raises(Conflict, match="taken over"):
        journal.append(batch("custody", 1, to_live()), fence=old)
    journal.append(batch("custody", 1, to_live()), fence=new)
    assert journal.head().position == 2


def test_nothing_to_record_is_no_error(journal):
    assert journal.append() == []
    assert journal.append(batch("custody", 0)) == []
    assert journal.head() == Checkpoint(0, GENESIS)


@pytest.mark.parametrize("statement", ["UPDATE journal SET actor = 'Dev'", "DELETE FROM journal"])
def test_the_database_itself_refuses_to_change_or_delete(journal, statement):
    journal.append(batch("custody", 0, to_paper()))
    with pytest.raises(DBAPIError, match="append-only"), writing(journal.engine) as connection:
        connection.execute(text(statement))
    assert journal.verify().holds


@pytest.mark.parametrize(
    "columns", ["*", "position + 9, " + ", ".join(c.name for c in list(rows.columns)[1:])]
)
def test_a_row_is_not_replaced_by_inserting_it_again(journal, columns):
    journal.append(batch("custody", 0, to_paper()))
    verb = "INSERT OR REPLACE" if journal.engine.dialect.name == "sqlite" else "INSERT"
    with pytest.raises(DBAPIError), writing(journal.engine) as connection:
        connection.execute(text(f"{verb} INTO journal SELECT {columns} FROM journal"))
    assert (journal.verify().holds, journal.head().position) == (True, 1)


@pytest.mark.real
def test_postgresql_refuses_to_truncate(make_desk, postgres_url):
    from cutover.store.engine import open_engine

    engine = open_engine(postgres_url)
    with pytest.raises(DBAPIError, match="append-only"), writing(engine) as connection:
        connection.execute(text("TRUNCATE journal"))
    engine.dispose()


def test_a_kind_that_nobody_declares_is_not_found(journal, engine):
    journal.append(batch("custody", 0, to_paper()))
    ignorant = Journal(journal.engine, Catalogue([GateExpired]), journal.clock)
    with pytest.raises(NotFound):
        ignorant.read("component:custody")
    assert ignorant.verify().holds  # the chain needs no catalogue


def test_an_export_is_verified_without_a_database(journal, tmp_path):
    journal.append(batch("custody", 0, to_paper("ő"), to_live()))
    file = tmp_path / "journal.jsonl"
    assert journal.export(file) == 2
    assert verify_rows(read_export(file), journal.head()).holds
    assert [path.name for path in tmp_path.glob("*.partial")] == []


def test_an_export_that_was_edited_does_not_verify(journal, tmp_path):
    journal.append(batch("custody", 0, to_paper(), to_live()))
    file = tmp_path / "journal.jsonl"
    journal.export(file)
    file.write_text(file.read_text().replace("custody is back", "custody is bac"))
    assert verify_rows(read_export(file)).fault == "position 2 was changed or moved"


@pytest.mark.parametrize("line", [b"{", b"[1]", b"\xff\xfe", b"3"])
def test_a_line_that_is_no_row_is_named(tmp_path, line):
    file = tmp_path / "journal.jsonl"
    file.write_bytes(b"{}\n" + line + b"\n")
    with pytest.raises(Invalid, match=r"journal.jsonl:2: not a journal row"):
        list(read_export(file))


def test_a_row_that_lacks_a_column_is_a_fault_and_not_a_crash():
    assert "after position 0 stands no journal row" in verify_rows([{"position": 1}]).fault


def test_a_checkpoint_is_read_as_it_is_printed(journal):
    journal.append(batch("custody", 0, to_paper()))
    assert Checkpoint.parse(f" {journal.head()}\n") == journal.head()
    for text_ in ("", "7", "x:" + GENESIS, "7:abc"):
        with pytest.raises(Invalid):
            Checkpoint.parse(text_)


def test_bodies_are_stored_in_one_spelling(journal):
    journal.append(batch("custody", 0, to_paper("ő")))
    row = next(journal.raw())
    assert row["body"] == '{"cause":"","reason":"ő"}'
    assert json.loads(row["body"]) == {"cause": "", "reason": "ő"}
    assert {e.kind() for e in EVENTS} >= {row["kind"]}
