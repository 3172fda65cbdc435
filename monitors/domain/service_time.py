"""When an item falls due by a service standard: so long by the clock, so long of a service's hours, or working days.

Theory: hours are those of a wall clock, so a clock change makes one of them longer or shorter and nothing else. A
span uses up open hours only. Working days are counted from when the service first could act: an item that comes in
closed hours begins at the next opening, and falls due at that time of day so many open days later; a day that is
shut earlier, ends earlier. Whatever came first falls due first.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from cutover.core.clock import at_wall
from cutover.core.duration import parse_duration, show_duration, spell_duration
from cutover.core.errors import Invalid
from cutover.domain.programme import Hours, Part

LONGEST = timedelta(days=366)  # of a standard; of open hours, too
_DAY = timedelta(days=1)
_SPELT = re.compile(r"\s*(\d{1,3})\s+working\s+days?\s*", re.IGNORECASE)
_NAMED = "working days are whole ones, such as 2 working days; a span is such as 48h"


class WorkingDays(Part):
    """So many days on which the service works."""

    days: int = Field(ge=1, le=366)

    def __str__(self) -> str:
        return f"{self.days} working day{'' if self.days == 1 else 's'}"


def show_limit(limit: timedelta | WorkingDays) -> str:
    return str(limit) if isinstance(limit, WorkingDays) else show_duration(limit)


def _limit(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(f"{value} is no length of time")  # noqa: TRY004  told like every other one that is none
    if not isinstance(value, str | int | float):
        return value
    if isinstance(value, str) and (spelt := _SPELT.fullmatch(value)):
        return WorkingDays(days=int(spelt[1]))
    try:
        return parse_duration(value)
    except Invalid as error:
        raise ValueError(f"{error}; {_NAMED}") from error


def _spell(limit: timedelta | WorkingDays) -> str:
    return str(limit) if isinstance(limit, WorkingDays) else spell_duration(limit)


Limit = Annotated[
    timedelta | WorkingDays,
    BeforeValidator(_limit),
    PlainSerializer(_spell, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string"}),
]
ALL_DAY = Hours(days="mon-sun", opens=time(0), closes=time(0))
WORKING_WEEK = Hours(days="mon-fri", opens=time(0), closes=time(0))
Stretch = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class ServiceHours:
    """The hours in which a service can act, on the wall clock of `zone`; on `closed` days not at all.

    None declared: a span runs round the clock, and working days are Mondays to Fridays that are not closed.
    """

    zone: str = "UTC"
    declared: tuple[Hours, ...] = ()
    closed: Collection[date] = field(default_factory=frozenset)

    def due(self, since: datetime, limit: timedelta | WorkingDays) -> datetime:
        """When an item that came at `since` falls due."""
        if isinstance(limit, WorkingDays):
            return self._after_days(since, limit.days)
        return self._after_hours(since, limit) if self.declared else since + limit

    def _after_hours(self, since: datetime, left: timedelta) -> datetime:
        for begin, end in self._from(since):
            if begin + left <= end:
                return begin + left
            left -= end - begin
        raise AssertionError  # stretches never end

    def _after_days(self, since: datetime, days: int) -> datetime:
        begun = next(self._from(since))[0]
        day = self._day(begun)
        for _ in range(days):
            day = self._next_open(day)
        place = ZoneInfo(self.zone)
        return self._clamped(at_wall(day, begun.astimezone(place).time(), place, fold=0), day)

    def _clamped(self, at: datetime, day: date) -> datetime:
        """The moment itself while the service works, else its next opening that day, else when it shuts."""
        stretches = self._stretches(day)
        opening = next((begin for begin, end in stretches if at < end), stretches[-1][1])
        return max(at, opening) if at < stretches[-1][1] else opening

    def _from(self, since: datetime) -> Iterator[Stretch]:
        """The open stretches from a moment on, the one that it lies in begun at it; none empty."""
        day = self._day(since)
        while True:
            for begin, end in self._stretches(day):
                if end > since:
                    yield max(begin, since), end
            day += _DAY

    def _next_open(self, day: date) -> date:
        day += _DAY
        while not self._stretches(day):
            day += _DAY
        return day

    def _stretches(self, day: date) -> list[Stretch]:
        """The open stretches of one day in UTC, those that touch joined; of a doubled hour both are open."""
        if day in self.closed:
            return []
        hours = self.declared or (WORKING_WEEK,)
        found = sorted(self._stretch(day, one) for one in hours if day.weekday() in one.weekdays)
        return _joined([(begin, end) for begin, end in found if begin < end])

    def _stretch(self, day: date, hours: Hours) -> Stretch:
        place = ZoneInfo(self.zone)
        last = day + _DAY if hours.closes == time(0) else day
        return at_wall(day, hours.opens, place, fold=0), at_wall(last, hours.closes, place, fold=1)

    def _day(self, at: datetime) -> date:
        return at.astimezone(ZoneInfo(self.zone)).date()


def _joined(stretches: Sequence[Stretch]) -> list[Stretch]:
    found: list[Stretch] = []
    for begin, end in stretches:
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found
