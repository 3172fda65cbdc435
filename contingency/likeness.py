"""Which records of the target a sheet may be: by its names and date of birth, and at scale by a model learnt from the pile.

Names and dates of birth alone miss about one true duplicate in thirty (measured), which an address would have shown.
So where the programme declares which fields of a form are an address, the target tells the same of its records, the
extra `link` is installed and there is enough to learn from, Splink is asked besides. It only ever adds candidates: a
person decides each, and form type and time bind it as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal, get_args

from contingency.domain.duplicates import Likeness, Near, Sighting, candidates, shown
from contingency.rooms import Held, SheetSeen
from contingency.sheets import held_sightings, sighting
from cutover.core.duration import show_duration
from cutover.core.errors import Unavailable

if TYPE_CHECKING:
    from contingency.linking import Entry

Part = Literal["number", "street", "place", "suburb", "postcode", "region"]  # of an address
Address = Mapping[Part, str]  # which field of a form says it
LEARNS_FROM = 200  # sheets, and records of the target: with fewer, chance is learnt
GROWN = 1.2  # times what was learnt from: then it is learnt again
PLAIN = "names and dates of birth alone (rapidfuzz), which miss about one duplicate in thirty"


@dataclass(frozen=True, slots=True)
class Learnt:
    """What a model says of the sheets it was asked about, and in words what matches here and why."""

    why: str = PLAIN
    asked: int = 0
    found: Mapping[str, tuple[Likeness, ...]] = field(default_factory=dict)

    def is_outgrown(self, sheets: int) -> bool:
        return sheets > GROWN * self.asked


@dataclass(frozen=True, slots=True)
class Known:
    """What the target holds near a batch, and what a model has learnt of it."""

    held: Near
    learnt: Learnt
    window: timedelta

    def like(self, one: Sighting) -> tuple[Likeness, ...]:
        """The records that it may be, the most alike first; each once, with whichever reason is the stronger."""
        plain = candidates(one, self.held.to(one, self.window), window=self.window)
        both = [*plain, *self.learnt.found.get(one.ref, ())]
        best: dict[str, Likeness] = {}
        for found in sorted(both, key=lambda found: (-found.score, found.ref)):
            best.setdefault(found.ref, found)
        return tuple(best.values())


def learn(sheets: Sequence[SheetSeen], held: Sequence[Held], address: Address, window: timedelta) -> Learnt:
    """Ask a model, where there is one to ask. Takes seconds of CPU; never raises: without it there are still names."""
    if why := _why_not(len(sheets), len(held), address):
        return Learnt(f"{PLAIN}: {why}", len(sheets))
    theirs = {one.ref: one for one in held_sightings(held)}
    try:
        pairs = import_module("contingency.linking").link(
            [_entry(sighting(s), s.values, address) for s in sheets],
            [
                _entry(theirs[one.reference], one.person, {part: part for part in get_args(Part)})
                for one in held
            ],
            window=window,
        )
    except Unavailable as error:
        return Learnt(f"{PLAIN}: {error}", len(sheets))
    ours = {s.serial: sighting(s) for s in sheets}
    why = f"a model of persons and addresses (Splink, learnt from {len(ours)} sheets and {len(theirs)} records), and names"
    return Learnt(
        why,
        len(sheets),
        {pair.one: (_likeness(ours[pair.one], theirs[pair.other], pair.probability),) for pair in pairs},
    )


def _why_not(sheets: int, held: int, address: Address) -> str:
    if not address:
        return "`target.address` says of no form which fields are an address"
    if find_spec("splink") is None:
        return "the extra is not installed (pip install 'cutover-golive[link]')"
    if min(sheets, held) < LEARNS_FROM:
        return f"{sheets} sheets and {held} records are too few to learn from ({LEARNS_FROM} of each)"
    return ""


def _entry(seen: Sighting, says: Mapping[str, Any], address: Mapping[Any, str]) -> Entry:
    entry: type[Entry] = import_module("contingency.linking").Entry
    where = {part: str(says.get(name) or "") for part, name in address.items()}
    return entry(
        seen.ref, seen.forename, seen.surname, seen.dob.replace("-", ""), **where,
        form_type=seen.form_type, occurred_at=seen.occurred_at,
    )  # fmt: skip


def _likeness(paper: Sighting, other: Sighting, probability: float) -> Likeness:
    apart = show_duration(abs(other.occurred_at - paper.occurred_at))
    reason = f"the model takes person and address for the same; same form type, {apart} apart"
    return Likeness(other.ref, round(probability, 3), reason, shown(other))
