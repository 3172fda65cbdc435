"""Findings ranked by cause: what is to be repaired as one thing, the most first.

A cause is a class with a state (604 missing under_review), or for changed records a column, a kind and the rule that
explains it (200 cells of surname in white space). What a rule explains or somebody signed for comes last.
"""

# ruff: noqa: S608  (every identifier and text in the SQL is quoted by rows.name and rows.literal)
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from cutover.reconciliation import rows
from cutover.reconciliation.rows import literal

_CELL = 'STRUCT("column" VARCHAR, source VARCHAR, target VARCHAR, kind VARCHAR, rule VARCHAR)'
_CAUSE = ("class", "of_state", "of_column", "kind", "rule")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which findings: those of a class, of a state, with a cell of a column and of a kind; '' for any."""

    klass: str = ""
    state: str = ""
    column: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Cause:
    """Findings or cells that have one cause: how many, how many of them are settled, and one as an example."""

    klass: str
    state: str
    column: str
    kind: str
    rule: str
    times: int
    settled: int
    example: str
    source: str | None
    target: str | None

    def wanted(self) -> Wanted:
        return Wanted(self.klass, self.state, self.column, self.kind)

    @property
    def common(self) -> str:
        """What its findings have in common: 'under_review', or 'surname: whitespace'."""
        return f"{self.column}: {self.kind.replace('_', ' ')}" if self.column else self.state

    def __str__(self) -> str:
        """'604 missing, under_review'; '200 changed, surname: whitespace'."""
        rule = " by its rule" if self.rule else " signed for" if self.settled == self.times else ""
        return (
            f"{self.times:,} {self.klass.replace('_', ' ')}"
            + (f", {self.common}" if self.common else "")
            + rule
        )


def ranked(engine: duckdb.DuckDBPyConnection, findings: Path) -> list[Cause]:
    """The causes of a findings file, the most open ones first."""
    found = engine.execute(f"""SELECT {", ".join(_CAUSE)}, times, settled, example, source, target
        FROM ({_ranked(findings)}) ORDER BY rank""")
    return [Cause(*(row[:5]), *row[5:]) for row in found.fetchall()]


def by_cause(
    engine: duckdb.DuckDBPyConnection, findings: Path, wanted: Wanted, limit: int | None, skip: int = 0
) -> list[dict[str, Any]]:
    """Findings in the order of their causes, but the first `skip`, all of them unless `limit` is given; a finding of several stands under the first."""
    same = " AND ".join(f"e.{c} = r.{c}" for c in _CAUSE)
    chosen = f"""SELECT e.file_row_number AS n, min(r.rank) AS rank FROM ({_each(findings)}) e JOIN ({_ranked(findings)}) r ON {same}
        WHERE {_where(wanted)} GROUP BY ALL"""
    query = f"""SELECT f.* EXCLUDE (file_row_number) FROM {_numbered(findings)} f JOIN ({chosen}) c ON f.file_row_number = c.n
        ORDER BY c.rank, f.file_row_number OFFSET {int(skip)}{f" LIMIT {int(limit)}" if limit is not None else ""}"""
    found = engine.execute(query)
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _numbered(findings: Path) -> str:
    return f"read_parquet({rows.exactly(findings)}, hive_partitioning=false, file_row_number=true)"


def _each(findings: Path) -> str:
    """Every differing cell, or the finding where it has none, with what makes its cause."""
    cells = f"unnest(CASE WHEN len(cells) = 0 THEN [NULL::{_CELL}] ELSE cells END) AS cell"
    return f"""SELECT *, CASE WHEN cell."column" IS NULL THEN coalesce(state, '') ELSE '' END AS of_state,
            coalesce(cell."column", '') AS of_column, coalesce(cell.kind, '') AS kind, coalesce(cell.rule, '') AS rule
        FROM (SELECT *, {cells} FROM {_numbered(findings)})"""


def _ranked(findings: Path) -> str:
    cause = ", ".join(_CAUSE)
    first = "array_to_string(map_values(key), ' / ')"
    return f"""SELECT *, row_number() OVER (ORDER BY times - settled DESC, times DESC, {cause}) AS rank FROM (
        SELECT {cause}, count(*) AS times, count(*) FILTER (rule <> '' OR accepted_by <> '') AS settled,
            arg_min({first}, file_row_number) AS example, arg_min_null(cell.source, file_row_number) AS source, arg_min_null(cell.target, file_row_number) AS target
        FROM ({_each(findings)}) GROUP BY {cause})"""


def _where(wanted: Wanted) -> str:
    asked = {"class": wanted.klass, "state": wanted.state, "of_column": wanted.column, "kind": wanted.kind}
    return " AND ".join(f"e.{c} = {literal(value)}" for c, value in asked.items() if value) or "true"
