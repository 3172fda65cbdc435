"""What all probes share: TLS contexts built once, secrets by name, and a connection with its time taken by phases.

Building a TLS context takes 40 ms of a core: done once per probe it starves the loop and fakes timeouts. A probe has a
connection of its own, because a kept one says nothing of whether a new one could be made.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import ssl
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from cutover.core.errors import Invalid, Problem
from cutover.core.reach import Reach
from monitors.beside import Beside

BUFFER = 65_536


class SecretKeeper(Protocol):
    """Gives secrets by name, and masks in any text what it has given."""

    def __call__(self, name: str, /) -> str: ...

    def remember(self, value: str, /) -> None: ...

    def mask(self, text: str, /) -> str: ...


class NoSecrets:
    """Where nobody keeps any."""

    def __call__(self, name: str, /) -> str:
        raise Invalid(Problem(f"there is no secret '{name}' here"))

    def remember(self, value: str, /) -> None:
        """Nothing is masked."""

    def mask(self, text: str, /) -> str:
        return text


@dataclass
class Session:
    """Opened once by whoever probes. `home` is the folder that relative paths are in."""

    secrets: SecretKeeper = field(default_factory=NoSecrets)
    home: Path = Path()
    beside: Beside = field(default_factory=Beside)  # what blocks is asked there
    reachable: Sequence[str] = ()  # what is asked although nothing is asked there else
    _contexts: dict[str, ssl.SSLContext] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        await self.tls()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._contexts.clear()

    async def tls(self, ca: str = "") -> ssl.SSLContext:
        """The context that trusts `ca`, or the system's authorities. Raises OSError for a file that is none."""
        if ca not in self._contexts:
            file = str(self.home / ca) if ca else None
            self._contexts[ca] = await asyncio.to_thread(ssl.create_default_context, cafile=file)
        return self._contexts[ca]

    def path(self, name: str) -> Path:
        return self.home / name


def open_session(
    secrets: SecretKeeper | None = None,
    home: Path = Path(),
    reachable: Sequence[str] = (),
) -> Session:
    """What a prober opens once; nothing is asked yet."""
    return Session(secrets or NoSecrets(), home, reachable=reachable)


class Stopwatch:
    """How long each phase took, in seconds of real time."""

    def __init__(self) -> None:
        self.phases: dict[str, float] = {}
        self._began = self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.phases[name] = self.phases.get(name, 0.0) + now - self._last
        self._last = now

    @property
    def total(self) -> float:
        return time.perf_counter() - self._began


@asynccontextmanager
async def connected(
    host: str, port: int, watch: Stopwatch, reachable: Sequence[str] = ()
) -> AsyncIterator[tuple[StreamReader, StreamWriter]]:
    """A new connection, dropped at the end. Raises OSError when no address of the host takes it, or may be asked.

    Connected to what was looked at: a name that means another address a moment later plays no part.
    """
    addresses = await permitted(host, port, reachable)
    watch.lap("dns")
    reader, writer = await _first(addresses, port)
    watch.lap("connect")
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def permitted(host: str, port: int, reachable: Sequence[str]) -> list[str]:
    """The addresses of a host to connect to, in turn. Raises OSError for one that may not be asked, or has none."""
    addresses = await addresses_of(host, port)
    if barred := Reach(tuple(reachable)).why_not(host, addresses):
        raise OSError(barred)
    if not addresses:
        raise OSError(f"{host} has no address")
    return addresses


async def addresses_of(host: str, port: int) -> list[str]:
    """The addresses of a host; one that is an address already is not looked up."""
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(one[4][0]) for one in found))


async def encrypt(
    writer: StreamWriter, context: ssl.SSLContext, name: str, watch: Stopwatch
) -> datetime | None:
    """Shake hands; until when the certificate is good. Raises ssl.SSLError, which names what is wrong with it."""
    await writer.start_tls(context, server_hostname=name)
    watch.lap("tls")
    certificate = writer.get_extra_info("peercert") or {}
    ends = certificate.get("notAfter")
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if ends else None


def trouble(error: BaseException) -> str:
    """What went wrong on the way, in a few words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not good: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"no TLS: {error.reason or error}"
    if isinstance(error, socket.gaierror):
        return f"the name is not known: {error.strerror}"
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno).lower()  # asyncio's own words name the call and not the reason
    return str(error) or type(error).__name__


async def _first(addresses: list[str], port: int) -> tuple[StreamReader, StreamWriter]:
    error: OSError | None = None
    for address in addresses:
        try:
            return await asyncio.open_connection(address, port, limit=BUFFER)
        except OSError as refused:
            error = refused
    raise error or OSError("no address")
