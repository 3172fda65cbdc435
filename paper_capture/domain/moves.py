"""What can be said of a sheet of paper: the facts of its life, the wishes that lead to them, what people fill in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from cutover.core.event import Command, Event
from paper_capture.domain.passes import Discrepancy, Value


class Grade(StrEnum):
    """How grave a sheet is, as its writer judged and its ticks demand; the higher of the two."""

    HIGH = "high"
    MEDIUM = "medium"
    STANDARD = "standard"


class Disposition(StrEnum):
    """What became of a verified sheet in the target system."""

    CONVERTED = "converted"
    MERGED = "merged"
    LINKED = "linked"
    REJECTED = "rejected"


class Person(BaseModel):
    """Whom a sheet is about."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    surname: str
    forename: str = ""
    dob: date | None = None


class _Writing(BaseModel):
    """What a station knows of a sheet it used."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    station: str
    writer: str
    occurred_at: AwareDatetime
    written_at: AwareDatetime
    grade: Grade = Grade.STANDARD
    person: Person | None = None
    values: dict[str, Value] = Field(default_factory=dict)


class UsedSheet(_Writing):
    """One line of a station's log of used sheets."""

    serial: str


class Entry(BaseModel):
    """One keyer's pass over one sheet."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    serial: str
    pass_no: int = 1
    keyer: str
    values: dict[str, Value]
    minutes: float


class SheetPrinted(Event):
    form_type: str
    form_version: int
    passes: int


class SheetIssued(Event):
    station: str


class SheetUsed(Event, _Writing):
    """Somebody wrote on it; the fact's own time is when the station logged it."""

    personal = frozenset({"person", "values"})


class SheetSpoiled(Event):
    typed = frozenset({"reason"})
    reason: str


class SheetHandedBackUnused(Event):
    """Blank, and back in safe hands; it is not issued again."""


class SheetDeclaredMissing(Event):
    typed = frozenset({"reason"})
    decided_by: str
    reason: str


class SheetReturned(Event):
    """A used sheet reached those who key it."""


class SheetKeyed(Event):
    personal = frozenset({"values"})
    pass_no: int
    minutes: float
    values: dict[str, Value]


class DiscrepancyFound(Event):
    personal = frozenset({"discrepancies"})
    discrepancies: tuple[Discrepancy, ...]


class SheetAdjudicated(Event):
    personal = frozenset({"values"})
    values: dict[str, Value]


class SheetVerified(Event):
    """Keyed as its policy asks, without a difference."""


class SheetDisposed(Event):
    typed = frozenset({"reason"})
    disposition: Disposition
    reference: str
    reason: str = ""


class SheetCommand(Command):
    serial: str


class PrintSheet(SheetCommand):
    form_type: str
    form_version: int
    passes: int


class IssueSheet(SheetCommand):
    station: str


class LogUsed(SheetCommand):
    used: UsedSheet


class SpoilSheet(SheetCommand):
    reason: str


class HandBackUnused(SheetCommand):
    """Blank sheets go back."""


class DeclareMissing(SheetCommand):
    decided_by: str
    reason: str


class ReturnSheet(SheetCommand):
    """A used sheet is handed in for keying."""


class EnterPass(SheetCommand):
    """`once`: the fields that this form has keyed once, so that one pass may lack them."""

    entry: Entry
    once: tuple[str, ...] = ()


class AdjudicateSheet(SheetCommand):
    values: dict[str, Value]


class DisposeSheet(SheetCommand):
    disposition: Disposition
    reference: str = ""
    reason: str = ""


def unsaid(done: str, said: Mapping[str, str]) -> list[str]:
    """What must be said of a move and was left blank, a sentence each: `spoiled without a reason`."""
    return [f"{done} without {what}" for what, text in said.items() if not text.strip()]


EVENTS: tuple[type[Event], ...] = (
    SheetPrinted, SheetIssued, SheetUsed, SheetSpoiled, SheetHandedBackUnused, SheetDeclaredMissing, SheetReturned,
    SheetKeyed, DiscrepancyFound, SheetAdjudicated, SheetVerified, SheetDisposed,
)  # fmt: skip
