"""Who is signed in where: how each became known, until when, and ended from anywhere.

A session ends at its time, after a while unused, or when it is revoked. Of its token only the hash is kept, so that
who reads the database cannot sign in with what stands there.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Select, delete, insert, or_, select, update

from cutover.core.errors import NotFound
from cutover.store.engine import reading, writing
from cutover.store.metadata import sessions_table as s

NAMED_BY = 12  # characters of the hash that name a session: they open nothing


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long a session lasts: in all, and unused."""

    whole: timedelta
    idle: timedelta

    @property
    def grain(self) -> timedelta:
        """Being seen again within so little is not written down: reading a page is no write each time."""
        return self.idle / 10


SHIFT = Lasting(timedelta(hours=14), timedelta(hours=4))  # a long shift and its handover
COUNTER = Lasting(timedelta(hours=1), timedelta(minutes=5))  # a PC that many share
_LASTING = {"badge": COUNTER}  # all others last a shift


@dataclass(frozen=True, slots=True)
class Session:
    """One session. `roles` are those that a provider gave beside the ones of programme.yaml; `station` binds a PC's."""

    id: str
    person: str
    how: str
    roles: frozenset[str]
    station: str
    source: str
    created_at: datetime
    seen_at: datetime
    idle_until: datetime
    expires_at: datetime

    @property
    def ends_at(self) -> datetime:
        """When it ends if nothing is done with it."""
        return min(self.idle_until, self.expires_at)


class Sessions:
    """The sessions of one programme, on its database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def open(
        self,
        person: str,
        now: datetime,
        *,
        how: str = "account",
        roles: frozenset[str] = frozenset(),
        station: str = "",
        source: str = "",
        instead_of: str = "",
    ) -> str:
        """A new session's token, which only the browser keeps; the one it comes `instead_of` ends, as do those that are over."""
        token, lasts = secrets.token_urlsafe(32), lasting(how)
        row = {"token_hash": hashed(token), "person": person, "how": how, "roles": " ".join(sorted(roles))}
        row |= {"station": station, "source": source[:80]}
        times = {"created_at": now, "seen_at": now, "idle_until": now + lasts.idle, "expires_at": now + lasts.whole}  # fmt: skip
        with writing(self.engine) as connection:
            over = or_(s.c.expires_at <= now, s.c.idle_until <= now, s.c.token_hash == hashed(instead_of))
            connection.execute(delete(s).where(over))
            connection.execute(insert(s).values(**row, **times))
        return token

    def of(self, token: str, now: datetime) -> Session | None:
        """The session of this token; None for one that is unknown, over or revoked."""
        query = _open(now).where(s.c.token_hash == hashed(token))
        with reading(self.engine) as connection:
            row = connection.execute(query).one_or_none()
        return _session(row) if row else None

    def seen(self, session: Session, token: str, now: datetime) -> None:
        """Somebody did something with it: it lasts its idle time from now. Written at most a tenth of that apart."""
        lasts = lasting(session.how)
        if now - session.seen_at < lasts.grain:
            return
        still = update(s).where(s.c.token_hash == hashed(token))
        with writing(self.engine, durable=False) as connection:
            connection.execute(still.values(seen_at=now, idle_until=now + lasts.idle))

    def list(self, now: datetime, person: str = "") -> list[Session]:
        """The sessions that are open, of one person or of all; the newest first."""
        query = _open(now).order_by(s.c.created_at.desc())
        with reading(self.engine) as connection:
            rows = connection.execute(query.where(s.c.person == person) if person else query).all()
        return [_session(row) for row in rows]

    def close(self, token: str) -> None:
        with writing(self.engine) as connection:
            connection.execute(delete(s).where(s.c.token_hash == hashed(token)))

    def revoke(self, name: str, person: str = "") -> str:
        """End the session of this name, where `person` is given only one of theirs; returns whose. Raises NotFound."""
        named = s.c.token_hash.startswith(name, autoescape=True)
        mine = [s.c.person == person] if person else []
        with writing(self.engine) as connection:
            found = connection.execute(select(s.c.token_hash, s.c.person).where(named, *mine)).all()
            if len(name) < NAMED_BY or len(found) != 1:
                raise NotFound("session", name)
            connection.execute(delete(s).where(s.c.token_hash == found[0].token_hash))
        return str(found[0].person)

    def close_all(self, person: str) -> int:
        """Sign a person out everywhere; returns from how many places."""
        with writing(self.engine) as connection:
            return connection.execute(delete(s).where(s.c.person == person)).rowcount


def lasting(how: str) -> Lasting:
    """How long a session lasts by the way its person became known."""
    return _LASTING.get(how, SHIFT)


def hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _open(now: datetime) -> Select[Any]:
    return select(s).where(s.c.expires_at > now, s.c.idle_until > now)


def _session(row: Any) -> Session:
    return Session(
        row.token_hash[:NAMED_BY],
        row.person,
        row.how,
        frozenset(row.roles.split()),
        row.station,
        row.source,
        row.created_at,
        row.seen_at,
        row.idle_until,
        row.expires_at,
    )
