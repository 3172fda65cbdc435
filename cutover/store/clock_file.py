"""The programme's clock, shared by every process of a rehearsal: 72 hours in a minute, the same for all.

Real runs have no clock file and use the machine's clock. A rehearsal writes state/clock.json: a moment, the
wall time it was written and a factor. Time stands still while real work is under way (`hold`), so a slow
laptop rehearses the same 72 hours as a fast one. With an infinite factor, time steps to the next sleeper
whenever nobody works.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import json
import math
import os
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cutover.core.clock import Clock, SystemClock
from cutover.core.errors import Unavailable

IDLE_TURNS = 25  # loop turns without news after which a stepping clock believes that nobody works; a wake-up takes about six to arrive
SIZE = 192  # bytes of the file: always the same, so that it is overwritten in place
TRIES = 200


@dataclass(frozen=True, slots=True)
class _Anchor:
    """A moment, the wall time it was written and how fast time has run since."""

    at: datetime
    wall: float
    factor: float

    def now(self) -> datetime:
        return self.at + timedelta(seconds=(time.time() - self.wall) * self.factor)

    def as_bytes(self) -> bytes:
        line = json.dumps({"at": self.at.isoformat(), "wall": self.wall, "factor": self.factor}).encode()
        return b"%08x %s\n" % (zlib.crc32(line.ljust(SIZE)), line.ljust(SIZE))

    @classmethod
    def read(cls, path: Path) -> _Anchor:
        """Read what may be overwritten at this very moment: a line whose check sum is wrong is read again."""
        for _ in range(TRIES):
            check, _, line = path.read_bytes().rstrip(b"\n").partition(b" ")
            if len(line) == SIZE and check == b"%08x" % zlib.crc32(line):
                raw = json.loads(line)
                return cls(datetime.fromisoformat(raw["at"]), raw["wall"], raw["factor"])
        raise Unavailable(f"{path} is no clock; remove it, or start the rehearsal again", permanent=True)


class ClockFile:
    """Reads the shared clock: what any other process of the rehearsal needs."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def now(self) -> datetime:
        return _Anchor.read(self.path).now()


def programme_clock(path: Path) -> Clock:
    """The rehearsal's clock while its file stands, otherwise the machine's."""
    return ClockFile(path) if path.exists() else SystemClock()


def set_clock(path: Path, at: datetime | None) -> None:
    """Set the programme's clock to `at` and stop it there, or with None go back to the machine's own."""
    if at is None:
        path.unlink(missing_ok=True)
    else:
        path.write_bytes(_Anchor(at.astimezone(UTC), time.time(), 0.0).as_bytes())


def last_moment(path: Path) -> datetime | None:
    """Where an earlier rehearsal's time stood when it was last written: where a resumed one goes on."""
    try:
        return _Anchor.read(path).at
    except (OSError, Unavailable):
        return None


@dataclass
class RealPace:
    """Waiting on the machine's own clock: live runs."""

    clock: Clock = field(default_factory=SystemClock)

    def now(self) -> datetime:
        return self.clock.now()

    async def sleep_until(self, at: datetime) -> None:
        while (left := (at - self.now()).total_seconds()) > 0:  # noqa: ASYNC110  a laptop that slept must look again
            await asyncio.sleep(min(left, 60))

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        yield


class ScaledPace:
    """Owns the clock file of a rehearsal: runs it `factor` times faster, holds it, steps it."""

    def __init__(self, path: Path, start: datetime, factor: float) -> None:
        self.path = path
        self.factor = factor
        self._holds = 0
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._number = itertools.count()
        self._news = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        self._anchor = _Anchor(start.astimezone(UTC), time.time(), 0.0)
        self._set(start)

    def now(self) -> datetime:
        return self._anchor.now()

    @property
    def stepping(self) -> bool:
        return math.isinf(self.factor)

    def set_factor(self, factor: float) -> None:
        """Change speed on the way, for instance to step through the days after the window."""
        self.factor = factor
        self._set(self.now())

    def set(self, at: datetime) -> None:
        """Go to a later moment at once: where an interrupted rehearsal had come."""
        self._set(at)

    def freeze(self) -> None:
        """Stop the clock where it stands, for everybody who reads it."""
        self._holds += 1
        self._set(self.now())

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        self._holds += 1
        if self._holds == 1:
            self._set(self.now())
        try:
            yield
        finally:
            self._holds -= 1
            if self._holds == 0:
                self._set(self.now())

    async def sleep_until(self, at: datetime) -> None:
        if at <= self.now():
            await asyncio.sleep(0)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (at, next(self._number), turn))
        self._news.set()
        if self._pump is None or self._pump.done():
            self._news = asyncio.Event()  # one belongs to the loop in which it was first waited for
            self._pump = asyncio.create_task(self._wake_sleepers())
        await turn

    async def _wake_sleepers(self) -> None:
        """Wake each sleeper when its moment has come; alive as long as somebody sleeps."""
        while self._sleepers:
            while self._sleepers and (self._sleepers[0][2].done() or self._sleepers[0][0] <= self.now()):
                turn = heapq.heappop(self._sleepers)[2]
                if not turn.done():
                    turn.set_result(None)
            if self._sleepers:
                await self._until_next(self._sleepers[0][0])

    async def _until_next(self, at: datetime) -> None:
        self._news.clear()
        if self._holds:
            await self._news.wait()
        elif self.stepping:
            if await self._nobody_works():
                self._set(at)
        else:
            left = (at - self.now()).total_seconds() / self.factor
            try:
                await asyncio.wait_for(self._news.wait(), max(left, 0.0005))
            except TimeoutError:
                return

    async def _nobody_works(self) -> bool:
        for _ in range(IDLE_TURNS):
            await asyncio.sleep(0)
            if self._news.is_set() or self._holds:
                return False
        return True

    def _set(self, at: datetime) -> None:
        """Re-anchor at `at`: still while held or stepping, running otherwise; tell whoever waits."""
        moving = 0.0 if self._holds or self.stepping else self.factor
        self._anchor = _Anchor(at.astimezone(UTC), time.time(), moving)
        os.pwrite(self._file, self._anchor.as_bytes(), 0)
        self._news.set()
