"""Which boxes were ticked: a control of what people key, and the grade that says what to key first; never the entry.

The page's four corner squares say how it lies; their sides, diagonals and shape must be those of the page within
3 %, or the whole page goes to a person. A box is ticked when its middle holds ink; any second mark in a question, a
faint one included, sends the question to a person: somebody may have struck an answer out and ticked another.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from paper_capture.domain.geometry import CORNER, CORNERS, GRADE, INNER, Box
from paper_capture.domain.images import PAGE, Marks
from paper_capture.domain.moves import Grade
from paper_capture.domain.passes import Value
from paper_capture.scanning.files import Gray
from paper_capture.scanning.reading import Found, Point

TOLERANCE = 0.03
FAINT, SURE = (
    0.02,
    0.06,
)  # share of ink: below FAINT nothing, from SURE a mark, between the two a person decides
DOTS = 20  # pixels a millimetre edge of a straightened box, so that ink is a share of the same area at any resolution
NEAR = 16.0  # millimetres from where the code says a corner is to where it may be
FILLED = 0.75  # a box blackened whole is how the instructions say that it was ticked by mistake
SQUARE = 0.8  # how square and how solid a corner mark still is after a fax


def has_eyes() -> bool:
    """Is OpenCV installed (extra `omr`)?"""
    return importlib.util.find_spec("cv2") is not None


def read_marks(gray: Gray, found: Found, boxes: Sequence[Box]) -> Marks:
    """What the boxes of a page say. A page that does not lie as printed is referred whole, under '*'."""
    if not boxes:
        return Marks()
    cv2 = importlib.import_module("cv2")
    corners = _corners(cv2, gray, found)
    if isinstance(corners, str):
        return Marks(referred={PAGE: corners})
    to_image = cv2.getPerspectiveTransform(np.array(CORNERS, np.float32), np.array(corners, np.float32))
    ink = _ink(cv2, gray, to_image, boxes)
    return _judged(boxes, ink)


def _judged(boxes: Sequence[Box], ink: Mapping[Box, float]) -> Marks:
    answers: dict[str, Value] = {}
    referred: dict[str, str] = {}
    for name, group in groupby(sorted(boxes, key=lambda b: b.field), key=lambda b: b.field):
        options = list(group)
        marked = [box for box in options if ink[box] > FAINT]
        sure = [box for box in marked if ink[box] >= SURE]
        if len(marked) > 1:
            referred[name] = "more than one box is marked: " + ", ".join(box.answer for box in marked)
        elif marked and not sure:
            referred[name] = f"a faint mark at '{marked[0].answer}'"
        elif sure and ink[sure[0]] > FILLED:
            referred[name] = f"'{sure[0].answer}' is filled in whole, as a wrong one is"
        else:
            answers[name] = _answer(options, sure)
    grade = answers.pop(GRADE, None)
    frame = [name for name in answers if name.startswith("_")]
    return Marks(
        answers={name: value for name, value in answers.items() if name not in frame},
        referred=referred,
        grade=Grade(str(grade)) if grade else None,
    )


def _answer(options: Sequence[Box], sure: Sequence[Box]) -> Value:
    """A lone box answers whether it is ticked; one of several answers which."""
    if len(options) == 1 and options[0].answer == "yes":
        return bool(sure)
    return sure[0].answer if sure else None


def _ink(cv2: Any, gray: Gray, to_image: Any, boxes: Sequence[Box]) -> dict[Box, float]:
    """The share of dark pixels in the middle of each box; dark is judged against the paper around it."""
    ink: dict[Box, float] = {}
    for box in boxes:
        paper = _straight(cv2, gray, to_image, box, 1.9)
        middle = _straight(cv2, gray, to_image, box, INNER)
        white = float(np.percentile(paper, 80))
        ink[box] = float(np.mean(middle < white * 0.72))
    return ink


def _straight(cv2: Any, gray: Gray, to_image: Any, box: Box, share: float) -> Gray:
    """A box cut out and straightened, `share` of its side wide, around its middle."""
    half = box.side * share / 2
    x, y = box.x + box.side / 2, box.y + box.side / 2
    dots = max(8, round(box.side * share * DOTS / 2))
    square = np.array(
        [(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)], np.float32
    )
    seen = cv2.perspectiveTransform(square[None], to_image)[0]
    low = np.floor(seen.min(axis=0)).astype(int) - 2
    high = np.ceil(seen.max(axis=0)).astype(int) + 3
    low, high = np.maximum(low, 0), np.minimum(high, (gray.shape[1], gray.shape[0]))
    cut = gray[low[1] : high[1], low[0] : high[0]]
    if not cut.size:
        return np.zeros((1, 1), np.uint8)  # outside the image: dark, so that a person looks
    flat = np.array([(0, 0), (dots, 0), (dots, dots), (0, dots)], np.float32)
    warp = cv2.getPerspectiveTransform((seen - low).astype(np.float32), flat)
    result: Gray = cv2.warpPerspective(
        cut, warp, (dots, dots), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return result


def _corners(cv2: Any, gray: Gray, found: Found) -> Sequence[Point] | str:
    """The middles of the four corner squares in the image, or why the page cannot be measured."""
    a_mm = _pixels_a_mm(found)
    expected = _expected(found)
    squares = _squares(cv2, gray, a_mm)
    corners: list[Point] = []
    for x, y in expected:
        near = [s for s in squares if np.hypot(s[0] - x, s[1] - y) < NEAR * a_mm]
        if not near:
            return "a corner mark is missing"
        corners.append(min(near, key=lambda s: np.hypot(s[0] - x, s[1] - y)))
    return corners if _is_page(corners) else "the corner marks do not lie as printed"


def _pixels_a_mm(found: Found) -> float:
    image, page = np.array(found.in_image), np.array(found.on_page)
    sides = [
        np.linalg.norm(image[i] - image[i - 1]) / np.linalg.norm(page[i] - page[i - 1]) for i in range(4)
    ]
    return float(np.mean(sides))


def _expected(found: Found) -> Sequence[Point]:
    """Where the corners should be when the page lies turned and scaled as its code does: steadier from afar than a warp."""
    page = np.array([complex(*p) for p in found.on_page])
    image = np.array([complex(*p) for p in found.in_image])
    turn = np.sum((image - image.mean()) * np.conj(page - page.mean())) / np.sum(
        np.abs(page - page.mean()) ** 2
    )
    placed = [(complex(*c) - page.mean()) * turn + image.mean() for c in CORNERS]
    return [(float(p.real), float(p.imag)) for p in placed]


def _squares(cv2: Any, gray: Gray, a_mm: float) -> list[Point]:
    """Solid dark squares of about a corner mark's size."""
    side = CORNER * a_mm
    _, dark = cv2.threshold(
        cv2.GaussianBlur(gray, (3, 3), 0), 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU
    )
    shapes, _ = cv2.findContours(dark, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return [middle for shape in shapes if (middle := _middle(cv2, shape, side)) is not None]


def _middle(cv2: Any, shape: Any, side: float) -> Point | None:
    area = cv2.contourArea(shape)
    if not 0.6 * side**2 < area < 1.45 * side**2:
        return None
    (x, y), (wide, high), _ = cv2.minAreaRect(shape)
    square = min(wide, high) / max(wide, high, 1) > SQUARE and area > SQUARE * wide * high
    return (float(x), float(y)) if square else None


def _is_page(corners: Sequence[Point]) -> bool:
    """Sides, diagonals and their ratio are those of the page, within 3 %."""
    seen, printed = np.array(corners), np.array(CORNERS)
    pairs = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (1, 3)]
    scales = np.array(
        [np.linalg.norm(seen[a] - seen[b]) / np.linalg.norm(printed[a] - printed[b]) for a, b in pairs]
    )
    return bool(np.all(np.abs(scales / scales.mean() - 1) < TOLERANCE))
