"""Blocking work beside the loop: in a thread that keeps nobody waiting at the end, and never in many for one target."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

from cutover.core.errors import Unavailable
from cutover.store.beside import beside_the_loop

T = TypeVar("T")
MOST_HANGING = 3  # pieces of work on one target that nobody waits for any more


class Beside:
    """Runs blocking work on targets; `hanging` counts by target what has not come back."""

    def __init__(self) -> None:
        self.hanging: Counter[str] = Counter()
        self._counting = threading.Lock()

    def is_stuck(self, target: str) -> bool:
        """Whether so much hangs on a target already that it is not asked again."""
        return self.hanging[target] >= MOST_HANGING

    async def run(self, work: Callable[[], T], target: str, deadline: float) -> T:
        """Do it within so many seconds. Raises TimeoutError, Unavailable where too much hangs, or what it raised."""
        if self.is_stuck(target):
            raise Unavailable(f"{MOST_HANGING} earlier questions are still hanging")
        async with asyncio.timeout(deadline):
            result: T = await self._started(work, target)
            return result

    async def _started(self, work: Callable[[], Any], target: str) -> Any:
        def counted() -> Any:
            try:
                return work()
            finally:
                self._count(target, -1)

        self._count(target, 1)
        return await beside_the_loop(counted, f"beside-{target}"[:40])

    def _count(self, target: str, change: int) -> None:
        with self._counting:
            self.hanging[target] += change
