"""The counts as they were last told, mature or not, and when each source was last heard.

Not views of the journal: a day's count becomes a fact when it is mature. Losing these tables loses counts that
came by the API and are not mature yet, and makes every flow UNKNOWN until its next reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Engine, Row, String, Table, Text, select

from cutover.store.engine import reading, writing
from cutover.store.metadata import UtcTime, metadata
from cutover.store.side_tables import make_missing, upsert
from monitors.domain.counts import Told
from monitors.domain.standing import Heard

counts_table = Table(
    "flow_counts",
    metadata,
    Column("flow_id", String(80), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("told_at", UtcTime, nullable=False),
)

heard_table = Table(
    "flow_heard",
    metadata,
    Column("flow_id", String(80), primary_key=True),
    Column("at", UtcTime),
    Column("fault", Text, nullable=False),
    Column("last_event", UtcTime),
)


class FlowCounts:
    """Keeps what sources tell; made where missing, because no migration owns it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        make_missing(engine, counts_table, heard_table)

    def keep(self, flow_id: str, found: Told, at: datetime) -> None:
        """Remember a good reading."""
        rows = [
            {"flow_id": flow_id, "day": day.isoformat(), "count": count, "told_at": at}
            for day, count in found.counts.items()
        ]
        heard = {"flow_id": flow_id, "at": at, "fault": "", "last_event": found.last_event}
        with writing(self._engine, durable=False) as connection:
            if rows:
                connection.execute(self._changing(counts_table, "count", "told_at"), rows)
            last = ("last_event",) if found.last_event else ()
            connection.execute(self._changing(heard_table, "at", "fault", *last), heard)

    def fail(self, flow_id: str, why: str) -> None:
        """Remember what was wrong with a reading; when the last good one was stays known."""
        heard = {"flow_id": flow_id, "at": None, "fault": why, "last_event": None}
        with writing(self._engine, durable=False) as connection:
            connection.execute(self._changing(heard_table, "fault"), heard)

    def counts(self, flow_id: str, since: date, until: date) -> Mapping[date, int]:
        """The days as last told, from `since` to `until`."""
        t = counts_table
        query = select(t).where(
            t.c.flow_id == flow_id, t.c.day >= since.isoformat(), t.c.day <= until.isoformat()
        )
        with reading(self._engine) as connection:
            return {
                date.fromisoformat(row.day): row._mapping["count"]  # noqa: SLF001  (a row's own `count` is a method)
                for row in connection.execute(query)
            }

    def heard(self) -> Mapping[str, Heard]:
        """When every source was last heard."""
        with reading(self._engine) as connection:
            return {row.flow_id: _heard(row) for row in connection.execute(select(heard_table))}

    def _changing(self, table: Table, *columns: str) -> Any:
        return upsert(self._engine, table, lambda fresh: {name: fresh[name] for name in columns})


def _heard(row: Row[Any]) -> Heard:
    return Heard(row.at, row.fault, row.last_event)
