"""Who waits is woken by what another process writes: told by PostgreSQL, and looked after while it cannot tell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import text

from cutover.store.clock_file import RealPace
from cutover.store.desk import Desk
from cutover.store.engine import open_engine
from cutover.store.journal import Journal
from runbooks.news import News
from tests.conftest import MakeDesk
from tests.cutover.store.desks import ALL, flip

NEVER, SOON, PATIENCE = 3_600.0, 0.02, 30.0


async def woken(news: News, desk: Desk, write: Callable[[], object]) -> bool:
    """Whether a write of another process wakes who waits, long before anybody's patience ends."""
    news.forget()
    wait = asyncio.create_task(news.wait(RealPace(desk.clock), None, PATIENCE))
    await asyncio.to_thread(write)
    done, _ = await asyncio.wait({wait}, timeout=PATIENCE / 2)
    wait.cancel()
    return bool(done)


@pytest.mark.real
def test_postgresql_wakes_who_waits_and_looks_go_on_when_its_line_is_lost(
    postgres_url: str, make_desk: MakeDesk
) -> None:
    engine = open_engine(postgres_url)
    desk = make_desk(ALL, on=engine)
    other = Desk(Journal(desk.journal.engine, desk.journal.catalogue, desk.clock), desk.clock)

    def cut() -> None:
        with desk.journal.engine.connect() as connection:
            ended = text(
                "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE query LIKE 'LISTEN %'"
            )
            assert connection.execute(ended).scalar() == 1

    async def waited() -> list[bool]:
        news = News(NEVER)
        with news.heard_from(desk.journal):
            await news.wait(
                RealPace(desk.clock), None, PATIENCE
            )  # the first time it looks at what was there before
            told = await woken(news, desk, lambda: flip(other, "custody", 1))
            news.look = SOON
            cut()
            await news.wait(RealPace(desk.clock), None, PATIENCE)  # and whatever was written meanwhile
            looked = await woken(news, desk, lambda: flip(other, "custody", 2))
        return [told, looked]

    assert asyncio.run(waited()) == [True, True]
    engine.dispose()
