"""An open record goes back from paper to the live system: signed, under its new number, with every clock it has.

Theory: while a system was away the paper was the master. One by one each open record is handed over, and only once:
somebody signs, the live system's number is written down, and for every clock that runs on the paper the live system
must show the same moment, to the minute. A clock that is not there, or that differs, is a person held too long.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cutover.core.errors import Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine, Table

AS_EXACT = timedelta(minutes=1)


class HandoverStage(StrEnum):
    ON_PAPER = "on_paper"
    LIVE = "live"


class RecordHandedOver(Event):
    """The live system is the master of this record; `clocks` as both have them."""

    play: str
    signed_by: str
    reference: str
    clocks: dict[str, datetime]


class HandOver(Command):
    """`paper`: the clocks of the sheet, by rule, when each falls due; `live`: as the system shows them."""

    play: str
    signed_by: str
    reference: str
    paper: dict[str, datetime]
    live: dict[str, datetime]


EVENTS = (RecordHandedOver,)
HANDOVERS = Table(
    name="custody handover",
    theory="the paper is master until somebody signs that the live system has the record and all its clocks",
    stages=HandoverStage,
    start=HandoverStage.ON_PAPER,
    terminal=frozenset({HandoverStage.LIVE}),
    moves={(HandoverStage.ON_PAPER, RecordHandedOver): HandoverStage.LIVE},
)


@dataclass(frozen=True, slots=True)
class HandoverState:
    """Where the master of one record is."""

    stage: HandoverStage = HandoverStage.ON_PAPER
    signed_by: str = ""
    reference: str = ""

    @property
    def done(self) -> bool:
        return self.stage is HandoverStage.LIVE


def decide(state: HandoverState, command: Command, now: datetime) -> Sequence[Event]:
    del now
    if not isinstance(command, HandOver):
        raise Refused(f"custody handover: {type(command).__name__} is not possible")
    HANDOVERS.next(state.stage, RecordHandedOver)
    if reasons := [*_unsigned(command), *_other_clocks(command.paper, command.live)]:
        raise Refused(*reasons)
    return [
        RecordHandedOver(
            play=command.play, signed_by=command.signed_by, reference=command.reference, clocks=command.paper
        )
    ]


def _unsigned(command: HandOver) -> Iterator[str]:
    if not command.signed_by.strip():
        yield "a handover is signed by the custody officer who takes the record over"
    if not command.reference.strip():
        yield "a handover names the record's number in the live system"


def _other_clocks(paper: Mapping[str, datetime], live: Mapping[str, datetime]) -> Iterator[str]:
    for rule, due in paper.items():
        if rule not in live:
            yield f"{rule}: the paper's clock falls due at {due:%d %b %H:%M}Z, the live system shows none"
        elif abs(live[rule] - due) >= AS_EXACT:
            yield f"{rule}: due at {due:%d %b %H:%M}Z on paper, at {live[rule]:%d %b %H:%M}Z in the live system"


def evolve(state: HandoverState, fact: Fact) -> HandoverState:
    stage = HANDOVERS.next(state.stage, type(fact.event))
    assert isinstance(fact.event, RecordHandedOver)  # its only fact
    return HandoverState(stage, fact.event.signed_by, fact.event.reference)


HANDOVER = Machine("custody handover", HandoverState(), decide, evolve)


def handover_stream(serial: str) -> str:
    return f"handover:{serial}"
