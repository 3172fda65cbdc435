"""`cutover run edit`, `backout` and the verbs of writing beside the work, typed as people type them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cutover.app.bootstrap import build_world
from cutover.cli.border import BAD_INPUT, DONE, NO, guarded
from cutover.main import run_command
from cutover.store.clock_file import set_clock
from tests.conftest import START
from tests.runbooks.folders import write_programme
from tests.runbooks.plans import auto, book, gate, task

PLAN = book(
    task("A", component="records", rollback="Put it back", undo_duration="30m"),
    task("B", "A", component="records"),
    task("C", component="control"),
    gate("G", "B"),
    auto("D", "G", rollback="none needed"),
)
Say = Callable[..., int]


@pytest.fixture
def say(tmp_path: Path) -> Iterator[Say]:
    """A run of this plan has begun; `say("run", …)` gives the exit code that the shell would see."""
    folder = write_programme(tmp_path / "small")
    (folder / "state").mkdir()
    set_clock(folder / "state" / "clock.json", START)
    world = build_world(folder)
    world.runs.start(PLAN, by="manager")

    def typed(*tokens: object) -> int:
        words = [*map(str, tokens), "--programme", str(folder)]
        return guarded(lambda: run_command(words, opener=lambda _path: world))

    yield typed
    world.engine.dispose()


def test_an_edit_is_seen_proposed_and_approved(say: Say, capsys: pytest.CaptureFixture[str]) -> None:
    edit = ("run", "edit", "propose", "--by", "bo", "--reason", "slower", "--set", "B.duration=3h")
    assert say(*edit, "--preview") == DONE
    shown = capsys.readouterr().out
    assert "~ B duration: 1h -> 3h" in shown
    assert "the end (P80) moves" in shown
    assert "nothing is recorded" in shown
    assert say(*edit) == DONE
    assert say("run", "edit", "approve", "1", "--by", "chen") == DONE
    capsys.readouterr()
    assert say("run", "edit", "show", "--json") == DONE
    found = json.loads(capsys.readouterr().out)
    assert (found["version"], found["edits"][0]["stage"]) == (2, "approved")


def test_a_task_is_added_from_a_file(say: Say, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = tmp_path / "more.yaml"
    more.write_text("- {id: A2, title: Look again, after: A, duration: 10m, behind: A}\n")
    edit = ("run", "edit", "propose", "--by", "bo", "--reason", "to be sure")
    assert say(*edit, "--add", more, "--set", "B.after=A2") == DONE
    assert "+ A2 Look again (behind A)" in capsys.readouterr().out
    more.write_text("- {id: A3, title: Look, duraton: 10m}\n")
    assert say(*edit, "--add", more) == BAD_INPUT
    assert "more.yaml: duraton" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("--set", "B.duraton=3h"), BAD_INPUT, "did you mean 'duration'"),
        (("--set", "B.duration=soon"), BAD_INPUT, "B.duration"),
        (("--set", "duration"), BAD_INPUT, "TASK.field=value"),
        (("--remove", "Q"), BAD_INPUT, "no task named 'Q'"),
        (("--remove", "B"), NO, "G: after: unknown task 'B'"),
    ],
)
def test_what_cannot_be_taken_over_is_said_and_nothing_is_recorded(
    say: Say, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, why: str
) -> None:
    assert say("run", "edit", "propose", "--by", "bo", "--reason", "x", *words) == code
    assert why in capsys.readouterr().err
    say("run", "edit", "show", "--json")
    assert json.loads(capsys.readouterr().out) == {"version": 1, "edits": []}


def test_the_way_back_is_shown_armed_and_begun(say: Say, capsys: pytest.CaptureFixture[str]) -> None:
    assert say("run", "backout", "show") == DONE
    assert "there is nothing to undo" in capsys.readouterr().out
    say("run", "claim", "A", "--by", "bo")
    capsys.readouterr()
    assert say("run", "backout", "show", "--component", "records") == DONE
    assert "undo-A  Put it back" in capsys.readouterr().out
    assert say("run", "backout", "arm", "--by", "asha", "--reason", "records are slow") == DONE
    begin = ("run", "backout", "begin", "--by", "asha", "--reason", "records stay")
    assert say(*begin, "--component", "records") == DONE
    assert say("run", "done", "undo-A", "--by", "bo", "--evidence", "seen") == DONE
    assert say("run", "done", "confirm-back-records", "--by", "bo", "--evidence", "asked") == DONE
    assert say("run", "claim", "C", "--by", "bo") == DONE, "control goes on"


def test_what_is_written_beside_the_work(
    say: Say, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert say("run", "comment", "A", "--by", "dev", "--text", "the disk is slow") == DONE
    assert say("run", "announce", "Soup at six", "--by", "asha", "--minutes", "30") == DONE
    assert say("run", "quiet", "1", "--by", "asha") == DONE
    seen = tmp_path / "count.txt"
    seen.write_text("25,000 rows")
    assert say("run", "attach", "A", seen, "--by", "bo") == DONE
    assert say("run", "attach", "Ax", seen, "--by", "bo") == BAD_INPUT
    assert say("run", "attach", "A", tmp_path / "none.txt", "--by", "bo") == BAD_INPUT
    assert "none.txt: No such file" in capsys.readouterr().err
