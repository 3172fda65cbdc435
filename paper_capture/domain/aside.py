"""A sheet beside its ordinary way: kept back until somebody has answered, live while its record is still open, told otherwise.

Kept back: nothing is keyed or decided of it until the one it waits for has answered; where the paper is goes on being
told. Live: systems are back and its record is open, so the paper stays the master, at its station, until somebody else
signs that the live system has the record. Corrected: of two tellings of one move a person chose the later one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import AwareDatetime

from cutover.core.errors import Refused
from cutover.core.event import Event
from paper_capture.domain.moves import Grade, SheetCommand, unsaid
from paper_capture.domain.stages import BACK, VOID, WRITTEN, Stage

if TYPE_CHECKING:
    from paper_capture.domain.sheet import SheetState


class SheetHeld(Event):
    """Kept back: `owner` is who must answer."""

    typed = frozenset({"reason"})
    owner: str
    reason: str


class SheetFreed(Event):
    """The answer came: it goes on from where it was."""

    typed = frozenset({"answer"})
    answer: str


class SheetWentLive(Event):
    """Systems are back and its record is open: the paper stays the master until its handover is signed."""

    typed = frozenset({"reason"})
    reason: str


class SheetSignedOver(Event):
    """The live system is the master of its record, under this reference; the paper is an original like any other."""

    signed_by: str
    reference: str


class SheetCorrected(Event):
    """A move was told twice, and a person decided for the later telling; only what it changes is given."""

    typed = frozenset({"why"})
    move: str
    why: str
    writer: str | None = None
    occurred_at: AwareDatetime | None = None
    written_at: AwareDatetime | None = None
    grade: Grade | None = None
    reason: str | None = None

    @property
    def changes(self) -> dict[str, Any]:
        """What holds from now on, by the name of what it replaces."""
        return self.model_dump(exclude={"move", "why"}, exclude_none=True)


class HoldSheet(SheetCommand):
    owner: str
    reason: str


class FreeSheet(SheetCommand):
    answer: str


class GoOnLive(SheetCommand):
    reason: str


class SignOver(SheetCommand):
    signed_by: str
    reference: str


class CorrectSheet(SheetCommand):
    correction: SheetCorrected


EVENTS: tuple[type[Event], ...] = (SheetHeld, SheetFreed, SheetWentLive, SheetSignedOver, SheetCorrected)
HOLDABLE = frozenset({Stage.USED, Stage.LIVE, Stage.RETURNED, Stage.KEYED_ONCE, Stage.DISCREPANT})
FREEABLE = HOLDABLE | {Stage.MISSING}
TELLABLE = (WRITTEN - {Stage.DISPOSED}) | {Stage.SPOILED}
MOVES: dict[tuple[Stage, type[Event]], Stage] = {
    **{(stage, SheetHeld): stage for stage in sorted(HOLDABLE)},
    **{(stage, SheetFreed): stage for stage in sorted(FREEABLE)},
    (Stage.USED, SheetWentLive): Stage.LIVE,
    (Stage.LIVE, SheetSignedOver): Stage.USED,
    **{(stage, SheetSignedOver): stage for stage in sorted((BACK - {Stage.DISPOSED}) | {Stage.USED})},
    **{(stage, SheetCorrected): stage for stage in sorted(TELLABLE)},
}


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a sheet is kept back, who must answer, and on whose word since when."""

    owner: str
    reason: str
    by: str
    at: datetime

    def __str__(self) -> str:
        return f"kept back for {self.owner} since {self.at:%d %b %H:%M}Z: {self.reason}"


@dataclass(frozen=True, slots=True)
class SignedOver:
    """Who took an open record over, and under which number the live system has it."""

    signed_by: str
    reference: str
    at: datetime


def barred(state: SheetState) -> tuple[str, ...]:
    """Why nothing may be keyed or decided of it now."""
    return (f"{state.held}; free it with the answer first",) if state.held else ()


def hold(state: SheetState, command: HoldSheet, _: datetime) -> Sequence[Event]:
    reasons = unsaid("kept back", {"who must answer": command.owner, "a reason": command.reason})
    if state.held:
        reasons.append(f"it is {state.held}")
    if state.stage is Stage.VERIFIED:
        reasons.append("it is verified: set its record aside where it is converted instead")
    if reasons:
        raise Refused(*reasons)
    return [SheetHeld(owner=command.owner, reason=command.reason)]


def free(state: SheetState, command: FreeSheet, _: datetime) -> Sequence[Event]:
    if state.held is None:
        raise Refused("it is not kept back")
    if not command.answer.strip():
        raise Refused(f"freed without the answer of {state.held.owner}")
    return [SheetFreed(answer=command.answer)]


def go_on_live(state: SheetState, command: GoOnLive, _: datetime) -> Sequence[Event]:
    if state.signed_over is not None:
        raise Refused(f"its record was handed over live before, as {state.signed_over.reference}")
    if not command.reason.strip():
        raise Refused("live without a reason")
    return [SheetWentLive(reason=command.reason)]


def sign_over(state: SheetState, command: SignOver, _: datetime) -> Sequence[Event]:
    said = {"a signature": command.signed_by, "the live system's number": command.reference}
    reasons = unsaid("handed over live", said)
    if command.signed_by.casefold() == command.by.casefold():
        reasons.append(f"{command.by} records it: somebody else signs that the live system has it")
    if state.signed_over is not None:
        reasons.append(f"its record was handed over live before, as {state.signed_over.reference}")
    if reasons:
        raise Refused(*reasons)
    return [SheetSignedOver(signed_by=command.signed_by, reference=command.reference)]


def correct(state: SheetState, command: CorrectSheet, now: datetime) -> Sequence[Event]:
    event = command.correction
    if not event.why.strip():
        raise Refused("corrected without a reason")
    occurred, written = event.occurred_at or state.occurred_at, event.written_at or state.written_at
    if occurred and written and not occurred <= written <= now:
        raise Refused(
            f"occurred {occurred:%d %b %H:%M%z}, written {written:%d %b %H:%M%z}: not in that order"
        )
    if (state.stage in VOID) != (event.reason is not None):
        raise Refused(f"it is {state.stage}: that is not what was told of it")
    return [event]


DECIDERS: Mapping[type[SheetCommand], Callable[[Any, Any, datetime], Sequence[Event]]] = {
    HoldSheet: hold,
    FreeSheet: free,
    GoOnLive: go_on_live,
    SignOver: sign_over,
    CorrectSheet: correct,
}
