"""Actions with evidence and a verifier, reports from stations with an answer: the only door to both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from contingency.domain.improvements import (
    ACTION,
    ACTION_EVENTS,
    REPORT,
    REPORT_EVENTS,
    ActionStage,
    ActionState,
    AnswerReport,
    ClaimAction,
    RaiseAction,
    ReopenAction,
    ReportFromStation,
    ReportStage,
    ReportState,
    TieToIssue,
    VerifyAction,
    action_stream,
    report_stream,
)
from contingency.trail import Life, begin_numbered, lives
from cutover.core.errors import Invalid, NotFound, Problem
from cutover.core.event import Command
from cutover.domain.programme import Programme
from cutover.store.desk import Desk

PULSES = range(1, 6)


@dataclass(frozen=True, slots=True)
class ActionView:
    """One action: who claimed it with what, who verified it how; both empty until it happened."""

    id: str
    title: str
    owner: str
    prevents: str
    stage: ActionStage
    raised_by: str
    raised_at: datetime
    due_at: datetime | None
    claimed_by: str
    evidence: str
    verified_by: str
    how: str
    reason: str
    stream: str
    position: int


@dataclass(frozen=True, slots=True)
class ReportView:
    """One report of a station and what became of it."""

    id: str
    station: str
    text: str
    pulse: int
    stage: ReportStage
    said_at: datetime
    issue: str
    answer: str
    answered_by: str
    answered_at: datetime | None
    stream: str
    position: int


@dataclass(frozen=True, slots=True)
class Pulse:
    """How one station says it is: the mean of its reports and the newest of them (1 cannot work, 5 all is well)."""

    station: str
    reports: int
    mean: float
    latest: int


class ActionService:
    """The action tracker of one programme."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def raise_action(
        self, title: str, *, by: str, owner: str, prevents: str = "", due_at: datetime | None = None, key: str | None = None
    ) -> str:  # fmt: skip
        """Enter an action; returns its id. `prevents` names the failure it is to prevent. The same key enters it once."""
        wish = RaiseAction(by=by, title=title, owner=owner, prevents=prevents, due_at=due_at)
        return begin_numbered(self.desk, ACTION, action_stream("A"), wish, key).partition(":")[2]

    def claim(self, action: str, *, by: str, evidence: str) -> ActionState:
        """Say that it is done, and show it. Raises Refused without evidence."""
        return self._ask(action, ClaimAction(by=by, evidence=evidence))

    def verify(self, action: str, *, by: str, how: str) -> ActionState:
        """Look at the evidence. Raises Refused for whoever claimed it."""
        return self._ask(action, VerifyAction(by=by, how=how))

    def reopen(self, action: str, *, by: str, reason: str) -> ActionState:
        return self._ask(action, ReopenAction(by=by, reason=reason))

    def actions(self) -> list[ActionView]:
        """Every action, oldest first."""
        return [_action(life) for life in lives(self.desk.journal, ACTION, ACTION_EVENTS)]

    def _ask(self, action: str, command: Command) -> ActionState:
        stream = action_stream(action)
        if self.desk.load(ACTION, stream)[1] == 0:
            raise NotFound("action", action, (a.id for a in self.actions()))
        self.desk.ask(ACTION, stream, command)
        return self.desk.state(ACTION, stream)


class FeedbackService:
    """What stations say, without a sign-in, and what they are told."""

    def __init__(self, desk: Desk, programme: Programme) -> None:
        self.desk = desk
        self.programme = programme

    def report(
        self, station: str, text: str, pulse: int, *, said_by: str = "", key: str | None = None
    ) -> str:
        """Take what a station says; returns the report's id. `said_by` may stay empty: nobody has to sign in.

        Raises NotFound for a station the programme does not have, Invalid for a pulse outside 1 to 5.
        """
        self.programme.at_station(station)
        if pulse not in PULSES:
            raise Invalid(
                Problem(f"{pulse} is no pulse", field="pulse", expected="1 (cannot work) to 5 (all is well)")
            )
        wish = ReportFromStation(by=said_by or f"station {station}", station=station, text=text, pulse=pulse)
        return begin_numbered(self.desk, REPORT, report_stream("F"), wish, key).partition(":")[2]

    def answer(self, report: str, answer: str, *, by: str) -> ReportState:
        return self._ask(report, AnswerReport(by=by, answer=answer))

    def known_issue(self, report: str, issue: str, answer: str, *, by: str) -> ReportState:
        """It is known: say which issue, and what the station is to do meanwhile."""
        return self._ask(report, TieToIssue(by=by, issue=issue, answer=answer))

    def reports(self) -> list[ReportView]:
        """Every report, oldest first."""
        return [_report(life) for life in lives(self.desk.journal, REPORT, REPORT_EVENTS)]

    def pulse(self) -> list[Pulse]:
        """How each station that spoke says it is, the worst first."""
        said: dict[str, list[int]] = {}
        for report in self.reports():
            said.setdefault(report.station, []).append(report.pulse)
        found = [Pulse(name, len(all_), sum(all_) / len(all_), all_[-1]) for name, all_ in said.items()]
        return sorted(found, key=lambda p: (p.mean, p.station))

    def _ask(self, report: str, command: Command) -> ReportState:
        stream = report_stream(report)
        if self.desk.load(REPORT, stream)[1] == 0:
            raise NotFound("report", report, (r.id for r in self.reports()))
        self.desk.ask(REPORT, stream, command)
        return self.desk.state(REPORT, stream)


def _action(life: Life[ActionState]) -> ActionView:
    state, raised = life.state, life.state.raised
    assert raised is not None  # its first fact raises it
    return ActionView(
        id=life.name, title=raised.title, owner=raised.owner, prevents=raised.prevents, stage=state.stage,
        raised_by=state.raised_by, raised_at=life.first.at, due_at=raised.due_at, claimed_by=state.claimed_by,
        evidence=state.evidence, verified_by=state.verified_by, how=state.how, reason=state.reason,
        stream=life.stream, position=life.last.position,
    )  # fmt: skip


def _report(life: Life[ReportState]) -> ReportView:
    state, said = life.state, life.state.said
    assert said is not None and state.said_at is not None  # noqa: PT018  (its first fact says it)
    return ReportView(
        id=life.name, station=said.station, text=said.text, pulse=said.pulse, stage=state.stage, said_at=state.said_at,
        issue=state.issue, answer=state.answer, answered_by=state.answered_by, answered_at=state.answered_at,
        stream=life.stream, position=life.last.position,
    )  # fmt: skip
