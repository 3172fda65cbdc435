"""Sheets come out of the press as archive PDFs, the same bytes for the same sheets, whatever the letters."""

from __future__ import annotations

from datetime import UTC, datetime

import pypdfium2
import pytest

from paper_capture.domain.form import Form
from paper_capture.printing.press import BOOK, Printing, books
from tests.paper_capture.world import small_form

AT = datetime(2026, 10, 23, 18, 0, tzinfo=UTC)
PRINTING = Printing("Łódź — Győr — Muñoz", "Northgate", AT, b"k" * 16)


def text_of(pdf: bytes) -> str:
    return "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf))


@pytest.fixture(scope="module")
def form() -> Form:
    return small_form(title="Visit <b> #strong[x] $y$", marking="RESTRICTED when complete")


@pytest.fixture(scope="module")
def pdf(form: Form) -> bytes:
    return next(books(form, ["VI000000144"], PRINTING)).pdf


def test_the_same_sheets_are_the_same_bytes(form: Form, pdf: bytes) -> None:
    assert next(books(form, ["VI000000144"], PRINTING)).pdf == pdf


def test_what_is_written_is_printed_as_written(pdf: bytes) -> None:
    text = text_of(pdf)
    assert "Łódź — Győr — Muñoz" in text
    assert "Visit <b> #strong[x] $y$" in text
    assert "VI 0000001 44" in text


def test_the_pdf_says_which_archive_standard_it_keeps(pdf: bytes) -> None:
    assert b"<pdfaid:part>2</pdfaid:part>" in pdf
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in pdf
    assert b"/OutputIntent" in pdf
    assert b"/Encrypt" not in pdf


def test_many_sheets_are_several_files(form: Form) -> None:
    serials = [f"VI{n:07}00" for n in range(1, BOOK + 2)]
    assert [len(pypdfium2.PdfDocument(b.pdf)) for b in books(form, serials, PRINTING)] == [BOOK, 1]
