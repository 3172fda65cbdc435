"""Moves that were told twice as rows: a view of the journal, disposable."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Column, Connection, Engine, Integer, String, Table, Text, insert, select, update

from cutover.core.event import Recorded
from cutover.store.chain import canonical
from cutover.store.engine import reading
from cutover.store.metadata import UtcTime, metadata
from paper_capture.domain.conflicts import Conflict, ConflictStage, Telling, TellingChosen, ToldTwice

conflicts_table = Table(
    "paper_conflicts",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("stage", String(20), nullable=False, index=True),
    Column("station", String(80), nullable=False, index=True),
    Column("stands", Text, nullable=False),
    Column("told", Text, nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("chosen", Integer),
    Column("reason", Text, nullable=False, default=""),
    Column("decided_by", String(200), nullable=False, default=""),
)
c = conflicts_table.c


def apply_conflict(connection: Connection, recorded: Recorded) -> None:
    """One row a move, a line a telling."""
    name, event = recorded.stream.partition(":")[2], recorded.event
    match event:
        case ToldTwice():
            _tell(connection, name, event, recorded)
        case TellingChosen():
            decided = {"chosen": event.chosen, "reason": event.reason, "decided_by": recorded.actor}
            connection.execute(
                update(conflicts_table)
                .where(c.name == name)
                .values(stage=ConflictStage.SETTLED.value, **decided)
            )


def _tell(connection: Connection, name: str, event: ToldTwice, recorded: Recorded) -> None:
    found = connection.execute(select(c.told, c.stage, c.since).where(c.name == name)).one_or_none()
    line = canonical(event.told.model_dump(mode="json")) + "\n"
    goes_on = found is not None and found.stage == ConflictStage.OPEN
    row: dict[str, Any] = {
        "stage": ConflictStage.OPEN.value, "station": event.station, "stands": canonical(event.stands),
        "told": (found.told if found else "") + line, "since": found.since if found and goes_on else recorded.at, "chosen": None,
    }  # fmt: skip
    if found is None:
        connection.execute(insert(conflicts_table), {"name": name, **row})
    else:
        connection.execute(update(conflicts_table).where(c.name == name).values(**row))


def conflict_rows(engine: Engine, station: str | None = None) -> dict[str, Conflict]:
    """Every move that was told twice, by its name (`CR000000187.used`), oldest first."""
    query = select(conflicts_table).order_by(c.since, c.name)
    if station is not None:
        query = query.where(c.station == station)
    with reading(engine) as connection:
        return {row["name"]: _conflict(row) for row in connection.execute(query).mappings()}


def _conflict(row: Any) -> Conflict:
    told = tuple(Telling.model_validate_json(line) for line in row["told"].split("\n") if line)
    return Conflict(
        ConflictStage(row["stage"]), row["station"], json.loads(row["stands"]), told, row["since"],
        row["chosen"], row["reason"], row["decided_by"],
    )  # fmt: skip
