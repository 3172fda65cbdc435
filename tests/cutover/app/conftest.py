"""A small programme folder on disk and its world, opened for real; the clock stands at the opening of the window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cutover.app.bootstrap import World, build_world
from cutover.app.settings import Settings
from cutover.store.clock_file import ScaledPace
from tests.conftest import START
from tests.runbooks.folders import write_programme

CONTRACT = """\
id: crimes
title: Every crime
entity: crime
source: {path: old.csv}
target: {path: new.csv}
key: crime_id
columns: {crime_id: text, status: text}
state: status
"""
CHECK = """\
checks:
  - {kind: http, id: records-answer, title: Records answer, component: records, owner: asha, system: new_records,
     interval: 5m, retry_interval: 1m, stale_after: 20m}
"""
FORM = """\
id: crime
title: Crime report
prefix: CR
version: 1
passes: 1
minutes: 25
fields:
  - {name: offence, label: What happened, required: true}
"""
PARTNERS = "partners:\n  - {id: prosecutor, title: Crown prosecutor, channel: file, address: prosecutor}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_small(tmp_path / "small")


def write_small(folder: Path) -> Path:
    """Programme, runbook, contract with both registers, one check, one form."""
    place = write_programme(folder)
    with (place / "programme.yaml").open("a", encoding="utf-8") as programme:
        programme.write(PARTNERS)
    for name, file, text in (
        ("reconciliation", "crimes.yaml", CONTRACT),
        ("monitors", "systems.yaml", CHECK),
        ("forms", "crime.yaml", FORM),
    ):
        (place / name).mkdir()
        (place / name / file).write_text(text, encoding="utf-8")
    for name in ("old.csv", "new.csv"):
        (place / name).write_text("crime_id,status\nC1,open\nC2,under_review\n", encoding="utf-8")
    return place


@pytest.fixture
def world(folder: Path) -> Iterator[World]:
    (folder / "state").mkdir()
    pace = ScaledPace(folder / "state" / "clock.json", START, float("inf"))
    world = build_world(folder, pace=pace, settings=Settings())
    yield world
    world.engine.dispose()
