"""When each check last answered, and how its hours went: roll-ups of samples, too many to be facts.

These two tables are not views of the journal: losing them loses latencies and makes every check UNKNOWN until
its next result, and nothing that was decided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
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
    func,
    inspect,
    select,
    text,
)
from sqlalchemy.schema import CreateTable

from cutover.store.engine import reading, writing
from cutover.store.metadata import UtcTime, metadata
from cutover.store.side_tables import upsert
from monitors.domain.check import Figure, Reason, Result, Status
from monitors.domain.flapping import Window

FRESH = Window()
_FIGURES = TypeAdapter(tuple[Figure, ...])

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
    Column("bits", Integer),
    Column("flapping", Integer),
    Column("figures", Text),
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
    """The last result of a check and when it was; `window` says whether it flaps."""

    result: Result
    at: datetime
    last_ok_at: datetime | None
    window: Window = FRESH


@dataclass(frozen=True, slots=True)
class Sample:
    """One result of one check, with the window after it."""

    check_id: str
    result: Result
    at: datetime
    window: Window = FRESH


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
        # Built once: building a statement costs more than running it.
        self._remember = upsert(engine, last_table, _newest)
        self._count = upsert(engine, hours_table, _added)
        with reading(engine) as connection:
            lacking = _lacking(connection)
        if lacking:
            with writing(engine) as connection:
                for statement in _lacking(connection):  # another process may have been quicker
                    connection.execute(statement)

    def keep(self, check_id: str, result: Result, at: datetime, window: Window = FRESH) -> None:
        """Count one result and remember it as the last."""
        self.keep_all([Sample(check_id, result, at, window)])

    def keep_all(self, samples: Sequence[Sample]) -> None:
        """Count results and remember each as the last of its check, in one transaction."""
        if not samples:
            return
        with writing(self._engine, durable=False) as connection:
            connection.execute(self._remember, [_row(sample) for sample in samples])
            connection.execute(self._count, [_one(s.check_id, s.result, s.at) for s in samples])

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


def _newest(fresh: Any) -> dict[str, Any]:
    t = last_table
    names = ("at", "status", "reason", "detail", "latency", "bits", "flapping", "figures")
    plain = {name: fresh[name] for name in names}
    return plain | {"last_ok_at": func.coalesce(fresh.last_ok_at, t.c.last_ok_at)}


def _added(fresh: Any) -> dict[str, Any]:
    t = hours_table
    sums = ("samples", "ok", "warning", "critical", "unknown", "timed", "latency_sum")
    return {name: t.c[name] + fresh[name] for name in sums} | {
        "latency_max": _greater(t.c.latency_max, fresh.latency_max)
    }


def _one(check_id: str, result: Result, at: datetime) -> dict[str, Any]:
    counts = dict.fromkeys(("ok", "warning", "critical", "unknown"), 0) | {result.status.lower(): 1}
    latency = result.latency or 0.0
    hour = at.replace(minute=0, second=0, microsecond=0)
    timed = {"timed": int(result.latency is not None), "latency_sum": latency, "latency_max": latency}
    return {"check_id": check_id, "hour": hour, "samples": 1} | counts | timed


def _greater(one: Any, other: Any) -> Any:
    return case((one > other, one), else_=other)


def _row(sample: Sample) -> dict[str, Any]:
    result = sample.result
    return {
        "check_id": sample.check_id,
        "at": sample.at,
        "status": result.status,
        "reason": result.reason,
        "detail": result.detail,
        "latency": result.latency,
        "last_ok_at": sample.at if result.status is Status.OK else None,
        "bits": sample.window.bits,
        "flapping": int(sample.window.flapping),
        "figures": _FIGURES.dump_json(result.figures).decode() if result.figures else None,
    }


def _lacking(connection: Connection) -> list[Any]:
    """The tables and columns that are not there: those of an earlier version grow, nothing is lost."""
    seen = inspect(connection)
    statements: list[Any] = []
    for table in (last_table, hours_table):
        if not seen.has_table(table.name):
            statements.append(CreateTable(table, if_not_exists=True))
            continue
        there = {column["name"] for column in seen.get_columns(table.name)}
        for column in table.columns:
            if column.name not in there:
                kind = column.type.compile(connection.dialect)
                statements.append(text(f"ALTER TABLE {table.name} ADD COLUMN {column.name} {kind}"))
    return statements


def _last(row: Row[Any]) -> Last:
    reason = Reason(row.reason) if row.reason else None
    figures = _FIGURES.validate_json(row.figures) if row.figures else ()
    status = Status(row.status)
    # Not validated again: ten thousand of them are read at once after a crash, and we wrote them.
    result = Result.model_construct(
        status=status, reason=reason, detail=row.detail, latency=row.latency, figures=figures
    )
    return Last(result, row.at, row.last_ok_at, Window(row.bits or 0, status, bool(row.flapping)))


def _hour(row: Row[Any]) -> Hour:
    mean = row.latency_sum / row.timed if row.timed else None
    slowest = row.latency_max if row.timed else None
    return Hour(row.hour, row.samples, row.ok, row.warning, row.critical, row.unknown, mean, slowest)
