"""How long to search and with what: the leveller between a programme's plans or runs and the pure levelling.

Whatever is shown has passed the verifier; a schedule that has not is refused with its faults.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from cutover.core.errors import Refused, Unavailable
from runbooks.domain.capacity.bounds import lower_bound
from runbooks.domain.capacity.crew import Crew, crew
from runbooks.domain.capacity.handovers import loosened
from runbooks.domain.capacity.levelling import in_order, level
from runbooks.domain.capacity.placing import Levelled
from runbooks.domain.capacity.resequencing import Proposal, Solved, moves, settled, with_more
from runbooks.domain.capacity.verifier import faults_of
from runbooks.domain.forecasting.situation import Situation
from runbooks.domain.timing.calendars import calendars_of
from runbooks.domain.timing.network import Network, network
from runbooks.optimise import optimise, solver_library, steadied

if TYPE_CHECKING:
    from cutover.domain.programme import Programme
    from runbooks.domain.plan import Task

SEED = 72
LEVEL = 2.0  # seconds for the search without the extra
OPTIMISE = 10.0  # seconds for the solver, on two workers
STEADY = 5.0  # seconds to find the plan that moves least
TURNS = (
    0.02,
    0.2,
    0.5,
    1.0,
)  # of that time: until when the search, the solver, the search and the solver are at it
EACH = 2.0  # seconds for each team of a what-if

KeepGoing = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Staffed:
    """A plan made ready for levelling: its tasks by position, who does them, and in which order it was written."""

    net: Network
    crew: Crew
    written: tuple[int, ...]

    def in_written_order(self) -> Levelled:
        """The plan as people read it from the top: who is free takes the first task that may start."""
        return checked(self.net, self.crew, in_order(self.net, self.crew, self.written))


@dataclass(frozen=True, slots=True)
class Saving:
    """What more people on one team would save (microseconds), and whether that is proven."""

    team: str
    more: int
    saves: int
    finish: int
    proven: bool


def seconds(span: float) -> KeepGoing:
    """Go on for so many seconds from now."""
    until = time.monotonic() + span
    return lambda: time.monotonic() < until


def staffed(tasks: Sequence[Task], programme: Programme, opens: datetime | None = None) -> Staffed:
    """A plan and its crew, without the order that an earlier levelling left in it. Raises Invalid."""
    begin, free = opens or programme.opens, loosened(tasks)
    return _staffed(network(free, begin, calendars=calendars_of(programme, begin)), free, programme)


def _staffed(net: Network, tasks: Sequence[Task], programme: Programme | None) -> Staffed:
    line = {task.id: n for n, task in enumerate(tasks)}
    return Staffed(net, crew(net, tasks, programme), tuple(line[name] for name in net.ids))


def has_solver() -> bool:
    try:
        solver_library()
    except Unavailable:
        return False
    return True


def solve(plan: Staffed, *, exact: bool, span: float | None = None) -> Solved:
    """The plan levelled: by the search alone, or `exact`, by the solver after a short search."""
    net, people = plan.net, plan.crew
    if not exact:
        found = Solved(
            level(net, people, seed=SEED, keep_going=seconds(span or LEVEL)), lower_bound(net, people)
        )
    else:
        found = solve_exactly(net, people, span or OPTIMISE)
    checked(net, people, found.plan)
    return found


def solve_exactly(
    net: Network, people: Crew, span: float, clock: Callable[[], float] = time.monotonic
) -> Solved:
    """Search and solver in turns: most plans are proven in the first; for the others a long search helps the solver."""
    begun = clock()

    def until(share: float) -> KeepGoing:
        return lambda: clock() - begun < share * span

    short, early, long, last = map(until, TURNS)
    first = level(net, people, seed=SEED, keep_going=short)
    solved = optimise(net, people, keep_going=early, first=first)
    if solved.proven or not last():
        return solved
    better = min(
        solved.plan, level(net, people, seed=SEED + 1, keep_going=long), key=lambda plan: plan.finish
    )
    again = optimise(net, people, keep_going=last, first=better)
    return Solved(again.plan, min(again.plan.finish, max(solved.bound, again.bound)), again.slack)


def checked(net: Network, people: Crew, plan: Levelled) -> Levelled:
    """The plan, having passed the verifier. Raises Refused with every fault."""
    if faults := faults_of(net, people, plan):
        raise Refused("the levelled plan breaks a rule and is not shown", *faults)
    return plan


def what_if(plan: Staffed, changes: Sequence[tuple[str, int]]) -> tuple[Solved, list[Saving]]:
    """The plan as it is, and what each change (team, how many more) saves, the greatest saving first."""
    exact = has_solver()
    now = solve(plan, exact=exact, span=EACH)
    savings = [_saving(plan, now, team, more, exact=exact) for team, more in changes]
    return now, sorted(savings, key=lambda s: (-s.saves, s.team))


def _saving(plan: Staffed, now: Solved, team: str, more: int, *, exact: bool) -> Saving:
    """A team that cannot help is known from the bound alone: no search."""
    other = Staffed(plan.net, with_more(plan.crew, team, more), plan.written)
    if more > 0 and lower_bound(other.net, other.crew) >= now.plan.finish:
        return Saving(team, more, 0, now.plan.finish, proven=True)
    found = solve(other, exact=exact, span=EACH)
    finish = min(found.plan.finish, now.plan.finish) if more > 0 else found.plan.finish
    return Saving(team, more, now.plan.finish - finish, finish, now.proven and found.proven)


def propose(situation: Situation, *, span: float | None = None) -> Proposal:
    """Another order for what is left of a run, if one gains anything; few tasks move. Raises Invalid."""
    programme, exact = situation.programme, has_solver()
    start = Situation(situation.tasks, situation.opens, programme=programme).network()
    planned = _staffed(start, situation.tasks, programme).in_written_order()
    was = dict(zip(start.ids, planned.starts, strict=True))
    free = replace(situation, tasks=loosened(situation.tasks))
    plan = _staffed(free.network(), free.tasks, programme)
    order = [was.get(name, 0) for name in plan.net.ids]  # a repair that was not planned goes first
    keep = checked(plan.net, plan.crew, in_order(plan.net, plan.crew, order))
    best = solve(plan, exact=exact, span=span)
    steady = _steady(plan, best.plan, keep, exact=exact) if best.plan.finish < keep.finish else keep
    found = Solved(steady, min(best.bound, steady.finish), best.slack)
    return Proposal(planned.finish, keep, found, moves(plan.net, plan.crew, keep, steady))


def _steady(plan: Staffed, goal: Levelled, keep: Levelled, *, exact: bool) -> Levelled:
    """As good as the goal, and as near as can be to the planned order."""
    near = settled(plan.net, plan.crew, goal, keep.starts, seconds(STEADY / 5))
    if exact:
        near = steadied(plan.net, plan.crew, near, keep.starts, keep_going=seconds(STEADY))
    return checked(plan.net, plan.crew, near)
