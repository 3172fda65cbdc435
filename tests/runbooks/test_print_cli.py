"""`cutover runbook print` and `code`: files written whole or not at all, and what comes back from paper."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cutover.app.programme_folder import ProgrammeFolder
from cutover.core.errors import Invalid, NotFound
from cutover.store.print_key import print_key
from runbooks.plan_cli import plan_commands
from runbooks.printing.codes import Code, plan_version
from tests.runbooks.folders import RUNBOOK, write_programme

AT = "2026-10-01T10:00"


@pytest.fixture
def programme(tmp_path: Path) -> Path:
    return write_programme(tmp_path / "go-live")


def ask(*tokens: object, programme: Path) -> int:
    app = plan_commands(ProgrammeFolder)
    words = [*map(str, tokens), "--programme", str(programme)]
    return app(words, exit_on_error=False, print_error=False, result_action="return_value") or 0


def code_of(programme: Path, task: str) -> str:
    book = ProgrammeFolder(programme).runbook()
    return Code(book.id, plan_version(book), "R1", task).sealed(print_key(programme / "state"))


def test_print_writes_one_pack_into_the_named_file(programme: Path, capsys: pytest.CaptureFixture[str]):
    ask("print", "--person", "bo", "--to", programme / "bo.pdf", programme=programme)
    assert (programme / "bo.pdf").read_bytes().startswith(b"%PDF")
    assert "bo.pdf: 2 tasks" in capsys.readouterr().out


def test_print_writes_into_the_state_folder_unless_told_where(programme: Path):
    ask("print", programme=programme)
    assert [p.name for p in (programme / "state/packs/small").iterdir()] == ["runbook.pdf"]


def test_print_all_writes_every_pack_and_answers_in_json(programme: Path, capsys: pytest.CaptureFixture[str]):
    ask("print", "--all", "--to", programme / "packs", "--json", programme=programme)
    written = {Path(one["file"]).name: one["tasks"] for one in json.loads(capsys.readouterr().out)}
    assert written["runbook.pdf"] == 5
    assert {p.name for p in (programme / "packs").iterdir()} == set(written)
    assert {"person-asha.pdf", "station-central.pdf"} <= set(written)


def test_two_prints_of_the_same_time_are_the_same_bytes(programme: Path):
    for name in ("one.pdf", "two.pdf"):
        ask("print", "--at", AT, "--to", programme / name, programme=programme)
    assert (programme / "one.pdf").read_bytes() == (programme / "two.pdf").read_bytes()


def test_several_packs_do_not_go_into_one_file(programme: Path):
    with pytest.raises(Invalid, match="do not go into one file"):
        ask("print", "--all", "--to", programme / "all.pdf", programme=programme)
    assert not (programme / "all.pdf").exists()


def test_a_folder_that_is_a_file_is_refused(programme: Path):
    (programme / "packs").write_text("", encoding="utf-8")
    with pytest.raises(Invalid, match="is a file"):
        ask("print", "--to", programme / "packs", programme=programme)


def test_all_and_one_by_name_do_not_go_together(programme: Path):
    with pytest.raises(Invalid, match="--all is every pack"):
        ask("print", "--all", "--person", "bo", programme=programme)


def test_an_unknown_person_is_refused_with_the_nearest(programme: Path):
    with pytest.raises(NotFound, match="did you mean 'asha'"):
        ask("print", "--person", "ashe", programme=programme)


def test_a_pack_without_tasks_is_not_printed(programme: Path):
    with pytest.raises(Invalid, match="nothing in small concerns person 'dev'"):
        ask("print", "--person", "dev", programme=programme)


def test_a_scanned_code_names_its_task(programme: Path, capsys: pytest.CaptureFixture[str]):
    ask("code", code_of(programme, "A"), programme=programme)
    assert capsys.readouterr().out.splitlines() == [
        "A Freeze (small, line R1)",
        "the plan is the one that was printed",
    ]


def test_a_code_of_an_older_plan_says_so(programme: Path, capsys: pytest.CaptureFixture[str]):
    old = code_of(programme, "A")
    write_programme(programme, RUNBOOK.replace("title: Freeze", "title: Freeze all"))
    ask("code", old, "--json", programme=programme)
    read = json.loads(capsys.readouterr().out)
    assert (read["title"], read["same_plan"]) == ("Freeze all", False)


def test_a_code_of_another_programme_is_refused(programme: Path, tmp_path: Path):
    other = write_programme(tmp_path / "other")
    with pytest.raises(Invalid, match="check of"):
        ask("code", code_of(other, "A"), programme=programme)
