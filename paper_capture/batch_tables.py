"""Batches as rows: a view of the journal, disposable."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Column, Connection, Engine, Integer, String, Table, Text, insert, select, update

from cutover.core.event import Recorded
from cutover.store.chain import canonical
from cutover.store.engine import reading
from cutover.store.metadata import metadata
from paper_capture.domain.batches import (
    BATCHES,
    Batch,
    BatchPrepared,
    BatchReceived,
    BatchRejected,
    BatchReleased,
    BatchStage,
)

batches_table = Table(
    "paper_batches",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("stage", String(20), nullable=False, index=True),
    Column("form_type", String(80), nullable=False),
    Column("station", String(80), nullable=False, index=True),
    Column("serials", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("hash_total", String(20), nullable=False),
    Column("totals", Text, nullable=False),
    Column("prepared_by", String(200), nullable=False),
    Column("received_by", String(200), nullable=False, default=""),
    Column("reasons", Text, nullable=False, default="[]"),
)


def apply_batch(connection: Connection, recorded: Recorded) -> None:
    """One row a batch."""
    name, event = recorded.stream.partition(":")[2], recorded.event
    match event:
        case BatchPrepared():
            row = event.model_dump(include={"form_type", "station", "count"})
            row |= {"name": name, "stage": BatchStage.PREPARED.value, "prepared_by": recorded.actor}
            row |= {
                "serials": canonical(list(event.serials)),
                "totals": canonical(event.totals),
                "hash_total": str(event.hash_total),
            }
            connection.execute(insert(batches_table), row)
        case BatchReceived():
            _change(connection, name, event, received_by=recorded.actor)
        case BatchRejected():
            _change(connection, name, event, reasons=canonical(list(event.reasons)))
        case BatchReleased():
            _change(connection, name, event)


def batch_rows(engine: Engine) -> dict[str, Batch]:
    """Every batch by its name, in order."""
    with reading(engine) as connection:
        rows = connection.execute(select(batches_table).order_by(batches_table.c.name)).mappings().all()
    return {row["name"]: _batch(dict(row)) for row in rows}


def _change(connection: Connection, name: str, event: Any, **values: str) -> None:
    stage = next(to for (_, kind), to in BATCHES.moves.items() if kind is type(event))
    connection.execute(
        update(batches_table).where(batches_table.c.name == name).values(stage=stage.value, **values)
    )


def _batch(row: dict[str, Any]) -> Batch:
    return Batch(
        BatchStage(row["stage"]), row["form_type"], row["station"], tuple(json.loads(row["serials"])), row["count"],
        int(row["hash_total"]), json.loads(row["totals"]), row["prepared_by"], row["received_by"], tuple(json.loads(row["reasons"])),
    )  # fmt: skip
