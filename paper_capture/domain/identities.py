"""The identities of the numbers themselves: printed, issued, used, returned, keyed, converted. I1 to I3, I7 to I9, I11.

Each identity is one function that names the offending serials with their station.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

from paper_capture.domain.books import NUMERALS, Breaches, Register, at, stage_of
from paper_capture.domain.moves import Disposition
from paper_capture.domain.sheet import SheetState, Stage
from paper_capture.domain.stages import BACK, DONE, KEYED, VOID, WRITTEN


def printed(register: Register) -> Breaches:
    times = Counter(str(s) for p in register.printed for s in p.block)
    yield from (f"{at(register, s)}: printed {n} times" for s, n in times.items() if n > 1)
    yield from (
        f"{at(register, s)}: printed and neither in stock nor issued"
        for s in times
        if s not in register.sheets
    )
    yield from (f"{at(register, s)}: exists and was never printed" for s in register.sheets if s not in times)
    yield from _destroyed(register)


def _destroyed(register: Register) -> Breaches:
    gone = {str(s) for d in register.destroyed for s in d.block}
    for serial in gone & register.holders.keys():
        yield f"{at(register, serial)}: issued and destroyed in stock"
    for serial, sheet in register.sheets.items():
        if (sheet.stage is Stage.DESTROYED and not sheet.station) != (serial in gone):
            yield f"{at(register, serial)}: {sheet.stage}, and the list of destroyed stock says otherwise"
        if sheet.stage is Stage.DESTROYED and not sheet.witness:
            yield f"{at(register, serial)}: destroyed before no witness"


def issued(register: Register) -> Breaches:
    times = Counter(str(s) for i in register.issued for s in i.block)
    yield from (f"{at(register, s)}: issued {n} times" for s, n in times.items() if n > 1)
    for serial, station in register.holders.items():
        yield from _not_held(register, serial, station)
    for serial, sheet in register.sheets.items():
        if stage_of(sheet) not in (Stage.STOCK, Stage.DESTROYED) and serial not in register.holders:
            yield f"{at(register, serial)}: {stage_of(sheet)} and never issued"


def _not_held(register: Register, serial: str, station: str) -> Breaches:
    sheet = register.sheets.get(serial)
    if sheet is None or stage_of(sheet) in (Stage.STOCK, Stage.UNPRINTED):
        yield f"{serial} ({station}): issued and nowhere: not used, spoiled, unused, missing or outstanding"
    elif sheet.station != (answers := _answers(sheet, station)):
        yield f"{serial} ({answers}): {answers} answers for it, recorded at {sheet.station}"


def _answers(sheet: SheetState, station: str) -> str:
    """The station that answers for a sheet: where it was issued to, or the last it was transferred to."""
    moved = [link.receiver for link in sheet.chain if link.kind == "transferred"]
    return moved[-1] if moved else station


def used(register: Register) -> Breaches:
    for serial, sheet in register.sheets.items():
        if (stage_of(sheet) in WRITTEN) and (sheet.written_at is None or sheet.logged_at is None):
            yield f"{at(register, serial)}: {stage_of(sheet)} and never logged as used"
        if stage_of(sheet) in VOID | {Stage.STOCK, Stage.ISSUED} and sheet.written_at is not None:
            yield f"{at(register, serial)}: logged as used and counted as {stage_of(sheet)}"
        if stage_of(sheet) is Stage.MISSING and not sheet.decided_by:
            yield f"{at(register, serial)}: missing on nobody's word"
        if sheet.held is not None and not (sheet.held.owner and sheet.held.reason):
            yield f"{at(register, serial)}: kept back for nobody, or for no reason"
        if stage_of(sheet) is Stage.LIVE and sheet.signed_over is not None:
            yield f"{at(register, serial)}: live, and signed over as {sheet.signed_over.reference}"


def returned(register: Register) -> Breaches:
    for serial, sheet in register.sheets.items():
        due = 1 if stage_of(sheet) in BACK else 0
        if sheet.returns != due:
            yield f"{at(register, serial)}: {stage_of(sheet)}, returned {sheet.returns} times"


def passes(register: Register) -> Breaches:
    for serial, sheet in register.sheets.items():
        yield from (f"{at(register, serial)}: {fault}" for fault in _pass_faults(sheet))


def _pass_faults(sheet: SheetState) -> Iterator[str]:
    numbers = [k.pass_no for k in sheet.keyings]
    if stage_of(sheet) in DONE and sorted(numbers) != list(range(1, sheet.passes + 1)):
        yield f"{stage_of(sheet)} with passes {numbers} where {sheet.passes} are asked for"
    if stage_of(sheet) not in DONE | KEYED and numbers:
        yield f"keyed while {stage_of(sheet)}"
    if len(set(sheet.keyers)) < len(sheet.keyers):
        yield f"both passes by {sheet.keyers[0]}"
    if sheet.adjudicator in sheet.keyers:
        yield f"adjudicated by its own keyer {sheet.adjudicator}"
    if stage_of(sheet) in DONE and sheet.discrepancies and not sheet.adjudicator:
        yield "verified with an open discrepancy"


def disposed(register: Register) -> Breaches:
    for serial, sheet in register.sheets.items():
        if (sheet.disposition is not None) != (stage_of(sheet) is Stage.DISPOSED):
            yield f"{at(register, serial)}: {stage_of(sheet)} with disposition {sheet.disposition or 'none'}"
        elif sheet.disposition is Disposition.REJECTED and not sheet.reason:
            yield f"{at(register, serial)}: rejected without a reason"
        elif sheet.disposition not in (None, Disposition.REJECTED) and not sheet.reference:
            yield f"{at(register, serial)}: {sheet.disposition} without a reference"


def created(register: Register) -> Breaches:
    made = {
        s: sheet.reference
        for s, sheet in register.sheets.items()
        if sheet.disposition is Disposition.CONVERTED
    }
    shared = {ref for ref, n in Counter(made.values()).items() if n > 1}
    yield from (
        f"{at(register, s)}: shares reference {ref} with another sheet"
        for s, ref in made.items()
        if ref in shared
    )
    yield from _other_than_live(register, made)
    if register.target is None:
        return
    for serial, reference in made.items():
        carried = list(register.target.get(serial, ()))
        if carried != [reference]:
            yield f"{at(register, serial)}: converted as {reference}, the target holds {', '.join(carried) or 'nothing'} for it"
    yield from _unclaimed(register, made, register.target)


def _other_than_live(register: Register, made: Mapping[str, str]) -> Breaches:
    """A record that was handed over live exists: its sheet is linked to it or merged, never made a second one."""
    for serial, reference in made.items():
        over = register.sheets[serial].signed_over
        if over is not None and over.reference != reference:
            yield f"{at(register, serial)}: converted as {reference}, and handed over live as {over.reference}"


def _unclaimed(
    register: Register, created: Mapping[str, str], target: Mapping[str | None, Sequence[str]]
) -> Breaches:
    for serial, references in target.items():
        if serial is not None and references and serial not in created:
            yield f"{at(register, serial)}: the target holds {', '.join(references)}, no conversion made it"
    held = {reference for references in target.values() for reference in references}
    for serial, sheet in register.sheets.items():
        if sheet.disposition in (Disposition.MERGED, Disposition.LINKED) and sheet.reference not in held:
            yield f"{at(register, serial)}: {sheet.disposition} with {sheet.reference}, which the target does not hold"


def no_record(register: Register) -> Breaches:
    barred = VOID | {Stage.STOCK, Stage.ISSUED, Stage.MISSING, Stage.LIVE}
    for serial, sheet in register.sheets.items():
        carried = (register.target or {}).get(serial, ())
        if stage_of(sheet) in barred and (sheet.reference or carried):
            yield f"{at(register, serial)}: {stage_of(sheet)}, yet a record {sheet.reference or ', '.join(carried)} came from it"


def told(register: Register) -> Breaches:
    for name, conflict in register.conflicts.items():
        if conflict.is_open and conflict.since is not None:
            serial, _, move = name.rpartition(".")
            by = ", ".join(sorted({one.by for one in conflict.told}))
            said = f"{move} was told otherwise by {by} since {conflict.since:%d %b %H:%M}Z, and nobody has decided"
            yield f"{at(register, serial)}: {said}"


def in_time(register: Register) -> Breaches:
    for serial, sheet in register.sheets.items():
        yield from _image_before(register, serial, sheet)
        times = _times(sheet)
        for (earlier, one), (later, other) in pairwise(times):
            if one > other:
                yield f"{at(register, serial)}: {earlier} {one:%d %b %H:%M}Z after {later} {other:%d %b %H:%M}Z"


def _image_before(register: Register, serial: str, sheet: SheetState) -> Breaches:
    first = min((image.filed_at for image in register.images.get(serial, ())), default=None)
    if first is not None and sheet.written_at is not None and first < sheet.written_at:
        yield f"{at(register, serial)}: an image {first:%d %b %H:%M}Z before it was written {sheet.written_at:%d %b %H:%M}Z"


def _times(sheet: SheetState) -> list[tuple[str, datetime]]:
    keyed = [("keyed", k.at) for k in sheet.keyings]
    named = [
        ("occurred", sheet.occurred_at),
        ("written", sheet.written_at),
        ("logged", sheet.logged_at),
        ("returned", sheet.returned_at),
    ]
    return [(name, at) for name, at in (*named, *keyed, ("disposed", sheet.disposed_at)) if at is not None]


def by_type(register: Register) -> Breaches:
    for serial, sheet in register.sheets.items():
        if serial[:-NUMERALS] != register.prefixes.get(sheet.form_type):
            yield f"{at(register, serial)}: recorded as {sheet.form_type}, which its prefix is not"
    counted = Counter({p.form_type: 0 for p in register.printed})
    for p in register.printed:
        counted[p.form_type] += p.block.count
    held = Counter(s.form_type for s in register.sheets.values())
    for form_type in sorted({*counted, *held}):
        if counted[form_type] != held[form_type]:
            yield f"{form_type}: {counted[form_type]} printed, {held[form_type]} on the register"
