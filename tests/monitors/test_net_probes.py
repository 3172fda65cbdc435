"""Sockets, certificates, greetings and names, against real servers that behave badly."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from monitors.asking import Asking
from monitors.domain.check import Reason, Result, Status
from monitors.domain.declared import AnyCheck
from monitors.session import open_session
from tests.monitors.servers import certified, hang_up, saying, speaking

pytestmark = pytest.mark.real
READ: TypeAdapter[Any] = TypeAdapter(AnyCheck)
NOW = datetime.now(UTC)


def declared(kind: str, **more: Any) -> Any:
    return READ.validate_python({"kind": kind, "id": "c", "title": "C", "owner": "asha", "timeout": 5} | more)


def asked(
    scene: Callable[[Callable[[Any], Coroutine[Any, Any, Result]]], Coroutine[Any, Any, Any]], home: Path
) -> Any:
    async def run() -> Any:
        asking = Asking(dict, {})
        async with open_session(home=home) as session:
            return await scene(lambda check: asking.ask(session, check, NOW))

    return asyncio.run(asyncio.wait_for(run(), 30))


def test_a_port_that_listens_is_ok_and_one_that_does_not_is_critical(tmp_path: Path) -> None:
    async def scene(ask: Any) -> list[Result]:
        async with speaking(saying(b"+PONG\r\n")) as port:
            here = await ask(declared("tcp", host="127.0.0.1", port=port, send="PING\\n", answers="PONG"))
        return [here, await ask(declared("tcp", host="127.0.0.1", port=port))]

    here, gone = asked(scene, tmp_path)
    assert (here.status, {f.name for f in here.figures}) == (Status.OK, {"dns", "connect", "read"})
    assert (gone.status, gone.detail) == (Status.CRITICAL, "no answer: connection refused")


@pytest.mark.parametrize(("days", "status"), [(90, "OK"), (10, "WARNING"), (3, "CRITICAL"), (-1, "CRITICAL")])
def test_a_certificate_is_read_in_the_handshake(tmp_path: Path, days: int, status: str) -> None:
    context, authority = certified(tmp_path, days)

    async def scene(ask: Any) -> Result:
        async with speaking(saying(b""), context) as port:
            return await ask(declared("tls", host="127.0.0.1", port=port, certificate={"ca": authority}))

    found = asked(scene, tmp_path)
    assert found.status == status
    if days < 0:
        assert found.detail == "no answer: the certificate is not good: certificate has expired"


def test_an_authority_that_nobody_trusts_is_critical(tmp_path: Path) -> None:
    context, _ = certified(tmp_path, 90)

    async def scene(ask: Any) -> Result:
        async with speaking(saying(b""), context) as port:
            return await ask(declared("tls", host="127.0.0.1", port=port))

    assert "not good" in asked(scene, tmp_path).detail


def test_https_with_a_certificate_that_ends_soon_is_a_warning(tmp_path: Path) -> None:
    context, authority = certified(tmp_path, 10)

    async def scene(ask: Any) -> Result:
        async with speaking(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), context) as port:
            return await ask(declared("http", url=f"https://127.0.0.1:{port}/", ca=authority))

    found = asked(scene, tmp_path)
    assert (found.status, "tls" in {f.name for f in found.figures}) == (Status.WARNING, True)


REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("said", "status", "detail"),
    [
        (REDIRECT % b"/there", "CRITICAL", "redirects go round in a circle at /there"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 3_000_000, "CRITICAL", "the answer is larger than 1048576 bytes"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "CRITICAL", "no HTTP came back"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort", "CRITICAL", "no HTTP came back"),
        (b"", "CRITICAL", "no HTTP came back"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000, "CRITICAL", "no HTTP came back"),
        (b'HTTP/1.1 200 OK\r\n\r\n{"queue": NaN}', "CRITICAL", "queue is NaN, which cannot be compared"),
        (b"HTTP/1.1 200 OK\r\n\r\nnot json", "CRITICAL", "the body is not JSON"),
        (b'HTTP/1.1 200 OK\r\n\r\n{"queue": 1}', "OK", "answered 200"),
    ],
)  # fmt: skip
def test_whatever_comes_back_over_http_is_bounded_and_named(
    tmp_path: Path, said: bytes, status: str, detail: str
) -> None:
    async def scene(ask: Any) -> Result:
        async with speaking(saying(said)) as port:
            url = f"http://127.0.0.1:{port}/"
            return await ask(declared("http", url=url, redirects=3, expect={"that": ["queue < 5"]}))

    found = asked(scene, tmp_path)
    assert (found.status, found.detail[: len(detail)]) == (status, detail)


def test_redirects_that_never_end_are_counted(tmp_path: Path) -> None:
    async def further(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = (await reader.readline()).split()[1]
        writer.write(REDIRECT % (line + b"x"))
        await hang_up(writer)

    async def scene(ask: Any) -> Result:
        async with speaking(further) as port:
            return await ask(declared("http", url=f"http://127.0.0.1:{port}/a", redirects=3))

    assert asked(scene, tmp_path).detail == "more than 3 redirects, the last to /axxxx"


async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 relay.example ready\r\n")
    while line := await reader.readline():
        writer.write(
            b"221 bye\r\n" if line.startswith(b"QUIT") else b"250-relay.example\r\n250 SIZE 1000\r\n"
        )
    await hang_up(writer)


def test_a_relay_that_greets_is_ok_and_one_that_cannot_encrypt_is_not(tmp_path: Path) -> None:
    async def scene(ask: Any) -> list[Result]:
        async with speaking(relay) as port:
            fields = {"host": "127.0.0.1", "port": port}
            return [
                await ask(declared("smtp", **fields)),
                await ask(declared("smtp", **fields, starttls=True)),
            ]

    plain, encrypted = asked(scene, tmp_path)
    assert (plain.status, plain.detail) == (Status.OK, "greeted: relay.example ready")
    assert (encrypted.status, encrypted.detail) == (Status.CRITICAL, "it does not offer STARTTLS")


def test_a_port_that_is_no_relay_is_named(tmp_path: Path) -> None:
    async def ssh(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH\r\n")
        await hang_up(writer)

    async def scene(ask: Any) -> Result:
        async with speaking(ssh) as port:
            return await ask(declared("smtp", host="127.0.0.1", port=port))

    assert asked(scene, tmp_path).detail == "it said 'SSH-2.0-OpenSSH', expected 220"


class NameServer(asyncio.DatagramProtocol):
    """Knows one name; over a datagram it says so short, and that it was cut."""

    def __init__(self, *, cut: bool) -> None:
        self.cut = cut

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.transport.sendto(reply_to(data, cut=self.cut), addr)


def reply_to(asked_: bytes, *, cut: bool = False) -> bytes:
    known = b"\x05known\x07example" in asked_
    flags = 0x8180 | (0x0200 if cut else 0) | (0 if known else 3)
    header = asked_[:2] + struct.pack("!5H", flags, 1, 0 if cut or not known else 1, 0, 0)
    record = b"\xc0\x0c" + struct.pack("!2HIH", 1, 1, 60, 4) + socket.inet_aton("10.0.0.1")
    return header + asked_[12:] + (b"" if cut or not known else record)


@pytest.mark.parametrize(
    ("name", "cut", "status"), [("known.example", False, "OK"), ("known.example", True, "OK"), ("other.example", False, "CRITICAL")]
)  # fmt: skip
def test_a_name_server_is_asked_and_over_tcp_when_its_answer_is_cut(
    tmp_path: Path, name: str, cut: bool, status: str
) -> None:
    async def over_tcp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked_ = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        said = reply_to(asked_)
        writer.write(len(said).to_bytes(2, "big") + said)
        await hang_up(writer)

    async def scene(ask: Any) -> Result:
        async with speaking(over_tcp) as port:
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: NameServer(cut=cut), local_addr=("127.0.0.1", port)
            )
            try:
                return await ask(declared("dns", name=name, server=f"127.0.0.1:{port}", expect=["10.0.0.1"]))
            finally:
                transport.close()

    assert asked(scene, tmp_path).status == status


def test_a_name_server_that_is_silent_ends_at_the_deadline(tmp_path: Path) -> None:
    async def scene(ask: Any) -> Result:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
            deaf.bind(("127.0.0.1", 0))
            server = f"127.0.0.1:{deaf.getsockname()[1]}"
            return await ask(declared("dns", name="known.example", server=server, timeout=0.05))

    assert asked(scene, tmp_path).detail == "no answer within 0.05 s"


def test_a_kind_that_nothing_is_kept_for_is_unknown(tmp_path: Path) -> None:
    async def scene(ask: Any) -> Result:
        return await ask(declared("ledger", standard="2h"))

    assert asked(scene, tmp_path).reason is Reason.NO_DATA
