"""A dump sees one moment of the database, whoever writes meanwhile, and loads only where there is nothing."""

import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from cutover.core.clock import FixedClock
from cutover.core.errors import Refused, Unavailable
from cutover.core.event import Catalogue
from cutover.store.desk import Desk
from cutover.store.dump import dump, load
from cutover.store.engine import open_engine, sqlite_url
from cutover.store.journal import Journal
from tests.conftest import START, administer
from tests.cutover.store.desks import ALL, ModeBoard, flip

_numbers = itertools.count(1)


@pytest.fixture
def make_empty(
    any_engine: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[], Engine]]:
    """Empty databases of the same kind as `any_engine`."""
    made: list[Engine] = []

    def make() -> Engine:
        number = next(_numbers)
        url = sqlite_url(tmp_path / f"empty{number}.db")
        if any_engine.dialect.name == "postgresql":
            server, name = request.getfixturevalue("postgres_server"), f"empty_{number}"
            administer(server, f"CREATE DATABASE {name}")
            url = server.replace("/postgres?", f"/{name}?")
        made.append(open_engine(url))
        return made[-1]

    yield make
    for engine in made:
        engine.dispose()


def journal_on(engine: Engine) -> Journal:
    return Journal(engine, Catalogue(ALL), FixedClock(START), [ModeBoard()])


def test_taken_while_others_write_it_holds_everything_up_to_its_head(
    any_desk: Desk, make_empty: Callable[[], Engine], tmp_path: Path
) -> None:
    flip(any_desk, "custody", 20)
    before, ended = any_desk.journal.head().position, threading.Event()

    def write() -> None:
        while not ended.is_set():
            flip(any_desk, "custody", 1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        heads = [dump(any_desk.journal.engine, tmp_path / f"dumped{n}") for n in range(3)]
    finally:
        ended.set()
        writer.join()
    assert before <= heads[0].position <= heads[2].position <= any_desk.journal.head().position
    for number, head in enumerate(heads):
        load(tmp_path / f"dumped{number}", engine := make_empty())
        found = journal_on(engine).verify(head)
        assert found.holds
        assert found.head == head
        assert ModeBoard().rows(engine)[0][1] == head.position


def test_what_is_loaded_goes_on_where_it_ended(
    any_desk: Desk, make_empty: Callable[[], Engine], tmp_path: Path, clock: FixedClock
) -> None:
    flip(any_desk, "custody", 3)
    dump(any_desk.journal.engine, tmp_path / "dumped")
    load(tmp_path / "dumped", engine := make_empty())
    again = Desk(journal_on(engine), clock)
    flip(again, "custody", 2)
    assert again.journal.verify().rows == 5


def test_a_database_with_tables_in_it_is_never_written_over(any_desk: Desk, tmp_path: Path) -> None:
    flip(any_desk, "custody", 1)
    engine = any_desk.journal.engine
    dump(engine, tmp_path / "dumped")
    with pytest.raises(Refused, match="is not empty"):
        load(tmp_path / "dumped", engine)
    assert any_desk.journal.head().position == 1


@pytest.mark.real
def test_a_dump_that_is_none_is_said_to_be_none(postgres_server: str, tmp_path: Path) -> None:
    administer(postgres_server, "CREATE DATABASE for_nothing")
    engine = open_engine(postgres_server.replace("/postgres?", "/for_nothing?"))
    (tmp_path / "dumped").write_bytes(b"PGDMP nonsense")
    with pytest.raises(Unavailable, match="pg_restore"):
        load(tmp_path / "dumped", engine)
    engine.dispose()


@pytest.mark.real
def test_a_missing_pg_dump_is_named_with_its_remedy(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_engine(postgres_url)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="apt-get install postgresql-client"):
        dump(engine, tmp_path / "dumped")
    engine.dispose()
