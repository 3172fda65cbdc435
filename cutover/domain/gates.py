"""Go or no-go: criteria bound to evidence, votes of distinct people, one decision, nothing green by default.

Theory: a gate is opened with its criteria, its deciders and its deadline. Evidence arrives per criterion with
a source and a time; missing, stale, errored and unknown are all "not met". Each decider votes once; `no_go`
from any decider closes the gate at once, `go` closes it when the quorum of distinct people is reached and
every criterion is met. A conditional yes is recorded as a caveat and is not a yes. The opener cannot vote.
A deputy votes in the decider's place, once for the seat. Whoever began the run does not decide its gates.
It is opened in spite of what is not met by two: a decider, and another who decides, is asked next or began the run.
A condition is raised by name and stands until it is met or withdrawn: a go is given only by voters who have
acknowledged every open one. The first decision closes the gate: what comes later is refused, and so is any
decision after the deadline. When the deadline passes, what happens was stated when the gate was opened: more
people are asked (once), or it expires, which is a no or holds what is behind it. It is never a silent go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from cutover.core.errors import Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine
from cutover.core.refusal_words import not_asked
from cutover.domain.gate_events import (
    EVENTS,
    GATES,
    AcknowledgeCondition,
    CastVote,
    ConditionAcknowledged,
    ConditionMet,
    ConditionRaised,
    ConditionWithdrawn,
    Criterion,
    EvidenceRecorded,
    ExpireGate,
    Finding,
    GateEscalated,
    GateExpired,
    GateOpened,
    GateWaived,
    GateWaiverSigned,
    GateWentGo,
    GateWentNoGo,
    GateWithdrawn,
    MeetCondition,
    OnTimeout,
    OpenGate,
    RaiseCondition,
    RecordEvidence,
    Verdict,
    VoteCast,
    WaiveGate,
    WithdrawCondition,
    WithdrawGate,
)
from cutover.domain.gate_state import (
    Condition,
    Evidence,
    GateState,
    holds,
    may_countersign,
    may_decide,
    open_conditions,
    unmet,
)

__all__ = [
    "EVENTS",
    "GATE",
    "GATES",
    "AcknowledgeCondition",
    "CastVote",
    "Condition",
    "ConditionAcknowledged",
    "ConditionMet",
    "ConditionRaised",
    "ConditionWithdrawn",
    "Criterion",
    "Evidence",
    "EvidenceRecorded",
    "ExpireGate",
    "Finding",
    "GateEscalated",
    "GateExpired",
    "GateOpened",
    "GateState",
    "GateWaived",
    "GateWaiverSigned",
    "GateWentGo",
    "GateWentNoGo",
    "GateWithdrawn",
    "MeetCondition",
    "OnTimeout",
    "OpenGate",
    "RaiseCondition",
    "RecordEvidence",
    "Verdict",
    "VoteCast",
    "WaiveGate",
    "WithdrawCondition",
    "WithdrawGate",
    "decide",
    "evolve",
    "gate_stream",
    "holds",
    "may_decide",
    "next_deadline",
    "open_conditions",
    "unmet",
]


# --- what may be asked ------------------------------------------------------------------------------------


def decide(state: GateState, command: Command, now: datetime) -> Sequence[Event]:
    if type(command) not in _DECISIONS:
        raise Refused(not_asked("gate", state.verdict, command))
    event, granted = _DECISIONS[type(command)]
    GATES.next(state.verdict, event)
    return granted(state, command, now)


def _open(state: GateState, command: Any, now: datetime) -> Sequence[Event]:
    del state, now
    ids = [criterion.id for criterion in command.criteria]
    if twice := sorted({i for i in ids if ids.count(i) > 1}):
        raise Refused(*(f"criterion '{i}' is listed twice: one answer would count for both" for i in twice))
    barred = {command.by, command.initiator}
    free = [
        seat
        for seat in dict.fromkeys(command.deciders)
        if {seat, command.deputies.get(seat)} - barred - {None}
    ]
    if len(free) < command.quorum:
        who = " and ".join(sorted(barred - {""}))
        raise Refused(
            f"a quorum of {command.quorum} needs as many deciders other than {who}, who opened the gate or began the run"
        )
    return [GateOpened(**command.model_dump(exclude={"by"}))]


def _record(state: GateState, command: Any, now: datetime) -> Sequence[Event]:
    del now
    if command.criterion not in {c.id for c in state.criteria}:
        raise Refused(f"the gate has no criterion '{command.criterion}'")
    return [EvidenceRecorded(**command.model_dump(exclude={"by"}))]


def _vote(state: GateState, command: Any, now: datetime) -> Sequence[Event]:
    seat = _only_deciders(state, command.by)
    _in_time(state, now)
    _first_word(state, seat)
    if command.vote not in (Verdict.GO, Verdict.NO_GO):
        raise Refused("a vote is go or no_go")
    cast = VoteCast(vote=command.vote, caveat=command.caveat)
    read = [_acknowledged(state, name) for name in command.acknowledged]
    if command.vote is Verdict.NO_GO:
        reason = command.caveat or "; ".join(unmet(state, now)) or "no reason given"
        return [*read, cast, GateWentNoGo(reason=reason)]
    if command.caveat:
        name = _next_condition(state)
        raised = ConditionRaised(condition=name, text=command.caveat)
        return [*read, cast, raised, ConditionAcknowledged(condition=name)]
    return [*read, *_plain_go(state, command, cast, now)]


def _plain_go(state: GateState, command: Any, cast: VoteCast, now: datetime) -> list[Event]:
    """A yes that counts: everything met, every open condition read, the voter's own conditions ended."""
    unread = {n: c for n, c in open_conditions(state, command.by).items() if n not in command.acknowledged}
    _, caveat = state.votes.get(command.by, (None, ""))
    mine = [c for c in open_conditions(state).values() if caveat and (c.by, c.text) == (command.by, caveat)]
    reasons = [
        *unmet(state, now),
        *(f"condition {name} of {c.by} is to be acknowledged first: {c.text}" for name, c in unread.items()),
        *(f"{command.by} said yes on a condition that still stands: {c.text}" for c in mine),
    ]
    if reasons:
        raise Refused(*reasons)
    clear = 1 + sum(1 for vote, caveat in state.votes.values() if vote is Verdict.GO and not caveat)
    if clear < state.quorum:
        return [cast]
    return [cast, GateWentGo(conditions=tuple(c.text for c in open_conditions(state).values()))]


