"""Serve an application until told to stop: one stop for the server and for its open streams."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from cutover.core.errors import Invalid, Problem, Unavailable
from cutover.web.certificates import Served

GRACE_SECONDS = 2
HEAD_SECONDS = 20.0  # in which a request says what it asks
MOST_HEAD = 32_768  # bytes of its line and headers
# Seconds that a thread computes before another gets its turn. Answering a crowd means giving up the turn at every
# message; at Python's own 5 ms each of them would then wait that long for whoever looks ahead in the background.
TURN = 0.0005
HIGHEST_PORT = 65535


class Impatient(H11Protocol):
    """Closes a connection that does not come to the end of what it asks: a thousand of them would keep everybody out."""

    seconds = HEAD_SECONDS
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._done()
        super().connection_lost(exc)

    def _wait(self) -> None:
        """From the first byte, or none, to the end of the head; what follows is the application's to bound."""
        if self.conn.their_state is not h11.IDLE:
            self._done()
        elif self._late is None:
            self._late = self.loop.call_later(self.seconds, self._give_up)

    def _give_up(self) -> None:
        if self.conn.their_state is h11.IDLE:
            self.transport.close()

    def _done(self) -> None:
        if self._late is not None:
            self._late.cancel()
        self._late = None


class Server(uvicorn.Server):
    """Ends when `stop` is set, from a signal or from anywhere else. Open streams see the same stop."""

    def __init__(self, app: ASGIApp, stop: threading.Event, tls: Served | None = None) -> None:
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            ws="none",
            http=Impatient,
            h11_max_incomplete_event_size=MOST_HEAD,
            lifespan="on",
            timeout_graceful_shutdown=GRACE_SECONDS,
            ssl_certfile=tls.certificate if tls else None,
            ssl_keyfile=tls.key if tls else None,
        )
        super().__init__(config)
        self.stop = stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.stop.set()  # before the server waits for its streams: they would hold it
        super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        return self.stop.is_set() or await super().on_tick(counter)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises Unavailable when the port is taken, Invalid for none."""
    if not 0 <= port <= HIGHEST_PORT:
        raise Invalid(Problem(f"{port} is not a port", field="--port", expected=f"0 to {HIGHEST_PORT}"))
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise Unavailable(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another --port"
        ) from error


def serve(
    app: ASGIApp,
    stop: threading.Event,
    *,
    host: str,
    port: int,
    ready: Callable[[str], None],
    tls: Served | None = None,
) -> None:
    """Serve until Ctrl-C or `stop`; `ready` is told the address as soon as the port is ours. With `tls`, over HTTPS."""
    sys.setswitchinterval(TURN)
    with listen(host, port) as sock, suppress(KeyboardInterrupt):  # Ctrl-C is how serving ends
        ready(f"{'https' if tls else 'http'}://{host}:{sock.getsockname()[1]}/")
        Server(app, stop, tls).run(sockets=[sock])
