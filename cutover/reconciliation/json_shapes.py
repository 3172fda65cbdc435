"""What the commands of reconciliation answer with --json: a shape for each, by the words that are typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from typing_extensions import TypedDict

from cutover.reconciliation.causes import Cause
from cutover.reconciliation.findings import Outcome
from cutover.reconciliation.later import Since
from cutover.reconciliation.reruns import Recheck

Cell = str | int | float | bool | None


class DifferingCell(TypedDict):
    column: str
    source: Cell
    target: Cell
    kind: str
    rule: str | None


FoundDifference = TypedDict(
    "FoundDifference",
    {
        "class": str,
        "key": Mapping[str, Cell],
        "state": str,
        "context": Mapping[str, Cell],
        "cells": Sequence[DifferingCell],
        "detail": str,
        "copies_in_source": int,
        "copies_in_target": int,
        "accepted_by": str | None,
        "explained": bool,
    },
)  # `class` is a word of Python


class Reconciled(TypedDict):
    """`outcome` is null while the contract has not been reconciled."""

    contract: str
    outcome: Outcome | None
    causes: Sequence[Cause]
    findings: Sequence[FoundDifference]


class Rechecks(TypedDict):
    rechecks: Mapping[str, Sequence[Recheck]]
    outcomes: Sequence[Outcome]


class WrittenLines(TypedDict):
    file: str
    lines: int


class Statements(TypedDict):
    engine: str
    statements: Sequence[str]


class FindingsTouched(TypedDict):
    contract: str
    findings: int


ANSWERS: Mapping[str, Any] = {
    "reconcile run": Outcome,
    "reconcile show": Reconciled,
    "reconcile due": Rechecks,
    "reconcile export": WrittenLines,
    "reconcile since": Since,
    "reconcile explain": FindingsTouched,
    "reconcile repaired": FindingsTouched,
    "reconcile sql": Statements,
}
