"""`/feedback`: what stations say, without a sign-in, and what each of them was answered. Too much at once is refused."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from pydantic import Field

from contingency.domain.improvements import LONGEST, ReportStage
from contingency.improvements import FeedbackService, ReportView
from contingency.incidents import IssueService
from cutover.core.clock import Clock
from cutover.core.errors import Refused
from cutover.web.acts import Act, Done, Form, Sent
from cutover.web.kit import Page, Query
from cutover.web.visitor import Role, visitor_of
from cutover.web.words import lasting, moment

PACKAGE, FEEDBACK = "contingency", "/feedback"
ROLES = (Role.HYPERCARE, Role.PROGRAMME_MANAGER, Role.SUPERVISOR, Role.DECIDER)
MOST, WITHIN, SOURCES = 20, timedelta(minutes=10), 10_000
SHOWN = 200
PULSE = {1: "cannot work", 2: "barely", 3: "with trouble", 4: "mostly well", 5: "all is well"}
POOR, FAIR = 2.5, 3.5
LOOKS: dict[ReportStage, tuple[str, str, str]] = {
    ReportStage.OPEN: ("warn", "○", "not answered yet"),
    ReportStage.KNOWN_ISSUE: ("busy", "◐", "known issue"),
    ReportStage.ANSWERED: ("ok", "✓", "answered"),
}
Look = tuple[str, str, str]


class SayForm(Form):
    station: str = Field(max_length=80)
    text: str = Field(min_length=1, max_length=LONGEST)
    pulse: int = Field(ge=1, le=5)


class AnswerForm(Form):
    answer: str = Field(max_length=2000)


class TieForm(Form):
    issue: str = Field(min_length=1, max_length=80)
    answer: str = Field(max_length=2000)


@dataclass(frozen=True, slots=True)
class ReportLine:
    id: str
    station: str
    said: str
    text: str
    pulse: str
    look: Look
    issue: str
    answer: str
    answered: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class PulseLine:
    station: str
    look: Look
    reports: int


@dataclass(frozen=True, slots=True)
class IssueLine:
    id: str
    title: str
    meanwhile: str
    owner: str
    until: str
    expired: bool


@dataclass(frozen=True, slots=True)
class FeedbackPage:
    """What `feedback.html` reads."""

    stations: tuple[tuple[str, str], ...]
    pulses: tuple[tuple[int, str], ...]
    issues: tuple[IssueLine, ...]
    reports: tuple[ReportLine, ...]
    pulse: tuple[PulseLine, ...]
    unanswered: int
    total: int
    may_answer: bool


class FeedbackPages:
    """The page, and what is done on it."""

    def __init__(self, feedback: FeedbackService, issues: IssueService, zone: str, clock: Clock) -> None:
        self._feedback = feedback
        self._issues = issues
        self._zone = zone
        self._clock = clock
        self._said: dict[str, deque[datetime]] = {}
        self._lock = Lock()

    def pages(self) -> Sequence[Page]:
        return (
            Page(
                FEEDBACK, PACKAGE, "feedback.html", FeedbackPage, self._page, label="Feedback", anybody=True
            ),
        )

    def acts(self) -> Sequence[Act]:
        return (
            Act(FEEDBACK, "say how it is", SayForm, self._say, FEEDBACK, anybody=True, own_token=True),
            Act("/feedback/{report}/answer", "answer a station", AnswerForm, self._answer, FEEDBACK, ROLES),
            Act("/feedback/{report}/issue", "answer a station", TieForm, self._tie, FEEDBACK, ROLES),
        )

    def _page(self, query: Query) -> FeedbackPage:
        now, reports = self._clock.now(), self._feedback.reports()
        names = {s.id: s.title for s in self._feedback.programme.stations}
        newest = sorted(reports, key=lambda r: (r.stage is not ReportStage.OPEN, -r.position))
        visitor = visitor_of(query)
        return FeedbackPage(
            stations=tuple(names.items()),
            pulses=tuple(PULSE.items()),
            issues=tuple(self._issue_lines(now)),
            reports=tuple(_line(r, names, now, self._zone) for r in newest[:SHOWN]),
            pulse=tuple(
                PulseLine(names.get(p.station, p.station), _mean(p.mean), p.reports)
                for p in self._feedback.pulse()
            ),
            unanswered=sum(r.stage is ReportStage.OPEN for r in reports),
            total=len(reports),
            may_answer=visitor.may_act and visitor.has(*ROLES),
        )

    def _issue_lines(self, now: datetime) -> Sequence[IssueLine]:
        return [
            IssueLine(
                name,
                s.known.title,
                s.known.meanwhile,
                s.known.owner,
                moment(s.expires_at, self._zone),
                s.expired(now),
            )
            for name, s in self._issues.known().items()
            if s.known
        ]

    def _say(self, form: SayForm, sent: Sent) -> Done:
        self._not_too_often(sent.source)
        name = self._feedback.report(form.station, form.text, form.pulse)
        return Done(
            f"{FEEDBACK}#{name}", f"Thank you: your report is {name}. The answer will stand on this page."
        )

    def _not_too_often(self, source: str) -> None:
        """Raises Refused for more than twenty reports from one address within ten minutes."""
        now = self._clock.now()
        with self._lock:
            said = self._said.setdefault(source, deque())
            while said and now - said[0] >= WITHIN:
                said.popleft()
            if len(said) >= MOST:
                raise Refused(
                    f"{MOST} reports came from here within {lasting(WITHIN)}: wait a little, or telephone"
                )
            said.append(now)
            if len(self._said) > SOURCES:
                del self._said[next(iter(self._said))]

    def _answer(self, form: AnswerForm, sent: Sent) -> Done:
        self._feedback.answer(sent["report"], form.answer, by=sent.visitor.person)
        return Done(f"{FEEDBACK}#{sent['report']}", f"{sent['report']} is answered in your name.")

    def _tie(self, form: TieForm, sent: Sent) -> Done:
        self._feedback.known_issue(sent["report"], form.issue, form.answer, by=sent.visitor.person)
        return Done(f"{FEEDBACK}#{sent['report']}", f"{sent['report']} is a known issue: {form.issue}.")


def _line(report: ReportView, names: dict[str, str], now: datetime, zone: str) -> ReportLine:
    answered = f"{moment(report.answered_at, zone)} by {report.answered_by}" if report.answered_at else ""
    return ReportLine(
        report.id, names.get(report.station, report.station), f"{moment(report.said_at, zone)}, {lasting(now - report.said_at)} ago",
        report.text, f"{report.pulse}, {PULSE[report.pulse]}", LOOKS[report.stage], report.issue, report.answer, answered,
        report.stage is not ReportStage.ANSWERED,
    )  # fmt: skip


def _mean(mean: float) -> Look:
    look, sign = ("bad", "✗") if mean < POOR else ("warn", "!") if mean < FAIR else ("ok", "✓")
    return look, sign, f"{mean:.1f} of 5"
