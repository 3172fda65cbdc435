"""PostgreSQL tells who listens that another has written; a lost line is noticed, and SQLite tells nobody."""

from select import select

from sqlalchemy import Engine, text

from cutover.store.desk import Desk
from cutover.store.journal import Journal
from cutover.store.listening import Ear, listen
from cutover.store.watch import Watch, watching
from tests.cutover.store.desks import flip


def cut(engine: Engine) -> None:
    """End every session that listens, as a server that is stopped does."""
    with engine.connect() as connection:
        ended = connection.execute(
            text("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE query LIKE 'LISTEN %'")
        )
        assert list(ended.scalars()) == [True]


def ear_on(engine: Engine) -> Ear:
    ear = listen(engine)
    assert ear is not None
    return ear


def soon(watch: Watch, ear: Ear) -> bool | None:
    """What is heard before patience ends: the server tells in its own time, and what was known may come first."""
    while select([ear.line], [], [], 20)[0]:
        if (news := watch.hears(ear)) is not False:
            return news
    return False


def test_it_hears_what_another_wrote_and_not_what_is_known(any_desk):
    engine = any_desk.journal.engine
    if engine.dialect.name == "sqlite":
        assert listen(engine) is None
        return
    ear, other = (
        ear_on(engine),
        Desk(Journal(engine, any_desk.journal.catalogue, any_desk.clock), any_desk.clock),
    )
    with watching(any_desk.journal) as watch:
        any_desk.journal.listeners.append(watch.heard)
        flip(any_desk, "custody", 2)
        assert watch.hears(ear) is False
        flip(other, "records", 1)
        assert [soon(watch, ear), watch.hears(ear)] == [True, False]
        cut(engine)
        assert soon(watch, ear) is None
    ear.close()
