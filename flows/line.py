"""Does anybody listen at the Prefect server's address: asked before each step, so it must cost next to nothing.

A connection is kept over which nothing is said. That it has ended is seen at once, without waiting and without a
word to the server; a machine that vanished without one is found by connecting anew every few seconds.
"""

from __future__ import annotations

import asyncio
import socket
import time
from urllib.parse import urlsplit

from prefect.settings import PREFECT_API_URL

RENEW = 5.0  # seconds after which a line is made anew
WITHIN = 2.0  # seconds for the server to take it


class Line:
    """A connection to the server that is named when it is asked for. Where none is named there is nobody to ask."""

    def __init__(self) -> None:
        self._held: socket.socket | None = None
        self._since = 0.0

    async def is_up(self) -> bool:
        """Whether somebody listens."""
        address = urlsplit(PREFECT_API_URL.value() or "")
        if address.hostname is None:
            return True
        if self._held is not None and time.monotonic() - self._since < RENEW and _is_open(self._held):
            return True
        self.hang_up()
        port = address.port or (443 if address.scheme == "https" else 80)
        try:
            self._held = await asyncio.wait_for(_connected(address.hostname, port), WITHIN)
        except (OSError, TimeoutError):
            return False
        self._since = time.monotonic()
        return True

    def hang_up(self) -> None:
        """Let go of the connection; the next question makes another."""
        if self._held is not None:
            self._held.close()
        self._held = None


async def _connected(host: str, port: int) -> socket.socket:
    """A connection to the first of the host's addresses that answers. Raises OSError."""
    loop = asyncio.get_running_loop()
    failed: OSError | None = None
    for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        one = socket.socket(family, kind, protocol)
        try:
            one.setblocking(False)
            await loop.sock_connect(one, address)
        except OSError as error:
            one.close()
            failed = error
        except BaseException:
            one.close()
            raise
        else:
            return one
    raise failed or OSError(f"{host} has no address")


def _is_open(held: socket.socket) -> bool:
    """The other end has neither hung up nor gone."""
    try:
        return bool(held.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return True  # nothing to read: nobody has hung up
    except OSError:
        return False


async def server_answers() -> bool:
    """The same, asked once."""
    line = Line()
    try:
        return await line.is_up()
    finally:
        line.hang_up()
