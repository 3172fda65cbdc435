"""When it will end if every sample is dispatched anew: the slow second opinion on the forecast.

The quick forecast keeps the order of one levelled plan. Here whoever becomes free takes, at that moment, the most
urgent task that may start (least late start of the plan), knowing nothing of lengths to come: a simulation of
events, sample by sample. The quick figure is later than this one or near it, never much earlier.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from cutover.core.errors import Invalid, Problem
from runbooks.domain.capacity.crew import Crew, crew
from runbooks.domain.capacity.placing import late_starts, never
from runbooks.domain.forecasting.sampling import TICKS, Doubt, Draws
from runbooks.domain.forecasting.situation import Situation
from runbooks.domain.plan import FROM_END, TO_END
from runbooks.domain.timing.network import Network

SAMPLES = 2_000
CHUNK = 100
_TICK = 1_000_000 // TICKS  # microseconds
_ENDS, _MAY_START, _CHANGES = range(3)  # in the order in which they are heard at one moment


@dataclass(frozen=True, slots=True)
class Redispatched:
    """The end of the plan when every sample is dispatched anew; `samples` may be fewer than asked for."""

    p50: datetime
    p80: datetime
    p95: datetime
    samples: int
    finishes: tuple[datetime, ...]  # sorted

    def chance_to_miss(self, closes: datetime) -> float:
        return sum(finish > closes for finish in self.finishes) / len(self.finishes)


def redispatch(
    situation: Situation,
    *,
    seed: int,
    keep_going: Callable[[], bool] = lambda: True,
    samples: int = SAMPLES,
) -> Redispatched | None:
    """Simulate until there are `samples` of them or `keep_going` says no; None when it said no at once.

    Raises Invalid when the crew of a task is never there for it.
    """
    net = situation.network()
    people, unknown = crew(net, situation.tasks, situation.programme), situation.doubt(net)
    generator = np.random.default_rng(seed)
    floor_ = _Floor(net, people)
    ends: list[int] = []
    while len(ends) < samples and keep_going():
        count = min(CHUNK, samples - len(ends))
        ends += [
            floor_.end_of(lengths) for lengths in _lengths(unknown, Draws(unknown, generator, count), count)
        ]
    if not ends:
        return None
    finishes = tuple(net.opens + timedelta(seconds=round(end / 1e6)) for end in sorted(ends))
    p50, p80, p95 = (finishes[max(0, round(q * len(finishes)) - 1)] for q in (0.5, 0.8, 0.95))
    return Redispatched(p50, p80, p95, len(finishes), finishes)


def _lengths(unknown: Doubt, draws: Draws, count: int) -> Iterator[list[int]]:
    """Sample by sample, microseconds by position."""
    table = np.empty((len(unknown.sure), count), dtype=np.int32)
    for i in range(len(table)):
        table[i] = draws.length(i, table[i])
    for column in table.T:
        yield [ticks * _TICK for ticks in column.tolist()]


class _Floor:
    """The working floor: a plan and its people, made ready to be played again and again."""

    def __init__(self, net: Network, people: Crew) -> None:
        self.net, self.people = net, people
        self.urgency = late_starts(net, net.lengths)
        self.followers: list[list[int]] = [[] for _ in net.ids]
        for i, ties in enumerate(net.ties):
            for before, _, _ in ties:
                self.followers[before].append(i)
        self.takes = [
            (people.needs[i], people.anyone[i]) if people.needs[i] or people.anyone[i] else None
            for i in range(len(net.ids))
        ]
        self.changes = sorted({at for p in people.capacity for at, _ in p.steps[1:] if at > net.now})

    def end_of(self, lengths: Sequence[int]) -> int:
        """The end of the plan with these lengths."""
        return _Play(self, lengths).played()


class _Play:
    """One sample. A task is asked for once all it waits for is known; it begins when its people are free."""

    def __init__(self, floor_: _Floor, lengths: Sequence[int]) -> None:
        self.floor, self.lengths = floor_, lengths
        net = floor_.net
        self.starts, self.ends = [0] * len(net.ids), [0] * len(net.ids)
        self.waits = [len(ties) for ties in net.ties]
        self.used = [0] * len(floor_.people.capacity)
        self.events: list[tuple[int, int, int]] = [
            (at, _CHANGES, -1) for at in floor_.changes
        ]  # when, what, which
        self.asking: list[tuple[int, int]] = []  # urgency, position: may start but for people
        self.given: dict[int, int] = {}
        self.now = floor_.net.now

    def played(self) -> int:
        net = self.floor.net
        heapq.heapify(self.events)
        for i in range(len(net.ids)):
            if not net.ties[i]:
                self._free(i)
        left = sum(over is None for over in net.ended)
        while self.events and left:
            self.now = now = self.events[0][0]
            while self.events and self.events[0][0] == now:
                _, what, i = heapq.heappop(self.events)
                if what == _ENDS:
                    self._let_go(i)
                    left -= 1
                elif what == _MAY_START:
                    self._ask(i, now)
            self._give(now)
        if self.asking:
            raise Invalid(*(Problem(never(net, self.floor.people, i)) for _, i in self.asking))
        return max(self.ends, default=net.now)

    def _free(self, i: int) -> None:
        """All that the task waits for has a time: so has its earliest start, or its end if it runs."""
        net = self.floor.net
        begun, over = net.began[i], net.ended[i]
        if over is not None:
            self._placed(i, begun or 0, over)
        elif begun is not None:
            self._take(i, next(iter(self.floor.people.anyone[i]), -1))
            hours = net.hours[i]
            end = begun + self.lengths[i] if hours is None else hours.end(begun, self.lengths[i])
            self._run(i, begun, max([end, net.now, *(self._point(i, k) for k in range(len(net.ties[i])))]))
        else:
            heapq.heappush(self.events, (max(self.now, self._earliest(i)), _MAY_START, i))

    def _earliest(self, i: int) -> int:
        net, length = self.floor.net, self.lengths[i]
        start, hours = net.floor[i], net.hours[i]
        for k, (_, kind, _) in enumerate(net.ties[i]):
            point = self._point(i, k)
            if kind in TO_END:
                point = hours.not_ending_before(point, length) if hours else point - length
            start = max(start, point)
        return hours.after(start) if hours else start

    def _point(self, i: int, k: int) -> int:
        before, kind, lag = self.floor.net.ties[i][k]
        return (self.ends if kind in FROM_END else self.starts)[before] + lag

    def _ask(self, i: int, now: int) -> None:
        if self.floor.takes[i] is None or not self.lengths[i]:
            self._begin(i, now)
        else:
            heapq.heappush(self.asking, (self.floor.urgency[i], i))

    def _give(self, now: int) -> None:
        """Whoever is free takes the most urgent task that they can do; the others keep asking."""
        kept = []
        while self.asking:
            urgency, i = heapq.heappop(self.asking)
            person = self._who(i, now)
            if person is None:
                kept.append((urgency, i))
            else:
                self._take(i, person)
                self._begin(i, now)
        self.asking = kept  # popped in order, so still a heap

    def _who(self, i: int, now: int) -> int | None:
        """The person who can take the task now (-1: nobody in particular), or None: not now."""
        takes = self.floor.takes[i]
        assert takes is not None
        needs, anyone = takes
        if not all(self._has(who, units, i, now) for who, units in needs):
            return None
        return next((p for p in anyone if self._has(p, 1, i, now)), None) if anyone else -1

    def _has(self, who: int, units: int, i: int, now: int) -> bool:
        """Free now, and there for the planned length; the last shift stays until all is done."""
        profile = self.floor.people.capacity[who]
        if profile.is_level:
            return self.used[who] + units <= profile.steps[0][1]
        steps = profile.steps
        k = max(0, bisect_right(steps, now, key=_when) - 1)
        if k == len(steps) - 1 and not steps[k][1]:
            return self.used[who] + units <= profile.most
        until = now + (0 if self.floor.net.hours[i] else self.floor.net.lengths[i])
        there = (n for at, n in steps[k:] if at < until or at <= now)
        return self.used[who] + units <= min(there)

    def _take(self, i: int, person: int) -> None:
        for who, units in self.floor.people.needs[i]:
            self.used[who] += units
        if person >= 0:
            self.used[person] += 1
        self.given[i] = person

    def _let_go(self, i: int) -> None:
        if i not in self.given:
            return
        for who, units in self.floor.people.needs[i]:
            self.used[who] -= units
        if (person := self.given[i]) >= 0:
            self.used[person] -= 1

    def _begin(self, i: int, now: int) -> None:
        hours = self.floor.net.hours[i]
        start = hours.after(now) if hours else now
        self._run(i, start, hours.end(start, self.lengths[i]) if hours else start + self.lengths[i])

    def _run(self, i: int, start: int, end: int) -> None:
        heapq.heappush(self.events, (end, _ENDS, i))
        self._placed(i, start, end)

    def _placed(self, i: int, start: int, end: int) -> None:
        self.starts[i], self.ends[i] = start, end
        for follower in self.floor.followers[i]:
            self.waits[follower] -= 1
            if not self.waits[follower]:
                self._free(follower)


def _when(step: tuple[int, int]) -> int:
    return step[0]
