"""`cutover run` and `cutover gate` as a person types them, on a real programme folder: answers, exit codes, messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cutover.app.bootstrap import World
from cutover.cli.border import BAD_INPUT, DONE, NO, guarded
from cutover.main import run_command
from runbooks.domain import run_events as ev
from runbooks.domain.run_events import RunStage, TaskStage
from runbooks.service import PERFORMER
from tests.runbooks.folders import WALK, write_programme
from tests.runbooks.typed import Type


def stage(world: World, task: str) -> TaskStage:
    return world.runs.state("small-1").tasks[task].stage


def to_gate(world: World, type_: Type) -> None:
    """As far as the open gate, the performer's part done by its own commands."""
    type_("run", "done", "A", "--by", "bo")
    world.runs.ask("small-1", ev.BeginTask(by=PERFORMER, task="M", key="small-1.M.1"))
    world.runs.ask("small-1", ev.RecordOutcome(by=PERFORMER, task="M", ok=True, evidence="dark"))
    world.runs.open_gate("small-1", "G")


def test_claim_then_done_with_evidence(world: World, type_: Type, capsys: pytest.CaptureFixture[str]) -> None:
    assert type_("run", "claim", "A", "--by", "bo") == DONE
    assert (
        type_("run", "done", "A", "--by", "bo", "--evidence", "read-only since 22:04", "--link", "/log")
        == DONE
    )
    assert capsys.readouterr().out.splitlines() == ["small-1: TaskClaimed A", "small-1: TaskDone A"]
    assert world.runs.state("small-1").tasks["A"].note == "read-only since 22:04"


def test_the_wrong_person_is_refused_with_exit_one(type_: Type, capsys: pytest.CaptureFixture[str]) -> None:
    assert type_("run", "claim", "A", "--by", "dev") == NO
    assert capsys.readouterr().err.splitlines() == ["refused: A is for bo, chen, not for dev"]


def test_an_unknown_task_or_run_is_bad_input_with_the_nearest(
    type_: Type, capsys: pytest.CaptureFixture[str]
) -> None:
    assert type_("run", "claim", "fixx", "--by", "bo") == BAD_INPUT
    assert type_("run", "claim", "A", "--by", "bo", "--run", "smal-1") == BAD_INPUT
    assert capsys.readouterr().err.splitlines() == [
        "not-found: no task named 'fixx'; did you mean 'fix'?",
        "not-found: no run named 'smal-1'; did you mean 'small-1'?",
    ]


def test_a_reason_that_is_empty_is_bad_input(type_: Type, capsys: pytest.CaptureFixture[str]) -> None:
    assert type_("run", "skip", "A", "--by", "asha", "--reason", "") == BAD_INPUT
    assert type_("run", "backout", "--by", "asha") == BAD_INPUT
    assert [line.split(":")[:2] for line in capsys.readouterr().err.splitlines()] == [
        ["invalid", " --reason"]
    ] * 2


def test_skip_releases_and_fail_holds_until_retried(world: World, type_: Type) -> None:
    type_("run", "claim", "A", "--by", "bo")
    assert type_("run", "fail", "A", "--by", "bo", "--reason", "a lock") == DONE
    assert stage(world, "M") is TaskStage.NOT_STARTABLE
    assert type_("run", "retry", "A", "--by", "bo", "--reason", "lock gone") == DONE
    assert type_("run", "skip", "A", "--by", "asha", "--reason", "frozen already") == DONE
    assert stage(world, "M") is TaskStage.STARTABLE


@pytest.mark.parametrize(
    ("word", "after"), [("--happened", TaskStage.COMPLETE), ("--no-happened", TaskStage.STARTABLE)]
)
def test_settle_says_whether_it_happened(world: World, type_: Type, word: str, after: TaskStage) -> None:
    type_("run", "done", "A", "--by", "bo")
    world.runs.ask("small-1", ev.BeginTask(by=PERFORMER, task="M", key="small-1.M.1"))
    world.runs.ask("small-1", ev.MarkUncertain(by=PERFORMER, task="M", why="the runner died"))
    assert type_("run", "settle", "M", "--by", "bo", word, "--how", "looked at the screen") == DONE
    assert stage(world, "M") is after


