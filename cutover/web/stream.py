"""The journal as a live feed: one poller a process says how far the journal has come, to every open page.

Server-sent events. `id` is the journal's position, so a page that was away is told at once that it missed
something. What is sent is only "there is news": a page reads the news itself, so a slow one can never be
fed half of it, and a thousand facts a second are one message. Beats are events and not comments, because a
page's watchdog cannot see comments.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from cutover.core.errors import Unavailable

EVERY = 0.3  # seconds of real time between two looks at the journal's head
BEAT = 10.0  # seconds of silence after which a beat says that the line still stands
PATIENCE = 5.0  # seconds that a client may take to accept one message before it is dropped
_RECONNECT = "retry: 2000\n\n"


class Feed:
    """Polls `head` while anybody listens, and ends every stream within one poll when `stop` is set."""

    def __init__(
        self,
        head: Callable[[], int],
        stop: threading.Event,
        *,
        every: float = EVERY,
        beat: float = BEAT,
        patience: float = PATIENCE,
    ) -> None:
        self.stop = stop
        self.every = every
        self.beat = beat
        self.patience = patience
        self.position = 0
        self.trouble = ""
        self.listeners = 0
        self._head = head
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Poll until stopped; one of these runs in each process."""
        while not self.stop.is_set():
            if self.listeners:
                await self._look()
            await asyncio.sleep(self.every)
        self._tell_all()

    async def endpoint(self, request: Request) -> Response:
        """GET /stream. `Last-Event-ID`, or `?after=` at the first connection, says what the page has seen."""
        seen = request.headers.get("last-event-id") or request.query_params.get("after", "")
        await self._look()
        return EventStream(self, int(seen) if seen.isdecimal() else self.position)

    async def news(self) -> bool:
        """Wait for something to tell; False when only a beat's time has passed."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), self.beat)
            return True
        return False

    async def _look(self) -> None:
        before = self.position, self.trouble
        try:
            self.position = await run_in_threadpool(self._head)
            self.trouble = ""
        except Unavailable as error:
            self.trouble = str(error)
        if before != (self.position, self.trouble):
            self._tell_all()

    def _tell_all(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


class EventStream(Response):
    """One open page's stream: until the page closes, the server stops, or the line is too slow."""

    media_type = "text/event-stream"

    def __init__(self, feed: Feed, seen: int) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self.feed = feed
        self.seen = seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        self.feed.listeners += 1
        tasks = [asyncio.create_task(self._tell(send)), asyncio.create_task(_gone(receive))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.feed.listeners -= 1
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _tell(self, send: Send) -> None:
        feed = self.feed
        text, trouble = _RECONNECT, ""
        with suppress(TimeoutError):  # too slow: dropped here, its browser comes back by itself
            while not feed.stop.is_set():
                if feed.trouble != trouble:
                    trouble = feed.trouble
                    text += event("trouble", trouble) if trouble else ""
                if not trouble and feed.position != self.seen:  # also back: another database was put in place
                    self.seen = feed.position
                    text += event("news", str(self.seen), self.seen)
                await self._send(send, text)
                text = "" if await feed.news() else event("beat", str(feed.position))
            await self._send(send, event("stopped", "the server was stopped"), last=True)

    async def _send(self, send: Send, text: str, *, last: bool = False) -> None:
        if text:
            async with asyncio.timeout(self.feed.patience):
                await send({"type": "http.response.body", "body": text.encode(), "more_body": not last})


def event(name: str, text: str, position: int | None = None) -> str:
    """One server-sent event; line breaks in `text` would end it early, so they become spaces."""
    head = f"id: {position}\n" if position is not None else ""
    return f"{head}event: {name}\ndata: {' '.join(text.splitlines())}\n\n"


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
