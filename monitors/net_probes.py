"""Ask over a socket: does it listen, does it encrypt, does it greet, does the name server know the name."""

from __future__ import annotations

import asyncio
import secrets
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from monitors.domain import dns_wire
from monitors.domain.check import NoAnswer, Reason, Result, critical, unknown
from monitors.domain.dns_wire import NotDnsError, Reply
from monitors.domain.judging import Heard, judge_dns, judge_smtp, judge_tcp, judge_tls
from monitors.domain.kinds import DnsCheck, SmtpCheck, TcpCheck, TlsCheck
from monitors.session import Session, Stopwatch, connected, encrypt, permitted, trouble

T = TypeVar("T")
MOST_HEARD = 4096  # bytes of a greeting
DATAGRAM = 4096
_DNS = 53


class OddAnswerError(Exception):
    """What came back is not what such a server says."""


async def within(deadline: float, ask: Callable[[], Awaitable[T]]) -> T | NoAnswer:
    """What `ask` gives before the deadline; whatever goes wrong on the way is an answer too."""
    began = time.perf_counter()
    try:
        async with asyncio.timeout(deadline):
            return await ask()
    except TimeoutError:
        return NoAnswer(f"no answer within {deadline:g} s", time.perf_counter() - began)
    except (OddAnswerError, NotDnsError) as error:
        return NoAnswer(str(error), time.perf_counter() - began)
    except (OSError, ValueError, asyncio.IncompleteReadError) as error:
        return NoAnswer(f"no answer: {trouble(error)}", time.perf_counter() - began)


async def probe_tcp(session: Session, check: TcpCheck, _at: datetime) -> Result:
    async def ask() -> Heard:
        watch = Stopwatch()
        async with connected(check.host, check.port, watch, session.reachable) as (reader, writer):
            if check.send:
                writer.write(check.send.replace("\\n", "\n").encode())
            text = await _until(reader, check.answers) if check.answers else ""
            watch.lap("read")
            return Heard(text, watch.total, watch.phases)

    return judge_tcp(check, await within(check.timeout, ask))


async def probe_tls(session: Session, check: TlsCheck, at: datetime) -> Result:
    async def ask() -> Heard:
        watch, context = Stopwatch(), await session.tls(check.certificate.ca)
        async with connected(check.host, check.port, watch, session.reachable) as (_, writer):
            ends = await encrypt(writer, context, check.server_name or check.host, watch)
            return Heard("", watch.total, watch.phases, ends)

    return judge_tls(check, await within(check.timeout, ask), at)


async def probe_smtp(session: Session, check: SmtpCheck, at: datetime) -> Result:
    async def ask() -> Heard:
        watch = Stopwatch()
        async with connected(check.host, check.port, watch, session.reachable) as (reader, writer):
            greeting = await _smtp(reader, "220")
            offered = await _say(reader, writer, "EHLO cutover-monitor.invalid", "250")
            ends = None
            if check.starttls:
                if "STARTTLS" not in offered.upper():
                    raise OddAnswerError("it does not offer STARTTLS")
                await _say(reader, writer, "STARTTLS", "220")
                context = await session.tls(check.certificate.ca)
                ends = await encrypt(writer, context, check.host, watch)
            writer.write(b"QUIT\r\n")
            watch.lap("read")
            return Heard(greeting, watch.total, watch.phases, ends)

    return judge_smtp(check, await within(check.timeout, ask), at)


async def probe_dns(session: Session, check: DnsCheck, _at: datetime) -> Result:
    server, _, port = check.server.rpartition(":") if check.server.count(":") == 1 else (check.server, "", "")
    watch = Stopwatch()

    async def ask() -> Reply:
        own = await asyncio.to_thread(_first_server) if not server else ""
        # The machine asks its own name server all the time, which in a cloud is often an address of the link.
        reachable = (*session.reachable, own) if own else session.reachable
        to, where = server or own, int(port or _DNS)
        number = secrets.randbelow(65536)
        asked = dns_wire.question(number, check.name, check.record)
        reply = dns_wire.reply(
            number, check.record, await _datagram(await permitted(to, where, reachable), where, asked)
        )
        if reply.cut:
            reply = dns_wire.reply(number, check.record, await _stream(to, where, reachable, asked))
        return reply

    found = await within(check.timeout, ask)
    if isinstance(found, NoAnswer):
        return critical(found.why, found.latency)
    if found.code in ("REFUSED", "NOTIMP"):
        return unknown(Reason.ERROR, f"the name server says {found.code}", watch.total)
    return judge_dns(check, found.code, found.answers, watch.total)


async def _until(reader: StreamReader, wanted: str) -> str:
    """What it says until the wanted text is in it, it ends, or it has said too much."""
    said = bytearray()
    while len(said) < MOST_HEARD and wanted.encode() not in said:
        if not (chunk := await reader.read(MOST_HEARD - len(said))):
            break
        said += chunk
    return said.decode("utf-8", "replace")


async def _say(reader: StreamReader, writer: StreamWriter, line: str, code: str) -> str:
    writer.write(f"{line}\r\n".encode())
    return await _smtp(reader, code)


async def _smtp(reader: StreamReader, code: str) -> str:
    """One reply, of any number of lines: `250-` goes on, `250 ` ends. Raises OddAnswerError for another code."""
    lines, size = list[str](), 0
    while True:
        raw = await reader.readline()
        size += len(raw)
        line = raw.decode("utf-8", "replace").rstrip()
        if not line.startswith(code) or size > MOST_HEARD:
            raise OddAnswerError(f"it said {line[:80]!r}, expected {code}")
        lines.append(line[4:])
        if line[3:4] != "-":
            return "\n".join(lines)


class _Once(asyncio.DatagramProtocol):
    """The first datagram that comes back."""

    def __init__(self) -> None:
        self.heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, _addr: object) -> None:
        if not self.heard.done():
            self.heard.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self.heard.done():
            self.heard.set_exception(exc)


async def _datagram(addresses: Sequence[str], port: int, asked: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(_Once, remote_addr=(addresses[0], port))
    try:
        transport.sendto(asked)
        return await protocol.heard
    finally:
        transport.abort()


async def _stream(host: str, port: int, reachable: Sequence[str], asked: bytes) -> bytes:
    async with connected(host, port, Stopwatch(), reachable) as (reader, writer):
        writer.write(len(asked).to_bytes(2, "big") + asked)
        return await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))


def _first_server() -> str:
    """Raises OSError when the system names none."""
    for line in Path("/etc/resolv.conf").read_text(encoding="utf-8").splitlines():
        if line.startswith("nameserver"):
            return line.split()[1]
    raise OSError("the system names no name server")
