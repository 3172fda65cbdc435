"""How far each subscription has been told of the journal, and which letters nobody would take.

Their tables are made where missing. A letter itself stands in the outbox; here stands why it was not taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    String,
    Table,
    Text,
    delete,
    select,
    update,
)

from cutover.core.errors import NotFound
from cutover.store.engine import reading, writing
from cutover.store.metadata import UtcTime, metadata, outbox_table
from cutover.store.side_tables import make_missing, upsert

CHANNEL = "webhook"
marks_table = Table(
    "webhook_marks",
    metadata,
    Column("subscription", String(40), primary_key=True),
    Column("position", BigInteger, nullable=False),
)
troubles_table = Table(
    "webhook_troubles",
    metadata,
    Column("id", String(300), primary_key=True),
    Column("why", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("dead", Integer, nullable=False, index=True),
)
o, m, t = outbox_table.c, marks_table.c, troubles_table.c


@dataclass(frozen=True, slots=True)
class Letter:
    """One event that its recipient has not taken: since when, after how many tries, why; a dead one is not tried again."""

    id: str
    subscription: str
    event: str
    since: datetime
    tries: int
    why: str
    dead: bool


def prepare_letters(engine: Engine) -> None:
    """Make the tables where they are missing."""
    make_missing(engine, marks_table, troubles_table)


def mark_of(connection: Connection, subscription: str) -> int | None:
    """Up to which position a subscription was told; None for a new one."""
    return connection.execute(select(m.position).where(m.subscription == subscription)).scalar()


def move_mark(connection: Connection, subscription: str, position: int) -> None:
    """Inside the transaction that keeps the letters."""
    _put(connection, marks_table, {"subscription": subscription}, {"position": position})


def note_trouble(engine: Engine, letter: str, why: str, now: datetime, *, dead: bool) -> None:
    """Why a letter was not taken; a dead one is taken out of the round."""
    with writing(engine) as connection:
        _put(connection, troubles_table, {"id": letter}, {"why": why[:2000], "at": now, "dead": int(dead)})
        if dead:
            connection.execute(update(outbox_table).where(o.id == letter).values(next_attempt_at=None))


def letters(engine: Engine, *, dead: bool | None = None, limit: int = 200) -> list[Letter]:
    """Those that wait after a try that failed, and the dead ones; the oldest first."""
    query = (
        select(o.id, o.recipient, o.subject, o.created_at, o.attempts, t.why, t.dead)
        .join(troubles_table, t.id == o.id)
        .where(o.channel == CHANNEL, o.sent_at.is_(None))
        .order_by(o.created_at, o.id)
        .limit(limit)
    )
    if dead is not None:
        query = query.where(t.dead == int(dead))
    with reading(engine) as connection:
        return [Letter(*row[:6], dead=bool(row[6])) for row in connection.execute(query)]


def requeue(engine: Engine, letter: str, now: datetime) -> None:
    """Try a dead letter again, as if for the first time. Raises NotFound for one that is not dead."""
    with writing(engine) as connection:
        known = connection.execute(select(t.id).where(t.id == letter, t.dead == 1)).scalar()
        if known is None:
            raise NotFound(
                "dead letter", letter, connection.execute(select(t.id).where(t.dead == 1)).scalars()
            )
        connection.execute(delete(troubles_table).where(t.id == letter))
        connection.execute(update(outbox_table).where(o.id == letter).values(attempts=0, next_attempt_at=now))


def _put(connection: Connection, table: Table, key: dict[str, Any], values: dict[str, Any]) -> None:
    connection.execute(upsert(connection.engine, table, lambda _: values), key | values)
