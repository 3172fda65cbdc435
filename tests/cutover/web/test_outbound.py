"""What we send goes to machines that may be reached, whatever a name stands for, and never to metadata or the link."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from cutover.core.errors import Unavailable
from cutover.core.reach import HOUSE, Reach
from cutover.web.outbound import Forbidden, Outbound, async_client, client, judged

NEVER = [
    "169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "100.100.100.200", "168.63.129.16",
    "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "0.0.0.0", "::", "224.0.0.1", "255.255.255.255",
    "240.0.0.1", "::169.254.169.254",
]  # fmt: skip
INSIDE = ["10.0.0.5", "192.168.1.9", "172.16.0.1", "fd12::1", "::ffff:10.0.0.5"]
OUT = Reach(inside=False)


class _Leads(BaseHTTPRequestHandler):
    """Answers with a redirect to metadata for /away, else with what it was asked."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.send_response(302 if self.path.startswith("/away") else 200)
        if self.path == "/away":
            self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
        if self.path == "/away-by-name":
            self.send_header("Location", f"http://turns.example:{self.server.server_address[1]}/inside")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def there() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Leads)
    server.asked = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("address", NEVER)
def test_metadata_the_link_and_what_is_no_machine_are_never_reached(address: str) -> None:
    with pytest.raises(Forbidden):
        judged("x.example", [address], HOUSE)


@pytest.mark.parametrize("address", INSIDE)
def test_inside_is_reached_only_where_somebody_said_so(address: str) -> None:
    assert judged("x.example", [address], HOUSE) == [address]
    with pytest.raises(Forbidden, match="private network"):
        judged("x.example", [address], OUT)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_this_machine_is_reached_by_whoever_writes_it_and_not_by_another_name(address: str) -> None:
    assert judged(address, [address], HOUSE) == [address]
    for host, reach in ((address, OUT), ("records.example", HOUSE)):
        with pytest.raises(Forbidden):
            judged(host, [address], reach)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_outside_is_reached(address: str) -> None:
    assert judged("x.example", [address], OUT) == [address]


def test_a_name_with_one_address_that_may_not_be_reached_is_not_reached_at_all() -> None:
    with pytest.raises(Forbidden, match="metadata"):
        judged("both.example", ["93.184.216.34", "169.254.169.254"], OUT)


def test_a_name_that_nobody_knows_is_no_defect() -> None:
    def nobody(_host: str, _port: int) -> list[str]:
        raise OSError

    with pytest.raises(Unavailable, match="nobody knows"):
        Outbound(resolve=nobody).post("http://gone.example/", b"", {})
    with pytest.raises(httpx.ConnectError, match="nobody knows"):
        client(HOUSE, resolve=nobody).get("http://gone.example/")


@pytest.mark.real
@pytest.mark.parametrize("url", ["http://2852039166/", "http://0xa9fea9fe/", "http://[::ffff:a9fe:a9fe]/"])
def test_an_address_spelled_otherwise_is_the_same_address(url: str) -> None:
    with pytest.raises(Forbidden, match="metadata"):
        Outbound().post(url, b"", {}, inside=True)


@pytest.mark.real
def test_what_a_name_is_said_to_be_at_the_connection_is_what_is_judged(there: ThreadingHTTPServer) -> None:
    """A name server that says one thing first and this machine a moment later: each connection is judged by itself."""
    answers = [["203.0.113.7"], ["127.0.0.1"]]
    reach = Reach(("203.0.113.0/24",))
    http = client(reach, resolve=lambda _h, _p: answers.pop(), timeout=0.2)
    with http, pytest.raises(Forbidden, match="leads to this machine"):
        http.get(f"http://turns.example:{there.server_address[1]}/")
    assert there.asked == []  # type: ignore[attr-defined]


@pytest.mark.real
@pytest.mark.parametrize("path", ["/away", "/away-by-name"])
def test_a_redirect_is_judged_like_the_first_address(there: ThreadingHTTPServer, path: str) -> None:
    port = there.server_address[1]

    async def beside() -> None:
        async with async_client(HOUSE, resolve=lambda _h, _p: ["127.0.0.1"], follow_redirects=True) as http:
            await http.get(f"http://127.0.0.1:{port}{path}")

    if path == "/away":
        with pytest.raises(Forbidden, match="metadata"):
            client(HOUSE, follow_redirects=True).get(f"http://127.0.0.1:{port}{path}")
    with pytest.raises(Forbidden):
        asyncio.run(beside())
    assert set(there.asked) == {path}  # type: ignore[attr-defined]


@pytest.mark.real
def test_the_next_address_of_a_name_is_tried_where_one_does_not_answer(there: ThreadingHTTPServer) -> None:
    """`localhost` is ::1 first on most machines, where a system may not listen."""
    where = f"http://localhost:{there.server_address[1]}/"
    found = ["::1", "127.0.0.1"]

    async def beside() -> int:
        async with async_client(HOUSE, resolve=lambda _h, _p: found) as http:
            return (await http.get(where)).status_code

    assert client(HOUSE, resolve=lambda _h, _p: found).get(where).status_code == 200
    assert asyncio.run(beside()) == 200


@pytest.mark.real
def test_a_proxy_of_the_environment_is_not_asked(
    there: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{there.server_address[1]}")
    with pytest.raises(Forbidden, match="metadata"):
        client(HOUSE).get("http://169.254.169.254/")
    assert there.asked == []  # type: ignore[attr-defined]
