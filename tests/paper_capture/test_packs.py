"""Sheets of a restricted form are printed by who is named for it, marked on every page, sealed apart on a receipt of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest

import paper_capture
from cutover.core.errors import Refused
from cutover.core.event import Recorded
from paper_capture.domain.views import RestrictedSheetsPrinted, looks_stream
from paper_capture.forms import load_forms
from paper_capture.packs import Asked, make_pack, spaced, write_pack
from paper_capture.service import EVENTS, PaperService
from paper_capture.tables import PaperProjection
from tests.conftest import MakeDesk

LIBRARY = Path(paper_capture.__file__).parent / "library"
MARKING = "CONFIDENTIAL: SEALED ENVELOPE, BY HAND"


@pytest.fixture
def library(make_desk: MakeDesk) -> PaperService:
    return PaperService(make_desk(EVENTS, [PaperProjection()]), load_forms(LIBRARY))


def asked(*may: str, by: str = "viktor") -> Asked:
    return Asked("north", "North Quay", {"crime": 2, "intelligence": 3}, by, "k", frozenset(may))


def text_of(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    return [page.get_textpage().get_text_bounded() for page in document]


def prints(paper: PaperService) -> list[Recorded]:
    facts = paper.desk.journal.read(looks_stream("intelligence"))
    return [fact for fact in facts if isinstance(fact.event, RestrictedSheetsPrinted)]


def test_who_is_not_named_for_a_restricted_form_prints_none_and_gives_out_no_number(
    library: PaperService,
) -> None:
    with pytest.raises(Refused, match="'intelligence' among their skills, and nils has not"):
        make_pack(library, asked(by="nils"), programme="On paper", key=b"k" * 16, zone="UTC")
    assert library.account().printed == 0
    assert prints(library) == []


def test_a_second_pack_lies_beside_the_first_and_takes_no_register_away(
    library: PaperService, tmp_path: Path
) -> None:
    packs = [
        make_pack(library, replace(asked("intelligence"), key=key), programme="P", key=b"k" * 16, zone="UTC")
        for key in ("first", "second")
    ]
    written = [file for pack in packs for file in write_pack(pack, tmp_path)]
    assert len(set(written)) == sum(len(pack.files) for pack in packs)
    registers = sorted(tmp_path.glob("north-instructions-and-register-*.pdf"))
    assert [
        spaced(packs[n].serials["crime"][0]) in text_of(registers[n].read_bytes())[1] for n in (0, 1)
    ] == [
        True,
        True,
    ]


def test_each_print_of_a_restricted_form_is_a_fact_with_who_and_which(library: PaperService) -> None:
    for _ in range(2):
        made = make_pack(library, asked("intelligence"), programme="On paper", key=b"k" * 16, zone="UTC")
    serials = made.serials["intelligence"]
    said = [(f.actor, f.event) for f in prints(library)]
    event = RestrictedSheetsPrinted(station="north", first=serials[0], last=serials[-1], count=3)
    assert said == [("viktor", event)] * 2


def test_restricted_sheets_are_marked_on_every_page_and_on_no_list_but_their_own_receipt(
    library: PaperService, tmp_path: Path
) -> None:
    made = make_pack(library, asked("intelligence"), programme="On paper", key=b"k" * 16, zone="UTC")
    sealed = [f for f in made.files if f.name.startswith("sealed-intelligence/")]
    assert [f.name.partition("/")[2].partition("-")[0] for f in sealed] == ["north", "intelligence"]
    for page in (page for file in sealed for page in text_of(file.pdf)):
        assert page.count(MARKING) == 2
    serial = made.serials["intelligence"][0]
    spaced = f"{serial[:-9]} {serial[-9:-2]} {serial[-2:]}"
    assert spaced in text_of(sealed[0].pdf)[0]
    open_ = "".join(page for f in made.files if f not in sealed for page in text_of(f.pdf))
    assert spaced not in open_
    assert "Intelligence" not in open_
    assert "3 numbered sheets, each on its own receipt inside" in open_.replace("\r\n", " ")
    files = list(write_pack(made, tmp_path / "pack"))
    assert (tmp_path / "pack" / "sealed-intelligence").stat().st_mode & 0o77 == 0
    assert len(files) == len(made.files)


def test_a_restricted_form_without_a_marking_of_its_own_is_marked_all_the_same(library: PaperService) -> None:
    form = library.forms["intelligence"].model_copy(update={"marking": ""})
    assert form.protective_marking == "RESTRICTED"
    assert library.forms["crime"].protective_marking == library.forms["crime"].marking
