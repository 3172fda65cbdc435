"""`cutover runbook import` and `export`: a plan that is there changes only when somebody has seen how."""

from __future__ import annotations

import json
import re
from pathlib import Path

import openpyxl
import pytest

from cutover.app.programme_folder import ProgrammeFolder
from cutover.core.errors import Invalid, NotFound, Refused
from runbooks.formats.files import read_runbook
from runbooks.plan_cli import plan_commands

PROGRAMME = """
title: Records
zone: Europe/London
window: {opens: 2026-10-23T22:00, closes: 2026-10-26T21:00, backout: 9h}
teams: [{id: ops, title: Operations}]
people: [{id: asha, name: Asha Rao, team: ops, roles: [cutover_manager]}]
"""
PLAN = """\
ID,Task,Depends On,Duration,Owner,Verify,Site
T-01,Freeze writes,,1h,asha,no writes,Leeds
T-02,Load the records,T-01,10h,asha,count them,York
T-03,Tell Asha Rao,T-02,5m,,,
"""


@pytest.fixture
def programme(tmp_path: Path) -> Path:
    folder = tmp_path / "go-live"
    folder.mkdir()
    (folder / "programme.yaml").write_text(PROGRAMME, encoding="utf-8")
    (tmp_path / "plan.csv").write_text(PLAN, encoding="utf-8")
    ask("import", tmp_path / "plan.csv", programme=folder)
    return folder


def ask(*tokens: object, programme: Path) -> int:
    app = plan_commands(ProgrammeFolder)
    words = [*map(str, tokens), "--programme", str(programme)]
    return app(words, exit_on_error=False, print_error=False, result_action="return_value") or 0


def written(programme: Path) -> bytes:
    return (programme / "runbooks" / "plan.yaml").read_bytes()


def changed(programme: Path, text: str) -> Path:
    path = programme.parent / "plan.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_changed_plan_is_shown_and_not_written(programme: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = written(programme)
    capsys.readouterr()
    assert ask("import", changed(programme, PLAN.replace("10h", "12h")), programme=programme) == 1
    *review, binding = capsys.readouterr().out.splitlines()
    assert review == [
        "runbook plan: 0 added, 1 fields changed, 0 absent",
        "  ~ T-02 duration: 10h -> 12h",
        "  nothing is written: --accept takes it over",
    ]
    assert re.fullmatch("to take over this and nothing else: --accept --reviewed [0-9a-f]{8}", binding)
    assert written(programme) == before


