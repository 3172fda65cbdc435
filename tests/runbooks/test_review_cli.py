"""`cutover run review` as a person types it: caveats first, JSON for programs, files whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cutover.app.bootstrap import World
from cutover.cli.border import BAD_INPUT, DONE, NO
from tests.runbooks.typed import Type


def test_the_terminal_says_what_cannot_be_known_first(
    type_: Type, capsys: pytest.CaptureFixture[str]
) -> None:
    type_("run", "done", "A", "--by", "bo")
    capsys.readouterr()
    assert type_("run", "review") == DONE
    out = capsys.readouterr().out
    assert out.startswith("! The run is active: this is how far it had come")
    assert "What drove the end" in out


def test_json_has_every_sheet_with_columns_as_keys(type_: Type, capsys: pytest.CaptureFixture[str]) -> None:
    type_("run", "skip", "A", "--by", "asha", "--reason", "not in this window")
    capsys.readouterr()
    assert type_("run", "review", "--json") == DONE
    said = json.loads(capsys.readouterr().out)
    assert said["sheets"]["tasks"][0]["task"] == "A"
    assert said["sheets"]["tasks"][0]["ended_as"] == "skipped"
    assert said["sheets"]["incidents"][0]["in_words"] == "not in this window"
    assert said["caveats"]


def test_report_review_is_the_same(type_: Type, capsys: pytest.CaptureFixture[str]) -> None:
    assert type_("report", "review", "--json") == DONE
    assert json.loads(capsys.readouterr().out)["run"] == "small-1"


def test_all_three_files_at_once(type_: Type, tmp_path: Path) -> None:
    targets = [tmp_path / f"review.{kind}" for kind in ("html", "pdf", "xlsx")]
    asked = [word for path in targets for word in (f"--{path.suffix[1:]}", str(path))]
    assert type_("run", "review", *asked) == DONE
    assert [path.read_bytes()[:4] for path in targets] == [b"<!do", b"%PDF", b"PK\x03\x04"]


def test_a_file_of_another_kind_or_one_that_is_there_is_refused_and_nothing_is_written(
    type_: Type,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    there, other = tmp_path / "there.html", tmp_path / "other.pdf"
    there.write_text("mine")
    assert type_("run", "review", "--html", str(there), "--pdf", str(other)) == NO
    assert type_("run", "review", "--xlsx", str(tmp_path / "review.xls")) == BAD_INPUT
    assert "is no .xlsx file; expected NAME.xlsx" in capsys.readouterr().err
    assert (there.read_text(), other.exists()) == ("mine", False)
    assert type_("run", "review", "--html", str(there), "--replace") == DONE


def test_status_can_look_back(world: World, type_: Type, capsys: pytest.CaptureFixture[str]) -> None:
    type_("run", "done", "A", "--by", "bo")
    capsys.readouterr()
    assert type_("run", "status", "--at", "2026-10-23T20:00Z") == BAD_INPUT
    assert "had not begun" in capsys.readouterr().err
    now = world.clock.now().isoformat()
    assert type_("run", "status", "--at", now) == DONE
    assert "not live" in capsys.readouterr().out
