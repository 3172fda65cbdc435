"""What time it is, as a parameter: UTC inside, the programme's zone only at the edge.

A window may cross a clock change, so wall times are converted on the way in and nothing is ever
computed on them: 01:30 on the last Sunday of October happens twice, in March it does not happen.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from cutover.core.errors import Invalid, Problem

_LOST_PLUS = re.compile(r"(:\d\d(?:\.\d+)?) (\d\d:\d\d)$")


class Clock(Protocol):
    """Anything that says the time, timezone-aware UTC."""

    def now(self) -> datetime: ...


class Pace(Clock, Protocol):
    """A clock one can wait on. `hold` keeps a rehearsal's time still while real work is under way."""

    def sleep_until(self, at: datetime) -> Awaitable[None]: ...

    def hold(self) -> AbstractAsyncContextManager[None]: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class FixedClock:
    """A clock that moves only when told to: for tests, replays and stepping through a plan."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by

    def set(self, at: datetime) -> None:
        self.at = max(self.at, at)

    async def sleep_until(self, at: datetime) -> None:
        self.set(at)

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        yield


def to_utc(wall: datetime, zone: str) -> datetime:
    """Turn a wall time of `zone` (IANA name) into UTC.

    An aware datetime is converted as it stands. Raises Invalid for a wall time that the zone skips or
    repeats, naming both candidates: which of them was meant only a person can say.
    """
    if wall.tzinfo is not None:
        return wall.astimezone(UTC)
    place = ZoneInfo(zone)
    early, late = (wall.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in (0, 1))
    if early == late:
        return early
    candidates = f"{early:%Y-%m-%dT%H:%MZ} or {late:%Y-%m-%dT%H:%MZ}"
    happened = early.astimezone(place).replace(tzinfo=None) == wall
    why = "happens twice" if happened else "does not exist"
    raise Invalid(Problem(f"{wall:%Y-%m-%d %H:%M} {why} in {zone} (clock change)", expected=candidates))


def both(wall: datetime, zone: str) -> tuple[datetime, ...]:
    """The two moments, in `zone`, at which its clock shows a wall time that comes twice; none for any other."""
    place = ZoneInfo(zone)
    early, late = (wall.replace(tzinfo=place, fold=fold) for fold in (0, 1))
    comes_twice = (
        wall.tzinfo is None
        and early.utcoffset() != late.utcoffset()
        and early.astimezone(UTC) < late.astimezone(UTC)
    )
    return (early, late) if comes_twice else ()


def at_wall(day: date, wall: time, place: ZoneInfo, *, fold: int) -> datetime:
    """When a wall clock of `place` shows a time of a day, in UTC, for hours that come round.

    Of one that comes twice `fold` says which; one that the clock skips is the moment at which it skips.
    """
    early, late = (datetime.combine(day, wall, place).replace(fold=f).astimezone(UTC) for f in (0, 1))
    return (early, late)[fold] if early <= late else _change(late, early, place)


def _change(low: datetime, high: datetime, place: ZoneInfo) -> datetime:
    """The moment between two at which the zone changes its clock, to the second."""
    before = low.astimezone(place).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        low, high = (middle, high) if middle.astimezone(place).utcoffset() == before else (low, middle)
    return high.replace(microsecond=0)


def read_moment(text: str, zone: str) -> datetime:
    """A moment as a person writes it, in UTC: a wall time of `zone` (2026-10-24T23:15), or with Z or an offset.

    A plus sign that an address turned into a space is read as one. Raises Invalid for anything else, and for a
    wall time that the zone skips or repeats.
    """
    try:
        written = datetime.fromisoformat(_LOST_PLUS.sub(r"\1+\2", text.strip()))
    except ValueError:
        expected = f"2026-10-24T23:15 as the wall clock of {zone} says it, or 2026-10-24T22:15Z"
        raise Invalid(Problem(f"'{text}' is no moment", expected=expected)) from None
    return to_utc(written, zone)


def show(at: datetime, zone: str, form: str = "%a %d %b %H:%M %Z") -> str:
    """A UTC time as people of `zone` read it, with the zone's abbreviation."""
    return at.astimezone(ZoneInfo(zone)).strftime(form)
