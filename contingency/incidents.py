"""Incidents and known issues of one programme: reported, explained, proved, and told to whoever meets them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from contingency.domain.incidents import EVENTS as INCIDENT_EVENTS
from contingency.domain.incidents import (
    INCIDENT,
    Cause,
    ClaimCause,
    IncidentStage,
    IncidentState,
    ReopenIncident,
    ReportIncident,
    VerifyCause,
    incident_stream,
)
from contingency.domain.issues import EVENTS as ISSUE_EVENTS
from contingency.domain.issues import (
    ISSUE,
    IssueStage,
    IssueState,
    KnowIssue,
    RenewIssue,
    ResolveIssue,
    issue_stream,
)
from contingency.trail import begin_numbered, lives
from cutover.core.errors import NotFound
from cutover.core.event import Command
from cutover.store.desk import Ask, Desk


@dataclass(frozen=True, slots=True)
class IncidentSum:
    """Where all incidents stand: by stage, by verified cause, the oldest that is open, closed without evidence (none)."""

    stages: dict[str, int]
    causes: dict[str, int]
    oldest: str
    oldest_age: timedelta
    reopened: int
    unproved: int


class IncidentService:
    """Incidents of one programme."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def report(
        self,
        symptom: str,
        *,
        by: str,
        area: str = "",
        urgency: int = 2,
        key: str | None = None,
        at: datetime | None = None,
    ) -> str:
        """Take a symptom as it is told; returns the incident's id. The same key takes it once."""
        wish = ReportIncident(by=by, symptom=symptom, area=area, urgency=urgency)
        if key is None:
            return begin_numbered(self.desk, INCIDENT, incident_stream("I"), wish, None).partition(":")[2]
        self.desk.ask(INCIDENT, incident_stream(key), wish, key=f"incident {key}", at=at)
        return key

    def take_all(self, reports: Sequence[tuple[str, datetime, ReportIncident]]) -> None:
        """Take many, as a service desk's export brings them: each once, all or none."""
        asks = [Ask(INCIDENT, incident_stream(k), wish, f"incident {k}", at) for k, at, wish in reports]
        self.desk.ask_all(asks)

    def claim(
        self, incident: str, cause: Cause, *, by: str, evidence: str = "", at: datetime | None = None
    ) -> IncidentState:
        return self._ask(incident, ClaimCause(by=by, cause=cause, evidence=evidence), at)

    def verify(self, incident: str, *, by: str, evidence: str, at: datetime | None = None) -> IncidentState:
        """Close it with what proves its cause. Raises Refused without, and for whoever claimed the cause."""
        return self._ask(incident, VerifyCause(by=by, evidence=evidence), at)

    def reopen(self, incident: str, *, by: str, reason: str, at: datetime | None = None) -> IncidentState:
        return self._ask(incident, ReopenIncident(by=by, reason=reason), at)

    def state(self, incident: str) -> IncidentState:
        """How one stands; unreported when nobody has told it."""
        return self.desk.state(INCIDENT, incident_stream(incident))

    def all(self) -> dict[str, IncidentState]:
        """Every incident by id, oldest first."""
        return {life.name: life.state for life in lives(self.desk.journal, INCIDENT, INCIDENT_EVENTS)}

    def sum(self, now: datetime | None = None) -> IncidentSum:
        at, found = now or self.desk.clock.now(), self.all()
        still = {
            name: s for name, s in found.items() if s.stage is not IncidentStage.CLOSED and s.reported_at
        }
        closed = [s for s in found.values() if s.stage is IncidentStage.CLOSED]
        oldest = min(still, key=lambda name: (still[name].reported_at or at, name), default="")
        return IncidentSum(
            stages=dict(Counter(str(s.stage) for s in found.values())),
            causes=dict(Counter(str(s.cause) for s in closed)),
            oldest=oldest,
            oldest_age=at - (still[oldest].reported_at or at) if oldest else timedelta(0),
            reopened=sum(s.reopened > 0 for s in found.values()),
            unproved=sum(not s.evidence.strip() or not s.verified_by for s in closed),
        )

    def _ask(self, incident: str, command: Command, at: datetime | None) -> IncidentState:
        stream = incident_stream(incident)
        if self.desk.load(INCIDENT, stream)[1] == 0:
            raise NotFound("incident", incident, self.all())
        self.desk.ask(INCIDENT, stream, command, at=at)
        return self.desk.state(INCIDENT, stream)


class IssueService:
    """The known issues of one programme."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def know(
        self, name: str, title: str, *, by: str, owner: str, meanwhile: str, expires_at: datetime
    ) -> IssueState:
        """Put an issue on the list. Raises Refused without an owner, a way round or a day still to come."""
        wish = KnowIssue(by=by, title=title, owner=owner, meanwhile=meanwhile, expires_at=expires_at)
        self.desk.ask(ISSUE, issue_stream(name), wish)
        return self.desk.state(ISSUE, issue_stream(name))

    def renew(self, name: str, *, by: str, expires_at: datetime, why: str) -> IssueState:
        return self._ask(name, RenewIssue(by=by, expires_at=expires_at, why=why))

    def resolve(self, name: str, *, by: str, evidence: str) -> IssueState:
        return self._ask(name, ResolveIssue(by=by, evidence=evidence))

    def known(self) -> dict[str, IssueState]:
        """The issues that are not resolved, the one to look at first first."""
        found = {life.name: life.state for life in lives(self.desk.journal, ISSUE, ISSUE_EVENTS)}
        still = {name: state for name, state in found.items() if state.stage is IssueStage.KNOWN}
        return dict(
            sorted(still.items(), key=lambda pair: (pair[1].expires_at is None, pair[1].expires_at, pair[0]))
        )

    def _ask(self, name: str, command: Command) -> IssueState:
        stream = issue_stream(name)
        if self.desk.load(ISSUE, stream)[1] == 0:
            raise NotFound("known issue", name, self.known())
        self.desk.ask(ISSUE, stream, command)
        return self.desk.state(ISSUE, stream)
