"""`/at/STATION`: quick sign-in at a PC that many share, by badge number and PIN, at a station's own PCs only.

A PIN is short, so it is worth little elsewhere: it brings the roles of a station's paper and no other, for as long as
somebody works, and one person after another signs in with one step. It is counted before it is compared.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import structlog
from pydantic import Field

from cutover.core.errors import Invalid, Problem, Refused
from cutover.domain.programme import Person
from cutover.store.pins import Pins
from cutover.web.acts import Act, Done, Form, Sent, WrongFields
from cutover.web.kit import KIT, Page, Query
from cutover.web.passwords import Limit
from cutover.web.sign_in import SignIn
from cutover.web.tokens import Tokens, station_scope
from cutover.web.visitor import KnownBy, visitor_of

AT = "/at/{station}"
STATION_COOKIE = "cutover_station"  # what makes a PC known as a station's
_SHAPE = re.compile(r"[0-9]{6,8}")
DIGITS = 6  # of one that is issued
FEWEST = 3  # different ones
_RISING, _FALLING = "01234567890", "09876543210"
NOT_TOGETHER = "badge number and PIN do not belong together here"

log = structlog.get_logger()


class BadgeForm(Form):
    badge: str = Field(max_length=40)
    pin: str = Field(max_length=20)
    new_pin: str = Field(default="", max_length=20)


@dataclass(frozen=True, slots=True)
class BadgePage:
    """What `badge.html` reads; `to` is where its form goes, `who` whoever is signed in at the PC now."""

    title: str
    to: str
    act: str
    who: str


@dataclass
class BadgeSignIn:
    """The page and its act."""

    guard: SignIn
    pins: Pins
    tokens: Tokens
    crowd: Limit = field(init=False)  # failures at one PC, whoever they claim to be

    def __post_init__(self) -> None:
        self.crowd = replace(self.guard.crowd, of="badge from", most=20)

    def pages(self) -> Sequence[Page]:
        return (Page(AT, KIT, "badge.html", BadgePage, self._page, anybody=True),)

    def acts(self) -> Sequence[Act]:
        return (Act(AT, "sign in by badge", BadgeForm, self._sign_in, AT, anybody=True),)

    def issue(self, person_id: str, by: str) -> str:
        """A new PIN for a person with a badge and a station. Raises NotFound, Refused saying what programme.yaml lacks."""
        person = self.guard.programme.somebody(person_id)
        lacks = [f"`{name}:`" for name in ("badge", "station") if not getattr(person, name)]
        if lacks:
            raise Refused(f"{person.name} has no {' and no '.join(lacks)} in programme.yaml: a PIN is good with both")  # fmt: skip
        pin = new_pin(person.badge)
        self.pins.issue(person.id, self.guard.passwords.digest(pin), by, self.guard.wall.now())
        log.info("pin_issued", person=person.id, by=by)
        return pin

    def _page(self, query: Query) -> BadgePage | Done:
        station = self.guard.programme.at_station(query["station"]).id
        here = AT.format(station=station)
        if wait := self.guard.needs_cookie(query, here):
            return wait
        return BadgePage(self.guard.programme.station_title(station), here, AT, visitor_of(query).name)

    def _sign_in(self, form: BadgeForm, sent: Sent) -> Done:
        """Raises Refused for a PC that is not the station's, a wrong PIN, and after too many of them."""
        station = self.guard.programme.at_station(sent["station"]).id
        self.crowd.check(sent.source)
        self._check_pc(station, sent)
        person = self._whose(form.badge, station)
        pin = self.pins.attempt(person.id, self.guard.wall.now()) if person else None
        fits = self.guard.passwords.matches(pin.pin_hash if pin else "", form.pin)
        if person is None or pin is None or pin.locked_at or not fits:
            self.crowd.failed(sent.source)
            log.warning("sign_in_refused", person=person.id if person else "unknown", how="badge", station=station)  # fmt: skip
            locked = pin is not None and pin.locked_at
            raise Refused(NOT_TOGETHER + ("; this PIN is locked: ask for a new one" if locked else ""))
        self.pins.succeeded(person.id)
        if form.new_pin or pin.chosen_at is None:
            self._choose(person, form)
        return self.guard.enter(
            person, KnownBy.BADGE, sent.cookies, sent.source, f"/station/{station}", station=station
        )

    def _choose(self, person: Person, form: BadgeForm) -> None:
        """Their own PIN in place of the issued one, which whoever issued it knows. Raises WrongFields."""
        if not form.new_pin:
            raise WrongFields({"new_pin": "this PIN was issued to you: choose your own here, then sign in"})
        if form.new_pin == form.pin:
            raise WrongFields({"new_pin": "another one than before"})
        try:
            check_pin(form.new_pin, person.badge)
        except Invalid as error:
            raise WrongFields({"new_pin": str(error)}) from error
        self.pins.choose(person.id, self.guard.passwords.digest(form.new_pin), self.guard.wall.now())

    def _check_pc(self, station: str, sent: Sent) -> None:
        try:
            self.tokens.check(sent.cookies.get(STATION_COOKIE, ""), station_scope(station))
        except Refused as error:
            title = self.guard.programme.station_title(station)
            raise Refused(f"this PC is not known as one of {title}: open the station's link on it first (`cutover paper link {station}`)") from error  # fmt: skip

    def _whose(self, badge: str, station: str) -> Person | None:
        found = (p for p in self.guard.programme.people if p.badge and p.badge.casefold() == badge.casefold())
        person = next(found, None)
        barred = person is None or person.station != station or self.guard.accounts.is_disabled(person.id)
        return None if barred else person


def check_pin(pin: str, badge: str) -> None:
    """Raises Invalid for one that a neighbour would try first."""
    plain = len(set(pin)) < FEWEST or pin in _RISING or pin in _FALLING or (badge and badge in pin)
    if not _SHAPE.fullmatch(pin) or plain:
        raise Invalid(Problem("6 to 8 digits, not in a row, not two over and over, without the badge number"))


def new_pin(badge: str) -> str:
    """A PIN to issue: random, and none that would be refused."""
    while True:
        pin = "".join(secrets.choice("0123456789") for _ in range(DIGITS))
        try:
            check_pin(pin, badge)
        except Invalid:
            continue
        return pin
