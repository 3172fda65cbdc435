"""A breach of fourteen minutes does nothing, fifteen propose a play, and only the named decider enacts it.

Theory: triggers and plays are written before the window, when heads are cool. Each breach of a trigger gives
its play one life: armed, proposed, then enacted or declined by a named person, or lapsed because the breach
ended first. The decider is the one named in the trigger; an alternate may step in only when the proposal has
waited as long as was stated. An enacted play ends by standing down: each line of its checklist is done in
somebody's name before the component goes back. What was declared is copied into the proposal, so that editing
a file in the middle of an outage changes neither who decides nor what was agreed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from pydantic import Field

from contingency.domain.plays import Alternate as Alternate  # noqa: PLC0414  what is declared belongs to this machine
from contingency.domain.plays import ChecklistLine as ChecklistLine  # noqa: PLC0414
from contingency.domain.plays import Notice as Notice  # noqa: PLC0414
from contingency.domain.plays import Play as Play  # noqa: PLC0414
from contingency.domain.plays import Trigger as Trigger  # noqa: PLC0414
from cutover.core.errors import Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine, Table
from cutover.core.refusal_words import not_asked


class PlayStage(StrEnum):
    ARMED = "armed"
    PROPOSED = "proposed"
    DECLINED = "declined"
    LAPSED = "lapsed"
    ENACTED = "enacted"
    STANDING_DOWN = "standing_down"
    STOOD_DOWN = "stood_down"


class PlayProposed(Event):
    """The trigger's time has passed; both are kept as they were declared."""

    trigger: Trigger
    play: Play
    bad_since: datetime
    called_for: str = ""


class PlayBacked(Event):
    """One of several who must agree says yes; not enough have."""

    reason: str


class PlayStepDone(Event):
    step: str


class PlayEnacted(Event):
    typed = frozenset({"reason"})
    reason: str
    title: str
    notices: tuple[Notice, ...] = ()


class PlayDeclined(Event):
    typed = frozenset({"reason"})
    reason: str


class PlayLapsed(Event):
    """The breach ended before anybody decided."""

    reason: str


class StationsSupplied(Event):
    """Every station has its serial blocks: sheets by station and form type."""

    sheets: dict[str, dict[str, int]]


class StandDownBegan(Event):
    """Somebody has begun to work through the checklist."""


class ChecklistLineDone(Event):
    line: str


class PlayStoodDown(Event):
    """Every line is done; the component has gone back."""


class ProposePlay(Command):
    trigger: Trigger
    play: Play
    bad_since: datetime
    called_for: str = Field(default="", description="why a person proposes it before its trigger does")


class DoStep(Command):
    step: str


class EnactPlay(Command):
    reason: str


class DeclinePlay(Command):
    reason: str


class LapsePlay(Command):
    reason: str


class RecordSupply(Command):
    sheets: dict[str, dict[str, int]]


class DoLine(Command):
    line: str


class StandDown(Command):
    """End the play; refused while a line of the checklist is open."""


EVENTS = (
    PlayProposed,
    PlayBacked,
    PlayStepDone,
    PlayEnacted,
    PlayDeclined,
    PlayLapsed,
    StationsSupplied,
    StandDownBegan,
    ChecklistLineDone,
    PlayStoodDown,
)

PLAYS = Table(
    name="play",
    theory="declared before the window, proposed by a breach, enacted only by its named decider",
    stages=PlayStage,
    start=PlayStage.ARMED,
    terminal=frozenset({PlayStage.DECLINED, PlayStage.LAPSED, PlayStage.STOOD_DOWN}),
    moves={
        (PlayStage.ARMED, PlayProposed): PlayStage.PROPOSED,
        (PlayStage.PROPOSED, PlayBacked): PlayStage.PROPOSED,
        (PlayStage.PROPOSED, PlayEnacted): PlayStage.ENACTED,
        (PlayStage.ENACTED, PlayStepDone): PlayStage.ENACTED,
        (PlayStage.STANDING_DOWN, PlayStepDone): PlayStage.STANDING_DOWN,
        (PlayStage.PROPOSED, PlayDeclined): PlayStage.DECLINED,
        (PlayStage.PROPOSED, PlayLapsed): PlayStage.LAPSED,
        (PlayStage.ENACTED, StationsSupplied): PlayStage.ENACTED,
        (PlayStage.ENACTED, StandDownBegan): PlayStage.STANDING_DOWN,
        (PlayStage.STANDING_DOWN, StationsSupplied): PlayStage.STANDING_DOWN,
        (PlayStage.STANDING_DOWN, ChecklistLineDone): PlayStage.STANDING_DOWN,
        (PlayStage.STANDING_DOWN, PlayStoodDown): PlayStage.STOOD_DOWN,
    },
)
OPEN = frozenset({PlayStage.PROPOSED, PlayStage.ENACTED, PlayStage.STANDING_DOWN})


