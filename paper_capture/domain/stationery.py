"""Which numbers of a form type are printed and which have left stock: two counters that only rise.

Numbers are printed in order and issued in order, so no number can be printed twice or issued to two stations.
A command names the number it begins with; when somebody else took it meanwhile, it is asked anew (Conflict).
There are no stages here, hence no table: each sheet's own life is in sheet.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cutover.core.errors import Conflict, Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine
from paper_capture.domain.serial import HIGHEST

LARGEST = 20_000


class BlockPrinted(Event):
    """Numbers that now exist on paper, in stock."""

    form_type: str
    prefix: str
    first: int
    count: int


class BlockIssued(Event):
    """Numbers handed to a station, which answers for them from now on."""

    form_type: str
    prefix: str
    first: int
    count: int
    station: str


class BlockDestroyed(Event):
    """Numbers of stock that were destroyed before a witness; they are never issued."""

    typed = frozenset({"reason"})
    form_type: str
    prefix: str
    first: int
    count: int
    witness: str
    reason: str


class _OfType(Command):
    form_type: str
    prefix: str
    first: int
    count: int


class PrintBlock(_OfType):
    """Print `count` sheets from the number `first`."""


class IssueBlock(_OfType):
    """Hand `count` sheets from the number `first` to a station."""

    station: str


class DestroyBlock(_OfType):
    """Destroy `count` sheets of stock from the number `first`."""

    witness: str
    reason: str


EVENTS = (BlockPrinted, BlockIssued, BlockDestroyed)


@dataclass(frozen=True, slots=True)
class StationeryState:
    """The highest number printed and the highest that has left stock: issued, or destroyed."""

    printed: int = 0
    issued: int = 0

    @property
    def stock(self) -> int:
        return self.printed - self.issued


def decide(state: StationeryState, command: _OfType, now: datetime) -> Sequence[Event]:
    del now
    last = command.first + command.count - 1
    of = {
        "form_type": command.form_type,
        "prefix": command.prefix,
        "first": command.first,
        "count": command.count,
    }
    check_count(command.form_type, command.count)
    match command:
        case PrintBlock():
            _starts_at(command, state.printed + 1)
            if last > HIGHEST:
                raise Refused(
                    f"{command.form_type}: numbers end at {HIGHEST}, this block would end at {last}"
                )
            return [BlockPrinted.model_validate(of)]
        case IssueBlock():
            _starts_at(command, state.issued + 1)
            if not command.station:
                raise Refused(f"{command.form_type}: issued to no station")
            _in_stock(command, state)
            return [BlockIssued.model_validate({**of, "station": command.station})]
        case DestroyBlock():
            _starts_at(command, state.issued + 1)
            _in_stock(command, state)
            return [
                BlockDestroyed.model_validate({**of, "witness": command.witness, "reason": command.reason})
            ]
    raise Refused(f"stationery: {type(command).__name__} is not known")


def evolve(state: StationeryState, fact: Fact) -> StationeryState:
    match fact.event:
        case BlockPrinted(first=first, count=count):
            return replace(state, printed=first + count - 1)
        case BlockIssued(first=first, count=count) | BlockDestroyed(first=first, count=count):
            return replace(state, issued=first + count - 1)
    raise Refused(f"stationery: {fact.event.kind()} is not of this machine")


STATIONERY = Machine("stationery", StationeryState(), decide, evolve)


def _in_stock(command: _OfType, state: StationeryState) -> None:
    if command.count > state.stock:
        raise Refused(f"{command.form_type}: {state.stock} sheets in stock, {command.count} asked for")


def stationery_stream(form_type: str) -> str:
    return f"stationery:{form_type}"


def check_count(form_type: str, count: int) -> None:
    """Raises Refused for a block of no sheets, or of more than anybody carries to a station."""
    if not 1 <= count <= LARGEST:
        raise Refused(f"{form_type}: a block has 1 to {LARGEST:,} sheets, not {count:,}")


def _starts_at(command: _OfType, free: int) -> None:
    if command.first != free:
        raise Conflict(
            f"{command.form_type}: number {command.first} is not the next free one ({free}); somebody was quicker"
        )
