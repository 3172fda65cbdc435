"""How an HTTP question travels: one new connection, a bounded answer, redirects counted, the time taken by phases."""

from __future__ import annotations

import json
from asyncio import StreamReader, StreamWriter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import SplitResult, quote, urlencode, urljoin, urlsplit

import h11

from monitors.domain.check import Answer, Request
from monitors.session import BUFFER, Session, Stopwatch, connected, encrypt

LARGEST_ANSWER = 1_048_576  # bytes; nobody says that he is well in more
AGENT = "cutover-monitor"
_MOVED = frozenset({301, 302, 303, 307, 308})
_PORTS = {"http": 80, "https": 443}


class BrokenAnswerError(Exception):
    """What came back cannot be read, and why."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How to ask besides what is asked: headers (secret ones too), whom to trust, how many redirects to follow."""

    headers: Mapping[str, str] = field(default_factory=dict)
    ca: str = ""
    redirects: int = 0


PLAIN = Manner()


@dataclass(slots=True)
class _Received:
    status: int
    location: str
    body: bytes
    certificate_ends: datetime | None


async def exchange(session: Session, base: str, request: Request, manner: Manner = PLAIN) -> Answer:
    """Put one question. Raises OSError, BrokenAnswerError, or ValueError for an address that is none."""
    watch = Stopwatch()
    url, seen = address(base, request), list[str]()
    while True:
        got = await _once(session, url, request, manner, watch)
        then = urlsplit(urljoin(url.geturl(), got.location)) if got.location else url
        if not manner.redirects or got.status not in _MOVED or then.hostname != url.hostname:
            return Answer(got.status, got.body, watch.total, watch.phases, got.certificate_ends)
        seen.append(url.geturl())
        if then.geturl() in seen:
            raise BrokenAnswerError(f"redirects go round in a circle at {then.path or '/'}")
        if len(seen) > manner.redirects:
            raise BrokenAnswerError(f"more than {manner.redirects} redirects, the last to {then.path or '/'}")
        url = _checked(then)


def address(base: str, request: Request) -> SplitResult:
    """Where to ask. Raises ValueError for an address that is none."""
    url = urlsplit(base.rstrip("/") + request.path if request.path else base)
    query = urlencode({name: _plain(value) for name, value in request.query.items()})
    return _checked(url._replace(query="&".join(filter(None, (url.query, query))), fragment=""))


def _checked(url: SplitResult) -> SplitResult:
    if url.scheme not in _PORTS or not url.hostname:
        raise ValueError(f"'{url.geturl()}' is no http or https address")
    _ = url.port  # raises ValueError for one that does not exist
    return url


async def _once(
    session: Session, url: SplitResult, request: Request, manner: Manner, watch: Stopwatch
) -> _Received:
    host, port = url.hostname or "", url.port or _PORTS[url.scheme]
    async with connected(host, port, watch, session.reachable) as (reader, writer):
        ends = None
        if url.scheme == "https":
            ends = await encrypt(writer, await session.tls(manner.ca), host, watch)
        return await _talk(reader, writer, _spoken(url, request, manner), ends, watch)


async def _talk(
    reader: StreamReader,
    writer: StreamWriter,
    spoken: list[h11.Event],
    ends: datetime | None,
    watch: Stopwatch,
) -> _Received:
    wire = h11.Connection(our_role=h11.CLIENT, max_incomplete_event_size=BUFFER)
    writer.write(b"".join(wire.send(event) or b"" for event in spoken))
    got, body = _Received(0, "", b"", ends), bytearray()
    try:
        while True:
            event = wire.next_event()
            if event is h11.NEED_DATA:
                wire.receive_data(await reader.read(BUFFER))
                if "wait" not in watch.phases:
                    watch.lap("wait")
            elif isinstance(event, h11.Data):
                _take(body, event)
            elif isinstance(event, h11.Response):
                got.status, got.location = event.status_code, _header(event, b"location")
            elif not isinstance(event, h11.InformationalResponse):  # it has ended
                break
    except h11.RemoteProtocolError as error:
        raise BrokenAnswerError(f"no HTTP came back: {error}") from None
    watch.lap("read")
    got.body = bytes(body)
    return got


def _take(body: bytearray, event: h11.Data) -> None:
    body += event.data
    if len(body) > LARGEST_ANSWER:
        raise BrokenAnswerError(f"the answer is larger than {LARGEST_ANSWER} bytes")


def _spoken(url: SplitResult, request: Request, manner: Manner) -> list[h11.Event]:
    target = quote(url.path or "/", safe="/%:@!$&'()*+,;=~-._") + (f"?{url.query}" if url.query else "")
    host = url.netloc.rpartition("@")[2]
    headers = {"Host": host, "User-Agent": AGENT, "Accept": "*/*", "Connection": "close", **manner.headers}
    body = b"" if request.body is None else json.dumps(request.body).encode()
    if request.body is not None:
        headers |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    if request.key:
        headers["Idempotency-Key"] = request.key
    try:
        asked = h11.Request(method=request.method, target=target, headers=list(headers.items()))
    except h11.LocalProtocolError as error:
        raise ValueError(f"that cannot be asked: {error}") from None
    return [asked, *([h11.Data(data=body)] if body else []), h11.EndOfMessage()]


def _header(event: h11.Response, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in event.headers if key == name), "")


def _plain(value: object) -> str:
    """As JSON would write it, so that true is not True."""
    return value if isinstance(value, str) else json.dumps(value)
