"""The paper itself: whose hands it is in, which batch it came in, where it is kept, and before whom it was destroyed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from cutover.core.clock import FixedClock
from cutover.core.errors import Invalid, NotFound, Refused
from paper_capture.batches import PaperBatches
from paper_capture.domain.batches import BATCHES, BatchStage, hash_total
from paper_capture.domain.moves import Grade
from paper_capture.domain.sheet import SHEET, SheetState, Stage, sheet_stream
from paper_capture.images import PaperImages
from paper_capture.keeping import PaperKeeping
from paper_capture.service import PaperService
from tests.paper_capture.world import CRIME, entry, used


@pytest.fixture
def keeping(paper: PaperService) -> PaperKeeping:
    return PaperKeeping(paper)


@pytest.fixture
def batches(paper: PaperService) -> PaperBatches:
    return PaperBatches(paper)


@pytest.fixture
def back(paper: PaperService) -> list[str]:
    """Three crime sheets of the north, written on and handed in to Bo."""
    serials = paper.issue(station="north", form_type="crime", count=3, by="Asha")
    paper.log_used([used(s, values=CRIME) for s in serials], by="Asha")
    paper.return_sheets(serials, by="Bo")
    return serials


def make_up(batches: PaperBatches, serials: list[str], name: str = "B1", **said: int) -> None:
    header = {"count": len(serials), "hash_total": hash_total(serials), **said}
    batches.prepare(name, serials, by="Asha", **header)


def held(paper: PaperService) -> set[str]:
    return {identity.id for identity in paper.account().identities if not identity.holds}


def test_the_batch_table_is_sound() -> None:
    assert BATCHES.faults() == []


def test_only_the_hand_that_holds_a_sheet_passes_it_on(
    paper: PaperService, keeping: PaperKeeping, back: list[str]
) -> None:
    keeping.hand_over(back, giver="Bo", receiver="store", by="Bo", place="room 3", seal="S1")
    with pytest.raises(Refused, match="store holds it, not Bo"):
        keeping.hand_over(back[:1], giver="Bo", receiver="Chen", by="Bo")
    chain = paper.sheet(back[0]).chain
    assert [(p.giver, p.receiver) for p in chain] == [("stock", "north"), ("north", "Bo"), ("Bo", "store")]
    assert (chain[-1].place, chain[-1].seal) == ("room 3", "S1")
    assert held(paper) == set()


def test_a_blank_sheet_moves_to_the_station_that_answers_for_it_from_then_on(
    paper: PaperService, keeping: PaperKeeping
) -> None:
    (serial,) = paper.issue(station="north", form_type="crime", count=1, by="Asha")
    keeping.transfer([serial], station="south", by="Asha", reason="ran out")
    assert paper.account().outstanding == {"south": (serial,)}
    assert held(paper) == set()
    with pytest.raises(Refused, match="issued to south"):
        paper.log_used([used(serial)], by="Asha")


def test_stock_is_destroyed_before_a_second_person_and_its_numbers_are_never_issued(
    paper: PaperService, keeping: PaperKeeping
) -> None:
    printed = paper.print_block(form_type="crime", count=3, by="Asha")
    with pytest.raises(Refused, match="second person"):
        keeping.destroy_stock("crime", 2, witness="Asha", by="Asha", reason="old version")
    with pytest.raises(Refused, match="second person"):
        keeping.destroy(printed[:1], witness="Asha", by="Asha", reason="old version")
    keeping.destroy_stock("crime", 2, witness="Chen", by="Asha", reason="old version")
    assert paper.issue(station="north", form_type="crime", count=1, by="Asha") == [printed[2]]
    assert [paper.sheet(s).stage for s in printed] == [Stage.DESTROYED, Stage.DESTROYED, Stage.ISSUED]
    assert paper.account().destroyed == 2
    assert held(paper) == set()


def test_an_original_is_kept_until_its_date(
    paper: PaperService, keeping: PaperKeeping, back: list[str], clock: FixedClock
) -> None:
    paper.enter([entry(s, CRIME) for s in back])
    paper.dispose(back[0], disposition="converted", reference="N1", by="Bo")
    with pytest.raises(Invalid, match="retain_days"):
        keeping.retain(back[:1], place="archive", by="Bo")
    keeping.retain(back[:1], place="archive", by="Bo", until=date(2026, 10, 30))
    with pytest.raises(Refused, match="kept until 30 Oct 2026"):
        keeping.destroy(back[:1], witness="Chen", by="Bo", reason="schedule")
    clock.set(clock.now() + timedelta(days=8))
    keeping.destroy(back[:1], witness="Chen", by="Bo", reason="schedule")
    row = paper.sheet(back[0])
    assert (row.stage, row.witness, row.holder) == (Stage.DESTROYED, "Chen", "destroyed")
    assert held(paper) == set()


def test_a_grade_read_off_the_sheet_raises_it_and_never_lowers_it(
    paper: PaperService, keeping: PaperKeeping, back: list[str]
) -> None:
    keeping.triage({back[0]: Grade.HIGH, back[1]: Grade.STANDARD}, by="scanner")
    assert keeping.triage({back[0]: Grade.MEDIUM}, by="scanner") == []
    assert [paper.sheet(s).grade for s in back] == [Grade.HIGH, Grade.STANDARD, Grade.STANDARD]


def test_the_rows_say_what_the_journal_says(
    paper: PaperService, keeping: PaperKeeping, back: list[str]
) -> None:
    keeping.hand_over(back, giver="Bo", receiver="store", by="Bo")
    keeping.triage({back[0]: Grade.HIGH}, by="scanner")
    row, state = paper.sheet(back[0]), paper.desk.state(SHEET, sheet_stream(back[0]))
    assert {f: getattr(row, f) for f in SheetState.__slots__} == {
        f: getattr(state, f) for f in SheetState.__slots__
    }


def test_a_batch_is_counted_again_by_another_person(batches: PaperBatches, back: list[str]) -> None:
    make_up(batches, back)
    with pytest.raises(Refused, match="somebody else counts it"):
        batches.receive("B1", counted=3, by="Asha")
    batches.receive("B1", counted=3, by="Bo")
    assert batches.batch("B1").stage is BatchStage.RECEIVED


def test_a_batch_that_does_not_agree_is_rejected_and_its_sheets_are_free(
    batches: PaperBatches, back: list[str]
) -> None:
    make_up(batches, back)
    batches.receive("B1", counted=2, by="Bo")
    assert batches.all()["B1"].reasons == ("the header says 3, Bo counted 2",)
    make_up(batches, back, "B2")
    assert batches.all()["B2"].is_live


@pytest.mark.parametrize(
    ("said", "why"), [({"count": 4}, "says 4 sheets, 3 are"), ({"hash_total": 1}, "sum of numbers is 1")]
)
def test_a_header_that_does_not_fit_is_refused(
    batches: PaperBatches, back: list[str], said: dict[str, int], why: str
) -> None:
    with pytest.raises(Refused, match=why):
        make_up(batches, back, **said)


def test_a_sheet_is_in_one_batch_and_only_once_written_on(
    paper: PaperService, batches: PaperBatches, back: list[str]
) -> None:
    make_up(batches, back)
    (blank,) = paper.issue(station="north", form_type="crime", count=1, by="Asha")
    with pytest.raises(Refused) as refused:
        make_up(batches, [back[0], blank], "B2")
    assert refused.value.reasons == (f"{blank} is issued: not ready to go back", f"{back[0]} is in batch B1")
    with pytest.raises(NotFound):
        batches.batch("B2")


def test_a_batch_is_released_when_every_page_has_its_image(
    paper: PaperService, batches: PaperBatches, back: list[str], images: PaperImages
) -> None:
    make_up(batches, back)
    batches.receive("B1", counted=3, by="Bo")
    for serial in back[:2]:
        images.file(serial, 1, 1, serial.encode(), by="Bo")
    images.file(back[2], 1, 2, b"first", by="Bo")
    with pytest.raises(Refused, match=f"{back[2]}: page 2 of 2 has no image"):
        batches.release("B1", by="Bo")
    images.file(back[2], 2, 2, b"second", by="Bo")
    batches.release("B1", by="Bo")
    assert held(paper) == set()
