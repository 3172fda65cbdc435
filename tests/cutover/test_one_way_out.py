"""Everything of the product that connects somewhere does it under the one rule, or stands here with the reason why not."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("cutover", "runbooks", "monitors", "paper_capture", "contingency", "flows")
LIBRARIES = {
    "httpx", "httpcore", "requests", "urllib3", "aiohttp", "niquests", "urllib.request", "http.client", "ftplib", "smtplib",
    "imaplib", "poplib", "telnetlib", "xmlrpc.client", "websockets", "websocket", "paramiko", "apprise", "socket",
    "fsspec", "boto3",
}  # fmt: skip
OPENING = {
    "Client", "AsyncClient", "HTTPTransport", "AsyncHTTPTransport", "get", "post", "put", "patch", "delete", "head",
    "options", "request", "stream", "urlopen", "urlretrieve", "HTTPConnection", "HTTPSConnection", "SMTP", "SMTP_SSL",
    "Apprise", "ConnectionPool", "AsyncConnectionPool", "socket", "create_connection", "connect", "Session",
    "ClientSession", "FTP",
}  # fmt: skip
BY_ANY_NAME = {"HTTPConnection", "HTTPSConnection"}  # also where they are chosen first and called later
METHODS = {
    "open_connection",
    "create_connection",
    "create_datagram_endpoint",
    "open_unix_connection",
    "sock_connect",
}

THE_RULE = {
    "cutover/web/outbound.py": "the one client",
    "cutover/app/telling.py": "inside `only`",
    "cutover/app/notify.py": "inside `only`",
    "monitors/session.py": "connects to what `permitted` gave",
    "monitors/net_probes.py": "sends to what `permitted` gave",
}
OF_OUR_OWN = {
    "cutover/range/processes.py": "asks the processes it started itself, on loopback",
    "cutover/range/loader.py": "a stand-in of the range: the source is another one",
    "cutover/range/ending.py": "asks the stand-ins of a rehearsal, on loopback",
    "cutover/range/rehearsal.py": "asks the stand-ins of a rehearsal, on loopback",
    "flows/deploy.py": "waits for Prefect's server, whose address is a setting",
    "flows/line.py": "the line to Prefect's server, whose address is a setting",
    "flows/server.py": "waits for the Prefect server that it started itself, on loopback",
    "cutover/range/people.py": "plays people against the page of a rehearsal, on loopback",
}


def opened(source: str) -> Iterator[str]:
    """What a module calls that opens a connection, by any name it imported a library under."""
    tree = ast.parse(source)
    names = dict[str, str]()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {(a.asname or a.name): a.name for a in node.names if a.name in LIBRARIES}
        if isinstance(node, ast.ImportFrom):
            whole = {f"{node.module}.{a.name}": a for a in node.names}
            names |= {
                (a.asname or a.name): f
                for f, a in whole.items()
                if f in LIBRARIES or node.module in LIBRARIES
            }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in BY_ANY_NAME:
            yield f"{node.lineno}: {ast.unparse(node)}"
        if isinstance(node, ast.Call):
            where, _, called = ast.unparse(node.func).rpartition(".")
            known = names.get(where) or (names.get(called) if not where else None)
            if (known and called in OPENING) or called in METHODS:
                yield f"{node.lineno}: {ast.unparse(node.func)}"


def modules() -> list[Path]:
    return [file for room in ROOMS for file in sorted((ROOT / room).rglob("*.py"))]


def test_nothing_of_the_product_opens_a_connection_of_its_own() -> None:
    found = {
        str(file.relative_to(ROOT)): calls
        for file in modules()
        if (calls := list(opened(file.read_text("utf-8"))))
    }
    stray = {file: calls for file, calls in found.items() if file not in THE_RULE | OF_OUR_OWN}
    assert not stray, f"take the client from cutover.web.outbound, or say here why not: {stray}"
    assert sorted(THE_RULE | OF_OUR_OWN) == sorted(found), "what no longer connects is struck from the list"


def test_who_is_held_by_the_guard_or_asks_what_was_permitted_does_so() -> None:
    for file, why in THE_RULE.items():
        text = (ROOT / file).read_text("utf-8")
        assert {"inside": "with only(", "connects": "await permitted(", "sends": "await permitted("}.get(
            why.split()[0], "network_backend=_Judged"
        ) in text, file


@pytest.mark.parametrize(
    "line",
    [
        "import httpx\nhttpx.get(url)",
        "import httpx as h\nh.Client()",
        "from httpx import AsyncClient\nAsyncClient()",
        "from urllib.request import urlopen\nurlopen(url)",
        "import urllib.request\nurllib.request.urlopen(url)",
        "import asyncio\nawait asyncio.open_connection(host, 80)",
        "import socket\nsocket.create_connection((host, 80))",
        "import apprise\napprise.Apprise()",
    ],
)
def test_a_client_made_beside_the_rule_is_seen(line: str) -> None:
    assert list(opened(line))
