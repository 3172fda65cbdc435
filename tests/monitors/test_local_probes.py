"""Folders, plugins and databases of this machine: bounded, named, and nothing left behind."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cutover.core.errors import Invalid
from monitors.asking import Asking
from monitors.domain.check import Reason, Result, Status
from monitors.session import NoSecrets, open_session
from tests.monitors.test_net_probes import declared

NOW = datetime.now(UTC)


class Secrets(NoSecrets):
    """Holds a few, and masks them."""

    def __init__(self, **values: str) -> None:
        self.values = values

    def __call__(self, name: str, /) -> str:
        if name not in self.values:
            raise Invalid(f"there is no secret '{name}'")
        return self.values[name]

    def mask(self, text: str, /) -> str:
        for value in self.values.values():
            text = text.replace(value, "***")
        return text


def ask(home: Path, check: Any, at: datetime = NOW, **secrets: str) -> Result:
    async def run() -> Result:
        async with open_session(Secrets(**secrets), home) as session:
            return await Asking(dict, {}).ask(session, check, at)

    return asyncio.run(run())


def test_a_folder_that_fills_up_and_an_export_that_stopped_are_seen(tmp_path: Path) -> None:
    for i in range(3):
        (tmp_path / f"f{i}.xml").write_text("x")
    (tmp_path / "other.txt").write_text("x")
    check = declared("files", folder=".", pattern="*.xml", count={"critical_above": 2})
    assert ask(tmp_path, check).detail == "the number of files is 3, above 2"
    stopped = declared("files", folder=".", pattern="*.xml", newest="1h")
    assert ask(tmp_path, stopped, NOW + timedelta(hours=2)).status is Status.CRITICAL


def test_a_folder_that_is_not_there_is_unknown_and_never_empty(tmp_path: Path) -> None:
    found = ask(tmp_path, declared("files", folder="gone"))
    assert (found.status, found.reason) == (Status.UNKNOWN, Reason.ERROR)


def script(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def test_a_plugin_gets_its_secret_and_never_shows_it(tmp_path: Path) -> None:
    text = "import os; print('token', os.environ['TOKEN'], '| used=5%'); raise SystemExit(1)"
    check = declared("command", command=script(text), secrets={"TOKEN": "api"})
    found = ask(tmp_path, check, api="sesame-open")
    assert (found.status, found.detail) == (Status.WARNING, "token ***")
    assert [(f.name, f.value) for f in found.figures] == [("used", 5)]


def test_a_plugin_that_does_not_end_is_ended_with_what_it_started(tmp_path: Path) -> None:
    text = "import subprocess, sys, time; p = subprocess.Popen(['sleep', '60']); open('pid', 'w').write(str(p.pid)); time.sleep(60)"
    found = ask(tmp_path, declared("command", command=script(text), timeout=0.8))
    assert (found.status, found.detail) == (Status.UNKNOWN, "it did not end within 0.8 s")
    status = Path(f"/proc/{(tmp_path / 'pid').read_text()}/stat")
    assert not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize(
    ("command", "says"),
    [(["/no/such/plugin"], "no such file"), (script("print('x' * 10_000_000)"), "x" * 500)],
)
def test_a_plugin_that_is_missing_or_talks_too_much_is_bounded(
    tmp_path: Path, command: list[str], says: str
) -> None:
    assert says in ask(tmp_path, declared("command", command=command)).detail


def test_a_secret_that_is_missing_is_named(tmp_path: Path) -> None:
    found = ask(tmp_path, declared("command", command=["true"], secrets={"T": "api"}))
    assert (found.reason, found.detail) == (Reason.ERROR, "there is no secret 'api'")


def test_a_query_gives_its_first_value_and_cannot_write(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE queue (n INTEGER)")
        db.execute("INSERT INTO queue VALUES (12)")
    db.close()
    url = f"sqlite:///{path}"
    check = declared("sql", database="db", query="SELECT n FROM queue", limits={"critical_above": 10})
    assert ask(tmp_path, check, db=url).detail == "value is 12, above 10"
    writing = declared("sql", database="db", query="DELETE FROM queue")
    assert "readonly" in ask(tmp_path, writing, db=url).detail
    wrong = declared("sql", database="db", query="SELECT n FROM gone")
    assert ask(tmp_path, wrong, db=url).reason is Reason.ERROR


def test_a_database_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    found = ask(
        tmp_path, declared("sql", database="db", query="SELECT 1"), db=f"sqlite:///{tmp_path}/gone.db"
    )
    assert (found.status, list(tmp_path.iterdir())) == (Status.UNKNOWN, [])


@pytest.mark.parametrize("url", ["nonsense", "oracle+nothing://h/d", "sqlite+strange:///x"])
def test_a_secret_that_opens_no_database_is_named_and_not_shown(tmp_path: Path, url: str) -> None:
    found = ask(tmp_path, declared("sql", database="db", query="SELECT 1"), db=url)
    assert (found.status, url in found.detail) == (Status.UNKNOWN, False)


@pytest.mark.real
def test_a_postgresql_is_asked_read_only_and_one_that_hangs_is_stopped(
    tmp_path: Path, postgres_server: str
) -> None:
    check = declared("sql", database="db", query="SELECT 41 + 1", expect="42")
    assert ask(tmp_path, check, db=postgres_server).status is Status.OK
    writing = declared("sql", database="db", query="CREATE TABLE never (n int)")
    assert "read-only transaction" in ask(tmp_path, writing, db=postgres_server).detail
    hanging = declared("sql", database="db", query="SELECT pg_sleep(60)", timeout=0.3)
    found = ask(tmp_path, hanging, db=postgres_server)
    assert (found.status, found.detail) == (Status.CRITICAL, "no answer within 0.3 s")


@pytest.mark.real
def test_a_postgresql_that_is_away_is_critical_and_its_password_is_not_shown(tmp_path: Path) -> None:
    url = "postgresql://watch:sesame-open@127.0.0.1:1/db"
    found = ask(tmp_path, declared("sql", database="db", query="SELECT 1"), db=url)
    assert (found.status, "sesame" in found.detail) == (Status.CRITICAL, False)
