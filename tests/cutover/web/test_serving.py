"""Serving: a taken port is told plainly, a free one is named, a stop ends it."""

from __future__ import annotations

import threading

import pytest

from cutover.core.errors import Unavailable
from cutover.web.serving import address, answer, listen
from tests.cutover.web.world import World


@pytest.mark.real
def test_a_taken_port_is_unavailable_and_says_what_to_do() -> None:
    with listen("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]
        with pytest.raises(Unavailable, match=f"cannot listen on 127.0.0.1:{port}.*choose another --port"):
            listen("127.0.0.1", port)


@pytest.mark.real
def test_it_says_that_it_lives_for_as_long_as_it_answers_and_a_stop_ends_it(world: World) -> None:
    stop = threading.Event()
    with listen("127.0.0.1", 0) as sock:
        assert address("127.0.0.1", sock, None) == f"http://127.0.0.1:{sock.getsockname()[1]}/"
        answer(world.app(stop), sock, stop, tick=stop.set)
    assert stop.is_set()
