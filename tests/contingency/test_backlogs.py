"""Register and paper in one order, one age, one forecast."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contingency.domain.backlog import FindItem, ItemStage
from contingency.domain.triage import Grade
from cutover.core.errors import NotFound, Refused
from cutover.store.projections import rebuild
from tests.contingency.world import World

DAY = timedelta(days=1)


def found(world: World, days: int, tier: Grade = Grade.HIGH) -> FindItem:
    at = world.clock.now()
    return FindItem(
        by="asha",
        item_type="da_assessment",
        tier=tier,
        occurred_at=at - days * DAY,
        source="upstream register",
        due_at=at - (days - 2) * DAY,
    )


def test_an_item_leaves_the_list_only_with_its_reference(world: World) -> None:
    """Claimed it still waits; verified by another it is gone; reopened it is back."""
    world.backlog.find({"DA-1": found(world, 101)})
    world.backlog.claim("DA-1", by="bo", done="assessed")
    assert world.backlog.status().waiting == 1
    with pytest.raises(Refused, match="reference"):
        world.backlog.verify("DA-1", by="chen", reference="")
    world.backlog.verify("DA-1", by="chen", reference="DA-77")
    assert world.backlog.status().waiting == 0
    assert world.backlog.reopen("DA-1", by="asha", reason="another person").stage is ItemStage.REOPENED
    assert world.backlog.status().waiting == 1


def test_six_hundred_and_eighty_six_are_headed_by_the_oldest(world: World) -> None:
    """The oldest item's age heads the list, and finding them again adds none."""
    items = {
        f"DA-{n}": found(world, n % 101 + 1, Grade.HIGH if n % 7 == 0 else Grade.STANDARD) for n in range(686)
    }
    assert len(world.backlog.find(items)) == 686
    assert world.backlog.find(items) == []
    status = world.backlog.status()
    assert (status.waiting, status.lines[0].oldest_age) == (686, 101 * DAY)
    first = world.backlog.next(1)[0]
    assert first.item.grade is Grade.HIGH


def test_paper_and_register_stand_in_one_order(world: World) -> None:
    """A high-risk sheet that nobody has keyed yet comes before a standard item of the register."""
    world.backlog.find({"DA-1": found(world, 1, Grade.STANDARD)})
    (serial,) = world.used(
        world.paper.issue(station="central", form_type="domestic_abuse", count=1, by="bo"), grade=Grade.HIGH
    )
    assert [r.item.id for r in world.backlog.next()] == [serial, "DA-1"]
    assert {line.item_type for line in world.backlog.status().lines} == {"domestic_abuse", "da_assessment"}


def test_the_forecast_moves_from_planned_to_measured_minutes(world: World) -> None:
    """Ten crimes wait, planned at 25 minutes; five timed at 40 show what that means, on day one."""
    to_key = world.paper.issue(station="central", form_type="crime", count=15, by="bo")
    world.used(to_key)
    assert world.backlog.forecast(2).clerk_days == pytest.approx(15 * 25 / 360, abs=0.05)
    world.verify(to_key[:5], minutes=40)
    measured = world.backlog.forecast(2)
    assert (measured.forms, measured.minutes["crime"].timed) == (10, 5)
    assert measured.clerk_days == pytest.approx(10 * 40 / 360, abs=0.05)


def test_arrivals_beyond_the_rate_are_said_aloud(world: World) -> None:
    """One keyer keys 14 crimes a day; with twenty arriving the pile never clears."""
    world.used(world.paper.issue(station="central", form_type="crime", count=3, by="bo"))
    forecast = world.backlog.forecast(1, arrivals={Grade.STANDARD: {"crime": 20}})
    assert (forecast.arrivals_exceed_rate, forecast.bands[-1].never) == (True, True)


def test_an_unknown_item_is_not_found(world: World) -> None:
    """The nearest key is named."""
    world.backlog.find({"DA-100": found(world, 1)})
    with pytest.raises(NotFound, match="DA-100"):
        world.backlog.claim("DA-10", by="bo", done="x")


def test_the_register_rebuilds_on_either_database(any_world: World) -> None:
    """Folded again from the facts, the list is the same."""
    any_world.backlog.find({"DA-1": found(any_world, 3), "DA-2": found(any_world, 5)})
    any_world.backlog.claim("DA-1", by="bo", done="assessed")
    any_world.backlog.verify("DA-1", by="chen", reference="DA-77")
    before = any_world.backlog.status()
    rebuild(any_world.desk.journal)
    assert (any_world.backlog.status(), before.waiting) == (before, 1)
