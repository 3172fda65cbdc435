"""Many probes, on time, honestly: when its own loop lags, a failure is UNKNOWN(prober_overloaded), not CRITICAL.

It keeps no state: when each check is due follows from the journal and the last results, so it goes on after
a restart where it was. Time stands still for a rehearsal while a question is under way.
"""

from __future__ import annotations

import asyncio
import math
import time
import zlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from cutover.core.clock import Pace
from cutover.core.errors import Conflict, CutoverError, Unavailable
from monitors.asking import Asking, Evaluate, LedgerSummary, Systems, judged_ledger
from monitors.domain.ageing import AgeingCheck
from monitors.domain.check import LedgerCheck, Reason, Result, Status, unknown
from monitors.domain.declared import AnyCheck
from monitors.domain.health import HealthState, next_due
from monitors.recorder import Recorder
from monitors.samples import Last
from monitors.service import MonitorService, Told
from monitors.session import SecretKeeper, Session, open_session

LAG_SHARE = 0.2  # of a check's timeout: a loop that stood still this long cannot tell who was slow
TICK = 0.05  # seconds of real time between two looks at the loop
WIDEST_SPREAD = timedelta(seconds=30)
log = structlog.get_logger()


class LoopLag:
    """How late the event loop was: the longest time it stood still since a moment of real time."""

    def __init__(self) -> None:
        self._late: deque[tuple[float, float]] = deque(maxlen=6000)  # five minutes: the longest deadline
        self._expected = math.inf  # nobody looks at the loop yet

    async def watch(self) -> None:
        while True:
            self._expected = time.perf_counter() + TICK
            await asyncio.sleep(TICK)
            now = time.perf_counter()
            self._late.append((now, now - self._expected))

    def worst_since(self, moment: float) -> float:
        """Seconds; a tick that should have come and has not counts as well."""
        worst = max(time.perf_counter() - self._expected, 0.0)
        for at, late in reversed(self._late):
            if at < moment:
                break
            worst = max(worst, late)
        return worst

    def share(self, part: float) -> float:
        """How late the loop was at most in `part` of its looks: 0.99 gives what one in a hundred exceeded."""
        late = sorted(late for _, late in self._late)
        return late[int(part * (len(late) - 1))] if late else 0.0


class Prober:
    """Asks each check when it is due and hands the result to the service, until told to stop."""

    def __init__(
        self,
        service: MonitorService,
        checks: Sequence[AnyCheck],
        systems: Systems,
        pace: Pace,
        *,
        ledger: LedgerSummary | None = None,
        ageing: Callable[[AgeingCheck, datetime], Result] | None = None,
        spread: bool = False,
        secrets: SecretKeeper | None = None,
        home: Path = Path(),
        kept: Mapping[type[Any], Evaluate] | None = None,
        reachable: Sequence[str] = (),
    ) -> None:
        """`systems` names the base URLs, asked anew each time; `ledger` is what ledger checks judge.

        `spread` shifts each check's first question by up to half a minute, so that not all ask at once;
        rehearsals leave it off. `kept` evaluates further kinds of check that ask nobody. `reachable` are addresses
        that are asked although they are link-local, say.
        """
        self._service = service
        self._checks = tuple(checks)
        self._pace = pace
        self._spread = spread
        self._secrets, self._home, self._reachable = secrets, home, reachable
        mine: dict[type[Any], Evaluate | None] = {
            LedgerCheck: judged_ledger(ledger) if ledger else None,
            AgeingCheck: ageing,
        }
        here = {kind: evaluate for kind, evaluate in (mine | dict(kept or {})).items() if evaluate}
        self._asking = Asking(systems, here)
        self.lag = LoopLag()
        self._asleep: set[asyncio.Task[None] | None] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Ask until `stop` is set; a question under way is finished within its deadline, a sleep is not."""
        lag = asyncio.create_task(self.lag.watch())
        setting_up = AsyncExitStack()
        try:
            await setting_up.enter_async_context(self._pace.hold())  # nobody steps on while we set up
            async with self.open_session() as session, asyncio.TaskGroup() as group:
                standing, recorder = self._service.recover(), Recorder(self._service)
                watches = [
                    group.create_task(self._watch(check, session, recorder, standing[check.id], stop))
                    for check in self._checks
                ]
                await setting_up.aclose()
                group.create_task(self._halt(stop, watches))
        finally:
            await setting_up.aclose()
            lag.cancel()
            await asyncio.gather(lag, return_exceptions=True)

    def open_session(self) -> Session:
        """What its probes share."""
        return open_session(self._secrets, self._home, self._reachable)

    async def probe(self, check: AnyCheck, session: Session, at: datetime) -> Result:
        """One evaluation of one check, honest about our own lateness."""
        began = time.perf_counter()
        try:
            result = await self._evaluate(check, session, at)
        except CutoverError as error:
            result = unknown(Reason.ERROR, str(error))
        late = self.lag.worst_since(began)
        if result.status is not Status.OK and late > LAG_SHARE * check.timeout:
            return unknown(
                Reason.PROBER_OVERLOADED, f"the prober itself stood still for {late:.1f} s", result.latency
            )
        return result

    async def _evaluate(self, check: AnyCheck, session: Session, at: datetime) -> Result:
        return await self._asking.ask(session, check, at)

    async def _watch(
        self,
        check: AnyCheck,
        session: Session,
        recorder: Recorder,
        standing: tuple[HealthState, Last | None],
        stop: asyncio.Event,
    ) -> None:
        me = asyncio.current_task()
        due = self._first_due(check, *standing)
        while not stop.is_set():
            self._asleep.add(me)
            await self._pace.sleep_until(due)
            self._asleep.discard(me)
            async with self._pace.hold(), self._asking.turn(check):
                at = self._pace.now()
                result = await self.probe(check, session, at)
                due = await self._record(recorder, Told(check.id, result, at), _on_time(due, at, check))

    async def _halt(self, stop: asyncio.Event, watches: Sequence[asyncio.Task[None]]) -> None:
        await stop.wait()
        for watch in watches:
            if watch in self._asleep:
                watch.cancel()

    async def _record(self, recorder: Recorder, told: Told, counted_from: datetime) -> datetime:
        """Hand the result over; returns when to ask again."""
        check = self._service.checks[told.check_id]
        try:
            changes = await recorder.record(told)
        except (Unavailable, Conflict) as error:  # unrecorded, the check goes stale, which is the truth
            log.warning("result_not_recorded", check=check.id, status=told.result.status, error=str(error))
            return told.at + check.retry_interval
        for change in changes:
            log.info("check_changed", check=check.id, change=change.event.kind(), detail=told.result.detail)
        return next_due(self._service.standing(check.id), check, counted_from, told.at)

    def _first_due(self, check: AnyCheck, state: HealthState, last: Last | None) -> datetime:
        now = self._pace.now()
        due = next_due(state, check, last.at if last else None, now)
        if not self._spread:
            return due
        widest = min(check.interval, WIDEST_SPREAD)
        return max(due, now) + widest * (zlib.crc32(check.id.encode()) / 2**32)


def _on_time(due: datetime, at: datetime, check: AnyCheck) -> datetime:
    """What the next due time counts from: the timetable, or now when we are a whole retry behind it."""
    return due if at - due < check.retry_interval else at
