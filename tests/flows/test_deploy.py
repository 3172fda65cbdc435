"""One command gives a tuned server on PostgreSQL with our flows as deployments; a worker performs what is started there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from cutover.app.bootstrap import build_world
from cutover.app.settings import Settings
from cutover.core.errors import Invalid, Unavailable
from flows.deploy import DEPLOYMENTS, POOL, serve, server_database, work
from runbooks.domain.run_events import RunStage
from tests.end_to_end.blackout import environment
from tests.runbooks.folders import write_programme
from tests.servers import Postgres, Process, free_port

pytestmark = [
    pytest.mark.prefect,
    pytest.mark.real,
    pytest.mark.xdist_group("prefect"),
    pytest.mark.timeout(280),
]
ROOT = Path(__file__).parents[2]
RUNBOOK = """\
id: small
title: A small plan
tasks:
  - {id: A, title: Records go dark, component: records, type: automated, effect: idempotent, duration: 1h,
     action: {kind: mode, with: {component: records, to: dark}}}
"""


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    server.start()
    yield server
    server.end()


def until(there: Callable[[], bool], patience: float = 120) -> None:
    deadline = time.monotonic() + patience
    while not there():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.3)


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=2).is_success
    except httpx.TransportError:
        return False


def child_of(pid: int) -> int:
    return int(
        subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=True).stdout.split()[
            0
        ]
    )


def deployment_of(url: str, flow: str, name: str) -> dict[str, object]:
    answer = httpx.get(f"{url}/deployments/name/{flow}/{name}", timeout=10)
    return dict(answer.json()) if answer.is_success else {}


def test_served_killed_and_served_again_a_worker_performs_a_run_of_its_deployment(
    postgres: Postgres, tmp_path: Path
) -> None:
    """The server's database is made beside ours; killed with -9 it comes back, and what was made there is still there."""
    folder, port = write_programme(tmp_path / "small", RUNBOOK), free_port()
    url, database = f"http://127.0.0.1:{port}/api", postgres.create("cutover")
    env = environment() | {"CUTOVER_DATABASE_URL": database, "CUTOVER_PREFECT_API_URL": url}
    script, here = Path(sys.executable).with_name("cutover"), ("--programme", folder)
    world = build_world(folder, settings=Settings(database_url=database))
    world.runs.start(world.folder.runbook(), by="asha")
    server = Process("server", [script, "deploy", "serve", "--port", port, *here], env, tmp_path)
    worker = Process("worker", [script, "deploy", "worker", *here], env, tmp_path)
    server.start()
    try:
        until(lambda: answers(url) and all(deployment_of(url, one.flow, one.name) for one in DEPLOYMENTS))
        os.kill(child_of(server.pid), signal.SIGKILL)
        until(lambda: not answers(url))
        worker.start()
        until(lambda: answers(url))
        asked = deployment_of(url, "go-live", "live")
        assert asked["work_pool_name"] == POOL
        begun = httpx.post(
            f"{url}/deployments/{asked['id']}/create_flow_run",
            json={"state": {"type": "SCHEDULED"}},
            timeout=20,
        )
        assert begun.is_success
        until(lambda: world.runs.state("small-1").stage is RunStage.COMPLETE)
        assert server.code is None
    finally:
        worker.end(15)
        server.end(15)
        world.engine.dispose()


def test_its_database_is_made_once_and_named_when_it_cannot_be(postgres: Postgres) -> None:
    ours = Settings(database_url=postgres.url("cutover"))
    assert (
        server_database(ours)
        == server_database(ours)
        == postgres.url("prefect").replace("://", "+asyncpg://")
    )
    away = Settings(prefect_database_url="postgresql://nobody@127.0.0.1:9/elsewhere?connect_timeout=1")
    with pytest.raises(Unavailable, match="createdb elsewhere"):
        server_database(away)


def test_without_a_postgresql_of_ours_the_server_keeps_an_sqlite_at_home() -> None:
    assert server_database(Settings()) == ""
    assert server_database(Settings(database_url="sqlite:///here.db")) == ""


def test_a_server_that_a_network_reaches_needs_a_password(tmp_path: Path) -> None:
    import threading

    with pytest.raises(
        Invalid, match=r"everybody who reaches it could start a run; expected PREFECT_SERVER_API_AUTH"
    ):
        serve(Settings(), tmp_path, host="0.0.0.0", port=4200, stop=threading.Event(), say=print)


def test_a_worker_without_a_server_says_which_setting_names_it(tmp_path: Path) -> None:
    import threading

    with pytest.raises(Invalid, match="CUTOVER_PREFECT_API_URL: no server is named"):
        work(Settings(), tmp_path, threading.Event())


def test_the_file_for_prefect_deploy_says_the_same_as_the_command() -> None:
    written = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))
    said = {(one["name"], one["entrypoint"], one["work_pool"]["name"]) for one in written["deployments"]}
    assert said == {(one.name, one.entrypoint, POOL) for one in DEPLOYMENTS}
