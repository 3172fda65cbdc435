"""Several web processes on one socket: each is started again when it has died or hangs, and all of them end together.

One process computes in one thread at a time, so a second one is what a second core is for. They share nothing but the
socket and the database: whoever is free takes the next connection, and what one of them is told the others read.
"""

from __future__ import annotations

import multiprocessing
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import FrameType

import structlog

from cutover.core.errors import Invalid, Problem

MOST = 64
BEAT = 1.0  # seconds between two signs of life
HANGS = 30.0  # seconds without one after which a process that served is ended
LOOK = 0.2
PAUSE = 1.0  # seconds between two starts in one place: what cannot start must not use up the machine
END_WITHIN = 10.0
Work = Callable[[socket.socket, "Life"], int]  # what a process does until it ends; its exit code

log = structlog.get_logger()


def check_workers(count: int, as_person: str) -> None:
    """Raises Invalid for a number of processes that cannot be, and for several of one person's laptop."""
    if not 1 <= count <= MOST:
        raise Invalid(
            Problem(f"{count} web processes", field="--workers", expected=f"1 to {MOST}, one for each core")
        )
    if count > 1 and as_person:
        what = f"{count} web processes for {as_person} alone"
        raise Invalid(Problem(what, field="--workers", expected="1 beside --as, which is for one laptop"))


class Life:
    """What ties a process to whoever started it: it tells that it lives, and stops when it is to, or is left alone."""

    def __init__(self, line: Connection) -> None:
        self.stop = threading.Event()
        self._line, self._told = line, 0.0
        threading.Thread(target=self._orphaned, name="orphaned", daemon=True).start()

    def tick(self) -> None:
        """A sign of life, from the loop that answers: a process that only exists is none."""
        if (now := time.monotonic()) - self._told > BEAT:
            self._told = now
            with suppress(OSError):
                self._line.send_bytes(b"\0")

    def _orphaned(self) -> None:
        if (parent := multiprocessing.parent_process()) is not None:
            parent.join()
            self.stop.set()


class Place:
    """One of the processes: who it is now, since when, and when it last said that it lives."""

    def __init__(self, name: str, sock: socket.socket, work: Work) -> None:
        self.name, self._sock, self._work = name, sock, work
        self.start()

    def start(self) -> None:
        self._line, theirs = multiprocessing.Pipe(duplex=False)
        arguments = (self._work, self._sock, theirs)
        self.process = SpawnProcess(target=_begin, args=arguments, name=self.name)
        self.process.start()
        theirs.close()
        self.begun, self.beat, self.serves = time.monotonic(), 0.0, False

    def listen(self) -> None:
        with suppress(EOFError, OSError):
            while self._line.poll():
                self._line.recv_bytes()
                self.beat, self.serves = time.monotonic(), True

    def mend(self) -> None:
        """A new process for one that has died or hangs, but not many in one breath."""
        now = time.monotonic()
        hangs = self.serves and now - self.beat > HANGS
        if now - self.begun < PAUSE or (self.process.is_alive() and not hangs):
            return
        self.end(0)
        log.error(
            "web_process_hangs" if hangs else "web_process_died",
            process=self.name, code=self.process.exitcode, remedy="it is started again",
        )  # fmt: skip
        self.start()

    def end(self, patience: float) -> None:
        self.process.join(patience)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self._line.close()


class Crew:
    """All of them, tended until `stop`."""

    def __init__(self, count: int, sock: socket.socket, work: Work, stop: threading.Event) -> None:
        self.stop = stop
        self.places = [Place(f"web-{n + 1}", sock, work) for n in range(count)]

    def tend(self, ready: Callable[[], None]) -> int:
        """0 once stopped; the exit code of one that ended before any had served, because the next would too."""
        served = False
        while not self.stop.wait(LOOK):
            for place in self.places:
                place.listen()
            if not served:
                if code := next((p.process.exitcode for p in self.places if p.process.exitcode), 0):
                    return code
                if served := all(place.serves for place in self.places):
                    ready()
                continue
            for place in self.places:
                place.mend()
        return 0

    def end(self) -> None:
        """All at once: each tells its open streams, then ends."""
        for place in self.places:
            if place.process.is_alive():
                place.process.terminate()
        until = time.monotonic() + END_WITHIN
        for place in self.places:
            place.end(max(0.0, until - time.monotonic()))


def supervise(
    count: int, sock: socket.socket, work: Work, stop: threading.Event, ready: Callable[[], None]
) -> int:
    """Keep `count` processes at `work` until Ctrl-C, a signal or `stop`; `ready` is called once all of them serve."""
    with _told_to_stop(stop):
        crew = Crew(count, sock, work, stop)
        try:
            return crew.tend(ready)
        finally:
            crew.end()


@contextmanager
def _told_to_stop(stop: threading.Event) -> Iterator[None]:
    """Signals set `stop`, as they do in each of the processes: a terminal tells all of them at once."""

    def handle(number: int, frame: FrameType | None) -> None:
        del number, frame
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _begin(work: Work, sock: socket.socket, line: Connection) -> None:
    raise SystemExit(work(sock, Life(line)))
