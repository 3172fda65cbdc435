"""A pack of custody sheets that was printed, written on and logged; and its pages as grey images."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pypdfium2
import pytest

from cutover.store.kept_files import KeptFiles
from paper_capture.forms import load_forms
from paper_capture.images import PaperImages
from paper_capture.printing.press import Printing, books
from paper_capture.scanning.files import Gray
from paper_capture.scanning.scan import Scanner
from paper_capture.service import EVENTS, PaperService
from paper_capture.tables import PaperProjection
from tests.conftest import MakeDesk
from tests.paper_capture.world import SCENARIO

KEY = b"k" * 16
SERIALS = ("CU000000182", "CU000000279")
PRINTING = Printing("Seventy-two hours", "Northgate", datetime(2026, 10, 23, tzinfo=UTC), KEY)


@dataclass(frozen=True)
class Printed:
    """One file of two sheets, and each page drawn at 200 dpi."""

    pdf: bytes
    pages: tuple[Gray, ...]


@pytest.fixture(scope="session")
def printed() -> Printed:
    form = load_forms(SCENARIO)["custody"]
    pdf = next(books(form, SERIALS, PRINTING)).pdf
    drawn = [
        page.render(scale=200 / 72, grayscale=True).to_pil().convert("L")
        for page in pypdfium2.PdfDocument(pdf)
    ]
    return Printed(pdf, tuple(np.asarray(page) for page in drawn))


@pytest.fixture
def images(make_desk: MakeDesk, tmp_path: Path) -> PaperImages:
    desk = make_desk(EVENTS, [PaperProjection()])
    paper = PaperService(desk, load_forms(SCENARIO))
    paper.issue(station="north", form_type="custody", count=2, by="Asha")
    return PaperImages(paper, KeptFiles(tmp_path / "images"))


@pytest.fixture
def scanner(images: PaperImages) -> Scanner:
    return Scanner(images, KEY)
