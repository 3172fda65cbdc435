"""A folder of scans becomes pages in their places: each file whole or not at all, each page by its own code."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from paper_capture.domain.images import Held
from paper_capture.forms import load_forms
from paper_capture.printing.layout import lay_out
from paper_capture.scanning.marks import has_eyes
from paper_capture.scanning.scan import Report, Scanner
from tests.paper_capture.scanning.conftest import KEY, SERIALS, Printed
from tests.paper_capture.scanning.pens import drawn, write
from tests.paper_capture.world import SCENARIO, used


def scan(scanner: Scanner, *paths: Path) -> list[Report]:
    return list(scanner.scan(paths, by="Bo"))


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


@pytest.fixture
def logged(scanner: Scanner) -> Scanner:
    scanner.images.paper.log_used([used(serial) for serial in SERIALS], by="Asha")
    return scanner


def test_each_page_is_filed_under_its_own_serial(logged: Scanner, printed: Printed, inbox: Path) -> None:
    (inbox / "in.pdf").write_bytes(printed.pdf)
    (report,) = scan(logged, inbox / "in.pdf")
    assert [(p.serial, p.page, p.pages) for p in report.filed] == [(s, 1, 1) for s in SERIALS]
    filed = logged.images.of(SERIALS[1])[0]
    assert (filed.scan.source, filed.scan.source_page) == (report.sha256, 2)
    assert logged.images.read(filed.sha256)[0].startswith(b"\x89PNG")


def test_the_same_file_again_changes_nothing(logged: Scanner, printed: Printed, inbox: Path) -> None:
    (inbox / "in.pdf").write_bytes(printed.pdf)
    scan(logged, inbox / "in.pdf")
    before = logged.images.of_all(live=False)
    (again,) = scan(logged, inbox / "in.pdf")
    assert (again.filed, again.held, again.already) == ((), (), 2)
    assert logged.images.of_all(live=False) == before


def test_a_page_without_a_code_never_takes_the_serial_before_it(
    logged: Scanner, printed: Printed, inbox: Path
) -> None:
    bare = printed.pages[1].copy()
    bare[:400] = 255
    bare[2000:] = 255
    for name, page in (("1.png", printed.pages[0]), ("2.png", bare)):
        Image.fromarray(page).save(inbox / name)
    first, second = scan(logged, inbox)
    assert [p.serial for p in first.filed] == [SERIALS[0]]
    assert [h.reason for h in second.held] == ["no code could be read"]
    assert [row.reason for row in logged.images.quarantined()] == ["no code could be read"]


def test_two_sheets_in_one_image_are_held(logged: Scanner, printed: Printed, inbox: Path) -> None:
    both = np.concatenate(printed.pages, axis=1)
    Image.fromarray(both).save(inbox / "both.png")
    (report,) = scan(logged, inbox / "both.png")
    assert report.held[0].reason == f"two pages in one image: {SERIALS[0]} page 1 and {SERIALS[1]} page 1"


def test_a_sheet_nobody_logged_is_held_until_somebody_does(
    scanner: Scanner, printed: Printed, inbox: Path
) -> None:
    Image.fromarray(printed.pages[0]).save(inbox / "1.png")
    (report,) = scan(scanner, inbox)
    assert "nobody logged it as used" in report.held[0].reason
    scanner.images.paper.log_used([used(SERIALS[0])], by="Asha")
    (again,) = scan(scanner, inbox)
    assert [p.serial for p in again.filed] == [SERIALS[0]]
    assert [row.stage for row in scanner.images.quarantined(list(Held))] == [Held.FILED]


def test_paper_of_another_programme_is_held(
    images_of_another: Scanner, printed: Printed, inbox: Path
) -> None:
    Image.fromarray(printed.pages[0]).save(inbox / "1.png")
    (report,) = scan(images_of_another, inbox)
    assert "printed by another programme" in report.held[0].reason


@pytest.fixture
def images_of_another(logged: Scanner) -> Scanner:
    return Scanner(logged.images, b"another key")


def bomb() -> bytes:
    """A PNG head that promises 60,000 by 60,000 pixels."""
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    whole = b"".join(
        struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + whole


def many_pages(count: int) -> bytes:
    """A PDF whose page tree holds one page `count` times."""
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, b" ".join(b"%d 0 R" % (n + 3) for n in range(count))),
        *[b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"] * count,
    ]
    out, at = bytearray(b"%PDF-1.4\n"), []
    for number, part in enumerate(parts, 1):
        at.append(len(out))
        out += b"%d 0 obj%sendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in at)
    out += b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        len(parts) + 1, table, len(parts) + 1, out.index(b"xref\n0") if b"xref\n0" in out else len(out),
    )  # fmt: skip
    return bytes(out)


def encrypted(pdf: bytes) -> bytes:
    """The same file claiming an owner's lock nobody here has the key to."""
    lock = (
        b"/Encrypt<</Filter/Standard/V 1/R 2/O<"
        + b"41" * 32
        + b">/U<"
        + b"42" * 32
        + b">/P -44>>/ID[<41><41>]"
    )
    return pdf.replace(b"trailer<<", b"trailer<<" + lock)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("bomb.png", bomb(), "3600000000 pixels"),
        ("long.pdf", many_pages(10_000), "10,000 pages"),
        ("locked.pdf", encrypted(many_pages(1)), "encrypted"),
        ("notes.txt", b"hello", "not a PDF, PNG, JPEG or TIFF"),
        ("empty.pdf", b"", "is empty"),
        ("broken.pdf", b"%PDF-1.7\n%%EOF", "damaged PDF"),
    ],
)
def test_a_file_that_cannot_be_scanned_whole_is_refused_with_its_reason(
    scanner: Scanner, inbox: Path, name: str, content: bytes, why: str
) -> None:
    (inbox / name).write_bytes(content)
    (report,) = scan(scanner, inbox / name)
    assert why in report.refused
    assert not (scanner.images.files.folder.exists() and list(scanner.images.files.folder.iterdir()))


