"""Back-conversion as Prefect flows: one flow run a batch, highest risk first, as many at once as there are hands to take them.

A batch is a flow of its own, so that any worker on any machine may take one (`conversion-batch/batch`): each takes a hand,
which is a lease, and with it a share of the pile. `back-conversion/paper` starts batch after batch until all is brought back.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from prefect import flow, get_run_logger

from contingency.conversions import BatchReport
from cutover.app.bootstrap import as_current, open_world
from cutover.app.conversion_rounds import BATCH, convert_until_done, joined


@flow(name="conversion-batch", persist_result=False, retries=0, validate_parameters=False)
async def conversion_batch(programme: str, batch: int = BATCH, by: str = "conversion") -> BatchReport:
    """Bring the next records by risk into the target, each at most once; what an earlier batch left open is settled first."""
    with open_world(Path(programme)) as world:
        report = await world.conversions.convert_batch(batch, by=by, pace=world.pace)
    get_run_logger().info("%d converted, %d left", len(report.converted), report.left)
    return report


@flow(name="back-conversion", persist_result=False, retries=0, validate_parameters=False)
async def back_conversion(
    programme: str, batch: int = BATCH, by: str = "conversion", at_once: int = 1
) -> int:
    """Convert until no used sheet is left, `at_once` batches side by side; returns how many records were created."""
    with open_world(Path(programme)) as world, as_current(world):

        async def some(number: int) -> BatchReport:
            first = (number - 1) * at_once + 1
            async with world.pace.hold():  # Prefect's own work takes no time of a rehearsal
                return joined(
                    await asyncio.gather(
                        *(
                            conversion_batch.with_options(flow_run_name=f"batch {one}")(programme, batch, by)
                            for one in range(first, first + at_once)
                        )
                    )
                )

        return await convert_until_done(world, some)
