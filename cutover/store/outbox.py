"""What must be sent, until it was: messages committed with the facts that caused them, delivered at least once.

How a delivery went is written without waiting for the disk: a power cut may have it delivered again, never not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, insert, select, update

from cutover.store.driver import in_parts
from cutover.store.engine import reading, writing
from cutover.store.metadata import outbox_table as t

CLAIM = timedelta(minutes=2)  # whoever took a message and died leaves it to others after this
PERSON = "person"  # the channel of whoever is told by name: theirs, or a file where they have none


@dataclass(frozen=True, slots=True)
class Message:
    """A notice to one recipient over one channel; `id` makes a second enqueue of the same notice a no-op.

    `since` is when it began to wait, once it does.
    """

    id: str
    channel: str
    recipient: str
    subject: str
    body: str
    since: datetime | None = field(default=None, compare=False)


def enqueue(connection: Connection, messages: Sequence[Message], now: datetime) -> None:
    """Add messages inside the caller's transaction, once each."""
    for m in messages:
        if connection.execute(select(t.c.id).where(t.c.id == m.id)).one_or_none() is None:
            connection.execute(
                insert(t).values(
                    id=m.id,
                    channel=m.channel,
                    recipient=m.recipient,
                    subject=m.subject,
                    body=m.body,
                    created_at=now,
                    attempts=0,
                    next_attempt_at=now,
                )
            )


def unknown(engine: Engine, ids: Sequence[str]) -> set[str]:
    """Which of these messages were never kept."""
    found: set[str] = set()
    with reading(engine) as connection:
        for part in in_parts(ids):
            found |= set(connection.execute(select(t.c.id).where(t.c.id.in_(part))).scalars())
    return set(ids) - found


def due(engine: Engine, now: datetime, limit: int = 50) -> list[Message]:
    """Unsent messages whose next attempt is due, oldest first."""
    query = (
        select(t)
        .where(t.c.sent_at.is_(None), t.c.next_attempt_at <= now)
        .order_by(t.c.created_at, t.c.id)
        .limit(limit)
    )
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    return [Message(r.id, r.channel, r.recipient, r.subject, r.body, r.created_at) for r in rows]


def claim(engine: Engine, message: Message, now: datetime) -> bool:
    """Take a due message to send it. False when another process was quicker: it sends it, or it is due again soon."""
    ours = (t.c.id == message.id) & t.c.sent_at.is_(None) & (t.c.next_attempt_at <= now)
    with writing(engine, durable=False) as connection:
        return connection.execute(update(t).where(ours).values(next_attempt_at=now + CLAIM)).rowcount == 1


def mark_sent(engine: Engine, message: Message, now: datetime) -> None:
    with writing(engine, durable=False) as connection:
        connection.execute(update(t).where(t.c.id == message.id).values(sent_at=now, next_attempt_at=None))


def mark_failed(engine: Engine, message: Message, now: datetime) -> None:
    """Try again later: 1, 2, 4 ... minutes, at most an hour; never what was taken out of the round meanwhile."""
    with writing(engine, durable=False) as connection:
        attempts = (connection.execute(select(t.c.attempts).where(t.c.id == message.id)).scalar() or 0) + 1
        wait = timedelta(minutes=min(60, 2 ** (attempts - 1)))
        ours = (t.c.id == message.id) & t.c.next_attempt_at.is_not(None)
        connection.execute(update(t).where(ours).values(attempts=attempts, next_attempt_at=now + wait))


def attempts_of(engine: Engine, message: Message) -> int:
    """How often a message was tried in vain."""
    with reading(engine) as connection:
        return connection.execute(select(t.c.attempts).where(t.c.id == message.id)).scalar() or 0
