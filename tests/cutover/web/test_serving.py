"""Serving: a taken port is told plainly, a free one is named, a stop ends it."""

from __future__ import annotations

import threading

import pytest

from cutover.core.errors import Unavailable
from cutover.web.serving import listen, serve
from tests.cutover.web.world import World


@pytest.mark.real
def test_a_taken_port_is_unavailable_and_says_what_to_do() -> None:
    with listen("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]
        with pytest.raises(Unavailable, match=f"cannot listen on 127.0.0.1:{port}.*choose another --port"):
            listen("127.0.0.1", port)


@pytest.mark.real
def test_the_address_is_told_as_soon_as_the_port_is_ours_and_a_stop_ends_serving(world: World) -> None:
    stop = threading.Event()
    told: list[str] = []

    def ready(address: str) -> None:
        told.append(address)
        stop.set()

    serve(world.app(stop), stop, host="127.0.0.1", port=0, ready=ready)
    assert told[0].startswith("http://127.0.0.1:")
