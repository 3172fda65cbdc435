"""The local Prefect server: ours, offline, gone with us; one that does not come up is named with its log."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import httpx
import pytest
import structlog

from cutover.core.errors import Unavailable
from flows import server
from flows.server import OFFLINE, Kept, client_environment, starting_server
from tests.servers import until

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect")]
ENDS_WITH_US = "import sys; sys.stdin.buffer.read()"  # as the server does


def test_it_answers_and_is_found_through_the_client_s_environment(
    prefect_server: str, tmp_path: Path
) -> None:
    assert httpx.get(f"{prefect_server}/health", timeout=10).is_success
    env = client_environment(prefect_server, tmp_path)
    assert env["PREFECT_API_URL"] == prefect_server
    assert env.items() >= OFFLINE.items()


def test_one_that_does_not_come_up_says_where_its_log_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with (
        pytest.raises(Unavailable, match=r"did not come up; see .*server.log, or run with --no-prefect"),
        starting_server(tmp_path) as begun,
    ):
        begun.wait()


def test_one_that_dies_is_started_again_and_ends_with_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "FIRST_PAUSE", 0.01)
    with structlog.testing.capture_logs() as logged:
        kept = Kept([sys.executable, "-S", "-c", ENDS_WITH_US], os.environ, tmp_path)
        kept.watch()
        first = kept.process
        first.kill()
        until(lambda: kept.process is not first)
        second = kept.process
        kept.end()
    assert second.poll() == 0, "told to end, it ended by itself"
    assert [line["event"] for line in logged] == ["prefect_server_died", "prefect_server_started_again"]
    assert kept.process is second
