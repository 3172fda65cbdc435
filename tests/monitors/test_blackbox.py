"""Debian's blackbox_exporter and we say the same of the same target."""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitors.asking import Asking
from monitors.domain.check import Status
from monitors.session import open_session
from tests.monitors.servers import saying, speaking
from tests.monitors.test_net_probes import REDIRECT, declared
from tests.monitors.watchers import Running, blackbox

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with blackbox(tmp_path_factory.mktemp("blackbox")) as running:  # type: ignore[attr-defined]
        server: Running = running
        yield server.url


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n",
        REDIRECT % b"/there",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"",
    ],
)
def test_both_say_the_same_of_an_http_target(box: str, said: bytes, tmp_path: Path) -> None:
    def theirs(url: str) -> bool:
        with urllib.request.urlopen(f"{box}/probe?module=http&target={url}", timeout=10) as answer:
            return b"\nprobe_success 1" in answer.read()

    async def both() -> tuple[Any, bool]:
        async with speaking(saying(said)) as port, open_session(home=tmp_path) as session:
            url = f"http://127.0.0.1:{port}/"
            check = declared("http", url=url, redirects=10)
            ours = await Asking(dict, {}).ask(session, check, datetime.now(UTC))
            return ours, await asyncio.to_thread(theirs, url)

    ours, other = asyncio.run(both())
    assert (ours.status is Status.OK) == other
