"""What a scanned file holds, page by page, and why one is refused whole before anything of it is filed.

Memory is bounded: one page at a time, and a page is measured before it is opened. What is encrypted, cut short,
too long or too large is refused with the reason, so that no file is ever half filed.
"""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
from PIL import Image, ImageOps

from cutover.core.errors import Invalid, Problem

Gray = np.ndarray[Any, np.dtype[np.uint8]]
DPI = 200
MOST_BYTES = 1_000_000_000
MOST_PAGES = 2_000
MOST_PIXELS = 80_000_000  # A3 at 600 dpi, and a little more
DRAWN_PIXELS = 12_000_000  # what we draw of a PDF page, however large it says it is
_MAGIC = {
    b"%PDF-": "pdf",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
}
_MEDIA = {"PNG": "image/png", "JPEG": "image/jpeg"}
_TAIL = 2048
_DAMAGE = (  # what a spoiled image makes its reader raise
    OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, EOFError, struct.error, Image.DecompressionBombError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page of a file: as it is kept, and as grey values to read it."""

    number: int
    content: bytes
    media: str
    gray: Gray


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """A file that can be read: what it is, and how many pages it has."""

    path: Path
    sha256: str
    kind: str
    pages: int


def open_file(path: Path) -> ScannedFile:
    """Look at a file without drawing it. Raises Invalid with the reason when it cannot be scanned whole."""
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise _refused(path, f"is {size / 1e9:.1f} GB; at most {MOST_BYTES / 1e9:.0f} GB is read")
        with path.open("rb") as file:
            head = file.read(16)
            kind = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), "")
            if not kind:
                raise _refused(path, "is not a PDF, PNG, JPEG or TIFF file" if size else "is empty")
            file.seek(0)
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(max(0, size - _TAIL))
            tail = file.read()
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror}") from error
    pages = _pdf_pages(path, tail) if kind == "pdf" else _image_pages(path)
    if pages > MOST_PAGES:
        raise _refused(path, f"has {pages:,} pages; at most {MOST_PAGES:,} are read: split it")
    if not pages:
        raise _refused(path, "has no pages")
    return ScannedFile(path, sha256, kind, pages)


def leaves(file: ScannedFile, numbers: set[int]) -> Iterator[Leaf]:
    """The pages with these numbers (from 1), one at a time. Raises Invalid when one of them cannot be drawn."""
    yield from _pdf_leaves(file, numbers) if file.kind == "pdf" else _image_leaves(file, numbers)


def _pdf_pages(path: Path, tail: bytes) -> int:
    if b"%%EOF" not in tail:
        raise _refused(path, "is cut short: its end is missing")
    with _pdf(path) as document:
        return len(document)


@contextmanager
def _pdf(path: Path) -> Iterator[pypdfium2.PdfDocument]:
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        raise _refused(
            path, "is encrypted: save it without a password" if locked else f"is a damaged PDF ({error})"
        ) from error
    try:
        yield document
    finally:
        document.close()


def _pdf_leaves(file: ScannedFile, numbers: set[int]) -> Iterator[Leaf]:
    with _pdf(file.path) as document:
        for number in sorted(numbers):
            try:
                page = document[number - 1]
                wide, high = page.get_size()
                scale = min(DPI / 72, (DRAWN_PIXELS / max(wide * high, 1)) ** 0.5)
                drawn = page.render(scale=scale, grayscale=True, rev_byteorder=False).to_pil().convert("L")
                page.close()
            except pypdfium2.PdfiumError as error:
                raise _refused(file.path, f"page {number} is damaged ({error})") from error
            yield Leaf(number, _png(drawn), "image/png", np.asarray(drawn))


@contextmanager
def _image(path: Path) -> Iterator[Image.Image]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a torn tag is no news; what cannot be read is raised
            with Image.open(path, formats=["PNG", "JPEG", "TIFF"]) as image:
                yield image
    except _DAMAGE as error:
        what = str(error).removeprefix("image file is ")
        raise _refused(path, f"cannot be read as an image: {what}"[:300]) from error


def _image_pages(path: Path) -> int:
    """Measured from its head alone; what it would become in memory is refused before it is opened up."""
    with _image(path) as image:
        wide, high = image.size
        if wide * high > MOST_PIXELS:
            raise _refused(
                path,
                f"would be {wide:,} by {high:,} pixels; at most {MOST_PIXELS // 1_000_000} million are opened",
            )
        return int(getattr(image, "n_frames", 1))


def _image_leaves(file: ScannedFile, numbers: set[int]) -> Iterator[Leaf]:
    with _image(file.path) as image:
        for number in sorted(numbers):
            image.seek(number - 1)
            if image.width * image.height > MOST_PIXELS:
                raise _refused(
                    file.path, f"page {number} would be {image.width:,} by {image.height:,} pixels"
                )
            image.load()
            gray = ImageOps.exif_transpose(image).convert("L")
            whole = file.pages == 1 and file.kind in _MEDIA
            content = file.path.read_bytes() if whole else _png(gray)
            yield Leaf(number, content, _MEDIA[file.kind] if whole else "image/png", np.asarray(gray))


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=3)
    return out.getvalue()


def _refused(path: Path, why: str) -> Invalid:
    return Invalid(Problem(why, file=str(path)))
