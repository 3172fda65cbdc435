"""The forms of a folder: every fault named by file, line and field, and no two forms with one prefix."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.core.errors import Invalid
from paper_capture.forms import load_forms

GOOD = "id: {id}\ntitle: A form\nprefix: {prefix}\nminutes: 5\nfields:\n  - {{name: who, label: Who}}\n"


def test_a_folder_without_forms_has_none(tmp_path: Path) -> None:
    assert load_forms(tmp_path) == {}


def test_forms_are_known_by_id(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD.format(id="visit", prefix="VI"))
    assert load_forms(tmp_path)["visit"].minutes == 5


def test_the_faults_of_all_files_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD.format(id="visit", prefix="VI"))
    (tmp_path / "b.yaml").write_text(GOOD.format(id="visit", prefix="VI"))
    (tmp_path / "c.yaml").write_text(GOOD.format(id="call", prefix="CA").replace("label: Who", "lable: Who"))
    with pytest.raises(Invalid) as error:
        load_forms(tmp_path)
    said = [str(problem).removeprefix(f"{tmp_path}/") for problem in error.value.problems]
    assert said[:2] == [
        "b.yaml: id: id 'visit' is another form's too",
        "b.yaml: prefix: prefix VI belongs to 'visit'",
    ]
    assert any("c.yaml:6" in line and "did you mean 'label'?" in line for line in said[2:])
