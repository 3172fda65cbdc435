"""A backlog that nobody knew of: suspected when a balance breaks, settled by a person who found out where it is.

Theory: a break opens the suspicion with its size; it grows when more is missing, and stays, even when the sum comes
out again by itself, until somebody says in their name what it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from cutover.core.errors import Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine, Table


class Stage(StrEnum):
    CLEAR = "clear"
    SUSPECTED = "suspected"


class Origin(StrEnum):
    """What a suspected backlog turned out to be."""

    FOUND = "found"  # the items were found and are in a queue now
    RETURNED = "returned"  # they arrived by themselves
    MISCOUNTED = "miscounted"  # a list was wrong; there is no backlog


class BacklogSuspected(Event):
    """So many items are in no list; `named` are the oldest of them."""

    missing: int = Field(ge=1)
    created: int
    done: int
    open: int
    named: tuple[str, ...]


class SuspicionGrew(Event):
    missing: int = Field(ge=1)
    named: tuple[str, ...]


class SuspicionSettled(Event):
    typed = frozenset({"note"})
    origin: Origin
    note: str


class ReportBreak(Command):
    missing: int = Field(ge=1)
    created: int
    done: int
    open: int
    named: tuple[str, ...] = ()


class SettleSuspicion(Command):
    origin: Origin
    note: str = Field(min_length=1)


EVENTS = (BacklogSuspected, SuspicionGrew, SuspicionSettled)

SUSPICIONS = Table(
    name="suspected backlog",
    theory="opened by a balance that breaks, settled only by a person who says what it was",
    stages=Stage,
    start=Stage.CLEAR,
    terminal=frozenset(),
    moves={
        (Stage.CLEAR, BacklogSuspected): Stage.SUSPECTED,
        (Stage.SUSPECTED, SuspicionGrew): Stage.SUSPECTED,
        (Stage.SUSPECTED, SuspicionSettled): Stage.CLEAR,
    },
)


@dataclass(frozen=True, slots=True)
class SuspicionState:
    """`missing` is the most that was ever missing of this suspicion."""

    stage: Stage = Stage.CLEAR
    missing: int = 0
    since: datetime | None = None
    named: tuple[str, ...] = ()
    settled_by: str = ""
    origin: Origin | None = None
    note: str = ""


def decide(state: SuspicionState, command: Command, now: datetime) -> Sequence[Event]:
    del now
    match command:
        case ReportBreak() if state.stage is Stage.CLEAR:
            return [BacklogSuspected(**command.model_dump(exclude={"by"}))]
        case ReportBreak():
            grew = command.missing > state.missing
            return [SuspicionGrew(missing=command.missing, named=command.named)] if grew else []
        case SettleSuspicion():
            SUSPICIONS.next(state.stage, SuspicionSettled)
            return [SuspicionSettled(origin=command.origin, note=command.note)]
    raise Refused(f"suspected backlog: {type(command).__name__} is not known")


def evolve(state: SuspicionState, fact: Fact) -> SuspicionState:
    stage = SUSPICIONS.next(state.stage, type(fact.event))
    match fact.event:
        case BacklogSuspected() as e:
            return SuspicionState(stage, e.missing, fact.at, e.named)
        case SuspicionGrew() as e:
            return replace(state, missing=e.missing, named=e.named)
        case SuspicionSettled() as e:
            return replace(state, stage=stage, settled_by=fact.actor, origin=e.origin, note=e.note)
    raise Refused(f"suspected backlog: {fact.event.kind()} is not known")


SUSPICION = Machine("suspected backlog", SuspicionState(), decide, evolve)


def suspicion_stream(check_id: str) -> str:
    return f"suspicion:{check_id}"
