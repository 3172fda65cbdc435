"""What somebody reports as broken, and what it turned out to be: the symptom as told, the cause as proved.

Theory: a report keeps its words. A cause is claimed by one person and verified by another who has the evidence;
an incident closes only with a verified cause. "User error" is a cause like any other, and the one that needs the
evidence most: three things look alike to whoever reports them, the technology, the practice and the training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from contingency.domain.saying import need
from cutover.core.errors import Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine, Table
from cutover.core.refusal_words import not_asked


class Cause(StrEnum):
    """What an incident turned out to be."""

    TECHNOLOGY = "technology"
    DATA = "data"
    PRACTICE = "practice"
    TRAINING = "training"
    USER_ERROR = "user_error"
    DEMAND = "demand"
    NOT_REPRODUCED = "not_reproduced"


class IncidentStage(StrEnum):
    UNREPORTED = "unreported"
    OPEN = "open"
    EXPLAINED = "explained"
    CLOSED = "closed"


class IncidentReported(Event):
    """The symptom in the words of whoever has it."""

    typed = frozenset({"symptom"})
    symptom: str
    area: str = ""
    urgency: int = Field(default=2, ge=1, le=3)


class CauseClaimed(Event):
    """What somebody thinks it is; nobody has checked."""

    typed = frozenset({"evidence"})
    cause: Cause
    evidence: str = ""


class CauseVerified(Event):
    """Somebody else has seen what proves it."""

    typed = frozenset({"evidence"})
    evidence: str


class IncidentReopened(Event):
    typed = frozenset({"reason"})
    reason: str


class ReportIncident(Command):
    symptom: str = Field(max_length=4000)
    area: str = ""
    urgency: int = Field(default=2, ge=1, le=3)


class ClaimCause(Command):
    cause: Cause
    evidence: str = ""


class VerifyCause(Command):
    evidence: str


class ReopenIncident(Command):
    reason: str


EVENTS = (IncidentReported, CauseClaimed, CauseVerified, IncidentReopened)
INCIDENTS = Table(
    name="incident",
    theory="reported as a symptom, explained by one, closed by another who has the evidence of its cause",
    stages=IncidentStage,
    start=IncidentStage.UNREPORTED,
    terminal=frozenset(),
    moves={
        (IncidentStage.UNREPORTED, IncidentReported): IncidentStage.OPEN,
        (IncidentStage.OPEN, CauseClaimed): IncidentStage.EXPLAINED,
        (IncidentStage.EXPLAINED, CauseClaimed): IncidentStage.EXPLAINED,
        (IncidentStage.EXPLAINED, CauseVerified): IncidentStage.CLOSED,
        (IncidentStage.EXPLAINED, IncidentReopened): IncidentStage.OPEN,
        (IncidentStage.CLOSED, IncidentReopened): IncidentStage.OPEN,
    },
)


@dataclass(frozen=True, slots=True)
class IncidentState:
    """One incident; `claimed_by` and `verified_by` are never the same person. `first_cause` is what it was first thought to be."""

    stage: IncidentStage = IncidentStage.UNREPORTED
    reported: IncidentReported | None = None
    reported_by: str = ""
    reported_at: datetime | None = None
    cause: Cause | None = None
    first_cause: Cause | None = None
    claimed_by: str = ""
    verified_by: str = ""
    evidence: str = ""
    closed_at: datetime | None = None
    reopened: int = 0


def decide(state: IncidentState, command: Command, now: datetime) -> Sequence[Event]:
    del now
    match command:
        case ReportIncident():
            INCIDENTS.next(state.stage, IncidentReported)
            need((command.symptom, "an incident says what is seen"))
            return [IncidentReported(**command.model_dump(exclude={"by"}))]
        case ClaimCause():
            INCIDENTS.next(state.stage, CauseClaimed)
            if command.cause is Cause.USER_ERROR:
                need(
                    (
                        command.evidence,
                        "'user error' is not claimed without evidence of what was done and shown",
                    )
                )
            return [CauseClaimed(cause=command.cause, evidence=command.evidence)]
        case VerifyCause():
            return _verify(state, command)
        case ReopenIncident(reason=reason):
            INCIDENTS.next(state.stage, IncidentReopened)
            need((reason, "reopening needs a reason"))
            return [IncidentReopened(reason=reason)]
    raise Refused(not_asked("incident", state.stage, command))


def _verify(state: IncidentState, command: VerifyCause) -> Sequence[Event]:
    INCIDENTS.next(state.stage, CauseVerified)
    reasons = []
    if command.by == state.claimed_by:
        reasons.append(f"{command.by} claimed the cause and cannot verify it")
    if not command.evidence.strip():
        reasons.append("closing needs the evidence of the cause")
    if reasons:
        raise Refused(*reasons)
    return [CauseVerified(evidence=command.evidence)]


def evolve(state: IncidentState, fact: Fact) -> IncidentState:
    stage = INCIDENTS.next(state.stage, type(fact.event))
    match fact.event:
        case IncidentReported() as e:
            return IncidentState(stage, e, fact.actor, fact.at)
        case CauseClaimed(cause=cause, evidence=evidence):
            first = state.first_cause or cause
            return replace(
                state, stage=stage, cause=cause, first_cause=first, claimed_by=fact.actor, evidence=evidence
            )
        case CauseVerified(evidence=evidence):
            return replace(state, stage=stage, verified_by=fact.actor, evidence=evidence, closed_at=fact.at)
    return replace(
        state, stage=stage, cause=None, claimed_by="", verified_by="", evidence="", closed_at=None, reopened=state.reopened + 1
    )  # fmt: skip


INCIDENT = Machine("incident", IncidentState(), decide, evolve)


def incident_stream(name: str) -> str:
    return f"incident:{name}"
