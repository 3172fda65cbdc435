"""The certificate of a converted sheet says who, when, from which image, and what was corrected."""

from __future__ import annotations

from datetime import timedelta

import pypdfium2
import pytest

from cutover.core.clock import show
from cutover.core.errors import Refused
from paper_capture.certificates import certificate
from paper_capture.images import PaperImages
from paper_capture.service import PaperService
from tests.paper_capture.world import ABUSE, NOON, entry, used


@pytest.fixture
def serial(paper: PaperService) -> str:
    (serial,) = paper.issue(station="north", form_type="domestic_abuse", count=1, by="Asha")
    paper.log_used([used(serial)], by="Asha")
    paper.return_sheets([serial], by="Bo")
    return serial


def test_it_names_every_hand_every_image_and_every_correction(
    paper: PaperService, images: PaperImages, serial: str
) -> None:
    images.file(serial, 1, 1, b"image", by="Eve")
    paper.enter([entry(serial, ABUSE), entry(serial, {**ABUSE, "indicators": 9}, pass_no=2, keyer="Chen")])
    paper.adjudicate(serial, by="Viktor", values={"indicators": 9})
    paper.dispose(serial, disposition="converted", reference="N77", by="Bo")
    made = certificate(paper, images, serial, programme="Seventy-two hours", zone="Europe/London")
    again = certificate(paper, images, serial, programme="Seventy-two hours", zone="Europe/London")
    text = "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(made.pdf))
    for said in (
        "PC Okoro",
        "Bo",
        "Chen",
        "Viktor",
        "converted N77",
        f"Written {show(NOON - timedelta(hours=3), 'Europe/London', '%d %b %Y %H:%M %Z')}",
        "discrepancy found",
        "indicators",
        images.of(serial)[0].sha256[:32],
    ):
        assert said in text
    assert "Sheet" not in text
    assert made.pdf == again.pdf


def test_nothing_is_certified_of_a_sheet_that_became_nothing(
    paper: PaperService, images: PaperImages, serial: str
) -> None:
    with pytest.raises(Refused, match="nothing was made of it yet"):
        certificate(paper, images, serial, programme="P", zone="UTC")
