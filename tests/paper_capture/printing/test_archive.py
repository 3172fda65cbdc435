"""Every kind of PDF of this room keeps the archive standard as another library reads it; what breaks a clause is named by it."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

import paper_capture
from cutover.core.clock import FixedClock
from cutover.store.kept_files import KeptFiles
from paper_capture.certificates import certificate
from paper_capture.forms import load_forms
from paper_capture.images import PaperImages
from paper_capture.packs import Asked, make_pack
from paper_capture.printing.press import PrintedFile
from paper_capture.service import EVENTS, PaperService
from paper_capture.tables import PaperProjection
from tests.conftest import MakeDesk
from tests.paper_capture.world import entry, used

pikepdf = pytest.importorskip("pikepdf", reason="pikepdf reads what typst wrote: pip install -e '.[dev]'")
archive_pdf = pytest.importorskip("tests.archive_pdf")
LIBRARY = Path(paper_capture.__file__).parent / "library"


@pytest.fixture
def pack(make_desk: MakeDesk, clock: FixedClock, tmp_path: Path) -> list[PrintedFile]:
    """A pack with every shipped form, the sealed one with its receipt, and a certificate."""
    forms = load_forms(LIBRARY)
    paper = PaperService(make_desk(EVENTS, [PaperProjection()]), forms)
    asked = Asked(
        "north", "Gy\u0151r \u2014 North Quay", dict.fromkeys(forms, 1), "viktor", "k", frozenset(forms)
    )
    made = make_pack(paper, asked, programme="\u0141\u00f3d\u017a", key=b"k" * 16, zone="UTC")
    serial = made.serials["crime"][0]
    paper.log_used([used(serial)], by="sam")
    paper.return_sheets([serial], by="sam")
    answers = {
        "reported_at": "2026-10-24T09:10:00+01:00",
        "victim": "Ewa",
        "support_wanted": "yes",
        "offence": "a bicycle",
        "place": "12 Mill Lane",
    }
    paper.enter([entry(serial, answers)])
    paper.dispose(serial, disposition="converted", reference="N1", by="bo")
    images = PaperImages(paper, KeptFiles(tmp_path / "images"))
    return [*made.files, certificate(paper, images, serial, programme="On paper", zone="UTC")]


def test_every_kind_of_pdf_keeps_the_archive_standard(pack: list[PrintedFile]) -> None:
    assert len(pack) == len(load_forms(LIBRARY)) + 3
    assert {file.name: found for file in pack if (found := archive_pdf.faults(file.pdf))} == {}


def _font_taken_out(pdf: pikepdf.Pdf) -> None:
    for one in pdf.objects:
        if isinstance(one, pikepdf.Dictionary) and "/FontFile2" in one:
            del one["/FontFile2"]


def _widths_changed(pdf: pikepdf.Pdf) -> None:
    for one in pdf.objects:
        if isinstance(one, pikepdf.Dictionary) and "/W" in one:
            one.W[2] = 999


def _script(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")


def _other_level(pdf: pikepdf.Pdf) -> None:
    said = pdf.Root.Metadata.read_bytes().replace(b"conformance>A<", b"conformance>B<")
    pdf.Root.Metadata = pdf.make_stream(said)


def _for_a_press(pdf: pikepdf.Pdf) -> None:
    pdf.pages[0].contents_add(pdf.make_stream(b"0 0 0 1 k"), prepend=True)


def _untagged(pdf: pikepdf.Pdf) -> None:
    name = str(next(iter(pdf.pages[0].Resources.Font)))
    pdf.pages[0].contents_add(pdf.make_stream(f"BT {name} 9 Tf <0000> Tj ET".encode()))


def _without(key: str) -> Callable[[pikepdf.Pdf], None]:
    def take_out(pdf: pikepdf.Pdf) -> None:
        del pdf.Root[key]

    return take_out


BREAKS: dict[str, tuple[str, Callable[[pikepdf.Pdf], None]]] = {
    "no output intent": ("6.2.3", _without("/OutputIntents")),
    "no language": ("6.7.4", _without("/Lang")),
    "no structure": ("6.7.3", _without("/StructTreeRoot")),
    "no metadata": ("6.6.2.1", _without("/Metadata")),
    "another level": ("6.6.4", _other_level),
    "a font that is not embedded": ("6.2.11.4", _font_taken_out),
    "widths of another font": ("6.2.11.5", _widths_changed),
    "a script": ("6.5.1", _script),
    "colours of a press": ("6.2.4.3", _for_a_press),
    "text that is not tagged": ("6.7.2", _untagged),
    "a glyph that is none": ("6.2.11.8", _untagged),
}


@pytest.fixture
def sheet(pack: list[PrintedFile]) -> bytes:
    return next(file.pdf for file in pack if file.name.startswith("crime"))


def test_each_breach_of_a_clause_is_named_by_it(sheet: bytes) -> None:
    missed = []
    for name, (clause, do) in BREAKS.items():
        broken, out = pikepdf.open(io.BytesIO(sheet)), io.BytesIO()
        do(broken)
        broken.save(out)
        if not any(said.startswith(f"{clause}:") for said in archive_pdf.faults(out.getvalue())):
            missed.append((name, archive_pdf.faults(out.getvalue())))
    assert missed == []


def test_an_encrypted_or_cut_file_keeps_no_standard(sheet: bytes) -> None:
    locked = io.BytesIO()
    pikepdf.open(io.BytesIO(sheet)).save(locked, encryption=pikepdf.Encryption(owner="x", user=""))
    assert any("encrypted" in said for said in archive_pdf.faults(locked.getvalue()))
    assert archive_pdf.faults(sheet[:2000]) != []
