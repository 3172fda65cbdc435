"""Waits until something was written to the journal, or a moment comes, on the run's own clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from cutover.core.clock import Pace
from cutover.core.event import Recorded
from cutover.store.journal import Journal

QUIET = 4.0  # real seconds after which the one who waits is woken though nothing was written


class News:
    """What is written by this process wakes at once; other processes are looked after every `look` real seconds.

    A look is one row of the journal: who waits for people all night is not woken four times a second for nothing.
    """

    def __init__(self, look: float) -> None:
        self.look = look
        self._told = asyncio.Event()
        self._journal: Journal | None = None
        self._position = -1

    def tell(self) -> None:
        self._told.set()

    def forget(self) -> None:
        """Before looking: what is told from now on is news."""
        self._told.clear()

    @contextmanager
    def heard_from(self, journal: Journal) -> Iterator[None]:
        """Hear what any thread of this process writes, until the block ends."""
        loop = asyncio.get_running_loop()

        def heard(recorded: Sequence[Recorded]) -> None:
            if recorded:
                self._position = max(self._position, recorded[-1].position)
                loop.call_soon_threadsafe(self._told.set)

        self._journal = journal
        journal.listeners.append(heard)
        try:
            yield
        finally:
            journal.listeners.remove(heard)

    async def wait(self, pace: Pace, until: datetime | None, quiet: float = QUIET) -> None:
        """Until something was written, `until` has come, or `quiet` real seconds have gone by."""
        await asyncio.sleep(0)  # whoever was just told to begin begins
        if self._told.is_set():
            return
        end = time.monotonic() + quiet
        waits: list[asyncio.Future[object]] = [asyncio.ensure_future(self._told.wait())]
        if until is not None:
            waits.append(asyncio.ensure_future(pace.sleep_until(until)))
        try:
            while time.monotonic() < end:
                done, _ = await asyncio.wait(waits, timeout=self.look, return_when=asyncio.FIRST_COMPLETED)
                if done or self._has_moved():
                    return
        finally:  # also when the one who waits is cancelled
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    def _has_moved(self) -> bool:
        """Whether another process has written since this was last asked. Raises DatabaseAway."""
        if self._journal is None:
            return True
        before, self._position = self._position, self._journal.head().position
        return self._position != before
