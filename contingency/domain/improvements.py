"""What is put right: actions that somebody else verifies, and what stations say, each with a state and an answer.

Theory: an action is raised with an owner, claimed done with the evidence, and verified by another person who has
looked at it; a claim that does not hold is reopened with the reason, also after it was verified. Claimed and
verified are two fields and two people. A station's report needs no login: it is open until it is answered, or
tied to a known issue with what the station is to do meanwhile, and then answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime, Field

from contingency.domain.saying import need
from cutover.core.errors import Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine, Table
from cutover.core.refusal_words import not_asked

LONGEST = 4000


class ActionStage(StrEnum):
    UNRAISED = "unraised"
    OPEN = "open"
    CLAIMED = "claimed"
    VERIFIED = "verified"
    REOPENED = "reopened"


class ReportStage(StrEnum):
    UNSAID = "unsaid"
    OPEN = "open"
    KNOWN_ISSUE = "known_issue"
    ANSWERED = "answered"


class ActionRaised(Event):
    """Something is to be done by somebody; `prevents` names the failure that it is to prevent."""

    typed = frozenset({"title"})
    title: str
    owner: str
    prevents: str = ""
    due_at: datetime | None = None


class ActionClaimed(Event):
    """Somebody says it is done and shows by what; nobody else has looked."""

    typed = frozenset({"evidence"})
    evidence: str


class ActionVerified(Event):
    """Somebody else has looked at the evidence."""

    typed = frozenset({"how"})
    how: str


class ActionReopened(Event):
    typed = frozenset({"reason"})
    reason: str


class StationReported(Event):
    """What a station says, and how it is there: 1 cannot work, 5 all is well."""

    typed = frozenset({"text"})
    station: str
    text: str
    pulse: int = Field(ge=1, le=5)


class ReportAnswered(Event):
    typed = frozenset({"answer"})
    answer: str


class ReportTiedToIssue(Event):
    """Known: which issue, and what the station is to do meanwhile."""

    typed = frozenset({"answer"})
    issue: str
    answer: str


class RaiseAction(Command):
    title: str
    owner: str
    prevents: str = ""
    due_at: AwareDatetime | None = None


class ClaimAction(Command):
    evidence: str


class VerifyAction(Command):
    how: str


class ReopenAction(Command):
    reason: str


class ReportFromStation(Command):
    station: str
    text: str = Field(max_length=LONGEST)
    pulse: int = Field(ge=1, le=5)


class AnswerReport(Command):
    answer: str


class TieToIssue(Command):
    issue: str
    answer: str


ACTION_EVENTS = (ActionRaised, ActionClaimed, ActionVerified, ActionReopened)
REPORT_EVENTS = (StationReported, ReportAnswered, ReportTiedToIssue)
EVENTS = (*ACTION_EVENTS, *REPORT_EVENTS)

ACTIONS = Table(
    name="action",
    theory="claimed with evidence by one, verified by another; whatever does not hold is open again",
    stages=ActionStage,
    start=ActionStage.UNRAISED,
    terminal=frozenset(),
    moves={
        (ActionStage.UNRAISED, ActionRaised): ActionStage.OPEN,
        (ActionStage.OPEN, ActionClaimed): ActionStage.CLAIMED,
        (ActionStage.REOPENED, ActionClaimed): ActionStage.CLAIMED,
        (ActionStage.CLAIMED, ActionVerified): ActionStage.VERIFIED,
        (ActionStage.CLAIMED, ActionReopened): ActionStage.REOPENED,
        (ActionStage.VERIFIED, ActionReopened): ActionStage.REOPENED,
    },
)

REPORTS = Table(
    name="station report",
    theory="open until answered, or known with what to do meanwhile; silence is never an end",
    stages=ReportStage,
    start=ReportStage.UNSAID,
    terminal=frozenset({ReportStage.ANSWERED}),
    moves={
        (ReportStage.UNSAID, StationReported): ReportStage.OPEN,
        (ReportStage.OPEN, ReportAnswered): ReportStage.ANSWERED,
        (ReportStage.OPEN, ReportTiedToIssue): ReportStage.KNOWN_ISSUE,
        (ReportStage.KNOWN_ISSUE, ReportTiedToIssue): ReportStage.KNOWN_ISSUE,
        (ReportStage.KNOWN_ISSUE, ReportAnswered): ReportStage.ANSWERED,
    },
)


@dataclass(frozen=True, slots=True)
class ActionState:
    """One action; `claimed_by` and `verified_by` are never the same person."""

    stage: ActionStage = ActionStage.UNRAISED
    raised: ActionRaised | None = None
    raised_by: str = ""
    claimed_by: str = ""
    evidence: str = ""
    verified_by: str = ""
    how: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReportState:
    """What one station said and what it was told."""

    stage: ReportStage = ReportStage.UNSAID
    said: StationReported | None = None
    said_at: datetime | None = None
    issue: str = ""
    answer: str = ""
    answered_by: str = ""
    answered_at: datetime | None = None


def decide_action(state: ActionState, command: Command, now: datetime) -> Sequence[Event]:
    del now
    match command:
        case RaiseAction():
            ACTIONS.next(state.stage, ActionRaised)
            need(
                (command.title, "an action says what is to be done"),
                (command.owner, "an action has an owner"),
            )
            return [ActionRaised(**command.model_dump(exclude={"by"}))]
        case ClaimAction(evidence=evidence):
            ACTIONS.next(state.stage, ActionClaimed)
            need((evidence, "claiming an action done needs the evidence"))
            return [ActionClaimed(evidence=evidence)]
        case VerifyAction():
            return _verify(state, command)
        case ReopenAction(reason=reason):
            ACTIONS.next(state.stage, ActionReopened)
            need((reason, "reopening needs a reason"))
            return [ActionReopened(reason=reason)]
    raise Refused(not_asked("action", state.stage, command))


def _verify(state: ActionState, command: VerifyAction) -> Sequence[Event]:
    ACTIONS.next(state.stage, ActionVerified)
    reasons = []
    if command.by == state.claimed_by:
        reasons.append(f"{command.by} claimed it and cannot verify it")
    if not command.how.strip():
        reasons.append("verifying says how it was looked at")
    if reasons:
        raise Refused(*reasons)
    return [ActionVerified(how=command.how)]


def decide_report(state: ReportState, command: Command, now: datetime) -> Sequence[Event]:
    del now
    match command:
        case ReportFromStation():
            REPORTS.next(state.stage, StationReported)
            need((command.text, "a report says something"))
            return [StationReported(**command.model_dump(exclude={"by"}))]
        case AnswerReport(answer=answer):
            REPORTS.next(state.stage, ReportAnswered)
            need((answer, "an answer says something"))
            return [ReportAnswered(answer=answer)]
        case TieToIssue():
            REPORTS.next(state.stage, ReportTiedToIssue)
            need(
                (command.issue, "name the known issue"),
                (command.answer, "say what the station is to do meanwhile"),
            )
            return [ReportTiedToIssue(issue=command.issue, answer=command.answer)]
    raise Refused(not_asked("station report", state.stage, command))


def evolve_action(state: ActionState, fact: Fact) -> ActionState:
    stage = ACTIONS.next(state.stage, type(fact.event))
    match fact.event:
        case ActionRaised() as e:
            return ActionState(stage, e, fact.actor)
        case ActionClaimed(evidence=evidence):
            return replace(
                state,
                stage=stage,
                claimed_by=fact.actor,
                evidence=evidence,
                verified_by="",
                how="",
                reason="",
            )
        case ActionVerified(how=how):
            return replace(state, stage=stage, verified_by=fact.actor, how=how)
        case ActionReopened(reason=reason):
            return replace(state, stage=stage, verified_by="", how="", reason=reason)
    raise Refused(f"action: {fact.event.kind()} is not one of its facts")


def evolve_report(state: ReportState, fact: Fact) -> ReportState:
    stage = REPORTS.next(state.stage, type(fact.event))
    match fact.event:
        case StationReported() as e:
            return ReportState(stage, e, fact.at)
        case ReportTiedToIssue() as e:
            return _told(replace(state, stage=stage, issue=e.issue), fact, e.answer)
        case ReportAnswered(answer=answer):
            return _told(replace(state, stage=stage), fact, answer)
    raise Refused(f"station report: {fact.event.kind()} is not one of its facts")


def _told(state: ReportState, fact: Fact, answer: str) -> ReportState:
    return replace(state, answer=answer, answered_by=fact.actor, answered_at=fact.at)


ACTION = Machine("action", ActionState(), decide_action, evolve_action)
REPORT = Machine("station report", ReportState(), decide_report, evolve_report)


def action_stream(action: str) -> str:
    return f"action:{action}"


def report_stream(report: str) -> str:
    return f"feedback:{report}"
