"""A system that sends a hundred megabytes, or never ends, costs a probe a megabyte and is named."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from cutover.core.errors import Unavailable
from monitors.count_sources import LARGEST_ANSWER as LARGEST_COUNTS
from monitors.count_sources import CountSources
from monitors.domain.check import Result, Status
from monitors.domain.flow import Flow
from monitors.http_wire import LARGEST_ANSWER
from monitors.probes import probe_http
from monitors.session import open_session
from tests.conftest import START
from tests.monitors.servers import speaking
from tests.monitors.test_net_probes import declared

pytestmark = pytest.mark.real
HUGE = 100_000_000
PIECE = b" " * 65_536
ON_THE_WAY = 8_000_000  # bytes that sockets of both sides may hold
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % HUGE
ENDLESS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSED = b"HTTP/1.1 200 OK\r\n\r\n"


class Sender:
    """Sends a hundred megabytes after `head`, as fast as they are taken; `sent` counts what was."""

    def __init__(self, head: bytes) -> None:
        self.head, self.sent, self.gone = head, 0, asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        writer.write(self.head)
        chunked = b"%x\r\n" % len(PIECE) + PIECE + b"\r\n" if b"chunked" in self.head else PIECE
        try:
            while self.sent < HUGE:
                writer.write(chunked)
                await writer.drain()
                self.sent += len(PIECE)
        except ConnectionError:
            pass
        writer.transport.abort()
        self.gone.set()


@pytest.fixture
def memory() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.parametrize(
    "head", [PLAIN, ENDLESS, UNTIL_CLOSED], ids=["announced", "in chunks", "until closed"]
)
def test_a_hundred_megabytes_are_read_as_far_as_one_and_the_connection_is_dropped(
    head: bytes, memory: None
) -> None:
    async def scene() -> tuple[Result, int]:
        sender = Sender(head)
        async with speaking(sender) as port, open_session() as session:
            check = declared("http", url=f"http://127.0.0.1:{port}/", expect={"body": {"status": "ok"}})
            found = await probe_http(session, check, {}, START)
            await asyncio.wait_for(sender.gone.wait(), 10)
            return found, sender.sent

    found, sent = asyncio.run(scene())
    assert (found.status, found.detail) == (
        Status.CRITICAL,
        f"the answer is larger than {LARGEST_ANSWER} bytes",
    )
    assert sent < LARGEST_ANSWER + ON_THE_WAY
    assert tracemalloc.get_traced_memory()[1] < 4 * LARGEST_ANSWER


def test_a_prometheus_that_sends_a_hundred_megabytes_is_unavailable_and_costs_eight() -> None:
    async def scene() -> tuple[str, int]:
        sender = Sender(PLAIN)
        async with speaking(sender) as port:
            counts = {"kind": "prometheus", "url": f"http://127.0.0.1:{port}", "query": "x"}
            flow = Flow.model_validate({"id": "f", "title": "F", "owner": "bo", "counts": counts})
            sources = CountSources(Path(), "UTC", str, dict)
            day = date(2026, 10, 23)
            with pytest.raises(Unavailable) as caught:
                await asyncio.to_thread(sources.read, flow, day, day, START)
            await asyncio.wait_for(sender.gone.wait(), 10)
            return str(caught.value), sender.sent

    said, sent = asyncio.run(scene())
    assert said == f"Prometheus does not answer: the answer is larger than {LARGEST_COUNTS} bytes"
    assert sent < LARGEST_COUNTS + ON_THE_WAY


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"[" * 900_000, "the body is not JSON"),
        (b'{"queue": %s}' % (b"9" * 900_000), "the body is not JSON"),
        (b'{"queue": 1e999}', "queue is Infinity, which cannot be compared; expected queue < 5"),
        (b'{"queue": -Infinity}', "queue is -Infinity, which cannot be compared; expected queue < 5"),
        (b'{"queue": NaN}', "queue is NaN, which cannot be compared; expected queue < 5"),
        (b'{"queue": "3', "the body is not JSON"),
        (b"\xff\xfe{\x00", "the body is not JSON"),
        (b"", "the body is not JSON"),
    ],
    ids=["deep", "long number", "too large", "minus infinity", "NaN", "cut off", "not text", "empty"],
)
def test_a_body_that_cannot_be_read_is_named_and_never_well(body: bytes, why: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    async def scene() -> Result:
        async with speaking(talk) as port, open_session() as session:
            check = declared("http", url=f"http://127.0.0.1:{port}/", expect={"that": ["queue < 5"]})
            return await probe_http(session, check, {}, START)

    found = asyncio.run(scene())
    assert (found.status, found.detail) == (Status.CRITICAL, why)
