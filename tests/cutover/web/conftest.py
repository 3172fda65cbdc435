"""The pages' world, and a server of ours on loopback."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from starlette.types import ASGIApp

from cutover.core.clock import FixedClock
from cutover.web.serving import Server, listen
from tests.conftest import MakeDesk
from tests.cutover.web.world import World, open_world

Serve = Callable[[ASGIApp, threading.Event], str]


@pytest.fixture
def world(make_desk: MakeDesk, clock: FixedClock) -> World:
    return open_world(make_desk, clock)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """`serve(app, stop)`: its address; the server ends with the test."""
    running: list[tuple[threading.Thread, threading.Event]] = []

    def start(app: ASGIApp, stop: threading.Event) -> str:
        sock = listen("127.0.0.1", 0)
        thread = threading.Thread(target=Server(app, stop).run, kwargs={"sockets": [sock]})
        thread.start()
        running.append((thread, stop))
        return f"http://127.0.0.1:{sock.getsockname()[1]}"

    yield start
    for thread, stop in running:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()
