"""The life of one sheet of paper, from print to disposition: who moved it, when, where and why.

Theory: a sheet is printed into stock and issued to a station, which answers for it. There it is used, spoiled,
handed back unused, or declared missing by a named decision-maker; a void sheet is kept, never thrown away. A
missing sheet may turn up and then goes on as any other, except that one known to be used can only come back.
A used sheet is returned and keyed, in as many blind passes by different people as its form asks for. Passes that
agree verify it; passes that differ go to a third person. Beside that way it may be kept back for an answer, and an open
record goes on live until it is handed over (aside.py). A verified sheet gets exactly one disposition; its paper
stays the original and is kept, in hands that are all named (keeping.py). Occurred,
written, logged, returned, keyed and disposed are six different times, and none stands in for another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from cutover.core.errors import Refused
from cutover.core.event import Event, Fact
from cutover.core.machine import Machine, Table
from paper_capture.domain.aside import DECIDERS as ASIDE
from paper_capture.domain.aside import MOVES as ASIDE_MOVES
from paper_capture.domain.aside import (
    Hold,
    SheetCorrected,
    SheetFreed,
    SheetHeld,
    SheetSignedOver,
    SheetWentLive,
    SignedOver,
    barred,
)
from paper_capture.domain.keeping import DECIDERS as KEEPERS
from paper_capture.domain.keeping import MOVES as KEEPING_MOVES
from paper_capture.domain.keeping import (
    Passed,
    SheetDestroyed,
    SheetHandedOver,
    SheetRetained,
    SheetTransferred,
    SheetTriaged,
    link_of,
    linked,
)
from paper_capture.domain.moves import (
    AdjudicateSheet,
    DeclareMissing,
    DiscrepancyFound,
    DisposeSheet,
    Disposition,
    EnterPass,
    Entry,
    Grade,
    HandBackUnused,
    IssueSheet,
    LogUsed,
    Person,
    PrintSheet,
    ReturnSheet,
    SheetAdjudicated,
    SheetCommand,
    SheetDeclaredMissing,
    SheetDisposed,
    SheetHandedBackUnused,
    SheetIssued,
    SheetKeyed,
    SheetPrinted,
    SheetReturned,
    SheetSpoiled,
    SheetUsed,
    SheetVerified,
    SpoilSheet,
    unsaid,
)
from paper_capture.domain.passes import Discrepancy, Keying, Value, adjudicated, compare, why_not_enter
from paper_capture.domain.stages import Stage

__all__ = ["SHEET", "SHEETS", "SheetState", "Stage", "decide", "evolve", "sheet_stream"]

MINUTES_A_DAY = 24 * 60


SHEETS = Table(
    name="sheet",
    theory="every number is in exactly one place; void sheets are kept, missing ones may turn up, one disposition each",
    stages=Stage,
    start=Stage.UNPRINTED,
    terminal=frozenset({Stage.DESTROYED}),
    moves={
        (Stage.UNPRINTED, SheetPrinted): Stage.STOCK,
        (Stage.STOCK, SheetIssued): Stage.ISSUED,
        (Stage.ISSUED, SheetUsed): Stage.USED,
        (Stage.ISSUED, SheetSpoiled): Stage.SPOILED,
        (Stage.ISSUED, SheetHandedBackUnused): Stage.UNUSED,
        (Stage.ISSUED, SheetDeclaredMissing): Stage.MISSING,
        (Stage.USED, SheetDeclaredMissing): Stage.MISSING,
        (Stage.LIVE, SheetDeclaredMissing): Stage.MISSING,
        (Stage.MISSING, SheetUsed): Stage.USED,
        (Stage.MISSING, SheetSpoiled): Stage.SPOILED,
        (Stage.MISSING, SheetHandedBackUnused): Stage.UNUSED,
        (Stage.MISSING, SheetReturned): Stage.RETURNED,
        (Stage.USED, SheetReturned): Stage.RETURNED,
        (Stage.RETURNED, SheetKeyed): Stage.KEYED_ONCE,
        (Stage.KEYED_ONCE, SheetKeyed): Stage.KEYED_TWICE,
        (Stage.KEYED_ONCE, SheetVerified): Stage.VERIFIED,
        (Stage.KEYED_TWICE, SheetVerified): Stage.VERIFIED,
        (Stage.KEYED_TWICE, DiscrepancyFound): Stage.DISCREPANT,
        (Stage.DISCREPANT, SheetAdjudicated): Stage.VERIFIED,
        (Stage.VERIFIED, SheetDisposed): Stage.DISPOSED,
        **KEEPING_MOVES,
        **ASIDE_MOVES,
    },
)


@dataclass(frozen=True, slots=True)
class SheetState:
    """Where a sheet is and all that is known of it; `values` are the best known: logged, keyed, adjudicated."""

    stage: Stage = Stage.UNPRINTED
    form_type: str = ""
    form_version: int = 1
    passes: int = 1
    station: str = ""
    writer: str = ""
    grade: Grade | None = None
    occurred_at: datetime | None = None
    written_at: datetime | None = None
    logged_at: datetime | None = None
    person: Person | None = None
    values: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    returned_at: datetime | None = None
    returns: int = 0
    keyings: tuple[Keying, ...] = ()
    discrepancies: tuple[Discrepancy, ...] = ()
    adjudicator: str = ""
    disposition: Disposition | None = None
    reference: str = ""
    reason: str = ""
    decided_by: str = ""
    disposed_at: datetime | None = None
    chain: tuple[Passed, ...] = ()
    retain_until: date | None = None
    witness: str = ""
    held: Hold | None = None
    signed_over: SignedOver | None = None

    @property
    def minutes(self) -> float:
        """Keying time over all passes."""
        return sum(k.minutes for k in self.keyings)

    @property
    def holder(self) -> str:
        """In whose hands the paper is."""
        return self.chain[-1].receiver if self.chain else ""

    @property
    def keyers(self) -> tuple[str, ...]:
        return tuple(k.keyer for k in self.keyings)


def decide(state: SheetState, command: SheetCommand, now: datetime) -> Sequence[Event]:
    try:
        events = DECIDERS[type(command)](state, command, now)
        stage = state.stage
        for event in events:
            stage = SHEETS.next(stage, type(event))
    except Refused as refusal:
        raise Refused(*(f"{command.serial}: {reason}" for reason in refusal.reasons)) from None
    return events


def _print(_: SheetState, command: PrintSheet, __: datetime) -> Sequence[Event]:
    return [
        SheetPrinted(form_type=command.form_type, form_version=command.form_version, passes=command.passes)
    ]


def _issue(_: SheetState, command: IssueSheet, __: datetime) -> Sequence[Event]:
    return [SheetIssued(station=command.station)]


def _log(state: SheetState, command: LogUsed, now: datetime) -> Sequence[Event]:
    used = command.used
    if state.written_at is not None and state.stage is not Stage.MISSING:
        raise Refused(
            f"it was logged as used before, by {state.writer}, written {state.written_at:%d %b %Y %H:%M%z}"
        )
    SHEETS.next(state.stage, SheetUsed)
    reasons = [] if used.writer else ["nobody is named as its writer"]
    if state.written_at is not None:
        reasons.append("it was logged as used before it went missing; return it instead")
    if used.station != state.station:
        reasons.append(f"it was issued to {state.station}, not to {used.station}")
    if used.occurred_at > used.written_at:
        reasons.append(
            f"written {used.written_at:%d %b %H:%M%z}, before it occurred ({used.occurred_at:%d %b %H:%M%z})"
        )
    if used.written_at > now:
        reasons.append(
            f"written in the future ({used.written_at:%d %b %Y %H:%M%z}; now {now:%d %b %Y %H:%M%z})"
        )
    if reasons:
        raise Refused(*reasons)
    return [SheetUsed.model_validate(used.model_dump(exclude={"serial"}))]


def _spoil(state: SheetState, command: SpoilSheet, _: datetime) -> Sequence[Event]:
    if reasons := unsaid("spoiled", {"a reason": command.reason}):
        raise Refused(*reasons)
    return _void(state, SheetSpoiled(reason=command.reason))


def _hand_back(state: SheetState, _: HandBackUnused, __: datetime) -> Sequence[Event]:
    return _void(state, SheetHandedBackUnused())


def _void(state: SheetState, event: Event) -> Sequence[Event]:
    if state.written_at is not None and state.stage in (Stage.USED, Stage.MISSING):
        raise Refused("it was logged as used; return it instead")
    SHEETS.next(state.stage, type(event))
    return [event]


def _miss(_: SheetState, command: DeclareMissing, __: datetime) -> Sequence[Event]:
    said = {"a named decision-maker": command.decided_by, "a reason": command.reason}
    if reasons := unsaid("missing", said):
        raise Refused(*reasons)
    if command.decided_by.strip().casefold() == command.by.strip().casefold():
        raise Refused(f"{command.by} cannot decide alone that a sheet is missing: it takes a second person")
    return [SheetDeclaredMissing(decided_by=command.decided_by, reason=command.reason)]


def _return(state: SheetState, _: ReturnSheet, __: datetime) -> Sequence[Event]:
    if state.stage is Stage.LIVE:
        raise Refused("its record is open and the paper is its master: it stays until the handover is signed")
    SHEETS.next(state.stage, SheetReturned)
    if state.written_at is None:
        raise Refused("nobody logged it as used: log it first, or hand it back unused")
    return [SheetReturned()]


def _enter(state: SheetState, command: EnterPass, _: datetime) -> Sequence[Event]:
    entry = command.entry
    SHEETS.next(state.stage, SheetKeyed)
    reasons = barred(state) + why_not_enter(state.keyings, entry.pass_no, entry.keyer, state.passes)
    if not 0 < entry.minutes < MINUTES_A_DAY:
        reasons = (*reasons, f"{entry.minutes:g} minutes is no time to key a sheet in")
    if reasons:
        raise Refused(*reasons)
    values = dict(entry.values)
    if state.keyings:  # what one pass may lack is taken from the other
        values |= {
            f: v for f, v in state.keyings[0].values.items() if f in command.once and not values.get(f)
        }
    keyed = SheetKeyed(pass_no=entry.pass_no, minutes=entry.minutes, values=values)
    if len(state.keyings) + 1 < state.passes:
        return [keyed]
    if found := _differences(state, entry, command.once):
        return [keyed, DiscrepancyFound(discrepancies=found)]
    return [keyed, SheetVerified()]


def _differences(state: SheetState, entry: Entry, once: Sequence[str]) -> tuple[Discrepancy, ...]:
    if not state.keyings:
        return ()
    found = compare(*_in_order(state.keyings[0], entry))
    return tuple(d for d in found if d.field not in once)


def _in_order(earlier: Keying, entry: Entry) -> tuple[Mapping[str, Value], Mapping[str, Value]]:
    """The two passes by number: pass 2 may have been keyed before pass 1."""
    return (
        (earlier.values, entry.values) if earlier.pass_no < entry.pass_no else (entry.values, earlier.values)
    )


def _adjudicate(state: SheetState, command: AdjudicateSheet, _: datetime) -> Sequence[Event]:
    SHEETS.next(state.stage, SheetAdjudicated)
    if reasons := barred(state):
        raise Refused(*reasons)
    if command.by in state.keyers:
        raise Refused(f"{command.by} keyed this sheet and cannot adjudicate it")
    agreed = state.keyings[-1].values  # the later pass holds what only one of the two had to key, too
    return [SheetAdjudicated(values=adjudicated(state.discrepancies, agreed, command.values))]


def _dispose(state: SheetState, command: DisposeSheet, _: datetime) -> Sequence[Event]:
    SHEETS.next(state.stage, SheetDisposed)
    rejected = command.disposition is Disposition.REJECTED
    said = {"a reason": command.reason} if rejected else {"the target's reference": command.reference}
    if reasons := unsaid(command.disposition, said):
        raise Refused(*reasons)
    return [
        SheetDisposed(disposition=command.disposition, reference=command.reference, reason=command.reason)
    ]


DECIDERS: Mapping[type[SheetCommand], Callable[[SheetState, Any, datetime], Sequence[Event]]] = {
    PrintSheet: _print,
    IssueSheet: _issue,
    LogUsed: _log,
    SpoilSheet: _spoil,
    HandBackUnused: _hand_back,
    DeclareMissing: _miss,
    ReturnSheet: _return,
    EnterPass: _enter,
    AdjudicateSheet: _adjudicate,
    DisposeSheet: _dispose,
    **KEEPERS,
    **ASIDE,
}

EXPLAINED = {"reason": "", "decided_by": ""}  # a sheet that turned up is no longer missing for a reason
LEARNT: Mapping[type[Event], Callable[[Any, Fact, SheetState], dict[str, Any]]] = {
    SheetPrinted: lambda e, _, __: {"form_type": e.form_type, "form_version": e.form_version, "passes": e.passes},
    SheetIssued: lambda e, _, __: {"station": e.station},
    SheetUsed: lambda e, fact, _: {
        "writer": e.writer, "grade": e.grade, "occurred_at": e.occurred_at, "written_at": e.written_at,
        "logged_at": fact.at, "person": e.person, "values": e.values, **EXPLAINED,
    },
    SheetSpoiled: lambda e, _, __: {"reason": e.reason, "decided_by": ""},
    SheetHandedBackUnused: lambda _, fact, __: {"returned_at": fact.at, **EXPLAINED},
    SheetDeclaredMissing: lambda e, _, __: {"reason": e.reason, "decided_by": e.decided_by},
    SheetReturned: lambda _, fact, state: {"returned_at": fact.at, "returns": state.returns + 1, **EXPLAINED},
    SheetKeyed: lambda e, fact, state: {
        "keyings": (*state.keyings, Keying(e.pass_no, fact.actor, fact.at, e.minutes, e.values)), "values": e.values,
    },
    DiscrepancyFound: lambda e, _, __: {"discrepancies": e.discrepancies},
    SheetAdjudicated: lambda e, fact, _: {"adjudicator": fact.actor, "values": e.values},
    SheetVerified: lambda _, __, ___: {},
    SheetDisposed: lambda e, fact, _: {
        "disposition": e.disposition, "reference": e.reference, "reason": e.reason, "disposed_at": fact.at,
    },
    SheetTransferred: lambda e, _, __: {"station": e.station},
    SheetHandedOver: lambda _, __, ___: {},
    SheetRetained: lambda e, _, __: {"retain_until": e.until},
    SheetDestroyed: lambda e, _, __: {"witness": e.witness},
    SheetTriaged: lambda e, _, __: {"grade": e.grade},
    SheetHeld: lambda e, fact, _: {"held": Hold(e.owner, e.reason, fact.actor, fact.at)},
    SheetFreed: lambda _, __, ___: {"held": None},
    SheetWentLive: lambda _, __, ___: {},
    SheetSignedOver: lambda e, fact, _: {"signed_over": SignedOver(e.signed_by, e.reference, fact.at)},
    SheetCorrected: lambda e, _, __: e.changes,
}  # fmt: skip


def evolve(state: SheetState, fact: Fact) -> SheetState:
    kind = type(fact.event)
    link = link_of(fact.event, fact)
    chain = linked((*state.chain, link)) if link is not None else state.chain
    return replace(
        state, stage=SHEETS.next(state.stage, kind), chain=chain, **LEARNT[kind](fact.event, fact, state)
    )


SHEET = Machine("sheet", SheetState(), decide, evolve)


def sheet_stream(serial: str) -> str:
    return f"sheet:{serial}"
