"""A small world to reconcile: registers as CSV or Parquet, a contract over them, a service on a real journal."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from cutover.reconciliation.contract import Contract
from cutover.reconciliation.service import ReconciliationService

COLUMNS = ("crime_id", "reported_at", "offence", "status", "surname", "value_gbp")
Row = tuple[str | None, ...]


def crime(number: int, **other: str | None) -> Row:
    """One crime as the register holds it."""
    usual: dict[str, str | None] = {
        "crime_id": f"C{number:05}",
        "reported_at": f"2026-06-{1 + number % 28:02}T09:30:00Z",
        "offence": ("burglary", "theft", "assault")[number % 3],
        "status": "open" if number % 5 else "closed",
        "surname": "Müller",
        "value_gbp": f"{number % 1000}.50",
    }
    return tuple((usual | other).values())


def write_csv(path: Path, rows: Iterable[Sequence[str | None]], columns: Sequence[str] = COLUMNS) -> Path:
    """NULL is an empty field, '' a quoted one."""
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerow(columns)
        for row in rows:
            out.write(",".join("" if v is None else '"' + v.replace('"', '""') + '"' for v in row) + "\n")
    return path


def write_parquet(path: Path, select: str) -> Path:
    with duckdb.connect(":memory:") as engine:
        engine.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return path


def contract(source: Path | str, target: Path | str, /, **other: Any) -> Contract:
    usual: dict[str, Any] = {
        "id": "crimes",
        "title": "Every crime",
        "entity": "crime",
        "source": {"path": str(source)},
        "target": {"path": str(target)},
        "key": "crime_id",
        "state": "status",
        "context": ["offence"],
        "columns": {
            "crime_id": "text",
            "reported_at": "timestamp",
            "offence": "text",
            "status": "text",
            "surname": "text",
            "value_gbp": "decimal(12,2)",
        },
    }
    return Contract.model_validate(usual | other)


class World:
    """One contract, its two files and the service over them."""

    def __init__(self, folder: Path, make_desk: Any, desk_parts: tuple[Any, ...]) -> None:
        self.folder = folder
        self.systems: dict[str, str] = {}
        self.desk = make_desk(*desk_parts)
        self.source, self.target = folder / "source.csv", folder / "target.csv"
        self.contracts: dict[str, Contract] = {}
        self.agree()

    @property
    def service(self) -> ReconciliationService:
        return ReconciliationService(self.desk, self.contracts, self.folder / "state", lambda: self.systems)

    def agree(self, **other: Any) -> None:
        """Lay down the contract, with changes."""
        self.contracts = {"crimes": contract(self.source, self.target, **other)}

    def write(self, source: Iterable[Row], target: Iterable[Row]) -> None:
        write_csv(self.source, source)
        write_csv(self.target, target)

    def run(self, **other: Any) -> Any:
        return self.service.run("crimes", by="Asha", **other)

    def keys(self, klass: str) -> list[str]:
        return [finding["key"]["crime_id"] for finding in self.service.findings("crimes", klass)]

    def cells(self) -> list[tuple[str, str | None, str | None, str, str]]:
        return [
            tuple(cell.values())
            for finding in self.service.findings("crimes", "changed")
            for cell in finding["cells"]
        ]


def facts(world: World) -> list[Mapping[str, Any]]:
    return [
        {"kind": recorded.event.kind(), "key": recorded.idempotency_key}
        for recorded in world.desk.journal.all()
    ]
