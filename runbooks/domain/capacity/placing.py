"""Where each task goes when they are placed one after the other, each as early as its crew is there for it.

The serial schedule generation scheme, exact to the microsecond, with everything a plan can ask: links of all
four kinds, fixed starts, calendars, shifts, several units, deputies, rest. What has begun stays where it is.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass

from cutover.core.errors import Invalid, Problem
from runbooks.domain.capacity.crew import LONGEST_DUTY, REST, Crew, Need
from runbooks.domain.plan import FROM_END, TO_END, LinkKind
from runbooks.domain.timing.calendars import WorkingTime
from runbooks.domain.timing.network import Network, starts_at

Span = tuple[int, int]  # from, until

NEVER = 10**18
_LONG_AGO = -NEVER


@dataclass(frozen=True, slots=True)
class Levelled:
    """A plan in which nobody is needed in more places than there are of them; microseconds after it opens.

    By position: when each task starts and ends, and to whom it was given where there was a choice or a name.
    """

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    finish: int
    who: tuple[int, ...]


def in_priority(net: Network, urgency: Sequence[float]) -> list[int]:
    """The positions with every task after what it waits for; among the free ones the lowest number first."""
    followers: list[list[int]] = [[] for _ in net.ids]
    waits = [len(ties) for ties in net.ties]
    for i, ties in enumerate(net.ties):
        for before, _, _ in ties:
            followers[before].append(i)
    free = [(urgency[i], i) for i, n in enumerate(waits) if n == 0]
    heapq.heapify(free)
    order: list[int] = []
    while free:
        _, i = heapq.heappop(free)
        order.append(i)
        for follower in followers[i]:
            waits[follower] -= 1
            if not waits[follower]:
                heapq.heappush(free, (urgency[follower], follower))
    return order


def late_starts(net: Network, lengths: Sequence[int]) -> list[int]:
    """The latest start of each task before the end of the plan, were every crew large enough (so 0 or less)."""
    latest = [-length for length in lengths]
    for i in range(len(latest) - 1, -1, -1):
        for before, kind, lag in net.ties[i]:
            point = latest[i] + (lengths[i] if kind in TO_END else 0) - lag
            latest[before] = min(latest[before], point - (lengths[before] if kind in FROM_END else 0))
    return latest


def spans(hours: WorkingTime | None, begin: int, end: int) -> tuple[Span, ...]:
    """The stretches in which work really goes on between the two; a calendar's task holds nobody overnight."""
    if hours is None:
        return ((begin, end),) if end > begin else ()
    first, last = bisect_right(hours.closes, begin), bisect_left(hours.opens, end)
    pieces = zip(hours.opens[first:last], hours.closes[first:last], strict=True)
    return tuple((max(a, begin), min(b, end)) for a, b in pieces)


class Timetable:
    """What is left of everybody, moment by moment, and where the people who must rest have been."""

    def __init__(self, crew: Crew) -> None:
        self._times = [[_LONG_AGO, *(at for at, _ in profile.steps[1:])] for profile in crew.capacity]
        self._free = [[n for _, n in profile.steps] for profile in crew.capacity]
        self._duty: dict[int, list[Span]] = {person: [] for person in crew.rests}

    def take(self, needs: Sequence[Need], work: Sequence[Span]) -> None:
        for who, units in needs:
            for begin, end in work:
                first, last = self._cut(who, begin), self._cut(who, end)
                free = self._free[who]
                for k in range(first, last):
                    free[k] -= units
            if who in self._duty:
                for span in work:
                    insort(self._duty[who], span)

    def blocked(self, needs: Sequence[Need], work: Sequence[Span]) -> int | None:
        """None when the needs are met all the time; else a moment before which the work cannot begin, or NEVER."""
        for who, units in needs:
            times, free = self._times[who], self._free[who]
            for begin, end in work:
                for k in range(bisect_left(times, end) - 1, bisect_right(times, begin) - 2, -1):
                    if free[k] < units:
                        return times[k + 1] if k + 1 < len(times) else NEVER
            if who in self._duty and (until := _tired_until(self._duty[who], work)) is not None:
                return until
        return None

    def _cut(self, who: int, at: int) -> int:
        """The step that begins at this moment, made if there is none."""
        times, free = self._times[who], self._free[who]
        k = bisect_left(times, at)
        if k == len(times) or times[k] != at:
            times.insert(k, at)
            free.insert(k, free[k - 1])
        return k


