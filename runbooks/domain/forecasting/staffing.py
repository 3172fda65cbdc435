"""Whom a plan's tasks wait for besides each other, laid down once: the levelled plan as links and times of duty.

One levelled plan says who hands over to whom. Kept as links, its order holds whatever the durations become, so the
samples need no dispatching: at most some minutes too late, never too early (a partial order schedule).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cutover.domain.programme import Programme
from runbooks.domain.capacity.crew import Crew, Profile, crew
from runbooks.domain.capacity.levelling import dispatch, holds, resource_links
from runbooks.domain.capacity.placing import Levelled
from runbooks.domain.plan import Task
from runbooks.domain.timing.network import Network

Duty: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]
_Stretch = tuple[float, float]
_EVER = float("inf")
_MICROS = 1e6


@dataclass(frozen=True, slots=True)
class Staffing:
    """Who hands over to whom, the earliest starts that shifts and rest allow, and when each task may start.

    `starts` are the stretches (begins, ends; seconds) in which a task may start and its planned length still
    fits its team's shift; None for round the clock. The last shift is taken to stay until all is done.
    """

    links: tuple[tuple[int, int], ...]
    floor: tuple[int, ...]
    starts: tuple[Duty | None, ...]
    unlisted: tuple[str, ...]


def staffing(net: Network, tasks: Sequence[Task], programme: Programme) -> Staffing:
    """Level the plan once. Raises Invalid when a task's team is never there for it."""
    people = crew(net, tasks, programme)
    levelled = dispatch(net, people)
    links = resource_links(net, people, levelled)
    changing = any(not profile.is_level for profile in people.capacity) or bool(people.rests)
    floor = holds(net, people, levelled) if changing else net.floor
    return Staffing(
        links, floor, tuple(_duty(net, people, levelled, i) for i in range(len(net.ids))), people.unlisted
    )


def _duty(net: Network, people: Crew, levelled: Levelled, i: int) -> Duty | None:
    """When everybody the task takes is there long enough for its planned length."""
    person = levelled.who[i]
    needs = [*people.needs[i], *([(person, 1)] if person >= 0 else [])]
    wanted = [(people.capacity[who], units) for who, units in needs if not people.capacity[who].is_level]
    if not wanted or net.ended[i] is not None:
        return None
    there = reduce(_both, (list(_there(profile, units)) for profile, units in wanted))
    length = 0.0 if net.hours[i] else net.lengths[i] / _MICROS
    fitting = [(a, b - length) for a, b in there if b - length >= a] or [(a, b) for a, b in there]
    begins, ends = [a for a, _ in fitting] or [0.0], [b for _, b in fitting] or [_EVER]
    return np.array(begins), np.array([*ends[:-1], _EVER])


def _there(profile: Profile, units: int) -> Iterable[_Stretch]:
    """The stretches with at least so many units."""
    until = [at for at, _ in profile.steps[1:]]
    begin: float | None = None
    for (since, capacity), end in zip(profile.steps, [*until, None], strict=True):
        if capacity >= units and begin is None:
            begin = since / _MICROS
        elif capacity < units and begin is not None:
            yield begin, since / _MICROS
            begin = None
        if end is None and begin is not None:
            yield begin, _EVER


def _both(one: Sequence[_Stretch], other: Sequence[_Stretch]) -> list[_Stretch]:
    overlaps = ((max(a, c), min(b, d)) for a, b in one for c, d in other)
    return [(a, b) for a, b in overlaps if a < b]
