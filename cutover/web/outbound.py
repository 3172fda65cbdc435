"""Where a request of ours may go, and the one way it goes there: looked up once, judged, and connected to what was judged.

A name may point anywhere, and elsewhere a moment later: so the address is judged that is then connected to. Addresses
of the link and of a cloud's metadata are never reached; those of this machine and of private networks only where
somebody said so. Redirects are not followed: they would lead past all this.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpcore

from cutover.core.errors import Refused, Unavailable
from cutover.core.reach import METADATA, plain

Resolve = Callable[[str, int], Iterable[str]]


class Forbidden(Refused):
    """An address to which nothing of ours goes."""


def lookup(host: str, port: int) -> list[str]:
    """The addresses of a name. Raises OSError for a name that nobody knows."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def judged(address: str, *, inside: bool) -> str:
    """'' for an address that may be reached, else why not. `inside`: this machine and private networks may be."""
    ip = plain(ipaddress.ip_address(address.partition("%")[0]))
    if any(ip in net for net in METADATA if net.version == ip.version):
        return f"{address} is of the link or of a cloud's metadata: nothing is ever sent there"
    if ip.is_multicast or ip.is_unspecified or (ip.is_reserved and not ip.is_loopback):
        return f"{address} is no address of a machine"
    if not inside and not ip.is_global:
        return f"{address} is of this machine or of a private network, which is not allowed here"
    return ""


def choose(host: str, port: int, *, inside: bool, resolve: Resolve = lookup) -> str:
    """The address to connect to. Raises Forbidden when the name has one that may not be reached, Unavailable for none."""
    try:
        found = list(resolve(host, port))
    except OSError as error:
        raise Unavailable(f"{host}: nobody knows this name") from error
    if not found:
        raise Unavailable(f"{host}: nobody knows this name")
    if wrong := [why for one in found if (why := judged(one, inside=inside))]:
        raise Forbidden(f"{host}: {wrong[0]}")
    return found[0]


class _Judged(httpcore.SyncBackend):
    """Connects to the address that was judged, under the name that was asked for."""

    def __init__(self, *, inside: bool, resolve: Resolve) -> None:
        self._inside, self._resolve = inside, resolve

    def connect_tcp(self, host: str, port: int, *more: Any, **named: Any) -> httpcore.NetworkStream:
        return super().connect_tcp(
            choose(host, port, inside=self._inside, resolve=self._resolve), port, *more, **named
        )

    def connect_unix_socket(self, *_more: Any, **_named: Any) -> httpcore.NetworkStream:
        raise Forbidden("a socket of this machine is no address of the network")


@dataclass(frozen=True, slots=True)
class Outbound:
    """Posts to where it may. `seconds` bounds each wait of one request; at most `most` bytes of an answer are read."""

    seconds: float = 10.0
    most: int = 65_536
    resolve: Resolve = lookup

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, inside: bool = False
    ) -> tuple[int, str]:
        """The status and the beginning of the answer. Raises Forbidden, or Unavailable when nobody answers."""
        backend = _Judged(inside=inside, resolve=self.resolve)
        wait = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), self.seconds)}
        try:
            with (
                httpcore.ConnectionPool(
                    ssl_context=ssl.create_default_context(), network_backend=backend
                ) as pool,
                pool.stream(
                    "POST", url, headers=list(headers.items()), content=body, extensions=wait
                ) as answer,
            ):
                return answer.status, self._beginning(answer.iter_stream())
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError) as error:
            raise Unavailable(f"{type(error).__name__}: {error}") from error

    def _beginning(self, parts: Iterable[bytes]) -> str:
        found = b""
        for part in parts:
            found += part
            if len(found) >= self.most:
                break
        return found[: self.most].decode("utf-8", "replace")
