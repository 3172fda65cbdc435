"""Where each record stands in the journal: whole lives folded from their facts, with the position of the last one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import func, select

from cutover.core.errors import Conflict, Refused
from cutover.core.event import Command, Event, Recorded
from cutover.core.machine import Machine
from cutover.store.desk import Desk
from cutover.store.engine import reading
from cutover.store.journal import Journal
from cutover.store.metadata import journal_table as j

S = TypeVar("S")
TRIES = 5


@dataclass(frozen=True, slots=True)
class Life(Generic[S]):
    """One stream as far as it has come: its state, its first and its last fact."""

    stream: str
    state: S
    first: Recorded
    last: Recorded

    @property
    def name(self) -> str:
        """The stream without its prefix."""
        return self.stream.partition(":")[2]


def lives(journal: Journal, machine: Machine[S], events: Iterable[type[Event]]) -> list[Life[S]]:
    """Every life of a machine in the order they began: one pass over the facts of its kinds."""
    found: dict[str, Life[S]] = {}
    for fact in journal.all([event.kind() for event in events]):
        known = found.get(fact.stream)
        state = machine.evolve(known.state if known else machine.start, fact)
        found[fact.stream] = Life(fact.stream, state, known.first if known else fact, fact)
    return list(found.values())


def last_positions(journal: Journal, prefix: str) -> dict[str, int]:
    """The position of the newest fact of every stream that begins with `prefix`."""
    query = (
        select(j.c.stream, func.max(j.c.position))
        .where(j.c.stream.startswith(prefix, autoescape=True))
        .group_by(j.c.stream)
    )
    with reading(journal.engine) as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def begin_numbered(desk: Desk, machine: Machine[S], stem: str, command: Command, key: str | None) -> str:
    """Begin a life under the next free number of its kind: `stem` and 1, 2, 3 … Returns the stream.

    The same key again gives the stream it began then. Raises Conflict after five lost races.
    """
    for _ in range(TRIES):
        stream = f"{stem}{len(desk.journal.streams(stem)) + 1}"
        if desk.load(machine, stream)[1]:
            continue
        if key and (earlier := desk.journal.keyed(key)):
            return earlier[0].stream
        machine.decide(
            machine.start, command, desk.clock.now()
        )  # a refusal is the command's own, not a lost race
        try:
            return desk.ask(machine, stream, command, key=key)[0].stream
        except (Conflict, Refused):
            continue
    raise Conflict(f"{stem}: others were quicker {TRIES} times; try again")
