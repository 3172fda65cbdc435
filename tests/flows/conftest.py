"""One local Prefect server for all tests of the flows, started and supervised as a run does it."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest

from flows.server import client_environment, starting_server


@pytest.fixture(autouse=True)
def prefect_s_litter() -> Iterator[None]:
    """Collected here, so that it is not found in somebody else's test."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its API URL; the environment names it before anything imports prefect."""
    home = tmp_path_factory.mktemp("prefect")
    with starting_server(home) as server:
        server.wait()
        before = dict(os.environ)
        os.environ.update(client_environment(server.url, home))
        from prefect.settings import PREFECT_API_URL, temporary_settings

        with temporary_settings(
            {PREFECT_API_URL: server.url}
        ):  # another test may have imported prefect before
            yield server.url
        os.environ.clear()
        os.environ.update(before)
