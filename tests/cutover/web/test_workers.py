"""Several processes at one socket: one that dies is started again, all end together, none that cannot start is tried for ever."""

from __future__ import annotations

import os
import signal
import socket
import threading

import pytest

from cutover.core.errors import Invalid
from cutover.web.serving import listen
from cutover.web.workers import Crew, Life, check_workers, supervise
from tests.servers import until

pytestmark = pytest.mark.timeout(120)
PATIENCE = 60.0


def answers(sock: socket.socket, life: Life) -> int:
    """Says who it is to whoever connects, until it is told to stop."""
    signal.signal(signal.SIGTERM, lambda *_: life.stop.set())
    sock.settimeout(0.1)
    while not life.stop.is_set():
        life.tick()
        try:
            line, _ = sock.accept()
        except TimeoutError:
            continue
        with line:
            line.sendall(str(os.getpid()).encode())
    return 0


def cannot_start(sock: socket.socket, life: Life) -> int:
    del sock, life
    return 3


def asked(port: int) -> int:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
        return int(line.recv(20))


@pytest.mark.real
def test_one_that_dies_is_started_again_and_the_stop_ends_all() -> None:
    stop, ready = threading.Event(), threading.Event()
    with listen("127.0.0.1", 0) as sock:
        crew = Crew(2, sock, answers, stop)
        tending = threading.Thread(target=crew.tend, args=(ready.set,))
        tending.start()
        try:
            assert ready.wait(PATIENCE)
            before = {place.process.pid for place in crew.places}
            dead = crew.places[0].process.pid
            assert dead
            os.kill(dead, signal.SIGKILL)
            until(lambda: crew.places[0].process.pid != dead and crew.places[0].serves)
            now = {place.process.pid for place in crew.places}
            assert len(now & before) == 1
            assert asked(sock.getsockname()[1]) in now
        finally:
            stop.set()
            tending.join()
            crew.end()
        assert [place.process.exitcode for place in crew.places] == [0, 0]


@pytest.mark.real
def test_what_cannot_start_ends_with_its_own_exit_code_before_anybody_is_told_an_address() -> None:
    told: list[str] = []
    with listen("127.0.0.1", 0) as sock:
        code = supervise(2, sock, cannot_start, threading.Event(), lambda: told.append("ready"))
    assert (code, told) == (3, [])


@pytest.mark.parametrize(("count", "person", "says"), [(0, "", "1 to 64"), (65, "", "1 to 64"), (2, "asha", "one laptop")])  # fmt: skip
def test_a_senseless_number_is_refused_with_what_is_meant(count: int, person: str, says: str) -> None:
    with pytest.raises(Invalid, match=f"--workers.*{says}"):
        check_workers(count, person)
