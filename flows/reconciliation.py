"""Reconciliation as a Prefect flow: one task run a contract, each stretch read in its log.

Killed and started again it goes on where the reading stopped: what was read lies in the programme's state, not in Prefect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from cutover.app.bootstrap import World, open_world
from cutover.reconciliation.findings import Outcome


@task(cache_policy=NO_CACHE, persist_result=False, retries=0)
async def compare(world: World, contract: str, by: str) -> Outcome:
    """Compare both sides of one contract; the outcome is in the journal."""
    service, log = world.reconciliation, get_run_logger()
    service.told = log.info
    outcome = await asyncio.to_thread(service.run, contract, by=by)
    log.info(str(outcome))
    return outcome


@flow(name="reconciliation", persist_result=False, retries=0, validate_parameters=False)
async def reconciliation(
    programme: str, contracts: Sequence[str] = (), by: str = "reconciliation"
) -> State[list[Outcome]]:
    """Compare these contracts, or all; the flow fails while one of them does not pass."""
    with open_world(Path(programme)) as world:
        outcomes = [
            await compare.with_options(task_run_name=contract)(world, contract, by)
            for contract in contracts or tuple(world.reconciliation.contracts)
        ]
        said = "; ".join(f"{outcome.contract}: {outcome}" for outcome in outcomes)
        return (
            Completed(message=said, data=outcomes)
            if all(o.passed for o in outcomes)
            else Failed(message=said, data=outcomes)
        )
