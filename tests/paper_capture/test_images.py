"""Images: filed once under serial and page, superseded by a later scan, or held until a person says what they are."""

from __future__ import annotations

import pytest

from cutover.core.errors import NotFound, Refused
from paper_capture.domain.images import QUARANTINES, Held, Scan
from paper_capture.images import PaperImages, Unplaced
from tests.paper_capture.world import CRIME, used


@pytest.fixture
def serial(images: PaperImages) -> str:
    (serial,) = images.paper.issue(station="north", form_type="crime", count=1, by="Asha")
    images.paper.log_used([used(serial, values=CRIME)], by="Asha")
    return serial


def test_the_quarantine_table_is_sound() -> None:
    assert QUARANTINES.faults() == []


def test_the_same_image_again_changes_nothing(images: PaperImages, serial: str) -> None:
    assert images.file(serial, 1, 2, b"first", by="Bo")
    assert images.file(serial, 1, 2, b"first", by="Bo") == []
    assert images.read(images.of(serial)[0].sha256) == (b"first", "image/png")


def test_a_later_scan_supersedes_and_the_earlier_is_kept(images: PaperImages, serial: str) -> None:
    images.file(serial, 1, 2, b"first", by="Bo")
    images.file(serial, 1, 2, b"second", by="Bo")
    images.file(serial, 2, 2, b"reverse", by="Bo")
    assert [(i.page, images.read(i.sha256)[0]) for i in images.of(serial)] == [
        (1, b"second"),
        (2, b"reverse"),
    ]
    every = images.of_all([serial], live=False)
    assert [(i.page, i.live) for i in every] == [(1, False), (1, True), (2, True)]


def test_a_sheet_that_nobody_wrote_on_has_no_image(images: PaperImages) -> None:
    (blank,) = images.paper.issue(station="north", form_type="crime", count=1, by="Asha")
    with pytest.raises(Refused, match="nobody logged it as used"):
        images.file(blank, 1, 1, b"x", by="Bo")
    assert images.of(blank) == []


def test_a_serial_typed_with_blanks_names_the_same_sheet(images: PaperImages, serial: str) -> None:
    images.file(f"{serial[:2]} {serial[2:]}".lower(), 1, 1, b"first", by="Bo")
    assert [image.page for image in images.of(serial)] == [1]


def test_a_page_beyond_the_last_is_refused(images: PaperImages, serial: str) -> None:
    with pytest.raises(Refused, match="page 3 of 2"):
        images.file(serial, 3, 2, b"x", by="Bo")


def test_quarantine_is_left_by_a_persons_word(images: PaperImages, serial: str) -> None:
    held = [
        Unplaced(Scan(sha256=images.files.keep(c), source_page=n), "no code")
        for n, c in enumerate((b"a", b"b"))
    ]
    images.file_all([], held, by="Bo")
    images.file_all([], held, by="Bo")
    first, second = (row.scan.sha256 for row in images.quarantined())
    images.place(first, serial, 1, 1, by="Chen", reason="read from the paper")
    images.discard(second, by="Chen", reason="a shopping list")
    assert images.quarantined() == []
    assert [i.sha256 for i in images.of(serial)] == [first]
    assert images.read(second)[0] == b"b"
    assert {row.stage for row in images.quarantined(list(Held))} == {Held.FILED, Held.DISCARDED}
    with pytest.raises(NotFound):
        images.discard(second, by="Chen", reason="again")
