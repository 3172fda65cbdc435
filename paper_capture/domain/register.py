"""Is every serial accounted for: identities over sets of serials, never over counts alone.

Each identity is one function that names the offending serials with their station. They hold at every moment, so
a breach is a fault of a record, a keyer or the target, and never "not finished yet". Numbered as in the books of
controlled stationery; I4-I6, I10 and I12 (batches, images, custody chain, mark reading) have nothing to range over
until sheets are batched and scanned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import pairwise

from paper_capture.domain.moves import Disposition
from paper_capture.domain.serial import DIGITS, Block
from paper_capture.domain.sheet import SheetState, Stage

VOID = frozenset({Stage.SPOILED, Stage.UNUSED})
AT_STATION = frozenset({Stage.ISSUED, Stage.USED})
KEYED = frozenset({Stage.KEYED_ONCE, Stage.KEYED_TWICE, Stage.DISCREPANT})
BACK = frozenset({Stage.RETURNED, Stage.VERIFIED, Stage.DISPOSED}) | KEYED
DONE = frozenset({Stage.VERIFIED, Stage.DISPOSED})
WRITTEN = BACK | {Stage.USED}
NUMERALS = DIGITS + 2
SHOWN = 20  # offenders spelled out in a detail; the count is always whole


@dataclass(frozen=True, slots=True)
class Identity:
    """One identity as found: `detail` names offending serials with their station, or what was counted."""

    id: str
    title: str
    holds: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Printed:
    """A block that exists on paper, of a form type."""

    form_type: str
    block: Block


@dataclass(frozen=True, slots=True)
class Issued(Printed):
    """A block that a station answers for."""

    station: str


@dataclass(frozen=True)
class Register:
    """All there is to hold against each other.

    `target` maps a serial to the references of the records that carry it in the target system, None to those
    that carry none; None for the whole means that nobody asked the target yet.
    """

    printed: Sequence[Printed]
    issued: Sequence[Issued]
    sheets: Mapping[str, SheetState]
    target: Mapping[str | None, Sequence[str]] | None = None
    prefixes: Mapping[str, str] = field(default_factory=dict)  # form type -> prefix

    @cached_property
    def holders(self) -> Mapping[str, str]:
        """The station that each issued serial went to, by the blocks."""
        return {str(serial): issue.station for issue in self.issued for serial in issue.block}


Breaches = Iterator[str]


def check(register: Register) -> tuple[Identity, ...]:
    """Every identity that applies, in order."""
    return tuple(
        _answer(name, title, list(find(register)), len(register.sheets)) for name, title, find in IDENTITIES
    )


def _answer(name: str, title: str, breaches: Sequence[str], sheets: int) -> Identity:
    if not breaches:
        return Identity(name, title, holds=True, detail=f"{sheets} sheets")
    more = f"; and {len(breaches) - SHOWN} more" if len(breaches) > SHOWN else ""
    return Identity(name, title, holds=False, detail="; ".join(breaches[:SHOWN]) + more)


def _at(register: Register, serial: str) -> str:
    sheet = register.sheets.get(serial)
    place = sheet.station if sheet is not None and sheet.station else register.holders.get(serial)
    return f"{serial} ({place or 'no station'})"


def _printed(register: Register) -> Breaches:
    times = Counter(str(s) for p in register.printed for s in p.block)
    yield from (f"{_at(register, s)}: printed {n} times" for s, n in times.items() if n > 1)
    yield from (
        f"{_at(register, s)}: printed and neither in stock nor issued"
        for s in times
        if s not in register.sheets
    )
    yield from (
        f"{_at(register, s)}: exists and was never printed" for s in register.sheets if s not in times
    )


def _issued(register: Register) -> Breaches:
    times = Counter(str(s) for i in register.issued for s in i.block)
    yield from (f"{_at(register, s)}: issued {n} times" for s, n in times.items() if n > 1)
    for serial, station in register.holders.items():
        yield from _not_held(register, serial, station)
    for serial, sheet in register.sheets.items():
        if sheet.stage is not Stage.STOCK and serial not in register.holders:
            yield f"{_at(register, serial)}: {sheet.stage} and never issued"


def _not_held(register: Register, serial: str, station: str) -> Breaches:
    sheet = register.sheets.get(serial)
    if sheet is None or sheet.stage in (Stage.STOCK, Stage.UNPRINTED):
        yield f"{serial} ({station}): issued and nowhere: not used, spoiled, unused, missing or outstanding"
    elif sheet.station != station:
        yield f"{serial} ({station}): issued to {station}, recorded at {sheet.station}"


def _used(register: Register) -> Breaches:
    for serial, sheet in register.sheets.items():
        if (sheet.stage in WRITTEN) and (sheet.written_at is None or sheet.logged_at is None):
            yield f"{_at(register, serial)}: {sheet.stage} and never logged as used"
        if sheet.stage in VOID | {Stage.STOCK, Stage.ISSUED} and sheet.written_at is not None:
            yield f"{_at(register, serial)}: logged as used and counted as {sheet.stage}"
        if sheet.stage is Stage.MISSING and not sheet.decided_by:
            yield f"{_at(register, serial)}: missing on nobody's word"


def _returned(register: Register) -> Breaches:
    for serial, sheet in register.sheets.items():
        due = 1 if sheet.stage in BACK else 0
        if sheet.returns != due:
            yield f"{_at(register, serial)}: {sheet.stage}, returned {sheet.returns} times"


def _passes(register: Register) -> Breaches:
    for serial, sheet in register.sheets.items():
        yield from (f"{_at(register, serial)}: {fault}" for fault in _pass_faults(sheet))


def _pass_faults(sheet: SheetState) -> Iterator[str]:
    numbers = [k.pass_no for k in sheet.keyings]
    if sheet.stage in DONE and sorted(numbers) != list(range(1, sheet.passes + 1)):
        yield f"{sheet.stage} with passes {numbers} where {sheet.passes} are asked for"
    if sheet.stage not in DONE | KEYED and numbers:
        yield f"keyed while {sheet.stage}"
    if len(set(sheet.keyers)) < len(sheet.keyers):
        yield f"both passes by {sheet.keyers[0]}"
    if sheet.adjudicator in sheet.keyers:
        yield f"adjudicated by its own keyer {sheet.adjudicator}"
    if sheet.stage in DONE and sheet.discrepancies and not sheet.adjudicator:
        yield "verified with an open discrepancy"


def _disposed(register: Register) -> Breaches:
    for serial, sheet in register.sheets.items():
        if (sheet.disposition is not None) != (sheet.stage is Stage.DISPOSED):
            yield f"{_at(register, serial)}: {sheet.stage} with disposition {sheet.disposition or 'none'}"
        elif sheet.disposition is Disposition.REJECTED and not sheet.reason:
            yield f"{_at(register, serial)}: rejected without a reason"
        elif sheet.disposition not in (None, Disposition.REJECTED) and not sheet.reference:
            yield f"{_at(register, serial)}: {sheet.disposition} without a reference"


def _created(register: Register) -> Breaches:
    created = {
        s: sheet.reference
        for s, sheet in register.sheets.items()
        if sheet.disposition is Disposition.CONVERTED
    }
    shared = {ref for ref, n in Counter(created.values()).items() if n > 1}
    yield from (
        f"{_at(register, s)}: shares reference {ref} with another sheet"
        for s, ref in created.items()
        if ref in shared
    )
    if register.target is None:
        return
    for serial, reference in created.items():
        carried = list(register.target.get(serial, ()))
        if carried != [reference]:
            yield f"{_at(register, serial)}: converted as {reference}, the target holds {', '.join(carried) or 'nothing'} for it"
    yield from _unclaimed(register, created, register.target)


def _unclaimed(
    register: Register, created: Mapping[str, str], target: Mapping[str | None, Sequence[str]]
) -> Breaches:
    for serial, references in target.items():
        if serial is not None and references and serial not in created:
            yield f"{_at(register, serial)}: the target holds {', '.join(references)}, no conversion made it"
    held = {reference for references in target.values() for reference in references}
    for serial, sheet in register.sheets.items():
        if sheet.disposition in (Disposition.MERGED, Disposition.LINKED) and sheet.reference not in held:
            yield f"{_at(register, serial)}: {sheet.disposition} with {sheet.reference}, which the target does not hold"


def _no_record(register: Register) -> Breaches:
    barred = VOID | {Stage.STOCK, Stage.ISSUED, Stage.MISSING}
    for serial, sheet in register.sheets.items():
        carried = (register.target or {}).get(serial, ())
        if sheet.stage in barred and (sheet.reference or carried):
            yield f"{_at(register, serial)}: {sheet.stage}, yet a record {sheet.reference or ', '.join(carried)} came from it"


def _in_time(register: Register) -> Breaches:
    for serial, sheet in register.sheets.items():
        times = _times(sheet)
        for (earlier, one), (later, other) in pairwise(times):
            if one > other:
                yield f"{_at(register, serial)}: {earlier} {one:%d %b %H:%M}Z after {later} {other:%d %b %H:%M}Z"


def _times(sheet: SheetState) -> list[tuple[str, datetime]]:
    keyed = [("keyed", k.at) for k in sheet.keyings]
    named = [
        ("occurred", sheet.occurred_at),
        ("written", sheet.written_at),
        ("logged", sheet.logged_at),
        ("returned", sheet.returned_at),
    ]
    return [(name, at) for name, at in (*named, *keyed, ("disposed", sheet.disposed_at)) if at is not None]


def _by_type(register: Register) -> Breaches:
    for serial, sheet in register.sheets.items():
        if serial[:-NUMERALS] != register.prefixes.get(sheet.form_type):
            yield f"{_at(register, serial)}: recorded as {sheet.form_type}, which its prefix is not"
    printed = Counter({p.form_type: 0 for p in register.printed})
    for p in register.printed:
        printed[p.form_type] += p.block.count
    held = Counter(s.form_type for s in register.sheets.values())
    for form_type in sorted({*printed, *held}):
        if printed[form_type] != held[form_type]:
            yield f"{form_type}: {printed[form_type]} printed, {held[form_type]} on the register"


IDENTITIES: tuple[tuple[str, str, Callable[[Register], Breaches]], ...] = (
    ("I1", "printed = stock + issued, every number once", _printed),
    ("I2", "issued = used + spoiled + unused + missing + outstanding, each at its station", _issued),
    ("I2b", "used sheets are logged, void ones are not, missing ones are on somebody's word", _used),
    ("I3", "every sheet that came back was returned once", _returned),
    ("I7", "each keyed sheet has the passes its form asks for, by different people", _passes),
    ("I8", "each verified sheet has at most one disposition, with its reference or reason", _disposed),
    ("I9", "converted sheets = records in the target, one to one, both ways", _created),
    ("I11", "no record from a sheet in stock, blank, spoiled or missing", _no_record),
    ("TIME", "occurred <= written <= logged <= returned <= keyed <= disposed", _in_time),
    ("TYPE", "each serial is of its prefix's form type, and the counts per type agree", _by_type),
)


@dataclass(frozen=True, slots=True)
class Account:
    """The answer to "where is every sheet": identities, counts, and the serials not yet handed in, by station."""

    identities: tuple[Identity, ...]
    printed: int
    stock: int
    issued: int
    used: int
    void: int
    missing: int
    in_hand: int
    converted: int
    merged: int
    linked: int
    rejected: int
    outstanding: Mapping[str, tuple[str, ...]]

    @property
    def holds(self) -> bool:
        return all(identity.holds for identity in self.identities)

    @property
    def is_closed(self) -> bool:
        """Nothing outstanding, nothing waiting, and every identity holds."""
        return self.holds and not self.outstanding and not self.in_hand


def account(register: Register) -> Account:
    """Hold the register against itself and count it."""
    stages = Counter(s.stage for s in register.sheets.values())
    ends = Counter(s.disposition for s in register.sheets.values())
    outstanding: dict[str, list[str]] = {}
    for serial, sheet in sorted(register.sheets.items()):
        if sheet.stage in AT_STATION:
            outstanding.setdefault(sheet.station, []).append(serial)
    return Account(
        identities=check(register),
        printed=sum(p.block.count for p in register.printed),
        stock=stages[Stage.STOCK],
        issued=sum(i.block.count for i in register.issued),
        used=sum(1 for s in register.sheets.values() if s.written_at is not None),
        void=sum(stages[stage] for stage in VOID),
        missing=stages[Stage.MISSING],
        in_hand=sum(stages[stage] for stage in BACK - {Stage.DISPOSED}),
        converted=ends[Disposition.CONVERTED],
        merged=ends[Disposition.MERGED],
        linked=ends[Disposition.LINKED],
        rejected=ends[Disposition.REJECTED],
        outstanding={station: tuple(serials) for station, serials in sorted(outstanding.items())},
    )
