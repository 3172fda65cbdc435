"""Who somebody is: a session, a public link, or the one person a laptop rehearsal is served as. Pages /sign-in, /open.

Accounts belong to people of programme.yaml; their roles stand there and nowhere else. A session is a random token
in a cookie that scripts cannot read; the database keeps its hash, so that it can be ended from anywhere.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote

import structlog
from pydantic import Field

from cutover.core.clock import Clock, show
from cutover.core.errors import Invalid, Problem, Refused, Unavailable
from cutover.domain.programme import Person, Programme
from cutover.store.accounts import Accounts
from cutover.store.attempts import Attempts
from cutover.store.sessions import Session, lasting
from cutover.web.acts import Act, Cookie, Done, Form, NoFields, Sent
from cutover.web.kit import KIT, SIGN_IN, Page, Query
from cutover.web.links import PUBLIC, PUBLIC_PATH, Links
from cutover.web.passwords import LONGEST, Limit, Passwords
from cutover.web.recent import Recent
from cutover.web.visitor import BY_BADGE, KnownBy, Visitor, form_token, visitor_of

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
    """What `sign_in.html` reads; `how_to` is the command that makes an account where there is none.

    `provider` is what a single sign-on is called, '' where there is none; `away` leads to it.
    """

    then: str
    how_to: str
    provider: str
    away: str


@dataclass
class SignIn:
    """The guard of a programme's pages. `as_person` is who everybody acts as, on loopback only.

    `provider` is the name of a single sign-on that is wired beside it.
    """

    accounts: Accounts
    links: Links
    programme: Programme
    wall: Clock
    as_person: str = ""
    passwords: Passwords = field(default_factory=Passwords)
    provider: str = ""
    limit: Limit = field(init=False)  # failures of one name
    crowd: Limit = field(init=False)  # failures of one address, whoever they claim to be
    _secret: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    _seen: Recent = field(default_factory=Recent)

    def __post_init__(self) -> None:
        attempts = Attempts(self.accounts.engine)
        self.limit = Limit(attempts, self.wall, "person")
        self.crowd = Limit(attempts, self.wall, "from", most=30)
        if self.as_person:
            self.programme.somebody(self.as_person)

    # --- the guard ---

    def visitor(self, cookies: Mapping[str, str]) -> Visitor:
        if self.as_person:
            return self._known(self.programme.somebody(self.as_person), KnownBy.AS, self._secret)
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

    def _of_session(self, token: str) -> Visitor | None:
        session = self.accounts.sessions.of(token, self.wall.now())
        person = self.programme.person(session.person) if session else None
        if session is None or person is None or (session.station and session.station != person.station):
            return None
        known = self._known(person, KnownBy(session.how), token)
        return replace(known, roles=_roles(person, session), station=session.station)

    def seen(self, cookies: Mapping[str, str]) -> None:
        token, now = cookies.get(SESSION_COOKIE, ""), self.wall.now()
        if token and (session := self.accounts.sessions.of(token, now)):
            self.accounts.sessions.seen(session, token, now)

    def may_read(self, visitor: Visitor, *, public: bool) -> bool:
        """Somebody who is known; through a public link what is public; and anybody while nobody has an account."""
        if visitor.known_by is KnownBy.NOTHING:
            return not self.can_sign_in()
        return public or visitor.known_by is not KnownBy.PUBLIC_LINK

    def can_sign_in(self) -> bool:
        """Whether there is any way to."""
        return bool(self.provider) or self.accounts.any()

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
        then = inside(query.get("then", ""))
        quoted = quote(then, safe="")
        if wait := self.needs_cookie(query, f"{SIGN_IN}?then={quoted}"):
            return wait
        away = f"{SIGN_IN}/provider?then={quoted}"
        return SignInPage(then, "" if self.can_sign_in() else HOW_TO, self.provider, away)

    def needs_cookie(self, query: Query, here: str) -> Done | None:
        """Before a form can be sent: a secret of this browser, which its forms prove. None once it has one."""
        if visitor_of(query).token:
            return None
        if query.get("cookies") == "needed":
            raise Refused(
                "this browser keeps no cookies, and without one nobody can sign in: allow them for this site"
            )
        cookie = Cookie(FORM_COOKIE, secrets.token_urlsafe(32), FORM_SECONDS)
        return Done(f"{here}{'&' if '?' in here else '?'}cookies=needed", cookies=(cookie,))

    def _open(self, query: Query) -> Done:
        """Raises Refused for a link that is broken, expired or revoked."""
        link = self.links.read(query["link"], PUBLIC)
        seconds = int((link.expires_at - self.wall.now()).total_seconds())
        return Done("/", cookies=(Cookie(READER_COOKIE, query["link"], max(seconds, 1)),))

    def _sign_in(self, form: SignInForm, sent: Sent) -> Done:
        self.crowd.check(sent.source)
        person = self.programme.person(form.person)
        if not self._knows(form) or person is None:
            self.crowd.failed(sent.source)
            # A name that nobody has may be a password in the wrong field: it is not written down.
            log.warning("sign_in_refused", person=person.id if person else "unknown", source=sent.source)
            raise Refused("name and password do not belong together")
        self.limit.succeeded(form.person)
        return self.enter(person, KnownBy.ACCOUNT, sent.cookies, sent.source, form.then)

    def _knows(self, form: SignInForm) -> bool:
        """Whether it is the password; counted before it is looked at, and not counted where nobody came to look."""
        mark = self.limit.attempt(form.person)
        try:
            return self.passwords.matches(self.accounts.hash_of(form.person), form.password)
        except Unavailable:
            self.limit.attempts.take_back(mark)
            raise

    def enter(
        self,
        person: Person,
        how: KnownBy,
        cookies: Mapping[str, str],
        source: str,
        then: str,
        *,
        roles: frozenset[str] = frozenset(),
        station: str = "",
        forget: Iterable[str] = (),
    ) -> Done:
        """Signed in, in place of whoever was: a new session, and nothing that the browser brought stays good.

        Raises Refused for somebody whose account is disabled, by whatever way they come.
        """
        if self.accounts.is_disabled(person.id):
            raise Refused(f"{person.name} may not sign in any more: the account is disabled")
        before = cookies.get(SESSION_COOKIE, "")
        token = self.accounts.sessions.open(
            person.id,
            self.wall.now(),
            how=how,
            roles=roles,
            station=station,
            source=source,
            instead_of=before,
        )
        self._seen.forget(before)
        log.info("signed_in", person=person.id, how=str(how), source=source)
        gone = [Cookie(name, "", 0) for name in (FORM_COOKIE, READER_COOKIE, *forget)]
        cookie = Cookie(SESSION_COOKIE, token, int(lasting(how).whole.total_seconds()))
        return Done(inside(then) or "/", f"Signed in as {person.name}.", (cookie, *gone))

    def _sign_out(self, form: NoFields, sent: Sent) -> Done:
        del form
        session = sent.cookies.get(SESSION_COOKIE, "")
        self.accounts.sessions.close(session)
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


def _roles(person: Person, session: Session) -> frozenset[str]:
    """The roles of programme.yaml, with those a provider gave; by badge only those of a station's paper."""
    held = frozenset(person.roles)
    return held & BY_BADGE if session.how == KnownBy.BADGE else held | session.roles


def inside(address: str) -> str:
    """An address on this site, or ''."""
    safe = address.startswith("/") and not address.startswith("//") and address.isprintable()
    return address if safe and "\\" not in address else ""
