"""How a request of ours goes out over HTTP: looked up once, judged, and connected to what was judged.

A name may point anywhere, and elsewhere a moment later: so the address is judged that is then connected to, at each
redirect again. Everything that asks an address of a file or a person has its client from here; what may be asked is
`cutover.core.reach`. No proxy of the environment is used: it would connect where we do not see.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpcore
import httpx

from cutover.core.errors import Invalid, Problem, Unavailable
from cutover.core.reach import Reach

Resolve = Callable[[str, int], Iterable[str]]
REDIRECTS = 5


class Forbidden(Invalid):
    """An address to which nothing of ours goes."""


def lookup(host: str, port: int) -> list[str]:
    """The addresses of a name. Raises OSError for a name that nobody knows."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def judged(host: str, addresses: Iterable[str], reach: Reach) -> list[str]:
    """The addresses to connect to, in turn. Raises Forbidden when the name has one that may not be asked."""
    found = list(addresses)
    if why := reach.why_not(host, found):
        raise Forbidden(Problem(why, field="url"))
    return found


@dataclass(frozen=True)
class _Judged(httpcore.SyncBackend):
    """Connects to an address that was judged, under the name that was asked for."""

    reach: Reach
    resolve: Resolve

    def connect_tcp(self, host: str, port: int, *more: Any, **named: Any) -> httpcore.NetworkStream:
        try:
            addresses = judged(host, self.resolve(host, port), self.reach)
        except OSError as error:
            raise httpcore.ConnectError(f"{host}: nobody knows this name") from error
        trouble: httpcore.NetworkError | httpcore.TimeoutException | None = None
        for at in addresses:
            try:
                return super().connect_tcp(at, port, *more, **named)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                trouble = error
        raise trouble or httpcore.ConnectError(f"{host}: nobody knows this name")

    def connect_unix_socket(self, *_more: Any, **_named: Any) -> httpcore.NetworkStream:
        raise Forbidden("a socket of this machine is no address of the network")


@dataclass(frozen=True)
class _JudgedAsync(httpcore.AnyIOBackend):
    """The same beside an event loop."""

    reach: Reach
    resolve: Resolve

    async def connect_tcp(
        self, host: str, port: int, *more: Any, **named: Any
    ) -> httpcore.AsyncNetworkStream:
        try:
            found = await asyncio.to_thread(self.resolve, host, port)
        except OSError as error:
            raise httpcore.ConnectError(f"{host}: nobody knows this name") from error
        trouble: httpcore.NetworkError | httpcore.TimeoutException | None = None
        for at in judged(host, found, self.reach):
            try:
                return await super().connect_tcp(at, port, *more, **named)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                trouble = error
        raise trouble or httpcore.ConnectError(f"{host}: nobody knows this name")

    async def connect_unix_socket(self, *_more: Any, **_named: Any) -> httpcore.AsyncNetworkStream:
        raise Forbidden("a socket of this machine is no address of the network")


@cache
def trusted() -> ssl.SSLContext:
    """Trusts the machine's authorities; made once, because it takes 40 ms of a core."""
    return ssl.create_default_context()


class _Transport(httpx.HTTPTransport):
    def __init__(self, reach: Reach, resolve: Resolve) -> None:
        super().__init__(verify=trusted())
        self._pool = httpcore.ConnectionPool(
            ssl_context=trusted(), max_connections=100, max_keepalive_connections=20, keepalive_expiry=5.0,
            network_backend=_Judged(reach, resolve),
        )  # fmt: skip


class _AsyncTransport(httpx.AsyncHTTPTransport):
    def __init__(self, reach: Reach, resolve: Resolve) -> None:
        super().__init__(verify=trusted())
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trusted(), max_connections=100, max_keepalive_connections=20, keepalive_expiry=5.0,
            network_backend=_JudgedAsync(reach, resolve),
        )  # fmt: skip


def client(reach: Reach, *, resolve: Resolve = lookup, **more: Any) -> httpx.Client:
    """A client of httpx that goes where `reach` lets it, and raises Forbidden elsewhere."""
    return httpx.Client(
        transport=_Transport(reach, resolve), trust_env=False, max_redirects=REDIRECTS, **more
    )


def async_client(reach: Reach, *, resolve: Resolve = lookup, **more: Any) -> httpx.AsyncClient:
    """The same beside an event loop."""
    return httpx.AsyncClient(
        transport=_AsyncTransport(reach, resolve), trust_env=False, max_redirects=REDIRECTS, **more
    )


@dataclass(frozen=True, slots=True)
class Outbound:
    """Posts to where it may. `seconds` bounds each wait of one request; at most `most` bytes of an answer are read."""

    seconds: float = 10.0
    most: int = 65_536
    allowed: tuple[str, ...] = ()
    resolve: Resolve = field(default=lookup)

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, inside: bool = False
    ) -> tuple[int, str]:
        """The status and the beginning of the answer. Raises Forbidden, or Unavailable when nobody answers."""
        reach = Reach(self.allowed, inside=inside)
        try:
            with (
                client(reach, resolve=self.resolve, timeout=self.seconds) as http,
                http.stream(
                    "POST", url, headers={"Accept-Encoding": "identity", **headers}, content=body
                ) as answer,
            ):
                return answer.status_code, self._beginning(answer.iter_raw())
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise Unavailable(f"{type(error).__name__}: {error}") from error

    def _beginning(self, parts: Iterable[bytes]) -> str:
        found = b""
        for part in parts:
            found += part
            if len(found) >= self.most:
                break
        return found[: self.most].decode("utf-8", "replace")
