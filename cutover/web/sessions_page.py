"""`/sessions`: where I am signed in, and, for those who look after others, where everybody is and who has a PIN.

Whoever sees a sign-in that is not theirs ends it here, at once and for every process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from cutover.domain.programme import Person, Programme
from cutover.store.pins import Pin
from cutover.store.sessions import Session
from cutover.web.acts import Act, Done, Form, Sent
from cutover.web.badge import BadgeSignIn
from cutover.web.kit import KIT, Page, Query
from cutover.web.sign_in import SignIn
from cutover.web.visitor import Role, visitor_of
from cutover.web.words import moment

PATH = "/sessions"
END, END_ALL, ISSUE, WITHDRAW = f"{PATH}/end", f"{PATH}/end-all", f"{PATH}/pin", f"{PATH}/pin/withdraw"
LOOK_AFTER = (Role.PROGRAMME_MANAGER, Role.ADMIN)
_HOW = {"account": "password", "provider": "single sign-on", "badge": "badge and PIN"}

log = structlog.get_logger()


class SessionForm(Form):
    session: str


class PersonForm(Form):
    person: str


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One sign-in as a line; `id` names it."""

    id: str
    person: str
    name: str
    how: str
    where: str
    since: str
    seen: str
    ends: str


@dataclass(frozen=True, slots=True)
class PinLine:
    """One person with a badge, and how it stands with their PIN; `state` is '' for none."""

    person: str
    name: str
    badge: str
    station: str
    state: str
    issued: str


@dataclass(frozen=True, slots=True)
class SessionsPage:
    """What `sessions.html` reads; `others` and `pins` are for those who look after others."""

    mine: tuple[SessionLine, ...]
    others: tuple[SessionLine, ...]
    pins: tuple[PinLine, ...]
    looks_after: bool


@dataclass(frozen=True)
class SessionPages:
    """The page and its acts."""

    guard: SignIn
    badges: BadgeSignIn

    @property
    def programme(self) -> Programme:
        return self.guard.programme

    def pages(self) -> Sequence[Page]:
        return (Page(PATH, KIT, "sessions.html", SessionsPage, self._page),)

    def acts(self) -> Sequence[Act]:
        return (
            Act(END, "end a sign-in", SessionForm, self._end, PATH),
            Act(END_ALL, "sign somebody out everywhere", PersonForm, self._end_all, PATH, LOOK_AFTER),
            Act(ISSUE, "issue a PIN", PersonForm, self._issue, PATH, LOOK_AFTER),
            Act(WITHDRAW, "withdraw a PIN", PersonForm, self._withdraw, PATH, LOOK_AFTER),
        )

    def _page(self, query: Query) -> SessionsPage:
        visitor, now = visitor_of(query), self.guard.wall.now()
        open_ = self.guard.accounts.sessions.list(now) if visitor.person else []
        mine = tuple(self._line(one) for one in open_ if one.person == visitor.person)
        if not visitor.has(*LOOK_AFTER):
            return SessionsPage(mine, (), (), looks_after=False)
        others = tuple(self._line(one) for one in open_ if one.person != visitor.person)
        return SessionsPage(mine, others, self._pins(), looks_after=True)

    def _line(self, one: Session) -> SessionLine:
        where, zone = one.station or one.source, self.programme.zone
        times = (moment(at, zone) for at in (one.created_at, one.seen_at, one.ends_at))
        return SessionLine(one.id, one.person, self._name(one.person), _HOW.get(one.how, one.how), where, *times)  # fmt: skip

    def _pins(self) -> tuple[PinLine, ...]:
        issued = {pin.person: pin for pin in self.badges.pins.list()}
        return tuple(self._pin(p, issued.get(p.id)) for p in self.programme.people if p.badge)

    def _pin(self, person: Person, pin: Pin | None) -> PinLine:
        issued = f"{moment(pin.issued_at, self.programme.zone)} by {pin.issued_by}" if pin else ""
        return PinLine(person.id, person.name, person.badge, person.station, pin.state if pin else "", issued)

    # --- acts ---

    def _end(self, form: SessionForm, sent: Sent) -> Done:
        """One's own; whoever looks after others ends any. Raises NotFound."""
        whose = "" if sent.visitor.has(*LOOK_AFTER) else sent.visitor.person
        person = self.guard.accounts.sessions.revoke(form.session, whose)
        log.info("session_ended", person=person, by=sent.visitor.person)
        return Done(PATH, f"One sign-in of {self._name(person)} has ended.")

    def _end_all(self, form: PersonForm, sent: Sent) -> Done:
        places = self.guard.accounts.sessions.close_all(form.person)
        log.info("sessions_ended", person=form.person, by=sent.visitor.person, places=places)
        return Done(PATH, f"{self._name(form.person)} is signed out in {places} place{'' if places == 1 else 's'}.")  # fmt: skip

    def _issue(self, form: PersonForm, sent: Sent) -> Done:
        """Shown once. Raises NotFound, Refused."""
        pin = self.badges.issue(form.person, sent.visitor.person)
        return Done(PATH, f"The PIN of {self._name(form.person)} is {pin}: tell nobody else. It is to be changed at its first use.")  # fmt: skip

    def _withdraw(self, form: PersonForm, sent: Sent) -> Done:
        self.badges.pins.withdraw(form.person)
        log.info("pin_withdrawn", person=form.person, by=sent.visitor.person)
        return Done(PATH, f"{self._name(form.person)} has no PIN any more.")

    def _name(self, person: str) -> str:
        return self.programme.name_of(person)
