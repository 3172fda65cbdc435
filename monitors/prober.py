"""Many probes, on time, honestly: when its own loop lags, a failure is UNKNOWN(prober_overloaded), not CRITICAL.

It keeps no state: when each check is due follows from the journal and the last results, so it goes on after
a restart where it was. Time stands still for a rehearsal while a question is under way.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import httpx
import structlog

from cutover.core.clock import Pace
from cutover.core.errors import Conflict, Unavailable
from monitors.domain.ageing import AgeingCheck
from monitors.domain.check import HttpCheck, JourneyCheck, LedgerCheck, Reason, Result, Status, unknown
from monitors.domain.declared import AnyCheck
from monitors.domain.health import next_due
from monitors.domain.ledger import Summary, judge
from monitors.probes import open_session, probe_http, probe_journey
from monitors.service import MonitorService

LAG_SHARE = 0.2  # of a check's timeout: a loop that stood still this long cannot tell who was slow
TICK = 0.05  # seconds of real time between two looks at the loop
WIDEST_SPREAD = timedelta(seconds=30)
log = structlog.get_logger()


class LoopLag:
    """How late the event loop was: the longest time it stood still since a moment of real time."""

    def __init__(self) -> None:
        self._late: deque[tuple[float, float]] = deque(maxlen=6000)  # five minutes: the longest deadline
        self._expected = time.perf_counter() + TICK

    async def watch(self) -> None:
        while True:
            self._expected = time.perf_counter() + TICK
            await asyncio.sleep(TICK)
            now = time.perf_counter()
            self._late.append((now, now - self._expected))

    def worst_since(self, moment: float) -> float:
        """Seconds; a tick that should have come and has not counts as well."""
        pending = time.perf_counter() - self._expected
        return max([pending, *(late for at, late in self._late if at >= moment)])


class Prober:
    """Asks each check when it is due and hands the result to the service, until told to stop."""

    def __init__(
        self,
        service: MonitorService,
        checks: Sequence[AnyCheck],
        systems: Callable[[], Mapping[str, str]],
        pace: Pace,
        *,
        ledger: Callable[[datetime], Summary] | None = None,
        ageing: Callable[[AgeingCheck, datetime], Result] | None = None,
        spread: bool = False,
    ) -> None:
        """`systems` names the base URLs, asked anew each time; `ledger` is what ledger checks judge.

        `spread` shifts each check's first question by up to half a minute, so that not all ask at once;
        rehearsals leave it off.
        """
        self._service = service
        self._checks = tuple(checks)
        self._systems = systems
        self._pace = pace
        self._ledger = ledger
        self._ageing = ageing
        self._spread = spread
        self._lag = LoopLag()
        self._asleep: set[asyncio.Task[None] | None] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Ask until `stop` is set; a question under way is finished within its deadline, a sleep is not."""
        lag = asyncio.create_task(self._lag.watch())
        try:
            async with open_session() as session, asyncio.TaskGroup() as group:
                async with self._pace.hold():  # nobody steps past the first questions while we set up
                    watches = [group.create_task(self._watch(check, session, stop)) for check in self._checks]
                group.create_task(self._halt(stop, watches))
        finally:
            lag.cancel()
            await asyncio.gather(lag, return_exceptions=True)

    async def probe(self, check: AnyCheck, session: httpx.AsyncClient, at: datetime) -> Result:
        """One evaluation of one check, honest about our own lateness."""
        began = time.perf_counter()
        result = await self._evaluate(check, session, at)
        late = self._lag.worst_since(began)
        if result.status is not Status.OK and late > LAG_SHARE * check.timeout:
            return unknown(
                Reason.PROBER_OVERLOADED, f"the prober itself stood still for {late:.1f} s", result.latency
            )
        return result

    async def _watch(self, check: AnyCheck, session: httpx.AsyncClient, stop: asyncio.Event) -> None:
        me = asyncio.current_task()
        due = self._first_due(check)
        while not stop.is_set():
            self._asleep.add(me)
            await self._pace.sleep_until(due)
            self._asleep.discard(me)
            async with self._pace.hold():
                at = self._pace.now()
                result = await self.probe(check, session, at)
                due = self._record(check, result, at, _on_time(due, at, check))

    async def _halt(self, stop: asyncio.Event, watches: Sequence[asyncio.Task[None]]) -> None:
        await stop.wait()
        for watch in watches:
            if watch in self._asleep:
                watch.cancel()

    async def _evaluate(self, check: AnyCheck, session: httpx.AsyncClient, at: datetime) -> Result:
        if isinstance(check, HttpCheck):
            return await probe_http(session, check, self._systems())
        if isinstance(check, JourneyCheck):
            return await probe_journey(session, check, self._systems(), at)
        if isinstance(check, LedgerCheck):
            return self._judge(check, at)
        if isinstance(check, AgeingCheck) and self._ageing is not None:
            return await self._look(self._ageing, check, at)
        return unknown(Reason.ERROR, f"{check.kind} is not asked here")

    def _judge(self, check: LedgerCheck, at: datetime) -> Result:
        if self._ledger is None:
            return unknown(Reason.NO_DATA, "no ledger is kept here")
        try:
            return judge(check, self._ledger(at))
        except Unavailable as error:
            return unknown(Reason.ERROR, str(error))

    async def _look(
        self, look: Callable[[AgeingCheck, datetime], Result], check: AgeingCheck, at: datetime
    ) -> Result:
        """Lists are long and databases slow: read in a thread, within the deadline."""
        try:
            async with asyncio.timeout(check.timeout):
                return await asyncio.to_thread(look, check, at)
        except TimeoutError:
            return unknown(Reason.ERROR, f"no answer within {check.timeout:g} s")

    def _record(self, check: AnyCheck, result: Result, at: datetime, counted_from: datetime) -> datetime:
        """Hand the result over; returns when to ask again."""
        try:
            changes = self._service.record(check.id, result, at)
            state = self._service.health(check.id)
        except (Unavailable, Conflict) as error:  # unrecorded, the check goes stale, which is the truth
            log.warning("result_not_recorded", check=check.id, status=result.status, error=str(error))
            return at + check.retry_interval
        for change in changes:
            log.info("check_changed", check=check.id, change=change.event.kind(), detail=result.detail)
        return next_due(state, check, counted_from, at)

    def _first_due(self, check: AnyCheck) -> datetime:
        now = self._pace.now()
        last = self._service.last(check.id)
        due = next_due(self._service.health(check.id), check, last.at if last else None, now)
        if not self._spread:
            return due
        widest = min(check.interval, WIDEST_SPREAD)
        return max(due, now) + widest * (zlib.crc32(check.id.encode()) / 2**32)


def _on_time(due: datetime, at: datetime, check: AnyCheck) -> datetime:
    """What the next due time counts from: the timetable, or now when we are a whole retry behind it."""
    return due if at - due < check.retry_interval else at
