"""Everything that goes on while a programme is watched: probes, notices, an Alertmanager told, a dead man fed.

Only one process watches a programme: it holds a lease, and another may stand by. Each part goes on when another fails;
the dead man is fed only while alarms are judged and results land, so whoever waits outside hears of our own death.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from cutover.core.clock import Pace
from cutover.core.errors import CutoverError, Unavailable
from monitors.alertmanager import Pusher
from monitors.domain.check import NoAnswer, Request
from monitors.domain.telling import DeadMan
from monitors.prober import Prober
from monitors.probes import ask
from monitors.session import Session

LOOK = timedelta(seconds=2)  # how often it is looked whether somebody must be told
REST = 9  # times as long as a look took is the pause after it: 10,000 monitors are looked at less often
LONGEST_REST = timedelta(
    seconds=8
)  # however long a look took: with it, what is bad is told within ten seconds
MOST_LAG = 5.0  # seconds of a loop that stood still, after which we do not call ourselves well
DEADLINE = 10.0
LONGEST_SILENCE = timedelta(minutes=2)  # without a judgement of alarms we do not call ourselves well
log = structlog.get_logger()
Part = Callable[[asyncio.Event], Awaitable[None]]


@dataclass
class Watch:
    """`tell` judges and records what must be told, `deliver` hands the outbox to its channels; both may block."""

    prober: Prober
    pace: Pace
    tell: Callable[[], object]
    deliver: Callable[[], object]
    pusher: Pusher | None = None
    push_every: timedelta = timedelta(seconds=30)
    dead_man: DeadMan | None = None
    others: Sequence[Part] = ()
    told_at: datetime | None = field(default=None, init=False)

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until stopped."""
        async with self.prober.open_session() as session, asyncio.TaskGroup() as group:
            group.create_task(self.prober.run(stop))
            group.create_task(self._every(LOOK, self._tell, stop))
            group.create_task(self._delivering(stop))
            if self.pusher is not None:
                group.create_task(self._every(self.push_every, lambda: self._push(session), stop))
            if self.dead_man is not None:
                group.create_task(self._every(self.dead_man.every, lambda: self._feed(session), stop))
            for part in self.others:
                group.create_task(_awaited(part(stop)))

    async def _every(self, span: timedelta, do: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
        """Do it now and then, hardly more than a tenth of the time; what goes wrong is said and tried again."""
        while not stop.is_set():
            began = time.perf_counter()
            try:
                await do()
            except CutoverError as error:
                log.warning("watch_part_waits", error=str(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause_after(time.perf_counter() - began, span))

    async def _tell(self) -> None:
        await asyncio.to_thread(self.tell)
        self.told_at = self.pace.now()

    async def _delivering(self, stop: asyncio.Event) -> None:
        """Hand over what was told, and once more at the end. A channel that is slow must not keep us from judging."""
        while True:
            ended = stop.is_set()
            try:
                await asyncio.to_thread(self.deliver)
            except CutoverError as error:
                log.warning("watch_part_waits", error=str(error))
            if ended:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK.total_seconds())

    async def _push(self, session: Session) -> None:
        if self.pusher is not None:
            await self.pusher.push(session, self.pace.now())

    async def _feed(self, session: Session) -> None:
        """Call outside that we live; not while alarms are not judged, or our loop stands still."""
        now = self.pace.now()
        if self.dead_man is None or self.told_at is None or now - self.told_at > LONGEST_SILENCE:
            raise Unavailable("alarms are not being judged: the dead man is not fed")
        if self.prober.lag.share(1.0) > MOST_LAG:
            raise Unavailable("the loop stood still: the dead man is not fed")
        answer = await ask(session, session.secrets(self.dead_man.url), Request("GET", ""), DEADLINE)
        if isinstance(answer, NoAnswer) or answer.status >= 400:  # noqa: PLR2004  what HTTP calls an error
            raise Unavailable("the dead man was not reached")


def pause_after(took: float, span: timedelta) -> float:
    """Seconds until the next look, after one that took so long: a tenth of the time at most, but within ten seconds."""
    return max(span.total_seconds(), min(REST * took, LONGEST_REST.total_seconds()))


async def _awaited(part: Awaitable[None]) -> None:
    await part
