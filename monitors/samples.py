"""When each check last answered, and how its hours went: roll-ups of samples, too many to be facts.

These two tables are not views of the journal: losing them loses latencies and makes every check UNKNOWN until
its next result, and nothing that was decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Float,
    Integer,
    Row,
    String,
    Table,
    Text,
    case,
    inspect,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.schema import CreateTable

from cutover.store.engine import reading, writing
from cutover.store.metadata import UtcTime, metadata
from monitors.domain.check import Reason, Result, Status

last_table = Table(
    "check_last",
    metadata,
    Column("check_id", String(80), primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("status", String(10), nullable=False),
    Column("reason", String(30)),
    Column("detail", Text, nullable=False),
    Column("latency", Float),
    Column("last_ok_at", UtcTime),
)

hours_table = Table(
    "check_samples",
    metadata,
    Column("check_id", String(80), primary_key=True),
    Column("hour", UtcTime, primary_key=True),
    Column("samples", Integer, nullable=False),
    Column("ok", Integer, nullable=False),
    Column("warning", Integer, nullable=False),
    Column("critical", Integer, nullable=False),
    Column("unknown", Integer, nullable=False),
    Column("timed", Integer, nullable=False),
    Column("latency_sum", Float, nullable=False),
    Column("latency_max", Float, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Last:
    """The last result of a check and when it was."""

    result: Result
    at: datetime
    last_ok_at: datetime | None


@dataclass(frozen=True, slots=True)
class Hour:
    """How one hour of a check went; latencies are in seconds."""

    hour: datetime
    samples: int
    ok: int
    warning: int
    critical: int
    unknown: int
    latency_mean: float | None
    latency_max: float | None


class Samples:
    """Keeps results; created where missing, because no migration owns them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with reading(engine) as connection:
            missing = [t for t in (last_table, hours_table) if not inspect(connection).has_table(t.name)]
        if missing:
            with writing(engine) as connection:
                for table in missing:
                    connection.execute(CreateTable(table, if_not_exists=True))

    def keep(self, check_id: str, result: Result, at: datetime) -> None:
        """Count one result and remember it as the last."""
        with writing(self._engine) as connection:
            self._remember(connection, check_id, result, at)
            self._count(connection, check_id, result, at)

    def last(self, check_id: str) -> Last | None:
        return self.all_last((check_id,)).get(check_id)

    def all_last(self, only: tuple[str, ...] = ()) -> Mapping[str, Last]:
        """The last result of every check that ever had one."""
        query = select(last_table)
        if only:
            query = query.where(last_table.c.check_id.in_(only))
        with reading(self._engine) as connection:
            return {row.check_id: _last(row) for row in connection.execute(query)}

    def hours(self, check_id: str) -> list[Hour]:
        """The roll-ups of one check, oldest first."""
        t = hours_table
        with reading(self._engine) as connection:
            rows = connection.execute(select(t).where(t.c.check_id == check_id).order_by(t.c.hour)).all()
        return [_hour(row) for row in rows]

    def _remember(self, connection: Connection, check_id: str, result: Result, at: datetime) -> None:
        values = result.model_dump(mode="json") | {"check_id": check_id, "at": at}
        if result.status is Status.OK:
            values["last_ok_at"] = at
        t = last_table
        known = connection.execute(update(t).where(t.c.check_id == check_id).values(values))
        if known.rowcount == 0:
            connection.execute(t.insert().values(values))

    def _count(self, connection: Connection, check_id: str, result: Result, at: datetime) -> None:
        counts = dict.fromkeys(("ok", "warning", "critical", "unknown"), 0)
        counts[result.status.lower()] = 1
        latency = result.latency or 0.0
        values = counts | {"samples": 1, "timed": int(result.latency is not None), "latency_sum": latency}
        t = hours_table
        hour = at.replace(minute=0, second=0, microsecond=0)
        insert = postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert
        fresh = insert(t).values(values | {"check_id": check_id, "hour": hour, "latency_max": latency})
        more = {name: t.c[name] + value for name, value in values.items()}
        slowest = {"latency_max": _greater(t.c.latency_max, latency)}
        connection.execute(
            fresh.on_conflict_do_update(index_elements=["check_id", "hour"], set_=more | slowest)
        )


def _greater(column: Any, value: float) -> Any:
    return case((column > value, column), else_=value)


def _last(row: Row[Any]) -> Last:
    reason = Reason(row.reason) if row.reason else None
    result = Result(status=Status(row.status), reason=reason, detail=row.detail, latency=row.latency)
    return Last(result, row.at, row.last_ok_at)


def _hour(row: Row[Any]) -> Hour:
    mean = row.latency_sum / row.timed if row.timed else None
    slowest = row.latency_max if row.timed else None
    return Hour(row.hour, row.samples, row.ok, row.warning, row.critical, row.unknown, mean, slowest)
