"""Which page of which sheet an image is, by its own codes and nothing else.

Either code is enough; each carries its own check. Two different valid codes in one image are two sheets in one
scan: nobody guesses which. What the first look does not read is tried again enlarged, cleaned and blurred.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import zxingcpp
from PIL import Image, ImageFilter

from cutover.core.errors import Invalid
from paper_capture.domain.codes import OURS, PageCode, read_page_code
from paper_capture.domain.geometry import DATA_MATRIX, QR
from paper_capture.scanning.files import Gray

FORMATS: Any = (zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.DataMatrix)
LARGEST = 9_000_000  # pixels of an enlarged try
BLANK = 0.002  # share of dark pixels below which a side has nothing on it
DARK = 128
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Found:
    """A code that was read: what it says, and where its four corners are, in millimetres of the page and in pixels."""

    code: PageCode
    on_page: Sequence[Point]
    in_image: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Reading:
    """What an image says of itself: the page it is and the code it was read from, or why it has no place."""

    found: Found | None
    reason: str = ""


def read_page(gray: Gray, key: bytes) -> Reading:
    """Read both codes of one image."""
    foreign = ""
    for scale, look in _looks(gray):
        founds, wrong = _read(look, scale, key)
        foreign = foreign or wrong
        codes = {found.code for found in founds}
        if len(codes) > 1:
            both = " and ".join(sorted(f"{c.serial} page {c.page}" for c in codes))
            return Reading(None, f"two pages in one image: {both}")
        if founds:
            return Reading(founds[0])
    blank = float(np.mean(gray < DARK)) < BLANK
    return Reading(None, foreign or ("a blank side" if blank else "no code could be read"))


def _read(look: Gray, scale: float, key: bytes) -> tuple[list[Found], str]:
    founds: list[Found] = []
    wrong = ""
    for barcode in zxingcpp.read_barcodes(look, formats=FORMATS, try_invert=False):
        try:
            code = read_page_code(barcode.text, key)
        except Invalid as error:
            wrong = str(error) if OURS.match(barcode.text) else wrong
            continue
        is_qr = barcode.format == zxingcpp.BarcodeFormat.QRCode
        founds.append(Found(code, _square(QR if is_qr else DATA_MATRIX), _corners(barcode, scale)))
    founds.sort(key=lambda f: f.on_page != _square(QR))  # the larger code says best where the page lies
    return founds, wrong


def _square(place: tuple[float, float, float]) -> Sequence[Point]:
    x, y, side = place
    return ((x, y), (x + side, y), (x + side, y + side), (x, y + side))


def _corners(barcode: zxingcpp.Barcode, scale: float) -> Sequence[Point]:
    p = barcode.position
    return tuple((c.x / scale, c.y / scale) for c in (p.top_left, p.top_right, p.bottom_right, p.bottom_left))


def _looks(gray: Gray) -> Iterator[tuple[float, Gray]]:
    """The image as it is, then enlarged, cleaned, and enlarged and blurred: each only when the one before failed."""
    yield 1.0, gray
    image = Image.fromarray(gray)
    twice = min(2.0, (LARGEST / gray.size) ** 0.5)
    tries: tuple[tuple[float, Callable[[Image.Image], Image.Image]], ...] = (
        (twice, lambda i: i),
        (1.0, lambda i: i.filter(ImageFilter.MedianFilter(3))),
        (twice, lambda i: i.filter(ImageFilter.GaussianBlur(1.2))),
        (1.0, lambda i: i.filter(ImageFilter.GaussianBlur(1.5))),
    )
    for scale, change in tries:
        size = (round(image.width * scale), round(image.height * scale))
        larger = image.resize(size, Image.Resampling.BICUBIC) if scale != 1 else image
        yield scale, np.asarray(change(larger))
