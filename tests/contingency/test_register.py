"""The register gives the head of the order by its indexes, and it is the same head as that of the whole list."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from contingency.domain.backlog import FindItem, ItemStage
from contingency.domain.triage import Grade, Waiting, harm_key, order
from contingency.register import item_of, known_keys, open_items
from cutover.core.errors import NotFound, Refused
from tests.contingency.world import World

KINDS = ("crime", "domestic_abuse", "referral", "warrant", "da_assessment")
HOUR = timedelta(hours=1)


def wishes(world: World, count: int, seed: int = 7) -> dict[str, FindItem]:
    """Items with many ties: the same hours, limits and keys that differ in their case only."""
    source, now = random.Random(seed), world.clock.now()

    def wish() -> FindItem:
        at = now - source.randrange(1, 200) * HOUR
        due = at + source.choice((24, 48)) * HOUR if source.random() < 0.8 else None
        return FindItem(
            by="asha",
            item_type=source.choice(KINDS),
            tier=source.choice(list(Grade)),
            occurred_at=at,
            source="seed",
            due_at=due,
        )

    return {f"{'K' if n % 2 else 'k'}-{n // 2}": wish() for n in range(count)}


@pytest.fixture
def full(any_world: World) -> World:
    any_world.backlog.find(wishes(any_world, 120))
    return any_world


def test_the_first_places_are_those_of_the_whole_list(full: World) -> None:
    """On both databases, floor and ties included."""
    whole = [
        Waiting(i.key, i.item_type, i.tier, i.occurred_at, i.due_at)
        for i in open_items(full.desk.journal.engine)
    ]
    ranked = order(whole, full.clock.now(), full.book.triage)
    for limit in (1, 7, 40, 120):
        assert full.backlog.next(limit) == ranked[:limit]


def test_the_ages_are_those_of_the_whole_list_and_the_oldest_is_first(full: World) -> None:
    lines, items = full.backlog.status().lines, open_items(full.desk.journal.engine)
    assert sum(line.waiting for line in lines) == len(items) == 120
    assert lines[0].oldest == min(items, key=lambda i: (i.occurred_at, i.key)).key
    now = full.clock.now()
    assert sum(line.late for line in lines) == sum(i.due_at is not None and i.due_at <= now for i in items)
    assert full.backlog.status().gravest.tier is Grade.HIGH  # type: ignore[union-attr]


def test_why_says_how_many_come_before_by_harm(full: World) -> None:
    whole = sorted(
        (
            Waiting(i.key, i.item_type, i.tier, i.occurred_at, i.due_at)
            for i in open_items(full.desk.journal.engine)
        ),
        key=lambda i: harm_key(i, full.book.triage),
    )
    for place in (0, 1, 50, 119):
        assert full.backlog.why(whole[place].id).ahead == place
    with pytest.raises(NotFound):
        full.backlog.why("K-none")


def test_one_kind_is_read_page_after_page_in_its_order(full: World) -> None:
    whole = full.backlog.items(Grade.HIGH, "crime", limit=100)
    first = full.backlog.items(Grade.HIGH, "crime", limit=3)
    rest = full.backlog.items(Grade.HIGH, "crime", after=first[-1].key, limit=100)
    assert [*first, *rest] == whole


def test_an_item_says_who_found_owns_claimed_and_verified_it(world: World) -> None:
    """A closed one leaves the list; its line stays with the proof."""
    world.backlog.find({"K-1": wishes(world, 1)["k-0"].model_copy(update={"owner": "team a"})})
    world.backlog.assign("K-1", by="asha", owner="bo")
    world.backlog.claim("K-1", by="bo", done="assessed")
    with pytest.raises(Refused, match="bo claimed it"):
        world.backlog.verify("K-1", by="bo", reference="R-1")
    world.backlog.verify("K-1", by="chen", reference="R-1")
    assert world.backlog.next() == []
    assert known_keys(world.desk.journal.engine, ["K-1", "K-2"]) == {"K-1"}
    item = item_of(world.desk.journal.engine, "K-1")
    assert item is not None
    assert (item.found_by, item.owner, item.claimed_by, item.verified_by, item.reference, item.stage) == (
        "asha", "bo", "bo", "chen", "R-1", ItemStage.CLOSED,
    )  # fmt: skip


def test_the_pile_of_paper_is_never_older_than_the_journal(world: World) -> None:
    """Read, written, returned, keyed: each answer is the newest, though only what moved is read."""
    serials = world.paper.issue(station="central", form_type="crime", count=3, by="bo")
    assert world.backlog.status().waiting == 0
    world.used(serials[:2])
    assert world.backlog.status().waiting == 2
    world.used(serials[2:])
    world.paper.spoil(
        world.paper.issue(station="central", form_type="crime", count=1, by="bo")[0], by="bo", reason="torn"
    )
    assert sorted(r.item.id for r in world.backlog.next()) == sorted(serials)
    world.verify(serials)
    assert world.backlog.forecast(1).forms == 0
    assert world.backlog.status().waiting == 3
