"""Which flow run shows a step: the one that is open, or a new one once Prefect's server is back; none while it is away.

The run does not live inside a flow, a flow only shows a stretch of it. So whatever becomes of the flow, and of
the server for an hour, the run goes on; and when the server answers again, a new flow run shows the rest.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Awaitable
from types import TracebackType
from typing import Protocol, Self

import structlog
from prefect import flow
from prefect.runtime import flow_run

from flows.executor import Once, Throttle, recorded, show
from flows.line import Line
from runbooks.actions import Outcome
from runbooks.steps import Step

OPEN_WITHIN = 20.0  # seconds for a flow run to begin, after which its steps are done without it
BEGIN_WITHIN = 5.0  # seconds for Prefect to begin a step
CLOSE_WITHIN = 10.0
TRY_AGAIN = 5.0  # seconds after a flow run that could not be opened
LONGEST = 1_000  # steps in one flow run: its graph then takes two seconds to draw, and more with more


class Record(Protocol):
    """The journal's side of it: which flow runs show this run, how many steps were begun, what Prefect has of them."""

    def link(self, flow_run_id: str) -> None: ...
    def linked(self) -> list[str]: ...
    def begun(self) -> int: ...
    def compared(self, recorded: int) -> None: ...


log = structlog.get_logger()


class Stretch:
    """One flow run that is open: steps are shown in it until it is closed."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.shown = 0
        self.flow_run_id = ""
        self._context: contextvars.Context | None = None
        self._opened, self._closing = asyncio.Event(), asyncio.Event()
        self._steps: set[asyncio.Task[None]] = set()
        self._flow: asyncio.Task[None] | None = None

    async def open(self) -> bool:
        """Whether the flow run has begun in time."""

        @flow(name="go-live", flow_run_name=self.run_id, persist_result=False, retries=0)
        async def go_live(run: str) -> None:
            del run
            await self._body()

        self._flow = asyncio.create_task(go_live(self.run_id))
        self._flow.add_done_callback(self._ended)
        begun = asyncio.create_task(self._opened.wait())
        await asyncio.wait({self._flow, begun}, timeout=OPEN_WITHIN, return_when=asyncio.FIRST_COMPLETED)
        begun.cancel()
        if not self._opened.is_set():
            self._flow.cancel()
        return self._opened.is_set()

    @property
    def is_open(self) -> bool:
        return self._flow is not None and not self._flow.done() and not self._closing.is_set()

    def show(self, step: Step, once: Once) -> asyncio.Task[None]:
        """Begin the step as a task run of this flow run."""
        self.shown += 1
        assert self._context is not None  # an open flow run has set it
        task = asyncio.get_running_loop().create_task(_shown(step, once), context=self._context.copy())
        self._steps.add(task)
        task.add_done_callback(self._steps.discard)
        return task

    async def close(self) -> None:
        """Let the flow run end; one whose server has gone is left as it is."""
        self._closing.set()
        if self._flow is not None and not self._flow.done():
            await asyncio.wait({self._flow}, timeout=CLOSE_WITHIN)
            self._flow.cancel()
            await asyncio.gather(self._flow, return_exceptions=True)

    async def _body(self) -> None:
        self._context, self.flow_run_id = contextvars.copy_context(), str(flow_run.id)
        self._opened.set()
        await self._closing.wait()
        await asyncio.gather(*self._steps, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("prefect_flow_lost", run=self.run_id, flow_run=self.flow_run_id, error=repr(error))


async def _shown(step: Step, once: Once) -> None:
    try:
        await show(step, once)
    except Exception as error:  # noqa: BLE001  the Prefect layer's border: the step has its own outcome
        log.warning("prefect_layer_failed", step=step.task_id, error=repr(error))


class FlowStretches:
    """Executes steps and shows them in Prefect while its server answers."""

    def __init__(self, run_id: str, record: Record) -> None:
        self.run_id = run_id
        self.sent = self.inline = 0
        self._record = record
        self._stretch: Stretch | None = None
        self._opening = asyncio.Lock()
        self._throttle, self._line = Throttle(), Line()
        self._away, self._not_before = False, 0.0
        self._comparing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stretch is not None:
            await self._stretch.close()
        await asyncio.gather(*self._comparing, return_exceptions=True)
        if kind is None:
            await self._compare()
        self._line.hang_up()

    async def execute(self, step: Step) -> Outcome:
        once = Once(step.perform)
        stretch = await self._open_stretch()
        if stretch is None:
            self.inline += 1
            return await once.outcome()
        await self._throttle.turn()
        shown = stretch.show(step, once)

        def alone(*_: object) -> None:
            """Prefect has not begun it in time, or has given up: it is done without."""
            if not once.is_begun:
                self.inline, self.sent = self.inline + 1, self.sent - 1
                once.begin()

        in_time = asyncio.get_running_loop().call_later(BEGIN_WITHIN, alone)
        shown.add_done_callback(alone)
        self.sent += 1
        try:
            return await once.awaited()
        except BaseException:
            once.cancel()
            shown.cancel()
            raise
        finally:
            in_time.cancel()

    async def _open_stretch(self) -> Stretch | None:
        """The flow run that shows the next step, None while there can be none."""
        if not await self._line.is_up():
            if not self._away:
                log.error("prefect_is_away", run=self.run_id)
            self._away = True
            return None
        async with self._opening:
            if self._away:
                log.info("prefect_is_back", run=self.run_id)
            if (
                self._stretch is None
                or self._away
                or not self._stretch.is_open
                or self._stretch.shown >= LONGEST
            ):
                await self._next_stretch()
            self._away = False
            return self._stretch

    async def _next_stretch(self) -> None:
        if time.monotonic() < self._not_before:
            return
        if (old := self._stretch) is not None:
            self._later(self._close_and_compare(old))
        fresh = Stretch(self.run_id)
        self._stretch = fresh if await fresh.open() else None
        if self._stretch is None:
            log.error("prefect_flow_not_opened", run=self.run_id)
            self._not_before = time.monotonic() + TRY_AGAIN
            return
        self._record.link(fresh.flow_run_id)

    def _later(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._comparing.add(task)
        task.add_done_callback(self._comparing.discard)

    async def _close_and_compare(self, stretch: Stretch) -> None:
        await stretch.close()
        await self._compare()

    async def _compare(self) -> None:
        """Say how many of the steps Prefect has on record; while it does not answer, none of them is there to see."""
        try:
            there = await self._line.is_up()
            count = await recorded(self._record.linked(), self._record.begun()) if there else 0
            self._record.compared(count)
        except Exception as error:  # noqa: BLE001  the Prefect layer's border, and a comparison can wait
            log.warning("prefect_not_compared", run=self.run_id, error=repr(error))
