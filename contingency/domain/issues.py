"""Known issues: what is broken and known, who answers for it, what to do meanwhile, and until when that is true.

Theory: an issue has an owner and a day on which somebody must look at it again; after that day it is expired, and an
expired one is no excuse. It is renewed with a new day, or resolved with what shows that it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime

from contingency.domain.saying import need
from cutover.core.errors import Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine, Table
from cutover.core.refusal_words import not_asked


class IssueStage(StrEnum):
    UNKNOWN = "unknown"
    KNOWN = "known"
    RESOLVED = "resolved"


class IssueKnown(Event):
    """It is known: who answers for it, what people do meanwhile, until when."""

    typed = frozenset({"meanwhile"})
    title: str
    owner: str
    meanwhile: str
    expires_at: datetime


class IssueRenewed(Event):
    typed = frozenset({"why"})
    expires_at: datetime
    why: str


class IssueResolved(Event):
    typed = frozenset({"evidence"})
    evidence: str


class KnowIssue(Command):
    title: str
    owner: str
    meanwhile: str
    expires_at: AwareDatetime


class RenewIssue(Command):
    expires_at: AwareDatetime
    why: str


class ResolveIssue(Command):
    evidence: str


EVENTS = (IssueKnown, IssueRenewed, IssueResolved)
ISSUES = Table(
    name="known issue",
    theory="known with an owner and a day to look again; renewed with a reason or resolved with evidence",
    stages=IssueStage,
    start=IssueStage.UNKNOWN,
    terminal=frozenset({IssueStage.RESOLVED}),
    moves={
        (IssueStage.UNKNOWN, IssueKnown): IssueStage.KNOWN,
        (IssueStage.KNOWN, IssueRenewed): IssueStage.KNOWN,
        (IssueStage.KNOWN, IssueResolved): IssueStage.RESOLVED,
    },
)


@dataclass(frozen=True, slots=True)
class IssueState:
    """One known issue."""

    stage: IssueStage = IssueStage.UNKNOWN
    known: IssueKnown | None = None
    expires_at: datetime | None = None
    evidence: str = ""

    def expired(self, now: datetime) -> bool:
        """Whether its day has passed and nobody has looked."""
        return self.stage is IssueStage.KNOWN and self.expires_at is not None and self.expires_at <= now


def decide(state: IssueState, command: Command, now: datetime) -> Sequence[Event]:
    match command:
        case KnowIssue():
            ISSUES.next(state.stage, IssueKnown)
            _need(title=command.title, owner=command.owner, meanwhile=command.meanwhile)
            _later(command.expires_at, now)
            return [IssueKnown(**command.model_dump(exclude={"by"}))]
        case RenewIssue():
            ISSUES.next(state.stage, IssueRenewed)
            _need(why=command.why)
            _later(command.expires_at, now)
            return [IssueRenewed(expires_at=command.expires_at, why=command.why)]
        case ResolveIssue():
            ISSUES.next(state.stage, IssueResolved)
            _need(evidence=command.evidence)
            return [IssueResolved(evidence=command.evidence)]
    raise Refused(not_asked("known issue", state.stage, command))


def _need(**given: str) -> None:
    need(*((text, f"a known issue needs its {name}") for name, text in given.items()))


def _later(expires_at: datetime, now: datetime) -> None:
    if expires_at <= now:
        raise Refused("the day to look again must be still to come")


def evolve(state: IssueState, fact: Fact) -> IssueState:
    stage = ISSUES.next(state.stage, type(fact.event))
    match fact.event:
        case IssueKnown() as e:
            return IssueState(stage, e, e.expires_at)
        case IssueRenewed(expires_at=until):
            return replace(state, stage=stage, expires_at=until)
        case IssueResolved(evidence=evidence):
            return replace(state, stage=stage, evidence=evidence)
    raise Refused(f"known issue: {fact.event.kind()} is not one of its facts")


ISSUE = Machine("known issue", IssueState(), decide, evolve)


def issue_stream(name: str) -> str:
    return f"issue:{name}"
