"""Attempts that failed, counted in the database: several web processes count as one, and a restart forgets nothing.

Whose they are is kept as a hash: a name or an address is nobody's business here. What is over is thrown away by
whoever counts next. One that lies further ahead than it would count is of a clock that was set back since.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, delete, insert, select

from cutover.store.engine import reading, writing
from cutover.store.metadata import attempts_table as a


class Attempts:
    """The failed attempts of one programme."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def since(self, whose: str, now: datetime, within: timedelta) -> list[datetime]:
        """When each of them was, the newest first."""
        with reading(self._engine) as connection:
            return _times(connection, whose, now, within)

    def count(self, whose: str, now: datetime, within: timedelta, most: int) -> tuple[str, list[datetime]]:
        """Count one in; with what names it, and those there were before. With `most` of them already it is not counted."""
        mark = secrets.token_hex(16)
        with writing(self._engine, durable=False) as connection:
            connection.execute(delete(a).where(a.c.at <= now - within))
            before = _times(connection, whose, now, within)
            if len(before) < most:
                connection.execute(insert(a).values(mark=mark, whose=_hashed(whose), at=now))
        return mark, before

    def note(self, whose: Iterable[str], now: datetime) -> None:
        rows = [{"mark": secrets.token_hex(16), "whose": _hashed(one), "at": now} for one in whose]
        with writing(self._engine, durable=False) as connection:
            connection.execute(insert(a), rows)

    def take_back(self, mark: str) -> None:
        with writing(self._engine, durable=False) as connection:
            connection.execute(delete(a).where(a.c.mark == mark))

    def forget(self, whose: str) -> None:
        with writing(self._engine, durable=False) as connection:
            connection.execute(delete(a).where(a.c.whose == _hashed(whose)))


def _times(connection: Connection, whose: str, now: datetime, within: timedelta) -> list[datetime]:
    counted = (a.c.whose == _hashed(whose), a.c.at > now - within, a.c.at <= now + within)
    return list(connection.execute(select(a.c.at).where(*counted).order_by(a.c.at.desc())).scalars())


def _hashed(whose: str) -> str:
    return hashlib.sha256(whose.encode()).hexdigest()
