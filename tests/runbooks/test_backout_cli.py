"""`cutover runbook backout`: the way back is written once, then belongs to people, and takes over what changes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cutover.app.programme_folder import ProgrammeFolder
from cutover.core.errors import Invalid, Refused
from runbooks.formats.files import read_runbook
from tests.runbooks.folders import write_programme
from tests.runbooks.test_plan_cli import ask

RUNBOOK = """\
# The plan of Saturday night.
id: small
title: A small plan   # as agreed
tasks:
  - {id: A, title: Freeze, duration: 1h, rollback: Unfreeze}
  - {id: B, title: Load, after: A, duration: 3h, rollback: Empty the tables, undo_duration: 30m}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_programme(tmp_path, RUNBOOK)


def test_the_way_back_is_written_and_named_in_the_plan_whose_comments_stay(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask("backout", "small", programme=folder) == 0
    said = capsys.readouterr().out
    assert "small-backout: 3 tasks, 1h 45m if all of the plan is to be undone" in said
    assert "note: 1 of 3 lengths are guessed" in said
    place = ProgrammeFolder(folder)
    assert place.problems() == []
    assert [t.id for t in place.runbooks["small-backout"].tasks] == ["undo-B", "undo-A", "confirm-back"]
    assert place.runbook().backout == "small-backout"
    assert (folder / "runbooks" / "small.yaml").read_text(encoding="utf-8") == RUNBOOK.replace(
        "title: A small", "backout: small-backout\ntitle: A small", 1
    )


def test_made_again_nothing_changes_and_what_people_edited_stays(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask("backout", programme=folder)
    way = folder / "runbooks" / "small-backout.yaml"
    way.write_text(way.read_text(encoding="utf-8").replace("30m", "45m"), encoding="utf-8")
    capsys.readouterr()
    before = way.read_text(encoding="utf-8")
    assert ask("backout", programme=folder) == 0
    assert "nothing changed in the plan that it has not taken over" in capsys.readouterr().out
    assert way.read_text(encoding="utf-8") == before


def test_a_change_of_the_plan_is_shown_first_and_taken_over_on_demand(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask("backout", programme=folder)
    plan, way = folder / "runbooks" / "small.yaml", folder / "runbooks" / "small-backout.yaml"
    plan.write_text(
        plan.read_text(encoding="utf-8").replace("Unfreeze", "Thaw")
        + "  - {id: C, title: Open, after: B, rollback: Close}\n",
        encoding="utf-8",
    )
    before = way.read_text(encoding="utf-8")
    capsys.readouterr()
    assert ask("backout", programme=folder) == 1
    said = capsys.readouterr().out
    assert "  new: undo-C" in said
    assert "  undo-A.title: Unfreeze -> Thaw" in said
    assert "made of the plan" not in said
    assert way.read_text(encoding="utf-8") == before
    assert ask("backout", "--accept", "--json", programme=folder) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["added"], told["removed"], told["written"]) == (["undo-C"], [], True)
    assert {"task": "undo-B", "field": "after", "before": "", "after": "undo-C"} in told["changes"]
    assert read_runbook(way).by_id()["undo-A"].title == "Thaw"


def test_a_plan_that_is_one_json_object_gets_its_way_back_too(folder: Path) -> None:
    file = folder / "runbooks" / "small.yaml"
    tasks = [{"id": "A", "title": "Freeze", "rollback": "Unfreeze"}]
    file.write_text(json.dumps({"id": "small", "title": "Small", "tasks": tasks}), encoding="utf-8")
    assert ask("backout", programme=folder) == 0
    assert read_runbook(file).backout == "small-backout"
    assert [p.name for p in sorted((folder / "runbooks").iterdir())] == ["small-backout.yaml", "small.yaml"]


def test_what_cannot_have_a_way_back_is_refused(folder: Path) -> None:
    ask("backout", programme=folder)
    with pytest.raises(Invalid, match="'small-backout' is a way back itself"):
        ask("backout", "small-backout", programme=folder)
    (folder / "runbooks" / "other.yaml").write_text(
        "id: other\ntitle: Other\ntasks: [{id: A, title: Look}]\n", encoding="utf-8"
    )
    with pytest.raises(Refused, match="no task of other says how it is undone"):
        ask("backout", "other", programme=folder)


def test_a_runbook_that_undoes_nothing_is_not_written_over(folder: Path) -> None:
    (folder / "runbooks" / "small-backout.yaml").write_text(
        "id: small-backout\ntitle: Other\ntasks: [{id: A, title: Look}]\n", encoding="utf-8"
    )
    with pytest.raises(Refused, match="'small-backout' exists and undoes nothing"):
        ask("backout", "small", programme=folder)
