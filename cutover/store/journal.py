"""The journal: append-only, chained, verified. It is the truth; everything else can be thrown away.

(stream, seq) is unique, so two writers of one stream cannot both win. One SHA-256 chain runs over canonical
JSON of every row. Facts, projections and outbox rows commit together or not at all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, product, takewhile
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, RowMapping, Table, bindparam, func, insert, select

from cutover.core.clock import Clock
from cutover.core.errors import Conflict, Invalid, Problem
from cutover.core.event import Catalogue, Fact, Recorded
from cutover.store.engine import reading, writing
from cutover.store.leases import Fence, check_fence
from cutover.store.metadata import journal_table as j
from cutover.store.metadata import utc_text
from cutover.store.outbox import Message, enqueue

GENESIS = "0" * 64
AT_ONCE = 500
PAGE = 2_000
_READ = select(j).where(j.c.stream == bindparam("stream"), j.c.seq > bindparam("after")).order_by(j.c.seq)
_PAGE = _READ.limit(PAGE)
_USED = select(j.c.idempotency_key).where(j.c.idempotency_key.in_(bindparam("keys", expanding=True)))
_SEQS = (
    select(j.c.stream, func.max(j.c.seq).label("seq"))
    .where(j.c.stream.in_(bindparam("streams", expanding=True)))
    .group_by(j.c.stream)
)
_COLUMNS = tuple(column.name for column in j.columns if column.name != "hash")


@dataclass(frozen=True, slots=True)
class Batch:
    """Facts for one stream that must land together, directly after `expected_seq` (0 = a new stream)."""

    stream: str
    expected_seq: int
    facts: Sequence[Fact]
    key: str | None = None
    cause: str | None = None


class Raced(Conflict):
    """Another writer was there between the decision and its record: load, decide again, try again."""


class Projection(Protocol):
    """A view of the journal: its tables, and how one recorded fact changes them."""

    @property
    def name(self) -> str: ...
    @property
    def tables(self) -> Sequence[Table]: ...
    def apply(self, connection: Connection, recorded: Recorded) -> None: ...


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of the chain at a moment: print it, mail it, sign it. It is what finds a cut tail."""

    position: int
    hash: str

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read '<position>:<hash>'. Raises Invalid."""
        position, _, digest = text.strip().partition(":")
        if not position.isdigit() or len(digest) != len(GENESIS):
            raise Invalid(Problem(f"'{text}' is not a checkpoint", expected="<position>:<64 hex digits>"))
        return cls(int(position), digest)

    def __str__(self) -> str:
        return f"{self.position}:{self.hash}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` found: how many rows hold, and the first thing that does not."""

    rows: int
    head: Checkpoint
    fault: str = ""

    @property
    def holds(self) -> bool:
        return not self.fault


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
        with writing(self.engine) as connection:
            if fence is not None:
                check_fence(connection, fence)
            recorded, fresh = self._land(connection, batches)
            if fresh:
                enqueue(connection, messages, self.clock.now())
        if fresh:
            for listener in tuple(self.listeners):
                listener(recorded)
        return recorded

    def read(self, stream: str, after: int = 0) -> list[Recorded]:
        """The facts of one stream with seq > `after`, in order."""
        with reading(self.engine) as connection:
            rows = connection.execute(_READ, {"stream": stream, "after": after})
            return [self._recorded(row) for row in rows.mappings()]

    def pages(self, stream: str, after: int = 0) -> Iterator[list[Recorded]]:
        """The same a page at a time, so that a long run is folded without ever being in memory whole."""
        while True:
            with reading(self.engine) as connection:
                page = self._page(connection, stream, after)
            if page:
                yield page
            if len(page) < PAGE:
                return
            after = page[-1].seq

    def _page(self, connection: Connection, stream: str, after: int) -> list[Recorded]:
        rows = connection.execute(_PAGE, {"stream": stream, "after": after}).mappings()
        return [self._recorded(row) for row in rows]

    def tail(self, after: int = 0, limit: int = 1000, kinds: Sequence[str] = ()) -> list[Recorded]:
        """Facts of all streams with position > `after`, oldest first, at most `limit`."""
        query = select(j).where(j.c.position > after).order_by(j.c.position).limit(limit)
        if kinds:
            query = query.where(j.c.kind.in_(kinds))
        with reading(self.engine) as connection:
            return [self._recorded(row) for row in connection.execute(query).mappings()]

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
            .where(j.c.stream.startswith(prefix, autoescape=True), j.c.seq == 1)
            .order_by(j.c.position)
        )
        with reading(self.engine) as connection:
            return list(connection.execute(query).scalars())

    def keyed(self, key: str) -> list[Recorded]:
        """The facts once recorded under this idempotency key, if any."""
        with reading(self.engine) as connection:
            return self._keyed(connection, key)

    def used(self, keys: Sequence[str]) -> set[str]:
        """Which of these idempotency keys are in the journal."""
        with reading(self.engine) as connection:
            return _used(connection, keys)

    def seqs(self, streams: Iterable[str]) -> dict[str, int]:
        """How far each of these streams has come; those with no facts are left out."""
        with reading(self.engine) as connection:
            return _seqs(connection, streams)

    def head(self) -> Checkpoint:
        with reading(self.engine) as connection:
            return _head(connection)

    def verify(self, checkpoint: Checkpoint | None = None) -> Verification:
        """Walk the whole chain; with a `checkpoint`, also prove that nothing was cut from the tail."""
        return verify_rows(self.raw(), checkpoint)

    def raw(self) -> Iterator[dict[str, Any]]:
        """The rows as stored, oldest first: what an export holds and what `verify_rows` reads."""
        everything = select(j).order_by(j.c.position)
        with (
            reading(self.engine) as connection,
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

    def _land(self, connection: Connection, batches: Sequence[Batch]) -> tuple[list[Recorded], bool]:
        """What each batch led to, in order, and whether any of it is new. New rows go in as one statement."""
        used = _used(connection, [b.key for b in batches if b.key])
        seqs = _seqs(connection, {b.stream for b in batches})
        head, now = _head(connection), utc_text(self.clock.now())
        recorded: list[Recorded] = []
        rows: list[dict[str, Any]] = []
        new: list[Recorded] = []
        for batch in batches:
            if batch.key in used:
                recorded += self._earlier(connection, batch)
                continue
            if (seq := seqs.get(batch.stream, 0)) != batch.expected_seq:
                raise Raced(
                    f"{batch.stream} has moved on: it is at {seq}, not {batch.expected_seq}; reload and decide again"
                )
            chain = list(_chained(batch, head, now))
            if chain:
                head = Checkpoint(chain[-1]["position"], chain[-1]["hash"])
                seqs[batch.stream] = chain[-1]["seq"]
            landed = [_as_recorded(row, fact) for row, fact in zip(chain, batch.facts, strict=True)]
            rows += chain
            new += landed
            recorded += landed
        if rows:
            connection.execute(insert(j), rows)
        for one, projection in product(new, self.projections):
            projection.apply(connection, one)
        return recorded, bool(new) or not batches

    def _earlier(self, connection: Connection, batch: Batch) -> list[Recorded]:
        earlier = self._keyed(connection, batch.key or "")
        if [(r.stream, r.event) for r in earlier] != [(batch.stream, f.event) for f in batch.facts]:
            raise Raced(
                f"key '{batch.key}' was used before for something else (position {earlier[0].position})"
            )
        return earlier

    def _keyed(self, connection: Connection, key: str) -> list[Recorded]:
        """Facts of one batch stand directly after one another, so the first one leads to all."""
        first = connection.execute(
            select(j.c.stream, j.c.seq).where(j.c.idempotency_key == key)
        ).one_or_none()
        if first is None:
            return []
        query = select(j).where(j.c.stream == first.stream, j.c.seq >= first.seq).order_by(j.c.seq)
        rows = connection.execute(query).mappings()
        batch = takewhile(lambda pair: pair[1]["idempotency_key"] == _key(key, pair[0]), enumerate(rows))
        return [self._recorded(row) for _, row in batch]

    def _recorded(self, row: RowMapping) -> Recorded:
        event = self.catalogue.read(row["kind"], row["v"], row["body"])
        return _as_recorded(row, Fact(event, datetime.fromisoformat(row["at"]), row["actor"]))


def canonical(value: Any) -> str:
    """One spelling for one value: sorted keys, no spaces, UTF-8 text, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(row: dict[str, Any]) -> str:
    """The chain hash of a row: SHA-256 over canonical JSON of every column but the hash, prev_hash included."""
    return hashlib.sha256(canonical({name: row[name] for name in _COLUMNS}).encode()).hexdigest()


def verify_rows(rows: Iterable[dict[str, Any]], checkpoint: Checkpoint | None = None) -> Verification:
    """Check positions, links and hashes of exported or stored rows; needs no server and no catalogue."""
    anchor = checkpoint or Checkpoint(0, GENESIS)
    head = Checkpoint(0, GENESIS)
    for row in rows:
        if fault := _break(row, head, anchor):
            return Verification(head.position, head, fault)
        head = Checkpoint(row["position"], row["hash"])
    if head.position < anchor.position:
        fault = (
            f"the journal ends at {head.position}, before the checkpoint {anchor.position}: its tail was cut"
        )
        return Verification(head.position, head, fault)
    return Verification(head.position, head)


def _break(row: dict[str, Any], head: Checkpoint, anchor: Checkpoint) -> str:
    """Why `row` cannot stand directly after `head`, or ''."""
    if strange := set(row) ^ {*_COLUMNS, "hash"}:
        return f"after position {head.position} stands no journal row ({', '.join(sorted(strange))} missing or unknown)"
    if row["position"] != head.position + 1:
        return f"position {head.position + 1} is missing (found {row['position']})"
    if row["prev_hash"] != head.hash or digest(row) != row["hash"]:
        return f"position {row['position']} was changed or moved"
    if row["position"] == anchor.position and row["hash"] != anchor.hash:
        return f"position {row['position']} does not match the checkpoint: rewritten"
    return ""


def read_export(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of an exported file. Raises Invalid for no such file, or naming the line that is not JSON."""
    if not path.is_file():
        raise Invalid(Problem("no such file", str(path)))
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                row = json.loads(line)
            except ValueError:
                row = None
            if not isinstance(row, dict):
                raise Invalid(
                    Problem("not a journal row", str(path), number, expected="one JSON object a line")
                )
            yield row


def _used(connection: Connection, keys: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for part in batched(keys, AT_ONCE):
        found |= set(connection.execute(_USED, {"keys": part}).scalars())
    return found


def _seqs(connection: Connection, streams: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in batched(streams, AT_ONCE):
        found |= {row.stream: row.seq for row in connection.execute(_SEQS, {"streams": part})}
    return found


def batched(items: Iterable[str], size: int) -> Iterator[list[str]]:
    """Lists of at most `size`: databases bound the values of one statement."""
    left = iter(items)
    while part := list(islice(left, size)):
        yield part


def _head(connection: Connection) -> Checkpoint:
    row = connection.execute(
        select(j.c.position, j.c.hash).order_by(j.c.position.desc()).limit(1)
    ).one_or_none()
    return Checkpoint(row.position, row.hash) if row else Checkpoint(0, GENESIS)


def _chained(batch: Batch, head: Checkpoint, now: str) -> Iterator[dict[str, Any]]:
    """The rows that a batch becomes when it lands directly after `head`."""
    for i, fact in enumerate(batch.facts):
        row: dict[str, Any] = {
            "position": head.position + 1,
            "stream": batch.stream,
            "seq": batch.expected_seq + i + 1,
            "at": utc_text(fact.at),
            "recorded_at": now,
            "actor": fact.actor,
            "kind": fact.event.kind(),
            "v": fact.event.version,
            "body": canonical(fact.event.model_dump(mode="json")),
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


def _as_recorded(row: RowMapping | dict[str, Any], fact: Fact) -> Recorded:
    return Recorded(
        event=fact.event,
        at=fact.at,
        actor=fact.actor,
        position=row["position"],
        stream=row["stream"],
        seq=row["seq"],
        recorded_at=datetime.fromisoformat(row["recorded_at"]),
        cause=row["cause"],
        idempotency_key=row["idempotency_key"],
        hash=row["hash"],
    )
