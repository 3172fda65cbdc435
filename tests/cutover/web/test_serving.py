"""Serving: a taken port is told plainly, a free one is named, a stop ends it."""

from __future__ import annotations

import socket
import threading

import pytest

from cutover.core.errors import Unavailable
from cutover.web.serving import Impatient, address, answer, listen
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


@pytest.mark.real
def test_who_does_not_come_to_the_end_of_a_question_is_hung_up_on_and_the_others_are_answered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slow heads, heads without end or too long, in pieces or at once, and one head that could be read as two questions."""
    monkeypatch.setattr(Impatient, "seconds", 0.5)
    stop, found, sock = threading.Event(), dict[str, bytes](), listen("127.0.0.1", 0)
    serving = threading.Thread(target=answer, args=(world.app(stop), sock, stop))
    serving.start()
    try:
        port = sock.getsockname()[1]
        slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(50)]
        for one in slow:
            one.sendall(b"GET /sign-in HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        found["whole"] = said(port, PLAIN)
        found["huge"] = said(port, b"GET / HTTP/1.1\r\nHost: x\r\nX-Huge: " + b"a" * 70_000)
        found["long"] = said(
            port, b"GET /sign-in HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 70_000 + b"\r\n\r\n"
        )
        found["address"] = said(port, b"GET /sign-in?" + b"a" * 33_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        found["two"] = said(port, SMUGGLED)
        for one in slow:
            one.settimeout(20)
            assert one.recv(100) == b""
            one.close()
    finally:
        stop.set()
        serving.join()
        sock.close()
    assert found["whole"].startswith(b"HTTP/1.1 ")
    assert [found[name].split(b" ", 2)[1] for name in ("huge", "two")] == [b"400", b"400"]
    assert [found[name].split(b" ", 2)[1] for name in ("long", "address")] == [b"431", b"431"]
    assert found["two"].count(b"HTTP/1.1") == 1


PLAIN = b"GET /sign-in HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Cookies: " + b"a" * 30_000 + b"\r\n\r\n"
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
