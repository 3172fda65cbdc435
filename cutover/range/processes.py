"""The stand-ins of one rehearsal as processes: started side by side, waited for, stopped; restarted on the same files.

A crash of the rehearsal takes the processes with it (their standard input ends). Starting again in the same
state folder finds the same databases, and the same ports where they are still free.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cutover.core.errors import Unavailable
from cutover.range.place import BEFORE, CRIMES, SYSTEMS

HOST = "127.0.0.1"
PATIENCE = 30.0  # seconds for all stand-ins to answer
POLL_SECONDS = 0.02
STOP_SECONDS = 5.0


class RangeProcesses:
    """The range in one programme's state folder, as a context manager (with, or async with).

    `urls` gives each system's base URL. Raises Unavailable when a stand-in does not come up in time.
    """

    def __init__(
        self,
        state: Path,
        *,
        systems: Sequence[str] = SYSTEMS,
        clock: Path | None = None,
        seed: int = 1,
        crimes: int = CRIMES,
        before: datetime = BEFORE,
        patience: float = PATIENCE,
    ) -> None:
        self.systems = tuple(systems)
        self.folder = state / "range"
        self.record = state / "range.json"
        self.patience = patience
        self._clock = clock or state / "clock.json"
        self._population = ["--seed", str(seed), "--crimes", str(crimes), "--before", before.isoformat()]
        self._ports: dict[str, int] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def urls(self) -> dict[str, str]:
        return {system: f"http://{HOST}:{port}" for system, port in self._ports.items()}

    @property
    def pids(self) -> dict[str, int]:
        return {system: process.pid for system, process in self._running.items()}

    def start(self) -> None:
        """Start what does not run and wait until all of it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + self.patience
        known = _recorded_ports(self.record)
        try:
            for system in [system for system, process in self._running.items() if process.poll() is not None]:
                self.kill(system)  # it ended by itself: only its remains are cleared away
            missing = [system for system in self.systems if system not in self._running]
            for system in missing:
                self._spawn(system, self._ports.get(system) or known.get(system))
            for system in missing:
                self._await_health(system, deadline)
        except BaseException:
            self.stop()
            raise
        self._write_record()

    def stop(self) -> None:
        """End every stand-in: by closing its input, and by force if that is not enough."""
        for process in self._running.values():
            _close_input(process)
        deadline = time.monotonic() + STOP_SECONDS
        for process in self._running.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()

    def kill(self, system: str) -> None:
        """Kill one stand-in as a crash would; `start` brings it back on the same file."""
        process = self._running.pop(system)
        process.kill()
        process.wait()
        _close_input(process)

    def _spawn(self, system: str, preferred: int | None) -> None:
        port = preferred if preferred and _is_free(preferred) else _free_port()
        self._ports[system] = port
        places = ["--port", str(port), "--state", str(self.folder), "--clock", str(self._clock)]
        # -P: the working directory of a programme must not be searched for packages.
        command = [sys.executable, "-P", "-m", "cutover.range.serve", system, *places, *self._population]
        with self._log(system).open("ab") as log:
            self._running[system] = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)  # noqa: S603 - our own module

    def _await_health(self, system: str, deadline: float) -> None:
        while not _answers(system, self._ports[system]):
            if self._running[system].poll() is not None:
                if _is_free(self._ports[system]):
                    raise Unavailable(
                        f"the stand-in {system} ended while starting: {self._last_words(system)}"
                    )
                self.kill(system)  # somebody took the port between the choice and the start
                self._spawn(system, None)
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"the stand-in {system} did not answer within {self.patience:g} s: {self._last_words(system)}"
                )
            time.sleep(POLL_SECONDS)

    def _log(self, system: str) -> Path:
        return self.folder / f"{system}.log"

    def _last_words(self, system: str) -> str:
        lines = self._log(system).read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def _write_record(self) -> None:
        systems = {
            s: {"port": self._ports[s], "pid": pid, "url": self.urls[s]} for s, pid in self.pids.items()
        }
        partial = self.record.with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps({"systems": systems}, indent=2), encoding="utf-8")
        partial.replace(self.record)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self.start)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)


def _recorded_ports(record: Path) -> dict[str, int]:
    """The ports of the last start, none when there was none or its record cannot be read."""
    try:
        systems: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))["systems"]
        return {system: int(entry["port"]) for system, entry in systems.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _answers(system: str, port: int) -> bool:
    """Whether that stand-in, and no other, speaks HTTP there; a switched-off one has started all the same."""
    connection = http.client.HTTPConnection(HOST, port, timeout=1)
    try:
        connection.request("GET", "/health")
        return bool(json.loads(connection.getresponse().read()).get("system") == system)
    except (OSError, http.client.HTTPException, ValueError, AttributeError):
        return False
    finally:
        connection.close()


def _close_input(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
