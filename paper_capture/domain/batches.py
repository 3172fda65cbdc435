"""Which sheets go back together, what their header says of them, and whether what is there agrees with it.

A station puts a header sheet on a bundle of one form: how many, the sum of their numbers, the sums of the fields
that are summed. Whoever takes it in counts again, as another person. A batch that does not agree is rejected with
its reasons and made up anew; one whose pages are all scanned is released for keying. A sheet is in one live batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from pydantic import Field

from cutover.core.errors import Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine, Table


class BatchPrepared(Event):
    """Made up at a station under its header sheet."""

    form_type: str
    station: str
    serials: tuple[str, ...]
    count: int
    hash_total: int
    totals: dict[str, float] = Field(default_factory=dict)


class BatchReceived(Event):
    """Counted again by somebody else, and it agrees."""

    count: int


class BatchRejected(Event):
    """Does not agree with its header; its sheets are free for another batch."""

    reasons: tuple[str, ...]


class BatchReleased(Event):
    """Every page has its image: it may be keyed."""


class PrepareBatch(Command):
    form_type: str
    station: str
    serials: tuple[str, ...]
    count: int
    hash_total: int
    totals: dict[str, float] = Field(default_factory=dict)


class ReceiveBatch(Command):
    count: int


class RejectBatch(Command):
    reason: str


class ReleaseBatch(Command):
    """`lacking`: the pages without an image, found by whoever asks."""

    lacking: tuple[str, ...]


EVENTS: tuple[type[Event], ...] = (BatchPrepared, BatchReceived, BatchRejected, BatchReleased)


class BatchStage(StrEnum):
    UNMADE = "unmade"
    PREPARED = "prepared"
    RECEIVED = "received"
    RELEASED = "released"
    REJECTED = "rejected"


BATCHES = Table(
    name="batch",
    theory="made up at a station, counted again by another person, released when every page has its image, or rejected",
    stages=BatchStage,
    start=BatchStage.UNMADE,
    terminal=frozenset({BatchStage.RELEASED, BatchStage.REJECTED}),
    moves={
        (BatchStage.UNMADE, BatchPrepared): BatchStage.PREPARED,
        (BatchStage.PREPARED, BatchReceived): BatchStage.RECEIVED,
        (BatchStage.PREPARED, BatchRejected): BatchStage.REJECTED,
        (BatchStage.RECEIVED, BatchReleased): BatchStage.RELEASED,
        (BatchStage.RECEIVED, BatchRejected): BatchStage.REJECTED,
    },
)


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it stands: what its header says, and who made it up and counted it."""

    stage: BatchStage = BatchStage.UNMADE
    form_type: str = ""
    station: str = ""
    serials: tuple[str, ...] = ()
    count: int = 0
    hash_total: int = 0
    totals: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    prepared_by: str = ""
    received_by: str = ""
    reasons: tuple[str, ...] = ()

    @property
    def is_live(self) -> bool:
        return self.stage not in (BatchStage.UNMADE, BatchStage.REJECTED)


def hash_total(serials: Sequence[str]) -> int:
    """The sum of the seven-digit numbers: it finds a sheet exchanged for another, which a count does not."""
    return sum(int(serial[-9:-2]) for serial in serials)


def header_faults(serials: Sequence[str], count: int, total: int) -> list[str]:
    """Where a header does not say what lies beneath it."""
    faults = []
    if len(set(serials)) != len(serials):
        twice = sorted({s for s in serials if list(serials).count(s) > 1})
        faults.append(f"{', '.join(twice)} in it twice")
    if count != len(serials):
        faults.append(f"the header says {count} sheets, {len(serials)} are in it")
    if total != hash_total(serials):
        faults.append(f"the header's sum of numbers is {total}, that of its sheets {hash_total(serials)}")
    return faults


def decide(state: Batch, command: Command, now: datetime) -> Sequence[Event]:
    del now
    event = _decided(state, command)
    BATCHES.next(state.stage, type(event))
    return [event]


def _decided(state: Batch, command: Command) -> Event:
    match command:
        case PrepareBatch():
            return _prepared(command)
        case ReceiveBatch():
            return _received(state, command)
        case RejectBatch():
            if not command.reason:
                raise Refused("rejected without a reason")
            return BatchRejected(reasons=(command.reason,))
        case ReleaseBatch():
            if command.lacking:
                raise Refused(*command.lacking)
            return BatchReleased()
    raise Refused(f"batch: {type(command).__name__} is not known")


def _prepared(command: PrepareBatch) -> Event:
    if not command.serials:
        raise Refused("no sheet is in it")
    if faults := header_faults(command.serials, command.count, command.hash_total):
        raise Refused(*faults)
    return BatchPrepared.model_validate(command.model_dump(exclude={"by"}))


def _received(state: Batch, command: ReceiveBatch) -> Event:
    BATCHES.next(state.stage, BatchReceived)
    if command.by == state.prepared_by:
        raise Refused(f"{command.by} made it up: somebody else counts it")
    if command.count != state.count:
        return BatchRejected(
            reasons=(f"the header says {state.count}, {command.by} counted {command.count}",)
        )
    return BatchReceived(count=command.count)


def evolve(state: Batch, fact: Fact) -> Batch:
    event = fact.event
    stage = BATCHES.next(state.stage, type(event))
    match event:
        case BatchPrepared():
            said = {
                name: getattr(event, name)
                for name in ("form_type", "station", "serials", "count", "hash_total")
            }
            return replace(
                state, stage=stage, totals=MappingProxyType(event.totals), prepared_by=fact.actor, **said
            )
        case BatchReceived():
            return replace(state, stage=stage, received_by=fact.actor)
        case BatchRejected():
            return replace(state, stage=stage, reasons=event.reasons)
    return replace(state, stage=stage)


BATCH = Machine("batch", Batch(), decide, evolve)


def batch_stream(name: str) -> str:
    return f"batch:{name}"
