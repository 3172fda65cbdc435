"""Ask every flow's source when it is due, take what is mature, and say when a source fails: counts on time.

What was read and when is in the database, so a restart goes on where it was. A reading that takes too long is a
fault of the reading, never a count of nought.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import date, datetime, timedelta
from functools import partial

import structlog

from cutover.core.clock import Pace
from cutover.core.errors import CutoverError, Invalid
from monitors.beside import Beside
from monitors.count_sources import CountSources, why
from monitors.domain.baseline import Normal
from monitors.domain.counts import Told
from monitors.domain.flow import Flow
from monitors.flow_service import FlowService

AGAIN = timedelta(minutes=1)  # until the next try while the database is away
log = structlog.get_logger()


class Collector:
    """Reads the counts of all flows of a programme, until told to stop."""

    def __init__(self, service: FlowService, sources: CountSources, pace: Pace) -> None:
        self._service = service
        self._sources = sources
        self._pace = pace
        self._beside = Beside()

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop` is set; a reading under way is finished within its deadline.

        With the database away nothing can be kept, not even that: it is tried again soon.
        """
        due = dict.fromkeys(self._service.flows, self._pace.now())
        while due and not stop.is_set():
            name = min(due, key=lambda flow: due[flow])
            if not await _unless(stop, self._pace.sleep_until(due[name])):
                return
            now = self._pace.now()
            due[name] = now + self._service.flows[name].every
            try:
                await self.collect(name, now)
            except CutoverError as error:
                log.warning("counts_wait", flow=name, error=why(error))
                due[name] = now + min(AGAIN, self._service.flows[name].every)

    async def collect_all(self, now: datetime | None = None) -> Mapping[str, str]:
        """Read every flow once; returns what was wrong, by flow."""
        at = now or self._pace.now()
        faults = {name: await self.collect(name, at) for name in self._service.flows}
        return {name: fault for name, fault in faults.items() if fault}

    async def collect(self, flow_id: str, now: datetime) -> str:
        """Read one flow; returns what was wrong, '' for nothing."""
        flow = self._service.flows[flow_id]
        try:
            found = await self._read(flow, *self._service.wanted(flow_id, now), now)
            await asyncio.to_thread(self._take, flow_id, found, now)  # the loop has others to serve
        except CutoverError as error:
            fault = why(error)
        except TimeoutError:
            fault = f"no answer within {flow.counts.timeout:g} s"
        else:
            return ""
        log.warning("counts_not_read", flow=flow_id, error=fault)
        await asyncio.to_thread(self._service.failed, flow_id, fault)
        return fault

    def _take(self, flow_id: str, found: Told | None, now: datetime) -> None:
        if found is None:
            self._service.mature(flow_id, now)
        else:
            self._service.told(flow_id, found, now)

    async def freeze(self, flow_id: str, by: str, reason: str = "") -> Normal:
        """Read the history of a flow from its source and freeze its baseline. Raises Invalid, Unavailable, Refused."""
        await self._read_history(flow_id)
        return self._service.freeze(flow_id, by, reason=reason)

    async def preview(self, flow_id: str) -> Normal | None:
        """What freezing now would make the baseline; None where the history cannot be read or is too short."""
        try:
            await self._read_history(flow_id)
            return self._service.learnt(flow_id)
        except CutoverError:
            return None

    async def _read_history(self, flow_id: str) -> None:
        for name in self._service.needed(flow_id):
            flow = self._service.flows[name]
            begins, ends = self._service.history_span(flow)
            try:
                found = await self._read(flow, begins, ends, self._pace.now())
            except TimeoutError:
                raise Invalid(f"{name}: no history within {flow.counts.timeout:g} s") from None
            if found is not None:
                self._service.remember(name, found)

    async def _read(self, flow: Flow, since: date, until: date, now: datetime) -> Told | None:
        reading = partial(self._sources.read, flow, since, until, now)
        return await self._beside.run(reading, flow.id, flow.counts.timeout)


async def _unless(stop: asyncio.Event, waiting: Awaitable[None]) -> bool:
    """Wait, unless told to stop meanwhile; whether the wait came to its end."""
    wait = asyncio.ensure_future(waiting)
    stopped = asyncio.create_task(stop.wait())
    done, pending = await asyncio.wait({wait, stopped}, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    return wait in done and not stop.is_set()
