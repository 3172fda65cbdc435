"""`cutover runbook impact`: what an edit would do, shown before it is accepted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cutover.core.errors import Invalid, Refused
from runbooks.formats.files import read_runbook
from tests.runbooks.folders import write_programme
from tests.runbooks.test_plan_cli import ask

PROGRAMME = """\
title: A small change
zone: Europe/London
window: {opens: 2026-10-23T22:00, closes: 2026-10-24T08:00}
teams: [{id: data, title: Data, capacity: 1}]
"""
RUNBOOK = """\
id: small
title: A small plan
tasks:
  - {id: A, title: Freeze, team: data, duration: 1h}
  - {id: B, title: Load, team: data, after: A, duration: 3h}
  - {id: C, title: Count, team: data, after: A, duration: 4h, deadline: 2026-10-24T06:30}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_programme(tmp_path, RUNBOOK, PROGRAMME)


def test_an_edit_that_misses_nothing_shows_what_moves_and_writes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (folder / "runbooks" / "small.yaml").read_text(encoding="utf-8")
    assert ask("impact", "small", "--set", "C.duration=4h30m", programme=folder) == 0
    said = capsys.readouterr().out
    assert "ends Sat 24 Oct 03:30 BST, 30m later than Sat 24 Oct 03:00 BST" in said
    assert "with the teams as they are Sat 24 Oct 06:30 BST, 30m later" in said
    assert "that is 1h 30m before the window closes" in said
    assert "1 tasks move" in said
    assert (folder / "runbooks" / "small.yaml").read_text(encoding="utf-8") == before


def test_the_window_missed_because_the_team_does_one_thing_at_a_time_is_a_no(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask("impact", "--set", "B.duration=5h30m", programme=folder) == 1
    assert "AFTER the window closes: newly missed" in capsys.readouterr().out


def test_a_deadline_newly_missed_is_a_no_and_all_of_it_is_there_in_json(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask("impact", "--set", "C.duration=8h", "--set", "B.duration=1h", "--json", programme=folder) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["deadlines_newly_missed"] == ["C"]
    assert said["finish"] == {"before": "2026-10-24T02:00:00Z", "after": "2026-10-24T06:00:00Z"}
    assert said["margin"] == {"before": "PT5H", "after": "PT1H"}
    assert [m["task"] for m in said["moved"]] == ["B", "C"]
    assert said["window_newly_missed"] is False


def test_an_edit_is_accepted_only_on_demand_and_when_it_misses_something_only_anyway(folder: Path) -> None:
    file = folder / "runbooks" / "small.yaml"
    words = ("impact", "--set", "C.duration=8h", "--accept")
    with pytest.raises(Refused, match="--anyway"):
        ask(*words, programme=folder)
    assert read_runbook(file).by_id()["C"].duration == read_runbook(file).by_id()["A"].duration * 4
    assert ask(*words, "--anyway", programme=folder) == 1
    assert read_runbook(file).by_id()["C"].duration == read_runbook(file).by_id()["A"].duration * 8


def test_an_accepted_edit_stands_in_the_file_the_runbook_came_from(folder: Path) -> None:
    (folder / "runbooks" / "small.yaml").rename(folder / "runbooks" / "other.yaml")
    ask("impact", "--add", "D", "--set", "D.after=C", "--remove", "B", "--accept", programme=folder)
    assert [task.id for task in read_runbook(folder / "runbooks" / "other.yaml").tasks] == ["A", "C", "D"]
    assert not (folder / "runbooks" / "small.yaml").exists()


def test_a_plan_to_import_again_shows_its_impact(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = folder / "again.csv"
    sheet.write_text("ID,Task,Depends On,Duration\nA,Freeze,,1h\nB,Load,A,5h\n", encoding="utf-8")
    assert ask("impact", "--file", sheet, programme=folder) == 0
    said = capsys.readouterr().out
    assert "ends Sat 24 Oct 04:00 BST, 1h later" in said
    assert "now critical: B" in said


def test_an_edit_that_nobody_can_do_is_a_no(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("impact", "--set", "B.units=2", programme=folder) == 1
    assert "nobody can do it: " in capsys.readouterr().out


@pytest.mark.parametrize("words", [(), ("--set", "A.duration=2h", "--file", "x.csv")])
def test_one_edit_is_asked_for_at_a_time(folder: Path, words: tuple[str, ...]) -> None:
    with pytest.raises(Invalid, match="expected --set, --add or --remove, or else --file"):
        ask("impact", *words, programme=folder)
