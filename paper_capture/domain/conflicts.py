"""One move of one sheet told twice, otherwise: both tellings stay side by side until a person decides, with a reason.

What the register took first stands meanwhile. Each other telling is kept once, however often a PC sends it. The one
who decides says which holds: what stands, or a later telling, which then corrects the sheet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict

from cutover.core.errors import Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine, Table

STANDS = 0  # the telling that the register has; others are counted from 1


class Telling(BaseModel):
    """What was said of a move, by whom it was saved and when."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    said: dict[str, str]
    by: str
    saved_at: AwareDatetime


class ToldTwice(Event):
    """A station told a move again, otherwise; `stands` is what the register had."""

    station: str
    stands: dict[str, str]
    told: Telling


class TellingChosen(Event):
    """0 is what stood, 1 the first other telling, and so on."""

    typed = frozenset({"reason"})
    chosen: int
    reason: str


class TellTwice(Command):
    station: str
    stands: dict[str, str]
    told: Telling


class ChooseTelling(Command):
    chosen: int
    reason: str


EVENTS: tuple[type[Event], ...] = (ToldTwice, TellingChosen)


class ConflictStage(StrEnum):
    NONE = "none"
    OPEN = "open"
    SETTLED = "settled"


CONFLICTS = Table(
    name="conflict",
    theory="a move told twice otherwise is open until a person says which telling holds; a third telling opens it again",
    stages=ConflictStage,
    start=ConflictStage.NONE,
    terminal=frozenset(),
    moves={
        (ConflictStage.NONE, ToldTwice): ConflictStage.OPEN,
        (ConflictStage.OPEN, ToldTwice): ConflictStage.OPEN,
        (ConflictStage.SETTLED, ToldTwice): ConflictStage.OPEN,
        (ConflictStage.OPEN, TellingChosen): ConflictStage.SETTLED,
    },
)


@dataclass(frozen=True, slots=True)
class Conflict:
    """The tellings of one move: what stands, the others as they came, and what was decided last."""

    stage: ConflictStage = ConflictStage.NONE
    station: str = ""
    stands: Mapping[str, str] | None = None
    told: tuple[Telling, ...] = ()
    since: datetime | None = None
    chosen: int | None = None
    reason: str = ""
    decided_by: str = ""

    @property
    def is_open(self) -> bool:
        return self.stage is ConflictStage.OPEN

    def knows(self, said: Mapping[str, str]) -> bool:
        return dict(said) in [one.said for one in self.told] or dict(said) == self.stands


def decide(state: Conflict, command: Command, now: datetime) -> Sequence[Event]:
    del now
    match command:
        case TellTwice():
            if state.knows(command.told.said):
                return []  # the same PC asks again
            return [ToldTwice(station=command.station, stands=command.stands, told=command.told)]
        case ChooseTelling():
            CONFLICTS.next(state.stage, TellingChosen)
            return [_chosen(state, command)]
    raise Refused(f"conflict: {type(command).__name__} is not known")


def _chosen(state: Conflict, command: ChooseTelling) -> Event:
    reasons = [] if command.reason.strip() else ["decided without a reason"]
    if not STANDS <= command.chosen <= len(state.told):
        reasons.append(f"telling {command.chosen} is none: 0 is what stands, others 1 to {len(state.told)}")
    if command.by in {one.by for one in state.told}:
        reasons.append(f"{command.by} told it: somebody else decides")
    if reasons:
        raise Refused(*reasons)
    return TellingChosen(chosen=command.chosen, reason=command.reason)


def evolve(state: Conflict, fact: Fact) -> Conflict:
    event = fact.event
    stage = CONFLICTS.next(state.stage, type(event))
    match event:
        case ToldTwice():
            return replace(
                state, stage=stage, station=event.station, stands=event.stands, told=(*state.told, event.told),
                since=state.since if state.is_open else fact.at, chosen=None,
            )  # fmt: skip
        case TellingChosen():
            return replace(
                state, stage=stage, chosen=event.chosen, reason=event.reason, decided_by=fact.actor
            )
    raise Refused(f"conflict: {event.kind()} is not of this machine")


CONFLICT = Machine("conflict", Conflict(), decide, evolve)


def conflict_stream(name: str) -> str:
    """`name` is a sheet and a move: `CR000000187.used`."""
    return f"conflict:{name}"
