"""The life of one contract's comparison: running, answered or failed; only the newest run may answer.

Theory: a comparison is asked for again and again, by gates, by repairs, a week later. Each start takes the
next number, also when an earlier run died without a word; an answer counts only for the newest number, so
that a slow run cannot overwrite what a later one found. A side may be snapshot at any time, which is how the
source is frozen before the target exists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar

from cutover.core.errors import Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine, Table
from cutover.core.refusal_words import not_asked
from cutover.reconciliation.findings import Outcome, Verdict
from cutover.reconciliation.sides import Snapshot


class Stage(StrEnum):
    IDLE = "idle"
    RUNNING = "running"
    ANSWERED = "answered"
    FAILED = "failed"


def _of_no_contract(body: dict[str, Any], version: int) -> dict[str, Any]:
    del version
    return {**body, "outcome": {**body["outcome"], "contract_sha256": ""}}


class SnapshotTaken(Event):
    """One side was read ahead of a run: at the freeze."""

    version: ClassVar[int] = 2
    snapshot: Snapshot

    @classmethod
    def upcast(cls, body: dict[str, Any], version: int) -> dict[str, Any]:
        """Version 1 also named a file of key hashes, which is no longer kept."""
        del version
        return {**body, "snapshot": {n: value for n, value in body["snapshot"].items() if n != "keys"}}


class ReconciliationStarted(Event):
    run: int
    round: int | None = None


class ReconciliationFinished(Event):
    """Both sides were compared whole; the outcome carries verdict, counts, digests and the engine's version."""

    version: ClassVar[int] = 2
    outcome: Outcome

    @classmethod
    def upcast(cls, body: dict[str, Any], version: int) -> dict[str, Any]:
        """Version 1 did not keep under which contract it was found."""
        return _of_no_contract(body, version)


class ReconciliationFailed(Event):
    """There is no answer: the outcome's verdict is ERROR, whatever was found before."""

    version: ClassVar[int] = 2
    outcome: Outcome

    @classmethod
    def upcast(cls, body: dict[str, Any], version: int) -> dict[str, Any]:
        """As of ReconciliationFinished."""
        return _of_no_contract(body, version)


class KeepSnapshot(Command):
    snapshot: Snapshot


class Start(Command):
    round: int | None = None


class Answer(Command):
    """What a run came to; an ERROR is recorded as a failure."""

    outcome: Outcome


EVENTS = (SnapshotTaken, ReconciliationStarted, ReconciliationFinished, ReconciliationFailed)

COMPARISONS = Table(
    name="comparison",
    theory="started again and again; only the newest run may answer, and a failure is never a pass",
    stages=Stage,
    start=Stage.IDLE,
    terminal=frozenset(),
    moves={
        **{(stage, SnapshotTaken): stage for stage in Stage},
        **{(stage, ReconciliationStarted): Stage.RUNNING for stage in Stage},
        (Stage.RUNNING, ReconciliationFinished): Stage.ANSWERED,
        (Stage.RUNNING, ReconciliationFailed): Stage.FAILED,
    },
)


class Overtaken(Refused):
    """A newer run was begun, and that one will answer."""


@dataclass(frozen=True, slots=True)
class ComparisonState:
    """`outcome` is the last answer or failure; while a run is under way it is still that of the run before."""

    stage: Stage = Stage.IDLE
    run: int = 0
    outcome: Outcome | None = None
    snapshots: Mapping[str, Snapshot] = field(default_factory=lambda: MappingProxyType({}))

    def require_newest(self, run: int) -> None:
        """Raises Overtaken for a run that is no longer the newest."""
        if run != self.run:
            raise Overtaken(f"comparison: run {run} was overtaken by run {self.run}, which will answer")


def decide(state: ComparisonState, command: Command, now: datetime) -> Sequence[Event]:
    del now
    match command:
        case KeepSnapshot(snapshot=snapshot):
            return [SnapshotTaken(snapshot=snapshot)]
        case Start(round=round_):
            return [ReconciliationStarted(run=state.run + 1, round=round_)]
        case Answer(outcome=outcome):
            event = ReconciliationFailed if outcome.verdict is Verdict.ERROR else ReconciliationFinished
            COMPARISONS.next(state.stage, event)
            state.require_newest(outcome.run)
            return [event(outcome=outcome)]
    raise Refused(not_asked("comparison", state.stage, command))


def evolve(state: ComparisonState, fact: Fact) -> ComparisonState:
    stage = COMPARISONS.next(state.stage, type(fact.event))
    match fact.event:
        case SnapshotTaken(snapshot=snapshot):
            return replace(
                state, snapshots=MappingProxyType({**state.snapshots, snapshot.side.value: snapshot})
            )
        case ReconciliationStarted(run=run):
            return replace(state, stage=stage, run=run)
        case ReconciliationFinished(outcome=outcome) | ReconciliationFailed(outcome=outcome):
            return replace(state, stage=stage, outcome=outcome)
    return state


COMPARISON = Machine("comparison", ComparisonState(), decide, evolve)


def comparison_stream(contract_id: str) -> str:
    return f"reconciliation:{contract_id}"
