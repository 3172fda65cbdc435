"""One ready step, seen in Prefect as one task run. An error of the Prefect layer is not a failure of the step.

Prefect runs tasks without its server and sends their history later: with the server gone for good, each unsent
event keeps the process for seven seconds at its end. So the server is looked for before each step.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import structlog
from prefect import get_client, task
from prefect.cache_policies import NO_CACHE
from prefect.settings import PREFECT_API_URL

from runbooks.actions import Outcome
from runbooks.steps import Step

STARTS_A_SECOND = 20  # above this the server's queue drops history in silence
PATIENCE = 15.0  # seconds to wait for the server to record what was sent
LOOK_EVERY = 1.0  # seconds between two looks for the server

log = structlog.get_logger()


class StepFailedError(Exception):
    """The step's own outcome was a failure; Prefect shows the run as failed."""


@task(cache_policy=NO_CACHE, persist_result=False, retries=0, task_run_name="{name}")
async def run_step(name: str, work: Callable[[], Awaitable[str]]) -> str:
    """The one generic task, named by the step it carries; without tags, for each of which Prefect asks its server."""
    del name
    return await work()


class Once:
    """A step's work, begun when first asked for and never again: Prefect may fail before, during or after it."""

    def __init__(self, perform: Callable[[], Awaitable[Outcome]]) -> None:
        self.begun = asyncio.Event()
        self._perform = perform
        self._work: asyncio.Future[Outcome] | None = None

    async def outcome(self) -> Outcome:
        if self._work is None:
            self._work = asyncio.ensure_future(self._perform())
            self.begun.set()
        return await asyncio.shield(self._work)

    def cancel(self) -> None:
        if self._work is not None:
            self._work.cancel()


async def show(step: Step, once: Once) -> None:
    """The step as a task run of the flow around it. Raises whatever the Prefect layer fails with, never the step's failure."""

    async def work() -> str:
        outcome = await once.outcome()
        if not outcome.ok:
            raise StepFailedError(outcome.evidence)
        return outcome.evidence

    with suppress(StepFailedError):
        await run_step(f"{step.task_id} {step.title}", work)


class Throttle:
    """Lets task runs start no faster than the server can record them."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._last = 0.0

    async def turn(self) -> None:
        async with self._turn:
            wait = self._last + 1 / STARTS_A_SECOND - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            self._last = time.monotonic()


class PrefectExecutor:
    """Executes steps as task runs of the surrounding flow; goes on inline when Prefect does not answer."""

    def __init__(self) -> None:
        self._throttle = Throttle()
        self._seen = float("-inf")
        self.sent = 0
        self.inline = 0

    async def execute(self, step: Step) -> Outcome:
        once = Once(step.perform)
        if not await self._is_there():
            self.inline += 1
            log.error("prefect_is_away", step=step.task_id)
            return await once.outcome()
        await self._throttle.turn()
        try:
            await show(step, once)
        except Exception:  # the Prefect layer's border: whatever it is, the step must not suffer
            log.exception("prefect_layer_failed", step=step.task_id)
        except BaseException:
            once.cancel()
            raise
        self.sent += 1
        if not once.begun.is_set():
            self.inline += 1
        return await once.outcome()

    async def _is_there(self) -> bool:
        """Does anybody listen at the server's address; asked at most once a second."""
        if time.monotonic() - self._seen < LOOK_EVERY:
            return True
        if not await server_answers():
            return False
        self._seen = time.monotonic()
        return True


async def server_answers() -> bool:
    """Does anybody listen at the server's address; where none is named there is nobody to ask."""
    address = urlsplit(PREFECT_API_URL.value() or "")
    if address.hostname is None:
        return True
    port = address.port or (443 if address.scheme == "https" else 80)
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(address.hostname, port), 2)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


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
    wanted = {"flow_runs": {"id": {"any_": flow_run_ids}}}
    return int((await client.request("POST", "/task_runs/count", json=wanted)).json())
