"""How soon a plan could end at best, whatever the order of its tasks: what no search can beat.

Two relaxations: everybody is everywhere at once (the critical path), and each team works without a pause on
what can neither begin earlier nor be followed by less (its load between heads and tails).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd

from runbooks.domain.capacity.crew import REST, Crew, Profile
from runbooks.domain.capacity.placing import NEVER, late_starts
from runbooks.domain.timing.network import Network, forward

Job = tuple[
    int, int, int
]  # head: earliest start; work: length times units; tail: what must still follow its end


def lower_bound(net: Network, crew: Crew) -> int:
    """No schedule of the plan ends before this; microseconds after it opens."""
    starts, ends = forward(net)
    tails = [-late - length for late, length in zip(late_starts(net, net.lengths), net.lengths, strict=True)]
    best = max(ends, default=net.now)
    for who, profile in enumerate(crew.capacity):
        jobs = sorted(_jobs(net, crew, who, starts, tails))
        best = max(best, _loaded(jobs, profile))
    step = _step(net, crew)
    return -(-best // step) * step


def _step(net: Network, crew: Crew) -> int:
    """Every start and end of a plan placed as early as can be is a multiple of this: on a grid of five minutes, five."""
    if any(hours is not None for hours in net.hours):
        return 1
    times = [*net.lengths, *net.floor, *([REST] if crew.rests else [])]
    times += [lag for ties in net.ties for _, _, lag in ties]
    times += [at for profile in crew.capacity for at, _ in profile.steps]
    times += [at for at in (*net.began, *net.ended, *net.due, net.now) if at is not None]
    return gcd(*times) or 1


def _jobs(net: Network, crew: Crew, who: int, starts: list[int], tails: list[int]) -> Iterator[Job]:
    """The tasks still to begin that need one team or person, and nobody else instead."""
    for i, begun in enumerate(net.began):
        units = sum(n for one, n in crew.needs[i] if one == who) + (crew.anyone[i] == (who,))
        if units and begun is None and net.hours[i] is None and net.lengths[i]:
            yield starts[i], net.lengths[i] * units, tails[i]


def _loaded(jobs: list[Job], profile: Profile) -> int:
    """Over every set of tasks that begin at one head or later and have one tail or more: when its work can be done."""
    best = 0
    heads = sorted({head for head, _, _ in jobs})
    for head in heads:
        work = 0
        for _, more, tail in sorted((j for j in jobs if j[0] >= head), key=lambda j: -j[2]):
            work += more
            best = max(best, _worked_off(profile, head, work) + tail)
    return best


def _worked_off(profile: Profile, begin: int, work: int) -> int:
    """When so much work is done at the earliest, all who are there working from `begin` on; 0 if it never is."""
    steps = profile.steps
    for k, (at, there) in enumerate(steps):
        until = steps[k + 1][0] if k + 1 < len(steps) else NEVER
        here = there * max(0, until - max(at if k else -NEVER, begin))
        if there and here >= work:
            return max(at if k else begin, begin) + -(-work // there)
        work -= here
    return 0
