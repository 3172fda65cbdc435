"""What all see alike is rendered once, reaches nobody in another's name, and is sent only when it has changed."""

from __future__ import annotations

import asyncio
import gzip
import re
import threading
from datetime import timedelta

import pytest

from cutover.domain.modes import Mode
from cutover.web.recent import Recent
from cutover.web.shared import packed, wanted_of
from cutover.web.sign_in import SESSION_COOKIE
from cutover.web.visitor import KnownBy, Visitor
from runbooks.board_cards import run_chart
from tests.crowd import Crowd, Viewer
from tests.cutover.web.browser import Browser
from tests.cutover.web.conftest import Serve
from tests.cutover.web.world import World

VIEWERS, CHANGES = 20, 6


def test_what_all_get_and_what_is_ones_own_are_one_gzip_file() -> None:
    shared = packed("for all: Łódź. ".encode() * 500)
    assert gzip.decompress(shared.with_own(b"for Asha")) == "for all: Łódź. ".encode() * 500 + b"for Asha"
    assert gzip.decompress(shared.with_own(b"")) == "for all: Łódź. ".encode() * 500


def test_a_page_names_the_marks_that_it_holds() -> None:
    assert wanted_of("head:1a2b,board") == (("head", "1a2b"), ("board", ""))


def test_a_region_is_sent_again_only_when_it_has_changed(world: World) -> None:
    world.start()
    browser = Browser(world.app())
    position = world.desk.journal.head().position
    first = browser.get("/board", fragment="head,board", news=str(position)).text
    held = ",".join(
        f"{name}:{mark}" for name, mark in re.findall(r'data-live="(\w+)" data-mark="(\w+)"', first)
    )
    assert browser.get("/board", fragment=held, news=str(position)).text == ""
    world.switch("records", Mode.PAPER, "asha", "frozen")
    again = browser.get("/board", fragment=held, news=str(position + 1)).text
    assert re.findall(r'data-live="(\w+)"', again) == ["board"]
    assert "frozen" in again


def test_however_many_look_the_board_is_made_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr("runbooks.web.run_chart", lambda *args: made.append("") or run_chart(*args))  # type: ignore[func-returns-value]
    world.start()
    browser = Browser(world.app())
    for _ in range(5):
        browser.get("/board")
    assert len(made) == 1


def test_what_is_shared_carries_nobody_s_name_or_token(world: World) -> None:
    world.start()
    app = world.guarded()
    asha, bo = world.enter(app, "asha"), world.enter(app, "bo")
    for one, other in ((asha, bo), (bo, asha)):
        text = one.get("/board").text
        assert one.token in text
        assert other.token not in text
    position = str(world.desk.journal.head().position)
    mine = {one: one.get("/board", fragment="head,mine,board", news=position).text for one in (asha, bo)}
    assert "Yours, Asha" in mine[asha]
    assert "Yours, Bo" in mine[bo]
    assert asha.token not in mine[bo]


def test_who_signs_out_is_looked_up_anew() -> None:
    seconds = [0.0]
    recent, asha = Recent(lambda: seconds[0]), Visitor("asha", "Asha", known_by=KnownBy.ACCOUNT)
    recent.note(("token", ""), asha)
    assert recent.of(("token", "")) is asha
    assert recent.of(("other", "")) is None
    recent.forget("token")
    assert recent.of(("token", "")) is None
    recent.note(("token", ""), asha)
    seconds[0] = 31.0
    assert recent.of(("token", "")) is None


@pytest.mark.real
def test_every_viewer_gets_every_change_and_a_lost_stream_loses_nothing(world: World, serve: Serve) -> None:
    world.start()
    stop = threading.Event()
    app = world.guarded(stop=stop)
    cookies = [f"{SESSION_COOKIE}={world.sign_in.accounts.sessions.open('asha', world.wall.now())}", ""]
    link = world.sign_in.links.public(timedelta(days=1)).rpartition("/")[2]
    world.account("asha")
    cookies[1] = f"cutover_reader={link}"
    port = int(serve(app, stop).rpartition(":")[2])
    crowd = Crowd(port, "/board")
    viewers = [
        Viewer(crowd, cookies[n % 2], ("head", "mine", "board") if n % 2 == 0 else ("head", "board"))
        for n in range(VIEWERS)
    ]

    def change(n: int) -> int:
        world.switch("records", (Mode.PAPER, Mode.READ_ONLY)[n % 2], "asha", f"change {n}")
        return world.desk.journal.head().position

    asyncio.run(asyncio.wait_for(_story(viewers, change, stop), 60))
    assert [viewer.faults for viewer in viewers if viewer.faults] == []


async def _story(viewers: list[Viewer], change: object, stop: threading.Event) -> None:
    """Every change is on every page before the next is made; a third lose their stream and come back after the last."""
    assert callable(change)
    await asyncio.gather(*(viewer.open() for viewer in viewers))
    streams = [asyncio.create_task(viewer.watch()) for viewer in viewers]
    for n in range(CHANGES):
        away = viewers[::3] if n == CHANGES - 1 else []
        for viewer in away:
            viewer.told.close()
        position = change(n)
        there = [viewer for viewer in viewers if viewer not in away]
        await asyncio.gather(*(viewer.shows(position) for viewer in there))
        streams += [asyncio.create_task(viewer.watch()) for viewer in away]
        await asyncio.gather(*(viewer.shows(position) for viewer in away))
    stop.set()
    await asyncio.gather(*streams)
    for viewer in viewers:
        viewer.close()
