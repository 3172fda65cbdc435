"""`cutover runbook picture`: in the terminal, or a file written whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cutover.core.errors import Invalid
from tests.runbooks.folders import write_programme
from tests.runbooks.test_print_cli import ask


@pytest.fixture
def programme(tmp_path: Path) -> Path:
    return write_programme(tmp_path / "go-live")


@pytest.mark.parametrize("kind", ["gantt", "finish", "tornado"])
def test_a_picture_is_shown_in_the_terminal_or_written_as_svg(
    kind: str, programme: Path, capsys: pytest.CaptureFixture[str]
):
    ask("picture", "--kind", kind, programme=programme)
    assert len(capsys.readouterr().out.splitlines()) > 3
    ask("picture", "--kind", kind, "--to", programme / "p.svg", programme=programme)
    assert (programme / "p.svg").read_text(encoding="utf-8").startswith("<svg xmlns=")


def test_the_answer_for_programs_has_the_lines(programme: Path, capsys: pytest.CaptureFixture[str]):
    ask("picture", "--json", programme=programme)
    said = json.loads(capsys.readouterr().out)
    assert said["kind"] == "gantt"
    assert any("Freeze" in line for line in said["lines"])


def test_another_kind_of_file_is_refused_and_nothing_written(programme: Path):
    with pytest.raises(Invalid, match=r"expected a \.svg file"):
        ask("picture", "--to", programme / "p.png", programme=programme)
    assert not (programme / "p.png").exists()
