"""`cutover runbook learn`: from the rehearsals in the journal to the estimates in the plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cutover.app.programme_folder import ProgrammeFolder
from cutover.core.errors import Refused
from runbooks.domain.run_events import ClaimTask, FinishTask
from runbooks.formats.files import read_runbook
from runbooks.plan_cli import plan_commands
from tests.runbooks.conftest import Room
from tests.runbooks.folders import PROGRAMME, write_programme
from tests.runbooks.plans import HOUR

RUNBOOK = """\
id: small
title: A small plan
tasks:
  - {id: A, title: Freeze, duration: 1h}
  - {id: B, title: Load, after: A, duration: 4h}
"""


def learn(room: Room, folder: Path, *tokens: str) -> int:
    app = plan_commands(ProgrammeFolder, lambda _: room.service)
    words: Any = ["learn", *tokens, "--programme", str(folder)]
    return app(words, exit_on_error=False, print_error=False, result_action="return_value") or 0


def rehearse(room: Room, folder: Path, hours: float) -> None:
    book = read_runbook(folder / "runbooks" / "small.yaml")
    run = room.service.start(book, by="asha", opens=room.pace.now(), closes=room.pace.now() + 72 * HOUR)
    for name, takes in (("A", 1.0), ("B", hours)):
        room.service.ask(run, ClaimTask(by="bo", task=name))
        room.pace.set(room.pace.now() + takes * HOUR)
        room.service.ask(run, FinishTask(by="bo", task=name))


def test_without_a_complete_rehearsal_there_is_nothing_to_learn(room: Room, tmp_path: Path) -> None:
    folder = write_programme(tmp_path / "p", RUNBOOK, PROGRAMME)
    with pytest.raises(Refused, match="no rehearsal of small was worked to its end"):
        learn(room, folder)


def test_what_was_off_its_plan_is_shown_and_only_on_demand_written(
    room: Room, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_programme(tmp_path / "p", RUNBOOK, PROGRAMME)
    file = folder / "runbooks" / "small.yaml"
    rehearse(room, folder, 6)
    rehearse(room, folder, 5)
    assert learn(room, folder, "small") == 1
    said = capsys.readouterr().out
    assert "small: 2 complete rehearsals, 2 tasks worked, 1 need revision" in said
    assert "+38%" in said
    assert file.read_text(encoding="utf-8") == RUNBOOK
    assert learn(room, folder, "--accept", "--json") == 0
    (load,) = json.loads(capsys.readouterr().out)
    assert (load["task"], load["worked"], load["variance"]) == ("B", ["PT6H", "PT5H"], 0.375)
    wiser = read_runbook(file).by_id()
    assert wiser["A"].estimate is None
    assert wiser["B"].estimate is not None
    assert wiser["B"].duration == wiser["B"].estimate.likely > 4 * HOUR


def test_every_task_rehearsed_is_shown_when_asked_for(
    room: Room, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_programme(tmp_path / "p", RUNBOOK, PROGRAMME)
    rehearse(room, folder, 4)
    assert learn(room, folder, "--json") == 0
    assert json.loads(capsys.readouterr().out) == []
    assert learn(room, folder, "--all", "--json") == 0
    assert [one["task"] for one in json.loads(capsys.readouterr().out)] == ["A", "B"]
