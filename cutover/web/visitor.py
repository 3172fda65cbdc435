"""Who reads a page or acts on it, how they are known, and what their roles let them do. Decides no task: machines do."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cutover.core.errors import Refused


class Role(StrEnum):
    """What a person of programme.yaml may be; a person without any works on the tasks of their own and their team."""

    PROGRAMME_MANAGER = "programme_manager"
    DECIDER = "decider"
    HYPERCARE = "hypercare"
    STATION = "station"
    KEYER = "keyer"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    ADMIN = "admin"


class KnownBy(StrEnum):
    """How a visitor is known."""

    NOTHING = "nothing"
    ACCOUNT = "account"
    PROVIDER = "provider"  # single sign-on
    BADGE = "badge"  # badge number and PIN, at a PC of a station
    AS = "as"  # `cutover serve --as`: nobody signed in, one person's laptop
    PUBLIC_LINK = "public_link"
    TASK_LINK = "task_link"


BY_BADGE = frozenset({Role.STATION, Role.KEYER})  # the only roles that a badge and a PIN bring
_SIGNED_IN = frozenset({KnownBy.ACCOUNT, KnownBy.PROVIDER, KnownBy.BADGE})


@dataclass(frozen=True, slots=True)
class Visitor:
    """`token` proves that a form was rendered for this visitor: other sites cannot know it."""

    person: str = ""
    name: str = ""
    roles: frozenset[str] = frozenset()
    known_by: KnownBy = KnownBy.NOTHING
    token: str = ""
    until: str = ""  # of a public link
    station: str = ""  # of whoever is known by badge

    @property
    def is_signed_in(self) -> bool:
        return self.known_by in _SIGNED_IN

    @property
    def may_act(self) -> bool:
        """Somebody in particular, and not there only to read."""
        return bool(self.person) and self.roles != {Role.AUDITOR}

    def has(self, *roles: Role) -> bool:
        return bool(self.roles & set(roles))

    def check(self, what: str, allowed: Iterable[Role] = ()) -> None:
        """Raises Refused for who may not do `what`, with who may."""
        if not self.person:
            raise Refused(f"to {what}, sign in first: nobody in particular can do it")
        if not self.may_act:
            raise Refused(f"{self.name} is an auditor, who reads and changes nothing")
        wanted = frozenset(allowed)
        if self.known_by is KnownBy.BADGE and not wanted & BY_BADGE:
            raise Refused(
                f"to {what}, sign in with your password: a badge and a PIN are for a station's paper"
            )
        if wanted and not self.roles & wanted:
            who = " or ".join(sorted(role.replace("_", " ") for role in wanted))
            has = ", ".join(sorted(r.replace("_", " ") for r in self.roles)) or "no role"
            raise Refused(f"to {what} takes the role {who}; {self.name} has {has}")


NOBODY = Visitor()


class Asked(dict[str, str]):
    """The query and path of one request, with who asks."""

    def __init__(self, values: Mapping[str, str], visitor: Visitor) -> None:
        super().__init__(values)
        self.visitor = visitor


def visitor_of(query: Mapping[str, str]) -> Visitor:
    """Who asks; nobody in particular where a page is built without a request."""
    return query.visitor if isinstance(query, Asked) else NOBODY


def form_token(secret: str) -> str:
    """What a form carries to prove that it was rendered for whoever holds the `secret` in a cookie."""
    return hmac.new(secret.encode(), b"form", "sha256").hexdigest() if secret else ""


class Guard(Protocol):
    """Who somebody is, from what the browser brings, and whether they may read at all."""

    def visitor(self, cookies: Mapping[str, str]) -> Visitor: ...

    def recent(self, cookies: Mapping[str, str]) -> Visitor | None:
        """The same without asking the database, for whoever was looked up a moment ago; None: look them up."""
        ...

    def may_read(self, visitor: Visitor, *, public: bool) -> bool:
        """Whether this visitor may read a page; `public` are those that a public link opens."""
        ...

    def seen(self, cookies: Mapping[str, str]) -> None:
        """Somebody did something: a session that ends unused lasts on. A page that renews itself is nobody's doing."""
        ...

    def check_host(self, host: str) -> None:
        """Raises Refused when the request was sent to a name that is not ours."""
        ...


class Unguarded:
    """Everybody reads, nobody acts: there is no account to sign in with."""

    def visitor(self, cookies: Mapping[str, str]) -> Visitor:
        del cookies
        return NOBODY

    def recent(self, cookies: Mapping[str, str]) -> Visitor | None:
        return self.visitor(cookies)

    def may_read(self, visitor: Visitor, *, public: bool) -> bool:
        del visitor, public
        return True

    def seen(self, cookies: Mapping[str, str]) -> None:
        del cookies

    def check_host(self, host: str) -> None:
        del host
