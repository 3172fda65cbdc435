"""The identities of the paper around the numbers: batches, images, control totals, custody, ticks. I4 to I6, I10, I12.

They range over what was batched and scanned; a sheet that was neither breaks none of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from paper_capture.domain.batches import Batch, BatchStage, header_faults
from paper_capture.domain.books import Breaches, Register, SeenImage, at, stage_of
from paper_capture.domain.keeping import broken_links
from paper_capture.domain.passes import Value
from paper_capture.domain.sheet import SheetState, Stage
from paper_capture.domain.stages import BACK, DONE, KEYED, WRITTEN

PAGE = "*"


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
        elif stage_of(sheet) not in WRITTEN:
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
    """The header against its sheets; the sums of fields against what was keyed, once all of the batch is verified."""
    for name, batch in register.batches.items():
        if not batch.is_live:
            continue
        first = min(batch.serials, default="")
        faults = [*header_faults(batch.serials, batch.count, batch.hash_total), *_sums(register, batch)]
        yield from (f"{at(register, first)}: batch {name} of {batch.station}: {fault}" for fault in faults)


def _sums(register: Register, batch: Batch) -> Iterator[str]:
    sheets = [register.sheets[s] for s in batch.serials if s in register.sheets]
    if len(sheets) != len(batch.serials) or any(stage_of(s) not in DONE for s in sheets):
        return
    for name, said in batch.totals.items():
        keyed = sum(_number(sheet.values.get(name)) for sheet in sheets)
        if abs(keyed - said) > 1e-6:  # noqa: PLR2004  money in pence and whole counts: rounding of sums, nothing more
            yield f"the header's sum of {name} is {said:g}, that of what was keyed {keyed:g}"


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
        seen: dict[str, Value] = {}
        for image in images:
            if image.live and image.marks is not None and PAGE not in image.marks.referred:
                seen |= image.marks.answers
        differ = sorted(name for name, value in seen.items() if not _agree(name, value, sheet.values))
        if differ:
            marked = sum(1 for value in seen.values() if value not in (None, False))
            keyed = sum(1 for name in seen if sheet.values.get(name) not in (None, False))
            yield f"{at(register, serial)}: {marked} ticks seen, {keyed} keyed; they differ in {', '.join(differ)}"


def _agree(name: str, seen: Value, keyed: Mapping[str, Value]) -> bool:
    """An empty box, no answer and 'not ticked' are the same."""
    return (seen or None) == (keyed.get(name) or None)
