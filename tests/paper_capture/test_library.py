"""The shipped forms: complete, on the page, each box apart from the next, and fit for a tired hand."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

import paper_capture
from paper_capture.domain.form import Form, Role
from paper_capture.domain.geometry import BODY_BOTTOM, DATA_MATRIX, LEFT, RIGHT, TICK
from paper_capture.domain.moves import Grade
from paper_capture.domain.passes import Value
from paper_capture.forms import load_forms
from paper_capture.printing.layout import lay_out
from paper_capture.printing.letters import width
from tests.paper_capture.world import SCENARIO

FORMS = load_forms(Path(paper_capture.__file__).parent / "library")
NAMES = sorted(FORMS)


@pytest.fixture(params=NAMES)
def form(request: pytest.FixtureRequest) -> Form:
    return FORMS[request.param]


def test_the_library_has_each_form_that_a_station_needs() -> None:
    records = {name for name, form in FORMS.items() if form.role is Role.RECORD}
    assert records == {
        "incident",
        "crime",
        "domestic_abuse",
        "custody",
        "property",
        "intelligence",
        "statement",
    }
    assert {form.role for form in FORMS.values()} == set(Role)


def test_every_field_stands_on_paper_inside_the_page(form: Form) -> None:
    layout = lay_out(form)
    for page in layout.pages:
        for words in page.words:
            assert words.x >= LEFT
            assert words.x + width(words.text, words.size, bold=words.bold) <= RIGHT + 1
            assert words.y <= BODY_BOTTOM
        for rule in page.rules:
            assert rule.y + rule.height <= DATA_MATRIX[1]
            assert rule.x + rule.width <= RIGHT + 0.1
    said = " ".join(w.text for page in layout.pages for w in page.words)
    for field in form.fields:
        assert field.label.split()[-1] in said


def test_no_two_boxes_touch_and_each_answer_has_one(form: Form) -> None:
    for page in lay_out(form).pages:
        for one, other in combinations(page.boxes, 2):
            assert abs(one.x - other.x) >= TICK + 0.5 or abs(one.y - other.y) >= TICK + 0.5
    boxes = [
        (b.field, b.answer) for page in lay_out(form).pages for b in page.boxes if not b.field.startswith("_")
    ]
    wanted = [(f.name, answer) for f in form.marked for answer in (f.choices or ("yes",))]
    assert sorted(boxes) == sorted(wanted)


def test_intelligence_is_restricted_and_nothing_else_is() -> None:
    assert [name for name in NAMES if FORMS[name].restricted] == ["intelligence"]


@pytest.mark.parametrize(
    ("yes", "grade"), [((), Grade.STANDARD), (("left_recently",), Grade.MEDIUM), (("strangled",), Grade.HIGH)]
)
def test_one_grave_answer_is_enough_however_few_they_are(yes: tuple[str, ...], grade: Grade) -> None:
    values: dict[str, Value] = dict.fromkeys(yes, "yes")
    assert FORMS["domestic_abuse"].grade(values) is grade


def test_many_answers_together_are_grave() -> None:
    form = FORMS["domestic_abuse"]
    counted = [
        name
        for name in form.grades[1].counted
        if name not in (*form.grades[0].ticked, *form.grades[3].ticked)
    ]
    assert len(form.grades[1].counted) == 27
    assert form.grade(dict.fromkeys(counted[:9], "yes")) is Grade.STANDARD
    assert form.grade(dict.fromkeys(counted[:10], "yes")) is Grade.MEDIUM
    assert form.grade(dict.fromkeys(counted[:14], "yes")) is Grade.HIGH


def test_a_sheet_keeps_the_version_it_was_printed_in() -> None:
    new = {"name": "vehicle", "label": "Vehicle", "since": 2}
    old = {"name": "carriage", "label": "Carriage", "until": 1}
    raw = FORMS["property"].model_dump(mode="json")
    form = Form.model_validate({**raw, "version": 2, "fields": [*raw["fields"], new, old]})
    names = {version: {f.name for f in form.at(version).fields} for version in (1, 2)}
    assert names[1] - names[2] == {"carriage"}
    assert names[2] - names[1] == {"vehicle"}


def test_a_form_of_the_example_has_the_prefix_and_the_clocks_of_the_shipped_one() -> None:
    """ADR 0031: two editions, and everything that goes by the id works with either."""
    shipped, example = FORMS, load_forms(SCENARIO)
    both = sorted(shipped.keys() & example.keys())
    assert both == ["crime", "custody", "domestic_abuse", "incident"]
    assert {f: (shipped[f].prefix, shipped[f].clocks) for f in both} == {
        f: (example[f].prefix, example[f].clocks) for f in both
    }
