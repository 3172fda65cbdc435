"""Where everything stands on a printed page, in millimetres from the top left: one truth for the press and the mark reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

WIDTH, HEIGHT = 210.0, 297.0
CORNER = 5.0  # side of the black squares
CORNERS = (
    (11.0, 11.0),
    (199.0, 11.0),
    (199.0, 286.0),
    (11.0, 286.0),
)  # their middles, clockwise from the top left
LEFT, RIGHT = 17.0, 193.0
QR = (167.0, 9.0, 24.0)  # x, y, side: top right; the two codes are as far apart as the page allows
DATA_MATRIX = (17.0, 273.0, 14.0)  # bottom left
BODY_TOP, BODY_BOTTOM = 40.0, 268.0
TICK = 4.4  # side of a box to tick
INNER = 0.62  # the middle part of a box whose ink is weighed, so that its own outline is not
GRADE, CLOCK = "_grade", "_clock"  # boxes of the frame, not of the form


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text; `y` is its baseline."""

    x: float
    y: float
    size: float
    text: str
    bold: bool = False
    soft: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """A box to tick: what a mark in it answers."""

    field: str
    answer: str
    x: float
    y: float
    side: float = TICK


@dataclass(frozen=True, slots=True)
class Rule:
    """A rectangle to write in, or with no height a line."""

    x: float
    y: float
    width: float
    height: float = 0.0
    strong: bool = False


@dataclass
class Page:
    """One side as printed, without what differs from sheet to sheet."""

    words: list[Words] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Layout:
    """Every page of a form in one version."""

    form: str
    version: int
    pages: Sequence[Page]

    def boxes(self, page: int) -> list[Box]:
        """The mark map of a page, counted from 1."""
        return self.pages[page - 1].boxes