def _first_word(state: GateState, seat: str) -> None:
    """One vote a seat; only a conditional yes may be said again, once its condition has ended."""
    voted = next((who for who in (seat, state.deputies.get(seat, "")) if who in state.votes), "")
    if voted and not (state.votes[voted][0] is Verdict.GO and state.votes[voted][1]):
        raise Refused(f"{voted} has voted already" + (f" for {seat}" if voted != seat else ""))


def _acknowledged(state: GateState, name: str) -> Event:
    _standing(state, name)
    return ConditionAcknowledged(condition=name)


def _raise(state: GateState, command: Any, now: datetime) -> Sequence[Event]:
    del now
    name = _next_condition(state)
    return [ConditionRaised(condition=name, text=command.text), ConditionAcknowledged(condition=name)]


def _acknowledge(state: GateState, command: Any, now: datetime) -> Sequence[Event]:
    del now
    return [_acknowledged(state, command.condition)]


def _meet(state: GateState, command: Any, now: datetime) -> Sequence[Event]:
    del now
    _standing(state, command.condition)
    return [ConditionMet(condition=command.condition, how=command.how, link=command.link)]


def _withdraw_condition(state: GateState, command: Any, now: datetime) -> Sequence[Event]:
    del now
    condition = _standing(state, command.condition)
    if command.by != condition.by:
        raise Refused(f"condition {command.condition} is {condition.by}'s: nobody else withdraws it")
    return [ConditionWithdrawn(condition=command.condition, reason=command.reason)]


def _standing(state: GateState, name: str) -> Condition:
    condition = state.conditions.get(name)
    if condition is None or not condition.is_open:
        raise Refused(f"condition '{name}' does not stand")
    return condition


def _next_condition(state: GateState) -> str:
    return f"c{len(state.conditions) + 1}"


def _waive(state: GateState, command: Any, now: datetime) -> Sequence[Event]:
    """The first who signs is a decider; the second is another person, and only then is it open."""
    if command.by in state.waivers:
        raise Refused(
            f"{command.by} has signed already: a second person opens it in spite of what is not met"
        )
    if not (state.waivers and may_countersign(state, command.by)):
        _only_deciders(state, command.by)
    _in_time(state, now)
    signed = GateWaiverSigned(reason=command.reason)
    if not state.waivers:
        return [signed]
    why = "; ".join(dict.fromkeys((*state.waivers.values(), command.reason)))
    return [signed, GateWaived(reason=why, unmet=unmet(state, now))]


def _withdraw(state: GateState, command: Any, now: datetime) -> Sequence[Event]:
    del state, now
    return [GateWithdrawn(reason=command.reason)]


def _expire(state: GateState, command: Any, now: datetime) -> Sequence[Event]:
    del command
    if state.decide_by is None or now < state.decide_by:
        raise Refused("this gate is still within its time: it cannot expire yet")
    more = tuple(who for who in state.escalate_to if who not in state.deciders)
    if state.on_timeout is OnTimeout.ESCALATE and state.escalated_at is None and more:
        within = state.escalate_within or state.decide_by - (state.opened_at or state.decide_by)
        return [GateEscalated(to=more, decide_by=now + within)]
    return [GateExpired()]


