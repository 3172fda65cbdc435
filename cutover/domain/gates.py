"""Go or no-go: criteria bound to evidence, votes of distinct people, one decision, nothing green by default.

Theory: a gate is opened with its criteria, its deciders and its deadline. Evidence arrives per criterion with
a source and a time; missing, stale, errored and unknown are all "not met". Each decider votes once; `no_go`
from any decider closes the gate at once, `go` closes it when the quorum of distinct people is reached and
every criterion is met. A conditional yes is recorded as a caveat and is not a yes. The opener cannot vote.
The first decision closes the gate: what comes later is refused, and so is any decision after the deadline.
When the deadline passes, what happens was stated when the gate was opened, and it is never a silent go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field

from cutover.core.errors import Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine, Table


class Verdict(StrEnum):
    UNOPENED = "unopened"
    PENDING = "pending"
    GO = "go"
    NO_GO = "no_go"
    WAIVED = "waived"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Finding(StrEnum):
    """What a piece of evidence says; only `met` counts, and only while it is fresh."""

    MET = "met"
    NOT_MET = "not_met"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    UNKNOWN = "unknown"


class Criterion(BaseModel):
    """One line of a gate: what must be true, who speaks for it, how old its evidence may be (None: any age)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str
    title: str
    source: str = Field(
        description="where evidence comes from: reconcile:<contract>, monitor:<id>, task:<id>, rehearsal:<age>, readiness, person"
    )
    max_age: timedelta | None = None


class GateOpened(Event):
    title: str
    criteria: tuple[Criterion, ...]
    deciders: tuple[str, ...]
    quorum: int = Field(ge=1)
    decide_by: datetime | None = None


class EvidenceRecorded(Event):
    criterion: str
    finding: Finding
    detail: str
    source: str
    link: str = ""


class VoteCast(Event):
    vote: Verdict
    caveat: str = ""


class GateWentGo(Event):
    """Every criterion met and the quorum reached."""


class GateWentNoGo(Event):
    reason: str


class GateWaived(Event):
    """Opened by name in spite of unmet criteria."""

    reason: str
    unmet: tuple[str, ...]


class GateExpired(Event):
    """Its time ran out undecided."""


class GateWithdrawn(Event):
    reason: str


class OpenGate(Command):
    title: str
    criteria: tuple[Criterion, ...]
    deciders: tuple[str, ...]
    quorum: int = Field(default=1, ge=1)
    decide_by: datetime | None = None


class RecordEvidence(Command):
    criterion: str
    finding: Finding
    detail: str
    source: str
    link: str = ""


class CastVote(Command):
    """A decider's word. A caveat makes a go conditional, and a conditional yes is not a yes."""

    vote: Verdict
    caveat: str = ""


class WaiveGate(Command):
    reason: str = Field(min_length=1)


class WithdrawGate(Command):
    reason: str = Field(min_length=1)


class ExpireGate(Command):
    """The clock's own command, once the deadline has passed."""


EVENTS = (
    GateOpened,
    EvidenceRecorded,
    VoteCast,
    GateWentGo,
    GateWentNoGo,
    GateWaived,
    GateExpired,
    GateWithdrawn,
)

GATES = Table(
    name="gate",
    theory="first decision closes the gate; nothing but met, fresh evidence and distinct voters opens it",
    stages=Verdict,
    start=Verdict.UNOPENED,
    terminal=frozenset({Verdict.GO, Verdict.NO_GO, Verdict.WAIVED, Verdict.EXPIRED, Verdict.WITHDRAWN}),
    moves={
        (Verdict.UNOPENED, GateOpened): Verdict.PENDING,
        (Verdict.PENDING, EvidenceRecorded): Verdict.PENDING,
        (Verdict.PENDING, VoteCast): Verdict.PENDING,
        (Verdict.PENDING, GateWentGo): Verdict.GO,
        (Verdict.PENDING, GateWentNoGo): Verdict.NO_GO,
        (Verdict.PENDING, GateWaived): Verdict.WAIVED,
        (Verdict.PENDING, GateExpired): Verdict.EXPIRED,
        (Verdict.PENDING, GateWithdrawn): Verdict.WITHDRAWN,
    },
)


@dataclass(frozen=True, slots=True)
class Evidence:
    finding: Finding
    detail: str
    source: str
    link: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class GateState:
    """A gate as decided so far; `votes` maps voter to (vote, caveat)."""

    verdict: Verdict = Verdict.UNOPENED
    title: str = ""
    criteria: tuple[Criterion, ...] = ()
    deciders: tuple[str, ...] = ()
    quorum: int = 1
    decide_by: datetime | None = None
    opened_by: str = ""
    opened_at: datetime | None = None
    evidence: Mapping[str, Evidence] = field(default_factory=lambda: MappingProxyType({}))
    votes: Mapping[str, tuple[Verdict, str]] = field(default_factory=lambda: MappingProxyType({}))
    closed_at: datetime | None = None
    reason: str = ""


def unmet(state: GateState, now: datetime) -> tuple[str, ...]:
    """Every criterion that is not met at `now`, each with the reason a person can act on."""
    return tuple(
        f"{c.title}: {why}" for c in state.criteria if (why := _why_not(c, state.evidence.get(c.id), now))
    )


