"""The one write of a moment: what stands is seen, what follows is decided and landed, and nobody writes meanwhile.

Held inside one transaction. Whatever is asked of it is asked inside that transaction, so what it says stays true
until what was decided on it has landed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product, takewhile
from typing import Any, Protocol

from sqlalchemy import Connection, Table, bindparam, func, insert, select

from cutover.core.clock import Clock
from cutover.core.errors import Conflict
from cutover.core.event import Catalogue, Fact, Recorded
from cutover.store.chain import GENESIS, Checkpoint, digest
from cutover.store.driver import Phrase, in_parts
from cutover.store.leases import Fence, check_fence
from cutover.store.listening import tell
from cutover.store.metadata import journal_table as j
from cutover.store.metadata import leases_table, utc_text
from cutover.store.outbox import Message, enqueue
from cutover.store.sealing import Kept, forget, held, keep, kept_of, opened, seal

PAGE = 2_000
_AFTER = select(j).where(j.c.stream == bindparam("stream"), j.c.seq > bindparam("after")).order_by(j.c.seq)
READ = Phrase(_AFTER)
_TOLD = Phrase(
    _AFTER.with_only_columns(j.c.seq, j.c.at, j.c.actor, j.c.kind, j.c.v, j.c.body, j.c.position).limit(PAGE)
)  # what a fold needs: half of a row's columns, and its hashes are the longer half
_USED = select(j.c.idempotency_key).where(j.c.idempotency_key.in_(bindparam("keys", expanding=True)))
_OF_STREAM = select(func.max(j.c.seq)).where(j.c.stream == bindparam("stream"))
_SEQ = Phrase(_OF_STREAM)
_SEQS = (
    select(j.c.stream, func.max(j.c.seq).label("seq"))
    .where(j.c.stream.in_(bindparam("streams", expanding=True)))
    .group_by(j.c.stream)
)
_NEWEST = select(j.c.position, j.c.hash).order_by(j.c.position.desc()).limit(1)
_HEAD = Phrase(_NEWEST)
_KEYED = select(j.c.stream, j.c.seq).where(j.c.idempotency_key == bindparam("key"))
_FROM = select(j).where(j.c.stream == bindparam("stream"), j.c.seq >= bindparam("seq")).order_by(j.c.seq)
_INSERT = Phrase(insert(j))
_LOOK = Phrase(
    _NEWEST.add_columns(
        select(leases_table.c.epoch).where(leases_table.c.name == bindparam("lease")).scalar_subquery(),
        _OF_STREAM.scalar_subquery(),
    )
)  # what a decision on one stream needs to know, in one question


@dataclass(frozen=True, slots=True)
class Batch:
    """Facts for one stream that must land together, directly after `expected_seq` (0 = a new stream)."""

    stream: str
    expected_seq: int
    facts: Sequence[Fact]
    key: str | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Facts of one stream that stand directly after one another, and the seq of the last."""

    facts: Sequence[Fact]
    reached: int

    @property
    def is_last(self) -> bool:
        return len(self.facts) < PAGE


class Raced(Conflict):
    """Another writer was there between the decision and its record: load, decide again, try again."""


class Projection(Protocol):
    """A view of the journal: its tables, and how one recorded fact changes them."""

    @property
    def name(self) -> str: ...
    @property
    def tables(self) -> Sequence[Table]: ...
    def apply(self, connection: Connection, recorded: Recorded) -> None: ...


