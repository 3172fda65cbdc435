"""Who keys when: so many at once round the clock, or by shift; and how long they take for so many minutes of work.

A shift is hours of a wall clock, so it is as long as that night is when the clocks change. What arrives comes all the
time, what is keyed is keyed in the shifts: a pile grows overnight and shrinks by day, and one that grows more in a
week than is keyed in it is never cleared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Protocol
from zoneinfo import ZoneInfo

from pydantic import Field

from cutover.core.clock import to_utc
from cutover.core.errors import Invalid, Problem
from cutover.domain.programme import Hours

PRODUCTIVE_HOURS = 6.0
PRODUCTIVE_SHARE = 0.75  # six of eight hours
DAY, WEEK, MINUTE = timedelta(days=1), timedelta(days=7), timedelta(minutes=1)
_TYPED = re.compile(
    r"(?P<days>\S+)\s+(?P<opens>\d\d:\d\d)\s*-\s*(?P<closes>\d\d:\d\d)\s+(?P<keyers>\d+(\.\d+)?)"
)
LONGEST = 3650  # days, after which it is never


class Staff(Protocol):
    """Whoever keys: at what rate on the average day, and how long for so many minutes of work."""

    @property
    def productive_hours(self) -> float: ...
    @property
    def minutes_a_day(self) -> float: ...
    def clear(self, minutes: float, arriving_a_day: float, now: datetime) -> timedelta | None: ...
    def __str__(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Staffing:
    """How many key at once, and how much of a day each really keys."""

    keyers: float
    productive_hours: float = PRODUCTIVE_HOURS

    @property
    def minutes_a_day(self) -> float:
        return self.keyers * self.productive_hours * 60

    def clear(self, minutes: float, arriving_a_day: float, now: datetime) -> timedelta | None:
        """As if everybody keyed evenly round the clock; None is never."""
        del now
        net = self.minutes_a_day - arriving_a_day
        return timedelta(0) if minutes <= 0 else timedelta(days=minutes / net) if net > 0 else None

    def __str__(self) -> str:
        return f"{self.keyers:g} keyers, {self.productive_hours:g} productive hours a day each"


class KeyerShift(Hours):
    """Hours of a wall clock in which so many key; `productive` is the share of an hour that they really key."""

    title: str = ""
    keyers: float = Field(ge=0, le=10_000)
    productive: float = Field(default=PRODUCTIVE_SHARE, gt=0, le=1)

    @property
    def rate(self) -> float:
        """Minutes of work keyed in a minute."""
        return self.keyers * self.productive

    @property
    def minutes(self) -> float:
        """Minutes of work keyed in one such shift of an ordinary day."""
        begins, ends = (datetime.combine(date.min, at) for at in (self.opens, self.closes))
        return ((ends - begins) % DAY or DAY) / MINUTE * self.rate

    def __str__(self) -> str:
        return f"{self.keyers:g} {self.days} {self.opens:%H:%M}-{self.closes:%H:%M}"


@dataclass(frozen=True, slots=True)
class Roster:
    """Keyers by shift, on the wall clock of `zone`. Shifts that overlap add up."""

    shifts: tuple[KeyerShift, ...]
    zone: str
    productive_hours: float = PRODUCTIVE_HOURS

    @property
    def minutes_a_week(self) -> float:
        return sum(shift.minutes * len(shift.weekdays) for shift in self.shifts)

    @property
    def minutes_a_day(self) -> float:
        return self.minutes_a_week / 7

    def clear(self, minutes: float, arriving_a_day: float, now: datetime) -> timedelta | None:
        """From `now` until so many minutes of work and all that arrives meanwhile are keyed; None is never."""
        net = self.minutes_a_week - arriving_a_day * 7
        if minutes <= 0:
            return timedelta(0)
        if net <= 0:
            return None
        weeks = max(0, int((minutes - self.minutes_a_week) / net) - 1)  # in which it surely does not run out
        begin = _later(now, weeks, self.zone)
        left, at, pace = minutes - weeks * net, begin, arriving_a_day / (DAY / MINUTE)
        for since, until, rate in self._stretches(begin):
            left += pace * ((since - at) / MINUTE)
            spent = (until - since) / MINUTE
            if rate > pace and left <= (rate - pace) * spent:
                return since + left / (rate - pace) * MINUTE - now
            left += (pace - rate) * spent
            at = until
        return None

    def _stretches(self, now: datetime) -> Iterator[tuple[datetime, datetime, float]]:
        """Stretches of time from `now` on in which somebody keys, each with its rate."""
        first = now.astimezone(ZoneInfo(self.zone)).date()
        for n in range(LONGEST):
            day = first + n * DAY
            spans = [_span(shift, day, self.zone) for shift in self.shifts if day.weekday() in shift.weekdays]
            edges = sorted({max(at, now) for span in spans for at in span[:2]})
            for since, until in pairwise(edges):
                rate = sum(span[2] for span in spans if span[0] <= since and until <= span[1])
                if rate:
                    yield since, until, rate

    def __str__(self) -> str:
        return f"keyers by shift: {', '.join(map(str, self.shifts))}"


def read_shift(text: str) -> KeyerShift:
    """`mon-fri 07:00-19:00 24`: days, hours of the wall clock, keyers. Raises Invalid for anything else."""
    found = _TYPED.fullmatch(text.strip())
    try:
        return KeyerShift.model_validate(found.groupdict() if found else {})
    except ValueError as error:
        expected = "such as 'mon-fri 07:00-19:00 24'"
        raise Invalid(Problem(f"'{text}' is no shift", field="--shift", expected=expected)) from error


def _span(shift: KeyerShift, day: date, zone: str) -> tuple[datetime, datetime, float]:
    ends = day + DAY if shift.closes == time(0) else day
    return _utc(datetime.combine(day, shift.opens), zone), _utc(datetime.combine(ends, shift.closes), zone), shift.rate  # fmt: skip


def _later(now: datetime, weeks: int, zone: str) -> datetime:
    """The same time of day on the wall clock, so many weeks on."""
    if not weeks:
        return now
    wall = now.astimezone(ZoneInfo(zone)).replace(tzinfo=None) + weeks * WEEK
    return _utc(wall, zone)


def _utc(wall: datetime, zone: str) -> datetime:
    """A wall time that is there twice is the first of them; one that is not there is as far after the gap."""
    try:
        return to_utc(wall, zone)
    except Invalid:
        return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo("UTC"))
