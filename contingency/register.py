"""The register of what waits as a table: a quarter of a million items, and the next one found by an index.

The order is that of `domain.triage`, kept in columns: risk, kind, limit, age, key. Nothing here loads the whole
list to give its head. A limit that is not there is the end of time, so that it can stand in an index.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Index,
    Integer,
    Row,
    Select,
    String,
    Table,
    Text,
    and_,
    case,
    func,
    insert,
    or_,
    select,
    update,
)

from contingency.domain import backlog
from contingency.domain.backlog import Age, BacklogItemFound, ItemStage, OpenItem
from contingency.domain.triage import NEVER, RANK, Grade, TriagePolicy, Waiting
from cutover.core.event import Event, Recorded
from cutover.store.engine import reading
from cutover.store.metadata import UtcTime, metadata

# Keys are compared byte by byte on every database, as Python does: a locale's order would move equals about.
_EXACT = String(200).with_variant(String(200, collation="C"), "postgresql")
_MANY = 500

items_table = Table(
    "backlog_items",
    metadata,
    Column("key", _EXACT, primary_key=True),
    Column("is_open", Integer, nullable=False),
    Column("risk", Integer, nullable=False),
    Column("item_type", _EXACT, nullable=False),
    Column("due_by", UtcTime, nullable=False),
    Column("occurred_at", UtcTime, nullable=False),
    Column("due_at", UtcTime),
    Column("component", String(80), nullable=False),
    Column("upstream_key", String(200), nullable=False),
    Column("owner", String(200), nullable=False),
    Column("source", String(200), nullable=False),
    Column("found_by", String(200), nullable=False),
    Column("found_at", UtcTime, nullable=False),
    Column("stage", String(20), nullable=False),
    Column("claimed_by", String(200), nullable=False),
    Column("done", Text, nullable=False),
    Column("verified_by", String(200), nullable=False),
    Column("reference", String(200), nullable=False),
    Column("changed_at", UtcTime, nullable=False),
)
t = items_table.c
Index("ix_backlog_items_order", t.is_open, t.risk, t.item_type, t.due_by, t.occurred_at, t.key)
Index("ix_backlog_items_due", t.is_open, t.due_by)
Index("ix_backlog_items_age", t.is_open, t.occurred_at, t.key)
TIERS = tuple(Grade)


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the register as it stands: found by whom, claimed by whom, verified by whom with which proof."""

    key: str
    item_type: str
    tier: Grade
    stage: ItemStage
    occurred_at: datetime
    due_at: datetime | None
    component: str
    upstream_key: str
    owner: str
    source: str
    found_by: str
    found_at: datetime
    claimed_by: str
    done: str
    verified_by: str
    reference: str


class Register:
    """The register of what waits."""

    name = "contingency_backlog"
    tables: Sequence[Table] = (items_table,)

    def apply(self, connection: Connection, recorded: Recorded) -> None:
        event = recorded.event
        if not isinstance(event, backlog.EVENTS):
            return
        key = recorded.stream.removeprefix(backlog.item_stream(""))
        if isinstance(event, BacklogItemFound):
            connection.execute(insert(items_table), _fresh(key, event, recorded))
            return
        change = {**_CHANGES[type(event)](recorded), "changed_at": recorded.at}
        connection.execute(update(items_table).where(t.key == key), change)


def _fresh(key: str, event: BacklogItemFound, recorded: Recorded) -> dict[str, Any]:
    return {
        "key": key, "is_open": 1, "risk": RANK[event.tier], "item_type": event.item_type, "due_by": event.due_at or NEVER,
        "occurred_at": event.occurred_at, "due_at": event.due_at, "component": event.component, "upstream_key": event.upstream_key,
        "owner": event.owner, "source": event.source, "found_by": recorded.actor, "found_at": recorded.at, "stage": ItemStage.OPEN,
        "claimed_by": "", "done": "", "verified_by": "", "reference": "", "changed_at": recorded.at,
    }  # fmt: skip


