"""Back-conversion as a Prefect flow: batch after batch, highest risk first, one task run a batch."""

from __future__ import annotations

from pathlib import Path

from contingency.conversion_service import BatchReport, ConversionService
from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from cutover.app.bootstrap import open_world


@task(cache_policy=NO_CACHE, persist_result=False, retries=0)
async def convert(service: ConversionService, limit: int, by: str) -> BatchReport:
    """One batch: the next `limit` records by risk into the target, each at most once."""
    return await service.convert_batch(limit, by=by)


@flow(name="back-conversion", persist_result=False, retries=0)
async def back_conversion(programme: str, batch: int = 100, by: str = "conversion") -> int:
    """Convert all that waits and can be converted; returns how many records were created in the target."""
    with open_world(Path(programme)) as world:
        converted = number = 0
        while True:
            number += 1
            named = convert.with_options(task_run_name=f"batch {number}", tags=["back-conversion"])
            report = await named(world.conversions, batch, by)
            converted += report.converted
            if not report.touched:
                return converted
