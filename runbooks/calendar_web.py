"""Everybody's own calendar of a run by a signed link: what is theirs, with the times as they are expected when it is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from cutover.core.clock import Clock
from cutover.core.errors import Refused
from cutover.domain.programme import Programme
from cutover.web.acts import Download
from cutover.web.kit import Page, Query
from cutover.web.links import CALENDAR, LONGEST, Links
from cutover.web.visitor import visitor_of
from cutover.web.words import moment
from runbooks.formats.ics import person_calendar
from runbooks.run_calendars import expected_of
from runbooks.service import RunService

CALENDAR_PAGE = "/board/calendar"
KIND = "text/calendar; charset=utf-8"


@dataclass(frozen=True, slots=True)
class CalendarPage:
    """What `calendar.html` reads; `address` is the calendar's own, as a calendar program asks for it."""

    run_id: str
    title: str
    name: str
    address: str
    until: str


@dataclass(frozen=True, slots=True)
class CalendarPages:
    """The page that hands the link out, and what the link opens. A link's times are real ones."""

    service: RunService
    programme: Programme
    clock: Clock
    links: Links

    def pages(self) -> Sequence[Page]:
        return (
            Page(CALENDAR_PAGE, "runbooks", "calendar.html", CalendarPage, self.show),
            Page("/calendar/{link}", "runbooks", "calendar.html", Download, self.hand_out, anybody=True),
        )

    def show(self, query: Query) -> CalendarPage:
        """Raises Refused for nobody in particular."""
        visitor, run_id = visitor_of(query), self.service.find(query.get("run", ""))
        if self.programme.person(visitor.person) is None:
            raise Refused("a calendar is somebody's: sign in first")
        lasts = LONGEST - timedelta(minutes=1)
        address = self.links.calendar(visitor.person, run_id, lasts)
        return CalendarPage(
            run_id=run_id,
            title=self.service.state(run_id).runbook.title,
            name=visitor.name,
            address=f"{address}.ics",
            until=moment(self.links.clock.now() + lasts, self.programme.zone),
        )

    def hand_out(self, query: Query) -> Download:
        """Raises Refused for a link that opens nothing, with the reason."""
        link = self.links.read(query["link"].removesuffix(".ics"), CALENDAR)
        run_id, now = self.service.find(link.run), self.clock.now()
        state = self.service.state(run_id)
        seen = expected_of(self.service, state, now)
        content = person_calendar(state.runbook, self.programme, link.person, at=now, expected=seen)
        return Download(f"{run_id}-{link.person}.ics", KIND, content)
