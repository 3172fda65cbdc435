"""A code is read off a spoiled page when either of the two is whole, and never as another sheet's (twin of bench_reading)."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from paper_capture.domain.geometry import DATA_MATRIX, QR
from paper_capture.scanning.reading import read_page
from tests.paper_capture.scanning.conftest import KEY, SERIALS, Printed
from tests.paper_capture.scanning.pens import Scanner, blot, scanned, strokes

HOW = {
    "askew, noisy": Scanner(turn=3, noise=8, jpeg=50),
    "150 dpi, blurred": Scanner(dpi=150, turn=-4, blur=0.6, noise=8, jpeg=30),
    "100 dpi": Scanner(dpi=100, turn=1.5, noise=5, jpeg=40),
    "fax": Scanner(turn=-2, noise=12, fax=True),
    "faded": Scanner(faded=0.6, noise=4),
}


@pytest.fixture
def page(printed: Printed) -> Image.Image:
    gray = Image.fromarray(printed.pages[1])
    return gray.resize((round(gray.width * 1.5), round(gray.height * 1.5)))  # as pens draws: 300 dpi


@pytest.mark.parametrize("how", HOW)
def test_a_page_is_read_however_it_was_scanned(page: Image.Image, how: str) -> None:
    reading = read_page(scanned(page, HOW[how], np.random.default_rng(1)), KEY)
    assert reading.found is not None
    assert reading.found.code.serial == SERIALS[1]


@pytest.mark.parametrize("place", [QR, DATA_MATRIX], ids=["qr", "data matrix"])
@pytest.mark.parametrize("spoil", ["strokes", "blot"])
def test_one_whole_code_is_enough(page: Image.Image, place: tuple[float, float, float], spoil: str) -> None:
    random = np.random.default_rng(2)
    if spoil == "strokes":
        strokes(page, place, 5, random)
    else:
        blot(page, place, 0.4, random)
    reading = read_page(scanned(page, Scanner(noise=5, jpeg=60), random), KEY)
    assert reading.found is not None
    assert reading.found.code.serial == SERIALS[1]


def test_with_neither_code_nobody_guesses(page: Image.Image) -> None:
    random = np.random.default_rng(3)
    for place in (QR, DATA_MATRIX):
        blot(page, place, 0.8, random)
    reading = read_page(scanned(page, Scanner(noise=5), random), KEY)
    assert (reading.found, reading.reason) == (None, "no code could be read")


def test_a_blank_side_says_so() -> None:
    assert read_page(np.full((1169, 827), 255, np.uint8), KEY).reason == "a blank side"
