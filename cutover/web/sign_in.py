"""Who somebody is: a session, a public link, or the one person a laptop rehearsal is served as. Pages /sign-in, /open.

Accounts belong to people of programme.yaml; their roles stand there and nowhere else. A session is a random token
in a cookie that scripts cannot read; the database keeps its hash, so that it can be ended from anywhere.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

import structlog
from pydantic import Field

from cutover.core.clock import Clock, show
from cutover.core.errors import Invalid, NotFound, Problem, Refused
from cutover.domain.programme import Person, Programme
from cutover.store.accounts import SESSION, Accounts
from cutover.web.acts import Act, Cookie, Done, Form, NoFields, Sent
from cutover.web.kit import KIT, SIGN_IN, Page, Query
from cutover.web.links import PUBLIC, PUBLIC_PATH, Links
from cutover.web.passwords import LONGEST, Limit, Passwords
from cutover.web.recent import Recent
from cutover.web.visitor import KnownBy, Visitor, form_token, visitor_of

SESSION_COOKIE, READER_COOKIE, FORM_COOKIE = "cutover_session", "cutover_reader", "cutover_form"
SIGN_OUT = "/sign-out"
FORM_SECONDS = 24 * 3600
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
HOW_TO = "cutover account add PERSON"

log = structlog.get_logger()


class SignInForm(Form):
    person: str = Field(max_length=80)
    password: str = Field(max_length=LONGEST)
    then: str = ""


@dataclass(frozen=True, slots=True)
class SignInPage:
    """What `sign_in.html` reads; `how_to` is the command that makes an account where there is none."""

    then: str
    how_to: str


@dataclass
class SignIn:
    """The guard of a programme's pages. `as_person` is who everybody acts as, on loopback only."""

    accounts: Accounts
    links: Links
    programme: Programme
    wall: Clock
    as_person: str = ""
    passwords: Passwords = field(default_factory=Passwords)
    limit: Limit = field(default_factory=Limit)
    crowd: Limit = field(
        default_factory=lambda: Limit(most=30)
    )  # failures of one address, whoever they claim to be
    _secret: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    _seen: Recent = field(default_factory=Recent)

    def __post_init__(self) -> None:
        if self.as_person:
            self._person(self.as_person)

    # --- the guard ---

    def visitor(self, cookies: Mapping[str, str]) -> Visitor:
        if self.as_person:
            return self._known(self._person(self.as_person), KnownBy.AS, self._secret)
        session, reader = cookies.get(SESSION_COOKIE, ""), cookies.get(READER_COOKIE, "")
        found = (self._of_session(session) if session else None) or (self._reader(reader) if reader else None)
        if found is not None:
            self._seen.note((session, reader), found)
        return found or Visitor(token=form_token(cookies.get(FORM_COOKIE, "")))

    def recent(self, cookies: Mapping[str, str]) -> Visitor | None:
        """Who somebody was a moment ago: an open page is renewed for a session that ended since, some seconds long."""
        if self.as_person:
            return self.visitor(cookies)
        return self._seen.of((cookies.get(SESSION_COOKIE, ""), cookies.get(READER_COOKIE, "")))

    def _of_session(self, session: str) -> Visitor | None:
        who = self.accounts.person_of(session, self.wall.now())
        person = self.programme.person(who) if who else None
        return self._known(person, KnownBy.ACCOUNT, session) if person else None

    def may_read(self, visitor: Visitor, *, public: bool) -> bool:
        """Somebody who is known; through a public link what is public; and anybody while nobody has an account."""
        if visitor.known_by is KnownBy.NOTHING:
            return not self.accounts.any()
        return public or visitor.known_by is not KnownBy.PUBLIC_LINK

    def check_host(self, host: str) -> None:
        """While everybody acts as one person, a page of another site must not reach us under its own name."""
        name = host.rpartition(":")[0].strip("[]") or host
        if self.as_person and name not in LOOPBACK and host.strip("[]") not in LOOPBACK:
            raise Refused(f"served as {self.as_person} for this machine only, not for '{host}'")

    def _known(self, person: Person, by: KnownBy, secret: str) -> Visitor:
        return Visitor(person.id, person.name, frozenset(person.roles), by, form_token(secret))

    def _reader(self, token: str) -> Visitor | None:
        try:
            link = self.links.read(token, PUBLIC)
        except Refused:
            return None
        until = show(link.expires_at, self.programme.zone)
        return Visitor(known_by=KnownBy.PUBLIC_LINK, until=until)

    def _person(self, who: str) -> Person:
        """Raises NotFound."""
        person = self.programme.person(who)
        if person is None:
            raise NotFound("person", who, [p.id for p in self.programme.people])
        return person

    # --- pages and acts ---

    def pages(self) -> Sequence[Page]:
        return (
            Page(SIGN_IN, KIT, "sign_in.html", SignInPage, self._page, anybody=True),
            Page(f"{PUBLIC_PATH}/{{link}}", KIT, "sign_in.html", SignInPage, self._open, anybody=True),
        )

    def acts(self) -> Sequence[Act]:
        return (
            Act(SIGN_IN, "sign in", SignInForm, self._sign_in, SIGN_IN, anybody=True),
            Act(SIGN_OUT, "sign out", NoFields, self._sign_out, SIGN_IN, anybody=True),
        )

    def _page(self, query: Query) -> SignInPage | Done:
        then = _inside(query.get("then", ""))
        if not visitor_of(query).token:  # the first look: a secret of this browser, which its forms prove
            cookie = Cookie(FORM_COOKIE, secrets.token_urlsafe(32), FORM_SECONDS)
            if query.get("cookies") == "needed":
                raise Refused(
                    "this browser keeps no cookies, and without one nobody can sign in: allow them for this site"
                )
            return Done(f"{SIGN_IN}?cookies=needed&then={quote(then, safe='')}", cookies=(cookie,))
        return SignInPage(then, "" if self.accounts.any() else HOW_TO)

    def _open(self, query: Query) -> Done:
        """Raises Refused for a link that is broken, expired or revoked."""
        link = self.links.read(query["link"], PUBLIC)
        seconds = int((link.expires_at - self.wall.now()).total_seconds())
        return Done("/", cookies=(Cookie(READER_COOKIE, query["link"], max(seconds, 1)),))

    def _sign_in(self, form: SignInForm, sent: Sent) -> Done:
        name, source = f"person:{form.person}", f"from:{sent.source}"
        self.limit.check(name)
        self.crowd.check(source)
        stored = self.accounts.hash_of(form.person)
        if not self.passwords.matches(stored, form.password) or self.programme.person(form.person) is None:
            self.limit.failed(name)
            self.crowd.failed(source)
            log.warning("sign_in_refused", person=form.person, source=sent.source)
            raise Refused("name and password do not belong together")
        self.limit.succeeded(name)
        token = self.accounts.open_session(form.person, self.wall.now())
        log.info("signed_in", person=form.person, source=sent.source)
        cookies = (
            Cookie(SESSION_COOKIE, token, int(SESSION.total_seconds())),
            Cookie(FORM_COOKIE, "", 0),
            Cookie(READER_COOKIE, "", 0),
        )
        return Done(_inside(form.then) or "/", f"Signed in as {self._person(form.person).name}.", cookies)

    def _sign_out(self, form: NoFields, sent: Sent) -> Done:
        del form
        session = sent.cookies.get(SESSION_COOKIE, "")
        self.accounts.close_session(session)
        self._seen.forget(session)
        return Done(SIGN_IN, "Signed out.", (Cookie(SESSION_COOKIE, "", 0),))


def check_reach(host: str, *, has_accounts: bool, as_person: str, to_anybody: bool) -> None:
    """What may be served where. Raises Invalid for pages that a network would read, or act on, without a sign-in."""
    if host in LOOPBACK:
        return
    if as_person:
        where = f"--as {as_person} lets whoever reaches the page act as {as_person}"
        raise Invalid(Problem(where, field="--as", expected="--host 127.0.0.1, or accounts: " + HOW_TO))
    if not has_accounts and not to_anybody:
        what = f"on {host} everybody who reaches it would read the plan and its people, and nobody could act"
        mend = f"an account first ({HOW_TO}), or --to-anybody to let the network read"
        raise Invalid(Problem(what, field="--host", expected=mend))


def _inside(address: str) -> str:
    """An address on this site, or ''."""
    safe = address.startswith("/") and not address.startswith(("//", "/\\")) and "\n" not in address
    return address if safe and "\r" not in address and "\\" not in address else ""
