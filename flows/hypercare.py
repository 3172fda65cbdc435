"""Hypercare as a Prefect flow: the watch goes on round after round, one task run an hour, until its days are over.

The watch itself knows no Prefect: while its server is away, `cutover monitor run` does the same. A round that fails is
said in its log and the next one begins: a picture that breaks must not blind anybody.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed

from cutover.app.bootstrap import World, open_world
from cutover.app.watching import Standing, Watching, standing
from cutover.core.duration import show_duration

ROUND = timedelta(hours=1)


@task(cache_policy=NO_CACHE, persist_result=False, retries=0)
async def watch_round(world: World, span: timedelta) -> Standing:
    """Watch for a while; how everything stands at its end."""
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(span.total_seconds(), stop.set)
    await Watching(world, standby=True).run(stop)
    return standing(world)


@flow(name="hypercare", persist_result=False, retries=0, validate_parameters=False)
async def hypercare(
    programme: str, days: float | None = None, round_minutes: float = 60.0
) -> State[Standing]:
    """Watch for `days`, by default until the watch that the programme agreed is over; returns how it stands then."""
    span = timedelta(minutes=round_minutes)
    with open_world(Path(programme)) as world:
        ends = _ends(world, days)
        found = standing(world)
        number = 0
        while (now := world.clock.now()) < ends:
            number += 1
            named = watch_round.with_options(task_run_name=f"round {number}", tags=["hypercare"])
            found = await named(world, min(span, ends - now))
        return Completed(message=f"{found} after {show_duration(number * span)}", data=found)


def _ends(world: World, days: float | None) -> datetime:
    if days is not None:
        return world.clock.now() + timedelta(days=days)
    return world.flows.go_live + timedelta(days=world.folder.watched.hypercare.days)
