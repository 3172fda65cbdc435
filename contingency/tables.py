"""What contingency shows: every life of a play, every item that waits, how far each conversion has come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Engine, Integer, String, Table, Text, insert, select, update

from contingency.domain import backlog, conversion, triggers
from contingency.domain.backlog import BacklogItemFound, ItemStage, OpenItem
from contingency.domain.conversion import Progress
from contingency.domain.triage import Grade
from contingency.domain.triggers import PlayProposed, PlayStage
from cutover.core.event import Event, Recorded
from cutover.store.engine import reading
from cutover.store.metadata import UtcTime, metadata

plays_table = Table(
    "plays",
    metadata,
    Column("stream", String(200), primary_key=True),
    Column("play", String(80), nullable=False, index=True),
    Column("trigger", String(80), nullable=False),
    Column("component", String(80), nullable=False),
    Column("stage", String(20), nullable=False, index=True),
    Column("bad_since", UtcTime, nullable=False),
    Column("proposed_at", UtcTime, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
)

conversions_table = Table(
    "conversions",
    metadata,
    Column("serial", String(80), primary_key=True),
    Column("progress", String(20), nullable=False, index=True),
    Column("key", String(200), nullable=False),
    Column("reference", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("by", String(200), nullable=False),
    Column("begun_at", UtcTime),
    Column("changed_at", UtcTime, nullable=False),
)

items_table = Table(
    "backlog_items",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("item_type", String(80), nullable=False),
    Column("tier", String(20), nullable=False),
    Column("component", String(80), nullable=False),
    Column("source", String(200), nullable=False),
    Column("stage", String(20), nullable=False, index=True),
    Column("occurred_at", UtcTime, nullable=False),
    Column("due_at", UtcTime),
    Column("claimed_by", String(200), nullable=False),
    Column("verified_by", String(200), nullable=False),
    Column("reference", String(200), nullable=False),
    Column("changed_at", UtcTime, nullable=False),
)


@dataclass(frozen=True, slots=True)
class PlayRow:
    """One life of a play, as found by its name."""

    stream: str
    play: str
    trigger: str
    component: str
    stage: PlayStage
    bad_since: datetime
    proposed_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class ConversionRow:
    """How far one serial has come, and when."""

    serial: str
    progress: Progress
    key: str
    reference: str
    reason: str
    attempts: int
    by: str
    begun_at: datetime | None
    changed_at: datetime


class Plays:
    """Every life of every play."""

    name = "contingency_plays"
    tables: Sequence[Table] = (plays_table,)

    def apply(self, connection: Connection, recorded: Recorded) -> None:
        event = recorded.event
        if not isinstance(event, triggers.EVENTS):
            return
        if isinstance(event, PlayProposed):
            row = {
                "stream": recorded.stream, "play": event.play.id, "trigger": event.trigger.id, "component": event.play.component,
                "stage": PlayStage.PROPOSED, "bad_since": event.bad_since, "proposed_at": recorded.at, "changed_at": recorded.at,
            }  # fmt: skip
            connection.execute(insert(plays_table).values(row))
            return
        where = plays_table.c.stream == recorded.stream
        at = PlayStage(connection.execute(select(plays_table.c.stage).where(where)).scalar_one())
        stage = triggers.PLAYS.next(at, type(event))
        connection.execute(update(plays_table).where(where).values(stage=stage, changed_at=recorded.at))


class Conversions:
    """How far each serial has come on its way into the target."""

    name = "contingency_conversions"
    tables: Sequence[Table] = (conversions_table,)

    def apply(self, connection: Connection, recorded: Recorded) -> None:
        event = recorded.event
        if not isinstance(event, conversion.EVENTS):
            return
        serial = recorded.stream.removeprefix(conversion.conversion_stream(""))
        change: dict[str, Any] = {
            "progress": _LEADS_TO[type(event)],
            "by": recorded.actor,
            "changed_at": recorded.at,
        }
        change |= {
            name: getattr(event, name)
            for name in ("key", "reference", "reason", "attempts")
            if hasattr(event, name)
        }
        if isinstance(event, conversion.ConversionBegun):
            change["begun_at"] = recorded.at
        where = conversions_table.c.serial == serial
        if connection.execute(update(conversions_table).where(where).values(change)).rowcount == 0:
            fresh = {"serial": serial, "key": "", "reference": "", "reason": "", "attempts": 0, **change}
            connection.execute(insert(conversions_table).values(fresh))


class Backlog:
    """The register of what waits."""

    name = "contingency_backlog"
    tables: Sequence[Table] = (items_table,)

    def apply(self, connection: Connection, recorded: Recorded) -> None:
        event = recorded.event
        if not isinstance(event, backlog.EVENTS):
            return
        key = recorded.stream.removeprefix(backlog.item_stream(""))
        if isinstance(event, BacklogItemFound):
            row = {
                name: getattr(event, name)
                for name in ("item_type", "tier", "component", "source", "occurred_at", "due_at")
            }
            people = {"claimed_by": "", "verified_by": "", "reference": ""}
            row |= {"key": key, "stage": ItemStage.OPEN, "changed_at": recorded.at, **people}
            connection.execute(insert(items_table).values(row))
            return
        change = _ITEM_CHANGES[type(event)](recorded)
        change["changed_at"] = recorded.at
        connection.execute(update(items_table).where(items_table.c.key == key).values(change))


# Each of these events leads to one place only, wherever it comes from, so no look at the row before is needed.
_LEADS_TO = {event: to for (_, event), to in conversion.CONVERSIONS.moves.items()}
_ITEM_CHANGES: dict[type[Event], Any] = {
    backlog.BacklogItemClaimed: lambda r: {"stage": ItemStage.CLAIMED, "claimed_by": r.actor, "verified_by": "", "reference": ""},
    backlog.BacklogItemVerified: lambda r: {"stage": ItemStage.CLOSED, "verified_by": r.actor, "reference": r.event.reference},
    backlog.BacklogItemReopened: lambda _: {"stage": ItemStage.REOPENED, "verified_by": "", "reference": ""},
}  # fmt: skip


def projections() -> tuple[Plays, Conversions, Backlog]:
    return Plays(), Conversions(), Backlog()


def play_rows(
    engine: Engine, stages: Iterable[PlayStage] | None = None, play: str | None = None
) -> list[PlayRow]:
    """The lives of plays, newest proposal first."""
    query = select(plays_table).order_by(plays_table.c.proposed_at.desc(), plays_table.c.stream)
    if stages is not None:
        query = query.where(plays_table.c.stage.in_(list(stages)))
    if play is not None:
        query = query.where(plays_table.c.play == play)
    with reading(engine) as connection:
        rows = connection.execute(query).mappings()
        return [PlayRow(**{**row, "stage": PlayStage(row["stage"])}) for row in rows]


def conversion_rows(
    engine: Engine, progress: Iterable[Progress] | None = None, serials: Iterable[str] | None = None
) -> list[ConversionRow]:
    """Conversions in order of serial."""
    query = select(conversions_table).order_by(conversions_table.c.serial)
    if progress is not None:
        query = query.where(conversions_table.c.progress.in_(list(progress)))
    if serials is not None:
        query = query.where(conversions_table.c.serial.in_(list(serials)))
    with reading(engine) as connection:
        rows = connection.execute(query).mappings()
        return [ConversionRow(**{**row, "progress": Progress(row["progress"])}) for row in rows]


def open_items(engine: Engine) -> list[OpenItem]:
    """Items that are not closed with a reference; a claim leaves an item on the list."""
    t = items_table
    query = select(t).where(t.c.stage != ItemStage.CLOSED).order_by(t.c.occurred_at, t.c.key)
    with reading(engine) as connection:
        return [
            OpenItem(r.key, r.item_type, Grade(r.tier), r.occurred_at, r.due_at)
            for r in connection.execute(query)
        ]
