"""The tokens of programs and station PCs, each by its hash, with its one scope and its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, insert, select, update

from cutover.store.engine import reading, writing
from cutover.store.metadata import tokens_table as t
from cutover.store.sessions import NAMED_BY, hashed


@dataclass(frozen=True, slots=True)
class ServiceToken:
    """One token; `id` names it and opens nothing."""

    id: str
    scope: str
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    def counts(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at


class ServiceTokens:
    """The tokens of one programme, on its database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def keep(self, token: str, scope: str, made_at: datetime, expires_at: datetime) -> None:
        row = {"token_hash": hashed(token), "scope": scope, "made_at": made_at, "expires_at": expires_at}
        with writing(self.engine) as connection:
            connection.execute(insert(t).values(**row))

    def find(self, token: str) -> ServiceToken | None:
        with reading(self.engine) as connection:
            row = connection.execute(select(t).where(t.c.token_hash == hashed(token))).one_or_none()
        return _token(row) if row else None

    def list(self) -> list[ServiceToken]:
        """All that were ever made, the newest first."""
        with reading(self.engine) as connection:
            rows = connection.execute(select(t).order_by(t.c.made_at.desc(), t.c.token_hash)).all()
        return [_token(row) for row in rows]

    def revoke(self, scope: str, now: datetime) -> int:
        """End every token of a scope; returns how many still counted."""
        still = update(t).where(t.c.scope == scope, t.c.revoked_at.is_(None))
        with writing(self.engine) as connection:
            return connection.execute(still.values(revoked_at=now)).rowcount


def _token(row: Any) -> ServiceToken:
    return ServiceToken(row.token_hash[:NAMED_BY], *row[1:])
