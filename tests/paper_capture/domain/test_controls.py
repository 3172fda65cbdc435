"""A header's count of crosses is held against what a machine saw and what was keyed, and the breach says where to look."""

from __future__ import annotations

from dataclasses import replace

from paper_capture.domain.batches import BatchStage
from paper_capture.domain.images import Marks
from paper_capture.domain.register import Register, SeenImage, check
from paper_capture.domain.sheet import SheetState, Stage
from tests.paper_capture.domain.test_register import ENDED, NAMES, batch, books, sheet
from tests.paper_capture.world import NOON

FIRST, SECOND = NAMES[Stage.VERIFIED], NAMES[Stage.DISPOSED]


def counted(ticks: float, *, seen: int = 3, sure: bool = True) -> Register:
    """Honest books in which each of three sheets has one cross; the header counts `ticks`, a machine sees `seen`."""
    images = {}
    for number, stage in enumerate(ENDED):
        marks = Marks(answers={"danger": number < seen}, referred={} if sure else {"other": "two marks"})
        images[NAMES[stage]] = [SeenImage(1, 1, f"{number}", live=True, filed_at=NOON, marks=marks)]
    register = books()
    batches = {**register.batches, "B2": batch(BatchStage.RELEASED, *ENDED, items=6, ticks=ticks)}
    return replace(register, batches=batches, images=images, boxes={"abuse": frozenset({"danger", "other"})})


def broken(register: Register) -> list[str]:
    return [breach for identity in check(register) if identity.id == "I6" for breach in identity.breaches]


def test_crosses_that_agree_on_paper_by_machine_and_as_keyed_break_nothing() -> None:
    assert broken(counted(3)) == []


def test_another_count_is_a_breach_with_batch_hands_and_the_sheet_to_look_at_first() -> None:
    by_machine, by_keyers = broken(counted(2))
    assert by_machine.startswith(f"{FIRST} (north): batch B2 of north, made up by Asha, taken in by Bo: ")
    assert "the header counts 2 crosses, a machine saw 3; or look at" in by_machine
    assert "the header's sum of ticks is 2, that of what was keyed 3" in by_keyers


def test_the_sheet_that_a_machine_read_otherwise_is_named_first() -> None:
    register = counted(3, seen=1)
    (said,) = broken(register)
    assert said.startswith(f"{SECOND} (north): batch B2")
    assert f"or look at {NAMES[Stage.DESTROYED]}, {FIRST}" in said


def test_where_a_machine_was_not_sure_of_a_page_its_count_is_not_held_against_the_header() -> None:
    assert broken(counted(3, seen=1, sure=False)) == []


def test_a_header_sheet_keyed_otherwise_than_its_batch_was_made_up_is_named() -> None:
    register = counted(3)
    header: SheetState = replace(sheet(Stage.VERIFIED), values={"count": 4, "numbers": 1, "items": 6})
    batches = {"HD": register.batches["B2"], "B1": register.batches["B1"]}
    named = replace(register, batches=batches, sheets={**register.sheets, "HD": header})
    assert [said.partition(": its header")[2] for said in broken(named)] == [
        " sheet says count 4, the batch 3",
        f" sheet says numbers 1, the batch {register.batches['B2'].hash_total}",
    ]
