"""`cutover init`: a small programme of one's own, whole or not at all, that checks, forecasts and rehearses."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from cutover.app.programme_folder import ProgrammeFolder
from cutover.core.errors import Invalid
from cutover.toplevel import init
from runbooks.domain.lint import Severity, lint
from runbooks.library import TEMPLATES


@pytest.mark.parametrize("template", [*TEMPLATES, "seventy-two-hours"])
def test_every_template_makes_a_programme_in_order(template: str, tmp_path: Path):
    init(tmp_path / "mine", template=template)  # type: ignore[arg-type]
    folder = ProgrammeFolder(tmp_path / "mine")
    assert [str(p) for p in folder.problems()] == []
    assert [f.message for f in lint(folder.runbook(), folder.programme) if f.severity is Severity.ERROR] == []


def test_without_a_template_it_is_the_smallest(tmp_path: Path):
    init(tmp_path / "mine")
    assert ProgrammeFolder(tmp_path / "mine").runbook().id == "small-upgrade"


def test_title_and_window_are_ones_own(tmp_path: Path):
    init(tmp_path / "mine", title='The "new" records: Łódź', opens=datetime(2027, 2, 5, 21, 30))
    programme = ProgrammeFolder(tmp_path / "mine").programme
    assert programme.title == 'The "new" records: Łódź'
    assert programme.opens.isoformat() == "2027-02-05T21:30:00+00:00"


def test_it_says_what_was_written_and_what_comes_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    init(tmp_path / "my go-live")
    said = capsys.readouterr().out
    for words in (
        "programme.yaml",
        "runbooks/small-upgrade.yaml",
        "the way back",
        "cutover check",
        "cutover run start",
    ):
        assert words in said
    assert f"--programme '{tmp_path}/my go-live'" in said


def test_a_window_that_is_past_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    init(tmp_path / "late", opens=datetime(2020, 2, 7, 21, 30))
    assert "WARNING: the window is past: it opened Fri 07 Feb 2020 21:30 GMT" in capsys.readouterr().out
    init(tmp_path / "mine")
    assert "WARNING" not in capsys.readouterr().out


def test_a_folder_with_something_in_it_is_left_as_it_is(tmp_path: Path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(Invalid, match="not empty"):
        init(tmp_path / "mine")
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_an_empty_folder_is_filled(tmp_path: Path):
    (tmp_path / "mine").mkdir()
    init(tmp_path / "mine")
    assert (tmp_path / "mine" / "programme.yaml").exists()


def test_a_window_that_the_clocks_make_ambiguous_is_refused_and_nothing_is_written(tmp_path: Path):
    """01:30 happens twice that night."""
    with pytest.raises(Invalid, match="happens twice"):
        init(tmp_path / "mine", opens=datetime(2026, 10, 25, 1, 30))
    assert list(tmp_path.iterdir()) == []
