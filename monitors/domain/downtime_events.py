"""A downtime that somebody announces while the programme runs: until when, for what, by whom; and its early end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field

from cutover.core.errors import Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine, Table

LONGEST_DOWNTIME = timedelta(days=7)


class DowntimeStage(StrEnum):
    NONE = "none"
    ANNOUNCED = "announced"
    ENDED = "ended"


class DowntimeAnnounced(Event):
    """Nobody is told of these checks and components from `begins` until `ends`; they are evaluated all the same."""

    typed = frozenset({"note"})
    checks: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    begins: datetime
    ends: datetime
    note: str


class DowntimeEnded(Event):
    """It ends now, before its time: what is still bad is told at once."""


class AnnounceDowntime(Command):
    checks: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    begins: datetime
    ends: datetime
    note: str = Field(min_length=1)


class EndDowntime(Command):
    pass


EVENTS = (DowntimeAnnounced, DowntimeEnded)

DOWNTIMES = Table(
    name="downtime",
    theory="announced with an end, or ended before it; whether it holds is judged when one looks",
    stages=DowntimeStage,
    start=DowntimeStage.NONE,
    terminal=frozenset({DowntimeStage.ENDED}),
    moves={
        (DowntimeStage.NONE, DowntimeAnnounced): DowntimeStage.ANNOUNCED,
        (DowntimeStage.ANNOUNCED, DowntimeEnded): DowntimeStage.ENDED,
    },
)


@dataclass(frozen=True, slots=True)
class DowntimeState:
    stage: DowntimeStage = DowntimeStage.NONE
    by: str = ""
    checks: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    begins: datetime | None = None
    ends: datetime | None = None
    note: str = ""


def decide(state: DowntimeState, command: Command, now: datetime) -> Sequence[Event]:
    match command:
        case AnnounceDowntime() as c:
            if reasons := list(_unfit(state, c, now)):
                raise Refused(*reasons)
            return [
                DowntimeAnnounced(
                    checks=c.checks, components=c.components, begins=c.begins, ends=c.ends, note=c.note
                )
            ]
        case EndDowntime():
            if state.stage is not DowntimeStage.ANNOUNCED or (state.ends is not None and state.ends <= now):
                raise Refused("there is no such downtime to end")
            return [DowntimeEnded()]
    raise Refused(f"downtime: {type(command).__name__} is not known")


def _unfit(state: DowntimeState, command: AnnounceDowntime, now: datetime) -> Sequence[str]:
    reasons = []
    if state.stage is not DowntimeStage.NONE:
        reasons.append("a downtime of that name was announced before")
    if not command.checks and not command.components:
        reasons.append("a downtime names checks or components")
    if command.ends <= command.begins or command.ends <= now:
        reasons.append("a downtime ends after it begins, and in the future")
    if command.ends - command.begins > LONGEST_DOWNTIME:
        reasons.append(f"a downtime ends within {LONGEST_DOWNTIME.days} days: announce the next one then")
    return reasons


def evolve(state: DowntimeState, fact: Fact) -> DowntimeState:
    stage = DOWNTIMES.next(state.stage, type(fact.event))
    match fact.event:
        case DowntimeAnnounced() as e:
            return DowntimeState(stage, fact.actor, e.checks, e.components, e.begins, e.ends, e.note)
        case _:
            return replace(state, stage=stage, ends=fact.at)


DOWNTIME = Machine("downtime", DowntimeState(), decide, evolve)


def downtime_stream(name: str) -> str:
    return f"downtime:{name}"
