"""Ticks are a control: what is certain is said, all else goes to a person (twin of bench_reading)."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from paper_capture.domain.geometry import Box
from paper_capture.domain.images import Marks
from paper_capture.domain.moves import Grade
from paper_capture.forms import load_forms
from paper_capture.printing.layout import lay_out
from paper_capture.scanning.marks import PAGE, has_eyes, read_marks
from paper_capture.scanning.reading import read_page
from tests.paper_capture.scanning.conftest import KEY
from tests.paper_capture.scanning.pens import STYLES, Scanner, drawn, scanned, tear, write
from tests.paper_capture.world import SCENARIO

pytestmark = pytest.mark.skipif(not has_eyes(), reason="the extra omr is not installed")
FORM = load_forms(SCENARIO)["custody"]
BOXES = lay_out(FORM).boxes(1)


@pytest.fixture(scope="module")
def blank() -> Image.Image:
    return drawn(FORM, ["CU000000182"], KEY)[0]


def box(field: str, answer: str = "yes") -> Box:
    return next(b for b in BOXES if (b.field, b.answer) == (field, answer))


def read(page: Image.Image, how: Scanner | None = None) -> Marks:
    gray = scanned(page, how or Scanner(turn=2, noise=6, jpeg=60), np.random.default_rng(5))
    found = read_page(gray, KEY).found
    assert found is not None
    return read_marks(gray, found, BOXES)


@pytest.mark.parametrize(
    "how",
    [Scanner(dpi=100, turn=-1.5, noise=5, jpeg=50), Scanner(turn=181, noise=6), Scanner(noise=10, fax=True)],
)
@pytest.mark.parametrize("style", STYLES[:3])  # a scribble may fill the box, which is how one is struck out
def test_each_way_to_tick_is_read_at_each_quality(blank: Image.Image, how: Scanner, style: str) -> None:
    page, random = blank.copy(), np.random.default_rng(6)
    for one in (box("under_18"), box("observation", "constant"), box("_grade", "high")):
        write(page, one, style, random)
    marks = read(page, how)
    ticked = {name: value for name, value in marks.answers.items() if value}
    assert (ticked, marks.grade, marks.referred) == (
        {"under_18": True, "observation": "constant"},
        Grade.HIGH,
        {},
    )


def test_an_empty_page_has_no_tick_and_no_grade(blank: Image.Image) -> None:
    marks = read(blank)
    assert not any(marks.answers.values())
    assert (marks.grade, marks.referred) == (None, {})


@pytest.mark.parametrize("struck", ["fill", "scribble", "cross"])
def test_an_answer_struck_out_and_given_again_goes_to_a_person(blank: Image.Image, struck: str) -> None:
    page, random = blank.copy(), np.random.default_rng(7)
    write(page, box("observation", "general"), struck, random)
    write(page, box("observation", "constant"), "cross", random)
    marks = read(page)
    assert "general, constant" in marks.referred["observation"]
    assert "observation" not in marks.answers


def test_a_box_blackened_whole_goes_to_a_person(blank: Image.Image) -> None:
    page = blank.copy()
    write(page, box("under_18"), "fill", np.random.default_rng(8))
    assert "filled in whole" in read(page).referred["under_18"]


@pytest.mark.parametrize("corner", range(4))
def test_a_page_with_a_torn_corner_is_referred_whole(blank: Image.Image, corner: int) -> None:
    page, random = blank.copy(), np.random.default_rng(9)
    for one in BOXES[::2]:
        write(page, one, "fill", random)
    tear(page, corner)
    marks = read(page, Scanner(noise=6))
    assert set(marks.referred) == {PAGE}
    assert marks.answers == {}
