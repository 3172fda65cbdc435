"""Back-conversion as a Prefect flow: batch after batch, highest risk first, one task run a batch."""

from __future__ import annotations

from pathlib import Path

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from contingency.conversions import BatchReport, ConversionService
from cutover.app.bootstrap import open_world
from cutover.app.conversion_rounds import BATCH, convert_until_done
from cutover.core.clock import Pace


@task(cache_policy=NO_CACHE, persist_result=False, retries=0)
async def convert(service: ConversionService, limit: int, by: str, pace: Pace) -> BatchReport:
    """One batch: the next `limit` records by risk into the target, each at most once."""
    return await service.convert_batch(limit, by=by, pace=pace)


@flow(name="back-conversion", persist_result=False, retries=0, validate_parameters=False)
async def back_conversion(programme: str, batch: int = BATCH, by: str = "conversion") -> int:
    """Convert until no used sheet is left; returns how many records were created in the target."""
    with open_world(Path(programme)) as world:

        async def one(number: int) -> BatchReport:
            named = convert.with_options(task_run_name=f"batch {number}", tags=["back-conversion"])
            async with world.pace.hold():  # Prefect's own work takes no time of a rehearsal
                return await named(world.conversions, batch, by, world.pace)

        return await convert_until_done(world, one)
