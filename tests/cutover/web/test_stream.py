"""The live feed: what is appended is told, who is slow is dropped, and a stop ends every stream."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from starlette.types import Message

from cutover.core.errors import Unavailable
from cutover.domain.modes import Mode
from cutover.web.stream import EventStream, Feed, event
from tests.cutover.web.conftest import Serve
from tests.cutover.web.world import World


class Page:
    """An open page: keeps what it was sent, and leaves when told."""

    def __init__(self, enough: Callable[[str], bool] = lambda text: False) -> None:
        self.text = ""
        self.ended = False
        self.enough = enough
        self.left = asyncio.Event()

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.text += message.get("body", b"").decode()
        self.ended = self.ended or message.get("more_body") is False
        if self.enough(self.text):
            self.left.set()


async def listen(feed: Feed, page: Any, seen: int = 0) -> None:
    await asyncio.wait_for(EventStream(feed, seen)({}, page.receive, page.send), 5)


def quick(head: Callable[[], int], **more: float) -> Feed:
    return Feed(head, threading.Event(), **({"every": 0.005, "beat": 5.0, "patience": 0.02} | more))


def test_a_page_is_told_the_position_of_what_was_appended() -> None:
    positions = iter([3, 3, 3, 7])
    feed = quick(lambda: next(positions, 7))
    feed.position = 3
    page = Page(lambda text: "id: 7" in text)

    async def story() -> None:
        poller = asyncio.create_task(feed.run())
        await listen(feed, page, seen=3)
        feed.stop.set()
        await poller

    asyncio.run(story())
    assert page.text.endswith("id: 7\nevent: news\ndata: 7\n\n")
    assert "id: 3" not in page.text
    assert feed.listeners == 0


def test_a_page_that_missed_something_is_told_at_once() -> None:
    feed = quick(lambda: 9)
    feed.position = 9
    page = Page(lambda text: "id: 9" in text)
    asyncio.run(listen(feed, page, seen=4))
    assert page.text == "retry: 2000\n\nid: 9\nevent: news\ndata: 9\n\n"


def test_silence_is_broken_by_beats() -> None:
    page = Page(lambda text: text.count("event: beat") == 2)
    asyncio.run(listen(quick(lambda: 0, beat=0.005), page))
    assert page.text.count("event: beat\ndata: 0\n\n") == 2


def test_nobody_is_polled_for_while_nobody_listens() -> None:
    looks: list[int] = []
    feed = quick(lambda: looks.append(1) or 0)  # type: ignore[func-returns-value]

    async def story() -> None:
        poller = asyncio.create_task(feed.run())
        for _ in range(5):
            await asyncio.sleep(feed.every)
        feed.stop.set()
        await poller

    asyncio.run(story())
    assert looks == []


def test_a_database_that_does_not_answer_is_told_and_so_is_its_return() -> None:
    answers: Iterator[Exception | int] = iter([Unavailable("gone\naway"), Unavailable("gone\naway"), 2])

    def head() -> int:
        answer = next(answers, 2)
        if isinstance(answer, Exception):
            raise answer
        return answer

    feed = quick(head)
    page = Page(lambda text: "id: 2" in text)

    async def story() -> None:
        poller = asyncio.create_task(feed.run())
        await listen(feed, page)
        feed.stop.set()
        await poller

    asyncio.run(story())
    assert page.text.count("event: trouble\ndata: gone away\n\n") == 1


def test_a_stop_ends_the_stream_with_a_last_word() -> None:
    feed, page = quick(lambda: 0), Page()

    async def story() -> None:
        poller = asyncio.create_task(feed.run())
        open_ = asyncio.create_task(listen(feed, page))
        await asyncio.sleep(feed.every)
        feed.stop.set()
        await asyncio.gather(open_, poller)

    asyncio.run(story())
    assert page.text.endswith("event: stopped\ndata: the server was stopped\n\n")
    assert page.ended


def test_a_page_that_does_not_take_its_messages_is_dropped() -> None:
    class Stuck(Page):
        async def send(self, message: Message) -> None:
            if message["type"] == "http.response.body":
                await asyncio.Event().wait()

    feed = quick(lambda: 0)
    asyncio.run(listen(feed, Stuck()))
    assert feed.listeners == 0


def test_an_event_cannot_be_broken_by_its_text() -> None:
    assert event("news", "a\n\nevent: forged") == "event: news\ndata: a  event: forged\n\n"


@pytest.mark.real
def test_a_served_stream_tells_an_appended_fact_and_stops_in_time(world: World, serve: Serve) -> None:
    world.start()
    stop = threading.Event()
    address = serve(world.app(stop), stop)
    position = world.desk.journal.head().position
    with (
        httpx.Client(timeout=10) as client,
        client.stream("GET", f"{address}/stream?after={position}") as answer,
    ):
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert next(lines) == "retry: 2000"
        world.switch("records", Mode.PAPER, "asha", "frozen")
        assert next(line for line in lines if line.startswith("id:")) == f"id: {position + 1}"
        asked = time.monotonic()
        stop.set()
        rest = list(lines)
    assert "event: stopped" in rest
    assert time.monotonic() - asked < 3
    with contextlib.suppress(httpx.TransportError):
        httpx.get(f"{address}/healthz", timeout=1)
