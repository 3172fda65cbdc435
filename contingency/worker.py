"""When a worker that stays goes on, waits or is done: it outlives a silent target, a lost database and a lost hand."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

from contingency.batches import BatchReport
from contingency.conversions import ConversionService
from cutover.core.errors import Conflict, CutoverError, Refused, Unavailable

PAUSE = 0.5  # seconds between two looks where there is nothing to do, doubled in doubt
LONGEST_PAUSE = 5.0
PASSING = (Unavailable, Conflict, Refused)  # away, taken over, paused: none of them is for ever


async def stay(
    service: ConversionService, *, by: str, size: int = 200
) -> AsyncIterator[BatchReport | CutoverError]:
    """Batch after batch through every outage, until nothing is ready and nothing of anybody's is without an outcome.

    Yields what each batch led to, and each trouble that it waits out.
    """
    pause = PAUSE
    while True:
        try:
            async for report in service.convert_all(size, by=by):
                pause = PAUSE
                yield report
            if service.is_all_done():
                return
        except PASSING as trouble:
            yield trouble
            pause = min(2 * pause, LONGEST_PAUSE)
        await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  jitter
