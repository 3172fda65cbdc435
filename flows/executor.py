"""One ready step, seen in Prefect as one task run. An error of the Prefect layer is not a failure of the step."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import structlog
from prefect import get_client, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

from runbooks.actions import Outcome
from runbooks.performer import Step

STARTS_A_SECOND = 20  # above this the server's queue drops history in silence
PATIENCE = 15.0  # seconds to wait for the server to record what was sent

log = structlog.get_logger()


class StepFailedError(Exception):
    """The step's own outcome was a failure; Prefect shows the run as failed."""


@task(cache_policy=NO_CACHE, persist_result=False, retries=0)
async def run_step(work: Callable[[], Awaitable[str]]) -> str:
    """The one generic task: named and tagged by the step it carries."""
    return await work()


class PrefectExecutor:
    """Executes steps as task runs of the surrounding flow; goes on inline when Prefect does not answer."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._last = 0.0
        self.sent = 0
        self.inline = 0

    async def execute(self, step: Step) -> Outcome:
        done: list[Outcome] = []

        async def work() -> str:
            done.append(await step.perform())
            if not done[0].ok:
                raise StepFailedError(done[0].evidence)
            return done[0].evidence

        await self._throttle()
        try:
            await run_step.with_options(task_run_name=f"{step.task_id} {step.title}", tags=list(step.tags))(
                work
            )
        except StepFailedError:
            pass
        except Exception as error:  # the Prefect layer's border: whatever it is, the step must not suffer
            log.error("prefect_layer_failed", step=step.task_id, error=repr(error))
        self.sent += 1
        if not done:
            self.inline += 1
            done.append(await step.perform())
        return done[0]

    async def _throttle(self) -> None:
        async with self._turn:
            wait = self._last + 1 / STARTS_A_SECOND - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            self._last = time.monotonic()


async def recorded(flow_run_ids: list[str], expected: int) -> int:
    """How many task runs Prefect has on record for these flow runs, once it has caught up or patience ends."""
    count = 0
    async with get_client() as client:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            count = await _count(client, flow_run_ids)
            if count >= expected:
                break
            await asyncio.sleep(0.2)
    return count


async def _count(client: Any, flow_run_ids: list[str]) -> int:
    wanted = FlowRunFilter(id=FlowRunFilterId(any_=[UUID(i) for i in flow_run_ids]))
    return len(await client.read_task_runs(flow_run_filter=wanted, limit=200))
