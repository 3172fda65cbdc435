"""Which program may tell us what: a token carries its one scope and a signature, and nothing is stored until one is revoked.

A scope is such as `heartbeat:nightly-export`, `alerts` or `metrics`. Programs run for years: a token has no end, and
revoking its scope ends every token made for it until then.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

from cutover.core.clock import Clock
from cutover.core.errors import Refused
from cutover.store.accounts import Accounts

_MOST = 400  # characters of a token that are read at all
_SIGN = 20  # bytes of the signature kept: 160 bits
_PURPOSE = b"token\0"  # so that no link of the same key is a token


class Tokens:
    """Makes and checks the tokens of one programme."""

    def __init__(self, accounts: Accounts, clock: Clock) -> None:
        self._accounts = accounts
        self._clock = clock

    def issue(self, scope: str) -> str:
        """A token for one scope; shown once, kept by whoever uses it."""
        body = json.dumps([scope, int(self._clock.now().timestamp())], separators=(",", ":")).encode()
        return f"{_text(body)}.{_text(self._sign(body))}"

    def check(self, token: str, scope: str) -> None:
        """Raises Refused for a token that is broken, revoked or made for something else."""
        body, _, sign = token.partition(".")
        raw = _bytes(body)
        if len(token) > _MOST or not hmac.compare_digest(self._sign(raw), _bytes(sign)):
            raise Refused("this token is none of ours: copy it whole, or make a new one")
        said, made = json.loads(raw)  # ours: the signature holds
        if said != scope:
            raise Refused(f"this token is for {said}, not for {scope}")
        revoked = self._accounts.revoked_at(f"token:{scope}").get(f"token:{scope}")
        if revoked is not None and datetime.fromtimestamp(made, UTC) <= revoked:
            raise Refused("this token was revoked: make a new one")

    def revoke(self, scope: str) -> None:
        """End every token made for a scope until now."""
        self._accounts.revoke(f"token:{scope}", self._clock.now())

    def _sign(self, body: bytes) -> bytes:
        return hmac.new(self._accounts.link_key(), _PURPOSE + body, hashlib.sha256).digest()[:_SIGN]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""