# Each of these events leads to one place only, wherever it comes from, so no look at the row before is needed.
_CHANGES: dict[type[Event], Any] = {
    backlog.BacklogItemClaimed: lambda r: {"stage": ItemStage.CLAIMED, "claimed_by": r.actor, "done": r.event.done, "verified_by": "", "reference": ""},
    backlog.BacklogItemVerified: lambda r: {"stage": ItemStage.CLOSED, "is_open": 0, "verified_by": r.actor, "reference": r.event.reference},
    backlog.BacklogItemReopened: lambda _: {"stage": ItemStage.REOPENED, "is_open": 1, "verified_by": "", "reference": ""},
    backlog.BacklogItemAssigned: lambda r: {"owner": r.event.owner},
}  # fmt: skip


def known_keys(engine: Engine, keys: Iterable[str]) -> set[str]:
    """Which of these are in the register, open or closed."""
    wanted, found = list(keys), set[str]()
    with reading(engine) as connection:
        for begin in range(0, len(wanted), _MANY):
            query = select(t.key).where(t.key.in_(wanted[begin : begin + _MANY]))
            found |= set(connection.execute(query).scalars())
    return found


def open_items(engine: Engine) -> list[OpenItem]:
    """Every item that is not closed with a reference, the oldest first; a claim leaves an item on the list."""
    query = select(items_table).where(t.is_open == 1).order_by(t.occurred_at, t.key)
    with reading(engine) as connection:
        return [_open(row) for row in connection.execute(query)]


def item_of(engine: Engine, key: str) -> Item | None:
    """One item, whatever has become of it."""
    with reading(engine) as connection:
        row = connection.execute(select(items_table).where(t.key == key)).one_or_none()
    return None if row is None else _item(row)


def page_of(engine: Engine, after: str, limit: int) -> list[Item]:
    """At most `limit` open items with a key past `after`, in its order."""
    query = select(items_table).where(t.is_open == 1, t.key > after).order_by(t.key).limit(limit)
    with reading(engine) as connection:
        return [_item(row) for row in connection.execute(query)]


def listed(engine: Engine, tier: Grade, item_type: str, *, after: str = "", limit: int = 100) -> list[Item]:
    """Open items of one kind and risk, in the order in which they are done; `after` is the last key seen."""
    query = select(items_table).where(t.is_open == 1, t.risk == RANK[tier], t.item_type == item_type)
    with reading(engine) as connection:
        if after and (last := connection.execute(select(items_table).where(t.key == after)).one_or_none()):
            query = query.where(_later(last.due_by, last.occurred_at, last.key))
        query = query.order_by(t.due_by, t.occurred_at, t.key).limit(limit)
        return [_item(row) for row in connection.execute(query)]


def due_between(engine: Engine, since: datetime, until: datetime, limit: int = 1000) -> list[Item]:
    """Open items that nobody says are done whose limit lies in a stretch of time, the one due first first."""
    here = (t.is_open == 1, t.due_by > since, t.due_by <= until, t.stage != ItemStage.CLAIMED)
    query = select(items_table).where(*here).order_by(t.due_by, t.key).limit(limit)
    with reading(engine) as connection:
        return [_item(row) for row in connection.execute(query)]


def heads(engine: Engine, policy: TriagePolicy, now: datetime, limit: int) -> list[OpenItem]:
    """Enough of the register to tell its first `limit` places: so many by harm, and so many of the oldest.

    A place goes to the gravest or, past the floor, to the oldest; so the first places hold nothing else.
    """
    with reading(engine) as connection:
        found = {row.key: row for row in _gravest(connection, policy, limit)}
        old = select(items_table).where(t.is_open == 1, t.occurred_at <= now - policy.floor)
        found |= {row.key: row for row in connection.execute(old.order_by(t.occurred_at, t.key).limit(limit))}
    return [_open(row) for row in found.values()]


def before(engine: Engine, policy: TriagePolicy, item: Waiting) -> dict[str, int]:
    """How many open items come before this one in the order of harm, by the reason why they do."""
    with reading(engine) as connection:
        kinds, mine = _kinds(connection, RANK[item.grade]), policy.class_of(item.form_type)
        same = [kind for kind in kinds if policy.class_of(kind) == mine]
        graver = [kind for kind in kinds if policy.class_of(kind) < mine]
        here = t.risk == RANK[item.grade]
        sooner = ~_later(item.due_at or NEVER, item.since, item.id)
        counts = {
            "of higher risk": t.risk < RANK[item.grade],
            "of the same risk and a graver kind": and_(here, t.item_type.in_(graver)),
            "of its kind and risk, due sooner or waiting longer": and_(
                here, t.item_type.in_(same), sooner, t.key != item.id
            ),
        }
        return {
            why: connection.execute(select(func.count()).where(t.is_open == 1, which)).scalar_one()
            for why, which in counts.items()
        }


