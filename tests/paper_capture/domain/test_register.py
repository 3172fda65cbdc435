"""The register's identities hold over honest books and name the serial and station of every injected fault."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paper_capture.domain.aside import Hold, SignedOver
from paper_capture.domain.batches import Batch, BatchStage, hash_total
from paper_capture.domain.conflicts import Conflict, ConflictStage, Telling
from paper_capture.domain.images import Marks
from paper_capture.domain.keeping import Passed
from paper_capture.domain.moves import Disposition, Grade
from paper_capture.domain.passes import Discrepancy, Keying, Value
from paper_capture.domain.register import (
    IDENTITIES,
    SHOWN,
    Issued,
    Printed,
    Register,
    SeenImage,
    account,
    check,
)
from paper_capture.domain.serial import Block, Serial
from paper_capture.domain.sheet import SheetState, Stage
from tests.paper_capture.world import NOON

ORDER = list(Stage)[1:]
UNDER_WAY = (Stage.RETURNED, Stage.KEYED_ONCE, Stage.KEYED_TWICE, Stage.DISCREPANT)
ENDED = (Stage.VERIFIED, Stage.DISPOSED, Stage.DESTROYED)
NAMES = {stage: str(Serial("DA", number)) for number, stage in enumerate(ORDER, start=1)}


def sheet(stage: Stage) -> SheetState:  # noqa: PLR0911  a stage more is a return more
    """An honest two-pass sheet of the north at this stage."""
    if stage is Stage.DESTROYED:  # long after it was disposed of
        kept = sheet(Stage.DISPOSED)
        gone = (*kept.chain, Passed("destroyed", "Bo", "destroyed", NOON, "Bo"))
        return replace(kept, stage=stage, witness="Chen", chain=gone, reference="N2")
    state = SheetState(
        stage=stage, form_type="abuse", passes=2, station="" if stage is Stage.STOCK else "north"
    )
    if stage is not Stage.STOCK:
        state = replace(state, chain=(Passed("issued", "stock", "north", NOON - timedelta(hours=9), "Asha"),))
    if stage in (Stage.STOCK, Stage.ISSUED, Stage.SPOILED, Stage.UNUSED):
        return state
    if stage is Stage.MISSING:
        return replace(state, decided_by="Chen", reason="not in the van")
    written = NOON - timedelta(hours=3)
    state = replace(
        state, occurred_at=written, written_at=written, logged_at=NOON, grade=Grade.HIGH, writer="PC Okoro"
    )
    if stage in (Stage.USED, Stage.LIVE):
        return state
    passes = {Stage.RETURNED: 0, Stage.KEYED_ONCE: 1}.get(stage, 2)
    keyings = tuple(Keying(n + 1, ("Bo", "Chen")[n], NOON, 20, {}) for n in range(passes))
    chain = (*state.chain, Passed("returned", "north", "Bo", NOON, "Bo"))
    values: dict[str, Value] = {"items": 2, "danger": True}
    state = replace(state, returned_at=NOON, returns=1, keyings=keyings, chain=chain, values=values)
    if stage is Stage.DISCREPANT:
        return replace(state, discrepancies=(Discrepancy(field="a", first=1, second=2),))
    if stage is Stage.DISPOSED:
        return replace(state, disposition=Disposition.CONVERTED, reference="N1", disposed_at=NOON)
    return state


def books() -> Register:
    """One honest sheet at every stage; all but the first, which is in stock, were issued to the north."""
    count = len(ORDER)
    return Register(
        printed=[Printed("abuse", Block("DA", 1, count))],
        issued=[Issued("abuse", Block("DA", 2, count - 1), "north")],
        sheets={NAMES[stage]: sheet(stage) for stage in ORDER},
        target={NAMES[Stage.DISPOSED]: ["N1"], NAMES[Stage.DESTROYED]: ["N2"], None: ["E1", "E2"]},
        prefixes={"abuse": "DA"},
        batches={
            "B1": batch(BatchStage.RECEIVED, *UNDER_WAY),
            "B2": batch(BatchStage.RELEASED, *ENDED, items=6),
        },
        images={NAMES[stage]: pages_of(NAMES[stage]) for stage in ENDED},
    )


def batch(stage: BatchStage, *stages: Stage, **totals: float) -> Batch:
    serials = tuple(NAMES[s] for s in stages)
    return Batch(stage, "abuse", "north", serials, len(serials), hash_total(serials), totals, "Asha", "Bo")


def pages_of(serial: str) -> list[SeenImage]:
    """Two live pages, on the first of which a machine saw the tick; and an older scan of the second."""
    seen = Marks(answers={"danger": True, "other": False})
    return [
        SeenImage(1, 2, f"{serial}-1", live=True, filed_at=NOON, marks=seen),
        SeenImage(2, 2, f"{serial}-0", live=False, filed_at=NOON),
        SeenImage(
            2,
            2,
            f"{serial}-2",
            live=True,
            filed_at=NOON,
            marks=Marks(referred={"*": "a corner mark is missing"}),
        ),
    ]


def changed(stage: Stage, /, **changes: object) -> Callable[[Register], Register]:
    def change(register: Register) -> Register:
        broken = replace(register.sheets[NAMES[stage]], **changes)  # type: ignore[arg-type]
        return replace(register, sheets={**register.sheets, NAMES[stage]: broken})

    return change


def dropped(stage: Stage) -> Callable[[Register], Register]:
    return lambda r: replace(r, sheets={s: v for s, v in r.sheets.items() if s != NAMES[stage]})


def target(records: Mapping[str | None, list[str]]) -> Callable[[Register], Register]:
    return lambda r: replace(r, target={**(r.target or {}), **records})


def also(serial: str, state: SheetState) -> Callable[[Register], Register]:
    return lambda r: replace(r, sheets={**r.sheets, serial: state})


def issued(*more: Issued) -> Callable[[Register], Register]:
    return lambda r: replace(r, issued=[*r.issued, *more])


def batched(name: str, **changes: object) -> Callable[[Register], Register]:
    return lambda r: replace(r, batches={**r.batches, name: replace(r.batches[name], **changes)})  # type: ignore[arg-type]


def more(name: str, *stages: Stage) -> Callable[[Register], Register]:
    """Another batch of these sheets."""
    return lambda r: replace(r, batches={**r.batches, name: batch(BatchStage.PREPARED, *stages)})


def scanned(stage: Stage, images: Sequence[SeenImage]) -> Callable[[Register], Register]:
    return lambda r: replace(r, images={**r.images, NAMES[stage]: images})


def handed(stage: Stage, *links: Passed) -> Callable[[Register], Register]:
    return lambda r: changed(stage, chain=(*r.sheets[NAMES[stage]].chain, *links))(r)


def told_twice(stage: Stage) -> Callable[[Register], Register]:
    telling = Telling(said={"writer": "PC Other"}, by="PC 99", saved_at=NOON)
    open_ = Conflict(ConflictStage.OPEN, "north", {"writer": "PC Okoro"}, (telling,), NOON)
    return lambda r: replace(r, conflicts={**r.conflicts, f"{NAMES[stage]}.used": open_})


OVER = SignedOver("PS Hill", "CU-77", NOON)
FIRST = NAMES[Stage.VERIFIED]
SAME_KEYER = (Keying(1, "Bo", NOON, 20, {}), Keying(2, "Bo", NOON, 20, {}))
STRANGER = str(Serial("DA", 900))
FAULTS: dict[str, tuple[str, Stage | str, Callable[[Register], Register]]] = {
    "a printed sheet vanished from stock": ("I1", Stage.STOCK, dropped(Stage.STOCK)),
    "a sheet nobody printed": ("I1", STRANGER, also(STRANGER, sheet(Stage.STOCK))),
    "a number printed twice": ("I1", Stage.STOCK, lambda r: replace(r, printed=[*r.printed, Printed("abuse", Block("DA", 1, 1))])),
    "an issued sheet vanished": ("I2", Stage.USED, dropped(Stage.USED)),
    "a number issued to two stations": ("I2", Stage.USED, issued(Issued("abuse", Block("DA", 3, 1), "south"))),
    "a sheet at another station": ("I2", Stage.ISSUED, changed(Stage.ISSUED, station="south")),
    "a sheet used out of stock": ("I2", Stage.STOCK, changed(Stage.STOCK, stage=Stage.USED, written_at=NOON, logged_at=NOON)),
    "a used sheet that nobody logged": ("I2b", Stage.RETURNED, changed(Stage.RETURNED, written_at=None)),
    "a used sheet voided": ("I2b", Stage.SPOILED, changed(Stage.SPOILED, written_at=NOON)),
    "missing on nobody's word": ("I2b", Stage.MISSING, changed(Stage.MISSING, decided_by="")),
    "returned twice": ("I3", Stage.RETURNED, changed(Stage.RETURNED, returns=2)),
    "keyed and never returned": ("I3", Stage.KEYED_ONCE, changed(Stage.KEYED_ONCE, returns=0)),
    "destroyed before no witness": ("I1", Stage.DESTROYED, changed(Stage.DESTROYED, witness="")),
    "stock destroyed and on no list": ("I1", Stage.STOCK, changed(Stage.STOCK, stage=Stage.DESTROYED, witness="Chen", chain=(Passed("destroyed", "stock", "destroyed", NOON, "Bo"),))),
    "issued and destroyed": ("I1", Stage.USED, lambda r: replace(r, destroyed=[Printed("abuse", Block("DA", 3, 1))])),
    "in two batches": ("I4", Stage.RETURNED, more("B3", Stage.RETURNED)),
    "a blank sheet in a batch": ("I4", Stage.UNUSED, more("B3", Stage.UNUSED)),
    "a sheet of another station in a batch": ("I4", Stage.VERIFIED, batched("B2", station="south")),
    "a sheet of another form in a batch": ("I4", Stage.VERIFIED, batched("B2", form_type="crime")),
    "keyed past its batch": ("I4", Stage.KEYED_ONCE, batched("B1", serials=(NAMES[Stage.RETURNED],))),
    "a page lost at the scanner": ("I5", Stage.VERIFIED, scanned(Stage.VERIFIED, pages_of(FIRST)[:2])),
    "released without an image": ("I5", Stage.VERIFIED, scanned(Stage.VERIFIED, [])),
    "two live images of one page": ("I5", Stage.VERIFIED, scanned(Stage.VERIFIED, [replace(i, live=True) for i in pages_of(FIRST)])),
    "one image for two sheets": ("I5", Stage.VERIFIED, scanned(Stage.DISPOSED, pages_of(FIRST))),
    "an image of a blank sheet": ("I5", Stage.ISSUED, scanned(Stage.ISSUED, pages_of("x"))),
    "the header counts one more": ("I6", Stage.VERIFIED, batched("B2", count=4)),
    "the header sums other numbers": ("I6", Stage.VERIFIED, batched("B2", hash_total=1)),
    "the header sums other items": ("I6", Stage.VERIFIED, batched("B2", totals={"items": 7})),
    "a hand that did not have it": ("I10", Stage.RETURNED, handed(Stage.RETURNED, Passed("handed over", "Eve", "store", NOON, "Bo"))),
    "handed over before it was had": ("I10", Stage.RETURNED, handed(Stage.RETURNED, Passed("handed over", "Bo", "store", NOON - timedelta(hours=1), "Bo"))),
    "back, and nobody took it in": ("I10", Stage.RETURNED, lambda r: changed(Stage.RETURNED, chain=r.sheets[NAMES[Stage.RETURNED]].chain[:1])(r)),
    "a tick that nobody keyed": ("I12", Stage.VERIFIED, changed(Stage.VERIFIED, values={"items": 2})),
    "a tick that nobody saw": ("I12", Stage.VERIFIED, changed(Stage.VERIFIED, values={"items": 2, "danger": True, "other": True})),
    "an image before the writing": ("TIME", Stage.VERIFIED, scanned(Stage.VERIFIED, [replace(i, filed_at=NOON - timedelta(days=1)) for i in pages_of(FIRST)])),
    "both passes by one person": ("I7", Stage.VERIFIED, changed(Stage.VERIFIED, keyings=SAME_KEYER)),
    "verified after one pass": ("I7", Stage.VERIFIED, changed(Stage.VERIFIED, keyings=SAME_KEYER[:1])),
    "keyed before it came back": ("I7", Stage.USED, changed(Stage.USED, keyings=SAME_KEYER[:1])),
    "adjudicated by its keyer": ("I7", Stage.VERIFIED, changed(Stage.VERIFIED, adjudicator="Bo")),
    "an open discrepancy verified": ("I7", Stage.VERIFIED, changed(Stage.VERIFIED, discrepancies=(Discrepancy(field="a", first=1, second=2),))),
    "disposed of while still discrepant": ("I8", Stage.DISCREPANT, changed(Stage.DISCREPANT, disposition=Disposition.REJECTED, reason="x")),
    "disposed of as nothing": ("I8", Stage.DISPOSED, changed(Stage.DISPOSED, disposition=None)),
    "rejected without a reason": ("I8", Stage.DISPOSED, changed(Stage.DISPOSED, disposition=Disposition.REJECTED)),
    "merged without a reference": ("I8", Stage.DISPOSED, changed(Stage.DISPOSED, disposition=Disposition.MERGED, reference="")),
    "converted, and the target has nothing": ("I9", Stage.DISPOSED, target({NAMES[Stage.DISPOSED]: []})),
    "converted twice in the target": ("I9", Stage.DISPOSED, target({NAMES[Stage.DISPOSED]: ["N1", "N2"]})),
    "converted under another reference": ("I9", Stage.DISPOSED, target({NAMES[Stage.DISPOSED]: ["N7"]})),
    "a record no conversion made": ("I9", Stage.VERIFIED, target({NAMES[Stage.VERIFIED]: ["N9"]})),
    "two sheets with one reference": ("I9", Stage.VERIFIED, changed(Stage.VERIFIED, stage=Stage.DISPOSED, disposition=Disposition.CONVERTED, reference="N1")),
    "merged into what is not there": ("I9", Stage.DISPOSED, changed(Stage.DISPOSED, disposition=Disposition.MERGED, reference="E3")),
    "a record from stock": ("I11", Stage.STOCK, target({NAMES[Stage.STOCK]: ["N5"]})),
    "a record from a spoiled sheet": ("I11", Stage.SPOILED, changed(Stage.SPOILED, reference="N5")),
    "a record from an unused sheet": ("I11", Stage.UNUSED, target({NAMES[Stage.UNUSED]: ["N5"]})),
    "kept back for nobody": ("I2b", Stage.USED, changed(Stage.USED, held=Hold("", "why?", "Bo", NOON))),
    "live and signed over at once": ("I2b", Stage.LIVE, changed(Stage.LIVE, signed_over=OVER)),
    "keyed while its paper is the master": ("I7", Stage.LIVE, changed(Stage.LIVE, keyings=(Keying(1, "Bo", NOON, 20, {}),))),
    "a record from an open sheet": ("I11", Stage.LIVE, target({NAMES[Stage.LIVE]: ["N5"]})),
    "a second record of what was handed over live": ("I9", Stage.DISPOSED, changed(Stage.DISPOSED, signed_over=OVER)),
    "told twice and undecided": ("TOLD", Stage.USED, told_twice(Stage.USED)),
    "written before it occurred": ("TIME", Stage.USED, changed(Stage.USED, written_at=NOON - timedelta(hours=4))),
    "keyed before it was returned": ("TIME", Stage.VERIFIED, changed(Stage.VERIFIED, returned_at=NOON + timedelta(minutes=1))),
    "recorded as another form": ("TYPE", Stage.USED, changed(Stage.USED, form_type="crime")),
}  # fmt: skip


def broken(register: Register) -> dict[str, str]:
    return {identity.id: identity.detail for identity in check(register) if not identity.holds}


def test_every_identity_holds_over_honest_books() -> None:
    assert broken(books()) == {}
    assert [i.id for i in check(books())] == [name for name, _, _ in IDENTITIES]


@pytest.mark.parametrize("fault", FAULTS)
def test_an_injected_fault_is_caught_with_its_serial_and_station(fault: str) -> None:
    identity, where, inject = FAULTS[fault]
    serial = NAMES[where] if isinstance(where, Stage) else where
    found = broken(inject(books()))
    assert f"{serial} (" in found[identity]


@given(st.lists(st.sampled_from(sorted(FAULTS)), max_size=4, unique_by=lambda f: FAULTS[f][1]))
def test_faults_do_not_hide_each_other(faults: list[str]) -> None:
    register = books()
    for fault in faults:
        register = FAULTS[fault][2](register)
    assert {FAULTS[fault][0] for fault in faults} <= set(broken(register))
    assert bool(broken(register)) == bool(faults)


def test_without_the_target_s_records_only_our_own_half_is_judged() -> None:
    assert broken(replace(books(), target=None)) == {}


@pytest.mark.requirement("R10")
def test_a_vanished_sheet_is_reported_with_the_station_that_answers_for_it() -> None:
    assert f"{NAMES[Stage.USED]} (north): issued and nowhere" in broken(dropped(Stage.USED)(books()))["I2"]


def test_many_offenders_are_shown_in_part_and_counted_whole() -> None:
    lost = replace(books(), printed=[Printed("abuse", Block("DA", 1, 100))])
    assert broken(lost)["I1"].endswith(f"and {100 - len(ORDER) - SHOWN} more")


@pytest.mark.requirement("R10")
def test_the_account_counts_every_sheet_once_and_lists_what_is_outstanding_by_station() -> None:
    found = account(books())
    assert (found.printed, found.stock, found.issued, found.used) == (14, 1, 13, 9)
    assert (found.void, found.missing, found.live, found.in_hand, found.converted) == (2, 1, 1, 5, 2)
    assert found.outstanding == {"north": (NAMES[Stage.ISSUED], NAMES[Stage.USED], NAMES[Stage.LIVE])}
    assert found.stock + found.void + found.missing + found.in_hand + found.converted + 3 == found.printed
    assert found.holds
    assert not found.is_closed