def _why_not(criterion: Criterion, evidence: Evidence | None, now: datetime) -> str:
    if evidence is None:
        return "no evidence"
    if evidence.finding is not Finding.MET:
        return f"{evidence.finding} ({evidence.detail})"
    if criterion.max_age is not None and now - evidence.at > criterion.max_age:
        return f"evidence is stale ({evidence.at:%d %b %H:%M}Z)"
    return ""


def decide(state: GateState, command: Command, now: datetime) -> Sequence[Event]:
    match command:
        case OpenGate():
            return _open(state, command)
        case RecordEvidence():
            return _record(state, command)
        case CastVote():
            return _vote(state, command, now)
        case WaiveGate():
            GATES.next(state.verdict, GateWaived)
            _only_deciders(state, command.by)
            _in_time(state, now)
            return [GateWaived(reason=command.reason, unmet=unmet(state, now))]
        case WithdrawGate():
            GATES.next(state.verdict, GateWithdrawn)
            return [GateWithdrawn(reason=command.reason)]
        case ExpireGate() if state.decide_by is not None and now >= state.decide_by:
            GATES.next(state.verdict, GateExpired)
            return [GateExpired()]
    raise Refused(f"gate: {type(command).__name__} is not possible while {state.verdict}")


def _open(state: GateState, command: OpenGate) -> Sequence[Event]:
    GATES.next(state.verdict, GateOpened)
    ids = [criterion.id for criterion in command.criteria]
    if twice := sorted({i for i in ids if ids.count(i) > 1}):
        raise Refused(*(f"criterion '{i}' is listed twice: one answer would count for both" for i in twice))
    voters = set(command.deciders) - {command.by}
    if len(voters) < command.quorum:
        raise Refused(
            f"a quorum of {command.quorum} needs as many deciders other than {command.by}, who opened the gate"
        )
    return [GateOpened(**command.model_dump(exclude={"by"}))]


def _record(state: GateState, command: RecordEvidence) -> Sequence[Event]:
    GATES.next(state.verdict, EvidenceRecorded)
    if command.criterion not in {c.id for c in state.criteria}:
        raise Refused(f"the gate has no criterion '{command.criterion}'")
    return [EvidenceRecorded(**command.model_dump(exclude={"by"}))]


def _vote(state: GateState, command: CastVote, now: datetime) -> Sequence[Event]:
    GATES.next(state.verdict, VoteCast)
    _only_deciders(state, command.by)
    _in_time(state, now)
    if command.by in state.votes:
        raise Refused(f"{command.by} has voted already")
    if command.vote not in (Verdict.GO, Verdict.NO_GO):
        raise Refused("a vote is go or no_go")
    cast = VoteCast(vote=command.vote, caveat=command.caveat)
    if command.vote is Verdict.NO_GO:
        return [
            cast,
            GateWentNoGo(reason=command.caveat or "; ".join(unmet(state, now)) or "no reason given"),
        ]
    if command.caveat:
        return [cast]
    if open_points := unmet(state, now):
        raise Refused(*open_points)
    clear = 1 + sum(1 for vote, caveat in state.votes.values() if vote is Verdict.GO and not caveat)
    return [cast, GateWentGo()] if clear >= state.quorum else [cast]


def _only_deciders(state: GateState, by: str) -> None:
    if by == state.opened_by:
        raise Refused(f"{by} opened the gate and cannot decide it")
    if by not in state.deciders:
        raise Refused(f"{by} is not a decider of this gate (deciders: {', '.join(state.deciders)})")


def _in_time(state: GateState, now: datetime) -> None:
    if state.decide_by is not None and now >= state.decide_by:
        raise Refused(f"the time to decide ended at {state.decide_by:%d %b %H:%M}Z")


def evolve(state: GateState, fact: Fact) -> GateState:
    verdict = GATES.next(state.verdict, type(fact.event))
    match fact.event:
        case GateOpened() as e:
            return GateState(
                verdict, e.title, e.criteria, e.deciders, e.quorum, e.decide_by, fact.actor, fact.at
            )
        case EvidenceRecorded() as e:
            return replace(state, verdict=verdict, evidence=_newest(state.evidence, e, fact))
        case VoteCast() as e:
            return replace(
                state,
                verdict=verdict,
                votes=MappingProxyType({**state.votes, fact.actor: (e.vote, e.caveat)}),
            )
        case GateWentNoGo(reason=why) | GateWaived(reason=why) | GateWithdrawn(reason=why):
            return replace(state, verdict=verdict, closed_at=fact.at, reason=why)
    return replace(state, verdict=verdict, closed_at=fact.at)


def _newest(known: Mapping[str, Evidence], e: EvidenceRecorded, fact: Fact) -> Mapping[str, Evidence]:
    """Evidence that arrives late does not overrule what was seen after it."""
    earlier = known.get(e.criterion)
    if earlier is not None and earlier.at > fact.at:
        return known
    found = Evidence(e.finding, e.detail, e.source, e.link, fact.at, fact.actor)
    return MappingProxyType({**known, e.criterion: found})


def next_deadline(state: GateState) -> datetime | None:
    return state.decide_by if state.verdict is Verdict.PENDING else None


GATE = Machine("gate", GateState(), decide, evolve)


def gate_stream(run_id: str, task_id: str, round_: int) -> str:
    """Each round of a gate has its own stream: a decided gate is never opened again, it is asked anew."""
    return f"gate:{run_id}:{task_id}:{round_}"