def arrived(engine: Engine, since: datetime, until: datetime) -> list[tuple[Grade, str, int]]:
    """What happened in a stretch of time and is in the register, done or not: by risk and kind."""
    query = (
        select(t.risk, t.item_type, func.count())
        .where(t.occurred_at > since, t.occurred_at <= until)
        .group_by(t.risk, t.item_type)
    )
    with reading(engine) as connection:
        return [(TIERS[risk], kind, n) for risk, kind, n in connection.execute(query)]


def ages(engine: Engine, now: datetime) -> list[Age]:
    """By kind and risk: how many wait, the oldest, how many are past their limit; the line with the oldest first."""
    late = func.sum(case((t.due_by <= now, 1), else_=0))
    query = (
        select(t.risk, t.item_type, func.count().label("n"), func.min(t.occurred_at).label("since"), late.label("late"))
        .where(t.is_open == 1)
        .group_by(t.risk, t.item_type)
    )  # fmt: skip
    with reading(engine) as connection:
        groups = connection.execute(query).all()
        lines = [
            Age(g.item_type, TIERS[g.risk], g.n, _oldest(connection, g), now - g.since, g.late)
            for g in groups
        ]
    return sorted(lines, key=lambda a: (-a.oldest_age, RANK[a.tier], a.item_type))


def _oldest(connection: Connection, group: Row[Any]) -> str:
    alike = (
        t.is_open == 1,
        t.occurred_at == group.since,
        t.risk == group.risk,
        t.item_type == group.item_type,
    )
    return str(connection.execute(select(t.key).where(*alike).order_by(t.key).limit(1)).scalar_one())


def _gravest(connection: Connection, policy: TriagePolicy, limit: int) -> Iterator[Row[Any]]:
    """Group after group down the order of harm, until `limit` items are found: each group is a stretch of the index."""
    left = limit
    for risk in range(len(TIERS)):
        by_class: dict[int, list[str]] = {}
        for kind in _kinds(connection, risk) if left > 0 else ():
            by_class.setdefault(policy.class_of(kind), []).append(kind)
        for harm in sorted(by_class):
            rows = [row for kind in by_class[harm] for row in connection.execute(_group(risk, kind, left))]
            yield from rows
            left -= len(rows)
            if left <= 0:
                break


def _group(risk: int, kind: str, limit: int) -> Select[Any]:
    query = select(items_table).where(t.is_open == 1, t.risk == risk, t.item_type == kind)
    return query.order_by(t.due_by, t.occurred_at, t.key).limit(max(limit, 0))


def _kinds(connection: Connection, risk: int) -> list[str]:
    """The kinds that wait at a risk, found by stepping from one to the next in the index: never by reading them all."""
    here = (t.is_open == 1, t.risk == risk)
    steps = select(func.min(t.item_type).label("kind")).where(*here).cte("kinds", recursive=True)
    further = select(func.min(t.item_type)).where(*here, t.item_type > steps.c.kind).scalar_subquery()
    steps = steps.union_all(select(further).where(steps.c.kind.is_not(None)))
    return list(connection.execute(select(steps.c.kind).where(steps.c.kind.is_not(None))).scalars())


def _later(due_by: datetime, occurred_at: datetime, key: str) -> ColumnElement[bool]:
    return or_(
        t.due_by > due_by,
        and_(t.due_by == due_by, t.occurred_at > occurred_at),
        and_(t.due_by == due_by, t.occurred_at == occurred_at, t.key > key),
    )


def _open(row: Row[Any]) -> OpenItem:
    return OpenItem(row.key, row.item_type, TIERS[row.risk], row.occurred_at, row.due_at)


def _item(row: Row[Any]) -> Item:
    return Item(
        row.key, row.item_type, TIERS[row.risk], ItemStage(row.stage), row.occurred_at, row.due_at, row.component, row.upstream_key,
        row.owner, row.source, row.found_by, row.found_at, row.claimed_by, row.done, row.verified_by, row.reference,
    )  # fmt: skip
