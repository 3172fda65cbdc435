"""The how-to on targets, done as it says: each of its four targets takes real records by its own commands."""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import cast

import httpx
import pytest

from cutover.app.bootstrap import build_world
from cutover.core.clock import FixedClock
from cutover.range.processes import RangeProcesses
from tests.contingency.world import SCENARIO
from tests.contingency.world import World as Paper
from tests.docs.pages import DOCS, blocks

pytestmark = pytest.mark.real
PAGE = DOCS / "how-to" / "choose-a-target.md"
SHEETS = 3


def quoted(language: str, having: str = "") -> str:
    (text, *_) = [b.text for b in blocks(language) if b.page == PAGE and having in b.text]
    return text


def programme_with(place: Path, declared: str, url: str = "http://127.0.0.1:1") -> Path:
    """The example with this target and verified sheets."""
    folder = place / "my-go-live"
    shutil.copytree(SCENARIO, folder, ignore=shutil.ignore_patterns("state"))
    (folder / "contingency" / "target.yaml").write_text(declared, encoding="utf-8")
    lines = (folder / "programme.yaml").read_text(encoding="utf-8").splitlines()
    told = [f"  new_records: {url}" if line.startswith("  new_records:") else line for line in lines]
    (folder / "programme.yaml").write_text("\n".join(told) + "\n", encoding="utf-8")
    world = build_world(folder)
    try:
        Paper(world.desk, cast("FixedClock", world.clock), world.folder.plays, world.paper).verified(SHEETS)
    finally:
        world.engine.dispose()
    return folder


def as_the_page_says(place: Path, **environment: str) -> None:
    """Its commands, one after another; each must end well."""
    for line in quoted("sh", "convert run").splitlines():
        words = shlex.split(line)[1:]
        command = [sys.executable, "-c", "from cutover.main import main; main()", *words]
        done = subprocess.run(
            command,
            cwd=place,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"


def test_a_service_over_http(tmp_path: Path) -> None:
    with RangeProcesses(tmp_path / "range", systems=["new_records"], crimes=0) as there:
        programme_with(
            tmp_path, quoted("yaml", "kind: http\n  system: new_records  "), there.urls["new_records"]
        )
        as_the_page_says(tmp_path)
        assert len(httpx.get(f"{there.urls['new_records']}/records").json()["records"]) == SHEETS


def test_a_table_of_another_database(tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "crimes.db")
    database.execute(quoted("sql"))
    database.commit()
    programme_with(tmp_path, quoted("yaml", "kind: sql"))
    as_the_page_says(tmp_path, CUTOVER_SECRET_CRIMES_DB=f"sqlite:///{tmp_path / 'crimes.db'}")
    assert database.execute("SELECT count(*), max(offence) FROM crimes").fetchone() == (SHEETS, "BURGLARY")
    database.close()


def test_files_in_a_folder(tmp_path: Path) -> None:
    folder = programme_with(tmp_path, quoted("yaml", "kind: files"))
    as_the_page_says(tmp_path)
    assert len(list((folder / "outgoing").glob("*.json"))) == SHEETS


def test_an_adapter_of_your_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    about = site / "case_log-1.0.dist-info"
    about.mkdir(parents=True)
    (site / "case_log.py").write_text(quoted("python", "class CaseLog"), encoding="utf-8")
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: case_log\nVersion: 1.0\n", encoding="utf-8")
    declares = quoted("toml", "case_log").replace(
        '[project.entry-points."cutover.targets"]', "[cutover.targets]"
    )
    (about / "entry_points.txt").write_text(declares.replace('"', ""), encoding="utf-8")
    monkeypatch.syspath_prepend(site)
    folder = programme_with(tmp_path, quoted("yaml", "kind: case_log"))
    as_the_page_says(tmp_path, PYTHONPATH=str(site))
    assert len((folder / "cases.jsonl").read_text(encoding="utf-8").splitlines()) == SHEETS
