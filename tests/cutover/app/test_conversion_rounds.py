"""Batch after batch until no used sheet is left; an hour passes only when a batch found nothing to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

from contingency.conversions import BatchReport
from cutover.app.bootstrap import World
from cutover.app.conversion_rounds import PAUSE, convert_until_done
from paper_capture.domain.moves import UsedSheet
from tests.conftest import START


def use_a_sheet(world: World) -> str:
    (serial,) = world.paper.issue(station="central", form_type="crime", count=1, by="asha", key="one")
    used = UsedSheet(
        serial=serial,
        station="central",
        writer="bo",
        occurred_at=START,
        written_at=START,
        values={"offence": "theft"},
    )
    world.paper.log_used([used], by="bo")
    return serial


def rounds(
    world: World, *reports: BatchReport, at_last: Callable[[], object] = list
) -> tuple[int, list[timedelta]]:
    """What the loop came to, and after how long each batch began. `at_last` happens during the last batch."""
    began: list[timedelta] = []
    left = list(reports)

    async def batch(number: int) -> BatchReport:
        assert number == len(began) + 1
        began.append(world.pace.now() - START)
        if len(left) == 1:
            at_last()
        return left.pop(0)

    return asyncio.run(convert_until_done(world, batch)), began


def test_with_nothing_on_paper_it_is_done_at_once(world: World) -> None:
    assert rounds(world, BatchReport()) == (0, [timedelta(0)])


def test_batches_follow_each_other_while_they_bring_something(world: World) -> None:
    full = BatchReport(converted=("CR1", "CR2"))
    assert rounds(world, full, full, BatchReport()) == (4, [timedelta(0)] * 3)


def test_while_paper_is_on_the_way_the_next_batch_comes_an_hour_later(world: World) -> None:
    """Until the last sheet is accounted for; here it is declared missing."""
    serial = use_a_sheet(world)

    def lose() -> None:
        world.paper.declare_missing(serial, by="bo", decided_by="asha", reason="rained on")

    assert rounds(world, BatchReport(), BatchReport(left=1), BatchReport(), at_last=lose) == (
        0,
        [0 * PAUSE, PAUSE, 2 * PAUSE],
    )