def test_pause_unpause_cancel(world: World, type_: Type, capsys: pytest.CaptureFixture[str]) -> None:
    assert type_("run", "pause", "--by", "asha", "--message", "fire alarm") == DONE
    assert type_("run", "claim", "A", "--by", "bo") == NO
    assert "nothing new starts (fire alarm)" in capsys.readouterr().err
    assert type_("run", "unpause", "--by", "asha") == DONE
    assert type_("run", "cancel", "--by", "asha", "--reason", "another weekend") == DONE
    assert world.runs.state("small-1").stage is RunStage.CANCELED


def test_backout_and_its_confirmation(world: World, type_: Type) -> None:
    assert type_("run", "backout", "--by", "asha", "--reason", "custody is down") == DONE
    assert type_("run", "backout", "confirm", "--by", "asha") == DONE
    assert world.runs.state("small-1").stage is RunStage.BACKED_OUT


def test_backout_after_the_point_of_no_return_needs_two_other_names(
    world: World, type_: Type, capsys: pytest.CaptureFixture[str]
) -> None:
    to_gate(world, type_)
    world.runs.ask("small-1", ev.PassGate(by=PERFORMER, task="G", verdict="go", reason="as voted"))
    type_("run", "claim", "O", "--by", "asha")
    plan = world.runs.state("small-1").plan
    assert plan["O"].point_of_no_return
    assert type_("run", "pause", "--by", "asha", "--message", "wait") == DONE
    assert type_("run", "done", "O", "--by", "asha") == DONE
    assert type_("run", "backout", "--by", "asha", "--reason", "all is lost") == NO
    assert "needs the names of 2 others" in capsys.readouterr().err
    signed = ("--signed-by", "bo", "--signed-by", "chen")
    assert type_("run", "backout", "--by", "asha", "--reason", "all is lost", *signed) == DONE


def test_status_for_people_and_for_programs(type_: Type, capsys: pytest.CaptureFixture[str]) -> None:
    assert type_("run", "status") == DONE
    assert "small-1: active, 0 of 5 tasks over" in capsys.readouterr().out
    assert type_("run", "status", "--json") == DONE
    found = json.loads(capsys.readouterr().out)
    assert (found["run"], found["tasks"]) == ("small-1", {"startable": 1, "not_startable": 4})
    assert found["latest_backout"] == "2026-10-25T21:00:00Z"


def test_every_verb_answers_in_json(type_: Type, capsys: pytest.CaptureFixture[str]) -> None:
    assert type_("run", "claim", "A", "--by", "bo", "--json") == DONE
    answer: dict[str, Any]
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer.pop("position")
    assert answer == {
        "stream": "run:small-1", "kind": "TaskClaimed", "at": "2026-10-23T21:00:00Z", "by": "bo", "body": {"task": "A"},
    }  # fmt: skip


def test_a_gate_from_its_evidence_to_its_go(
    world: World, type_: Type, capsys: pytest.CaptureFixture[str]
) -> None:
    to_gate(world, type_)
    assert type_("gate", "show", "G") == NO
    assert "not met: All is ready: no evidence" in capsys.readouterr().out
    assert type_("gate", "vote", "G", "go", "--by", "chen") == NO
    assert capsys.readouterr().err == "refused: All is ready: no evidence\n"
    assert type_("gate", "evidence", "G", "ready", "met", "--by", "chen", "--detail", "counted") == DONE
    assert type_("gate", "vote", "G", "go", "--by", "chen") == DONE
    assert capsys.readouterr().out == "G: ready: met, says chen\nG: go\n"
    assert type_("gate", "show", "G", "--json") == DONE
    assert json.loads(capsys.readouterr().out) == {
        "gate": "G",
        "verdict": "go",
        "unmet": [],
        "votes": {"chen": "go"},
        "conditions": {},
        "decide_by": None,
    }


