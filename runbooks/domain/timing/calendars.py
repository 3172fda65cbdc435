"""When a calendar's work goes on: the next working moment, when work ends, and when it must begin at the latest.

A calendar's hours are hours of a wall clock, laid out once as stretches of UTC, so that a clock change makes one
of them longer or shorter and nothing else. Whole microseconds after the window opens, as the network counts;
arrays count seconds. A moment works from the opening of a stretch until just before its closing. Outside the
time a calendar was laid out for, work is taken to go on round the clock.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from itertools import accumulate
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from cutover.core.clock import at_wall
from cutover.domain.programme import Hours, Programme

Numbers: TypeAlias = NDArray[np.float64]

BEFORE = timedelta(days=14)  # laid out before the window opens: for latest times that a deadline sets
AFTER = timedelta(days=100)  # and after it closes: a plan may miss its window by far
_FOREVER = 10**18  # microseconds: some 30,000 years
_MICROSECOND = timedelta(microseconds=1)
_MICROS = 1e6
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class WorkingTime:
    """The stretches of work of one calendar: from, until, and the work done before each (all microseconds)."""

    opens: tuple[int, ...]
    closes: tuple[int, ...]
    done: tuple[int, ...]

    def after(self, start_us: int) -> int:
        """The first working moment at or after this one."""
        return max(start_us, self.opens[bisect_right(self.closes, start_us)])

    def end(self, start_us: int, work_us: int) -> int:
        """When so much work ends that begins at the first working moment at or after `start_us`."""
        begun = self.after(start_us)
        if not work_us:
            return begun
        total = self._before(begun) + work_us
        i = bisect_left(self.done, total) - 1
        return self.opens[i] + total - self.done[i]

    def start(self, end_us: int, work_us: int) -> int:
        """The latest working moment from which so much work still ends by `end_us`."""
        if not work_us:
            i = bisect_right(self.opens, end_us) - 1
            return min(end_us, self.closes[i] - 1)
        total = self._before(end_us) - work_us
        i = bisect_right(self.done, total) - 1
        return self.opens[i] + total - self.done[i]

    def not_ending_before(self, end_us: int, work_us: int) -> int:
        """The first working moment from which so much work does not end before `end_us`."""
        latest = self.start(end_us, work_us)
        return latest if self.end(latest, work_us) == end_us else self.after(latest + 1)

    def work(self, start_us: int, end_us: int) -> int:
        """How much work lies between two moments."""
        return self._before(end_us) - self._before(start_us)

    def _before(self, at: int) -> int:
        """The work done until a moment."""
        i = bisect_right(self.opens, at) - 1
        return self.done[i] + min(at, self.closes[i]) - self.opens[i]

    # --- the same for many samples at once, in seconds ---

    def afters(self, starts: Numbers) -> Numbers:
        """`after`, of every start."""
        opens, closes, _ = self._in_seconds
        return np.maximum(starts, opens[np.searchsorted(closes, starts, side="right")])

    def ends(self, starts: Numbers, works: Numbers) -> Numbers:
        """`end`, of every start with its work."""
        opens, closes, done = self._in_seconds
        i = np.searchsorted(closes, starts, side="right")
        begun = np.maximum(starts, opens[i])
        total = done[i] + (begun - opens[i]) + works
        j = np.searchsorted(done, total, side="left") - 1
        return np.maximum(begun, opens[j] + (total - done[j]))

    @cached_property
    def _in_seconds(self) -> tuple[Numbers, Numbers, Numbers]:
        opens, closes, done = (
            np.array(part, dtype=np.float64) / _MICROS for part in (self.opens, self.closes, self.done)
        )
        return opens, closes, done


def working_time(hours: Sequence[Hours], zone: str, opens: datetime, until: datetime) -> WorkingTime:
    """A calendar laid out from some days before `opens` (moment zero) until `until`; no hours: round the clock."""
    place = ZoneInfo(zone)
    first, last = ((at.astimezone(place)).date() for at in (opens - BEFORE, until))
    stretches = _merged(sorted(_stretches(hours, place, first, last)))
    if not stretches:
        return WorkingTime((-_FOREVER,), (_FOREVER,), (-_FOREVER,))
    begins = [(begin - opens) // _MICROSECOND for begin, _ in stretches]
    ends = [(end - opens) // _MICROSECOND for _, end in stretches]
    begin = min(begins[0], _midnight(first, place, opens))
    end = max(ends[-1], _midnight(last + _DAY, place, opens))
    begins, ends = [-_FOREVER, *begins, end], [begin, *ends, _FOREVER]
    # Work is counted from the first day laid out, so that sums of it stay small enough to be exact as floats.
    done = accumulate((b - a for a, b in zip(begins[1:-1], ends[1:-1], strict=True)), initial=0)
    return WorkingTime(tuple(begins), tuple(ends), (begins[0] - begin, *done))


def calendars_of(
    programme: Programme, opens: datetime | None = None, closes: datetime | None = None
) -> dict[str, WorkingTime]:
    """The calendars of a programme, laid out around its window, or around the window of a run."""
    begin, end = opens or programme.opens, closes or programme.closes
    return {
        name: working_time(hours, programme.zone, begin, max(begin, end) + AFTER)
        for name, hours in programme.calendars.items()
    }


def _stretches(
    hours: Sequence[Hours], place: ZoneInfo, first: date, last: date
) -> Iterator[tuple[datetime, datetime]]:
    """Every opening with its closing, UTC. A wall time that comes twice opens at its first and closes at its second."""
    days = [first + n * _DAY for n in range((last - first).days + 1)]
    for one in hours:
        weekdays = one.weekdays
        for day in days:
            if day.weekday() in weekdays:
                closing = day if one.closes != time(0) else day + _DAY
                begin, end = (
                    at_wall(day, one.opens, place, fold=0),
                    at_wall(closing, one.closes, place, fold=1),
                )
                if begin < end:
                    yield begin, end


def _merged(stretches: Sequence[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    found: list[tuple[datetime, datetime]] = []
    for begin, end in stretches:
        if found and begin <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((begin, end))
    return found


def _midnight(day: date, place: ZoneInfo, opens: datetime) -> int:
    return (at_wall(day, time(0), place, fold=0) - opens) // _MICROSECOND
