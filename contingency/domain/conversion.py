"""One paper record into the target, once: created, merged, linked or rejected, and never sent again blindly.

Theory: before anything is sent, the key under which it will be sent is recorded (begun). An outcome follows:
converted with the target's reference, or rejected with the target's reason. Begun without an outcome means the
process or the line died in between: what happened is found by asking the target for the serial, and only when
the target does not know it is it sent again, under the same key. A record that looks like one the target
already holds is matched and left; a person says merged, linked or distinct, and what is distinct goes on. A record
that the target cannot answer for, while it answers for others, is set aside with the reason (a dead letter); a named
person requeues it, and the first thing that follows is again a question to the target.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from cutover.core.errors import Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine, Table
from cutover.core.refusal_words import not_asked
from cutover.domain.programme import Part


class Progress(StrEnum):
    WAITING = "waiting"
    BEGUN = "begun"
    SET_ASIDE = "set_aside"
    CONVERTED = "converted"
    MATCHED = "matched"
    DISTINCT = "distinct"
    MERGED = "merged"
    LINKED = "linked"
    REJECTED = "rejected"


class Candidate(Part):
    """A record of the target that may be the same event; `shows` what it says, for a person to compare."""

    reference: str
    score: float
    reason: str
    shows: str = ""


class ConversionBegun(Event):
    """From here on the record may be in the target under `key`; `hand` names the worker's lease, which settles it."""

    version: ClassVar[int] = 2
    key: str
    hand: str = ""

    @classmethod
    def upcast(cls, body: dict[str, Any], version: int) -> dict[str, Any]:
        """Version 1 named no hand: whoever comes first settles it."""
        del version
        return {**body, "hand": ""}


class RecordConverted(Event):
    """The target holds it; `probed` when we learnt so by asking after the fact."""

    reference: str
    attempts: int = 1
    probed: bool = False


class RecordMatched(Event):
    """It may be in the target already: a person decides."""

    candidates: tuple[Candidate, ...]


class MatchDismissed(Event):
    """A person says that it is another event."""

    typed = frozenset({"reason"})
    reason: str


class OfHeld(Event):
    """A person's word on a record that the target holds, and why. Version 1 asked for no reason."""

    version: ClassVar[int] = 2
    reference: str
    reason: str

    @classmethod
    def upcast(cls, body: dict[str, Any], version: int) -> dict[str, Any]:
        """Version 1 gave no reason: none is made up."""
        del version
        return {**body, "reason": ""}


class RecordMerged(OfHeld):
    """The same event: the paper is kept as a second source of `reference`."""

    typed = frozenset({"reason"})


class RecordLinked(OfHeld):
    """Another event that belongs with `reference`, for a person to follow up."""

    typed = frozenset({"reason"})


class RecordRejected(Event):
    """The target will not take it, and why."""

    typed = frozenset({"reason"})
    reason: str


class RecordSetAside(Event):
    """A dead letter: no sense can be had from the target about it, and what it said."""

    typed = frozenset({"reason"})
    reason: str


class RecordRequeued(Event):
    """A named person wants it tried again; the target is asked first."""

    typed = frozenset({"reason"})
    reason: str


class BeginConversion(Command):
    key: str
    hand: str = ""


class RecordOutcome(Command):
    reference: str
    attempts: int = 1
    probed: bool = False


class ReportMatch(Command):
    candidates: tuple[Candidate, ...]


class DismissMatch(Command):
    reason: str


class MergeRecord(Command):
    reference: str
    reason: str


class LinkRecord(Command):
    reference: str
    reason: str


class RejectRecord(Command):
    reason: str


class SetRecordAside(Command):
    reason: str


class RequeueRecord(Command):
    reason: str


EVENTS = (
    ConversionBegun,
    RecordConverted,
    RecordMatched,
    MatchDismissed,
    RecordMerged,
    RecordLinked,
    RecordRejected,
    RecordSetAside,
    RecordRequeued,
)

