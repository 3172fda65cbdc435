"""Is every serial accounted for: identities over sets of serials, never over counts alone.

They hold at every moment, so a breach is a fault of a record, a keyer or the target, and never "not finished yet".
Numbered as in the books of controlled stationery.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from paper_capture.domain import controls, identities
from paper_capture.domain.books import Breaches, Identity, Issued, Printed, Register, SeenImage, stage_of
from paper_capture.domain.moves import Disposition
from paper_capture.domain.sheet import Stage
from paper_capture.domain.stages import AT_STATION, BACK, VOID

__all__ = [
    "IDENTITIES",
    "Account",
    "Identity",
    "Issued",
    "Printed",
    "Register",
    "SeenImage",
    "account",
    "check",
]

SHOWN = 20  # offenders spelled out in a detail; the count is always whole


def check(register: Register) -> tuple[Identity, ...]:
    """Every identity that applies, in order."""
    return tuple(
        _answer(name, title, list(find(register)), len(register.sheets)) for name, title, find in IDENTITIES
    )


def _answer(name: str, title: str, breaches: Sequence[str], sheets: int) -> Identity:
    if not breaches:
        return Identity(name, title, holds=True, detail=f"{sheets} sheets", owner=OWNERS[name])
    more = f"; and {len(breaches) - SHOWN} more" if len(breaches) > SHOWN else ""
    detail = "; ".join(breaches[:SHOWN]) + more
    return Identity(name, title, holds=False, detail=detail, owner=OWNERS[name], breaches=tuple(breaches))


OWNERS: Mapping[str, str] = {
    "I1": "keeper of the stock",
    "I2": "station lead",
    "I2b": "station lead",
    "I3": "taker of sheets",
    "I4": "station lead",
    "I5": "scanning desk",
    "I6": "taker of sheets",
    "I7": "keying supervisor",
    "I8": "keying supervisor",
    "I9": "back-conversion lead",
    "I10": "last holder",
    "I11": "back-conversion lead",
    "I12": "keying supervisor",
    "TOLD": "station supervisor",
    "TIME": "keeper of the record",
    "TYPE": "keeper of the stock",
}
IDENTITIES: tuple[tuple[str, str, Callable[[Register], Breaches]], ...] = (
    ("I1", "printed = stock + issued + destroyed, every number once", identities.printed),
    (
        "I2",
        "issued = used + spoiled + unused + missing + outstanding, each at its station",
        identities.issued,
    ),
    (
        "I2b",
        "used sheets are logged, void ones are not, missing and kept-back ones are on somebody's word",
        identities.used,
    ),
    ("I3", "every sheet that came back was returned once", identities.returned),
    ("I4", "each returned sheet is in one live batch of its own form and station", controls.batched),
    ("I5", "each page of a released batch has one live image", controls.pages),
    ("I6", "each batch is what its header says: count, sum of numbers, sums of fields", controls.totals),
    ("I7", "each keyed sheet has the passes its form asks for, by different people", identities.passes),
    (
        "I8",
        "each verified sheet has at most one disposition, with its reference or reason",
        identities.disposed,
    ),
    ("I9", "converted sheets = records in the target, one to one, both ways", identities.created),
    ("I10", "each sheet passed from hand to hand without a gap", controls.custody),
    ("I11", "no record from a sheet in stock, blank, spoiled, missing or still live", identities.no_record),
    ("I12", "what a machine saw ticked on a sheet is what was keyed", controls.ticks),
    ("TOLD", "each move was told once, or a person has said which telling holds", identities.told),
    (
        "TIME",
        "occurred <= written <= logged <= returned <= keyed <= disposed; no image before the writing",
        identities.in_time,
    ),
    ("TYPE", "each serial is of its prefix's form type, and the counts per type agree", identities.by_type),
)


@dataclass(frozen=True, slots=True)
class Account:
    """The answer to "where is every sheet": identities, counts, and the serials not yet handed in, by station.

    `held`: what is kept back, with who must answer and why. `live` sheets are among the outstanding ones.
    """

    identities: tuple[Identity, ...]
    printed: int
    stock: int
    issued: int
    used: int
    void: int
    missing: int
    destroyed: int
    live: int
    held: Mapping[str, str]
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
        """Nothing outstanding, kept back, live or waiting, and every identity holds."""
        return self.holds and not (self.outstanding or self.held or self.in_hand)


def account(register: Register) -> Account:
    """Hold the register against itself and count it."""
    stages = Counter(map(stage_of, register.sheets.values()))
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
        destroyed=sum(1 for s in register.sheets.values() if s.stage is Stage.DESTROYED),
        live=stages[Stage.LIVE],
        held={s: f"{one.station}: {one.held}" for s, one in sorted(register.sheets.items()) if one.held},
        in_hand=sum(stages[stage] for stage in BACK - {Stage.DISPOSED}),
        converted=ends[Disposition.CONVERTED],
        merged=ends[Disposition.MERGED],
        linked=ends[Disposition.LINKED],
        rejected=ends[Disposition.REJECTED],
        outstanding={station: tuple(serials) for station, serials in sorted(outstanding.items())},
    )
