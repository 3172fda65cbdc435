"""PINs for shared PCs: whose, who issued each, and how often it was tried in vain.

An attempt is counted before its PIN is looked at, so that many at once are no more attempts than one after another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, insert, select, update

from cutover.core.errors import NotFound
from cutover.store.engine import reading, writing
from cutover.store.metadata import pins_table as p
from cutover.store.metadata import sessions_table as s

MOST_FAILURES = 5  # in a row; then only a new PIN helps


@dataclass(frozen=True, slots=True)
class Pin:
    """One person's PIN. Until they chose their own, whoever issued it knows it too: it signs nobody in."""

    person: str
    pin_hash: str
    issued_by: str
    issued_at: datetime
    chosen_at: datetime | None
    failures: int
    locked_at: datetime | None

    @property
    def state(self) -> str:
        if self.locked_at:
            return "locked"
        return "in use" if self.chosen_at else "issued, to be changed"


class Pins:
    """The PINs of one programme, on its database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def issue(self, person: str, pin_hash: str, by: str, now: datetime) -> None:
        """A new PIN, unlocked, to be changed at its first use; sessions by the old one end."""
        row = {"person": person, "pin_hash": pin_hash, "issued_by": by, "issued_at": now, "failures": 0}
        with writing(self.engine) as connection:
            self._forget(connection, person)
            connection.execute(insert(p).values(**row))

    def choose(self, person: str, pin_hash: str, now: datetime) -> None:
        """The person's own PIN in place of the one that was issued."""
        with writing(self.engine) as connection:
            mine = update(p).where(p.c.person == person)
            connection.execute(mine.values(pin_hash=pin_hash, chosen_at=now, failures=0))

    def withdraw(self, person: str) -> None:
        """No PIN any more. Raises NotFound."""
        with writing(self.engine) as connection:
            if not self._forget(connection, person):
                raise NotFound(
                    "person with a PIN", person, list(connection.execute(select(p.c.person)).scalars())
                )

    def attempt(self, person: str, now: datetime) -> Pin | None:
        """The PIN to compare with, this attempt counted; the one that is one too many locks it. None: there is none."""
        with writing(self.engine) as connection:
            row = connection.execute(select(p).where(p.c.person == person)).one_or_none()
            if row is None or row.locked_at is not None:
                return Pin(*row) if row else None
            tried = row.failures + 1
            locked_at = now if tried > MOST_FAILURES else None
            mine = update(p).where(p.c.person == person)
            connection.execute(mine.values(failures=tried, locked_at=locked_at))
        return replace(Pin(*row), failures=tried, locked_at=locked_at)

    def succeeded(self, person: str) -> None:
        with writing(self.engine) as connection:
            connection.execute(update(p).where(p.c.person == person).values(failures=0))

    def list(self) -> list[Pin]:
        with reading(self.engine) as connection:
            return [Pin(*row) for row in connection.execute(select(p).order_by(p.c.person))]

    def _forget(self, connection: Connection, person: str) -> int:
        connection.execute(delete(s).where(s.c.person == person, s.c.how == "badge"))
        return connection.execute(delete(p).where(p.c.person == person)).rowcount
