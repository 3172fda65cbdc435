"""A write with an `Idempotency-Key` is done once: the same again is answered as the first time.

What was answered is kept for a day, in the same database for every process. A key under which something is being done
is taken over a minute later: whoever began it has died. A refusal is not kept: mended, it may be sent again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, Engine, Integer, String, Table, Text, delete, insert, select, update

from cutover.core.clock import Clock
from cutover.core.errors import Conflict
from cutover.store.engine import writing
from cutover.store.metadata import UtcTime, metadata
from cutover.store.side_tables import make_missing
from cutover.web.api.problems import OtherBody

KEPT = timedelta(days=1)
DEAD = timedelta(minutes=1)
UNDER_WAY = 0  # the status of what has no answer yet

answers_table = Table(
    "api_answers",
    metadata,
    Column("slot", String(64), primary_key=True),
    Column("asked", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", UtcTime, nullable=False, index=True),
)
t = answers_table.c


@dataclass(frozen=True, slots=True)
class Kept:
    """What was answered the first time."""

    status: int
    body: str


class Once:
    """The answers already given, on the programme's database; its table is made where missing."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._clock = engine, clock
        make_missing(engine, answers_table)

    def begin(self, slot: str, asked: bytes) -> Kept | None:
        """Take the slot; what was answered already, or None: do it, then `keep` or `forget`.

        Raises OtherBody when something else was asked under this key, Conflict while it is being done.
        """
        now, print_ = self._clock.now(), hashlib.sha256(asked).hexdigest()
        values = {"slot": slot, "asked": print_, "status": UNDER_WAY, "body": "", "at": now}
        with writing(self._engine) as connection:
            connection.execute(delete(answers_table).where(t.at < now - KEPT))
            row = connection.execute(select(answers_table).where(t.slot == slot)).one_or_none()
            if row is None:
                connection.execute(insert(answers_table).values(values))
                return None
            if row.asked != print_:
                raise OtherBody("this Idempotency-Key was used for something else: take a new one")
            if row.status != UNDER_WAY:
                return Kept(row.status, row.body)
            if _alive(row.at, now):
                raise Conflict("the same is being done right now: ask again in a moment")
            connection.execute(update(answers_table).where(t.slot == slot).values(at=now))
        return None

    def keep(self, slot: str, kept: Kept) -> None:
        with writing(self._engine) as connection:
            connection.execute(
                update(answers_table).where(t.slot == slot).values(status=kept.status, body=kept.body)
            )

    def forget(self, slot: str) -> None:
        with writing(self._engine) as connection:
            connection.execute(delete(answers_table).where(t.slot == slot, t.status == UNDER_WAY))


def _alive(since: datetime, now: datetime) -> bool:
    return now - since < DEAD
