"""Who may sign in: accounts, the secret that signs links, and what was revoked. None of it is journalled."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, delete, func, insert, select, update

from cutover.core.errors import NotFound, Refused
from cutover.store.engine import reading, writing
from cutover.store.metadata import accounts_table as a
from cutover.store.metadata import pins_table
from cutover.store.metadata import revocations_table as r
from cutover.store.metadata import secrets_table as k
from cutover.store.metadata import sessions_table as s
from cutover.store.sessions import Sessions

LINK_KEY = "link-key"
NO_PASSWORD = "none"  # noqa: S105  no hash: nothing matches it


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
        self.sessions = Sessions(engine)

    def any(self) -> bool:
        """Whether anybody can sign in at all."""
        ways = (select(a.c.person).where(a.c.disabled_at.is_(None)), select(pins_table.c.person))
        with reading(self.engine) as connection:
            return any(connection.execute(way.limit(1)).first() for way in ways)

    def list(self, now: datetime) -> list[Account]:
        here = select(s.c.person, func.count().label("n")).group_by(s.c.person)
        here = here.where(s.c.expires_at > now, s.c.idle_until > now)
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

    def is_disabled(self, person: str) -> bool:
        """Whether this person may not sign in by any way; who never had an account is not disabled."""
        query = select(a.c.person).where(a.c.person == person, a.c.disabled_at.is_not(None))
        with reading(self.engine) as connection:
            return connection.execute(query).first() is not None

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
        """No more signing in by any way, and signed out everywhere at once; also for who has no password here."""
        if not self._has(person):
            self.add(person, NO_PASSWORD, now)
        self._change(person, {"disabled_at": now, "changed_at": now})

    def _has(self, person: str) -> bool:
        with reading(self.engine) as connection:
            return connection.execute(select(a.c.person).where(a.c.person == person)).first() is not None

    def _change(self, person: str, values: dict[str, object]) -> None:
        with writing(self.engine) as connection:
            if not connection.execute(update(a).where(a.c.person == person).values(values)).rowcount:
                known = connection.execute(select(a.c.person)).scalars()
                raise NotFound("account", person, list(known))
            connection.execute(delete(s).where(s.c.person == person))

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
