"""The identities of the paper around the numbers: batches, images, control totals, custody, ticks. I4 to I6, I10, I12.

They range over what was batched and scanned; a sheet that was neither breaks none of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from paper_capture.domain.batches import Batch, BatchStage, header_faults
from paper_capture.domain.books import Breaches, Register, SeenImage, at, stage_of
from paper_capture.domain.images import PAGE
from paper_capture.domain.keeping import broken_links
from paper_capture.domain.passes import Value
from paper_capture.domain.sheet import SheetState, Stage
from paper_capture.domain.stages import BACK, DONE, KEYED, LOGGED, WRITTEN

TICKS = "ticks"  # the total of a header that counts crosses in the boxes of the questions
SUSPECTS = 5
ROUNDING = 1e-6  # money in pence and whole counts: rounding of sums, nothing more
Fault: TypeAlias = tuple[
    str, tuple[str, ...]
]  # what differs, and the serials to look at, first the likeliest


def batched(register: Register) -> Breaches:
    """Nothing is in two live batches, nothing is in one that was not written on, and nothing is keyed past its batch."""
    live = {name: batch for name, batch in register.batches.items() if batch.is_live}
    times = Counter(serial for batch in live.values() for serial in set(batch.serials))
    yield from (f"{at(register, s)}: in {n} batches" for s, n in times.items() if n > 1)
    for name, batch in live.items():
        yield from (f"{at(register, s)}: batch {name}: {why}" for s, why in _strangers(register, batch))
    if live:
        yield from (
            f"{at(register, serial)}: {stage_of(sheet)} and in no batch"
            for serial, sheet in register.sheets.items()
            if stage_of(sheet) in DONE | KEYED and serial not in times
        )


def _strangers(register: Register, batch: Batch) -> Iterator[tuple[str, str]]:
    for serial in batch.serials:
        sheet = register.sheets.get(serial)
        if sheet is None:
            yield serial, "no such sheet"
        elif stage_of(sheet) not in LOGGED:
            yield serial, f"is {sheet.stage}"
        elif sheet.form_type != batch.form_type:
            yield serial, f"is of {sheet.form_type}, the batch of {batch.form_type}"
        elif batch.station and sheet.station != batch.station:
            yield serial, f"is of {sheet.station}, the batch of {batch.station}"


def pages(register: Register) -> Breaches:
    """One live image a page at most, everywhere; and exactly one for each page of a batch that was released for keying."""
    for serial, images in register.images.items():
        live = Counter(image.page for image in images if image.live)
        yield from (
            f"{at(register, serial)}: page {page} has {n} live images" for page, n in live.items() if n > 1
        )
        if serial not in register.sheets or stage_of(register.sheets[serial]) not in WRITTEN | {
            Stage.MISSING,
            Stage.SPOILED,
        }:
            yield f"{at(register, serial)}: has an image and was never written on"
    yield from _twice(register)
    for name, batch in register.batches.items():
        if batch.stage is BatchStage.RELEASED:
            for serial in batch.serials:
                yield from (
                    f"{at(register, serial)}: batch {name}: {why}"
                    for why in lacking_pages(register.images.get(serial, ()))
                )


def _twice(register: Register) -> Breaches:
    """One image stands for one page of one sheet."""
    stands: dict[str, set[tuple[str, int]]] = {}
    for serial, images in register.images.items():
        for image in images:
            if image.live:
                stands.setdefault(image.sha256, set()).add((serial, image.page))
    for sha256, places in stands.items():
        if len(places) > 1:
            said = ", ".join(f"{serial} page {page}" for serial, page in sorted(places))
            yield f"{at(register, min(places)[0])}: image {sha256[:12]} stands for {said}"


def lacking_pages(of_sheet: Sequence[SeenImage]) -> list[str]:
    """The pages of a sheet that have no live image."""
    images = [image for image in of_sheet if image.live]
    if not images:
        return ["has no image"]
    have = {image.page for image in images}
    of = max(image.pages for image in images)
    return [f"page {page} of {of} has no image" for page in range(1, of + 1) if page not in have]


def totals(register: Register) -> Breaches:
    """The header against its sheets, against what a machine saw of them, and against what was keyed once all is verified."""
    for name, batch in register.batches.items():
        if not batch.is_live:
            continue
        first = min(batch.serials, default="")
        of = f"batch {name} of {batch.station}, made up by {batch.prepared_by}"
        of += f", taken in by {batch.received_by}" if batch.received_by else ""
        faults: list[Fault] = [
            (fault, (first,)) for fault in header_faults(batch.serials, batch.count, batch.hash_total)
        ]
        faults += [
            *_header_sheet(register, name, batch),
            *_crosses_seen(register, batch),
            *_sums(register, batch),
        ]
        for fault, suspects in faults:
            yield f"{at(register, suspects[0])}: {of}: {fault}{_others(suspects)}"


def _others(suspects: Sequence[str]) -> str:
    """Where else to look."""
    more = suspects[1:SUSPECTS]
    left = len(suspects) - 1 - len(more)
    return f"; or look at {', '.join(more)}{f' and {left} more' if left else ''}" if more else ""


def _header_sheet(register: Register, name: str, batch: Batch) -> Iterator[Fault]:
    """A header sheet that was keyed itself, against what was said when the batch was made up."""
    header = register.sheets.get(name)
    if header is None or stage_of(header) not in DONE:
        return
    said = {"count": float(batch.count), "numbers": float(batch.hash_total), **batch.totals}
    for field, number in said.items():
        if field in header.values and abs(_number(header.values[field]) - number) > ROUNDING:
            yield (
                f"its header sheet says {field} {_number(header.values[field]):g}, the batch {number:g}",
                (name,),
            )


def _crosses_seen(register: Register, batch: Batch) -> Iterator[Fault]:
    """The header's count of crosses against what a machine saw, where it was sure of every page."""
    if TICKS not in batch.totals:
        return
    seen = [_crosses_of(register.images.get(serial, ())) for serial in batch.serials]
    sure = [count for count in seen if count is not None]
    if len(sure) == len(seen) and sum(sure) != batch.totals[TICKS]:
        said = f"the header counts {batch.totals[TICKS]:g} crosses, a machine saw {sum(sure)}"
        yield said, _suspects(register, batch, TICKS)


