"""One ready step, seen in Prefect as one task run. An error of the Prefect layer is not a failure of the step.

Prefect runs tasks without its server and sends their history later: with the server gone for good, each unsent
event keeps the process for seven seconds at its end. So the server is looked for before each step.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import ContextVar
from itertools import chain, repeat
from typing import Any

import structlog
from prefect import get_client, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.results import ResultRecord, ResultRecordMetadata  # type: ignore[attr-defined]  # defined beside it
from prefect.states import Completed
from prefect.task_engine import run_task_async

from flows.line import server_answers
from runbooks.actions import Outcome
from runbooks.steps import Step

STARTS_A_SECOND = 20  # above this the server's queue drops history in silence
PATIENCE = 15.0  # seconds to wait for the server to record what was sent
PAUSES = (
    0.25,
    0.5,
    1.0,
    2.0,
)  # seconds between two questions: each costs the server as much as two task runs
LOOK_EVERY = 1.0  # seconds between two looks for the server

log = structlog.get_logger()


class StepFailedError(Exception):
    """The step's own outcome was a failure; Prefect shows the run as failed."""


Work = Callable[[], Awaitable[str]]
_step: ContextVar[tuple[str, Work]] = ContextVar("step")
# The journal holds results. Without a record of its own each task run would look for a place for one.
NO_RESULT: ResultRecord[None] = ResultRecord(result=None, metadata=ResultRecordMetadata(storage_key="none"))


def _name() -> str:
    return _step.get()[0]


@task(cache_policy=NO_CACHE, persist_result=False, retries=0, task_run_name=_name)
async def run_step() -> State[None]:
    """The one generic task, named by the step around it: parameters and results cost as much as the rest of it.

    It has no tags, for each of which Prefect asks its server. What the step found is the message of its end.
    """
    _, work = _step.get()
    return Completed(message=await work(), data=NO_RESULT)


class Once:
    """A step's work, begun when first asked for and never again: Prefect may fail before, during or after it."""

    def __init__(self, perform: Callable[[], Awaitable[Outcome]]) -> None:
        self._perform = perform
        self._begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._work: asyncio.Future[Outcome] | None = None

    @property
    def is_begun(self) -> bool:
        return self._begun.done()

    def begin(self) -> None:
        """Begin where one stands, unless it has begun or was called off."""
        if not self.is_begun:
            self._work = asyncio.ensure_future(self._perform())
            self._begun.set_result(None)

    async def outcome(self) -> Outcome:
        """Begin, and see it to its end."""
        self.begin()
        return await self.awaited()

    async def awaited(self) -> Outcome:
        """Its outcome, whoever begins it."""
        await self._begun
        assert self._work is not None  # what has begun has work
        return await asyncio.shield(self._work)

    def cancel(self) -> None:
        """Stop it, or never begin it."""
        self._begun.cancel()
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
        await as_task_run(f"{step.task_id} {step.title}", work)


async def as_task_run(name: str, work: Work) -> None:
    """The generic task as one task run, which is running when Prefect first hears of it.

    What is called the usual way is also told as pending: a third of all that the server has to record of it, about
    steps that are begun the moment they are shown.
    """
    around = _step.set((name, work))
    try:
        task_run = await run_step.create_local_run(parameters={})
        await run_task_async(run_step, task_run=task_run, parameters={})
    finally:
        _step.reset(around)


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
        if not once.is_begun:
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


async def recorded(flow_run_ids: list[str], expected: int) -> int:
    """How many task runs Prefect has on record for these flow runs, once it has caught up or patience ends."""
    deadline, count = time.monotonic() + PATIENCE, 0
    async with get_client() as client:
        for pause in chain(PAUSES, repeat(PAUSES[-1])):
            count = await _count(client, flow_run_ids)
            if count >= expected or time.monotonic() > deadline:
                break
            await asyncio.sleep(pause)
    return count


async def _count(client: Any, flow_run_ids: list[str]) -> int:
    wanted = {"flow_runs": {"id": {"any_": flow_run_ids}}}
    return int((await client.request("POST", "/task_runs/count", json=wanted)).json())
