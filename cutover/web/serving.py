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
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from cutover.core.errors import Invalid, Problem, Unavailable
from cutover.web.certificates import Served

GRACE_SECONDS = 2
HEAD_SECONDS = 20.0  # in which a request says what it asks
MOST_HEAD = 32_768  # bytes of its line and headers
BESIDE = len(": \r\n")  # bytes of a header beside its name and value
TOO_LONG = f"The line and the headers of a request may be {MOST_HEAD:,} bytes long.\n"
# Seconds that a thread computes before another gets its turn. Answering a crowd means giving up the turn at every
# message; at Python's own 5 ms each of them would then wait that long for whoever looks ahead in the background.
TURN = 0.0005
HIGHEST_PORT = 65535
WAITING = 2048  # connections that wait for somebody to take them
PROXIES = "127.0.0.1,::1"


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


def heads_bounded(app: ASGIApp) -> ASGIApp:
    """Turns away what asks with a longer head than `MOST_HEAD`.

    The server under it bounds only a head that comes in pieces: one that comes at once it has read before it counts.
    """

    async def bounded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and head_of(scope) > MOST_HEAD:
            await PlainTextResponse(TOO_LONG, 431, {"Connection": "close"})(scope, receive, send)
        else:
            await app(scope, receive, send)

    return bounded


def head_of(scope: Scope) -> int:
    """The bytes of a request's line and headers."""
    line = len(scope["method"]) + len(scope["raw_path"]) + len(scope["query_string"])
    return line + sum(len(name) + len(value) + BESIDE for name, value in scope["headers"])


class Server(uvicorn.Server):
    """Ends when `stop` is set, from a signal or from anywhere else. Open streams see the same stop."""

    def __init__(
        self,
        app: ASGIApp,
        stop: threading.Event,
        tls: Served | None = None,
        tick: Callable[[], object] = bool,
        proxies: str = PROXIES,
    ) -> None:
        config = uvicorn.Config(
            heads_bounded(app),
            log_level="warning",
            access_log=False,
            server_header=False,
            ws="none",
            http=Impatient,
            h11_max_incomplete_event_size=MOST_HEAD,
            lifespan="on",
            forwarded_allow_ips=proxies,
            backlog=1,  # so many are taken at a time: of several processes at one socket each has its turn
            timeout_graceful_shutdown=GRACE_SECONDS,
            ssl_certfile=tls.certificate if tls else None,
            ssl_keyfile=tls.key if tls else None,
        )
        super().__init__(config)
        self.stop, self._tick = stop, tick

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for sock in sockets or ():
            sock.listen(WAITING)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.stop.set()  # before the server waits for its streams: they would hold it
        super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        self._tick()
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


def address(host: str, sock: socket.socket, tls: Served | None) -> str:
    """Where a browser finds us."""
    return f"{'https' if tls else 'http'}://{host}:{sock.getsockname()[1]}/"


def answer(
    app: ASGIApp,
    sock: socket.socket,
    stop: threading.Event,
    tls: Served | None = None,
    *,
    tick: Callable[[], object] = bool,
    proxies: str = PROXIES,
) -> None:
    """Answer what comes in by a socket that listens already; `tick` is called as long as the loop goes round.

    Whom a request is from, and whether over HTTPS, is believed of `proxies` only.
    """
    sys.setswitchinterval(TURN)
    with suppress(KeyboardInterrupt):  # Ctrl-C is how serving ends
        Server(app, stop, tls, tick, proxies).run(sockets=[sock])
