"""Each part goes on when another fails, and the dead man is fed only while alarms are judged."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cutover.core.errors import Unavailable
from cutover.store.clock_file import RealPace
from monitors.alertmanager import Pusher
from monitors.domain.telling import DeadMan, ToAlertmanager
from monitors.prober import Prober
from monitors.service import MonitorService
from monitors.watch import LOOK, Watch, pause_after
from tests.monitors.conftest import Target
from tests.monitors.test_local_probes import Secrets

pytestmark = pytest.mark.real
SOON = timedelta(milliseconds=20)


def watch(monitors: MonitorService, target: Target, tell: Callable[[], object], **more: Any) -> Watch:
    secrets = Secrets(out=target.url + "/alive")
    prober = Prober(monitors, [], dict, RealPace(), secrets=secrets)
    return Watch(prober, RealPace(), tell, lambda: None, dead_man=DeadMan(url="out", every=SOON), **more)


def run(watched: Watch, until: Callable[[], bool]) -> None:
    async def scene() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(watched.run(stop))
        while not until() and not running.done():  # noqa: ASYNC110  another part's news
            await asyncio.sleep(0.01)
        stop.set()
        await running

    asyncio.run(asyncio.wait_for(scene(), 20))


def test_the_dead_man_is_fed_while_alarms_are_judged(monitors: MonitorService, target: Target) -> None:
    run(watch(monitors, target, lambda: None), lambda: target.asked.count("GET /alive") >= 2)
    assert set(target.asked) == {"GET /alive"}


def test_the_dead_man_is_not_fed_when_they_are_not(monitors: MonitorService, target: Target) -> None:
    looks = []

    def broken() -> None:
        looks.append(1)
        raise Unavailable("the database does not answer")

    watched = watch(monitors, target, broken)
    run(watched, lambda: len(looks) >= 1 and watched.told_at is None and len(looks) > 0)
    assert target.asked == []


def test_an_alertmanager_that_is_away_stops_nobody_else(monitors: MonitorService, target: Target) -> None:
    away = ToAlertmanager(url="http://127.0.0.1:1", every=SOON)
    pusher = Pusher(monitors._engine, away, dict, "")
    watched = watch(monitors, target, lambda: None, pusher=pusher, push_every=SOON)
    run(watched, lambda: target.asked.count("GET /alive") >= 3)
    assert watched.told_at is not None


def test_a_channel_that_hangs_keeps_nobody_from_judging_alarms(
    monitors: MonitorService, target: Target
) -> None:
    """Judged again and again while one delivery does not come back; what was told last is delivered at the end."""
    gate, looks, rounds = threading.Event(), list[int](), list[int]()

    def slow() -> None:
        rounds.append(1)
        gate.wait(20)

    prober = Prober(monitors, [], dict, RealPace(), secrets=Secrets(out=target.url + "/alive"))
    watched = Watch(prober, RealPace(), lambda: looks.append(1), slow)

    async def scene() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(watched.run(stop))
        while len(looks) < 2:  # noqa: ASYNC110  another thread's news
            await asyncio.sleep(0.01)
        assert rounds == [1]
        gate.set()
        stop.set()
        await running

    asyncio.run(asyncio.wait_for(scene(), 20))
    assert len(rounds) == 2


@pytest.mark.parametrize(("took", "pause"), [(0.0, 2.0), (0.47, 4.23), (3.0, 8.0), (60.0, 8.0)])
def test_a_long_look_is_followed_by_a_rest_but_alarms_are_never_left_for_long(
    took: float, pause: float
) -> None:
    """0.47 s is what a look at 10,000 monitors takes; whoever went bad just after it is seen within ten seconds."""
    assert pause_after(took, LOOK) == pytest.approx(pause)
