"""When the next batch of back-conversion is due, and when all is brought back: the loop that flows and rehearsals share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contingency.conversions import BatchReport
    from cutover.app.bootstrap import World

BATCH = 200
PAUSE = timedelta(hours=1)
ON_THE_WAY = ("used", "live", "returned", "keyed_once", "keyed_twice", "discrepant", "verified")


async def convert_until_done(world: World, convert: Callable[[int], Awaitable[BatchReport]]) -> int:
    """Batch after batch, highest risk first, until no used sheet is left; returns the records created.

    `convert(number)` performs one batch. Between batches with nothing to do, an hour passes.
    """
    created = number = 0
    while True:
        number += 1
        report = await convert(number)
        created += len(report.converted)
        if not (report.converted or report.rejected):
            if not world.paper.count(ON_THE_WAY):
                return created
            await world.pace.sleep_until(world.pace.now() + PAUSE)
