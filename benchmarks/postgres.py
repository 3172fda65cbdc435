"""A PostgreSQL of our own on a unix socket that can be killed with -9 and started again on the same files. Full fsync."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.real_parts import real_parts


class OwnPostgres:
    """`url` names its one database; it is made at the first start."""

    def __init__(self, name: Path) -> None:
        del name
        program = real_parts()["postgresql"].program()
        assert program is not None, "PostgreSQL is not installed"
        self.programs = program.parent
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self.process: subprocess.Popen[bytes] | None = None
        self._as: dict[str, Any] = {"cwd": self.folder}
        if os.geteuid() == 0:
            owner = "postgres" if any(u.pw_name == "postgres" for u in pwd.getpwall()) else "nobody"
            shutil.chown(self.folder, owner)
            self._as |= {"user": owner, "group": pwd.getpwnam(owner).pw_gid, "extra_groups": []}

    @property
    def url(self) -> str:
        return f"postgresql://cutover@/postgres?host={self.folder}"

    def start(self) -> None:
        data = self.folder / "db"
        if not data.exists():
            init = [
                self.programs / "initdb",
                "-D",
                data,
                "-A",
                "trust",
                "-U",
                "cutover",
                "-E",
                "UTF8",
                "--locale=C",
            ]
            subprocess.run(init, check=True, capture_output=True, **self._as)
        options = [
            "-c",
            "listen_addresses=",
            "-c",
            f"unix_socket_directories={self.folder}",
            "-c",
            "max_connections=60",
        ]
        deadline = time.monotonic() + 120
        while True:
            with (self.folder / "log").open("ab") as log:
                self.process = subprocess.Popen(
                    [self.programs / "postgres", "-D", data, *options], stdout=log, stderr=log, **self._as
                )
            if self._answers(deadline):
                return
            if time.monotonic() > deadline:
                raise SystemExit((self.folder / "log").read_text()[-2000:])
            time.sleep(0.2)  # the children of the killed one have not all gone

    def kill(self) -> None:
        """As the kernel would: the postmaster is gone, its children notice."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _answers(self, deadline: float) -> bool:
        assert self.process is not None
        while self.process.poll() is None and time.monotonic() < deadline:
            ready = [self.programs / "pg_isready", "-h", self.folder, "-d", "postgres", "-t", "1"]
            if subprocess.run(ready, capture_output=True, check=False).returncode == 0:
                return True
            time.sleep(0.1)
        return False
