"""What each contract last came to, and every run it had: rows for pages, gates and reports."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Connection, Integer, String, Table, Text, delete, insert, update

from cutover.core.event import Recorded
from cutover.reconciliation.comparison import (
    ReconciliationFailed,
    ReconciliationFinished,
    ReconciliationStarted,
    comparison_stream,
)
from cutover.reconciliation.findings import Class, Outcome
from cutover.store.metadata import UtcTime, metadata


def _columns() -> list[Column[Any]]:
    return [
        Column("round", Integer),
        Column("verdict", String(20), nullable=False),
        Column("summary", Text, nullable=False),
        *(Column(str(klass), Integer, nullable=False) for klass in Class),
        Column("unexplained", Integer, nullable=False),
        Column("by_state", Text, nullable=False),
        Column("source_rows", Integer),
        Column("target_rows", Integer),
        Column("source_read_at", UtcTime),
        Column("target_read_at", UtcTime),
        Column("engine", String(50), nullable=False),
        Column("findings_file", String(200), nullable=False),
        Column("by", String(200), nullable=False),
        Column("finished_at", UtcTime, nullable=False),
        Column("position", Integer, nullable=False),
    ]


latest_table = Table(
    "reconciliation_latest",
    metadata,
    Column("contract", String(80), primary_key=True),
    Column("run", Integer, nullable=False),
    *_columns(),
)
runs_table = Table(
    "reconciliation_runs",
    metadata,
    Column("contract", String(80), primary_key=True),
    Column("run", Integer, primary_key=True, autoincrement=False),
    *_columns(),
)
under_way_table = Table(
    "reconciliation_under_way",
    metadata,
    Column("contract", String(80), primary_key=True),
    Column("run", Integer, nullable=False),
    Column("by", String(200), nullable=False),
    Column("started_at", UtcTime, nullable=False),
)


class ReconciliationView:
    """The latest outcome of each contract, the history of all, and what is being compared now."""

    name = "reconciliation"
    tables: Sequence[Table] = (latest_table, runs_table, under_way_table)

    def apply(self, connection: Connection, recorded: Recorded) -> None:
        match recorded.event:
            case ReconciliationStarted(run=run):
                contract = recorded.stream.removeprefix(comparison_stream(""))
                connection.execute(delete(under_way_table).where(under_way_table.c.contract == contract))
                connection.execute(
                    insert(under_way_table).values(
                        contract=contract, run=run, by=recorded.actor, started_at=recorded.at
                    )
                )
            case ReconciliationFinished(outcome=outcome) | ReconciliationFailed(outcome=outcome):
                row = _row(outcome, recorded)
                connection.execute(
                    delete(under_way_table).where(under_way_table.c.contract == outcome.contract)
                )
                connection.execute(insert(runs_table).values(row))
                if (
                    connection.execute(
                        update(latest_table).where(latest_table.c.contract == outcome.contract).values(row)
                    ).rowcount
                    == 0
                ):
                    connection.execute(insert(latest_table).values(row))


def _row(outcome: Outcome, recorded: Recorded) -> dict[str, Any]:
    return {
        "contract": outcome.contract, "run": outcome.run, "round": outcome.round, "verdict": outcome.verdict.value, "summary": str(outcome),
        **{str(klass): outcome.count(klass) for klass in Class},
        "unexplained": outcome.unexplained, "by_state": json.dumps(outcome.model_dump(mode="json")["by_state"], sort_keys=True),
        "source_rows": outcome.source and outcome.source.rows, "target_rows": outcome.target and outcome.target.rows,
        "source_read_at": outcome.source and outcome.source.read_at, "target_read_at": outcome.target and outcome.target.read_at,
        "engine": outcome.engine, "findings_file": outcome.findings_file, "by": recorded.actor, "finished_at": recorded.at, "position": recorded.position,
    }  # fmt: skip