@dataclass(frozen=True, slots=True)
class PlayState:
    """One life of a play; `lines` maps each finished checklist line to who did it."""

    stage: PlayStage = PlayStage.ARMED
    trigger: Trigger | None = None
    play: Play | None = None
    bad_since: datetime | None = None
    proposed_at: datetime | None = None
    decided_by: str = ""
    decided_at: datetime | None = None
    reason: str = ""
    supplied: Mapping[str, Mapping[str, int]] | None = None
    lines: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    backed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    steps: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def due(trigger: Trigger, bad_since: datetime | None, now: datetime) -> bool:
    """Whether the breach has lasted long enough to propose the play."""
    return bad_since is not None and now - bad_since >= trigger.sustained


def deciders(state: PlayState, now: datetime) -> tuple[str, ...]:
    """Who may decide at `now`: the named decider, and each alternate whose time has come."""
    if state.trigger is None or state.proposed_at is None:
        return ()
    waited = now - state.proposed_at
    return (
        state.trigger.decider,
        *state.trigger.others,
        *(a.person for a in state.trigger.alternates if waited >= a.after),
    )


def open_lines(state: PlayState) -> tuple[ChecklistLine, ...]:
    """The checklist lines that nobody has done yet."""
    return tuple(line for line in (state.play.stand_down if state.play else ()) if line.id not in state.lines)


def decide(state: PlayState, command: Command, now: datetime) -> Sequence[Event]:
    match command:
        case ProposePlay():
            return _propose(state, command, now)
        case EnactPlay() | DeclinePlay():
            return _settle(state, command, now)
        case LapsePlay():
            PLAYS.next(state.stage, PlayLapsed)
            return [PlayLapsed(reason=command.reason)]
        case RecordSupply():
            PLAYS.next(state.stage, StationsSupplied)
            return [] if state.supplied is not None else [StationsSupplied(sheets=command.sheets)]
        case DoStep() | DoLine():
            return _do_step(state, command) if isinstance(command, DoStep) else _do_line(state, command)
        case StandDown():
            return _stand_down(state, command, now)
    raise Refused(not_asked("play", state.stage, command))


def _propose(state: PlayState, command: ProposePlay, now: datetime) -> Sequence[Event]:
    PLAYS.next(state.stage, PlayProposed)
    if not command.called_for.strip() and not due(command.trigger, command.bad_since, now):
        raise Refused(
            f"{command.trigger.id}: {command.trigger.watched} has not been {command.trigger.bad} for long enough"
        )
    return [
        PlayProposed(
            **command.model_dump(exclude={"by", "trigger", "play"}),
            trigger=command.trigger,
            play=command.play,
        )
    ]


def _settle(state: PlayState, command: EnactPlay | DeclinePlay, now: datetime) -> Sequence[Event]:
    enacting = isinstance(command, EnactPlay)
    if state.stage in PLAYS.terminal:
        raise Refused(f"this play is over ({state.stage.replace('_', ' ')}): it must be proposed anew")
    PLAYS.next(state.stage, PlayEnacted if enacting else PlayDeclined)
    no_reason = "" if command.reason.strip() else f"{'enacting' if enacting else 'declining'} needs a reason"
    if reasons := [why for why in (_why_not(state, command.by, now), no_reason) if why]:
        raise Refused(*reasons)
    assert state.play is not None and state.trigger is not None  # noqa: PT018  (a proposed play has both)
    if not enacting:
        return [PlayDeclined(reason=command.reason)]
    if len({*state.backed, command.by}) < state.trigger.quorum:
        if command.by in state.backed:
            raise Refused(f"{command.by} has said so already; {state.trigger.quorum} different people must")
        return [PlayBacked(reason=command.reason)]
    return [PlayEnacted(reason=command.reason, title=state.play.title, notices=state.play.notices)]


