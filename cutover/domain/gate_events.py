"""What can be asked of a gate and what can happen to it: verdicts, criteria, events, commands, the table of moves."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from cutover.core.event import Command, Event
from cutover.core.machine import Table


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

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
    id: str
    title: str
    source: str = Field(
        description="where evidence comes from: reconcile:<contract>, monitor:<id>, task:<id>, rehearsal:<age>, file:<path in the programme folder>, readiness:<percent>[:<role, station or shift>], query:<id>, person"
    )
    max_age: timedelta | None = None


class OnTimeout(StrEnum):
    """What follows when a gate's time runs out; going on is not among the choices."""

    ESCALATE = "escalate"
    NO_GO = "no_go"
    HOLD = "hold"


class GateOpened(Event):
    """Asked: of whom, until when, and what silence means. `deputies` says who may vote in a decider's place."""

    title: str
    criteria: tuple[Criterion, ...]
    deciders: tuple[str, ...]
    quorum: int = Field(ge=1)
    decide_by: datetime | None = None
    deputies: dict[str, str] = Field(default_factory=dict)
    initiator: str = ""
    on_timeout: OnTimeout = OnTimeout.HOLD
    escalate_to: tuple[str, ...] = ()
    escalate_within: timedelta | None = None


class EvidenceRecorded(Event):
    typed = frozenset({"detail"})
    criterion: str
    finding: Finding
    detail: str
    source: str
    link: str = ""


class VoteCast(Event):
    typed = frozenset({"caveat"})
    vote: Verdict
    caveat: str = ""


class ConditionRaised(Event):
    """A condition that whoever votes go must have seen; a conditional yes raises one by itself."""

    typed = frozenset({"text"})
    condition: str
    text: str


class ConditionAcknowledged(Event):
    condition: str


class ConditionMet(Event):
    typed = frozenset({"how"})
    condition: str
    how: str
    link: str = ""


class ConditionWithdrawn(Event):
    typed = frozenset({"reason"})
    condition: str
    reason: str


class GateEscalated(Event):
    """Its time ran out undecided: more people may decide, until `decide_by`."""

    to: tuple[str, ...]
    decide_by: datetime


class GateWentGo(Event):
    """Every criterion met and the quorum reached; `conditions` are still open, and every voter had seen them."""

    conditions: tuple[str, ...] = ()


class GateWentNoGo(Event):
    typed = frozenset({"reason"})
    reason: str


class GateWaiverSigned(Event):
    """Somebody would open it in spite of what is not met; a second person has to sign too."""

    typed = frozenset({"reason"})
    reason: str


class GateWaived(Event):
    """Opened by two, by name, in spite of unmet criteria."""

    typed = frozenset({"reason"})
    reason: str
    unmet: tuple[str, ...]


class GateExpired(Event):
    """Its time ran out undecided."""


class GateWithdrawn(Event):
    typed = frozenset({"reason"})
    reason: str


class OpenGate(Command):
    """`initiator` began the run: who asks for a go does not give it."""

    title: str
    criteria: tuple[Criterion, ...]
    deciders: tuple[str, ...]
    quorum: int = Field(default=1, ge=1)
    decide_by: datetime | None = None
    deputies: dict[str, str] = Field(default_factory=dict)
    initiator: str = ""
    on_timeout: OnTimeout = OnTimeout.HOLD
    escalate_to: tuple[str, ...] = ()
    escalate_within: timedelta | None = None


class RecordEvidence(Command):
    criterion: str
    finding: Finding
    detail: str
    source: str
    link: str = ""


class CastVote(Command):
    """A decider's word. A caveat makes a go conditional, and a conditional yes is not a yes.

    `acknowledged` names the conditions that the voter has read: a go needs all that are open.
    """

    vote: Verdict
    caveat: str = ""
    acknowledged: tuple[str, ...] = ()


class RaiseCondition(Command):
    text: str = Field(min_length=1)


class AcknowledgeCondition(Command):
    condition: str


class MeetCondition(Command):
    condition: str
    how: str = Field(min_length=1)
    link: str = ""


class WithdrawCondition(Command):
    condition: str
    reason: str = Field(min_length=1)


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
    ConditionRaised,
    ConditionAcknowledged,
    ConditionMet,
    ConditionWithdrawn,
    GateEscalated,
    GateWentGo,
    GateWentNoGo,
    GateWaiverSigned,
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
        (Verdict.PENDING, ConditionRaised): Verdict.PENDING,
        (Verdict.PENDING, ConditionAcknowledged): Verdict.PENDING,
        (Verdict.PENDING, ConditionMet): Verdict.PENDING,
        (Verdict.PENDING, ConditionWithdrawn): Verdict.PENDING,
        (Verdict.PENDING, GateEscalated): Verdict.PENDING,
        (Verdict.PENDING, GateWentGo): Verdict.GO,
        (Verdict.PENDING, GateWentNoGo): Verdict.NO_GO,
        (Verdict.PENDING, GateWaiverSigned): Verdict.PENDING,
        (Verdict.PENDING, GateWaived): Verdict.WAIVED,
        (Verdict.PENDING, GateExpired): Verdict.EXPIRED,
        (Verdict.PENDING, GateWithdrawn): Verdict.WITHDRAWN,
    },
)
