"""The /conversions page: how far the paper is on its way into the target, what waits for a person, what could not be sent.

Paper and target stand side by side; a person says the same event, belongs with it, or another event, and why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from contingency.conversions import ConversionService
from contingency.domain.conversion import Candidate, Progress
from cutover.web.acts import Act, Done, Form, Sent
from cutover.web.kit import Page, Query
from cutover.web.visitor import Role, visitor_of
from cutover.web.words import moment

PACKAGE = "contingency"
AT = "/conversions"
SHOWN = 50
ROLES = (Role.HYPERCARE, Role.PROGRAMME_MANAGER, Role.SUPERVISOR)
LOOKS: dict[Progress, tuple[str, str, str]] = {
    Progress.WAITING: ("idle", "○", "waiting"),
    Progress.BEGUN: ("busy", "◐", "begun, no outcome yet"),
    Progress.SET_ASIDE: ("bad", "▲", "dead letters"),
    Progress.CONVERTED: ("ok", "✓", "created in the target"),
    Progress.MATCHED: ("warn", "◆", "may be there already: a person decides"),
    Progress.DISTINCT: ("idle", "○", "another event: goes on"),
    Progress.MERGED: ("ok", "✓", "merged: paper is the second source"),
    Progress.LINKED: ("ok", "✓", "linked"),
    Progress.REJECTED: ("bad", "✗", "rejected by the target"),
}


@dataclass(frozen=True, slots=True)
class MatchLine:
    """One sheet that waits for a person, beside the records that it may be."""

    serial: str
    paper: str
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class LetterLine:
    serial: str
    since: str
    reason: str


@dataclass(frozen=True, slots=True)
class ConversionsPage:
    """What `conversions.html` reads."""

    counts: tuple[tuple[tuple[str, str, str], int], ...]
    paused: str
    away: str
    matches: tuple[MatchLine, ...]
    more_matches: int
    letters: tuple[LetterLine, ...]
    more_letters: int
    may_act: bool


class DecideForm(Form):
    verdict: str = Field(pattern="^(merge|link|distinct)$")
    reference: str = Field(default="", max_length=200)
    reason: str = Field(default="", max_length=2000)


class ReasonForm(Form):
    reason: str = Field(max_length=2000)


class ConversionPages:
    """The page of one programme's back-conversion, and what people do on it."""

    def __init__(self, service: ConversionService, zone: str) -> None:
        self._service = service
        self._zone = zone

    def pages(self) -> Sequence[Page]:
        return (Page(AT, PACKAGE, "conversions.html", ConversionsPage, self._page, label="Conversions"),)

    def acts(self) -> Sequence[Act]:
        return (
            Act(
                f"{AT}/decide", "decide whether a sheet is in the target", DecideForm, self._decide, AT, ROLES
            ),
            Act(f"{AT}/pause", "pause back-conversion", ReasonForm, self._pause, AT, ROLES),
            Act(f"{AT}/resume", "resume back-conversion", Form, self._resume, AT, ROLES),
            Act(f"{AT}/requeue", "try a dead letter again", ReasonForm, self._requeue, AT, ROLES),
        )

    def _page(self, query: Query) -> ConversionsPage:
        status, working = self._service.status(), self._service.working()
        matches, letters = self._service.matches(), self._service.dead_letters()
        visitor = visitor_of(query)
        return ConversionsPage(
            counts=tuple(
                (LOOKS[progress], status[str(progress)]) for progress in Progress if status[str(progress)]
            ),
            paused=f"by {working.by}: {working.reason}" if working.is_paused else "",
            away=f"{working.away}; until {moment(working.away_until, self._zone)}"
            if working.away_until
            else "",
            matches=tuple(MatchLine(s, self._service.paper_shows(s), found) for s, found in matches[:SHOWN]),
            more_matches=max(0, len(matches) - SHOWN),
            letters=tuple(
                LetterLine(r.serial, moment(r.changed_at, self._zone), r.reason) for r in letters[:SHOWN]
            ),
            more_letters=max(0, len(letters) - SHOWN),
            may_act=visitor.may_act,
        )

    def _decide(self, form: DecideForm, sent: Sent) -> Done:
        serial, by = sent["serial"], sent.visitor.person
        if form.verdict == "distinct":
            self._service.dismiss_match(serial, by=by, reason=form.reason)
        elif form.verdict == "merge":
            self._service.confirm_match(serial, merge_into=form.reference, by=by, reason=form.reason)
        else:
            self._service.link(serial, to=form.reference, by=by, reason=form.reason)
        return Done(AT, f"{serial}: decided in your name.")

    def _pause(self, form: ReasonForm, sent: Sent) -> Done:
        self._service.pause(by=sent.visitor.person, reason=form.reason)
        return Done(AT, "Paused in your name; what is begun comes to its end.")

    def _resume(self, _form: Form, sent: Sent) -> Done:
        self._service.resume(by=sent.visitor.person)
        return Done(AT, "Batches are taken again.")

    def _requeue(self, form: ReasonForm, sent: Sent) -> Done:
        self._service.requeue([sent["serial"]], by=sent.visitor.person, reason=form.reason)
        return Done(AT, f"{sent['serial']} is tried again; the target is asked first.")
