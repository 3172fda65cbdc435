"""Servers of our own that are killed and come back: a PostgreSQL in a temporary folder, processes under supervision."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.real_parts import require_real

PATIENCE = 60.0
AGAIN = 1.0  # seconds between two starts: one that cannot start must not use up the machine


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(there: Callable[[], bool], patience: float = 120.0) -> float:
    """Wait until something is so; how long it took."""
    began = time.monotonic()
    while not there():
        assert time.monotonic() - began < patience, "it did not come"
        time.sleep(0.05)
    return time.monotonic() - began


def owned(folder: Path) -> dict[str, Any]:
    """How a program is run in a folder: PostgreSQL refuses to run as root, another user owns the folder then."""
    if os.geteuid() != 0:
        return {"cwd": folder}
    user = _unprivileged()
    shutil.chown(folder, user)
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": [], "cwd": folder}


def make_cluster(programs: Path, folder: Path, as_owner: Mapping[str, Any]) -> None:
    """An empty PostgreSQL in `folder`/db."""
    how = ["-A", "trust", "-U", "cutover", "-E", "UTF8", "--locale=C", "--no-sync"]
    subprocess.run(
        [programs / "initdb", "-D", folder / "db", *how], check=True, capture_output=True, **as_owner
    )


def _unprivileged() -> str:
    return "postgres" if "postgres" in {user.pw_name for user in pwd.getpwall()} else "nobody"


class Postgres:
    """One cluster in a folder of its own, listening on TCP; killed with -9 as a machine that lost its power."""

    def __init__(
        self, host: str = "127.0.0.1", *, inside: Sequence[str] = (), trust: str = "127.0.0.1/32"
    ) -> None:
        self.programs = require_real("postgresql").parent
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self.host, self.port = host, free_port()
        self._inside = tuple(inside)  # a prefix of the command, as `ip netns exec NAME`
        self._as_owner = owned(self.folder)
        self._server: subprocess.Popen[bytes] | None = None
        make_cluster(self.programs, self.folder, self._as_owner)
        with (self.folder / "db" / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {trust} trust\n")

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://cutover@{self.host}:{self.port}/{database}"

    def start(self) -> None:
        """Returns when it answers; after a kill that is when it has recovered."""
        options = {
            "listen_addresses": self.host, "port": self.port, "unix_socket_directories": self.folder,
            "max_connections": 100,
        }  # fmt: skip
        spelt = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        deadline = time.monotonic() + PATIENCE
        command = [
            *self._inside,
            *self._demoted(),
            self.programs / "postgres",
            "-D",
            self.folder / "db",
            *spelt,
        ]
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True, cwd=self.folder
            )
        while not self._answers():
            if time.monotonic() > deadline:
                raise AssertionError((self.folder / "log").read_text()[-2000:])
            if self._server.poll() is not None:  # a child of the killed one was still there
                return self.start()
            time.sleep(0.05)
        return None

    def kill(self) -> None:
        """The server and all of its sessions, at once."""
        assert self._server is not None
        os.killpg(self._server.pid, signal.SIGKILL)
        self._server.wait()
        (self.folder / "db" / "postmaster.pid").unlink(missing_ok=True)

    def end(self) -> None:
        if self._server is not None and self._server.poll() is None:
            os.killpg(self._server.pid, signal.SIGKILL)
            self._server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def create(self, database: str) -> str:
        """A new database's URL."""
        where = f"-h {self.host} -p {self.port} -U cutover".split()
        script = [*self._inside, self.programs / "createdb", *where, database]
        subprocess.run(script, check=True, capture_output=True)
        return self.url(database)

    def _answers(self) -> bool:
        ask = [self.programs / "pg_isready", "-q", "-h", self.host, "-p", str(self.port), "-t", "1"]
        return subprocess.run([*self._inside, *ask], capture_output=True, check=False).returncode == 0

    def _demoted(self) -> list[str]:
        if os.geteuid() != 0:
            return []
        owner = pwd.getpwnam(_unprivileged())
        return ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]


class Process:
    """One process that is started again whenever it has died; what it says goes to a file."""

    def __init__(self, name: str, command: Sequence[object], env: Mapping[str, str], place: Path) -> None:
        self.name, self.command, self.env = name, [str(word) for word in command], dict(env)
        self.log = place / f"{name}.log"
        self.starts = 0
        self._begun = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def code(self) -> int | None:
        return self._process.poll() if self._process else None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def start(self) -> None:
        self._close()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=self.env,
                start_new_session=True,
            )
        self.starts += 1
        self._begun = time.monotonic()

    def tend(self) -> None:
        """Start it again when it has died; one that ended well has done its work."""
        ended = self._process is None or self.code not in (None, 0)
        if ended and time.monotonic() - self._begun > AGAIN:
            self.start()

    def kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._close()

    def _close(self) -> None:
        """Let go of its input: a server of ours ends when that does."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def end(self, patience: float = 5.0) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(patience)
            except subprocess.TimeoutExpired:
                self.kill()
        self._close()