class Pen:
    """Lands facts in one transaction. What landed is in the journal when the transaction has ended, or not at all."""

    def __init__(
        self, connection: Connection, catalogue: Catalogue, clock: Clock, projections: Sequence[Projection]
    ) -> None:
        self._connection = connection
        self._catalogue = catalogue
        self._clock = clock
        self._projections = projections
        self._head: Checkpoint | None = None
        self._seqs: dict[str, int] = {}
        self._held: Fence | None = None  # checked, and nobody can take it over before we have ended
        self.is_torn = False  # something was begun to be written and did not end

    def check(self, fence: Fence | None) -> None:
        """Raises LeaseLostError when the fence's lease has been taken over."""
        if fence is not None and fence != self._held:
            check_fence(self._connection, fence)
            self._held = fence

    def look(self, stream: str, fence: Fence | None) -> None:
        """All that a decision on one stream asks, at once: its seq, the head of the chain, the lease."""
        if self._head is not None:
            return
        found = _LOOK.rows(self._connection, {"stream": stream, "lease": fence.name if fence else ""})
        for position, digest_, epoch, seq in found:
            self._head, self._seqs[stream] = Checkpoint(position, digest_), seq or 0
            self._held = fence if fence is not None and fence.epoch == epoch else None

    def used(self, keys: Sequence[str]) -> set[str]:
        """Which of these idempotency keys are in the journal."""
        return used(self._connection, keys)

    def keyed(self, key: str) -> list[Recorded]:
        """The facts once recorded under this idempotency key, if any."""
        return keyed(self._connection, self._catalogue, key)

    def reached(self, streams: Iterable[str]) -> Mapping[str, int]:
        """How far each of these streams has come; 0 for one with no facts."""
        if new := {stream for stream in streams if stream not in self._seqs}:
            self._seqs |= dict.fromkeys(new, 0) | seqs(self._connection, new)
        return self._seqs

    def pages(self, stream: str, after: int) -> Iterator[Page]:
        """The facts of a stream with seq > `after`, a page at a time."""
        while (read := page(self._connection, self._catalogue, stream, after)).facts:
            yield read
            if read.is_last:
                return
            after = read.reached

    def land(self, batches: Sequence[Batch], messages: Sequence[Message] = ()) -> tuple[list[Recorded], bool]:
        """What each batch led to, in order, and whether any of it is new. New rows go in as one statement.

        A batch whose idempotency key is already in the journal with the same facts is given back as it was
        recorded. Raises Raced, and lands nothing, when a stream has moved on or a key stands for something else.
        """
        known = self.used([b.key for b in batches if b.key])
        reached = dict(self.reached({b.stream for b in batches}))
        head, now = self._stands(), self._clock.now().astimezone(UTC)
        recorded: list[Recorded] = []
        rows: list[dict[str, Any]] = []
        new: list[Recorded] = []
        personal: list[Kept] = []
        for batch in batches:
            if batch.key in known:
                recorded += self._earlier(batch)
                continue
            if (seq := reached[batch.stream]) != batch.expected_seq:
                raise Raced(
                    f"{batch.stream} has moved on: it is at {seq}, not {batch.expected_seq}; reload and decide again"
                )
            chain = list(_chained(batch, head, utc_text(now), personal))
            if chain:
                head = Checkpoint(chain[-1]["position"], chain[-1]["hash"])
                reached[batch.stream] = chain[-1]["seq"]
            landed = [as_recorded(row, fact, now) for row, fact in zip(chain, batch.facts, strict=True)]
            rows += chain
            new += landed
            recorded += landed
        self._write(rows, personal, new, messages if new or not batches else ())
        self._head, self._seqs = head, self._seqs | reached
        return recorded, bool(new)

    def _write(
        self,
        rows: list[dict[str, Any]],
        personal: Sequence[Kept],
        new: Sequence[Recorded],
        messages: Sequence[Message],
    ) -> None:
        self.is_torn = True
        if rows:
            _INSERT.each(self._connection, rows)
            keep(self._connection, personal)
            tell(self._connection, rows[-1]["position"])
        for one, projection in product(new, self._projections):
            projection.apply(self._connection, one)
        if messages:
            enqueue(self._connection, messages, self._clock.now())
        self.is_torn = False

    def personal(self, stream: str) -> Mapping[int, Sequence[str]]:
        """The personal values of a stream's facts that are still there: their fields, by position."""
        return held(self._connection, self._catalogue, stream)

    def kept(self, position: int) -> Mapping[str, Any]:
        """The values that stand beside one fact, by field."""
        return kept_of(self._connection, position)

    def forget(self, gone: Sequence[int], fields: Collection[str]) -> None:
        """Take these values of these facts away. The redaction that says so is landed in the same turn."""
        forget(self._connection, gone, fields)

    def _stands(self) -> Checkpoint:
        if self._head is None:
            self._head = head_of(self._connection)
        return self._head

    def _earlier(self, batch: Batch) -> list[Recorded]:
        earlier = self.keyed(batch.key or "")
        if [(r.stream, r.event) for r in earlier] != [(batch.stream, f.event) for f in batch.facts]:
            raise Raced(
                f"key '{batch.key}' was used before for something else (position {earlier[0].position})"
            )
        return earlier


