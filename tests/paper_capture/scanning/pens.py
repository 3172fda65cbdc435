"""Scans that nobody made: a drawn page, written on with a pen, spoiled, and put through a scanner; all from one seed."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pypdfium2
from PIL import Image, ImageDraw, ImageFilter

from paper_capture.domain.form import Form
from paper_capture.domain.geometry import CORNER, CORNERS, HEIGHT, WIDTH, Box
from paper_capture.printing.press import Printing, books
from paper_capture.scanning.files import Gray

MM = 25.4
DRAWN = 300  # dpi of the page before it is scanned
AT = datetime(2026, 10, 23, tzinfo=UTC)
STYLES = ("cross", "tick", "slash", "scribble")
Random = np.random.Generator


@dataclass(frozen=True)
class Scanner:
    """How a page goes through: resolution, turn in degrees, blur, noise, JPEG quality (0: none), fax, faded ink."""

    dpi: int = 200
    turn: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    jpeg: int = 0
    fax: bool = False
    faded: float = 0.0


def drawn(form: Form, serials: Sequence[str], key: bytes) -> list[Image.Image]:
    """Every page of these sheets as the printer makes it."""
    pages: list[Image.Image] = []
    for book in books(form, serials, Printing("Seventy-two hours", "Northgate", AT, key)):
        document = pypdfium2.PdfDocument(book.pdf)
        pages += [page.render(scale=DRAWN / 72, grayscale=True).to_pil().convert("L") for page in document]
    return pages


def dots(mm: float) -> float:
    return mm * DRAWN / MM


def write(page: Image.Image, box: Box, style: str, random: Random) -> None:
    """A mark as a hurried hand makes it: it overshoots the box, and no two are alike."""
    pen = ImageDraw.Draw(page)
    side, wide = dots(box.side), round(dots(random.uniform(0.35, 0.7)))
    x, y = dots(box.x), dots(box.y)

    def at(right: float, down: float) -> tuple[float, float]:
        return x + (right + random.uniform(-0.1, 0.1)) * side, y + (down + random.uniform(-0.1, 0.1)) * side

    ink = int(random.integers(10, 90))
    lines = {
        "cross": [[at(0.1, 0.1), at(0.9, 0.9)], [at(0.9, 0.1), at(0.1, 0.9)]],
        "tick": [[at(0.1, 0.5), at(0.4, 0.9), at(1.1, -0.1)]],
        "slash": [[at(0.0, 0.95), at(1.0, 0.05)]],
        "scribble": [[at(0.1, 0.2), at(0.9, 0.3), at(0.1, 0.5), at(0.9, 0.6), at(0.2, 0.8)]],
        "fill": [[at(0.1, n / 14), at(0.9, n / 14)] for n in range(1, 14)],
        "dot": [[at(0.5, 0.5), at(0.53, 0.53)]],
    }
    for line in lines[style]:
        pen.line(line, fill=ink, width=wide, joint="curve")


def strokes(page: Image.Image, place: tuple[float, float, float], count: int, random: Random) -> None:
    """A pen tried out over a code."""
    pen = ImageDraw.Draw(page)
    x, y, side = (dots(n) for n in place)
    for _ in range(count):
        ends = [
            (x + random.uniform(-0.1, 1.1) * side, y + random.uniform(-0.1, 1.1) * side) for _ in range(2)
        ]
        pen.line(ends, fill=20, width=round(dots(0.7)))


def blot(page: Image.Image, place: tuple[float, float, float], share: float, random: Random) -> None:
    """Ink or tea over a share of a code's area."""
    pen = ImageDraw.Draw(page)
    x, y, side = (dots(n) for n in place)
    radius = side * (share / np.pi) ** 0.5
    middle_x, middle_y = x + random.uniform(0.3, 0.7) * side, y + random.uniform(0.3, 0.7) * side
    pen.ellipse([middle_x - radius, middle_y - radius, middle_x + radius, middle_y + radius], fill=30)


def tear(page: Image.Image, corner: int) -> None:
    """A corner is gone; what lies behind the page is white."""
    x, y = CORNERS[corner]
    pen = ImageDraw.Draw(page)
    far_x, far_y = (0.0 if x < WIDTH / 2 else WIDTH), (0.0 if y < HEIGHT / 2 else HEIGHT)
    reach_x, reach_y = (
        (2.2 * x if far_x == 0 else WIDTH - 2.2 * (WIDTH - x)),
        (2.2 * y if far_y == 0 else HEIGHT - 2.2 * (HEIGHT - y)),
    )
    pen.polygon(
        [(dots(far_x), dots(far_y)), (dots(reach_x), dots(far_y)), (dots(far_x), dots(reach_y))], fill=255
    )
    half = CORNER / 2 + 0.5
    pen.rectangle([dots(x - half), dots(y - half), dots(x + half), dots(y + half)], fill=255)


def scanned(page: Image.Image, how: Scanner, random: Random) -> Gray:
    """The page as the file holds it."""
    image = page.rotate(how.turn, Image.Resampling.BICUBIC, expand=True, fillcolor=255) if how.turn else page
    scale = how.dpi / DRAWN
    image = image.resize(
        (round(image.width * scale), round(image.height * scale)),
        Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC,
    )
    if how.blur:
        image = image.filter(ImageFilter.GaussianBlur(how.blur))
    grey = np.asarray(image, dtype=np.float32)
    if how.faded:
        grey = 255 - (255 - grey) * (1 - how.faded)
    if how.noise:
        grey = grey + random.normal(0, how.noise, grey.shape).astype(np.float32)
    seen = np.clip(grey, 0, 255).astype(np.uint8)
    if how.fax:
        seen = np.where(seen < 140, 0, 255).astype(np.uint8)
    if how.jpeg:
        out = io.BytesIO()
        Image.fromarray(seen).save(out, "JPEG", quality=how.jpeg)
        seen = np.asarray(Image.open(out).convert("L"))
    return seen
