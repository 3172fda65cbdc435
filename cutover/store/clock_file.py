"""The programme's clock, shared by every process of a rehearsal: 72 hours in a minute, the same for all.

Real runs have no clock file and use the machine's clock. A rehearsal writes state/clock.json: a moment, the
wall time it was written and a factor. Time stands still while real work is under way (`hold`), so a slow
laptop rehearses the same 72 hours as a fast one. With an infinite factor, time steps to the next sleeper
whenever nobody works.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cutover.core.clock import Clock, SystemClock

IDLE_TURNS = 5  # loop turns without news after which a stepping clock believes that nobody works


@dataclass(frozen=True, slots=True)
class _Anchor:
    at: datetime
    wall: float
    factor: float

    def now(self) -> datetime:
        return self.at + timedelta(seconds=(time.time() - self.wall) * self.factor)


class ClockFile:
    """Reads the shared clock: what any other process of the rehearsal needs."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def now(self) -> datetime:
        raw = json.loads(self.path.read_text(encoding="utf-8"))
        return _Anchor(datetime.fromisoformat(raw["at"]), raw["wall"], raw["factor"]).now()


def programme_clock(path: Path) -> Clock:
    """The rehearsal's clock while its file stands, otherwise the machine's."""
    return ClockFile(path) if path.exists() else SystemClock()


def set_clock(path: Path, at: datetime | None) -> None:
    """Set the programme's clock to `at` and stop it there, or with None go back to the machine's own."""
    if at is None:
        path.unlink(missing_ok=True)
    else:
        ScaledPace(path, at, 0.0)


def last_moment(path: Path) -> datetime | None:
    """Where an earlier rehearsal's time stood when it was last written: where a resumed one goes on."""
    try:
        return datetime.fromisoformat(json.loads(path.read_text(encoding="utf-8"))["at"])
    except (OSError, ValueError, KeyError):
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
        self._sleepers: list[datetime] = []
        self._changed = asyncio.Event()
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
        self._sleepers.append(at)
        self._wake()
        try:
            while self.now() < at:
                await self._wait(at)
        finally:
            self._sleepers.remove(at)

    async def _wait(self, at: datetime) -> None:
        changed = self._changed
        if self._holds:
            await changed.wait()
        elif self.stepping:
            if await self._nobody_works() and min(self._sleepers) == at and self.now() < at:
                self._set(at)
        else:
            left = (at - self.now()).total_seconds() / self.factor
            try:
                await asyncio.wait_for(changed.wait(), max(left, 0.0005))
            except TimeoutError:
                return

    async def _nobody_works(self) -> bool:
        changed = self._changed
        for _ in range(IDLE_TURNS):
            await asyncio.sleep(0)
            if changed.is_set() or self._holds:
                return False
        return True

    def _set(self, at: datetime) -> None:
        """Re-anchor at `at`: still while held or stepping, running otherwise; tell the sleepers."""
        moving = 0.0 if self._holds or self.stepping else self.factor
        self._anchor = _Anchor(at.astimezone(UTC), time.time(), moving)
        partial = self.path.with_suffix(f".{os.getpid()}")
        partial.write_text(
            json.dumps({"at": self._anchor.at.isoformat(), "wall": self._anchor.wall, "factor": moving}),
            encoding="utf-8",
        )
        partial.replace(self.path)
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
