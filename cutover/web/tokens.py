"""Which program may tell us what: a token has one scope and an end, is shown once, and only its hash is kept.

A scope is such as `heartbeat:nightly-export`, `alerts` or `metrics`. Programs run for years: a token lasts one unless
said otherwise, and revoking its scope ends every token made for it until then.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from cutover.core.clock import Clock
from cutover.core.errors import Invalid, Problem
from cutover.store.accounts import Accounts
from cutover.store.service_tokens import ServiceTokens
from cutover.web.api.problems import NotAllowed, NotKnown

LASTS, LONGEST = timedelta(days=365), timedelta(days=3 * 365)
_MOST = 400  # characters of a token that are read at all


def station_scope(station: str) -> str:
    """What a token must be made for to see and write a station's sheets, and for its PC to be known as the station's."""
    return f"station:{station}"


class Tokens:
    """Makes and checks the tokens of one programme."""

    def __init__(self, accounts: Accounts, clock: Clock) -> None:
        self.kept = ServiceTokens(accounts.engine)
        self._clock = clock

    def issue(self, scope: str, lasts: timedelta = LASTS) -> str:
        """A token for one scope; shown once, kept by whoever uses it. Raises Invalid for one that lasts too long."""
        if not timedelta(0) < lasts <= LONGEST:
            raise Invalid(Problem("a token that lasts so long", expected=f"up to {LONGEST.days} days"))
        token, now = secrets.token_urlsafe(32), self._clock.now()
        self.kept.keep(token, scope, now, now + lasts)
        return token

    def check(self, token: str, scope: str) -> None:
        """Raises NotKnown for a token that is unknown, expired or revoked, NotAllowed for one made for something else."""
        found = self.kept.find(token) if 0 < len(token) <= _MOST else None
        if found is None:
            raise NotKnown("this token is none of ours: copy it whole, or make a new one")
        if found.revoked_at is not None:
            raise NotKnown("this token was revoked: make a new one")
        if not found.counts(self._clock.now()):
            raise NotKnown(f"this token expired at {found.expires_at:%d %b %Y %H:%M}Z: make a new one")
        if found.scope != scope:
            raise NotAllowed(f"this token is for {found.scope}, not for {scope}")

    def revoke(self, scope: str) -> None:
        """End every token made for a scope until now."""
        self.kept.revoke(scope, self._clock.now())
