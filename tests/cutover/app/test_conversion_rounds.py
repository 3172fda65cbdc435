"""Batch after batch until no used sheet is left; an hour passes only when a batch found nothing to do."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from contingency.conversions import BatchReport
from cutover.app.bootstrap import World
from cutover.app.conversion_rounds import PAUSE, convert_until_done
from cutover.core.clock import Pace
from paper_capture.service import UsedSheet
from tests.conftest import START


def use_a_sheet(world: World) -> str:
    (serial,) = world.paper.issue(station="central", form_type="crime", count=1, by="asha", key="one")
    world.paper.log_used([UsedSheet(serial=serial, at=START, values={"offence": "theft"})], by="bo")
    return serial


def rounds(world: World, *reports: BatchReport, spoil: str = "") -> tuple[int, list[timedelta]]:
    """What the loop came to, and after how long each batch was done. Once all reports are used the sheet is spoiled."""
    pace: Pace = world.pace
    began: list[timedelta] = []
    left = list(reports)

    async def batch(number: int) -> BatchReport:
        assert number == len(began) + 1
        began.append(pace.now() - START)
        if len(left) == 1 and spoil:
            world.paper.void([spoil], by="asha", reason="rained on")
        return left.pop(0)

    return asyncio.run(convert_until_done(world, batch)), began


def test_nothing_on_paper_is_done_at_once(world: World) -> None:
    assert rounds(world, BatchReport()) == (0, [timedelta(0)])


def test_batches_follow_each_other_while_they_bring_something(world: World) -> None:
    full = BatchReport(converted=("CR1", "CR2"))
    assert rounds(world, full, full, BatchReport()) == (4, [timedelta(0)] * 3)
