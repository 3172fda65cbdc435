"""Which worker settles which records: a hand is a lease, and whoever holds it may write what became of its records.

A worker that dies leaves its hand with records begun. Another worker takes the hand over (at once when the dead one
was a process of this machine, else when the lease has run out), asks the target for each of them and concludes them.
Should the first one still be alive, its writes are refused: the hand has a new epoch.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime

from sqlalchemy import Engine

from cutover.core.clock import Clock
from cutover.core.errors import Conflict, CutoverError, Unavailable
from cutover.store.leases import Fence, acquire, holding, is_free, release, renew, this_process

MOST = 64  # workers at once
EVERY = 8.0  # seconds between renewals of a lease of 25
_PREFIX = "conversion-hand:"


class Hands:
    """The hands of one programme, as one worker sees them. Leases run on real time (`wall`)."""

    def __init__(self, engine: Engine, wall: Clock) -> None:
        self._engine = engine
        self._wall = wall

    @asynccontextmanager
    async def own(self) -> AsyncIterator[Fence]:
        """A hand that nobody holds, kept while the block lasts. Raises Unavailable when all are busy."""
        fence = self._any()
        async with self._kept(fence):
            yield fence

    @asynccontextmanager
    async def of(self, hand: str) -> AsyncIterator[Fence | None]:
        """The hand of a worker that is gone; None while somebody holds it."""
        fence = self._take(hand)
        if fence is None:
            yield None
            return
        async with self._kept(fence):
            yield fence

    def now(self) -> datetime:
        """Real time, by which leases run."""
        return self._wall.now()

    def held(self) -> list[str]:
        """The hands that living workers hold, in order."""
        now, found = self._wall.now(), []
        for number in range(MOST):
            lease = holding(self._engine, _PREFIX + str(number))
            if lease is None:
                break
            if not is_free(lease) and lease.expires_at > now:
                found.append(str(number))
        return found

    def _any(self) -> Fence:
        for number in range(MOST):
            if (fence := self._take(str(number))) is not None:
                return fence
        raise Unavailable(f"all {MOST} hands are busy")

    def _take(self, hand: str) -> Fence | None:
        """Take a hand over; a living worker keeps its own, one of this very process too."""
        name = _PREFIX + hand
        lease = holding(self._engine, name)
        if lease is not None and lease.owner == this_process() and lease.expires_at > self._wall.now():
            return None
        with suppress(Conflict):
            return acquire(self._engine, name, this_process(), self._wall.now())
        return None

    @asynccontextmanager
    async def _kept(self, fence: Fence) -> AsyncIterator[None]:
        keeping = asyncio.create_task(self._keep(fence))
        try:
            yield
        finally:
            keeping.cancel()
            with suppress(CutoverError):  # a database that is away gives nothing back: the lease runs out
                release(self._engine, fence, self._wall.now())

    async def _keep(self, fence: Fence) -> None:
        while True:
            await asyncio.sleep(EVERY)
            try:
                await asyncio.to_thread(renew, self._engine, fence, self._wall.now())
            except Conflict:
                return  # what we would still write is refused by the fence
            except Unavailable:
                continue


def hand_of(fence: Fence) -> str:
    """The name of a hand as it stands on the records it has begun."""
    return fence.name.removeprefix(_PREFIX)
