"""Whether paper is being brought back at all: paused by a person, or held off because the target does not answer.

Theory: every batch is taken here before a record of it is begun, one after another, so two workers that plan at the
same moment cannot both begin the two sheets of one event: the later one is told that it planned on an old count and
plans again. A pause lets what is begun come to its end and stops the next batch. A target that fails again and
again is left alone for a while (its breaker is open); who opened and closed it is on record for the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from cutover.core.errors import Conflict, Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine, Table

WORKING_STREAM = "back-conversion"


class Stage(StrEnum):
    OPEN = "open"
    PAUSED = "paused"


class BatchTaken(Event):
    """A worker (`hand`) has taken so many records; `number` counts the batches of the programme."""

    number: int
    hand: str
    records: int


class ConversionPaused(Event):
    """No further batch is taken, and why."""

    typed = frozenset({"reason"})
    reason: str


class ConversionResumed(Event):
    """Batches are taken again."""


class TargetGivenUp(Event):
    """The target failed so often in a row that it is left alone until then."""

    reason: str
    until: datetime


class TargetAnsweredAgain(Event):
    """The target takes records again."""


class TakeBatch(Command):
    """Take a batch that was planned when `after` batches had been taken."""

    after: int
    hand: str
    records: int


class PauseConversion(Command):
    reason: str


class ResumeConversion(Command):
    pass


class GiveUpTarget(Command):
    reason: str
    until: datetime


class WelcomeTarget(Command):
    pass


EVENTS = (BatchTaken, ConversionPaused, ConversionResumed, TargetGivenUp, TargetAnsweredAgain)

WORKINGS = Table(
    name="back conversion",
    theory="a batch is taken one after another, and none while paused",
    stages=Stage,
    start=Stage.OPEN,
    terminal=frozenset(),
    moves={
        (Stage.OPEN, BatchTaken): Stage.OPEN,
        (Stage.OPEN, ConversionPaused): Stage.PAUSED,
        (Stage.PAUSED, ConversionResumed): Stage.OPEN,
        (Stage.OPEN, TargetGivenUp): Stage.OPEN,
        (Stage.PAUSED, TargetGivenUp): Stage.PAUSED,
        (Stage.OPEN, TargetAnsweredAgain): Stage.OPEN,
        (Stage.PAUSED, TargetAnsweredAgain): Stage.PAUSED,
    },
)


class PlannedTooEarlyError(Conflict):
    """Another worker has taken a batch since this one was planned: plan again."""


@dataclass(frozen=True, slots=True)
class Working:
    """How many batches were taken; who paused it, when and why; until when the target is left alone, and why."""

    stage: Stage = Stage.OPEN
    batches: int = 0
    by: str = ""
    since: datetime | None = None
    reason: str = ""
    away: str = ""
    away_until: datetime | None = None

    @property
    def is_paused(self) -> bool:
        return self.stage is Stage.PAUSED


def decide(state: Working, command: Command, now: datetime) -> Sequence[Event]:
    del now
    match command:
        case TakeBatch():
            event: Event = _taken(state, command)
        case PauseConversion():
            if not command.reason.strip():
                raise Refused("a pause needs a reason")
            event = ConversionPaused(reason=command.reason)
        case ResumeConversion():
            event = ConversionResumed()
        case GiveUpTarget():
            event = TargetGivenUp(reason=command.reason, until=command.until)
        case WelcomeTarget():
            if not state.away:
                return []
            event = TargetAnsweredAgain()
        case _:
            raise Refused(f"back-conversion: {type(command).__name__} is not one of its commands")
    WORKINGS.next(state.stage, type(event))
    return [event]


def _taken(state: Working, command: TakeBatch) -> BatchTaken:
    if state.is_paused:
        raise Refused(f"back-conversion is paused by {state.by}: {state.reason}")
    if command.after != state.batches:
        raise PlannedTooEarlyError(
            f"batch {state.batches} has been taken since this one was planned (after {command.after}): plan again"
        )
    return BatchTaken(number=state.batches + 1, hand=command.hand, records=command.records)


def evolve(state: Working, fact: Fact) -> Working:
    stage = WORKINGS.next(state.stage, type(fact.event))
    match fact.event:
        case BatchTaken(number=number):
            return replace(state, stage=stage, batches=number)
        case ConversionPaused(reason=reason):
            return replace(state, stage=stage, by=fact.actor, since=fact.at, reason=reason)
        case ConversionResumed():
            return replace(state, stage=stage, by=fact.actor, since=fact.at, reason="")
        case TargetGivenUp(reason=reason, until=until):
            return replace(state, stage=stage, away=reason, away_until=until)
        case TargetAnsweredAgain():
            return replace(state, stage=stage, away="", away_until=None)
    raise Refused(f"back-conversion: {fact.event.kind()} is not one of its facts")


WORKING = Machine("back conversion", Working(), decide, evolve)
