"""What contingency shows: every life of a play, how far each conversion has come; what waits is in `register`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    Select,
    String,
    Table,
    Text,
    bindparam,
    insert,
    select,
    update,
)

from contingency.domain import conversion, triggers
from contingency.domain.conversion import Progress
from contingency.domain.triggers import PlayProposed, PlayStage
from contingency.register import Register
from cutover.core.event import Recorded
from cutover.store.driver import Phrase, in_parts
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
    Column("hand", String(80), nullable=False, index=True),
    Column("begun_at", UtcTime),
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
    hand: str
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
        change: dict[str, Any] = {"progress": str(_LEADS_TO[type(event)]), "changed_at": recorded.at}
        change |= {name: getattr(event, name) for name in _SHOWN if hasattr(event, name)}
        if not isinstance(event, conversion.RecordSetAside | conversion.RecordRequeued):
            change["by"] = recorded.actor  # a dead letter is sent again in the name in which it was begun
        if isinstance(event, conversion.ConversionBegun):
            change["begun_at"] = recorded.at
        if recorded.seq == 1:
            _INSERT.each(connection, [{**_BLANK, "serial": serial, **change}])
        else:
            binds = {f"new_{name}": value for name, value in change.items()}
            _change(tuple(change)).each(connection, [{"of": serial, **binds}])


_SHOWN = ("key", "hand", "reference", "reason", "attempts")
_BLANK = {"key": "", "hand": "", "reference": "", "reason": "", "attempts": 0, "begun_at": None}
_INSERT = Phrase(insert(conversions_table))


@cache
def _change(columns: tuple[str, ...]) -> Phrase:
    """The one statement for a change of these columns."""
    t = conversions_table.c
    binds = {name: bindparam(f"new_{name}", type_=t[name].type) for name in columns}
    return Phrase(update(conversions_table).where(t.serial == bindparam("of")).values(**binds))


# Each of these events leads to one place only, wherever it comes from, so no look at the row before is needed.
_LEADS_TO = {event: to for (_, event), to in conversion.CONVERSIONS.moves.items()}


def projections() -> tuple[Plays, Conversions, Register]:
    return Plays(), Conversions(), Register()


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
    parts: Iterable[Select[Any]] = [query]
    if serials is not None:
        parts = (query.where(conversions_table.c.serial.in_(part)) for part in in_parts(sorted(serials)))
    with reading(engine) as connection:
        rows = [row for part in parts for row in connection.execute(part).mappings()]
        return [ConversionRow(**{**row, "progress": Progress(row["progress"])}) for row in rows]
