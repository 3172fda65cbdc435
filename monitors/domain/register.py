"""Is everything watched that ran before the go-live: each flow and each downstream return has a monitor and an owner.

What has neither stands in the way of the gate, unless somebody who does not own it has signed a waiver by name,
which ends on a day. A waiver is also what lets a flow stay that nobody could see in time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from pydantic import Field

from cutover.core.errors import Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine, Table
from cutover.domain.programme import Id, Part

LONGEST_WAIVER = timedelta(days=183)


class Expectation(Part):
    """One flow, return or consumer that existed before the go-live."""

    id: Id
    title: str
    kind: Literal["flow", "return", "consumer"] = "flow"
    component: str = ""
    owner: str = ""
    monitors: tuple[str, ...] = Field(default=(), description="the checks or flows that watch it")


class Stage(StrEnum):
    UNSIGNED = "unsigned"
    SIGNED = "signed"
    WITHDRAWN = "withdrawn"


class WaiverSigned(Event):
    """Somebody takes it on themselves, in their name, that this is not watched until a moment."""

    typed = frozenset({"reason"})
    reason: str
    until: datetime


class WaiverWithdrawn(Event):
    reason: str


class SignWaiver(Command):
    reason: str = Field(min_length=1)
    until: datetime
    owner: str = ""


class WithdrawWaiver(Command):
    reason: str = Field(min_length=1)


EVENTS = (WaiverSigned, WaiverWithdrawn)

WAIVERS = Table(
    name="waiver",
    theory="signed by somebody other than the owner, until a day; signed anew or withdrawn",
    stages=Stage,
    start=Stage.UNSIGNED,
    terminal=frozenset(),
    moves={
        (Stage.UNSIGNED, WaiverSigned): Stage.SIGNED,
        (Stage.SIGNED, WaiverSigned): Stage.SIGNED,
        (Stage.SIGNED, WaiverWithdrawn): Stage.WITHDRAWN,
        (Stage.WITHDRAWN, WaiverSigned): Stage.SIGNED,
    },
)


@dataclass(frozen=True, slots=True)
class WaiverState:
    stage: Stage = Stage.UNSIGNED
    by: str = ""
    reason: str = ""
    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Signed, and not run out: judged whenever somebody looks."""
        return self.stage is Stage.SIGNED and self.until is not None and now < self.until


def decide(state: WaiverState, command: Command, now: datetime) -> Sequence[Event]:
    match command:
        case SignWaiver():
            if reasons := list(_unsignable(command, now)):
                raise Refused(*reasons)
            return [WaiverSigned(reason=command.reason, until=command.until)]
        case WithdrawWaiver():
            WAIVERS.next(state.stage, WaiverWithdrawn)
            return [WaiverWithdrawn(reason=command.reason)]
    raise Refused(f"waiver: {type(command).__name__} is not known")


def _unsignable(command: SignWaiver, now: datetime) -> Iterator[str]:
    if command.by == command.owner:
        yield f"{command.by} owns it: a waiver is signed by somebody else"
    if command.until <= now:
        yield "a waiver must end in the future"
    elif command.until - now > LONGEST_WAIVER:
        yield f"a waiver ends within {LONGEST_WAIVER.days} days: sign it again then"


def evolve(state: WaiverState, fact: Fact) -> WaiverState:
    stage = WAIVERS.next(state.stage, type(fact.event))
    match fact.event:
        case WaiverSigned(reason=reason, until=until):
            return WaiverState(stage, fact.actor, reason, until)
    return replace(state, stage=stage)


WAIVER = Machine("waiver", WaiverState(), decide, evolve)


def waiver_stream(subject: str) -> str:
    return f"waiver:{subject}"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the register: `lacks` is what keeps the gate shut, '' when nothing does."""

    expectation: Expectation
    waiver: WaiverState
    lacks: str


def read_register(
    expected: Iterable[Expectation],
    watched: Collection[str],
    waivers: Mapping[str, WaiverState],
    now: datetime,
) -> list[Line]:
    """Every expectation with what it lacks; those that lack something first."""
    lines = []
    for one in expected:
        waiver = waivers.get(one.id, WaiverState())
        lacks = "" if waiver.holds(now) else "; ".join(_lacking(one, watched, waiver))
        lines.append(Line(one, waiver, lacks))
    return sorted(lines, key=lambda line: not line.lacks)


def gaps(lines: Iterable[Line]) -> list[str]:
    """What keeps the gate shut, a sentence each."""
    return [f"{line.expectation.title}: {line.lacks}" for line in lines if line.lacks]


def _lacking(one: Expectation, watched: Collection[str], waiver: WaiverState) -> Iterator[str]:
    if not one.owner:
        yield "nobody owns it"
    if not one.monitors:
        yield "nothing watches it"
    if strangers := [name for name in one.monitors if name not in watched]:
        yield f"its monitor {', '.join(strangers)} does not exist"
    if waiver.stage is Stage.SIGNED:
        yield f"the waiver of {waiver.by} has run out"