def _tired_until(duty: Sequence[Span], work: Sequence[Span]) -> int | None:
    """None when the person has rested enough to do this work as well; else when they may next have."""
    if not duty:
        return None
    for begin, end in work:
        k = bisect_right(duty, (begin, end))
        first, last = begin, end
        for a, b in reversed(duty[:k]):
            if first - b >= REST:
                break
            first = min(first, a)
        for a, b in duty[k:]:
            if a - last >= REST:
                break
            last = max(last, b)
        if last - first > max(LONGEST_DUTY, end - begin):
            rested = (b + REST for _, b in duty if b + REST > begin)
            return min(rested) if begin == work[0][0] else work[0][1]
    return None


class Placing:
    """One pass: tasks are placed in the order given. Raises Invalid when a task's crew is never there for it."""

    def __init__(self, net: Network, crew: Crew, lengths: Sequence[int]) -> None:
        self.net, self.crew, self.lengths = net, crew, lengths
        self.starts = [0] * len(net.ids)
        self.ends = [0] * len(net.ids)
        self.who = [-1] * len(net.ids)

    def placed(self, order: Sequence[int], running: dict[int, int] | None = None) -> Levelled:
        """Place all. A running task that its ties keep longer is put down at its later end and all is done again."""
        held = running or {}
        self.free = Timetable(self.crew)
        for i, begun in enumerate(self.net.began):
            if begun is not None:
                self._stay(i, begun, held.get(i, self._expected_end(i, begun)))
        for i in order:
            if self.net.began[i] is None:
                self._place(i)
            elif (later := self._tied_end(i)) > self.ends[i]:
                return self.placed(order, {**held, i: later})
        finish = max(self.ends, default=self.net.now)
        return Levelled(tuple(self.starts), tuple(self.ends), finish, tuple(self.who))

    def _expected_end(self, i: int, begun: int) -> int:
        over, due = self.net.ended[i], self.net.due[i]
        if over is not None:
            return over
        return max(self._end(i, begun) if due is None else due, self.net.now)

    def _stay(self, i: int, begun: int, end: int) -> None:
        self.starts[i], self.ends[i] = begun, end
        self.who[i] = next(iter(self.crew.anyone[i]), -1)
        self.free.take(self._needs(i, self.who[i]), spans(self.net.hours[i], begun, end))

    def _tied_end(self, i: int) -> int:
        return max((self._point(tie) for tie in self.net.ties[i]), default=_LONG_AGO)

    def _point(self, tie: tuple[int, LinkKind, int]) -> int:
        before, kind, lag = tie
        return (self.ends if kind in FROM_END else self.starts)[before] + lag

    def _place(self, i: int) -> None:
        earliest = self._earliest(i)
        start, person = NEVER, -1
        for one in self.crew.anyone[i] or (-1,):
            first = self._first(i, one, earliest)
            if first < start:
                start, person = first, one
        if start == NEVER:
            raise Invalid(Problem(never(self.net, self.crew, i)))
        self.starts[i], self.ends[i], self.who[i] = start, self._end(i, start), person
        self.free.take(self._needs(i, person), spans(self.net.hours[i], start, self.ends[i]))

    def _earliest(self, i: int) -> int:
        start, hours, length = self.net.floor[i], self.net.hours[i], self.lengths[i]
        for tie in self.net.ties[i]:
            start = max(start, starts_at(tie, length, hours, self.starts, self.ends))
        return hours.after(start) if hours else start

    def _first(self, i: int, person: int, start: int) -> int:
        """The first moment from `start` at which everybody is there, with this person; or NEVER."""
        needs, hours = self._needs(i, person), self.net.hours[i]
        if not needs:
            return start
        while (until := self.free.blocked(needs, spans(hours, start, self._end(i, start)))) is not None:
            if until == NEVER:
                return NEVER
            start = hours.after(until) if hours else until
        return start

    def _end(self, i: int, start: int) -> int:
        hours = self.net.hours[i]
        return hours.end(start, self.lengths[i]) if hours else start + self.lengths[i]

    def _needs(self, i: int, person: int) -> tuple[Need, ...]:
        return (*self.crew.needs[i], (person, 1)) if person >= 0 else self.crew.needs[i]


def never(net: Network, crew: Crew, i: int) -> str:
    """Why a task cannot be placed, for the person who planned it."""
    for who, units in crew.needs[i]:
        most = crew.capacity[who].most
        if units > most:
            return f"{net.ids[i]}: takes {units} of {crew.names[who]}, who are never more than {most}"
    names = [crew.names[who] for who in (*(who for who, _ in crew.needs[i]), *crew.anyone[i])]
    return f"{net.ids[i]}: no shift of {' or '.join(names)} is left that is long enough for it"
