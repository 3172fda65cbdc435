"""Serving: a taken port is told plainly, a free one is named, a stop ends it."""

from __future__ import annotations

import socket
import threading
from queue import Queue

import pytest

from cutover.core.errors import Unavailable
from cutover.web.serving import Impatient, listen, serve
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


@pytest.mark.real
def test_who_does_not_come_to_the_end_of_a_question_is_hung_up_on_and_the_others_are_answered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slow heads, heads without end, and one head that could be read as two questions."""
    monkeypatch.setattr(Impatient, "seconds", 0.5)
    stop, at, found = threading.Event(), Queue[int](), dict[str, bytes]()

    def ready(address: str) -> None:
        at.put(int(address.rstrip("/").rpartition(":")[2]))

    serving = threading.Thread(
        target=serve, args=(world.app(stop), stop), kwargs={"host": "127.0.0.1", "port": 0, "ready": ready}
    )
    serving.start()
    try:
        port = at.get(timeout=30)
        slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(50)]
        for one in slow:
            one.sendall(b"GET /sign-in HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        found["whole"] = said(port, b"GET /sign-in HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        found["huge"] = said(port, b"GET / HTTP/1.1\r\nHost: x\r\nX-Huge: " + b"a" * 70_000)
        found["two"] = said(port, SMUGGLED)
        for one in slow:
            one.settimeout(20)
            assert one.recv(100) == b""
            one.close()
    finally:
        stop.set()
        serving.join()
    assert found["whole"].startswith(b"HTTP/1.1 ")
    assert [found[name].split(b" ", 2)[1] for name in ("huge", "two")] == [b"400", b"400"]
    assert found["two"].count(b"HTTP/1.1") == 1


SMUGGLED = (
    b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nContent-Length: 42\r\n\r\n"
    b"0\r\n\r\nGET /board HTTP/1.1\r\nHost: x\r\n\r\n"
)


def said(port: int, question: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(question)
        heard = b""
        while part := line.recv(65_536):
            heard += part
        return heard
