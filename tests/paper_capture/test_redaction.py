"""What is personal goes with its paper, before two people, and the journal verifies as before."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from cutover.core.clock import FixedClock
from cutover.core.errors import NotFound, Refused
from cutover.core.redaction import PersonalDataRedacted
from cutover.store.chain import Checkpoint, read_export, verify_rows
from paper_capture.domain.moves import SheetKeyed, SheetUsed
from paper_capture.domain.sheet import sheet_stream
from paper_capture.images import PaperImages
from paper_capture.keeping import PaperKeeping
from paper_capture.redaction import Redaction
from paper_capture.service import PaperService
from tests.paper_capture.test_keeping import held
from tests.paper_capture.world import CRIME, entry, used

SURNAME = "Zacharopoulou"
VALUES = {**CRIME, "place": f"the house of {SURNAME}"}


@pytest.fixture
def sheets(paper: PaperService, images: PaperImages, clock: FixedClock) -> list[str]:
    """Two crime sheets that name somebody, converted; the paper of the first is destroyed."""
    serials = paper.issue(station="north", form_type="crime", count=2, by="Asha")
    paper.log_used([used(s, values=VALUES) for s in serials], by="Asha")
    paper.return_sheets(serials, by="Bo")
    for serial in serials:
        images.file(serial, 1, 1, f"an image of {serial}: {SURNAME}".encode(), by="Bo")
    paper.enter([entry(s, VALUES) for s in serials])
    keeping = PaperKeeping(paper)
    for serial in serials:
        paper.dispose(serial, disposition="converted", reference=f"N{serial}", by="Bo")
    keeping.retain(serials[:1], place="archive", by="Bo", until=date(2026, 10, 30))
    clock.set(clock.now() + timedelta(days=8))
    keeping.destroy(serials[:1], witness="Chen", by="Bo", reason="schedule")
    return serials


def redact(images: PaperImages, *serials: str, witness: str = "Chen") -> None:
    Redaction(images).redact(serials, witness=witness, by="Bo", reason="schedule")


def everything(paper: PaperService, folder: Path) -> bytes:
    """All bytes of the database and of the files beside it."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_the_values_are_gone_from_every_byte_and_the_chain_holds_to_the_old_checkpoint(
    paper: PaperService, images: PaperImages, sheets: list[str], tmp_path: Path
) -> None:
    journal, kept = paper.desk.journal, f"an image of {sheets[0]}".encode()
    before = journal.head()
    assert journal.verify().holds
    assert kept in everything(paper, tmp_path)
    count = everything(paper, tmp_path).count(SURNAME.encode())
    redact(images, sheets[0])
    assert journal.verify(before).holds
    assert kept not in everything(paper, tmp_path)
    assert 0 < everything(paper, tmp_path).count(SURNAME.encode()) < count  # the other sheet's
    facts = [fact.event for fact in journal.read(sheet_stream(sheets[0]))]
    assert [f.values for f in facts if isinstance(f, SheetUsed | SheetKeyed)] == [{}, {}]
    assert SURNAME in str(journal.read(sheet_stream(sheets[1])))
    assert held(paper) == set()


def test_the_redaction_says_who_before_whom_why_and_of_which_facts(
    paper: PaperService, images: PaperImages, sheets: list[str]
) -> None:
    redact(images, sheets[0])
    (fact,) = paper.desk.journal.read("privacy")
    assert isinstance(fact.event, PersonalDataRedacted)
    assert (fact.actor, fact.event.witness, fact.event.reason) == ("Bo", "Chen", "schedule")
    assert len(fact.event.positions) == 2
    assert len(fact.event.files) == 1
    redact(images, sheets[0])  # once more changes nothing
    assert len(paper.desk.journal.read("privacy")) == 1


def test_views_and_pages_follow(paper: PaperService, images: PaperImages, sheets: list[str]) -> None:
    redact(images, sheets[0])
    row = paper.sheet(sheets[0])
    assert SURNAME not in str(row)
    with pytest.raises(NotFound):
        images.read(images.of(sheets[0])[0].sha256)
    assert SURNAME in str(paper.sheet(sheets[1]))


def test_an_export_never_held_the_values_and_verifies_anywhere(
    paper: PaperService, images: PaperImages, sheets: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "journal.jsonl"
    paper.desk.journal.export(out)
    assert SURNAME not in out.read_text("utf-8")
    head = paper.desk.journal.head()
    redact(images, sheets[0])
    assert verify_rows(read_export(out), head).holds
    paper.desk.journal.export(out)
    assert verify_rows(read_export(out), Checkpoint(head.position, head.hash)).holds


def test_paper_that_is_still_there_keeps_what_is_written_on_it_and_it_takes_two(
    images: PaperImages, sheets: list[str]
) -> None:
    with pytest.raises(Refused, match="its paper is destroyed first"):
        redact(images, sheets[1])
    with pytest.raises(Refused, match="second person"):
        redact(images, sheets[0], witness="Bo")


@pytest.mark.parametrize(
    ("done", "fault"),
    [
        ("DELETE FROM personal", "was taken away, and no redaction says so"),
        ("UPDATE personal SET value = '{}'", "was changed beside the journal"),
    ],
)
def test_whoever_takes_or_changes_a_value_without_saying_so_is_found(
    paper: PaperService, sheets: list[str], done: str, fault: str
) -> None:
    with paper.desk.journal.engine.begin() as connection:
        connection.execute(text(done))
    found = paper.desk.journal.verify()
    assert not found.holds
    assert fault in found.fault
    assert sheets


def test_a_journal_of_before_verifies_reads_and_says_that_it_cannot_be_redacted(
    paper: PaperService, images: PaperImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Facts recorded by an older version hold their values themselves, and their hashes say so for ever."""
    with monkeypatch.context() as before:
        before.setattr(SheetUsed, "personal", frozenset())
        (serial,) = paper.issue(station="north", form_type="crime", count=1, by="Asha")
        paper.log_used([used(serial, values=VALUES)], by="Asha")
    journal = paper.desk.journal
    assert journal.verify().holds
    assert SURNAME in str(journal.read(sheet_stream(serial)))
    with pytest.raises(Refused, match="in the chain itself, which cannot be changed"):
        redact(images, serial)