def used(connection: Connection, keys: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for part in in_parts(keys):
        found |= set(connection.execute(_USED, {"keys": part}).scalars())
    return found


def seqs(connection: Connection, streams: Iterable[str]) -> dict[str, int]:
    """How far each of these streams has come; those with no facts are left out."""
    names = list(streams)
    if len(names) == 1:
        ((seq,),) = _SEQ.rows(connection, {"stream": names[0]})
        return {names[0]: seq} if seq else {}
    found: dict[str, int] = {}
    for part in in_parts(names):
        found |= {row.stream: row.seq for row in connection.execute(_SEQS, {"streams": part})}
    return found


def page(connection: Connection, catalogue: Catalogue, stream: str, after: int) -> Page:
    """The next facts of a stream with seq > `after`, as they happened; how they were recorded is not read."""
    rows = _TOLD.rows(connection, {"stream": stream, "after": after})
    moment, read = datetime.fromisoformat, catalogue.read
    bodies = opened(connection, catalogue, [(position, kind, body) for *_, kind, _v, body, position in rows])
    facts = [
        Fact(read(kind, v, body), moment(at), actor)
        for (_, at, actor, kind, v, _body, _position), body in zip(rows, bodies, strict=True)
    ]
    return Page(facts, rows[-1][0] if rows else after)


def keyed(connection: Connection, catalogue: Catalogue, key: str) -> list[Recorded]:
    """Facts of one batch stand directly after one another, so the first one leads to all."""
    first = connection.execute(_KEYED, {"key": key}).one_or_none()
    if first is None:
        return []
    rows = connection.execute(_FROM, {"stream": first.stream, "seq": first.seq})
    batch = takewhile(lambda pair: pair[1].idempotency_key == _key(key, pair[0]), enumerate(rows))
    return read_rows(connection, catalogue, [row for _, row in batch])


def head_of(connection: Connection) -> Checkpoint:
    found = _HEAD.rows(connection, {})
    return Checkpoint(*found[0]) if found else Checkpoint(0, GENESIS)


def _chained(batch: Batch, head: Checkpoint, now: str, personal: list[Kept]) -> Iterator[dict[str, Any]]:
    """The rows that a batch becomes when it lands directly after `head`; `personal` takes what stands beside them."""
    for i, fact in enumerate(batch.facts):
        body, kept = seal(fact.event, head.position + 1)
        personal += kept
        row: dict[str, Any] = {
            "position": head.position + 1,
            "stream": batch.stream,
            "seq": batch.expected_seq + i + 1,
            "at": utc_text(fact.at),
            "recorded_at": now,
            "actor": fact.actor,
            "kind": fact.event.kind(),
            "v": fact.event.version,
            "body": body,
            "cause": batch.cause,
            "idempotency_key": _key(batch.key, i),
            "prev_hash": head.hash,
        }
        row["hash"] = digest(row)
        head = Checkpoint(head.position + 1, row["hash"])
        yield row


def _key(key: str | None, index: int) -> str | None:
    """The batch's key stands on its first fact; the others carry it with a mark that no caller would write."""
    return key if key is None or index == 0 else f"{key} +{index}"


def read_rows(connection: Connection, catalogue: Catalogue, rows: Iterable[Sequence[Any]]) -> list[Recorded]:
    """Rows of the journal, their columns in the table's order, with the personal values that are still there."""
    told = list(rows)
    bodies = opened(connection, catalogue, [(row[0], row[6], row[8]) for row in told])
    return [_read_row(catalogue, row, body) for row, body in zip(told, bodies, strict=True)]


def _read_row(catalogue: Catalogue, row: Sequence[Any], body: str) -> Recorded:
    position, stream, seq, at, recorded_at, actor, kind, v, _, cause, key, _, hash_ = row
    event = catalogue.read(kind, v, body)
    return Recorded(
        event,
        datetime.fromisoformat(at),
        actor,
        position,
        stream,
        seq,
        datetime.fromisoformat(recorded_at),
        cause,
        key,
        hash_,
    )


def as_recorded(row: Mapping[str, Any], fact: Fact, now: datetime) -> Recorded:
    """A fact that lands as `row`."""
    return Recorded(
        event=fact.event,
        at=fact.at,
        actor=fact.actor,
        position=row["position"],
        stream=row["stream"],
        seq=row["seq"],
        recorded_at=now,
        cause=row["cause"],
        idempotency_key=row["idempotency_key"],
        hash=row["hash"],
    )