def _crosses_of(images: Sequence[SeenImage]) -> int | None:
    """None while a page is lacking or was referred to a person."""
    live = [image for image in images if image.live]
    if lacking_pages(images) or any(image.marks is None or image.marks.referred for image in live):
        return None
    return sum(_crosses(image.marks.answers.values()) for image in live if image.marks is not None)


def _crosses(answers: Iterable[Value]) -> int:
    return sum(1 for value in answers if value not in (None, False))


def _sums(register: Register, batch: Batch) -> Iterator[Fault]:
    sheets = [register.sheets[s] for s in batch.serials if s in register.sheets]
    if len(sheets) != len(batch.serials) or any(stage_of(s) not in DONE for s in sheets):
        return
    boxes = register.boxes.get(batch.form_type, frozenset())
    for name, said in batch.totals.items():
        if name == TICKS and not boxes:
            continue
        keyed = sum(
            float(_crosses(v for f, v in sheet.values.items() if f in boxes))
            if name == TICKS
            else _number(sheet.values.get(name))
            for sheet in sheets
        )
        if abs(keyed - said) > ROUNDING:
            said_so = f"the header's sum of {name} is {said:g}, that of what was keyed {keyed:g}"
            yield said_so, _suspects(register, batch, name)


def _suspects(register: Register, batch: Batch, field: str) -> tuple[str, ...]:
    """Where to look first: sheets a machine read otherwise, then those that two passes differed on or that lack the field."""

    def doubt(serial: str) -> int:
        sheet = register.sheets.get(serial)
        if sheet is None:
            return 0
        if field == TICKS and _unlike(register.images.get(serial, ()), sheet):
            return 0
        differed = any(d.field == field for d in sheet.discrepancies)
        return 1 if differed or (field != TICKS and sheet.values.get(field) is None) else 2

    return tuple(sorted(batch.serials, key=lambda serial: (doubt(serial), serial)))


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def custody(register: Register) -> Breaches:
    """From hand to hand without a gap, and in the hands that its stage says."""
    for serial, sheet in register.sheets.items():
        faults = [*broken_links(sheet.chain), *_ends(sheet)]
        yield from (f"{at(register, serial)}: {fault}" for fault in faults)


def _ends(sheet: SheetState) -> Iterator[str]:
    kinds = [link.kind for link in sheet.chain]
    if not sheet.chain:
        if sheet.station:
            yield f"{sheet.stage} at {sheet.station} and nobody received it"
        return
    if stage_of(sheet) in BACK and "returned" not in kinds:
        yield f"{sheet.stage}, and nobody took it in: {sheet.holder} had it last"
    if (sheet.stage is Stage.DESTROYED) != (kinds[-1] == "destroyed"):
        yield f"{sheet.stage}, and {sheet.holder} had it last"


def ticks(register: Register) -> Breaches:
    """Each field that a machine read for certain, against what was keyed; what it referred to a person is not compared."""
    for serial, images in register.images.items():
        sheet = register.sheets.get(serial)
        if sheet is None or stage_of(sheet) not in DONE:
            continue
        seen = _seen(images)
        differ = _unlike(images, sheet)
        if differ:
            marked, keyed = _crosses(seen.values()), _crosses(sheet.values.get(name) for name in seen)
            yield f"{at(register, serial)}: {marked} ticks seen, {keyed} keyed; they differ in {', '.join(differ)}"


def _seen(images: Sequence[SeenImage]) -> dict[str, Value]:
    """What a machine read for certain on the live pages of a sheet."""
    seen: dict[str, Value] = {}
    for image in images:
        if image.live and image.marks is not None and PAGE not in image.marks.referred:
            seen |= image.marks.answers
    return seen


def _unlike(images: Sequence[SeenImage], sheet: SheetState) -> list[str]:
    """The fields that were read otherwise than they were keyed."""
    return sorted(name for name, value in _seen(images).items() if not _agree(name, value, sheet.values))


def _agree(name: str, seen: Value, keyed: Mapping[str, Value]) -> bool:
    """An empty box, no answer and 'not ticked' are the same."""
    return (seen or None) == (keyed.get(name) or None)
