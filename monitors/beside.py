"""Blocking work beside the loop: in a thread that keeps nobody waiting at the end, and never in many for one target.

The threads that asyncio lends are few and shared: what hangs in one of them would in time stop everything else, and
the process could not end.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from cutover.core.errors import Unavailable

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
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()

        def tell(result: Any, error: BaseException | None) -> None:
            if done.done():
                return
            if error is None:
                done.set_result(result)
            else:
                done.set_exception(error)

        def run() -> None:
            result, error = None, None
            try:
                result = work()
            except BaseException as raised:  # noqa: BLE001  handed over to whoever waits
                error = raised
            self._count(target, -1)
            with suppress(RuntimeError):  # the loop is gone: nobody waits any more
                loop.call_soon_threadsafe(tell, result, error)

        self._count(target, 1)
        threading.Thread(target=run, name=f"beside-{target}"[:40], daemon=True).start()
        return await done

    def _count(self, target: str, change: int) -> None:
        with self._counting:
            self.hanging[target] += change
