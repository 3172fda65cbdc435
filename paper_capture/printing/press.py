"""How sheets become a PDF: typst, an archive standard, the same bytes for the same sheets and print time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import as_file, files
from typing import Any

import segno
import zxingcpp

from cutover.press import Press
from paper_capture.domain import geometry
from paper_capture.domain.codes import PageCode
from paper_capture.domain.form import Form
from paper_capture.domain.geometry import Layout, Page, Rule
from paper_capture.domain.serial import spaced
from paper_capture.printing.layout import lay_out
from paper_capture.printing.letters import FAMILY, FONTS

STANDARDS = ("a-2a",)  # ISO 19005-2 level A
BOOK = 50  # sheets a file: the memory of the typesetter and the patience of a printer are bounded
INK = 0
_DARK = re.compile(b"\x01+")


@dataclass(frozen=True, slots=True)
class Printing:
    """What a print run has in common: whose paper it is, where it goes, when, and the key of its codes."""

    programme: str
    station: str
    at: datetime
    key: bytes


@dataclass(frozen=True, slots=True)
class PrintedFile:
    """A finished PDF; `notes` says what is not as it was written."""

    name: str
    pdf: bytes
    notes: tuple[str, ...] = ()


def books(form: Form, serials: Sequence[str], printing: Printing) -> Iterator[PrintedFile]:
    """Sheets of one form as PDFs of at most 50 sheets each, named by their first and last serials."""
    layout = lay_out(form)
    for start in range(0, len(serials), BOOK):
        book = serials[start : start + BOOK]
        yield PrintedFile(f"{form.id}-{book[0]}-{book[-1]}.pdf", *_book(form, layout, book, printing))


def _book(
    form: Form, layout: Layout, serials: Sequence[str], printing: Printing
) -> tuple[bytes, tuple[str, ...]]:
    job = {
        "font": FAMILY, "title": form.title, "version": form.version, "programme": printing.programme,
        "marking": form.protective_marking, "corner": geometry.CORNER, "corners": geometry.CORNERS,
        "qr": geometry.QR, "matrix": geometry.DATA_MATRIX, "pages": [_page(page) for page in layout.pages],
        "sheets": [_sheet(form, serial, len(layout.pages), printing) for serial in serials],
    }  # fmt: skip
    return press_of("form.typ").printed(job, printing.at, f"{form.id} {serials[0]}")


@cache
def press_of(template: str) -> Press:
    """The press of one of this room's templates."""
    with as_file(FONTS) as fonts:
        return Press(
            files("paper_capture.printing").joinpath(template).read_bytes(), fonts=fonts, standards=STANDARDS
        )


def _page(page: Page) -> dict[str, Any]:
    return {
        "words": [(w.x, w.y, w.size, w.text, w.bold, w.soft) for w in page.words],
        "boxes": [(b.x, b.y, b.side, b.side) for b in page.boxes],
        "rules": [_rule(r) for r in page.rules if not r.strong],
        "strong": [_rule(r) for r in page.rules if r.strong],
    }


def _rule(rule: Rule) -> tuple[float, float, float, float]:
    return rule.x, rule.y, rule.width, rule.height


def _sheet(form: Form, serial: str, pages: int, printing: Printing) -> dict[str, Any]:
    texts = [PageCode(serial, form.version, page, pages).sealed(printing.key) for page in range(1, pages + 1)]
    codes = [{"qr": _qr(text), "matrix": _matrix(text)} for text in texts]
    return {"serial": spaced(serial), "station": printing.station, "codes": codes}


def _qr(text: str) -> str:
    """The square code without its quiet zone, which the page leaves free."""
    return _drawn([bytes(row) for row in segno.make(text, error="q", micro=False).matrix])


def _matrix(text: str) -> str:
    code: Any = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.DataMatrix, force_square=True)
    dots = memoryview(code.to_image(scale=1, add_quiet_zones=False))
    rows: Any = dots.tolist()
    return _drawn([bytes(value == INK for value in row) for row in rows])


def _drawn(rows: Sequence[bytes]) -> str:
    """Lines, not pixels: no printer and no viewer may soften the edge of a module."""
    runs = "".join(
        f"M{run.start()} {y}h{run.end() - run.start()}v1h-{run.end() - run.start()}z"
        for y, row in enumerate(rows)
        for run in _DARK.finditer(row)
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {len(rows)} {len(rows)}"><path d="{runs}"/></svg>'