def test_accept_takes_it_over(programme: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = changed(programme, PLAN.replace("10h", "12h"))
    assert ask("import", path, "--accept", programme=programme) == 0
    assert "taken over" in capsys.readouterr().out
    assert b"12h" in written(programme)
    assert ask("import", path, programme=programme) == 0
    assert "nothing changes" in capsys.readouterr().out


def test_an_absent_column_is_unchanged_and_an_empty_cell_clears(programme: Path) -> None:
    path = changed(
        programme, "ID,Task,Site\nT-01,Freeze writes,\nT-02,Load the records,York\nT-03,Tell Asha Rao,\n"
    )
    ask("import", path, "--accept", programme=programme)
    plan = read_runbook(programme / "runbooks" / "plan.yaml").by_id()
    assert (plan["T-01"].owner, plan["T-01"].verify, plan["T-01"].custom) == ("asha", "no writes", {})
    assert [str(link) for link in plan["T-02"].after] == ["T-01"]


def test_an_absent_row_is_removed_only_when_told_to(
    programme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = changed(programme, PLAN.replace("T-03,Tell Asha Rao,T-02,5m,,,\n", ""))
    assert ask("import", path, programme=programme) == 1
    assert "  - T-03: not in the file, stays: --remove-absent removes it" in capsys.readouterr().out
    assert ask("import", path, "--accept", programme=programme) == 0
    assert b"T-03" in written(programme)
    assert ask("import", path, "--accept", "--remove-absent", programme=programme) == 0
    assert b"T-03" not in written(programme)


def test_a_row_that_others_wait_for_cannot_be_removed(programme: Path) -> None:
    twice = changed(programme, PLAN.replace("Rao,T-02", "Rao,T-01"))
    ask("import", twice, "--accept", programme=programme)
    before = written(programme)
    path = changed(programme, "ID,Task\nT-02,Load the records\nT-03,Tell Asha Rao\n")
    with pytest.raises(Invalid, match="T-02 after: unknown task 'T-01'"):
        ask("import", path, "--accept", "--remove-absent", programme=programme)
    assert written(programme) == before


def test_a_part_of_a_plan_may_name_tasks_of_the_rest(programme: Path) -> None:
    path = changed(programme, "ID,Task,Depends On,Duration\nT-03,Tell Asha Rao,T-02,7m\n")
    assert ask("import", path, "--id", "plan", "--accept", programme=programme) == 0
    plan = read_runbook(programme / "runbooks" / "plan.yaml").by_id()
    assert (list(plan), [str(link) for link in plan["T-03"].after]) == (["T-01", "T-02", "T-03"], ["T-02"])
    for words in (("--id", "other"), ("--id", "plan", "--replace")):
        with pytest.raises(Invalid, match="unknown task 'T-02'"):
            ask("import", path, *words, programme=programme)


def test_an_id_is_no_path(programme: Path) -> None:
    with pytest.raises(Invalid, match="is not an id"):
        ask("import", programme.parent / "plan.csv", "--id", "../plan", programme=programme)


def test_a_new_id_that_reads_like_an_absent_one_is_questioned(
    programme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = changed(programme, PLAN.replace("T-01,Freeze writes", "T-O1,Stop writes").replace("T-01", "T-O1"))
    assert ask("import", path, programme=programme) == 1
    assert "  + T-O1: Stop writes (T-O1, did you mean T-01? It is not in the file)" in capsys.readouterr().out


def test_the_diff_in_json_names_everything(programme: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    path = changed(programme, PLAN.replace("10h", "12h").replace("T-03", "T-04"))
    assert ask("import", path, "--json", programme=programme) == 1
    found = json.loads(capsys.readouterr().out)[0]["diff"]
    assert (found["added"], found["absent"], found["alike"]) == (["T-04"], ["T-03"], {"T-04": "T-03"})
    assert found["changed"] == [{"task": "T-02", "field": "duration", "before": "10h", "after": "12h"}]


def test_of_several_files_nothing_is_written_while_one_waits(programme: Path) -> None:
    (programme.parent / "new.csv").write_text(PLAN, encoding="utf-8")
    both = (changed(programme, PLAN.replace("10h", "12h")), programme.parent / "new.csv")
    assert ask("import", *both, programme=programme) == 1
    assert not (programme / "runbooks" / "new.yaml").exists()
    assert ask("import", *both, "--accept", programme=programme) == 0
    assert (programme / "runbooks" / "new.yaml").exists()


def test_replace_and_accept_do_not_go_together(programme: Path) -> None:
    with pytest.raises(Invalid, match="nothing to accept"):
        ask("import", programme.parent / "plan.csv", "--replace", "--accept", programme=programme)


@pytest.mark.parametrize("name", ["plan.xlsx", "plan.csv", "plan.tsv", "plan.yaml", "plan.md", "plan.xml"])
def test_what_is_exported_changes_nothing_when_it_comes_back(
    name: str, programme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = programme.parent / "out" / name
    assert ask("export", "plan", "--to", out, programme=programme) == 0
    capsys.readouterr()
    assert ask("import", out, "--id", "plan", programme=programme) == 0
    assert "nothing changes" in capsys.readouterr().out


def test_an_edited_workbook_comes_back_as_its_change_alone(
    programme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = programme.parent / "plan.xlsx"
    ask("export", "--to", out, programme=programme)
    made = openpyxl.load_workbook(out)
    header = {cell.value: cell.column for cell in made["Plan"][1]}
    made["Plan"].cell(3, header["Duration"]).value = "11h"
    made["Plan"].delete_cols(header["Verify"])
    made.save(out)
    capsys.readouterr()
    assert ask("import", out, programme=programme) == 1
    assert capsys.readouterr().out.splitlines()[:2] == [
        "runbook plan: 0 added, 1 fields changed, 0 absent",
        "  ~ T-02 duration: 10h -> 11h",
    ]


@pytest.mark.parametrize("name", ["plan.xlsx", "plan.csv", "plan.yaml", "plan.md", "plan.xml"])
def test_without_names_no_name_leaves(name: str, programme: Path) -> None:
    out = programme.parent / "out" / name
    ask("export", "--to", out, "--without-names", programme=programme)
    read = read_runbook(out, zone="Europe/London").model_dump_json()
    assert "asha" not in read.casefold()
    assert '"team":"ops"' in read


def test_a_sheet_without_names_clears_no_names_when_it_comes_back(programme: Path) -> None:
    out = programme.parent / "out.xlsx"
    ask("export", "--to", out, "--without-names", programme=programme)
    ask("import", out, "--id", "plan", "--accept", programme=programme)
    assert read_runbook(programme / "runbooks" / "plan.yaml").by_id()["T-01"].owner == "asha"


def test_a_page_and_a_folder_of_calendars_are_written(programme: Path) -> None:
    ask("export", "--to", programme.parent / "plan.html", programme=programme)
    ask("export", "--to", programme.parent / "plan.ics", programme=programme)
    assert "Freeze writes" in (programme.parent / "plan.html").read_text(encoding="utf-8")
    assert list((programme.parent / "plan.ics").glob("*.ics"))


def test_a_file_that_is_there_is_not_written_over(programme: Path) -> None:
    path = programme.parent / "plan.csv"
    with pytest.raises(Refused, match="exists: export under another name"):
        ask("export", "--to", path, programme=programme)
    ask("export", "--to", path, "--replace", programme=programme)
    assert "cutover runbook" in path.read_text(encoding="utf-8-sig")


def test_what_cannot_be_exported_is_refused(programme: Path) -> None:
    with pytest.raises(Invalid, match=r"'\.xls' files are not written; .* did you mean '\.xlsx'"):
        ask("export", "--to", programme.parent / "plan.xls", programme=programme)
    with pytest.raises(NotFound):
        ask("export", "plann", "--to", programme.parent / "x.csv", programme=programme)
