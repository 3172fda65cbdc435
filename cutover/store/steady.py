"""A clock that nobody can set: the time as it stood when we began, carried on by the machine's own counter.

A wall clock jumps: somebody sets it, a time service corrects it, a virtual machine wakes. A deadline that follows
it fires two hours early or two hours late. So a running process keeps its own time, says when the wall clock was
stepped, and takes the machine's word again when it is started anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, text

from cutover.store.engine import reading

SLIGHT = timedelta(seconds=2)  # corrections of a time service, which are followed


def steady_seconds() -> float:
    """Seconds on the counter that no setting of the clock moves, and that goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def wall_time() -> datetime:
    return datetime.now(UTC)


class SteadyClock:
    """Says the time from `start` on, whatever is done to the wall clock meanwhile."""

    def __init__(
        self,
        start: datetime | None = None,
        *,
        wall: Callable[[], datetime] = wall_time,
        steady: Callable[[], float] = steady_seconds,
    ) -> None:
        self._wall, self._steady = wall, steady
        self._wall_then, self._then = wall(), steady()
        self._start = start or self._wall_then
        self._stepped = timedelta(0)

    def now(self) -> datetime:
        return self._start + self._gone()

    def stepped(self) -> timedelta:
        """By how much the wall clock was stepped since we began, in all; a slight correction is followed."""
        moved = self._wall() - self._wall_then - self._gone()
        self._wall_then += moved
        if abs(moved) <= SLIGHT:
            self._start += moved
        else:
            self._stepped += moved
        return self._stepped

    def _gone(self) -> timedelta:
        return timedelta(seconds=self._steady() - self._then)


def clock_of(engine: Engine) -> SteadyClock:
    """The clock of everybody who works on a database: a server's own time, so that machines need not agree on theirs."""
    if engine.dialect.name != "postgresql":
        return SteadyClock()
    with reading(engine) as connection:
        return SteadyClock(connection.execute(text("SELECT clock_timestamp()")).scalar_one().astimezone(UTC))
