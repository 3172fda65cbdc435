"""Load, decide, append: the one way any machine's command becomes facts.

Every feature's service is a few lines on top of this. A command is decided while nobody else can write, on what
stands at that moment, so nobody is turned away because another was quicker. Those of a process who come while
a write is under way are written together in the next one: a crowd waits for a few commits, not for one each.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError

from cutover.core.clock import Clock
from cutover.core.errors import CutoverError, Refused
from cutover.core.event import Command, Fact, Recorded
from cutover.core.machine import Machine
from cutover.core.unswept import unswept
from cutover.store.engine import is_away
from cutover.store.journal import Journal
from cutover.store.leases import Fence
from cutover.store.outbox import Message
from cutover.store.pen import Batch, Page, Pen

S = TypeVar("S")
TOGETHER = 64  # wishes written in one transaction, at most
KEPT = 20_000  # folded states remembered; the journal is append-only, so an old state is only ever behind
Known = tuple[str, str]  # a machine's name and a stream
Stand = tuple[Any, int]  # a state, and the seq it stands at


@dataclass(frozen=True, slots=True)
class Ask:
    """One command for one machine's stream, with the key that makes asking twice the same as asking once."""

    machine: Machine[Any]
    stream: str
    command: Command
    key: str | None = None
    at: datetime | None = None
    cause: str | None = None
    then: Callable[[Any], Sequence[Command]] | None = None  # what this leads to, asked of how it stands then

    @property
    def known(self) -> Known:
        return self.machine.name, self.stream


class _Wish:
    """Asks that land together or not at all, and what became of them."""

    __slots__ = ("asks", "error", "fence", "fresh", "recorded", "settled")

    def __init__(self, asks: Sequence[Ask], fence: Fence | None) -> None:
        self.asks = asks
        self.fence = fence
        self.recorded: list[Recorded] = []
        self.fresh = False
        self.error: BaseException | None = None
        self.settled = False


