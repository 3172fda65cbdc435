"""The journal as a page: every fact in order, found by stream and by position."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cutover.core.errors import Invalid
from cutover.core.event import Event
from cutover.web.journal import FACTS, JournalPage, journal_page, summary
from monitors.domain.check import critical, ok
from tests.cutover.web.browser import Browser
from tests.cutover.web.world import World


def show(world: World, **query: str) -> JournalPage:
    page = journal_page(world.desk.journal, "Europe/London").build(query)
    assert isinstance(page, JournalPage)
    return page


def test_facts_stand_in_order_with_local_time_and_actor(world: World) -> None:
    world.start()
    lines = show(world).lines
    assert [line.position for line in lines] == list(range(1, len(lines) + 1))
    assert (lines[0].kind, lines[0].actor, lines[0].at) == (
        "RunStarted",
        "manager",
        "Fri 23 Oct 22:00:00 BST",
    )
    assert all(line.learnt == "" for line in lines)


def test_a_stream_shows_only_its_own_facts(world: World) -> None:
    world.start()
    world.load()
    assert {line.stream for line in show(world, stream="component:records").lines} == {"component:records"}


def test_a_fact_learnt_later_says_so(world: World) -> None:
    world.monitors.record("control", ok(), world.clock.now() - timedelta(hours=1))
    (line,) = show(world).lines
    assert (line.at, line.learnt) == ("Fri 23 Oct 21:00:00 BST", "Fri 23 Oct 22:00:00 BST")


def test_a_long_journal_is_turned_page_by_page_without_losing_a_fact(world: World) -> None:
    for i in range(FACTS + 10):
        world.monitors.record("control", (ok(), critical("down"))[i % 2], world.after(minutes=1))
    newest = show(world)
    first = show(world, after="0")
    assert newest.newer == first.older == ""
    assert first.newer == str(FACTS)
    rest = show(world, after=first.newer)
    seen = [line.position for page in (first, rest) for line in page.lines]
    assert seen[:FACTS] == list(range(1, FACTS + 1))
    assert newest.lines[-1].position == world.desk.journal.head().position
    older = [line.position for line in show(world, after=newest.older).lines]
    assert older[-1] + 1 >= newest.lines[0].position


def test_a_position_that_is_none_is_invalid(world: World) -> None:
    with pytest.raises(Invalid, match="'x' is not a position"):
        show(world, after="x")


def test_every_fact_has_an_address_of_its_own(world: World) -> None:
    world.start()
    text = Browser(world.app()).get("/journal").text
    assert '<tr id="p2">' in text
    assert ">ForecastMoved</td>" in text


class Told(Event):
    """A fact with every kind of value."""

    at_last: datetime
    took: timedelta
    chance: float
    names: tuple[str, ...]
    counts: dict[str, int]
    many: tuple[int, ...]
    text: str
    nothing: str = ""
    missing: str | None = None


def test_a_summary_spells_times_in_the_zone_and_counts_what_is_long() -> None:
    told = Told(
        at_last=datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        took=timedelta(minutes=90),
        chance=0.123456,
        names=("bo", "chen"),
        counts={"missing": 604},
        many=tuple(range(100)),
        text="x" * 200,
    )
    assert summary(told, "Europe/London") == (
        "at last: Sun 25 Oct 01:30 BST · took: 1h 30m · chance: 0.1235 · names: bo, chen · counts: missing 604"
        f" · many: (100 entries) · text: {'x' * 89}…"
    )
