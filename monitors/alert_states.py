"""What was told of each alarm: the fold of its facts, a row each, so that all of them are read in one look."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Integer, Row, String, Table, Text, select, update

from cutover.core.event import Recorded
from cutover.store.metadata import UtcTime, metadata
from monitors.domain.alert import (
    EVENTS,
    AlertResolved,
    AlertStage,
    AlertState,
    AlertTold,
    Recipient,
    alert_stream,
    evolve,
)

alerts_table = Table(
    "monitor_alerts",
    metadata,
    Column("alarm_id", String(80), primary_key=True),
    Column("stage", String(20), nullable=False),
    Column("label", String(40), nullable=False),
    Column("fired_at", UtcTime),
    Column("told_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("repeats", Integer, nullable=False),
    Column("level", Integer, nullable=False),
    Column("told", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("said", Text, nullable=False),
    Column("said_label", String(40), nullable=False),
    Column("said_since", UtcTime),
)


class AlertStates:
    """What was told of every alarm, and in which words last."""

    name = "monitor_alerts"
    tables: Sequence[Table] = (alerts_table,)

    def apply(self, connection: Connection, recorded: Recorded) -> None:
        if not isinstance(recorded.event, EVENTS):
            return
        t, alarm_id = alerts_table, recorded.stream.removeprefix(alert_stream(""))
        row = connection.execute(select(t).where(t.c.alarm_id == alarm_id)).one_or_none()
        state = evolve(_state(row) if row else AlertState(), recorded)
        values = _values(state) | _said(recorded)
        if row:
            connection.execute(update(t).where(t.c.alarm_id == alarm_id).values(values))
        else:
            blank = {"said": "", "said_label": ""}
            connection.execute(t.insert().values({"alarm_id": alarm_id} | blank | values))


def alert_states(connection: Connection) -> Mapping[str, AlertState]:
    """What was told of every alarm that was ever told."""
    return {row.alarm_id: _state(row) for row in connection.execute(select(alerts_table))}


def alerts_since(connection: Connection, ended_after: datetime) -> list[Row[Any]]:
    """The alarms that were told and are not over, and those that ended after a moment."""
    t = alerts_table
    query = select(t).where((t.c.stage != AlertStage.QUIET) | (t.c.ended_at > ended_after))
    return list(connection.execute(query.order_by(t.c.alarm_id)))


def _said(recorded: Recorded) -> dict[str, Any]:
    event = recorded.event
    if not isinstance(event, AlertTold) or isinstance(event, AlertResolved):
        return {}  # what is over is told in the words in which it fired
    words = event.model_dump(
        mode="json", include={"title", "component", "severity", "safeguarding", "detail"}
    )
    return {
        "said": json.dumps(words),
        "said_label": event.label,
        "said_since": event.since or recorded.at,
    }


def _values(state: AlertState) -> dict[str, Any]:
    plain = {name: getattr(state, name) for name in AlertState.__slots__ if name != "told"}
    return plain | {"told": json.dumps([one.model_dump() for one in state.told])}


def _state(row: Row[Any]) -> AlertState:
    values = {name: row._mapping[name] for name in AlertState.__slots__}  # noqa: SLF001  (columns named as the fields)
    told = tuple(Recipient.model_construct(**one) for one in json.loads(row.told)) if row.told != "[]" else ()
    return AlertState(**values | {"stage": AlertStage(row.stage), "told": told})