def test_a_condition_is_raised_read_and_met_by_name(
    world: World, type_: Type, capsys: pytest.CaptureFixture[str]
) -> None:
    to_gate(world, type_)
    type_("gate", "evidence", "G", "ready", "met", "--by", "chen", "--detail", "counted")
    assert type_("gate", "condition", "raise", "G", "--by", "dev", "--text", "no lift at night") == DONE
    assert capsys.readouterr().out.endswith("G: condition c1: no lift at night\n")
    assert type_("gate", "vote", "G", "go", "--by", "chen") == NO
    assert "condition c1 of dev is to be acknowledged first: no lift at night" in capsys.readouterr().err
    assert type_("gate", "condition", "met", "G", "c7", "--by", "bo", "--how", "seen") == NO
    assert type_("gate", "condition", "raise", "G", "--by", "dev", "--text", "") == BAD_INPUT
    assert "--text: String should have at least 1 character" in capsys.readouterr().err
    assert type_("gate", "vote", "G", "go", "--by", "chen", "--acknowledge", "c1") == DONE
    assert type_("gate", "show", "G") == DONE
    assert "condition c1 of dev: no lift at night" in capsys.readouterr().out


def test_a_gate_that_is_withdrawn_keeps_what_is_behind_it_waiting(world: World, type_: Type) -> None:
    to_gate(world, type_)
    assert type_("gate", "withdraw", "G", "--by", "chen", "--reason", "asked too early") == DONE
    assert type_("gate", "show", "G") == NO
    assert type_("gate", "vote", "G", "go", "--by", "chen") == NO


def test_a_conditional_yes_is_shown_with_its_caveat_and_is_no_go(
    world: World, type_: Type, capsys: pytest.CaptureFixture[str]
) -> None:
    to_gate(world, type_)
    assert type_("gate", "vote", "G", "go", "--by", "chen", "--caveat", "if custody holds") == DONE
    assert capsys.readouterr().out.endswith("G: pending\n")
    assert type_("gate", "show", "G") == NO
    assert "chen: go (if custody holds)" in capsys.readouterr().out


def test_waiving_is_for_deciders_by_name(
    world: World, type_: Type, capsys: pytest.CaptureFixture[str]
) -> None:
    to_gate(world, type_)
    assert type_("gate", "waive", "G", "--by", "dev", "--reason", "hurry") == NO
    assert type_("gate", "waive", "G", "--by", "chen", "--reason", "I carry it") == DONE
    assert capsys.readouterr().out.endswith("G: pending\n")
    assert type_("gate", "waive", "G", "--by", "chen", "--reason", "I still do") == NO
    assert type_("gate", "waive", "G", "--by", "asha", "--reason", "I carry it too") == DONE
    assert capsys.readouterr().out.endswith("G: waived\n")
    assert type_("gate", "show", "A") == BAD_INPUT


def test_a_run_that_would_do_harm_does_not_begin(type_: Type, capsys: pytest.CaptureFixture[str]) -> None:
    assert type_("run", "start", "--type", "live", "--auto") == BAD_INPUT
    assert "a live run is worked by people" in capsys.readouterr().err
    assert type_("run", "start", "--runbook", "smal") == BAD_INPUT
    assert "did you mean 'small'" in capsys.readouterr().err


def test_a_walk_through_goes_from_start_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Everybody played, systems simulated, time stepping; afterwards nothing is left to resume."""
    folder = write_programme(tmp_path, WALK)
    code = guarded(lambda: run_command(["run", "start", "--auto", "--programme", str(folder)]))
    out = capsys.readouterr()
    assert code == DONE, out.err
    assert "run walk-1 has begun" in out.out
    assert "walk-1 is complete: 3 tasks, 11h after the window opened" in out.out
    assert guarded(lambda: run_command(["run", "resume", "--programme", str(folder)])) == DONE


def test_a_rehearsal_in_its_own_time_does_not_begin_beside_an_unfinished_run(
    world: World, type_: Type, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would set the clock of the folder back under the feet of whoever is at work."""
    (name,) = world.runs.run_ids()
    clock = world.folder.clock_file
    before = clock.read_bytes() if clock.exists() else None
    assert type_("run", "start", "--auto") == NO
    assert f"{name} has not ended" in capsys.readouterr().err
    assert (clock.read_bytes() if clock.exists() else None) == before
    assert world.runs.run_ids() == [name]


def test_a_cancelled_run_is_not_a_success(
    world: World, type_: Type, capsys: pytest.CaptureFixture[str]
) -> None:
    setup = ev.RunSetup(prefect=False)
    name = world.runs.start(world.folder.runbook(), by="asha", setup=setup)
    type_("run", "cancel", "--by", "asha", "--reason", "another weekend", "--run", name)
    assert type_("run", "resume", "--run", name) == NO
    assert f"{name} ended canceled" in capsys.readouterr().err
