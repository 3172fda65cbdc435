"""The journal: append-only, chained, verified. It is the truth; everything else can be thrown away.

(stream, seq) is unique, so two writers of one stream cannot both win. One SHA-256 chain runs over canonical
JSON of every row. Facts, projections and outbox rows commit together or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Engine, select

from cutover.core.clock import Clock
from cutover.core.event import Catalogue, Recorded
from cutover.store import pen as ink
from cutover.store.chain import Checkpoint, Verification, canonical, verify_rows
from cutover.store.engine import reading, writing
from cutover.store.leases import Fence
from cutover.store.metadata import journal_table as j
from cutover.store.outbox import Message
from cutover.store.pen import READ, Batch, Page, Pen, Projection
from cutover.store.sealing import faults, in_the_open


class Journal:
    """Appends facts and reads them back; the only writer of the database apart from leases and deliveries."""

    def __init__(
        self, engine: Engine, catalogue: Catalogue, clock: Clock, projections: Sequence[Projection] = ()
    ) -> None:
        self.engine = engine
        self.catalogue = catalogue
        self.clock = clock
        self.projections = tuple(projections)
        self.listeners: list[Callable[[Sequence[Recorded]], None]] = []

    def append(
        self, *batches: Batch, fence: Fence | None = None, messages: Sequence[Message] = ()
    ) -> list[Recorded]:
        """Record all batches, or none of them.

        A batch whose idempotency key is already in the journal with the same facts is returned as it was
        recorded and changes nothing. Raises Conflict when a stream has moved on, when a key is used again
        for something else, or when the fence's lease has been taken over.
        """
        with self.writing() as pen:
            pen.check(fence)
            recorded, fresh = pen.land(batches, messages)
        if fresh:
            self.tell(recorded)
        return recorded

    def writing(self) -> AbstractContextManager[Pen]:
        """The turn to write: nobody else writes until the block ends, and then all of it stands or nothing."""
        return self._held()

    @contextmanager
    def _held(self) -> Iterator[Pen]:
        with writing(self.engine) as connection:
            yield Pen(connection, self.catalogue, self.clock, self.projections)

    def tell(self, recorded: Sequence[Recorded]) -> None:
        """Let everybody in this process who listens know what has landed."""
        for listener in tuple(self.listeners):
            listener(recorded)

    def read(self, stream: str, after: int = 0) -> list[Recorded]:
        """The facts of one stream with seq > `after`, in order."""
        with reading(self.engine) as connection:
            rows = READ.rows(connection, {"stream": stream, "after": after})
            return ink.read_rows(connection, self.catalogue, rows)

    def naming(self, stream: str, name: str, text: str, after: int = 0) -> list[Recorded]:
        """The facts of one stream with seq > `after` that carry `text` in the field `name`, in order."""
        wanted = j.c.body.contains(canonical({name: text})[1:-1], autoescape=True)
        query = select(j).where(j.c.stream == stream, j.c.seq > after, wanted).order_by(j.c.seq)
        with reading(self.engine) as connection:
            return ink.read_rows(connection, self.catalogue, connection.execute(query))

    def pages(self, stream: str, after: int = 0) -> Iterator[Page]:
        """The same a page at a time, so that a long run is folded without ever being in memory whole."""
        while True:
            with reading(self.engine) as connection:
                page = ink.page(connection, self.catalogue, stream, after)
            if page.facts:
                yield page
            if page.is_last:
                return
            after = page.reached

    def tail(self, after: int = 0, limit: int = 1000, kinds: Sequence[str] = ()) -> list[Recorded]:
        """Facts of all streams with position > `after`, oldest first, at most `limit`."""
        query = select(j).where(j.c.position > after).order_by(j.c.position).limit(limit)
        if kinds:
            query = query.where(j.c.kind.in_(kinds))
        with reading(self.engine) as connection:
            return ink.read_rows(connection, self.catalogue, connection.execute(query))

    def all(self, kinds: Sequence[str] = ()) -> Iterator[Recorded]:
        """Every fact, oldest first, in pages."""
        after = 0
        while page := self.tail(after, kinds=kinds):
            yield from page
            after = page[-1].position

    def streams(self, prefix: str) -> list[str]:
        """The names of all streams that begin with `prefix`, in order of their first fact."""
        query = (
            select(j.c.stream)
            .where(j.c.stream.startswith(prefix, autoescape=True), j.c.seq == 1, *self.horizon)
            .order_by(j.c.position)
        )
        with reading(self.engine) as connection:
            return list(connection.execute(query).scalars())

    @property
    def horizon(self) -> tuple[ColumnElement[bool], ...]:
        """What a query on the journal's table must add so as not to see beyond the journal's end: nothing, it is open."""
        return ()

    def keyed(self, key: str) -> list[Recorded]:
        """The facts once recorded under this idempotency key, if any."""
        with reading(self.engine) as connection:
            return ink.keyed(connection, self.catalogue, key)

    def used(self, keys: Sequence[str]) -> set[str]:
        """Which of these idempotency keys are in the journal."""
        with reading(self.engine) as connection:
            return ink.used(connection, keys)

    def head(self) -> Checkpoint:
        with reading(self.engine) as connection:
            return ink.head_of(connection)

    def verify(self, checkpoint: Checkpoint | None = None) -> Verification:
        """Walk the whole chain, and look at the personal values beside it; a `checkpoint` finds a tail that was cut."""
        found = verify_rows(self.raw(), checkpoint)
        if not found.holds:
            return found
        with reading(self.engine) as connection:
            fault = next(faults(connection, self.catalogue), "")
        return replace(found, fault=fault)

    def in_the_open(self, stream: str) -> list[int]:
        """The facts of a stream that hold personal values themselves: older than the table beside the journal."""
        with reading(self.engine) as connection:
            return in_the_open(connection, self.catalogue, stream)

    def raw(self) -> Iterator[dict[str, Any]]:
        """The rows as stored, oldest first: what an export holds and what `verify_rows` reads."""
        everything = select(j).order_by(j.c.position)
        with (
            reading(self.engine, bit_by_bit=True) as connection,
            connection.execution_options(yield_per=1000).execute(everything) as stored,
        ):
            for row in stored.mappings():
                yield dict(row)

    def export(self, path: Path) -> int:
        """Write every row as one JSON line; returns how many. The file appears whole or not at all."""
        partial = path.with_name(path.name + ".partial")
        count = 0
        with partial.open("w", encoding="utf-8", newline="\n") as out:
            for row in self.raw():
                out.write(canonical(row) + "\n")
                count += 1
        partial.replace(path)
        return count