CONVERSIONS = Table(
    name="conversion",
    theory="the key is recorded before the first attempt; without an outcome the target is asked",
    stages=Progress,
    start=Progress.WAITING,
    terminal=frozenset({Progress.CONVERTED, Progress.MERGED, Progress.LINKED, Progress.REJECTED}),
    moves={
        (Progress.WAITING, ConversionBegun): Progress.BEGUN,
        (Progress.WAITING, RecordMatched): Progress.MATCHED,
        (Progress.MATCHED, RecordMerged): Progress.MERGED,
        (Progress.MATCHED, RecordLinked): Progress.LINKED,
        (Progress.MATCHED, MatchDismissed): Progress.DISTINCT,
        (Progress.DISTINCT, ConversionBegun): Progress.BEGUN,
        (Progress.BEGUN, RecordConverted): Progress.CONVERTED,
        (Progress.BEGUN, RecordRejected): Progress.REJECTED,
        (Progress.BEGUN, RecordSetAside): Progress.SET_ASIDE,
        (Progress.SET_ASIDE, RecordRequeued): Progress.BEGUN,
    },
)
DISPOSITIONS = {
    Progress.CONVERTED: "converted",
    Progress.MERGED: "merged",
    Progress.LINKED: "linked",
    Progress.REJECTED: "rejected",
}


VERDICTS: Mapping[type[Command], type[Event]] = {
    DismissMatch: MatchDismissed,
    MergeRecord: RecordMerged,
    LinkRecord: RecordLinked,
}  # what a person says of a match


@dataclass(frozen=True, slots=True)
class ConversionState:
    """How far one record has come, under which key, with which reference or reason, on whose word."""

    progress: Progress = Progress.WAITING
    key: str = ""
    reference: str = ""
    reason: str = ""
    candidates: tuple[Candidate, ...] = ()
    attempts: int = 0
    by: str = ""


def decide(state: ConversionState, command: Command, now: datetime) -> Sequence[Event]:
    del now
    match command:
        case BeginConversion():
            event: Event = ConversionBegun(key=command.key, hand=command.hand)
        case RecordOutcome():
            if state.progress is Progress.CONVERTED and state.reference == command.reference:
                return []  # two workers learnt the same
            event = RecordConverted(**command.model_dump(exclude={"by"}))
        case ReportMatch():
            event = RecordMatched(candidates=command.candidates)
        case RejectRecord():
            event = RecordRejected(reason=command.reason)
        case SetRecordAside() | RequeueRecord():
            event = _dead_letter(command)
        case _:
            return _settle_match(state, command)
    CONVERSIONS.next(state.progress, type(event))
    return [event]


def _dead_letter(command: SetRecordAside | RequeueRecord) -> Event:
    if not command.reason.strip():
        raise Refused("a dead letter needs a reason, and so does requeuing one")
    kind = RecordSetAside if isinstance(command, SetRecordAside) else RecordRequeued
    return kind(reason=command.reason)


def _settle_match(state: ConversionState, command: Command) -> Sequence[Event]:
    if (kind := VERDICTS.get(type(command))) is None:
        raise Refused(not_asked("conversion", state.progress, command))
    CONVERSIONS.next(state.progress, kind)
    said = command.model_dump(exclude={"by"})
    if "reference" in said:
        _known(state, said["reference"])
    if not said["reason"].strip():
        raise Refused("whoever decides a match gives a reason")
    return [kind(**said)]


def _known(state: ConversionState, reference: str) -> None:
    known = [c.reference for c in state.candidates]
    if reference not in known:
        raise Refused(f"'{reference}' is not among the candidates ({', '.join(known)})")


def evolve(state: ConversionState, fact: Fact) -> ConversionState:
    progress = CONVERSIONS.next(state.progress, type(fact.event))
    named = replace(state, progress=progress, by=fact.actor)
    match fact.event:
        case ConversionBegun(key=key):
            return replace(named, key=key)
        case RecordConverted() as e:
            return replace(named, reference=e.reference, attempts=e.attempts)
        case RecordMatched(candidates=found):
            return replace(named, candidates=found)
        case RecordMerged() | RecordLinked() as e:
            return replace(named, reference=e.reference, reason=e.reason)
        case RecordRejected(reason=reason) | MatchDismissed(reason=reason):
            return replace(named, reason=reason)
        case _:
            return _evolve_dead_letter(replace(state, progress=progress), fact.event)


def _evolve_dead_letter(state: ConversionState, event: Event) -> ConversionState:
    """A dead letter stays in the name in which it was begun: the target knows its content by that."""
    match event:
        case RecordSetAside(reason=reason):
            return replace(state, reason=reason)
        case RecordRequeued():
            return replace(state, reason="")
    raise Refused(f"conversion: {event.kind()} is not one of its facts")


CONVERSION = Machine("conversion", ConversionState(), decide, evolve)


def conversion_stream(serial: str) -> str:
    return f"conversion:{serial}"
