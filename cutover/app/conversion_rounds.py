"""When the next batch of back-conversion is due, and when all is brought back: the loop that flows and rehearsals share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import fields
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


def joined(reports: Sequence[BatchReport]) -> BatchReport:
    """Batches that were performed side by side, as one; what is left is what the last of them left."""
    first = reports[0]
    serials = [f.name for f in fields(first) if f.name not in ("left", "matched_by")]
    together = {name: tuple(s for report in reports for s in getattr(report, name)) for name in serials}
    return type(first)(**together, left=min(r.left for r in reports), matched_by=first.matched_by)
