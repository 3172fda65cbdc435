"""A Prefect server on PostgreSQL with our flows as deployments, and workers for it on any machine; each is one command.

Everything is supervised: what dies is started again. The server is a picture of the runs and never their truth,
so it may be thrown away and made anew at any time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import structlog
from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from cutover.app.settings import Settings
from cutover.core.errors import Invalid, Problem, Unavailable
from flows.server import PATIENCE, client_environment, server_environment

POOL = "cutover"
DATABASE = "prefect"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
LONGEST_PAUSE = 30.0  # seconds between two starts of what dies again and again
PROVEN = 60.0  # seconds of life after which a death is a first one again

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Deployment:
    """A flow under a name by which anybody may start it: `prefect deployment run go-live/live`."""

    flow: str
    entrypoint: str
    name: str
    says: str


DEPLOYMENTS = (
    Deployment(
        "go-live", "flows.go_live.go_live", "live", "Perform a started run of the programme to its end."
    ),
    Deployment(
        "back-conversion", "flows.back_conversion.back_conversion", "paper", "Bring the paper records back."
    ),
    Deployment(
        "conversion-batch",
        "flows.back_conversion.conversion_batch",
        "batch",
        "Bring one batch of paper records back, beside whoever else does so.",
    ),
    Deployment(
        "hypercare",
        "flows.hypercare.hypercare",
        "watch",
        "Watch the programme until its agreed days are over.",
    ),
    Deployment(
        "reconciliation",
        "flows.reconciliation.reconciliation",
        "compare",
        "Compare what left with what arrived, contract by contract.",
    ),
)


def serve(
    settings: Settings,
    programme: Path,
    *,
    host: str,
    port: int,
    stop: threading.Event,
    say: Callable[[str], None],
) -> None:
    """Run the server until `stop`, with pool and deployments. Raises Invalid or Unavailable before it begins."""
    if host not in LOOPBACK and not os.environ.get("PREFECT_SERVER_API_AUTH_STRING"):
        what = f"on {host} everybody who reaches it could start a run"
        mend = "PREFECT_SERVER_API_AUTH_STRING=name:password here, PREFECT_API_AUTH_STRING at the workers, or --host 127.0.0.1"
        raise Invalid(Problem(what, field="--host", expected=mend))
    database = server_database(settings)
    home = programme.resolve() / "state" / "prefect"
    home.mkdir(parents=True, exist_ok=True)
    env = server_environment(home, os.environ) | _on(database)
    url = f"http://{host}:{port}/api"
    command = [sys.executable, "-m", "flows.server", "--host", host, "--port", str(port)]
    announced = threading.Thread(target=_announce, args=(url, home, programme, stop, say), daemon=True)
    announced.start()
    supervise("prefect-server", command, env, home / "server.log", stop)
    announced.join(5)


def work(settings: Settings, programme: Path, stop: threading.Event) -> None:
    """Run a worker of our pool until `stop`: it starts what is asked for at the server that settings name."""
    if not settings.prefect_api_url:
        expected = "the address that `cutover deploy serve` printed"
        raise Invalid(Problem("no server is named", field="CUTOVER_PREFECT_API_URL", expected=expected))
    home = programme.resolve() / "state" / "prefect"
    home.mkdir(parents=True, exist_ok=True)
    env = {**os.environ, **client_environment(settings.prefect_api_url, home)}
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--type", "process"]
    supervise("prefect-worker", command, env, home / "worker.log", stop)


def server_database(settings: Settings) -> str:
    """Where the server keeps its picture: as set, else a database of its own beside ours, else '' for SQLite at home."""
    if settings.prefect_database_url:
        return _ensured(make_url(settings.prefect_database_url))
    if not settings.database_url:
        return ""
    ours = make_url(settings.database_url)
    return _ensured(ours.set(database=DATABASE)) if ours.get_backend_name() == "postgresql" else ""


def _ensured(address: URL) -> str:
    """The address as Prefect wants it, its database made where that is missing and allowed."""
    if address.get_backend_name() != "postgresql":
        return address.render_as_string(hide_password=False)
    name = str(address.database)
    engine = create_engine(
        address.set(drivername="postgresql+psycopg", database="postgres"), isolation_level="AUTOCOMMIT"
    )
    try:
        with engine.connect() as connection:
            there = connection.execute(
                text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}
            )
            if there.scalar() is None:
                quoted = connection.dialect.identifier_preparer.quote_identifier(name)
                connection.execute(text(f"CREATE DATABASE {quoted}"))
                log.info("prefect_database_made", database=name)
    except DBAPIError as error:
        raise Unavailable(
            f"the database {name} of the Prefect server is neither there nor can it be made: {error.orig}; "
            f"ask for it (createdb {name}), or set CUTOVER_PREFECT_DATABASE_URL"
        ) from error
    finally:
        engine.dispose()
    return address.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


def _on(database: str) -> dict[str, str]:
    return {"PREFECT_SERVER_DATABASE_CONNECTION_URL": database} if database else {}


def supervise(
    name: str, command: Sequence[str], env: Mapping[str, str], log_file: Path, stop: threading.Event
) -> None:
    """Keep one process alive until `stop`; it ends when its standard input does, so it never outlives us."""
    pause = 0.0
    while not stop.wait(pause):
        began = time.monotonic()
        with log_file.open("ab") as out:
            process = subprocess.Popen(command, env=dict(env), stdin=subprocess.PIPE, stdout=out, stderr=out)  # noqa: S603  our own
        while process.poll() is None and not stop.wait(0.2):
            continue
        if stop.is_set():
            _end(process)
            return
        _close(process)
        pause = 1.0 if time.monotonic() - began > PROVEN else min(LONGEST_PAUSE, max(1.0, pause * 2))
        log.warning("started_again", what=name, code=process.returncode, after=pause, log=str(log_file))


def _end(process: subprocess.Popen[bytes]) -> None:
    _close(process)
    process.terminate()
    try:
        process.wait(8)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _close(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()


def _announce(
    url: str, home: Path, programme: Path, stop: threading.Event, say: Callable[[str], None]
) -> None:
    """Once the server answers: pool and deployments, and the address for people."""
    deadline = time.monotonic() + PATIENCE
    while not stop.is_set() and time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/health", timeout=2).is_success:
                break
        except httpx.TransportError:
            stop.wait(0.2)
    else:
        say(f"the Prefect server does not answer at {url} yet; see {home / 'server.log'}")
        return
    env = {**os.environ, **client_environment(url, home)}
    command = [sys.executable, "-m", "flows.deployments", str(programme.resolve())]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)  # noqa: S603  our own
    if done.returncode:
        say(f"deployments could not be made: {done.stderr.strip().splitlines()[-1:]}")
        return
    say(
        f"the Prefect server is at {url.removesuffix('/api')}, with the pool '{POOL}' and {done.stdout.strip()}"
    )
    say(f"on each machine that performs: CUTOVER_PREFECT_API_URL={url} cutover deploy worker")
