"""Links that let somebody in without an account: what they are for, until when, and why one is refused.

A link carries its whole meaning and a signature over it, so anything that can tell a person something can also
mint one, and nothing is stored until one is revoked. It opens one thing: the board to read, one task of one
person to work on, or one person's calendar of a run.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cutover.core.clock import Clock
from cutover.core.errors import Refused
from cutover.store.accounts import Accounts

PUBLIC, TASK, CALENDAR = "public", "task", "calendar"
LONGEST = timedelta(days=14)
PUBLIC_PATH, TASK_PATH, CALENDAR_PATH = "/open", "/task", "/calendar"
_SIGN = 20  # bytes of the signature kept: 160 bits
_MOST = 1200  # characters of a link that are read at all


@dataclass(frozen=True, slots=True)
class Link:
    """What a link says: `kind` public, task or calendar; whose, of which run, and of a task link which task."""

    kind: str
    made_at: datetime
    expires_at: datetime
    person: str = ""
    run: str = ""
    task: str = ""

    @property
    def id(self) -> str:
        """Its name for revoking it: short, and it opens nothing."""
        return hashlib.sha256(_body(self)).hexdigest()[:12]


class Links:
    """Makes and reads the links of one programme. Times are real ones, also while a rehearsal's clock runs fast."""

    def __init__(self, accounts: Accounts, clock: Clock) -> None:
        self.accounts = accounts
        self.clock = clock

    def public(self, lasts: timedelta) -> str:
        """The path of a link that shows the pages and lets nobody act."""
        return f"{PUBLIC_PATH}/{self._token(PUBLIC, lasts)}"

    def task(self, person: str, run: str, task: str, lasts: timedelta) -> str:
        """The path of a link by which `person` works on one task, and on nothing else."""
        return f"{TASK_PATH}/{self._token(TASK, lasts, person=person, run=run, task=task)}"

    def calendar(self, person: str, run: str, lasts: timedelta) -> str:
        """The path of a calendar that shows one person's part of a run, and nothing else."""
        return f"{CALENDAR_PATH}/{self._token(CALENDAR, lasts, person=person, run=run)}"

    def read(self, token: str, kind: str) -> Link:
        """What a link says. Raises Refused for one that is broken, of another kind, expired or revoked."""
        link = _parse(token, self.accounts.link_key())
        if link is None or link.kind != kind:
            raise Refused("this link is broken: copy it whole, or ask for a new one")
        if self.clock.now() >= link.expires_at:
            raise Refused(f"this link expired at {link.expires_at:%d %b %H:%M}Z: ask for a new one")
        whole = f"person:{link.person}" if link.kind != PUBLIC else PUBLIC
        revoked = self.accounts.revoked_at(f"link:{link.id}", whole)
        if f"link:{link.id}" in revoked or revoked.get(whole, link.made_at) > link.made_at:
            raise Refused("this link was revoked: ask for a new one")
        return link

    def revoke(self, what: str) -> str:
        """End a link (its id or the link itself), all links of `person:<id>`, or all `public` ones; returns which."""
        token = what.rstrip("/").rpartition("/")[2]
        link = _parse(token, self.accounts.link_key())
        name = f"link:{link.id}" if link else what
        if name != PUBLIC and not name.startswith(("link:", "person:")):
            name = f"link:{name}"
        self.accounts.revoke(name, self.clock.now())
        return name

    def _token(self, kind: str, lasts: timedelta, **more: str) -> str:
        if not timedelta(0) < lasts <= LONGEST:
            raise Refused(f"a link lasts between a minute and {LONGEST.days} days")
        now = self.clock.now().replace(microsecond=0)
        body = _body(Link(kind, now, now + lasts, **more))
        return f"{_text(body)}.{_text(_sign(body, self.accounts.link_key()))}"


def _body(link: Link) -> bytes:
    said = [
        link.kind,
        int(link.made_at.timestamp()),
        int(link.expires_at.timestamp()),
        link.person,
        link.run,
        link.task,
    ]
    return json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode()


def _parse(token: str, key: bytes) -> Link | None:
    body, _, sign = token.partition(".")
    if len(token) > _MOST or not sign:
        return None
    raw, given = _bytes(body), _bytes(sign)
    if not hmac.compare_digest(_sign(raw, key), given):
        return None
    kind, made, expires, *names = json.loads(raw)  # ours: the signature holds
    return Link(kind, datetime.fromtimestamp(made, UTC), datetime.fromtimestamp(expires, UTC), *names)


def _sign(body: bytes, key: bytes) -> bytes:
    return hmac.new(key, body, "sha256").digest()[:_SIGN]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""
