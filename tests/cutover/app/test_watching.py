"""One process watches a programme, tells whom it concerns, and is not woken by its own absence."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cutover.app.bootstrap import World, build_world
from cutover.app.settings import Settings
from cutover.app.watching import LEASE, Watching, check_alarm, deliver, look_at_plays, make_notifier, standing
from cutover.core.clock import SystemClock
from cutover.core.errors import Conflict, Unavailable
from cutover.store.engine import DatabaseAway
from cutover.store.leases import Fence, acquire, holding, release, this_process
from monitors.domain.check import Status, critical, ok
from runbooks.tenure import Tenure

PROGRAMME = """
title: Small
window: {opens: 2026-10-23T21:00Z, closes: 2026-10-23T22:00Z}
people: [{id: bo, name: Bo, roles: [hypercare]}]
components: [{id: exports, title: Exports}]
"""
MONITORS = """
checks:
  - {id: exports, kind: files, title: Exports come, owner: bo, folder: in, interval: 1s, retry_interval: 1s, max_attempts: 1}
  - {id: nightly, kind: heartbeat, title: The nightly export reports, owner: bo, every: 1d}
notify: {routes: [{to: [owner]}]}
"""

CONTINGENCY = """
triggers:
  - {id: no-exports, monitor: exports, metric: {figure: count, is: below, threshold: 1}, for: 0s, play: by-hand, decider: bo}
plays: [{id: by-hand, title: Exports by hand, component: exports, switch_to: paper}]
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    (tmp_path / "programme.yaml").write_text(PROGRAMME)
    (tmp_path / "monitors").mkdir()
    (tmp_path / "in").mkdir()
    (tmp_path / "monitors" / "all.yaml").write_text(MONITORS)
    (tmp_path / "contingency").mkdir()
    (tmp_path / "contingency" / "all.yaml").write_text(CONTINGENCY)
    world = build_world(tmp_path, settings=Settings())
    yield world
    world.engine.dispose()


def watch(world: World) -> None:
    """Until every check was heard."""

    async def scene() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(Watching(world, spread=False).run(stop))
        while not running.done() and not all(map(world.monitors.last, world.monitors.checks)):  # noqa: ASYNC110  another thread writes
            await asyncio.sleep(0.05)
        stop.set()
        await running

    asyncio.run(asyncio.wait_for(scene(), 30))


def test_a_watch_asks_judges_and_leaves_nothing_behind(world: World) -> None:
    watch(world)
    assert world.monitors.state("exports").detail == "the number of files is 0"
    assert (
        world.monitors.state("nightly").status is Status.CRITICAL
    )  # it never reported, and its deadline is over
    assert standing(world).watched == 2
    acquire(world.engine, LEASE, "somebody-else:1:1", SystemClock().now())  # the lease was given back


def test_a_watch_proposes_the_plays_whose_triggers_are_due_and_calls_the_decider(world: World) -> None:
    """The number that a monitor measures proposes the play; the decider hears of it by name, once."""
    watch(world)
    look_at_plays(world)
    look_at_plays(world)
    (play,) = world.contingency.plays()
    assert (play.play, play.stage, play.deciders) == ("by-hand", "proposed", ("bo",))
    deliver(world)
    called = [path.read_text() for path in (world.folder.state / "notices").glob("*proposed*")]
    assert [text.splitlines()[:2] for text in called] == [["To: bo", "Subject: Decide: Exports by hand"]]


def test_a_second_watch_is_turned_away_and_names_the_first(world: World) -> None:
    held: Fence = acquire(world.engine, LEASE, "elsewhere:1:1", SystemClock().now())
    assert held.epoch == 1
    with pytest.raises(Conflict, match="watch is being run by elsewhere"):
        watch(world)


def test_what_was_silent_before_the_watch_began_is_no_news_yet(world: World) -> None:
    now = world.clock.now()
    view = world.monitors.state("exports", now)
    span = timedelta(seconds=3)
    assert check_alarm(view, span, now, now).held == "the watch has only begun"
    assert check_alarm(view, span, now - 2 * span, now).held == ""
    assert check_alarm(replace(view, reason=None), span, now, now).held == ""


def test_an_alarm_is_a_notice_to_its_owner_and_its_end_another(world: World) -> None:
    notifier, now = make_notifier(world), world.clock.now()
    world.monitors.record("exports", critical("gone"), now)
    notifier.tell(now + timedelta(seconds=1))
    for second in (1, 2):
        world.monitors.record("exports", ok(), now + timedelta(seconds=second))
    notifier.tell(now + timedelta(seconds=3))
    assert deliver(world) == 2
    notices = sorted(path.read_text() for path in (world.folder.state / "notices").glob("*.txt"))
    assert [text.splitlines()[:2] for text in notices] == [
        ["To: bo", "Subject: FIRING high: Exports come"],
        ["To: bo", "Subject: RESOLVED high: Exports come"],
    ]
    assert deliver(world) == 0


def test_a_watch_whose_lease_was_taken_ends_as_a_failure_or_stands_by_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A supervisor must see that nobody watches any more: an end without a fault would be left alone."""
    monkeypatch.setattr("runbooks.tenure.RENEW", 0.0)
    elsewhere = "elsewhere:1:1"

    async def scene(*, standby: bool) -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(Watching(world, standby=standby, spread=False).run(stop))
        while holding(world.engine, LEASE) is None or holding(world.engine, LEASE).owner != this_process():  # type: ignore[union-attr]  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        fence = acquire(world.engine, LEASE, elsewhere, SystemClock().now() + timedelta(days=1))
        if standby:
            release(world.engine, fence, SystemClock().now())
            while holding(world.engine, LEASE).owner != this_process():  # type: ignore[union-attr]  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            stop.set()
        await running

    with pytest.raises(Unavailable, match="or with --standby; watch is being run by elsewhere"):
        asyncio.run(asyncio.wait_for(scene(standby=False), 30))
    release(world.engine, acquire(world.engine, LEASE, elsewhere, SystemClock().now()), SystemClock().now())
    asyncio.run(asyncio.wait_for(scene(standby=True), 30))


def test_a_watch_whose_lease_could_not_be_kept_in_time_goes_on_once_the_database_answers(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that stood still for half a minute is no reason for nobody to watch."""
    taken: list[Fence] = []
    real = Tenure.take

    def take(self: Tenure) -> Fence:
        if len(taken) == 1:
            taken.append(Fence(LEASE, 0))
            raise DatabaseAway("the database did not take the write")
        taken.append(real(self))
        return taken[-1]

    monkeypatch.setattr(Tenure, "take", take)
    monkeypatch.setattr(Tenure, "in_doubt", property(lambda _self: len(taken) == 1))
    monkeypatch.setattr("cutover.app.watching.LOOK", 0.01)

    async def scene() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(Watching(world, spread=False).run(stop))
        while len(taken) < 3 and not running.done():  # noqa: ASYNC110  held, in doubt, held again
            await asyncio.sleep(0.02)
        stop.set()
        await running

    asyncio.run(asyncio.wait_for(scene(), 30))
    assert [fence.epoch for fence in taken] == [1, 0, 2]


def test_who_stands_by_can_be_stopped(world: World) -> None:
    acquire(world.engine, LEASE, "elsewhere:1:1", SystemClock().now())

    async def scene() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(Watching(world, standby=True).run(stop))
        await asyncio.sleep(0)
        stop.set()
        await running

    asyncio.run(asyncio.wait_for(scene(), 5))
    assert holding(world.engine, LEASE).owner == "elsewhere:1:1"  # type: ignore[union-attr]
