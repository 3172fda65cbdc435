"""One way to write: whole or not at all, one writer at a time, and honest about a database that is away."""

import pytest
from sqlalchemy import text

from cutover.core.errors import Invalid, Unavailable
from cutover.store.engine import open_engine, reachable, reading, sqlite_url, writing
from tests.cutover.store.desks import batch, to_paper


@pytest.mark.parametrize("url", ["", "nonsense", "oracle9://x", "sqlite+nothing:///x"])
def test_an_address_that_we_cannot_open_is_invalid(url):
    with pytest.raises(Invalid, match="postgresql://host/name"):
        open_engine(url)


def test_a_password_is_not_shown():
    with pytest.raises(Invalid) as refused:
        open_engine("oracle9://asha:secret@host/db")
    assert "secret" not in str(refused.value)


def test_sqlite_is_opened_to_survive_a_crash(engine):
    with reading(engine) as connection:
        found = [
            connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]


def test_what_may_be_lost_with_the_power_does_not_wait_for_the_disk_and_still_breaks_nothing(engine):
    found = []
    for durable in (False, True, False):
        with writing(engine, durable=durable) as connection:
            found.append(connection.execute(text("PRAGMA synchronous")).scalar())
    assert found == [1, 2, 1], "NORMAL: the disk keeps its order; OFF would not"


@pytest.mark.real
def test_a_question_to_postgresql_opens_no_transaction_unless_it_is_read_bit_by_bit(postgres_url):
    engine = open_engine(postgres_url)
    begun = []
    for bit_by_bit in (False, True, False):
        with reading(engine, bit_by_bit=bit_by_bit) as connection:
            connection.execute(text("SELECT 1"))
            begun.append(connection.connection.dbapi_connection.info.transaction_status.name)
    with writing(engine) as connection:
        begun.append(connection.connection.dbapi_connection.info.transaction_status.name)
    engine.dispose()
    assert begun == ["IDLE", "INTRANS", "IDLE", "INTRANS"]


def test_a_database_that_is_away_is_unavailable(tmp_path):
    engine = open_engine(sqlite_url(tmp_path / "no folder" / "x.db"))
    for way in (reading, writing):
        with pytest.raises(Unavailable), way(engine) as connection:
            connection.execute(text("SELECT 1"))
    assert "unable to open" in reachable(engine)


def test_a_file_that_is_no_database_is_unavailable(tmp_path):
    (tmp_path / "x.db").write_text("not a database" * 100)
    engine = open_engine(sqlite_url(tmp_path / "x.db"))
    for way in (reading, writing):
        with pytest.raises(Unavailable, match="not a database"), way(engine) as connection:
            connection.execute(text("SELECT 1"))
    engine.dispose()


@pytest.mark.real
def test_a_postgresql_that_is_away_is_unavailable(tmp_path):
    engine = open_engine(f"postgresql://asha@/cutover?host={tmp_path}")
    with pytest.raises(Unavailable), writing(engine):
        pass
    assert reachable(engine)


def test_a_database_that_answers_is_reachable(any_engine):
    assert reachable(any_engine) == ""


def test_an_error_rolls_everything_back_and_the_next_writer_goes_on(journal):
    def interrupted():
        with journal.writing() as pen:
            pen.land([batch("custody", 0, to_paper())])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert journal.head().position == 0
    assert len(journal.append(batch("custody", 0, to_paper()))) == 1
