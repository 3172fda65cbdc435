"""The how-to for library users, done as it says: one file of its pieces, from objects to a run that has ended.

Its last piece, the run as a flow, is done in tests/flows/test_go_live.py, where the Prefect server is.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.testing import programme_world
from tests.docs.pages import DOCS, blocks

PAGE = DOCS / "how-to" / "use-as-a-library.md"
PIECES = [block.text for block in blocks("python") if block.page == PAGE]
HERE = [piece for piece in PIECES if "go_live" not in piece]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The pieces write beside themselves."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def done(*pieces: str) -> dict[str, object]:
    held: dict[str, object] = {}
    exec(compile("\n".join(pieces), PAGE.name, "exec"), held)
    return held


def test_its_pieces_plan_run_change_and_review_a_night(capsys: pytest.CaptureFixture[str]) -> None:
    done(*HERE)
    said = capsys.readouterr().out
    assert "critical: DARK LOAD GO LIVE until" in said
    assert "night-1 complete by" in said
    assert "decided by chen" in said
    assert "VoteCast chen" in said
    assert "the end (P80) moves" in said


def test_what_it_writes_is_read_back_equal(here: Path) -> None:
    held = done(PIECES[0])
    with programme_world(here / "my-go-live") as world:
        assert world.folder.programme == held["programme"]
        assert world.folder.runbook() == held["night"]
