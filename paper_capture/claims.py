"""Who keys which sheet now, and what of it is half keyed: kept beside the journal, for a draft is no fact.

A claim ends by itself when nothing was kept for its length; the draft stays, each keyer's own, until the sheet is
verified. Both tables are made where missing. Time is counted from look to look, a long absence not at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, Engine, Float, Integer, String, Table, Text, delete, insert, select, update

from cutover.core.errors import Conflict
from cutover.store.engine import reading, writing
from cutover.store.metadata import UtcTime, metadata
from cutover.store.side_tables import make_missing

LENGTH = timedelta(minutes=30)
AWAY = timedelta(minutes=10)  # between two looks of one keyer; who is longer away was not keying

claims_table = Table(
    "paper_claims",
    metadata,
    Column("serial", String(12), primary_key=True),
    Column("keyer", String(80), nullable=False, index=True),
    Column("pass_no", Integer, nullable=False),
    Column("until", UtcTime, nullable=False),
)
drafts_table = Table(
    "paper_drafts",
    metadata,
    Column("serial", String(12), primary_key=True),
    Column("keyer", String(80), primary_key=True),
    Column("answers", Text, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
)
c, d = claims_table.c, drafts_table.c


@dataclass(frozen=True, slots=True)
class Claim:
    """One keyer's hold on one pass of one sheet."""

    serial: str
    keyer: str
    pass_no: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """What one keyer has read of a sheet so far, as typed, and how long it took."""

    serial: str
    answers: Mapping[str, str]
    seconds: float
    seen_at: datetime


class Claims:
    """Claims and drafts of one programme."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        make_missing(engine, claims_table, drafts_table)

    def take(self, serial: str, pass_no: int, keyer: str, now: datetime) -> bool:
        """Claim a sheet; False while another holds it."""
        mine = {"keyer": keyer, "pass_no": pass_no, "until": now + LENGTH}
        with writing(self.engine) as connection:
            found = connection.execute(select(claims_table).where(c.serial == serial)).one_or_none()
            if found is None:
                connection.execute(insert(claims_table).values(serial=serial, **mine))
            elif found.keyer != keyer and found.until > now:
                return False
            else:
                connection.execute(update(claims_table).where(c.serial == serial).values(**mine))
            return True

    def held(self, now: datetime) -> dict[str, Claim]:
        """Every claim that holds now, by serial."""
        with reading(self.engine) as connection:
            rows = connection.execute(select(claims_table).where(c.until > now))
            return {row.serial: Claim(row.serial, row.keyer, row.pass_no, row.until) for row in rows}

    def drafts(self, keyer: str) -> list[Draft]:
        """What a keyer has begun, newest first."""
        query = select(drafts_table).where(d.keyer == keyer).order_by(d.seen_at.desc())
        with reading(self.engine) as connection:
            return [_draft(row) for row in connection.execute(query)]

    def draft(self, serial: str, keyer: str) -> Draft | None:
        query = select(drafts_table).where(d.serial == serial, d.keyer == keyer)
        with reading(self.engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _draft(row)

    def keep(self, serial: str, keyer: str, answers: Mapping[str, str] | None, now: datetime) -> Draft:
        """Note a look of the keyer, with what was typed (None: as before). Raises Conflict for who holds no claim."""
        with writing(self.engine) as connection:
            moved = connection.execute(
                update(claims_table)
                .where(c.serial == serial, c.keyer == keyer, c.until > now)
                .values(until=now + LENGTH)
            )
            if not moved.rowcount:
                raise Conflict(
                    f"{serial} is not yours to key now: you were away for more than {LENGTH.seconds // 60} minutes; take it again"
                )
            before = connection.execute(
                select(drafts_table).where(d.serial == serial, d.keyer == keyer)
            ).one_or_none()
            if before is None:
                row = {"answers": json.dumps(dict(answers or {})), "seconds": 0.0, "seen_at": now}
                connection.execute(insert(drafts_table).values(serial=serial, keyer=keyer, **row))
                return Draft(serial, dict(answers or {}), 0.0, now)
            gap = now - before.seen_at
            seconds = before.seconds + (gap.total_seconds() if timedelta(0) <= gap <= AWAY else 0.0)
            typed = before.answers if answers is None else json.dumps(dict(answers))
            fresh = {"answers": typed, "seconds": seconds, "seen_at": now}
            connection.execute(
                update(drafts_table).where(d.serial == serial, d.keyer == keyer).values(**fresh)
            )
            return Draft(serial, json.loads(typed), seconds, now)

    def leave(self, serial: str, keyer: str) -> None:
        """Give a claim back; the draft stays."""
        with writing(self.engine) as connection:
            connection.execute(delete(claims_table).where(c.serial == serial, c.keyer == keyer))

    def finish(self, serial: str, keyer: str, *, over: bool) -> None:
        """The keyer's pass is in the journal; `over`: the sheet asks for no other, and nobody's draft is needed."""
        with writing(self.engine) as connection:
            connection.execute(delete(claims_table).where(c.serial == serial, c.keyer == keyer))
            whose = d.serial == serial if over else (d.serial == serial) & (d.keyer == keyer)
            connection.execute(delete(drafts_table).where(whose))


def _draft(row: object) -> Draft:
    return Draft(row.serial, json.loads(row.answers), row.seconds, row.seen_at)  # type: ignore[attr-defined]
