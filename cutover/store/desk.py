"""Load, decide, append: the one way any machine's command becomes facts.

Every feature's service is a few lines on top of this. When somebody else was quicker the command is decided
again on the fresh state, so what is recorded was legal at the moment it was recorded.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, TypeVar

from cutover.core.clock import Clock
from cutover.core.errors import Refused
from cutover.core.event import Command, Fact, Recorded
from cutover.core.machine import Machine
from cutover.store.journal import Batch, Journal, Raced
from cutover.store.leases import Fence
from cutover.store.outbox import Message

S = TypeVar("S")
TRIES = 5
KEPT = 20_000  # folded states remembered; the journal is append-only, so an old state is only ever behind


@dataclass(frozen=True, slots=True)
class Ask:
    """One command for one machine's stream, with the key that makes asking twice the same as asking once."""

    machine: Machine[Any]
    stream: str
    command: Command
    key: str | None = None
    at: datetime | None = None
    cause: str | None = None


class Desk:
    """Takes commands to machines. Messages derived from the new facts commit with them."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        messages: Callable[[Sequence[Fact], str], Sequence[Message]] | None = None,
    ) -> None:
        self.journal = journal
        self.clock = clock
        self._messages = messages
        self._lock = Lock()  # a web server's threads share one desk
        self._states: OrderedDict[tuple[str, str], tuple[int, Any]] = OrderedDict()

    def load(self, machine: Machine[S], stream: str) -> tuple[S, int]:
        """The state of a stream now, and its seq (0 when nothing has happened yet)."""
        known = (machine.name, stream)
        seq, state = self._states.get(known, (0, machine.start))
        for fresh in self.journal.pages(stream, after=seq):
            seq, state = fresh[-1].seq, machine.fold(fresh, state)
        with self._lock:
            self._keep(known, seq, state)
        return state, seq

    def state(self, machine: Machine[S], stream: str) -> S:
        return self.load(machine, stream)[0]

    def ask(
        self,
        machine: Machine[Any],
        stream: str,
        command: Command,
        *,
        key: str | None = None,
        at: datetime | None = None,
        fence: Fence | None = None,
        cause: str | None = None,
    ) -> list[Recorded]:
        """Decide one command and record what follows. Raises Refused, or Conflict after five lost races.

        A `key` that this stream has seen gives back what it led to then, whatever is asked now; a key that
        another stream has used is a Conflict.
        """
        return self.ask_all([Ask(machine, stream, command, key, at, cause)], fence=fence)

    def ask_all(self, asks: Sequence[Ask], *, fence: Fence | None = None) -> list[Recorded]:
        """Decide several commands and record all of what follows in one transaction, or nothing."""
        for attempt in range(TRIES):
            batches, ahead = self._decide(asks)
            messages = [m for b in batches if self._messages for m in self._messages(b.facts, b.stream)]
            try:
                recorded = self.journal.append(*batches, fence=fence, messages=messages)
            except Raced:
                if attempt == TRIES - 1:
                    raise
            else:
                if _as_decided(batches, recorded):
                    self._remember(asks, ahead, recorded)
                return recorded
        raise AssertionError("unreachable")  # the last attempt returns or raises

    def _decide(self, asks: Sequence[Ask]) -> tuple[list[Batch], dict[str, tuple[Any, int]]]:
        now = self.clock.now()
        batches: list[Batch] = []
        used = self.journal.used([ask.key for ask in asks if ask.key])
        ahead = self._known(asks)
        for ask in asks:
            if ask.key in used and (earlier := self._already(ask)):
                batches.append(earlier)
                continue
            state, seq = ahead.get(ask.stream) or self.load(ask.machine, ask.stream)
            at = ask.at or now
            try:
                facts = [
                    Fact(event, at, ask.command.by) for event in ask.machine.decide(state, ask.command, at)
                ]
            except Refused:
                if (earlier := self._already(ask)) is None:
                    raise
                batches.append(earlier)  # delivered twice at once: refused because its twin was granted
                continue
            ahead[ask.stream] = ask.machine.fold(facts, state), seq + len(facts)
            if facts:
                batches.append(Batch(ask.stream, seq, facts, ask.key, ask.cause))
        return batches, ahead

    def _remember(
        self, asks: Sequence[Ask], ahead: dict[str, tuple[Any, int]], recorded: Sequence[Recorded]
    ) -> None:
        """Keep the states that were folded while deciding, where the journal has come exactly as far."""
        reached = {fact.stream: fact.seq for fact in recorded}
        with self._lock:
            for ask in asks:
                state, seq = ahead.get(ask.stream, (None, 0))
                if seq and reached.get(ask.stream) == seq:
                    self._keep((ask.machine.name, ask.stream), seq, state)

    def _keep(self, known: tuple[str, str], seq: int, state: Any) -> None:
        self._states[known] = seq, state
        self._states.move_to_end(known)
        while len(self._states) > KEPT:
            self._states.popitem(last=False)

    def _known(self, asks: Sequence[Ask]) -> dict[str, tuple[Any, int]]:
        """States that need no reading: streams that are new, or that have not moved since we folded them."""
        seqs = self.journal.seqs({ask.stream for ask in asks})
        known: dict[str, tuple[Any, int]] = {}
        for ask in asks:
            seq, state = self._states.get((ask.machine.name, ask.stream), (0, ask.machine.start))
            if seqs.get(ask.stream, 0) == seq:
                known[ask.stream] = state, seq
        return known

    def _already(self, ask: Ask) -> Batch | None:
        facts = [] if ask.key is None else self.journal.keyed(ask.key)
        return Batch(ask.stream, 0, facts, ask.key) if facts else None


def _as_decided(batches: Sequence[Batch], recorded: Sequence[Recorded]) -> bool:
    """Not so when a twin with the same key was quicker: then its facts stand, with its moment."""
    ours = [(b.stream, f.event, f.at, f.actor) for b in batches for f in b.facts]
    return ours == [(r.stream, r.event, r.at, r.actor) for r in recorded]
