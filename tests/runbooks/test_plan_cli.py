"""`cutover runbook`: import, lint, plan and forecast on a programme folder."""

from __future__ import annotations

import json
from pathlib import Path

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
"""
PLAN = """\
ID,Task,Depends On,Duration,Team,Verify,Rollback,Site
freeze,Freeze writes,,1h,ops,no writes,unfreeze,Leeds
load,Load the records,freeze,10h,ops,count them,drop them,York
"""


@pytest.fixture
def programme(tmp_path: Path) -> Path:
    folder = tmp_path / "go-live"
    folder.mkdir()
    (folder / "programme.yaml").write_text(PROGRAMME, encoding="utf-8")
    (tmp_path / "plan.csv").write_text(PLAN, encoding="utf-8")
    return folder


def ask(*tokens: object, programme: Path | None = None) -> int:
    where = ["--programme", str(programme)] if programme else []
    app = plan_commands(ProgrammeFolder)
    return (
        app([*map(str, tokens), *where], exit_on_error=False, print_error=False, result_action="return_value")
        or 0
    )


def test_import_writes_the_runbook_and_says_what_it_read(
    programme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask("import", programme.parent / "plan.csv", programme=programme)
    said = capsys.readouterr().out
    assert "runbook plan: 2 tasks, 1 links" in said
    assert "columns kept as they are: Site" in said
    assert [t.id for t in read_runbook(programme / "runbooks" / "plan.yaml").tasks] == ["freeze", "load"]


def test_import_takes_an_id_and_answers_in_json(programme: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask("import", programme.parent / "plan.csv", "--id", "go-live", "--json", programme=programme)
    assert json.loads(capsys.readouterr().out) == [
        {"runbook": "go-live", "tasks": 2, "links": 1, "columns_kept": ["Site"], "notes": []}
    ]
    assert read_runbook(programme / "runbooks" / "go-live.yaml").id == "go-live"


def test_one_faulty_file_of_several_and_nothing_is_written(programme: Path) -> None:
    bad, worse = programme.parent / "bad.csv", programme.parent / "worse.xlsx"
    bad.write_text("ID,Task,Duration\n1,A,1x\n2,B,2x\n", encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        ask("import", programme.parent / "plan.csv", bad, worse, programme=programme)
    assert [(Path(p.file).name, p.line) for p in caught.value.problems] == [
        ("bad.csv", 2),
        ("bad.csv", 3),
        ("worse.xlsx", None),
    ]
    assert not (programme / "runbooks").exists()


def test_a_runbook_that_is_there_is_only_replaced_when_told_to(programme: Path) -> None:
    ask("import", programme.parent / "plan.csv", programme=programme)
    (programme.parent / "plan.csv").write_text(PLAN.replace("10h", "12h"), encoding="utf-8")
    assert ask("import", programme.parent / "plan.csv", programme=programme) == 1
    assert "12h" not in (programme / "runbooks" / "plan.yaml").read_text(encoding="utf-8")
    ask("import", programme.parent / "plan.csv", "--replace", programme=programme)
    assert "12h" in (programme / "runbooks" / "plan.yaml").read_text(encoding="utf-8")


def test_an_ambiguous_date_is_settled_by_the_option(programme: Path) -> None:
    plan = programme.parent / "dates.csv"
    plan.write_text("ID,Task,Start\n1,A,03/04/2026 09:00\n", encoding="utf-8")
    with pytest.raises(Invalid, match="--date-order DMY"):
        ask("import", plan, programme=programme)
    ask("import", plan, "--date-order", "DMY", programme=programme)
    assert "2026-04-03T08:00:00Z" in (programme / "runbooks" / "dates.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "tokens",
    [
        (),
        ("plan.csv", "plan.csv"),
        ("plan.csv", "other.csv", "--id", "one"),
        ("plan.csv", "--id", "not an id"),
    ],
)
def test_what_cannot_become_runbooks_is_refused(tokens: tuple[str, ...], programme: Path) -> None:
    (programme.parent / "other.csv").write_text(PLAN, encoding="utf-8")
    paths = [programme.parent / t if t.endswith(".csv") else t for t in tokens]
    with pytest.raises(Invalid):
        ask("import", *paths, programme=programme)


def test_lint_passes_a_plan_without_errors_and_fails_one_with(
    programme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask("import", programme.parent / "plan.csv", programme=programme)
    assert ask("lint", programme=programme) == 0
    (programme / "runbooks" / "wrong.yaml").write_text(
        "id: wrong\ntitle: W\ntasks: [{id: A, title: a, type: automated}]\n", encoding="utf-8"
    )
    capsys.readouterr()
    assert ask("lint", programme=programme) == 1
    said = capsys.readouterr().out
    assert "error: 1 of 1 tasks are automated and say nothing to do" in said
    assert "--all shows each" in said


def test_lint_names_an_action_that_could_not_be_performed(
    programme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same words that `cutover check` says of it."""
    book = programme / "runbooks" / "automated.yaml"
    book.parent.mkdir(exist_ok=True)
    book.write_text(
        "id: automated\ntitle: T\ntasks:\n  - {id: A, title: T, type: automated, effect: idempotent,\n"
        "     action: {kind: shell, with: {agv: [ls]}}}\n",
        encoding="utf-8",
    )
    assert ask("lint", "automated", "--json", programme=programme) == 1
    said = capsys.readouterr().out
    assert "shell: agv: no such argument" in said
    assert "did you mean 'argv'?" in said
    (problem, *_) = [str(p) for p in ProgrammeFolder(programme).problems() if "agv" in str(p)]
    assert "automated.yaml:" in problem
    assert "A: action: shell: agv: no such argument; did you mean 'argv'?" in problem


