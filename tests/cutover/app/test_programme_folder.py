"""A folder of files is checked as one: every fault of every file, and names that nothing could answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.app.programme_folder import ProgrammeFolder
from cutover.core.errors import Invalid, NotFound
from tests.runbooks.folders import RUNBOOK


def messages(folder: Path) -> list[str]:
    return [str(problem).removeprefix(f"{folder}/") for problem in ProgrammeFolder(folder).problems()]


def change(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_folder_in_order_has_no_problems_and_gives_its_parts(folder: Path) -> None:
    programme = ProgrammeFolder(folder)
    assert programme.problems() == []
    assert list(programme.runbooks) == ["small"]
    assert programme.runbook().id == programme.runbook("small").id == "small"
    assert (list(programme.contracts), list(programme.forms)) == (["crimes"], ["crime"])
    assert programme.state.is_dir()
    assert programme.clock_file == programme.state / "clock.json"


def test_a_folder_that_is_none_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"no programme.yaml here; expected .*cutover init NAME"):
        _ = ProgrammeFolder(tmp_path).programme


def test_faults_of_several_files_are_all_named_with_their_lines(folder: Path) -> None:
    change(folder, "runbooks/small.yaml", "after: A,", "after: Ax,")
    (folder / "runbooks" / "other.yaml").write_text("id: other\ntitel: Another\n", encoding="utf-8")
    change(folder, "reconciliation/crimes.yaml", "key: crime_id", "key: crime_ids")
    found = "\n".join(messages(folder))
    assert "runbooks/other.yaml:2: titel" in found
    assert "did you mean 'title'?" in found
    assert "unknown task 'Ax'" in found
    assert "did you mean 'crime_id'" in found


def test_two_runbooks_of_one_name_are_a_fault(folder: Path) -> None:
    (folder / "runbooks" / "twin.yaml").write_text(RUNBOOK, encoding="utf-8")
    assert any("'small'" in message and "twin.yaml" in message for message in messages(folder))


@pytest.mark.parametrize(
    ("source", "near"),
    [("reconcile:crime", "crimes"), ("monitor:records-answers", "records-answer"), ("task:Ax", "")],
)
def test_a_criterion_that_nothing_could_answer_is_a_fault(folder: Path, source: str, near: str) -> None:
    change(folder, "runbooks/small.yaml", "person:chen", source)
    (message,) = messages(folder)
    assert f"nothing is named '{source.partition(':')[2]}'" in message
    assert near in message


def test_people_that_nobody_has_named_yet_are_told_and_no_fault(folder: Path) -> None:
    change(folder, "runbooks/small.yaml", "owner: asha", "owner: ashe")
    programme = ProgrammeFolder(folder)
    assert programme.problems() == []
    (unknown,) = programme.unknown_names()
    assert "ashe" in str(unknown)
    assert unknown.nearest == "asha"


def test_an_unknown_runbook_is_not_found_and_several_ask_for_a_name(folder: Path) -> None:
    with pytest.raises(NotFound, match="did you mean 'small'"):
        ProgrammeFolder(folder).runbook("smal")
    (folder / "runbooks" / "two.yaml").write_text(
        RUNBOOK.replace("id: small", "id: two", 1), encoding="utf-8"
    )
    with pytest.raises(Invalid, match="several runbooks"):
        ProgrammeFolder(folder).runbook()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("rehearsal:soon", "'rehearsal:soon' says no age"),
        ("rehearsal:30d:smal", "no runbook named 'smal'; did you mean 'small'"),
    ],
)
def test_a_rehearsal_rule_that_could_never_be_met_is_a_fault(folder: Path, source: str, said: str) -> None:
    change(folder, "runbooks/small.yaml", "person:chen", source)
    (message,) = messages(folder)
    assert said in message


@pytest.mark.parametrize("source", ["rehearsal:30d", "rehearsal:12h:small"])
def test_a_rehearsal_rule_is_an_answerable_criterion(folder: Path, source: str) -> None:
    change(folder, "runbooks/small.yaml", "person:chen", source)
    assert messages(folder) == []


WAY_BACK = """\
id: home
title: The way back
tasks:
  - {id: undo-A, title: Unfreeze, undoes: A, duration: 1h}
"""


def test_a_way_back_belongs_to_its_plan_which_is_still_the_only_one(folder: Path) -> None:
    (folder / "runbooks" / "home.yaml").write_text(WAY_BACK, encoding="utf-8")
    change(folder, "runbooks/small.yaml", "title: A small", "backout: home\ntitle: A small")
    assert messages(folder) == []
    assert ProgrammeFolder(folder).runbook().id == "small"


def test_a_way_back_that_is_not_there_is_a_fault_with_the_nearest(folder: Path) -> None:
    (folder / "runbooks" / "home.yaml").write_text(WAY_BACK, encoding="utf-8")
    change(folder, "runbooks/small.yaml", "title: A small", "backout: hom\ntitle: A small")
    found = "\n".join(messages(folder))
    assert "runbooks/small.yaml: backout: no runbook is named 'hom'" in found
    assert "did you mean 'home'?" in found
    assert "runbooks/home.yaml:4: tasks.1.undoes: undo-A: no runbook names 'home' as its way back" in found


def test_a_plan_that_is_its_own_way_back_is_a_fault(folder: Path) -> None:
    change(folder, "runbooks/small.yaml", "title: A small", "backout: small\ntitle: A small")
    assert any("named as its own way back" in message for message in messages(folder))


def test_what_undoes_a_task_that_the_plan_does_not_have_is_a_fault(folder: Path) -> None:
    (folder / "runbooks" / "home.yaml").write_text(
        WAY_BACK.replace("undoes: A", "undoes: Ax"), encoding="utf-8"
    )
    change(folder, "runbooks/small.yaml", "title: A small", "backout: home\ntitle: A small")
    (message,) = messages(folder)
    assert message.startswith("runbooks/home.yaml:4: tasks.1.undoes: undo-A: nothing is named 'Ax'")


def test_a_calendar_without_hours_is_a_fault_and_one_nobody_knows_is_told(folder: Path) -> None:
    change(folder, "runbooks/small.yaml", "owner: asha", "owner: asha, calendar: ofice, skill: dba")
    with (folder / "programme.yaml").open("a", encoding="utf-8") as programme:
        programme.write("calendars: {office: []}\n")
    (message,) = messages(folder)
    assert "calendars.office: the calendar has no hours" in message
    unknown = [str(problem) for problem in ProgrammeFolder(folder).unknown_names()]
    assert any("'ofice'" in line and "did you mean 'office'" in line for line in unknown)
    assert any("'dba'" in line for line in unknown)


def test_a_contract_that_reads_a_system_nobody_named_is_a_fault_with_the_nearest_name(folder: Path) -> None:
    contract = folder / "reconciliation" / "crimes.yaml"
    lines = contract.read_text(encoding="utf-8").splitlines()
    read = "source: {system: new_record, path: /register/crimes.csv}"
    lines = [read if line.startswith("source:") else line for line in lines]
    contract.write_text("\n".join(lines), encoding="utf-8")
    (message,) = messages(folder)
    assert message == (
        "reconciliation: source.system: crimes: no system is named 'new_record'; did you mean 'new_records'?"
    )


def test_nobody_else_on_the_machine_reads_the_state(tmp_path: Path) -> None:
    assert ProgrammeFolder(tmp_path).state.stat().st_mode & 0o077 == 0
