"""All there is to hold against each other: what was printed, issued, destroyed, batched, scanned, keyed and made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from paper_capture.domain.batches import Batch
from paper_capture.domain.conflicts import Conflict
from paper_capture.domain.images import Marks
from paper_capture.domain.serial import DIGITS, Block
from paper_capture.domain.sheet import SheetState, Stage

NUMERALS = DIGITS + 2
Breaches = Iterator[str]


@dataclass(frozen=True, slots=True)
class Identity:
    """One identity as found: `detail` names offending serials with their station, or what was counted; `owner` mends it.

    `breaches` are all of them, where `detail` names some and counts the rest.
    """

    id: str
    title: str
    holds: bool
    detail: str
    owner: str = ""
    breaches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Printed:
    """A block that exists on paper, of a form type."""

    form_type: str
    block: Block


@dataclass(frozen=True, slots=True)
class Issued(Printed):
    """A block that a station answers for."""

    station: str


@dataclass(frozen=True, slots=True)
class SeenImage:
    """An image as the register holds it: which page it stands for, whether it is the live one, what was ticked on it."""

    page: int
    pages: int
    sha256: str
    live: bool
    filed_at: datetime
    marks: Marks | None = None


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
    destroyed: Sequence[Printed] = ()
    batches: Mapping[str, Batch] = field(default_factory=dict)
    images: Mapping[str, Sequence[SeenImage]] = field(default_factory=dict)
    boxes: Mapping[str, frozenset[str]] = field(
        default_factory=dict
    )  # form type -> fields with boxes to cross
    conflicts: Mapping[str, Conflict] = field(default_factory=dict)  # by sheet and move

    @cached_property
    def holders(self) -> Mapping[str, str]:
        """The station that each issued serial went to, by the blocks."""
        return {str(serial): issue.station for issue in self.issued for serial in issue.block}


def at(register: Register, serial: str) -> str:
    """A serial with the station that answers for it."""
    sheet = register.sheets.get(serial)
    place = sheet.station if sheet is not None and sheet.station else register.holders.get(serial)
    return f"{serial} ({place or 'no station'})"


def stage_of(sheet: SheetState) -> Stage:
    """How far a sheet came; for one whose paper was destroyed, how far it had come before."""
    if sheet.stage is not Stage.DESTROYED or not sheet.station:
        return sheet.stage
    if sheet.disposition is not None:
        return Stage.DISPOSED
    return Stage.UNUSED if sheet.returned_at is not None else Stage.SPOILED
