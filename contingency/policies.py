"""How hard a target is pressed: attempts, waits, patience, when it is left alone, how fast it is fed.

Every policy of back-conversion stands here, so that a reader finds them in one place.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random_exponential

ATTEMPTS = 6
FIRST_WAIT, LONGEST_WAIT = 0.05, 2.0  # seconds of real time; a rehearsal's clock is held meanwhile
PATIENCE = 10.0  # seconds for one answer
MOST_BYTES = (
    8 * 1024 * 1024
)  # no list of records of one batch's span is larger; what is, is no answer of a target
AT_ONCE = 8  # records under way at once, a worker
IN_A_ROW = 5  # failures without one success between them: the target is left alone
LEFT_ALONE = timedelta(seconds=30)
LONGEST_ASKED_FOR = 30.0  # seconds of a Retry-After that are waited


class NotNowError(Exception):
    """An answer that may be another one in a moment; `after` seconds when the target said so."""

    def __init__(self, message: str, *, after: float = 0.0) -> None:
        self.after = after
        super().__init__(message)


_JITTERED = wait_random_exponential(multiplier=FIRST_WAIT, max=LONGEST_WAIT)


def _wait(state: RetryCallState) -> float:
    """Jittered and growing, and never sooner than the target asked for."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.after if isinstance(error, NotNowError) else 0.0
    return max(_JITTERED(state), min(asked, LONGEST_ASKED_FOR))


def retrying(attempts: int, *kinds: type[Exception]) -> AsyncRetrying:
    """Try again after these errors, at most so often; the last error is raised in a RetryError."""
    return AsyncRetrying(stop=stop_after_attempt(attempts), wait=_wait, retry=retry_if_exception_type(kinds))


@dataclass
class Breaker:
    """Opens when the target fails `in_a_row` times with no success between; while it is open nothing is sent."""

    in_a_row: int = IN_A_ROW
    failures: int = 0
    reason: str = ""

    @property
    def is_open(self) -> bool:
        return self.failures >= self.in_a_row

    def succeeded(self) -> None:
        self.failures, self.reason = 0, ""

    def failed(self, reason: str) -> None:
        self.failures += 1
        self.reason = reason


@dataclass
class Flow:
    """At most so many records a second, evenly; 0 for no limit."""

    a_second: float = 0.0
    clock: Callable[[], float] = time.monotonic
    _next: float = field(default=0.0, init=False)

    async def turn(self) -> None:
        """Wait until the next record may go."""
        if self.a_second <= 0:
            return
        now = self.clock()
        at = max(self._next, now)
        self._next = at + 1 / self.a_second
        if at > now:
            await asyncio.sleep(at - now)
