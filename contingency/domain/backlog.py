"""What waits, how grave, since when; and nothing leaves the list without a proving reference.

Theory: an item is found (by whom, from where), claimed done by one person with what they did, and verified by
another with the reference that proves it: a crime number, a custody number, a referral number. Claimed and
verified are two fields and two people. A claim that does not hold, and a closed item found to be open after
all, are reopened with the reason; a list that only loses items is how a wanted person was once marked arrested.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from contingency.domain.saying import need
from contingency.domain.triage import Grade
from cutover.core.errors import Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine, Table
from cutover.core.refusal_words import not_asked


class ItemStage(StrEnum):
    UNKNOWN = "unknown"
    OPEN = "open"
    CLAIMED = "claimed"
    CLOSED = "closed"
    REOPENED = "reopened"


class BacklogItemFound(Event):
    """Something waits that somebody counts on: its kind, its risk, since when, and how we know."""

    item_type: str
    tier: Grade
    occurred_at: datetime
    source: str
    component: str = ""
    upstream_key: str = ""
    due_at: datetime | None = None
    owner: str = ""


class BacklogItemAssigned(Event):
    """Somebody else answers for it now."""

    owner: str


class BacklogItemClaimed(Event):
    """Somebody says it is done; nobody has checked."""

    typed = frozenset({"done"})
    done: str


class BacklogItemVerified(Event):
    """Somebody else has seen the proof."""

    reference: str


class BacklogItemReopened(Event):
    typed = frozenset({"reason"})
    reason: str


class FindItem(Command):
    item_type: str
    tier: Grade
    occurred_at: datetime
    source: str
    component: str = ""
    upstream_key: str = ""
    due_at: datetime | None = None
    owner: str = ""


class AssignItem(Command):
    owner: str


class ClaimItem(Command):
    done: str


class VerifyItem(Command):
    reference: str


class ReopenItem(Command):
    reason: str


EVENTS = (BacklogItemFound, BacklogItemAssigned, BacklogItemClaimed, BacklogItemVerified, BacklogItemReopened)

ITEMS = Table(
    name="backlog item",
    theory="claimed by one, verified by another with a reference; whatever does not hold is open again",
    stages=ItemStage,
    start=ItemStage.UNKNOWN,
    terminal=frozenset(),
    moves={
        (ItemStage.UNKNOWN, BacklogItemFound): ItemStage.OPEN,
        (ItemStage.OPEN, BacklogItemAssigned): ItemStage.OPEN,
        (ItemStage.REOPENED, BacklogItemAssigned): ItemStage.REOPENED,
        (ItemStage.OPEN, BacklogItemClaimed): ItemStage.CLAIMED,
        (ItemStage.REOPENED, BacklogItemClaimed): ItemStage.CLAIMED,
        (ItemStage.CLAIMED, BacklogItemVerified): ItemStage.CLOSED,
        (ItemStage.CLAIMED, BacklogItemReopened): ItemStage.REOPENED,
        (ItemStage.CLOSED, BacklogItemReopened): ItemStage.REOPENED,
    },
)


@dataclass(frozen=True, slots=True)
class ItemState:
    """One item; `claimed_by` and `verified_by` are never the same person."""

    stage: ItemStage = ItemStage.UNKNOWN
    found: BacklogItemFound | None = None
    found_by: str = ""
    owner: str = ""
    claimed_by: str = ""
    done: str = ""
    verified_by: str = ""
    reference: str = ""
    reason: str = ""


def decide(state: ItemState, command: Command, now: datetime) -> Sequence[Event]:
    del now
    match command:
        case FindItem():
            ITEMS.next(state.stage, BacklogItemFound)
            return [BacklogItemFound(**command.model_dump(exclude={"by"}))]
        case AssignItem(owner=owner):
            ITEMS.next(state.stage, BacklogItemAssigned)
            need((owner, "assigning needs a name"))
            return [BacklogItemAssigned(owner=owner)]
        case ClaimItem(done=done):
            ITEMS.next(state.stage, BacklogItemClaimed)
            need((done, "a claim says what was done"))
            return [BacklogItemClaimed(done=done)]
        case VerifyItem():
            return _verify(state, command)
        case ReopenItem(reason=reason):
            ITEMS.next(state.stage, BacklogItemReopened)
            need((reason, "reopening needs a reason"))
            return [BacklogItemReopened(reason=reason)]
    raise Refused(not_asked("backlog item", state.stage, command))


def _verify(state: ItemState, command: VerifyItem) -> Sequence[Event]:
    ITEMS.next(state.stage, BacklogItemVerified)
    reasons = []
    if command.by == state.claimed_by:
        reasons.append(f"{command.by} claimed it and cannot verify it")
    if not command.reference.strip():
        reasons.append("closing needs the reference that proves it is done")
    if reasons:
        raise Refused(*reasons)
    return [BacklogItemVerified(reference=command.reference)]


def evolve(state: ItemState, fact: Fact) -> ItemState:
    stage = ITEMS.next(state.stage, type(fact.event))
    match fact.event:
        case BacklogItemFound() as e:
            return ItemState(stage, found=e, found_by=fact.actor, owner=e.owner)
        case BacklogItemAssigned(owner=owner):
            return replace(state, stage=stage, owner=owner)
        case BacklogItemClaimed(done=done):
            return replace(
                state, stage=stage, claimed_by=fact.actor, done=done, verified_by="", reference="", reason=""
            )
        case BacklogItemVerified(reference=reference):
            return replace(state, stage=stage, verified_by=fact.actor, reference=reference)
        case BacklogItemReopened(reason=reason):
            return replace(state, stage=stage, verified_by="", reference="", reason=reason)
    raise Refused(f"backlog item: {fact.event.kind()} is not one of its facts")


ITEM = Machine("backlog item", ItemState(), decide, evolve)


def item_stream(key: str) -> str:
    return f"backlog:{key}"


@dataclass(frozen=True, slots=True)
class OpenItem:
    """What ageing needs of an item that is not closed."""

    key: str
    item_type: str
    tier: Grade
    occurred_at: datetime
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Age:
    """One line of the ageing table: how many of a kind and tier wait, the oldest of them, how many are late."""

    item_type: str
    tier: Grade
    waiting: int
    oldest: str
    oldest_age: timedelta
    late: int


def ageing(items: Iterable[OpenItem], now: datetime) -> tuple[Age, ...]:
    """By kind and tier, the line with the oldest item first; equally old, the gravest first."""
    groups: dict[tuple[str, Grade], list[OpenItem]] = {}
    for item in items:
        groups.setdefault((item.item_type, item.tier), []).append(item)
    lines = [_age(kind, tier, group, now) for (kind, tier), group in groups.items()]
    tiers = list(Grade)
    return tuple(sorted(lines, key=lambda a: (-a.oldest_age, tiers.index(a.tier), a.item_type)))


def _age(kind: str, tier: Grade, group: list[OpenItem], now: datetime) -> Age:
    oldest = min(group, key=lambda item: (item.occurred_at, item.key))
    late = sum(1 for item in group if item.due_at is not None and item.due_at <= now)
    return Age(kind, tier, len(group), oldest.key, now - oldest.occurred_at, late)
