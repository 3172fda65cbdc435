"""A small window on paper closes with every serial accounted for, and each fault put into its books is named (twin of paper_window)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

import paper_capture
from cutover.core.clock import FixedClock
from cutover.store.kept_files import KeptFiles
from paper_capture.domain.books import Register
from paper_capture.domain.images import Marks, Scan
from paper_capture.domain.passes import Value
from paper_capture.domain.register import check
from paper_capture.forms import load_forms
from paper_capture.images import PaperImages, Placed
from paper_capture.printing.layout import lay_out
from paper_capture.service import EVENTS, PaperService
from paper_capture.tables import PaperProjection
from tests.conftest import MakeDesk
from tests.paper_capture.window import Window, faults

LIBRARY = Path(paper_capture.__file__).parent / "library"


@pytest.fixture
def window(make_desk: MakeDesk, tmp_path: Path, clock: FixedClock) -> Window:
    desk = make_desk(EVENTS, [PaperProjection()])
    paper = PaperService(desk, load_forms(LIBRARY))
    return Window(paper, PaperImages(paper, KeptFiles(tmp_path / "images")), clock)


def seen_by_machine(window: Window, answers: Mapping[str, Mapping[str, Value]]) -> set[str]:
    """Files each domestic-abuse sheet with what a mark reader sees on an honest page."""
    form = window.paper.form("domestic_abuse")
    layout = lay_out(form)
    chosen = {serial for serial in answers if serial.startswith(form.prefix)}
    for serial in chosen:
        for page in range(1, len(layout.pages) + 1):
            on_page = {b.field for b in layout.boxes(page)}
            seen = {f: v for f, v in answers[serial].items() if f in on_page}
            scan = Scan(sha256=window.images.files.keep(f"{serial}/{page}".encode()))
            placed = Placed(serial, page, len(layout.pages), scan, Marks(answers=seen))
            window.images.file_all([placed], [], by="scanning desk")
    return chosen


def test_every_serial_is_accounted_for_and_each_of_18_faults_is_named(window: Window) -> None:
    window.scan = lambda answers: seen_by_machine(window, answers)
    window.play(60, ["north", "south"])
    account = window.paper.account(window.target)
    assert [i.detail for i in account.identities if not i.holds] == []
    assert account.is_closed
    assert (account.missing, account.printed) == (3, account.converted + account.void + 3)
    books = window.paper.register(window.target)
    assert {name: caught for name in faults() if (caught := unnamed(books, name))} == {}
    assert len(faults()) == 18


def unnamed(books: Register, fault: str) -> str:
    """Why a fault was not named by its identity with its serial; '' when it was."""
    identity, inject = faults()[fault]
    spoiled, serial = inject(books)
    details = {i.id: i.detail for i in check(spoiled) if not i.holds}
    return "" if f"{serial} (" in details.get(identity, "") else f"{identity}: {details}"
