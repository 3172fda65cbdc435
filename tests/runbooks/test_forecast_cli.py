"""`cutover runbook forecast` and `plan`: the headline, both figures, the way back, what drives the end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cutover.app.programme_folder import ProgrammeFolder
from runbooks.plan_cli import plan_commands

PROGRAMME = """
title: Records
zone: Europe/London
window: {opens: 2026-10-23T22:00, closes: 2026-10-26T21:00, backout: 9h}
teams: [{id: ops, title: Operations}]
"""
BOOK = """
id: launch
title: Launch
tasks:
  - {id: freeze, title: Freeze, team: ops, duration: 1h, undo_duration: 30m, rollback: unfreeze}
  - {id: load, title: Load, team: ops, after: freeze, duration: 10h, undo_duration: 2h, rollback: drop}
  - {id: count, title: Count, team: ops, after: freeze, duration: 5h}
  - {id: gate, title: Go, type: approval, after: "load, count", duration: 1h, point_of_no_return: true, gate: {deciders: [asha]}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "programme.yaml").write_text(PROGRAMME, encoding="utf-8")
    (tmp_path / "runbooks" / "launch.yaml").write_text(BOOK, encoding="utf-8")
    return tmp_path


def ask(folder: Path, *words: str) -> None:
    plan_commands(ProgrammeFolder)([*words, "--programme", str(folder)], result_action="return_value")


def test_all_of_it_is_in_the_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask(folder, "forecast", "--json", "--samples", "500")
    found = json.loads(capsys.readouterr().out)
    assert found["capacity_aware"] is True
    assert found["redispatched"]["samples"] > 0
    assert found["p50"] < found["p80"] < found["p95"]
    assert found["backout"]["planned"] is True
    assert found["backout"]["gate"] == "gate"
    assert 0 <= found["backout"]["overrun"] <= 1
    assert found["criticality"]["load"] == found["criticality"]["count"] == 1
    assert {d["kind"] for d in found["drivers"]} == {"task", "programme", "team"}
    assert [c["programme"] for c in found["correlation"]] == [0.0, 0.2, 0.3]
    assert found["calibration"]["runs"] == 0
    assert found["distribution"] == "pert"


def test_the_headline_reads_in_sentences(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask(folder, "forecast", "--samples", "500")
    text = capsys.readouterr().out
    assert "teams dispatched anew in each of " in text
    assert "or less with a chance of 95%, by the backout plan)" in text
    assert "chance that the gate gate and the way back from it pass the window: 0.0%" in text
    assert "driver: load Load: " in text
    assert "(critical in 100% of samples)" in text
    assert "if tasks varied together not at all: " in text
    assert "calibration: no past run had a forecast and an end" in text


def test_the_second_figure_can_be_left_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask(folder, "forecast", "--refine", "0", "--samples", "50")
    assert "(the second figure was left out)" in capsys.readouterr().out


def test_the_plan_shows_criticality_and_what_doubts_make_of_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask(folder, "plan")
    text = capsys.readouterr().out
    assert "with its teams and doubts it ends by " in text
    assert "100%" in text
    ask(folder, "plan", "--json")
    assert json.loads(capsys.readouterr().out)["forecast"]["criticality"]["load"] == 1
