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
from cutover.reconciliation.reruns import is_due


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
    programme: str, contracts: Sequence[str] = (), by: str = "reconciliation", only_due: bool = False
) -> State[list[Outcome]]:
    """Compare these contracts, or all; the flow fails while one of them does not pass.

    `only_due`: of them, those whose re-run is due, which is what a schedule asks for.
    """
    with open_world(Path(programme)) as world:
        wanted = contracts or tuple(world.reconciliation.contracts)
        if only_due:
            wanted = tuple(name for name in wanted if is_due(world.reconciliation.rechecks(name)))
        outcomes = [
            await compare.with_options(task_run_name=contract)(world, contract, by) for contract in wanted
        ]
        said = (
            "; ".join(f"{outcome.contract}: {outcome}" for outcome in outcomes)
            or "nothing was to be compared"
        )
        return (
            Completed(message=said, data=outcomes)
            if (outcomes or only_due) and all(o.passed for o in outcomes)
            else Failed(message=said, data=outcomes)
        )