def _why_not(state: PlayState, by: str, now: datetime) -> str:
    if by in deciders(state, now):
        return ""
    assert state.trigger is not None and state.proposed_at is not None  # noqa: PT018
    for alternate in state.trigger.alternates:
        if alternate.person == by:
            at = state.proposed_at + alternate.after
            return f"{by} may decide from {at:%d %b %H:%M}Z, until then {state.trigger.decider} decides"
    return f"{by} is not a decider of this play (decider: {state.trigger.decider})"


def _do_step(state: PlayState, command: DoStep) -> Sequence[Event]:
    PLAYS.next(state.stage, PlayStepDone)
    known = [step.id for step in state.play.steps] if state.play else []
    if command.step not in known:
        raise Refused(f"the play has no step '{command.step}' (steps: {', '.join(known) or 'none'})")
    return [] if command.step in state.steps else [PlayStepDone(step=command.step)]


def _do_line(state: PlayState, command: DoLine) -> Sequence[Event]:
    began = _begin_standing_down(state)
    known = {line.id for line in state.play.stand_down} if state.play else set()
    if command.line not in known:
        raise Refused(
            f"the checklist has no line '{command.line}' (lines: {', '.join(sorted(known)) or 'none'})"
        )
    return [*began, *([] if command.line in state.lines else [ChecklistLineDone(line=command.line)])]


def _stand_down(state: PlayState, command: StandDown, now: datetime) -> Sequence[Event]:
    began = _begin_standing_down(state)
    who = _why_not(state, command.by, now)
    reasons = [*([who] if who else []), *(f"not done: {line.title}" for line in open_lines(state))]
    if reasons:
        raise Refused(*reasons)
    return [*began, PlayStoodDown()]


def _begin_standing_down(state: PlayState) -> list[Event]:
    if state.stage is PlayStage.STANDING_DOWN:
        return []
    PLAYS.next(state.stage, StandDownBegan)
    return [StandDownBegan()]


def evolve(state: PlayState, fact: Fact) -> PlayState:
    stage = PLAYS.next(state.stage, type(fact.event))
    match fact.event:
        case PlayProposed() as e:
            return PlayState(stage, e.trigger, e.play, e.bad_since, fact.at)
        case PlayEnacted(reason=why) | PlayDeclined(reason=why) | PlayLapsed(reason=why):
            return replace(state, stage=stage, decided_by=fact.actor, decided_at=fact.at, reason=why)
        case StationsSupplied() as e:
            return replace(state, stage=stage, supplied=MappingProxyType(e.sheets))
        case PlayBacked() | PlayStepDone() | ChecklistLineDone():
            return _ticked(replace(state, stage=stage), fact)
    return replace(state, stage=stage)


def _ticked(state: PlayState, fact: Fact) -> PlayState:
    """One more has agreed, one more step or line is done, in whose name."""
    match fact.event:
        case PlayBacked(reason=why):
            return replace(state, backed=MappingProxyType({**state.backed, fact.actor: why}))
        case PlayStepDone(step=step):
            return replace(state, steps=MappingProxyType({**state.steps, step: fact.actor}))
        case ChecklistLineDone(line=line):
            return replace(state, lines=MappingProxyType({**state.lines, line: fact.actor}))
    return state


def next_deadline(state: PlayState) -> datetime | None:
    """When somebody else may decide too: the first alternate's time of a proposal that waits."""
    if state.stage is not PlayStage.PROPOSED or state.trigger is None or state.proposed_at is None:
        return None
    return min((state.proposed_at + a.after for a in state.trigger.alternates), default=None)


PLAY = Machine("play", PlayState(), decide, evolve)


def play_stream(trigger_id: str, bad_since: datetime) -> str:
    """Each breach gives the play a life of its own: the same breach never proposes twice."""
    return f"play:{trigger_id}:{bad_since:%Y%m%dT%H%M%SZ}"
