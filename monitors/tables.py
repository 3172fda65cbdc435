"""What the monitors show: how each check stands, what became of it, where each case file is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Integer, Row, String, Table, Text, select, update

from cutover.core.event import Fact, Recorded
from cutover.store.metadata import UtcTime, metadata
from monitors.domain import health, ledger
from monitors.domain.check import Reason, Status
from monitors.domain.health import Acknowledgement, HealthState, Stage
from monitors.domain.ledger import FileStage, FileState
from monitors.downtimes import downtimes_table, keep_downtime

states_table = Table(
    "monitor_states",
    metadata,
    Column("check_id", String(80), primary_key=True),
    Column("stage", String(20), nullable=False),
    Column("hard", String(10)),
    Column("reason", String(30)),
    Column("detail", Text, nullable=False),
    Column("hard_since", UtcTime),
    Column("failing_since", UtcTime),
    Column("seen", String(10)),
    Column("seen_reason", String(30)),
    Column("count", Integer, nullable=False),
    Column("ack_by", String(200)),
    Column("ack_until", UtcTime),
    Column("ack_note", Text),
)

changes_table = Table(
    "monitor_changes",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("check_id", String(80), nullable=False, index=True),
    Column("at", UtcTime, nullable=False),
    Column("status", String(10), nullable=False),
    Column("reason", String(30)),
    Column("detail", Text, nullable=False),
    Column("since", UtcTime, nullable=False),
)

files_table = Table(
    "case_files",
    metadata,
    Column("file_id", String(200), primary_key=True),
    Column("stage", String(20), nullable=False, index=True),
    Column("case", String(200), nullable=False),
    Column("content_sha256", String(64), nullable=False),
    Column("reference", String(200), nullable=False),
    Column("built_at", UtcTime),
    Column("sent_at", UtcTime),
    Column("settled_at", UtcTime),
    Column("note", Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class HardChange:
    """A settled change of one check: to which status, when, and since when the failure lasted."""

    check_id: str
    at: datetime
    status: Status
    reason: Reason | None
    detail: str
    since: datetime


class MonitorStates:
    """How every check stands: the same fold as the journal's, kept a row a check; and when nobody is told of it."""

    name = "monitor_states"
    tables: Sequence[Table] = (states_table, changes_table, downtimes_table)

    def apply(self, connection: Connection, recorded: Recorded) -> None:
        keep_downtime(connection, recorded)
        if not isinstance(recorded.event, health.EVENTS):
            return
        check_id = recorded.stream.removeprefix(health.check_stream(""))
        row = connection.execute(
            select(states_table).where(states_table.c.check_id == check_id)
        ).one_or_none()
        state = health.evolve(_state(row) if row else HealthState(), recorded)
        _put(connection, states_table, {"check_id": check_id}, _state_values(state), known=row is not None)
        if change := _change(check_id, recorded):
            connection.execute(changes_table.insert().values(position=recorded.position, **change))


class CaseFiles:
    """Where every case file is."""

    name = "case_files"
    tables: Sequence[Table] = (files_table,)

    def apply(self, connection: Connection, recorded: Recorded) -> None:
        if not isinstance(recorded.event, ledger.EVENTS):
            return
        file_id = recorded.stream.removeprefix(ledger.file_stream(""))
        row = connection.execute(select(files_table).where(files_table.c.file_id == file_id)).one_or_none()
        state = ledger.evolve(_file(row) if row else FileState(), recorded)
        values = {name: getattr(state, name) for name in FileState.__slots__}
        _put(connection, files_table, {"file_id": file_id}, values, known=row is not None)


def health_states(connection: Connection) -> Mapping[str, HealthState]:
    """The state of every check that ever had a fact."""
    return {row.check_id: _state(row) for row in connection.execute(select(states_table))}


def hard_changes(connection: Connection, check_id: str | None = None) -> list[HardChange]:
    """The settled changes of one check, or of all, oldest first."""
    t = changes_table
    query = select(t).order_by(t.c.position)
    if check_id is not None:
        query = query.where(t.c.check_id == check_id)
    return [
        HardChange(
            r.check_id, r.at, Status(r.status), Reason(r.reason) if r.reason else None, r.detail, r.since
        )
        for r in connection.execute(query)
    ]


def file_states(connection: Connection) -> Mapping[str, FileState]:
    """Every case file by its id, oldest first."""
    query = select(files_table).order_by(files_table.c.built_at, files_table.c.file_id)
    return {row.file_id: _file(row) for row in connection.execute(query)}


def _put(
    connection: Connection, table: Table, key: dict[str, str], values: dict[str, Any], *, known: bool
) -> None:
    if known:
        ((name, value),) = key.items()
        connection.execute(update(table).where(table.c[name] == value).values(values))
    else:
        connection.execute(table.insert().values(key | values))


def _change(check_id: str, fact: Fact) -> dict[str, Any] | None:
    match fact.event:
        case health.CheckWentHard() as e:
            return {
                "check_id": check_id,
                "at": fact.at,
                "status": e.status,
                "reason": e.reason,
                "detail": e.detail,
                "since": e.since,
            }
        case health.CheckRecovered(since=since):
            return {
                "check_id": check_id,
                "at": fact.at,
                "status": Status.OK,
                "reason": None,
                "detail": "",
                "since": since,
            }
    return None


def _state_values(state: HealthState) -> dict[str, Any]:
    ack = state.acknowledgement
    plain = {name: getattr(state, name) for name in HealthState.__slots__ if name != "acknowledgement"}
    return plain | {
        "ack_by": ack.by if ack else None,
        "ack_until": ack.until if ack else None,
        "ack_note": ack.note if ack else None,
    }


def _state(row: Row[Any]) -> HealthState:
    return HealthState(
        stage=Stage(row.stage),
        hard=Status(row.hard) if row.hard else None,
        reason=Reason(row.reason) if row.reason else None,
        detail=row.detail,
        hard_since=row.hard_since,
        failing_since=row.failing_since,
        seen=Status(row.seen) if row.seen else None,
        seen_reason=Reason(row.seen_reason) if row.seen_reason else None,
        count=row._mapping["count"],  # noqa: SLF001  (a row's own `count` is a method)
        acknowledgement=Acknowledgement(row.ack_by, row.ack_until, row.ack_note) if row.ack_until else None,
    )


def _file(row: Row[Any]) -> FileState:
    values = {name: row._mapping[name] for name in FileState.__slots__}  # noqa: SLF001  (columns named as the fields)
    return FileState(**values | {"stage": FileStage(row.stage)})