_DECISIONS: Mapping[type[Command], tuple[type[Event], Callable[[GateState, Any, datetime], Sequence[Event]]]] = {
    OpenGate: (GateOpened, _open), RecordEvidence: (EvidenceRecorded, _record), CastVote: (VoteCast, _vote),
    RaiseCondition: (ConditionRaised, _raise), AcknowledgeCondition: (ConditionAcknowledged, _acknowledge),
    MeetCondition: (ConditionMet, _meet), WithdrawCondition: (ConditionWithdrawn, _withdraw_condition),
    WaiveGate: (GateWaiverSigned, _waive), WithdrawGate: (GateWithdrawn, _withdraw), ExpireGate: (GateExpired, _expire),
}  # fmt: skip


def _only_deciders(state: GateState, by: str) -> str:
    """The seat this person decides for. Raises Refused with the reason when there is none."""
    if by == state.opened_by:
        raise Refused(f"{by} opened the gate and cannot decide it")
    if by == state.initiator:
        raise Refused(f"{by} began this run and cannot decide its gates")
    seat = may_decide(state, by)
    if not seat:
        raise Refused(f"{by} is not a decider of this gate (deciders: {', '.join(state.deciders)})")
    return seat


def _in_time(state: GateState, now: datetime) -> None:
    if state.decide_by is not None and now >= state.decide_by:
        raise Refused(f"the time to decide ended at {state.decide_by:%d %b %H:%M}Z")


# --- what happened ----------------------------------------------------------------------------------------


def evolve(state: GateState, fact: Fact) -> GateState:
    verdict = GATES.next(state.verdict, type(fact.event))
    change = _CHANGES.get(type(fact.event))
    if change is not None:
        return replace(state, verdict=verdict, **change(state, fact, fact.event))
    return replace(state, verdict=verdict, closed_at=fact.at, reason=getattr(fact.event, "reason", ""))


def _opened(state: GateState, fact: Fact, e: Any) -> dict[str, Any]:
    del state
    asked = {name: getattr(e, name) for name in GateOpened.model_fields}
    return {**asked, "deputies": MappingProxyType(e.deputies), "opened_by": fact.actor, "opened_at": fact.at}


def _condition(state: GateState, name: str, **change: Any) -> dict[str, Any]:
    known = replace(state.conditions[name], **change)
    return {"conditions": MappingProxyType({**state.conditions, name: known})}


def _newest(known: Mapping[str, Evidence], e: EvidenceRecorded, fact: Fact) -> Mapping[str, Evidence]:
    """Evidence that arrives late does not overrule what was seen after it."""
    earlier = known.get(e.criterion)
    if earlier is not None and earlier.at > fact.at:
        return known
    found = Evidence(e.finding, e.detail, e.source, e.link, fact.at, fact.actor)
    return MappingProxyType({**known, e.criterion: found})


_CHANGES: Mapping[type[Event], Callable[[GateState, Fact, Any], dict[str, Any]]] = {
    GateOpened: _opened,
    EvidenceRecorded: lambda state, fact, e: {"evidence": _newest(state.evidence, e, fact)},
    VoteCast: lambda state, fact, e: {
        "votes": MappingProxyType({**state.votes, fact.actor: (e.vote, e.caveat)})
    },
    GateWaiverSigned: lambda state, fact, e: {
        "waivers": MappingProxyType({**state.waivers, fact.actor: e.reason})
    },
    ConditionRaised: lambda state, fact, e: {
        "conditions": MappingProxyType(
            {**state.conditions, e.condition: Condition(e.text, fact.actor, fact.at)}
        )
    },
    ConditionAcknowledged: lambda state, fact, e: _condition(
        state, e.condition, acknowledged=(*state.conditions[e.condition].acknowledged, fact.actor)
    ),
    ConditionMet: lambda state, fact, e: _condition(state, e.condition, ended_by=fact.actor, how=e.how),
    ConditionWithdrawn: lambda state, fact, e: _condition(
        state, e.condition, ended_by=fact.actor, how=f"withdrawn: {e.reason}"
    ),
    GateEscalated: lambda state, fact, e: {
        "deciders": (*state.deciders, *e.to),
        "decide_by": e.decide_by,
        "escalated_at": fact.at,
    },
}


def next_deadline(state: GateState) -> datetime | None:
    return state.decide_by if state.verdict is Verdict.PENDING else None


GATE = Machine("gate", GateState(), decide, evolve)


def gate_stream(run_id: str, task_id: str, round_: int) -> str:
    """Each round of a gate has its own stream: a decided gate is never opened again, it is asked anew."""
    return f"gate:{run_id}:{task_id}:{round_}"
