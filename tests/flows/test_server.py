"""The local Prefect server: ours, offline, gone with us; one that does not come up is named with its log."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx
import pytest

from cutover.core.errors import Unavailable
from flows.server import OFFLINE, client_environment, local_server

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect")]


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
        local_server(tmp_path),
    ):
        raise AssertionError("it must not come up")
