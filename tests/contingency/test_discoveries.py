"""Items come into the register from a query, a file and broken sums, each with who looked, where and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contingency.discoveries import SUSPECTED
from contingency.domain.discovery import Discovery, Place, read_rows
from contingency.domain.triage import Grade
from contingency.register import item_of
from cutover.app.suspected import BrokenBalance
from cutover.core.errors import Invalid, NotFound
from tests.conftest import START
from tests.contingency.world import World

PLACE = Place("Europe/London", {"referral": timedelta(hours=48)}, "asha", START, "a test")


def test_a_file_is_entered_once_and_its_bad_lines_are_named(world: World, tmp_path: Path) -> None:
    """One bad line hides nothing; looking again adds nothing."""
    path = tmp_path / "da open.csv"
    path.write_text(
        "key,occurred_at,tier\nDA-1,2026-07-10T12:00,\nDA-2,2026-07-11T12:00,standard\nDA-3,soon,high\n,2026-07-11,high\nDA-4,2027-01-01T00:00,high\nDA-5,2026-07-11T09:00,grave\n"
    )
    how = world.discoveries.plain("da open", "da_assessment")
    found = world.discoveries.csv(path, how, by="asha")
    assert found.fresh == ("da_assessment/DA-1", "da_assessment/DA-2")
    assert [fault.partition(":")[0] for fault in found.faults] == ["row 3", "row 4", "row 5", "row 6"]
    item = item_of(world.desk.journal.engine, "da_assessment/DA-1")
    assert item is not None
    assert (item.tier, item.found_by, item.source, item.found_at) == (
        Grade.HIGH,
        "asha",
        "file da open.csv",
        world.clock.now(),
    )
    assert world.discoveries.csv(path, how, by="bo").fresh == ()


def test_a_declared_query_gives_items_with_their_limit_by_standard(world: World) -> None:
    how = Discovery(id="open", query="open-referrals", item_type="referral", standard="referral")
    world.backlog.book = replace(world.book, discoveries={"open": how})
    world.rows["open-referrals"] = [{"key": 17, "occurred_at": START - timedelta(days=3), "tier": "medium"}]
    world.discoveries.programme = world.discoveries.programme.model_copy(
        update={"standards": {"referral": timedelta(hours=48)}}
    )
    assert world.discoveries.run("open", by="asha").fresh == ("referral/17",)
    (line,) = world.backlog.status().lines
    assert (line.waiting, line.late, line.tier) == (1, 1, Grade.MEDIUM)
    with pytest.raises(NotFound):
        world.discoveries.run("shut", by="asha")


def test_a_broken_balance_enters_what_it_names_and_what_nobody_can_name(world: World) -> None:
    """Three are missing, two are named: three items, all of high risk, with the check that found them."""
    world.suspected = [BrokenBalance("da-ageing", START - timedelta(days=2), 3, ("DA-7", "DA-8"))]
    found = world.discoveries.balances(by="asha")
    assert found.fresh == tuple(f"{SUSPECTED}/da-ageing/{n}" for n in ("DA-7", "DA-8", "unnamed-1"))
    assert {r.item.grade for r in world.backlog.next()} == {Grade.HIGH}
    assert world.discoveries.balances(by="asha").fresh == ()


def test_a_time_that_happens_twice_is_not_guessed() -> None:
    """25 October 2026, 01:30 in London: which one was meant only a person can say."""
    row = {"key": "1", "occurred_at": "2026-10-25T01:30", "item_type": "referral"}
    later = replace(PLACE, now=START + timedelta(days=9))
    assert "happens twice" in read_rows([row], Discovery(id="x"), later).faults[0]
    read = read_rows([{**row, "occurred_at": "2026-10-25T01:30+00:00"}], Discovery(id="x"), later)
    assert read.items["referral/1"].due_at == datetime(2026, 10, 27, 1, 30, tzinfo=UTC)


def test_a_file_that_is_none_is_refused(world: World, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot be read"):
        world.discoveries.csv(tmp_path / "none.csv", Discovery(id="x"), by="asha")
