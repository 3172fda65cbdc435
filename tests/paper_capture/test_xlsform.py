"""Every shipped form becomes an XLSForm that ODK's own converter takes."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyxform.xls2xform import convert

import paper_capture
from paper_capture.forms import load_forms
from paper_capture.xlsform import write_xlsform

FORMS = load_forms(Path(paper_capture.__file__).parent / "library")


@pytest.mark.parametrize("name", ["custody", "domestic_abuse", "incident"])
def test_the_converter_takes_it_with_its_questions_and_checks(name: str, tmp_path: Path) -> None:
    form = FORMS[name]
    xml = convert(str(write_xlsform(form, tmp_path / "form.xlsx"))).xform
    for field in form.fields:
        assert f"/{field.name}" in xml
    assert f'version="{form.version}"' in xml
    assert "regex(" in xml


def test_a_comparison_and_a_need_are_kept(tmp_path: Path) -> None:
    xml = convert(str(write_xlsform(FORMS["custody"], tmp_path / "form.xlsx"))).xform
    assert "arrived_at" in xml.split("arrested_at", 1)[1]
    assert "self_harm_risk" in next(
        line for line in xml.splitlines() if "observation" in line and "required" in line
    )
