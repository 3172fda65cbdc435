"""Which order of the tasks ends the plan soonest: a small population of orders that is bred while time lasts.

Orders are drawn at random around the latest starts (adaptive sampling after Kolisch, Drexl 1996), crossed at
two points (Hartmann 1998) and justified twice: all to the right, then all to the left, which hardly ever makes
a plan longer and often makes it shorter (Valls, Ballestin, Quintanilla 2005).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from runbooks.domain.capacity.grid import Grid

POPULATION = 20
NOISE = (0.01, 0.3)  # of the plan's length, least and most: by how much a draw blurs the latest starts
STALE = 10  # children for each of the population without a better plan, before a new one is drawn
SWAPS = 0.05  # the share of a child's neighbours that change places

KeepGoing = Callable[[], bool]
Judge = Callable[[list[int], int], int]  # an order and when it ends on the grid -> what it is worth


@dataclass(frozen=True, slots=True)
class Order:
    """Tasks in the order in which they are placed, and what that is worth: the lower the better."""

    tasks: list[int]
    worth: int


def trust_the_grid(_tasks: list[int], finish: int) -> int:
    return finish


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for, and how long: until `keep_going` says no, or `enough` is reached, which none can beat."""

    grid: Grid
    urgency: NDArray[np.float64]
    keep_going: KeepGoing
    enough: int
    judge: Judge = trust_the_grid

    def best(self, generator: Generator, first: Sequence[int]) -> list[int]:
        """The best order found. `first` is one to begin with; the same generator finds the same orders."""
        best = self._justified(list(first)) or Order(list(first), self.grid.horizon)
        found = best
        while self._goes_on(best):
            found = self._bred(generator, found)
            best = min(best, found, key=_worth)
            found = self._justified(self._drawn(generator)) or best
        return best.tasks

    def _goes_on(self, best: Order) -> bool:
        return best.worth > self.enough and self.keep_going()

    def _bred(self, generator: Generator, first: Order) -> Order:
        """One population, from its drawing until its children bring nothing new; it owes nothing to the last."""
        people = [first]
        while len(people) < POPULATION and self._goes_on(min(people, key=_worth)):
            drawn = self._justified(self._drawn(generator))
            people += [drawn] if drawn else []
        idle, top = 0, min(people, key=_worth)
        while idle < STALE * POPULATION and self._goes_on(top) and len(people) > 1:
            child = self._justified(self._child(people, generator))
            idle += 1
            if child and _settles(people, child) and child.worth < top.worth:
                idle, top = 0, child
        return top

    def _justified(self, tasks: list[int]) -> Order | None:
        grid = self.grid
        starts = grid.forward(tasks)
        if starts is None:
            return None
        late = grid.backward(starts, grid.finish(starts))
        again = grid.forward(grid.order(late))
        if again is not None and grid.finish(again) <= grid.finish(starts):
            starts = again
        order = grid.order(starts)
        return Order(order, self.judge(order, grid.finish(starts)))

    def _drawn(self, generator: Generator) -> list[int]:
        """A random order in which the urgent tend to come first: now almost surely, now hardly."""
        low, high = NOISE
        noise = self.grid.horizon * low * (high / low) ** generator.random()
        keys = self.urgency + noise * generator.standard_normal(len(self.urgency))
        return self.grid.order(keys.tolist(), always_after=True)

    def _child(self, people: Sequence[Order], generator: Generator) -> list[int]:
        n = len(people[0].tasks)
        one, two, three, four = generator.integers(0, len(people), 4).tolist()
        mother = min(people[one], people[two], key=_worth).tasks
        father = min(people[three], people[four], key=_worth).tasks
        low, high = sorted(generator.integers(0, n + 1, 2).tolist())
        child = _crossed(mother, father, low, high)
        for k in np.flatnonzero(generator.random(n - 1) < SWAPS).tolist():
            if all(before != child[k] for before, _ in self.grid.before[child[k + 1]]):
                child[k], child[k + 1] = child[k + 1], child[k]
        return child


def _worth(order: Order) -> int:
    return order.worth


def _crossed(mother: list[int], father: list[int], low: int, high: int) -> list[int]:
    """The mother's order, but between the two points the father's; an order of both parents stays one."""
    begin = mother[:low]
    taken = set(begin)
    middle = [i for i in father if i not in taken][: high - low]
    taken.update(middle)
    return [*begin, *middle, *(i for i in mother if i not in taken)]


def _settles(people: list[Order], child: Order) -> bool:
    """The child takes the place of the worst, unless it is worse itself or there already."""
    worst = max(range(len(people)), key=lambda k: people[k].worth)
    if child.worth > people[worst].worth or any(
        child.worth == other.worth and child.tasks == other.tasks for other in people
    ):
        return False
    people[worst] = child
    return True
