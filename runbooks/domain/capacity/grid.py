"""Placing tasks very fast on a coarse clock, so that a search can try thousands of orders in a second.

Time is cut into slots and what is free of one team becomes one big integer, a few bits for each slot. Asking
all slots at once whether enough people are free is then one addition: the field overflows into its top bit
where they are. A run of free slots is found by and-ing the integer with itself shifted, doubling the shift.

A grid may round times up, and knows neither rest nor calendars: it proposes orders; `placing` decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import gcd

from runbooks.domain.capacity.crew import Crew, Need, Profile
from runbooks.domain.capacity.placing import Levelled, in_priority
from runbooks.domain.plan import FROM_END, TO_END
from runbooks.domain.timing.network import Network

FINEST = 3_000  # slots: more make the integers slow and the orders no better
ROOM = 1.3  # times the plan at hand: what takes longer than this is not worth finishing
Take = tuple[int, int, int]  # who; what asks for enough of them in every slot; what is taken of them
NOBODY: tuple[Take, ...] = ()


class Grid:
    """The plan on slots. `starts` are lists by position, in slots after `origin`; tasks that have begun are in place."""

    def __init__(self, net: Network, crew: Crew, plan: Levelled) -> None:
        """`plan` is any workable plan: it says how far the grid must reach and how long a calendar's task takes."""
        self.net = net
        self.open = [i for i, begun in enumerate(net.began) if begun is None]
        self.origin = min((net.floor[i] for i in self.open), default=net.now)
        lengths = [plan.ends[i] - plan.starts[i] for i in range(len(net.ids))]
        self.slot = _slot(net, lengths, self.open, plan.finish - self.origin)
        self.lengths = [-(-length // self.slot) for length in lengths]
        self.horizon = int(-(-(plan.finish - self.origin) // self.slot) * ROOM) + 2
        self.is_exact = self._is_exact(lengths) and not any(net.hours[i] for i in self.open)
        self._tie(lengths, plan)
        self._lay(crew, plan)

    def _is_exact(self, lengths: Sequence[int]) -> bool:
        times = [lengths[i] for i in self.open] + [self.net.floor[i] - self.origin for i in self.open]
        lags = [lag for i in self.open for _, _, lag in self.net.ties[i]]
        return not any(time % self.slot for time in (*times, *lags))

    def _tie(self, lengths: Sequence[int], plan: Levelled) -> None:
        """Every link as a distance between two starts, which is all that matters where lengths are fixed."""
        n, net = len(self.net.ids), self.net
        self.floor = [max(0, -((self.origin - net.floor[i]) // self.slot)) for i in range(n)]
        self.before: list[list[Need]] = [[] for _ in range(n)]
        self.after: list[list[Need]] = [[] for _ in range(n)]
        for i in self.open:
            for b, kind, lag in net.ties[i]:
                from_end, own = kind in FROM_END, lengths[i] if kind in TO_END else 0
                if net.began[b] is not None:
                    point = (plan.ends if from_end else plan.starts)[b] + lag - own
                    self.floor[i] = max(self.floor[i], -((self.origin - point) // self.slot))
                    continue
                apart = (self.lengths[b] if from_end else 0) - (self.lengths[i] if own else 0)
                apart += -(-lag // self.slot)
                self.before[i].append((b, apart))
                self.after[b].append((i, apart))
        self.in_start_order = all(apart >= 0 for ties in self.before for _, apart in ties)

    def _lay(self, crew: Crew, plan: Levelled) -> None:
        """The integers: what is free of everybody, and what each task needs of whom."""
        most = max((profile.most for profile in crew.capacity), default=0)
        self.width = width = most.bit_length() + 1
        self.top = ((1 << self.horizon * width) - 1) // ((1 << width) - 1) << (width - 1)
        self.free = [self._row(profile) for profile in crew.capacity]
        for i, begun in enumerate(self.net.began):
            if begun is not None:
                self._hold(crew, plan, i)
        self.shifts = [tuple(_doubling(length, width)) for length in self.lengths]
        self.choices = [self._choices(crew, i) for i in range(len(self.net.ids))]

    def _row(self, profile: Profile) -> int:
        """A slot counts what is there in all of it."""
        there = [profile.at(self.origin)] * self.horizon
        for at, capacity in profile.steps[1:]:
            first = (at - self.origin) // self.slot
            split = 0 <= first < self.horizon and (at - self.origin) % self.slot
            kept = min(there[first], capacity) if split else capacity
            for k in range(max(0, first), self.horizon):
                there[k] = capacity
            if split:
                there[first] = kept
        row = 0
        for capacity in reversed(there):
            row = row << self.width | capacity
        return row

    def _hold(self, crew: Crew, plan: Levelled, i: int) -> None:
        """Take what a task that has begun still holds; history may have taken more than there is."""
        first = max(0, (plan.starts[i] - self.origin) // self.slot)
        last = min(self.horizon, -(-(plan.ends[i] - self.origin) // self.slot))
        person = plan.who[i]
        field = (1 << self.width) - 1
        for who, units in (*crew.needs[i], *([(person, 1)] if person >= 0 else [])):
            for k in range(first, last):
                there = self.free[who] >> k * self.width & field
                self.free[who] -= min(units, there) << k * self.width

    def _choices(self, crew: Crew, i: int) -> tuple[tuple[Take, ...], ...]:
        """For each who may do it: what to add to ask whether there are enough, and what to take from the first slot."""
        if not self.lengths[i]:
            return (NOBODY,)
        everywhere, field = self.top >> (self.width - 1), (1 << self.width) - 1
        block = ((1 << self.lengths[i] * self.width) - 1) // field
        return tuple(
            tuple(
                (who, everywhere * ((1 << (self.width - 1)) - units), block * units) for who, units in needs
            )
            for needs in (
                (*crew.needs[i], *([(person, 1)] if person >= 0 else []))
                for person in crew.anyone[i] or (-1,)
            )
        )

    # --- passes ---

    def forward(self, order: Sequence[int]) -> list[int] | None:
        """Place each task as early as possible, in this order; None when the plan becomes far too long."""
        free, width = self.free.copy(), self.width
        starts = [0] * len(self.lengths)
        for i in order:
            start = self.floor[i]
            for b, apart in self.before[i]:
                start = max(start, starts[b] + apart)
            best, chosen = -1, NOBODY
            for takes in self.choices[i]:
                fits = self._fits(free, takes, i, start * width)
                if fits and (best < 0 or fits & -fits < best):
                    best, chosen = fits & -fits, takes
            if best < 0:
                return None
            starts[i] = start = start + (best.bit_length() - 1) // width
            for who, _, taken in chosen:
                free[who] -= taken << start * width
        return starts

    def backward(self, starts: list[int], finish: int) -> list[int]:
        """The same plan with each task as late as possible, last to end first: what can wait makes room."""
        free, width, lengths = self.free.copy(), self.width, self.lengths
        late = starts.copy()
        for i in sorted(
            self.open, key=[s + n for s, n in zip(starts, lengths, strict=True)].__getitem__, reverse=True
        ):
            latest = finish - lengths[i]
            for a, apart in self.after[i]:
                latest = min(latest, late[a] - apart)
            best, chosen = 0, NOBODY
            for takes in self.choices[i]:
                fits = self._fits(free, takes, i, late[i] * width) & (
                    (1 << (latest - late[i] + 1) * width) - 1
                )
                if fits > best:
                    best, chosen = fits, takes
            late[i] += max(0, best.bit_length() - 1) // width
            for who, _, taken in chosen:
                free[who] -= taken << late[i] * width
        return late

    def _fits(self, free: list[int], takes: Sequence[Take], i: int, begin: int) -> int:
        """The top bit of every slot, from this bit on, from which all are free for as long as the task takes."""
        fits = self.top
        for who, enough, _ in takes:
            fits &= free[who] + enough
        fits >>= begin
        for shift in self.shifts[i]:
            fits &= fits >> shift
        return fits

    def slots_of(self, starts: Sequence[int]) -> list[int]:
        return [(start - self.origin) // self.slot for start in starts]

    def finish(self, starts: Sequence[int]) -> int:
        return max((starts[i] + self.lengths[i] for i in self.open), default=0)

    def order(self, starts: Sequence[float], *, always_after: bool = False) -> list[int]:
        """The tasks by start, each after what it waits for; `always_after` where these are no starts of a plan."""
        if self.in_start_order and not always_after:
            return sorted(self.open, key=lambda i: (starts[i], i))
        return [i for i in in_priority(self.net, starts) if self.net.began[i] is None]


def _doubling(length: int, width: int) -> Iterator[int]:
    """By how many bits to shift, one after the other, so that and-ing finds runs of `length` slots."""
    run = 1
    while run < length:
        more = min(run, length - run)
        yield more * width
        run += more


def _slot(net: Network, lengths: Sequence[int], open_: Sequence[int], reach: int) -> int:
    """The finest slot that puts everything on the grid, unless there were too many of them."""
    exact = 0
    for i in open_:
        exact = gcd(exact, lengths[i], *(lag for _, _, lag in net.ties[i]))
    return max(1, exact, -(-int(reach * ROOM) // FINEST))