class _SpoiltError(Exception):
    """One wish has left the transaction half-written: it is rolled back, and the others are written without it."""


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
        self._turn = Lock()  # one of them writes, for all who wait
        self._wishes: deque[_Wish] = deque()
        self._states: OrderedDict[Known, tuple[int, Any]] = OrderedDict()

    def load(self, machine: Machine[S], stream: str) -> tuple[S, int]:
        """The state of a stream now, and its seq (0 when nothing has happened yet)."""
        known = (machine.name, stream)
        seq, state = self._states.get(known, (0, machine.start))
        with unswept():
            seq, state = _folded(machine, self.journal.pages(stream, after=seq), seq, state)
        with self._lock:
            self._keep(known, seq, state)
        return state, seq

    def state(self, machine: Machine[S], stream: str) -> S:
        return self.load(machine, stream)[0]

    def as_seen(self, machine: Machine[S], stream: str) -> S:
        """The state as this desk folded it last: no look at the journal for what others have written since."""
        known = self._states.get((machine.name, stream))
        return self.state(machine, stream) if known is None else known[1]

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
        """Decide one command and record what follows. Raises Refused.

        A `key` that this stream has seen gives back what it led to then, whatever is asked now; a key that
        another stream has used is a Conflict.
        """
        return self.ask_all([Ask(machine, stream, command, key, at, cause)], fence=fence)

    def ask_all(self, asks: Sequence[Ask], *, fence: Fence | None = None) -> list[Recorded]:
        """Decide several commands and record all of what follows in one transaction, or nothing."""
        if not all(ask.command.by.strip() for ask in asks):
            raise Refused("nobody is named who does it")
        if len(asks) == 1 and asks[0].known not in self._states:
            self.load(asks[0].machine, asks[0].stream)  # a long past is folded before others are kept waiting
        wish = _Wish(asks, fence)
        self._wishes.append(wish)
        with self._turn:
            while not wish.settled:
                self._write([self._wishes.popleft() for _ in range(min(TOGETHER, len(self._wishes)))])
        if wish.error is not None:
            raise wish.error
        if wish.fresh:
            self.journal.tell(wish.recorded)
        return wish.recorded

    def _write(self, wishes: list[_Wish]) -> None:
        """Land these wishes in one transaction. One that spoils it is left out, and the others are written anew."""
        left = wishes
        while left:
            ahead: dict[Known, Stand] = {}
            try:
                with self.journal.writing() as pen:
                    for wish in left:
                        self._grant(pen, wish, ahead)
            except _SpoiltError:
                left = [wish for wish in left if wish.error is None]
                continue
            except BaseException as error:  # noqa: BLE001  whatever it is, each of them raises it in its own thread
                for wish in left:
                    wish.error = wish.error or error
            else:
                self._remember(ahead)
            break
        for wish in wishes:
            wish.settled = True

    def _grant(self, pen: Pen, wish: _Wish, ahead: dict[Known, Stand]) -> None:
        """Decide a wish and land it; a refusal is its own and touches no other."""
        try:
            pen.look(wish.asks[0].stream if wish.asks else "", wish.fence)
            pen.check(wish.fence)
            batches, moved = self._decide(pen, wish.asks, ahead)
            messages = [m for b in batches if self._messages for m in self._messages(b.facts, b.stream)]
            wish.recorded, wish.fresh = pen.land(batches, messages)
            ahead |= moved
        except DBAPIError as error:
            if is_away(error):
                raise
            wish.error = error
        except Exception as error:  # noqa: BLE001  raised to whoever asked, in that one's thread
            wish.error = error
        if wish.error is not None and (pen.is_torn or not isinstance(wish.error, CutoverError)):
            raise _SpoiltError

    def _decide(
        self, pen: Pen, asks: Sequence[Ask], ahead: Mapping[Known, Stand]
    ) -> tuple[list[Batch], dict[Known, Stand]]:
        now = self.clock.now()
        batches: list[Batch] = []
        moved: dict[Known, Stand] = {}
        used = pen.used([ask.key for ask in asks if ask.key])
        pen.reached(ask.stream for ask in asks)
        waiting = deque(asks)
        while waiting:
            ask = waiting.popleft()
            if ask.key is not None and ask.key in used:
                batches.append(Batch(ask.stream, 0, pen.keyed(ask.key), ask.key))
                continue
            state, seq = moved.get(ask.known) or ahead.get(ask.known) or self._stands(pen, ask)
            at = ask.at or now
            events = ask.machine.decide(state, ask.command, at)
            facts = [Fact(event, at, ask.command.by) for event in events]
            moved[ask.known] = ask.machine.fold(facts, state), seq + len(facts)
            if facts:
                batches.append(Batch(ask.stream, seq, facts, ask.key, ask.cause))
            if ask.then is not None:
                waiting.extend(Ask(ask.machine, ask.stream, more) for more in ask.then(moved[ask.known][0]))
        return batches, moved

    def _stands(self, pen: Pen, ask: Ask) -> Stand:
        """The state of a stream as it is in the journal now: as we last folded it, and whatever came since."""
        reached = pen.reached([ask.stream])[ask.stream]
        seq, state = self._states.get(ask.known, (0, ask.machine.start))
        if seq > reached:  # another database was put in place
            seq, state = 0, ask.machine.start
        if seq < reached:
            seq, state = _folded(ask.machine, pen.pages(ask.stream, seq), seq, state)
        return state, seq

    def _remember(self, ahead: Mapping[Known, Stand]) -> None:
        """Keep what was folded while deciding: it stands in the journal now."""
        with self._lock:
            for known, (state, seq) in ahead.items():
                if seq:
                    self._keep(known, seq, state)

    def _keep(self, known: Known, seq: int, state: Any) -> None:
        self._states[known] = seq, state
        self._states.move_to_end(known)
        while len(self._states) > KEPT:
            self._states.popitem(last=False)


def _folded(machine: Machine[S], pages: Iterable[Page], seq: int, state: S) -> tuple[int, S]:
    """The seq and the state after these pages, folded in one go: a machine may be quicker with many facts at once."""
    reached = seq

    def told() -> Iterator[Fact]:
        nonlocal reached
        for page in pages:
            yield from page.facts
            reached = page.reached

    state = machine.fold(told(), state)
    return reached, state
