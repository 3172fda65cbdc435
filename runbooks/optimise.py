"""The shortest plan there is, or how far from it: OR-Tools CP-SAT on the network and its crew.

Optional: `pip install 'cutover-golive[optimise]'`. The model is a relaxation where it must be (times that are
off its grid are rounded down, rest and the pauses of calendars are left to the placing), so its bound holds
for the real plan; the schedule is always made by the placing, in the order that the solver found.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from math import gcd
from typing import TYPE_CHECKING, Any

from cutover.core.errors import Invalid, Unavailable
from runbooks.domain.capacity.bounds import lower_bound
from runbooks.domain.capacity.crew import Crew
from runbooks.domain.capacity.levelling import dispatch, in_order
from runbooks.domain.capacity.placing import Levelled
from runbooks.domain.capacity.resequencing import MINUTE, Solved
from runbooks.domain.plan import FROM_END, TO_END
from runbooks.domain.timing.network import Network

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

WORKERS = 2
FINEST = 1_000_000  # microseconds: a second is fine enough to order tasks by
POLL = 0.05  # seconds between two looks at whether to go on
MISSING = "OR-Tools is not installed: pip install 'cutover-golive[optimise]'"

KeepGoing = Callable[[], bool]


def optimise(
    net: Network,
    crew: Crew,
    *,
    keep_going: KeepGoing,
    first: Levelled | None = None,
    workers: int = WORKERS,
) -> Solved:
    """The plan that ends soonest, proven or as near as `keep_going` allows; begins from `first` where given.

    Raises Unavailable without the extra, Invalid for a plan that cannot be worked at all.
    """
    cp = solver_library()
    best = first or dispatch(net, crew)
    bound = lower_bound(net, crew)
    model = _Model(cp, net, crew, best)
    if bound >= best.finish or not model.open:
        return Solved(best, bound, model.slack)
    model.minimise_finish(bound)
    model.hint(best)
    found, proven = model.solved(keep_going, workers)
    plan = _placed(net, crew, found)
    if plan is None or plan.finish >= best.finish:
        plan = best
    return Solved(plan, min(max(bound, proven), plan.finish), model.slack)


def steadied(
    net: Network,
    crew: Crew,
    goal: Levelled,
    planned: Sequence[int],
    *,
    keep_going: KeepGoing,
    workers: int = WORKERS,
) -> Levelled:
    """A plan that ends no later than `goal` and moves as little as possible from the `planned` starts."""
    cp = solver_library()
    model = _Model(cp, net, crew, goal)
    if not model.open:
        return goal
    model.minimise_moves(goal.finish, planned)
    model.hint(goal)
    found, _ = model.solved(keep_going, workers)
    plan = _placed(net, crew, found)
    return plan if plan and plan.finish <= goal.finish else goal


def solver_library() -> Any:
    """OR-Tools' CP-SAT. Raises Unavailable with the line that installs it."""
    try:
        from ortools.sat.python import cp_model
    except ImportError as error:
        raise Unavailable(MISSING, permanent=True) from error
    return cp_model


@dataclass(frozen=True, slots=True)
class Found:
    """The solver's starts, in slots by position, and whom it gave the tasks that several may do."""

    starts: list[int]
    given: dict[int, int]


def _placed(net: Network, crew: Crew, found: Found | None) -> Levelled | None:
    """The real plan in the solver's order, each task done by whom the solver chose."""
    if found is None:
        return None
    chosen = tuple((found.given[i],) if i in found.given else one for i, one in enumerate(crew.anyone))
    try:
        return in_order(net, replace(crew, anyone=chosen), found.starts)
    except Invalid:
        return None