def test_lint_answers_in_json_with_every_finding(programme: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask("import", programme.parent / "plan.csv", programme=programme)
    capsys.readouterr()
    (programme.parent / "late.csv").write_text(PLAN.replace("10h", "80h"), encoding="utf-8")
    assert ask("lint", programme.parent / "late.csv", "--json", programme=programme) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert [(f["code"], f["task"]) for f in one["findings"]] == [("past_window", "load")]


def test_a_file_may_be_linted_where_there_is_no_programme(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plan.csv").write_text("Task\nFreeze\nLoad\n", encoding="utf-8")
    assert ask("lint", tmp_path / "plan.csv", "--all", programme=tmp_path) == 0
    assert "2 of 2 tasks have no duration" in capsys.readouterr().out


def test_lint_of_no_runbook_and_of_an_unknown_one_is_not_found(programme: Path) -> None:
    with pytest.raises(NotFound):
        ask("lint", programme=programme)
    ask("import", programme.parent / "plan.csv", programme=programme)
    with pytest.raises(NotFound, match="did you mean 'plan'"):
        ask("lint", "plann", programme=programme)


def test_plan_shows_local_times_and_the_critical_path(
    programme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask("import", programme.parent / "plan.csv", programme=programme)
    ask("plan", "plan", programme=programme)
    said = capsys.readouterr().out
    assert "critical path: freeze -> load" in said
    assert "ends Sat 24 Oct 09:00 BST, 2d 13h before the window closes" in said


def test_plan_in_json_is_utc(programme: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask("import", programme.parent / "plan.csv", "--json", programme=programme)
    capsys.readouterr()
    ask("plan", "--json", programme=programme)
    found = json.loads(capsys.readouterr().out)
    assert (found["finish"], found["critical_path"]) == ("2026-10-24T08:00:00Z", ["freeze", "load"])
    assert found["tasks"][1]["early_start"] == "2026-10-23T22:00:00Z"


def test_forecast_says_how_surely_and_until_when_one_can_turn_back(
    programme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask("import", programme.parent / "plan.csv", "--json", programme=programme)
    capsys.readouterr()
    ask("forecast", "--json", programme=programme)
    found = json.loads(capsys.readouterr().out)
    assert found["p50"] < found["p80"] < found["p95"]
    assert (found["chance_to_miss"], found["latest_backout_start"]) == (0, "2026-10-26T12:00:00Z")
    ask("forecast", programme=programme)
    assert "latest safe backout Mon 26 Oct 12:00 GMT (the way back takes 9h)" in capsys.readouterr().out


def test_a_forecast_of_no_samples_is_refused(programme: Path) -> None:
    ask("import", programme.parent / "plan.csv", programme=programme)
    with pytest.raises(Invalid, match="expected 1 or more"):
        ask("forecast", "--samples", "0", programme=programme)


def test_what_was_reviewed_is_taken_over_and_nothing_else(
    programme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Between the look and the word a colleague may have changed the plan: the code of the review tells."""
    plan = programme.parent / "plan.csv"
    ask("import", plan, programme=programme)
    plan.write_text(PLAN.replace("Freeze writes", "Freeze all writes"), encoding="utf-8")
    capsys.readouterr()
    assert ask("import", plan, programme=programme) == 1
    code = capsys.readouterr().out.rstrip().rpartition(" ")[2]
    file = programme / "runbooks" / "plan.yaml"
    before = file.read_text(encoding="utf-8")
    file.write_text(before.replace("Freeze writes", "Freeze"), encoding="utf-8")
    with pytest.raises(Refused, match="has changed since review"):
        ask("import", plan, "--accept", "--reviewed", code, programme=programme)
    file.write_text(before, encoding="utf-8")
    assert ask("import", plan, "--accept", "--reviewed", code, programme=programme) == 0
    assert "Freeze all writes" in file.read_text(encoding="utf-8")


def test_a_plan_without_durations_has_no_forecast(
    programme: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = programme.parent / "bare.csv"
    plan.write_text("ID,Task\n1,Freeze\n2,Load\n", encoding="utf-8")
    ask("import", plan, programme=programme)
    capsys.readouterr()
    ask("forecast", "bare", "--samples", "10", "--refine", "0", programme=programme)
    said = capsys.readouterr().out
    assert said.startswith("NO FORECAST: 2 of 2 tasks have no duration")
    assert "chance" not in said
    ask("forecast", "bare", "--samples", "10", "--refine", "0", "--assume", "2h", programme=programme)
    said = capsys.readouterr().out
    assert said.startswith("A GUESS: 2 of 2 tasks have no duration: taken as 2h, as asked")
    assert "with a chance of 80 %" in said


def test_a_seed_below_nought_is_refused(programme: Path) -> None:
    ask("import", programme.parent / "plan.csv", programme=programme)
    with pytest.raises(Invalid, match="-1 is no seed"):
        ask("forecast", "--seed", "-1", programme=programme)


def test_a_single_sample_is_a_forecast_too(programme: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask("import", programme.parent / "plan.csv", programme=programme)
    ask("forecast", "--samples", "1", "--refine", "0", programme=programme)
    assert "with a chance of 50 %" in capsys.readouterr().out
