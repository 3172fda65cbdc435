"""A programme with thousands of verified sheets, its target and its workers as real processes: what the proofs kill."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from cutover.app.bootstrap import World, build_world
from cutover.app.settings import Settings
from cutover.core.errors import Unavailable
from paper_capture.domain.moves import Entry, Grade, Person, UsedSheet

SCENARIO = Path(__file__).parents[1] / "examples" / "seventy_two_hours"
PART = 1_000
LETTERS = "abcdefghijklmnopqrstuvwxyz"
TARGET = "target: {patience: 1s, at_once: 8}\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_programme(folder: Path, url: str) -> Path:
    """The scenario's programme, with the target at `url`."""
    shutil.copytree(SCENARIO, folder, ignore=shutil.ignore_patterns("state"))
    text = (folder / "programme.yaml").read_text()
    named, count = re.subn(r"(?m)^  new_records: .*$", f"  new_records: {url}", text)
    assert count == 1
    (folder / "programme.yaml").write_text(named)
    (folder / "contingency" / "target.yaml").write_text(TARGET)
    return folder


def open_at(folder: Path, database: str) -> World:
    return build_world(folder, settings=Settings(database_url=database))


def fill(world: World, records: int) -> None:
    """So many crimes written down, a minute apart, returned and keyed until they are verified."""
    now = datetime.now(UTC) - timedelta(minutes=records + 60)
    passes = world.folder.forms["crime"].passes
    for first in range(0, records, PART):
        count = min(PART, records - first)
        serials = world.paper.issue(station="central", form_type="crime", count=count, by="bo")
        sheets = [
            sheet(serial, first + i, now + timedelta(minutes=first + i)) for i, serial in enumerate(serials)
        ]
        world.paper.log_used(sheets, by="bo")
        world.paper.return_sheets(serials, by="bo")
        for number, keyer in zip(range(1, passes + 1), ("kim", "lou"), strict=False):
            world.paper.enter(
                [
                    Entry(serial=s.serial, pass_no=number, keyer=keyer, values=dict(s.values), minutes=4.0)
                    for s in sheets
                ]
            )


def sheet(serial: str, i: int, at: datetime) -> UsedSheet:
    values = {"reported_at": at.isoformat(), "offence": "burglary", "place": f"Mill Lane {i}"}
    return UsedSheet(
        serial=serial, station="central", writer="bo", occurred_at=at, written_at=at + timedelta(minutes=1),
        person=nobody_else(i), grade=Grade.STANDARD, values=values,
    )  # fmt: skip


def nobody_else(i: int) -> Person:
    """A person like no neighbour in time."""
    name = "".join(
        random.Random(i).choices(LETTERS, k=9)
    )  # equal names within an hour would be put to a person
    born = date(1930, 1, 1) + timedelta(days=i * 37 % 27_000)
    return Person(surname=name.title(), forename=name[::-1].title(), dob=born)


@dataclass
class Targets:
    """The target's process on one port and one file; killed and started again."""

    state: Path
    seed: int
    faults: dict[str, float]
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.state.mkdir(parents=True, exist_ok=True)
        self.starts += 1
        shares = [part for name, share in self.faults.items() for part in (f"--{name}", str(share))]
        command = [
            sys.executable, "-m", "benchmarks.faulty_records", "--port", str(self.port), "--state", str(self.state),
            "--seed", str(self.seed + self.starts), *shares,
        ]  # fmt: skip
        with (self.state / "target.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not listens(self.port):
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise Unavailable(
                    f"the target did not start: {(self.state / 'target.log').read_text()[-500:]}"
                )
            time.sleep(0.05)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def rows(self) -> list[tuple[str, str]]:
        """Serial and key of every record it holds, read from its file."""
        db = sqlite3.connect(f"file:{self.state / 'new_records.db'}?mode=ro", uri=True)
        try:
            return db.execute("SELECT serial, key FROM records").fetchall()
        finally:
            db.close()

    def count(self) -> int:
        return self.ask("SELECT count(*) FROM records")

    def asked(self) -> int:
        """How many POSTs reached its work, first and repeated."""
        return self.ask("SELECT coalesce(sum(requests), 0) FROM effects")

    def ask(self, query: str) -> Any:
        db = sqlite3.connect(f"file:{self.state / 'new_records.db'}?mode=ro", uri=True)
        try:
            return db.execute(query).fetchone()[0]
        finally:
            db.close()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Worker:
    """`cutover convert run --stay` in a process of its own."""

    folder: Path
    database: str
    number: int
    batch: int = 200
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {**os.environ, "CUTOVER_DATABASE_URL": self.database}
        command = [
            sys.executable, "-c", "from cutover.main import main; main()", "convert", "run", "--by", "tova", "--stay",
            "--batch", str(self.batch), "--programme", str(self.folder),
        ]  # fmt: skip
        with (self.folder / f"worker-{self.number}.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def said(self) -> str:
        return (self.folder / f"worker-{self.number}.log").read_text(errors="replace")
