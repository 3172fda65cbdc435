"""Who may go on performing a run: whoever renewed its lease in time, by a counter that nobody can set.

The holder counts from before its last renewal, a standby from after it. So the holder stops before the standby
begins, whatever their clocks say and however the line between them and the database was cut.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import structlog
from sqlalchemy import Engine
from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from cutover.core.clock import Clock
from cutover.core.errors import Conflict
from cutover.store import leases
from cutover.store.engine import DatabaseAway
from cutover.store.leases import Fence, Holding
from cutover.store.pen import Raced
from cutover.store.steady import steady_seconds

RENEW = 8.0  # seconds between two renewals
IN_DOUBT = (
    17.0  # seconds without one after which a runner stops what it does; a cut line may hide it for 6 more
)
LOOK = 1.0  # seconds between a standby's looks
LONGEST_WAIT = 2.0  # seconds between two questions whether the database is back

T = TypeVar("T")
log = structlog.get_logger()


class Tenure:
    """One runner's hold on a run. `wall` writes the end of the lease, `steady` decides whether it is still ours."""

    def __init__(
        self, engine: Engine, name: str, wall: Clock, steady: Callable[[], float] = steady_seconds
    ) -> None:
        self.fence: Fence | None = None
        self._engine, self._name, self._wall, self._steady = engine, name, wall, steady
        self._kept = steady()

    def take(self) -> Fence:
        """Raises Conflict while another runner holds it."""
        asked = self._steady()
        self.fence = leases.acquire(self._engine, self._name, leases.this_process(), self._wall.now())
        self._kept = asked
        return self.fence

    def keep(self) -> None:
        """Renew it when it is time. Raises LeaseLostError when another runner has taken over."""
        if self._steady() - self._kept >= RENEW:
            self.renew()

    def renew(self) -> None:
        asked = self._steady()
        if self.fence is not None:
            leases.renew(self._engine, self.fence, self._wall.now())
        self._kept = asked

    @property
    def in_doubt(self) -> bool:
        """It was not renewed for so long that another runner may be about to take over."""
        return self._steady() - self._kept >= IN_DOUBT

    def give_back(self) -> None:
        """To whoever stands by; with the database away the lease ends by itself."""
        if self.fence is None:
            return
        try:
            leases.release(self._engine, self.fence, self._wall.now())
        except DatabaseAway as error:
            log.warning("lease_not_given_back", lease=self._name, error=str(error))


async def stand_by(
    engine: Engine,
    name: str,
    wall: Clock,
    steady: Callable[[], float] = steady_seconds,
    look: float = LOOK,
) -> Fence:
    """Wait until the run's lease is free or has not moved for its whole length, and take it for this process."""
    watched: Holding | None = None
    since = steady()
    while True:
        try:
            now_held = leases.holding(engine, name)
            if now_held != watched:
                watched, since = now_held, steady()
            if leases.is_free(now_held) or steady() - since >= leases.LEASE.total_seconds():
                return leases.acquire(engine, name, leases.this_process(), wall.now(), unmoved=now_held)
        except DatabaseAway as error:
            log.warning("database_is_away", lease=name, error=str(error))
            since = steady()  # what was not seen may have moved
        except Conflict:  # another standby was quicker
            log.info("standby_overtaken", lease=name)
        await asyncio.sleep(look)


async def when_back(work: Callable[[], T]) -> T:
    """Do it, and again as long as the database is away or others are quicker."""
    tries = AsyncRetrying(
        retry=retry_if_exception_type((DatabaseAway, Raced)),
        wait=wait_random_exponential(multiplier=0.1, max=LONGEST_WAIT),
        reraise=True,
    )
    async for attempt in tries:
        with attempt:
            return work()
    raise AssertionError("unreachable")  # there is no last attempt
