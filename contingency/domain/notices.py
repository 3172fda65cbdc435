"""What a partner was told and whether they have it; what they count themselves, and whether it agrees with us.

Theory: a notice is told once, acknowledged by the partner, and may be answered; whoever answers it has it, so an
answer acknowledges too. Told is not acknowledged: silence shows as age. A partner's own count of a flow is an
independent measure of ours. Each pair of counts is recorded as it was given; a pair that differs raises a
difference at once, and only a person's explanation or a later pair that agrees ends it.
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


class NoticeStage(StrEnum):
    UNTOLD = "untold"
    TOLD = "told"
    ACKNOWLEDGED = "acknowledged"
    ANSWERED = "answered"


class CountStage(StrEnum):
    UNCOUNTED = "uncounted"
    COUNTED = "counted"
    DIFFERS = "differs"
    EXPLAINED = "explained"


class PartnerNotified(Event):
    """The notice goes out: its message commits with this fact."""

    partner: str
    channel: str
    address: str
    subject: str
    text: str


class PartnerAcknowledged(Event):
    """The partner says that they have it."""


class PartnerAnswered(Event):
    typed = frozenset({"answer"})
    answer: str


class PartnerCounted(Event):
    """Both counts of one flow as given; ours is None when we have none to hold against it."""

    partner: str
    flow: str
    theirs: int = Field(ge=0)
    ours: int | None = Field(default=None, ge=0)


class DifferenceRaised(Event):
    """The counts do not agree: theirs less ours, or no count of ours at all."""

    by_how_many: int | None


class DifferenceExplained(Event):
    typed = frozenset({"reason"})
    reason: str


class NotifyPartner(Command):
    partner: str = Field(min_length=1)
    channel: str = Field(min_length=1)
    address: str
    subject: str
    text: str


class AcknowledgeNotice(Command):
    pass


class AnswerNotice(Command):
    answer: str


class RecordCount(Command):
    partner: str
    flow: str
    theirs: int = Field(ge=0)
    ours: int | None = Field(default=None, ge=0)


class ExplainDifference(Command):
    reason: str


NOTICE_EVENTS = (PartnerNotified, PartnerAcknowledged, PartnerAnswered)
COUNT_EVENTS = (PartnerCounted, DifferenceRaised, DifferenceExplained)
EVENTS = (*NOTICE_EVENTS, *COUNT_EVENTS)

NOTICES = Table(
    name="notice",
    theory="told once; acknowledged is another fact, and an answer implies it",
    stages=NoticeStage,
    start=NoticeStage.UNTOLD,
    terminal=frozenset({NoticeStage.ANSWERED}),
    moves={
        (NoticeStage.UNTOLD, PartnerNotified): NoticeStage.TOLD,
        (NoticeStage.TOLD, PartnerAcknowledged): NoticeStage.ACKNOWLEDGED,
        (NoticeStage.ACKNOWLEDGED, PartnerAnswered): NoticeStage.ANSWERED,
    },
)

COUNTS = Table(
    name="partner count",
    theory="counted again and again; a pair that differs is raised until explained or until a pair agrees",
    stages=CountStage,
    start=CountStage.UNCOUNTED,
    terminal=frozenset(),
    moves={
        **{(stage, PartnerCounted): CountStage.COUNTED for stage in CountStage},
        (CountStage.COUNTED, DifferenceRaised): CountStage.DIFFERS,
        (CountStage.DIFFERS, DifferenceExplained): CountStage.EXPLAINED,
    },
)


@dataclass(frozen=True, slots=True)
class NoticeState:
    """One notice to one partner."""

    stage: NoticeStage = NoticeStage.UNTOLD
    told: PartnerNotified | None = None
    told_by: str = ""
    told_at: datetime | None = None
    acknowledged_at: datetime | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class CountState:
    """The newest pair of counts of one flow, and what became of a difference."""

    stage: CountStage = CountStage.UNCOUNTED
    counted: PartnerCounted | None = None
    counted_at: datetime | None = None
    reason: str = ""


def decide_notice(state: NoticeState, command: Command, now: datetime) -> Sequence[Event]:
    del now
    match command:
        case NotifyPartner():
            NOTICES.next(state.stage, PartnerNotified)
            need((command.subject, "a notice needs a subject"), (command.text, "a notice needs a text"))
            return [PartnerNotified(**command.model_dump(exclude={"by"}))]
        case AcknowledgeNotice():
            NOTICES.next(state.stage, PartnerAcknowledged)
            return [PartnerAcknowledged()]
        case AnswerNotice(answer=answer):
            need((answer, "an answer says something"))
            first: list[Event] = [PartnerAcknowledged()] if state.stage is NoticeStage.TOLD else []
            NOTICES.next(NoticeStage.ACKNOWLEDGED if first else state.stage, PartnerAnswered)
            return [*first, PartnerAnswered(answer=answer)]
    raise Refused(not_asked("notice", state.stage, command))


def decide_count(state: CountState, command: Command, now: datetime) -> Sequence[Event]:
    del now
    match command:
        case RecordCount():
            COUNTS.next(state.stage, PartnerCounted)
            counted = PartnerCounted(**command.model_dump(exclude={"by"}))
            if command.theirs == command.ours:
                return [counted]
            difference = None if command.ours is None else command.theirs - command.ours
            return [counted, DifferenceRaised(by_how_many=difference)]
        case ExplainDifference(reason=reason):
            COUNTS.next(state.stage, DifferenceExplained)
            need((reason, "explaining a difference needs a reason"))
            return [DifferenceExplained(reason=reason)]
    raise Refused(not_asked("partner count", state.stage, command))


def evolve_notice(state: NoticeState, fact: Fact) -> NoticeState:
    stage = NOTICES.next(state.stage, type(fact.event))
    match fact.event:
        case PartnerNotified() as e:
            return NoticeState(stage, e, fact.actor, fact.at)
        case PartnerAnswered(answer=answer):
            return replace(state, stage=stage, answer=answer)
    return replace(state, stage=stage, acknowledged_at=fact.at)


def evolve_count(state: CountState, fact: Fact) -> CountState:
    stage = COUNTS.next(state.stage, type(fact.event))
    match fact.event:
        case PartnerCounted() as e:
            return CountState(stage, e, fact.at)
        case DifferenceExplained(reason=reason):
            return replace(state, stage=stage, reason=reason)
    return replace(state, stage=stage)


NOTICE = Machine("notice", NoticeState(), decide_notice, evolve_notice)
COUNT = Machine("partner count", CountState(), decide_count, evolve_count)


def notice_stream(notice: str) -> str:
    return f"notice:{notice}"


def count_stream(partner: str, flow: str) -> str:
    return f"partner_count:{partner}:{flow}"