def test_nothing_of_a_file_that_is_cut_short_is_filed(logged: Scanner, printed: Printed, inbox: Path) -> None:
    (inbox / "cut.pdf").write_bytes(printed.pdf[: len(printed.pdf) * 9 // 10])
    Image.fromarray(printed.pages[0]).save(inbox / "whole.png")
    whole = (inbox / "whole.png").read_bytes()
    (inbox / "cut.png").write_bytes(whole[: len(whole) // 2])
    refused = {Path(r.file).name: r.refused for r in scan(logged, inbox / "cut.pdf", inbox / "cut.png")}
    assert "cut short" in refused["cut.pdf"]
    assert "cannot be read as an image" in refused["cut.png"]
    assert logged.images.of_all() == []


def test_a_page_may_lie_any_way_round(logged: Scanner, printed: Printed, inbox: Path) -> None:
    for turns in range(4):
        Image.fromarray(np.rot90(printed.pages[0], turns)).save(inbox / f"{turns}.png")
    reports = scan(logged, inbox)
    assert [p.serial for r in reports for p in r.filed] == [SERIALS[0]] * 4
    assert len(logged.images.of(SERIALS[0])) == 1


def test_the_drawn_pages_are_those_of_the_pdf(printed: Printed) -> None:
    assert len(pypdfium2.PdfDocument(printed.pdf)) == len(printed.pages) == len(SERIALS)


def test_a_file_that_the_rules_refuse_keeps_out_none_of_the_others(
    logged: Scanner, printed: Printed, inbox: Path
) -> None:
    logged.images.file(SERIALS[1], 1, 2, b"named by hand as one of two", by="Bo")
    for number, page in enumerate(printed.pages):
        Image.fromarray(page).save(inbox / f"{number}.png")
    first, refused = scan(logged, inbox)
    assert [p.serial for p in first.filed] == [SERIALS[0]]
    assert (refused.filed, refused.refused) == ((), f"{SERIALS[1]}: has 2 pages, not 1")


@pytest.mark.skipif(not has_eyes(), reason="the extra omr is not installed")
def test_a_grade_read_off_a_sheet_that_is_over_is_told_and_its_image_is_filed(
    scanner: Scanner, inbox: Path
) -> None:
    form = load_forms(SCENARIO)["custody"]
    (page,) = drawn(form, SERIALS[:1], KEY)
    (box,) = (b for b in lay_out(form).boxes(1) if (b.field, b.answer) == ("_grade", "high"))
    write(page, box, "cross", np.random.default_rng(3))
    page.save(inbox / "1.png")
    scanner.images.paper.spoil(SERIALS[0], by="Bo", reason="written anew on another")
    (report,) = scan(scanner, inbox)
    assert [p.serial for p in report.filed] == [SERIALS[0]]
    assert "spoiled" in " ".join(report.ungraded)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_whatever_is_wrong_with_an_image_it_is_read_or_refused(
    scanner: Scanner, inbox: Path, kind: str
) -> None:
    random = np.random.default_rng(4)
    Image.fromarray(random.integers(0, 255, (60, 40), np.uint8)).save(inbox / "whole", kind)
    whole = (inbox / "whole").read_bytes()
    for _ in range(40):
        spoiled = np.frombuffer(whole, np.uint8).copy()
        spoiled[random.integers(4, min(len(whole), 300), 6)] = random.integers(0, 256, 6)
        (inbox / "spoiled").write_bytes(spoiled.tobytes())
        (report,) = scan(scanner, inbox / "spoiled")
        assert report.refused or len(report.held) == 1