class _Model:
    """The plan in the solver's terms: a start for each task, an interval for each who may do it."""

    def __init__(self, cp: Any, net: Network, crew: Crew, plan: Levelled) -> None:
        self.cp, self.net, self.crew = cp, net, crew
        self.open = [i for i, begun in enumerate(net.began) if begun is None]
        self.origin = min((net.floor[i] for i in self.open), default=net.now)
        self.slot, exact = self._grid()
        self.slack = 0 if exact else MINUTE  # nobody plans finer
        self.horizon = -(-(plan.finish - self.origin) // self.slot)
        self.model: cp_model.CpModel = cp.CpModel()
        self.lengths = [self._down(length) for length in net.lengths]
        self.starts = {i: self._start(i) for i in self.open}
        self.finish = self.model.new_int_var(0, self.horizon, "finish")
        self.given: dict[tuple[int, int], Any] = {}
        self._link(plan)
        self._share(plan)

    def _grid(self) -> tuple[int, bool]:
        """The coarsest clock on which nothing is rounded, or a second."""
        net = self.net
        times = [net.lengths[i] for i in self.open] + [net.floor[i] - self.origin for i in self.open]
        times += [lag for i in self.open for _, _, lag in net.ties[i]]
        times += [at - self.origin for profile in self.crew.capacity for at, _ in profile.steps[1:]]
        times += [t - self.origin for i in range(len(net.ids)) if net.began[i] is not None
                  for t in (net.ended[i], net.due[i], net.now) if t is not None and t > self.origin]  # fmt: skip
        exact = gcd(*times) if times else 0
        return (exact, True) if exact >= FINEST else (FINEST, False)

    def _down(self, span: int) -> int:
        return span // self.slot

    def _start(self, i: int) -> Any:
        first = max(0, self._down(self.net.floor[i] - self.origin))
        return self.model.new_int_var(first, max(first, self.horizon - self.lengths[i]), f"start{i}")

    def _link(self, plan: Levelled) -> None:
        """Every tie as a distance between starts; a calendar's task may take longer than its work, never shorter."""
        for i in self.open:
            self.model.add(self.finish >= self.starts[i] + self.lengths[i])
            for before, kind, lag in self.net.ties[i]:
                from_end, to_end = kind in FROM_END, kind in TO_END
                if to_end and self.net.hours[i] is not None:
                    continue
                own = self.lengths[i] if to_end else 0
                if before in self.starts:
                    first = self.starts[before] + (self.lengths[before] if from_end else 0)
                    self.model.add(self.starts[i] + own >= first + self._down(lag))
                else:
                    point = (plan.ends if from_end else plan.starts)[before] + lag - self.origin
                    self.model.add(self.starts[i] + own >= self._down(point))

    # --- who is there ---

    def _share(self, plan: Levelled) -> None:
        work: dict[int, list[tuple[Any, int]]] = {who: [] for who in range(len(self.crew.names))}
        loads = dict.fromkeys(work, 0)
        for i in self.open:
            if not self.lengths[i] or self.net.hours[i] is not None:
                continue
            whole = self.model.new_fixed_size_interval_var(self.starts[i], self.lengths[i], f"task{i}")
            for who, units in self.crew.needs[i]:
                work[who].append((whole, units))
                loads[who] += self.lengths[i] * units
            for person, one in self._given(i, whole):
                work[person].append((one, 1))
        for who, intervals in work.items():
            if intervals:
                self._hold(who, intervals, plan)
        self._bound_by_load(loads)

    def _given(self, i: int, whole: Any) -> Iterator[tuple[int, Any]]:
        people = self.crew.anyone[i]
        if len(people) == 1:
            yield people[0], whole
            return
        chosen = [self.model.new_bool_var(f"task{i}by{person}") for person in people]
        if chosen:
            self.model.add_exactly_one(chosen)
        for person, is_it in zip(people, chosen, strict=True):
            self.given[i, person] = is_it
            yield (
                person,
                self.model.new_optional_fixed_size_interval_var(
                    self.starts[i], self.lengths[i], is_it, f"task{i}of{person}"
                ),
            )

    def _hold(self, who: int, intervals: list[tuple[Any, int]], plan: Levelled) -> None:
        """Never more at work than are there."""
        most = self.crew.capacity[who].most
        away = [
            (self.model.new_fixed_size_interval_var(begin, end - begin, ""), units)
            for begin, end, units in self._away(who, plan)
        ]
        both = [*intervals, *away]
        if most == 1:
            self.model.add_no_overlap([one for one, _ in both])
        else:
            self.model.add_cumulative([one for one, _ in both], [units for _, units in both], most)

    def _away(self, who: int, plan: Levelled) -> Iterator[tuple[int, int, int]]:
        """When how many of them are off duty or busy with what has begun: (from, until, how many), in slots."""
        profile = self.crew.capacity[who]
        begun = [
            (plan.starts[i], plan.ends[i], units)
            for i, at in enumerate(self.net.began)
            for one, units in (*self.crew.needs[i], (plan.who[i], 1))
            if at is not None and one == who and self.net.hours[i] is None
        ]
        ends = {at for a, b, _ in begun for at in (a, b)} | {at for at, _ in profile.steps[1:]}
        last = self.origin + (self.horizon + 1) * self.slot
        moments = [self.origin, *sorted(at for at in ends if self.origin < at < last), last]
        for a, b in pairwise(moments):
            busy = sum(units for begin, end, units in begun if begin <= a < end)
            missing = profile.most - max(0, profile.at(a) - busy)
            first, until = -(-(a - self.origin) // self.slot), self._down(b - self.origin)
            if missing and first < until:
                yield first, until, missing

    def _bound_by_load(self, loads: dict[int, int]) -> None:
        """Each team as a whole must work through its tasks: a row that follows from the rest, and bounds well."""
        for who, load in loads.items():
            if self.crew.capacity[who].is_level:
                self.model.add(self.crew.capacity[who].most * self.finish >= load)

    # --- what is asked ---

    def minimise_finish(self, bound: int) -> None:
        self.model.add(self.finish >= max(0, self._down(bound - self.origin)))
        self.model.minimize(self.finish)

    def minimise_moves(self, finish: int, planned: Sequence[int]) -> None:
        """End by then, and start as near as can be to what people were told."""
        self.model.add(self.finish <= -(-(finish - self.origin) // self.slot))
        moves = []
        for i, start in self.starts.items():
            was = self._down(planned[i] - self.origin)
            move = self.model.new_int_var(0, max(self.horizon, abs(self.horizon - was), abs(was)), "")
            self.model.add(move >= start - was)
            self.model.add(move >= was - start)
            moves.append(move)
        self.model.minimize(sum(moves))

    def hint(self, plan: Levelled) -> None:
        for i, start in self.starts.items():
            self.model.add_hint(start, max(0, self._down(plan.starts[i] - self.origin)))
        for (i, person), is_it in self.given.items():
            self.model.add_hint(is_it, plan.who[i] == person)

    def solved(self, keep_going: KeepGoing, workers: int) -> tuple[Found | None, int]:
        """What the solver found, if anything, and its bound in microseconds after the plan opens."""
        solver = self.cp.CpSolver()
        solver.parameters.num_workers = workers
        with _stopping(solver, keep_going):
            status = solver.solve(self.model)
        bound = self.origin + round(solver.best_objective_bound) * self.slot
        if status not in (self.cp.OPTIMAL, self.cp.FEASIBLE):
            return None, bound
        starts = [self.net.began[i] or 0 for i in range(len(self.net.ids))]
        for i, start in self.starts.items():
            starts[i] = solver.value(start)
        given = {i: person for (i, person), is_it in self.given.items() if solver.boolean_value(is_it)}
        return Found(starts, given), bound


@contextmanager
def _stopping(solver: Any, keep_going: KeepGoing) -> Iterator[None]:
    """Stop the solver once `keep_going` says no: the caller decides what time is, the solver knows only seconds."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(POLL):
            if not keep_going():
                solver.stop_search()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
