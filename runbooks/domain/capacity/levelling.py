"""In which order a plan's tasks share the people there are, so that it ends soon; and the links that keep an order.

`dispatch` is one quick pass, `level` searches for as long as it may. Both only choose an order: `placing` makes
the schedule, the same way each time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import numpy as np

from cutover.core.errors import Invalid
from runbooks.domain.capacity.bounds import lower_bound
from runbooks.domain.capacity.crew import Crew
from runbooks.domain.capacity.grid import Grid
from runbooks.domain.capacity.placing import NEVER, Levelled, Placing, in_priority, late_starts
from runbooks.domain.capacity.search import Search, trust_the_grid
from runbooks.domain.plan import LinkKind
from runbooks.domain.timing.network import Network, starts_at

TRIES = 50  # orders, before a plan is said to be too much for the shifts it has


def dispatch(net: Network, crew: Crew, lengths: Sequence[int] | None = None) -> Levelled:
    """One pass, the task that must start earliest first (LST); of `lengths`, where not the planned ones.

    Raises Invalid when a task can never be done by those who are there.
    """
    real = net.lengths if lengths is None else lengths
    return Placing(net, crew, real).placed(in_priority(net, late_starts(net, real)))


def in_order(net: Network, crew: Crew, urgency: Sequence[float]) -> Levelled:
    """The plan with its tasks placed by a given urgency, lowest first, each after what it waits for."""
    return Placing(net, crew, net.lengths).placed(in_priority(net, urgency))


def level(net: Network, crew: Crew, *, seed: int, keep_going: Callable[[], bool]) -> Levelled:
    """The plan that ends soonest among those found while `keep_going`; the same seed finds the same.

    Stops by itself when it has reached the lower bound. Raises Invalid when a task can never be done.
    """
    first = _first(net, crew, seed)
    bound = lower_bound(net, crew)
    if first.finish <= bound or None not in net.began:
        return first
    grid = Grid(net, crew, first)
    is_true = grid.is_exact and not crew.rests
    search = Search(
        grid,
        np.array(late_starts(net, net.lengths)) / grid.slot,
        keep_going,
        -(-(bound - grid.origin) // grid.slot) if is_true else bound,
        trust_the_grid if is_true else lambda tasks, _: _worth(net, crew, tasks),
    )
    found = search.best(np.random.default_rng(seed), grid.order(grid.slots_of(first.starts)))
    return min(first, in_order(net, crew, _ranks(net, found)), key=lambda levelled: levelled.finish)


def _first(net: Network, crew: Crew, seed: int) -> Levelled:
    """Any workable plan. Shifts that end may be too short for the urgent order and long enough for another."""
    try:
        return dispatch(net, crew)
    except Invalid as error:
        generator = np.random.default_rng(seed)
        late = np.array(late_starts(net, net.lengths), dtype=np.float64)
        for blur in np.linspace(0.0, 1.0, TRIES):
            noise = generator.standard_normal(len(late)) * blur * np.ptp(late)
            with suppress(Invalid):
                return in_order(
                    net, crew, (blur * -np.array(net.lengths) + (1 - blur) * late + noise).tolist()
                )
        raise error from None


def _worth(net: Network, crew: Crew, tasks: Sequence[int]) -> int:
    """What an order is worth where the grid does not know all the rules: when the real plan ends."""
    try:
        return in_order(net, crew, _ranks(net, tasks)).finish
    except Invalid:
        return NEVER


def _ranks(net: Network, tasks: Sequence[int]) -> list[float]:
    ranks = [-1.0] * len(net.ids)
    for rank, i in enumerate(tasks):
        ranks[i] = rank
    return ranks


def resource_links(net: Network, crew: Crew, levelled: Levelled) -> tuple[tuple[int, int], ...]:
    """Which task hands somebody over to which: pairs of positions, the second starts once the first has ended.

    Added to the plan as finish-to-start links they keep its teams within their numbers whatever its durations
    become (partial order schedule, Policella et al. 2007). Each unit is handed along one chain of tasks; a
    task takes it from a predecessor where it can, so that few links are new.
    """
    last: list[list[tuple[int, int]]] = [[] for _ in crew.names]  # per unit: ends at, of task
    pairs: dict[tuple[int, int], None] = {}
    leads = _Leads(net)
    for i in sorted(range(len(net.ids)), key=lambda i: (levelled.starts[i], levelled.ends[i], i)):
        if levelled.ends[i] == levelled.starts[i]:
            continue
        known = {before for before, _, _ in net.ties[i]}
        person = levelled.who[i]
        for who, units in (*crew.needs[i], *([(person, 1)] if person >= 0 else [])):
            free = [unit for unit in last[who] if unit[0] <= levelled.starts[i]]
            free.sort(key=lambda unit: (unit[1] not in known, -unit[0]))
            for unit in free[:units]:
                last[who].remove(unit)
                known.add(unit[1])
                if net.began[i] is None and net.ended[unit[1]] is None and not leads.lead(i, unit[1]):
                    pairs[unit[1], i] = None
                    leads.add(unit[1], i)
            last[who] += [(levelled.ends[i], i)] * units
    return tuple(pairs)


def holds(net: Network, crew: Crew, levelled: Levelled) -> tuple[int, ...]:
    """The earliest start of each task once the resource links are in: later than the plan's where a shift holds it.

    With these as floors and the resource links added, a forward pass gives the levelled plan or an earlier one
    that is as good; without changing shifts and rest they are the network's own.
    """
    pairs = resource_links(net, crew, levelled)
    before: list[list[int]] = [[] for _ in net.ids]
    for a, b in pairs:
        before[b].append(a)
    changing = {who for who, profile in enumerate(crew.capacity) if not profile.is_level} | crew.rests
    found = list(net.floor)
    for i, start in enumerate(levelled.starts):
        takes = {who for who, _ in crew.needs[i]} | {levelled.who[i]}
        waits = (
            starts_at(t, net.lengths[i], net.hours[i], levelled.starts, levelled.ends) for t in net.ties[i]
        )
        if takes & changing and start > max((*waits, *(levelled.ends[a] for a in before[i])), default=0):
            found[i] = max(found[i], start)
    return tuple(found)


class _Leads:
    """Which task may begin before one it waits for: a link back between the two would close a circle.

    Only a lead, or a link from a start to an end, lets that happen; a plan without them is not searched.
    """

    def __init__(self, net: Network) -> None:
        self.any = any(lag < 0 or kind is LinkKind.SF for ties in net.ties for _, kind, lag in ties)
        self.followers: list[list[int]] = [[] for _ in net.ids]
        for i, ties in enumerate(net.ties):
            for before, _, _ in ties:
                self.followers[before].append(i)

    def add(self, before: int, after: int) -> None:
        self.followers[before].append(after)

    def lead(self, first: int, second: int) -> bool:
        """Whether the second waits, through any number of links, for the first."""
        seen, ahead = {first}, [first] if self.any else []
        while ahead:
            at = ahead.pop()
            if at == second:
                return True
            new = [i for i in self.followers[at] if i not in seen]
            seen.update(new)
            ahead += new
        return False
