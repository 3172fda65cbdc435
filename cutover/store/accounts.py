"""Who may sign in and who has: accounts, sessions, the secret that signs links, and what was revoked.

None of it is journalled: a session is no fact of the programme. Of a session only the hash of its token is kept,
so that who reads the database cannot sign in with what stands there.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, func, insert, select, update

from cutover.core.errors import NotFound, Refused
from cutover.store.engine import reading, writing
from cutover.store.metadata import accounts_table as a
from cutover.store.metadata import revocations_table as r
from cutover.store.metadata import secrets_table as k
from cutover.store.metadata import sessions_table as s

SESSION = timedelta(hours=14)  # a long shift and its handover
LINK_KEY = "link-key"


@dataclass(frozen=True, slots=True)
class Account:
    """One person's account; `open_sessions` counts where that person is signed in now."""

    person: str
    created_at: datetime
    changed_at: datetime
    disabled_at: datetime | None
    open_sessions: int = 0


class Accounts:
    """The accounts and sessions of one programme, on its database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def any(self) -> bool:
        """Whether anybody can sign in at all."""
        with reading(self.engine) as connection:
            return bool(
                connection.execute(select(a.c.person).where(a.c.disabled_at.is_(None)).limit(1)).first()
            )

    def list(self, now: datetime) -> list[Account]:
        here = select(s.c.person, func.count().label("n")).where(s.c.expires_at > now).group_by(s.c.person)
        with reading(self.engine) as connection:
            open_ = {row.person: row.n for row in connection.execute(here)}
            rows = connection.execute(select(a).order_by(a.c.person)).all()
        return [
            Account(w.person, w.created_at, w.changed_at, w.disabled_at, open_.get(w.person, 0)) for w in rows
        ]

    def hash_of(self, person: str) -> str:
        """The password hash of an account that may be used; '' for none."""
        query = select(a.c.password_hash).where(a.c.person == person, a.c.disabled_at.is_(None))
        with reading(self.engine) as connection:
            return str(connection.execute(query).scalar() or "")

    def add(self, person: str, password_hash: str, now: datetime) -> None:
        """Raises Refused for a person who has one, disabled or not."""
        with writing(self.engine) as connection:
            if connection.execute(select(a.c.person).where(a.c.person == person)).first():
                raise Refused(
                    f"{person} has an account already: `cutover account passwd {person}` sets its password"
                )
            connection.execute(
                insert(a).values(person=person, password_hash=password_hash, created_at=now, changed_at=now)
            )

    def set_password(self, person: str, password_hash: str, now: datetime) -> None:
        """A new password, an enabled account, and everywhere signed out. Raises NotFound."""
        values = {"password_hash": password_hash, "changed_at": now, "disabled_at": None}
        self._change(person, values)

    def disable(self, person: str, now: datetime) -> None:
        """No more signing in, and signed out everywhere at once. Raises NotFound."""
        self._change(person, {"disabled_at": now, "changed_at": now})

    def _change(self, person: str, values: dict[str, object]) -> None:
        with writing(self.engine) as connection:
            if not connection.execute(update(a).where(a.c.person == person).values(values)).rowcount:
                known = connection.execute(select(a.c.person)).scalars()
                raise NotFound("account", person, list(known))
            connection.execute(delete(s).where(s.c.person == person))

    # --- sessions ---

    def open_session(self, person: str, now: datetime) -> str:
        """A new session's token, which only the person's browser keeps. Sessions that are over are swept out."""
        token = secrets.token_urlsafe(32)
        with writing(self.engine) as connection:
            connection.execute(delete(s).where(s.c.expires_at <= now))
            connection.execute(
                insert(s).values(
                    token_hash=hashed(token), person=person, created_at=now, expires_at=now + SESSION
                )
            )
        return token

    def person_of(self, token: str, now: datetime) -> str:
        """Whose session this token is; '' for one that is unknown, over or revoked."""
        query = select(s.c.person).where(s.c.token_hash == hashed(token), s.c.expires_at > now)
        with reading(self.engine) as connection:
            return str(connection.execute(query).scalar() or "")

    def close_session(self, token: str) -> None:
        with writing(self.engine) as connection:
            connection.execute(delete(s).where(s.c.token_hash == hashed(token)))

    def close_sessions(self, person: str) -> int:
        """Sign a person out everywhere; returns from how many places."""
        with writing(self.engine) as connection:
            return connection.execute(delete(s).where(s.c.person == person)).rowcount

    # --- what links are signed with, and which no longer count ---

    def link_key(self) -> bytes:
        """The secret that signs links, made when first asked for; the same in every process."""
        found = self._secret()
        if not found:
            with writing(self.engine) as connection:
                if connection.execute(select(k.c.value).where(k.c.name == LINK_KEY)).first() is None:
                    connection.execute(insert(k).values(name=LINK_KEY, value=secrets.token_hex(32)))
            found = self._secret()
        return bytes.fromhex(found)

    def _secret(self) -> str:
        with reading(self.engine) as connection:
            return str(connection.execute(select(k.c.value).where(k.c.name == LINK_KEY)).scalar() or "")

    def revoke(self, what: str, now: datetime) -> None:
        """`link:<id>`, `person:<id>` or `public`; the two latter end every link that was made before now."""
        with writing(self.engine) as connection:
            connection.execute(delete(r).where(r.c.what == what))
            connection.execute(insert(r).values(what=what, revoked_at=now))

    def revoked_at(self, *what: str) -> dict[str, datetime]:
        with reading(self.engine) as connection:
            rows = connection.execute(select(r.c.what, r.c.revoked_at).where(r.c.what.in_(what)))
            return {row.what: row.revoked_at for row in rows}


def hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
