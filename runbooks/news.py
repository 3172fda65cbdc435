"""Waits until something was written to the journal, or a moment comes, on the run's own clock."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from cutover.core.clock import Pace
from cutover.core.event import Recorded
from cutover.store.journal import Journal


class News:
    """What is written by this process wakes at once; other processes are looked after every `look` real seconds."""

    def __init__(self, look: float) -> None:
        self.look = look
        self._told = asyncio.Event()

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
                loop.call_soon_threadsafe(self._told.set)

        journal.listeners.append(heard)
        try:
            yield
        finally:
            journal.listeners.remove(heard)

    async def wait(self, pace: Pace, until: datetime | None) -> None:
        waits: list[asyncio.Future[object]] = [asyncio.ensure_future(self._told.wait())]
        if until is not None:
            waits.append(asyncio.ensure_future(pace.sleep_until(until)))
        try:
            await asyncio.wait(waits, timeout=self.look, return_when=asyncio.FIRST_COMPLETED)
        finally:  # also when the one who waits is cancelled
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
