"""What another order, or another pair of hands, would bring: more people on a team, and a run that is late.

A proposal for a run in progress moves few tasks: people have been told when they are wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cutover.core.errors import Invalid, NotFound
from runbooks.domain.capacity.crew import Crew, Profile
from runbooks.domain.capacity.levelling import in_order
from runbooks.domain.capacity.placing import Levelled
from runbooks.domain.timing.network import Network

MOVED = 15 * 60_000_000  # microseconds: whoever starts this much earlier or later must be told
MINUTE = 60_000_000


@dataclass(frozen=True, slots=True)
class Solved:
    """A plan, and the earliest moment at which any order of its tasks could end it."""

    plan: Levelled
    bound: int
    slack: int = 0  # microseconds that rounding in the proof may hide

    @property
    def proven(self) -> bool:
        """Whether no order ends it earlier."""
        return self.plan.finish <= self.bound + self.slack

    @property
    def gap(self) -> float:
        """At most this share of the plan's length could still be saved."""
        return 0.0 if self.proven else (self.plan.finish - self.bound) / max(1, self.plan.finish)


@dataclass(frozen=True, slots=True)
class Move:
    """A task that a proposal starts at another time, or gives to another person. Microseconds after the opening."""

    task: str
    was: int
    becomes: int
    was_by: str
    by: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A run's plan if all goes on in the planned order, the best other order found, and what must be told to whom.

    `planned` is when the plan was to end before anything had happened.
    """

    planned: int
    keep: Levelled
    best: Solved
    moves: tuple[Move, ...]

    @property
    def delay(self) -> int:
        return max(0, self.keep.finish - self.planned)

    @property
    def gain(self) -> int:
        """How much sooner the proposal ends than the planned order; less than a minute is nothing."""
        gain = self.keep.finish - self.best.plan.finish
        return gain if gain >= MINUTE else 0

    @property
    def most(self) -> int:
        """What no order can beat: the most that re-ordering could gain."""
        most = self.keep.finish - self.best.bound
        return most if most >= MINUTE else 0


def with_more(crew: Crew, team: str, more: int) -> Crew:
    """The crew with so many more (or fewer) on a team, in every shift that it has. Raises NotFound."""
    if team not in crew.teams:
        raise NotFound("team", team, crew.teams)
    at = crew.teams.index(team)
    steps = tuple((since, max(0, n + more) if n else 0) for since, n in crew.capacity[at].steps)
    return replace(crew, capacity=(*crew.capacity[:at], Profile(steps), *crew.capacity[at + 1 :]))


def moves(net: Network, crew: Crew, was: Levelled, becomes: Levelled) -> tuple[Move, ...]:
    """Who must be told: tasks that move by `MOVED` or more or change hands, in the order of the new plan."""
    found = [
        Move(name, was.starts[i], becomes.starts[i], _name(crew, was.who[i]), _name(crew, becomes.who[i]))
        for i, name in enumerate(net.ids)
        if net.began[i] is None
        and (abs(was.starts[i] - becomes.starts[i]) >= MOVED or was.who[i] != becomes.who[i])
    ]
    return tuple(sorted(found, key=lambda move: (move.becomes, move.task)))


def settled(
    net: Network, crew: Crew, goal: Levelled, planned: Sequence[int], keep_going: Callable[[], bool]
) -> Levelled:
    """A plan no later than `goal` in which as many tasks as can be stand where they were planned.

    Task by task its planned place in the order is tried again, those that moved least first; what makes the plan
    later is taken back.
    """
    best, urgency = goal, list(goal.starts)
    for i in sorted(range(len(planned)), key=lambda i: abs(planned[i] - goal.starts[i])):
        if not keep_going():
            break
        if net.began[i] is not None or best.starts[i] == planned[i]:
            continue
        tried = [*urgency[:i], planned[i], *urgency[i + 1 :]]
        found = _tried(net, crew, tried)
        if found and found.finish <= goal.finish and _moved(found, planned) <= _moved(best, planned):
            best, urgency = found, tried
    return best


def _tried(net: Network, crew: Crew, urgency: Sequence[int]) -> Levelled | None:
    try:
        return in_order(net, crew, urgency)
    except Invalid:
        return None


def _moved(plan: Levelled, planned: Sequence[int]) -> tuple[int, int]:
    """How many tasks are moved, and by how much altogether."""
    shifts = [abs(a - b) for a, b in zip(plan.starts, planned, strict=True)]
    return sum(shift >= MOVED for shift in shifts), sum(shifts)


def _name(crew: Crew, person: int) -> str:
    return crew.names[person] if person >= 0 else ""
