"""Pictures as files: whole SVG documents that any viewer opens, with what they show in words."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from cutover.web.svg import chart_style
from runbooks.picture_files import svg_of
from tests.runbooks.plotted import small

PLAN = small()
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("kind", ["gantt", "finish", "tornado"])
def test_a_picture_is_a_document_with_title_and_description(kind: str):
    root = ET.fromstring(svg_of(PLAN, kind))
    assert root.tag == f"{SVG}svg"
    title, says = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert says is not None
    assert root.get("aria-labelledby", "").split() == [title.get("id"), says.get("id")]
    assert says.text


def test_a_title_with_markup_is_shown_and_not_obeyed():
    text = svg_of(PLAN, "gantt")
    assert "Count &lt;b&gt; &amp; sum" in text


def test_the_file_needs_no_style_sheet_and_no_variables():
    """Most programs that open an SVG know neither."""
    style = chart_style()
    assert "var(" not in style
    assert ".chart rect.column" in style
    assert "http" not in style


def test_the_same_plan_gives_the_same_file():
    assert svg_of(small(), "gantt") == svg_of(PLAN, "gantt")
