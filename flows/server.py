"""A local Prefect server, started and supervised by us: SQLite, loopback, offline, no account.

It is a picture of the run, never its truth: when it dies, work goes on inline, it is started again at the same address,
and the gap is reported.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import structlog

from cutover.core.errors import Unavailable

PATIENCE = 120.0  # seconds; the server's own 20 s start limit fails on a busy machine
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0  # seconds before one that died is started again
OFFLINE: Mapping[str, str] = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_CLIENT_MAX_RETRIES": "2",  # the default of 5 keeps a run's end waiting for 140 s when the server is gone
}
# Batches of one are the default and make the server the bottleneck (measured: 3.6 to 5 times its CPU). Task runs that come
# one by one, as those of a run do, are recorded every three seconds: as few times as those of a burst.
TUNED: Mapping[str, str] = {
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "3",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "500",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "500",
    "PREFECT_SERVER_SERVICES_TRIGGERS_READ_BATCH_SIZE": "100",
}


log = structlog.get_logger()


def client_environment(api_url: str, home: Path) -> dict[str, str]:
    """What a process must have in its environment before it imports prefect."""
    return {**OFFLINE, "PREFECT_API_URL": api_url, "PREFECT_HOME": str(home)}


def server_environment(home: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """What a server of ours runs with: offline, tuned, at home in `home`."""
    ours = {"PREFECT_HOME": str(home), "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false"}
    kept = {name: value for name, value in environ.items() if name != "PREFECT_API_URL"}
    return {**kept, **OFFLINE, **TUNED, **ours}


@dataclass(frozen=True)
class LocalServer:
    """A server of ours that has been started; `wait` returns once it answers, or raises Unavailable."""

    url: str
    wait: Callable[[], None]


@contextmanager
def starting_server(home: Path, port: int = 0) -> Iterator[LocalServer]:
    """A server, not waited for: other work can be done while it comes up. It ends with this process, however that ends."""
    home.mkdir(parents=True, exist_ok=True)
    port = port or _free_port()
    kept = Kept(
        [sys.executable, "-m", "flows.server", "--port", str(port)],
        server_environment(home, os.environ),
        home,
    )
    url = f"http://127.0.0.1:{port}/api"

    def wait() -> None:
        _await(url, kept.process, kept.log)
        kept.watch()

    try:
        yield LocalServer(url, wait)
    finally:
        kept.end()


class Kept:
    """A process that is started again when it dies, sooner or later the oftener it did; it ends with us."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], home: Path) -> None:
        self.log = home / "server.log"
        self._command, self._env = tuple(command), dict(env)
        self._over, self._turn = threading.Event(), threading.Lock()
        self.process = self._start()

    def watch(self) -> None:
        """From now on it is started again."""
        threading.Thread(target=self._keep, name="prefect-server", daemon=True).start()

    def end(self) -> None:
        """Let it end by itself: it does when its standard input does."""
        with self._turn:
            self._over.set()
            process = self.process
        if process.stdin:
            process.stdin.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603  our own interpreter
                self._command, env=self._env, stdin=subprocess.PIPE, stdout=log, stderr=log
            )

    def _keep(self) -> None:
        pause = FIRST_PAUSE
        while True:
            began = time.monotonic()
            code = self.process.wait()
            if self._over.is_set():
                return
            pause = FIRST_PAUSE if time.monotonic() - began > LONGEST_PAUSE else min(2 * pause, LONGEST_PAUSE)
            log.error("prefect_server_died", code=code, log=str(self.log), started_again_in=pause)
            if self._over.wait(pause):
                return
            with self._turn:
                if self._over.is_set():
                    return
                if self.process.stdin:
                    self.process.stdin.close()
                self.process = self._start()
            log.warning("prefect_server_started_again", pid=self.process.pid)


def _await(url: str, process: subprocess.Popen[bytes], said: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    with httpx.Client() as client:
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            try:
                if client.get(f"{url}/health", timeout=2).is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
    raise Unavailable(f"the local Prefect server did not come up; see {said}, or run with --no-prefect")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _serve(host: str, port: int) -> None:
    """The server process itself: ends when its standard input does, so it never outlives its parent."""
    import uvicorn
    from prefect.server.api.server import create_app

    server = uvicorn.Server(
        uvicorn.Config(create_app(), host=host, port=port, log_level="warning", timeout_graceful_shutdown=2)
    )

    def watch() -> None:
        sys.stdin.buffer.read()
        server.should_exit = True
        threading.Timer(4, os._exit, [0]).start()

    threading.Thread(target=watch, daemon=True).start()
    server.run()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    asked = parser.parse_args()
    _serve(asked.host, asked.port)
