"""Which announced downtimes there are: a view of the journal, and what holds at a moment."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Row, String, Table, Text, delete, select

from cutover.core.event import Recorded
from cutover.store.metadata import UtcTime, metadata
from monitors.domain.check import Check
from monitors.domain.downtime_events import (
    EVENTS,
    DowntimeAnnounced,
    DowntimeStage,
    DowntimeState,
    downtime_stream,
)

downtimes_table = Table(
    "monitor_downtimes",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("by", String(200), nullable=False),
    Column("checks", Text, nullable=False),
    Column("components", Text, nullable=False),
    Column("begins", UtcTime, nullable=False),
    Column("ends", UtcTime, nullable=False),
    Column("note", Text, nullable=False),
)


def keep_downtime(connection: Connection, recorded: Recorded) -> None:
    """Keep an announced downtime until somebody ends it before its time."""
    if not isinstance(recorded.event, EVENTS):
        return
    name = recorded.stream.removeprefix(downtime_stream(""))
    if isinstance(recorded.event, DowntimeAnnounced):
        connection.execute(downtimes_table.insert().values(name=name, **_values(recorded)))
    else:
        connection.execute(delete(downtimes_table).where(downtimes_table.c.name == name))


def announced(connection: Connection, now: datetime) -> dict[str, DowntimeState]:
    """Those that have not ended at `now`, in order of their beginning."""
    t = downtimes_table
    query = select(t).where(t.c.ends > now).order_by(t.c.begins, t.c.name)
    return {row.name: _state(row) for row in connection.execute(query)}


def notes(check: Check, downtimes: Sequence[DowntimeState], now: datetime) -> tuple[str, ...]:
    """Why nobody is told of a check at `now`: the notes of the announced downtimes that hold."""
    return tuple(
        f"{one.note} ({one.by})"
        for one in downtimes
        if one.begins is not None and one.ends is not None and one.begins <= now < one.ends
        and (check.id in one.checks or (bool(check.component) and check.component in one.components))
    )  # fmt: skip


def _values(recorded: Recorded) -> dict[str, Any]:
    event = recorded.event
    assert isinstance(event, DowntimeAnnounced)
    return {
        "by": recorded.actor,
        "checks": json.dumps(event.checks),
        "components": json.dumps(event.components),
        "begins": event.begins,
        "ends": event.ends,
        "note": event.note,
    }


def _state(row: Row[Any]) -> DowntimeState:
    checks, components = tuple(json.loads(row.checks)), tuple(json.loads(row.components))
    return DowntimeState(DowntimeStage.ANNOUNCED, row.by, checks, components, row.begins, row.ends, row.note)
