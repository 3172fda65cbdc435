"""When each task happens in many samples at once, and in which of them it decides the end.

Max-plus over rows: one row a task, one column a sample, whole ticks after the window opens. The forward pass is the
network's own (all four links, lags, calendars, what has happened); to it come who hands a person over to whom and
when a team is there. The backward pass asks which ties really held: ticks are exact, so no tolerance is needed. Rows
that decide the end in no sample are passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from runbooks.domain.forecasting.sampling import TICKS, tick, ticks
from runbooks.domain.forecasting.staffing import Staffing
from runbooks.domain.plan import FROM_END, TO_END, LinkKind
from runbooks.domain.timing.calendars import WorkingTime
from runbooks.domain.timing.network import Network, Tie

Row: TypeAlias = NDArray[np.int32]
Flags: TypeAlias = NDArray[np.bool_]
Lengths: TypeAlias = Callable[[int, Row], Row | int]


class Hold(NamedTuple):
    """A tie made ready: from which end of which row, how much later, and whether it binds the end."""

    before: int
    from_end: bool
    lag: int
    to_end: bool


class Step(NamedTuple):
    """One task of the pass that has not ended: where it begins at the earliest, or began, and what holds it."""

    at: int
    floor: int
    begun: int | None
    holds: tuple[Hold, ...]
    hours: WorkingTime | None
    duty: tuple[Row, Row] | None


@dataclass(frozen=True, slots=True)
class Walk:
    """A network as steps in an order in which everything that holds a task comes before it."""

    size: int
    steps: tuple[Step, ...]
    over: tuple[tuple[int, int, int], ...]  # position, start, end of what has ended
    last: tuple[int, ...]  # the only ones that can end last
    least: int  # the end of the plan when nothing is left
    begins: frozenset[int]  # whose starts must be kept


def walk(net: Network, staffing: Staffing | None = None) -> Walk:
    """Make a network ready. Without `staffing` every team is taken to be large enough."""
    links = staffing.links if staffing else ()
    handed: list[list[Tie]] = [[] for _ in net.ids]
    for before, after in links:
        handed[after].append((before, LinkKind.FS, 0))
    ties = [(*own, *more) for own, more in zip(net.ties, handed, strict=True)]
    order = _order(ties) if links else range(len(ties))
    steps = tuple(_step(net, staffing, i, ties[i]) for i in order if net.ended[i] is None)
    over = tuple(
        (i, tick(net.began[i] or 0), tick(end)) for i, end in enumerate(net.ended) if end is not None
    )
    led = {
        h.before
        for s in steps
        for h in s.holds
        if h.from_end and h.lag >= 0 and (s.begun is None or h.to_end)
    }
    last = tuple(s.at for s in steps if s.at not in led)
    by_start = {h.before for s in steps for h in s.holds if not h.from_end}
    begins = frozenset(by_start | {s.at for s in steps if s.hours is not None})
    return Walk(len(ties), steps, over, last, max((o[2] for o in over), default=tick(net.now)), begins)


def _order(ties: Sequence[Sequence[Tie]]) -> list[int]:
    """Every position after those it waits for (Kahn); the links of a levelled plan close no circle."""
    followers: list[list[int]] = [[] for _ in ties]
    waits = [len(own) for own in ties]
    for i, own in enumerate(ties):
        for before, _, _ in own:
            followers[before].append(i)
    order = [i for i, n in enumerate(waits) if n == 0]
    for i in order:  # grows while it is read
        for follower in followers[i]:
            waits[follower] -= 1
            if not waits[follower]:
                order.append(follower)
    assert len(order) == len(ties), "the links of a levelled plan close a circle"
    return order


def _step(net: Network, staffing: Staffing | None, i: int, ties: Sequence[Tie]) -> Step:
    """What has ended holds by a moment that is known: the earliest start takes it in."""
    begun = net.began[i]
    floor = staffing.floor[i] if staffing else net.floor[i]
    holds = []
    for before, kind, lag in ties:
        known = net.ended[before] if kind in FROM_END else net.began[before]
        if known is not None and kind not in TO_END:
            floor = max(floor, known + lag)
        else:
            holds.append(Hold(before, kind in FROM_END, tick(lag), kind in TO_END))
    duty = staffing.starts[i] if staffing and begun is None else None
    return Step(
        i,
        tick(floor),
        None if begun is None else tick(begun),
        tuple(holds),
        net.hours[i],
        duty and (ticks(duty[0]), ticks(duty[1])),
    )


class Times:
    """Ends of one chunk of samples; the arrays are used again for the next.

    A start is an end less a length, exactly, so most starts are not kept: only those of `kept` positions, of
    tasks that others are tied to by their start, and of tasks with a calendar.
    """

    def __init__(self, walk: Walk, samples: int, kept: Collection[int] = ()) -> None:
        self.walk = walk
        self.ends = np.empty((walk.size, samples), dtype=np.int32)
        self.starts = {i: np.empty(samples, dtype=np.int32) for i in {*kept, *walk.begins}}
        self.finish = np.empty(samples, dtype=np.int32)
        self._start, self._point, self._length = (np.empty(samples, dtype=np.int32) for _ in range(3))
        self._held = np.empty(samples, dtype=np.bool_)
        for i, start, end in walk.over:
            self.ends[i] = end
            if i in self.starts:
                self.starts[i].fill(start)

    def forward(self, lengths: Lengths) -> Row:
        """The end of the plan in each sample; `starts` and `ends` hold the rest."""
        self.lengths = lengths
        for step in self.walk.steps:
            length = lengths(step.at, self._length)
            if step.begun is not None:
                self._run_on(step, step.begun, length)
            else:
                self._place(step, length)
        self.finish.fill(self.walk.least)
        for i in self.walk.last:
            np.maximum(self.finish, self.ends[i], out=self.finish)
        return self.finish

    def _place(self, step: Step, length: Row | int) -> None:
        start, end = self.starts.get(step.at, self._start), self.ends[step.at]
        least: Row | int = step.floor
        for hold in step.holds:
            if not hold.to_end:
                least = np.maximum(self._of(hold), least, out=start)
        if least is not start:
            start.fill(step.floor)
        if step.hours is not None or step.duty is not None:
            start[:] = _on_duty(step, start)
        if step.hours is None:
            np.add(start, length, out=end)
        else:
            end[:] = _ends(step.hours, start, length)
        for hold in step.holds:
            if hold.to_end:
                self._not_before(step, hold, start, length)

    def _not_before(self, step: Step, hold: Hold, start: Row, length: Row | int) -> None:
        """Begin later where the end would come before what it is tied to; a calendar's task is drawn out instead."""
        end = self.ends[step.at]
        np.maximum(end, self._of(hold), out=end)
        if step.hours is None:
            np.subtract(end, length, out=start)

    def _run_on(self, step: Step, begun: int, length: Row | int) -> None:
        end = self.ends[step.at]
        if step.at in self.starts:
            self.starts[step.at].fill(begun)
        if step.hours is None:
            np.add(begun, length, out=end)
        else:
            end[:] = _ends(step.hours, np.full_like(end, begun), length)
        for hold in step.holds:
            np.maximum(end, self._of(hold), out=end)

    def _of(self, hold: Hold) -> Row:
        """The moments at which a tie lets go."""
        row = self.ends[hold.before] if hold.from_end else self.starts[hold.before]
        return np.add(row, hold.lag, out=self._point) if hold.lag else row

    def count_critical(self) -> NDArray[np.int64]:
        """By position, in how many samples of the chunk the task is on a critical path."""
        counts = np.zeros(self.walk.size, dtype=np.int64)
        rows: dict[int, Flags] = {}  # of tasks still to be asked, where they decide the end in any sample
        for i in self.walk.last:
            if (held := self.ends[i] == self.finish).any():
                rows[i] = held
        for step in reversed(self.walk.steps):
            row = rows.pop(step.at, None)
            if row is not None:
                counts[step.at] = np.count_nonzero(row)
                self._pass_back(step, row, rows)
        return counts

    def _pass_back(self, step: Step, row: Flags, rows: dict[int, Flags]) -> None:
        """Whatever held a task where it decides the end decides the end as well."""
        start = self._begins(step) if any(not hold.to_end for hold in step.holds) else self._start
        for hold in step.holds:
            held = np.equal(self._of(hold), self.ends[step.at] if hold.to_end else start, out=self._held)
            held &= row
            if np.count_nonzero(held):  # quicker than any()
                known = rows.get(hold.before)
                if known is None:
                    rows[hold.before] = held.copy()
                else:
                    known |= held

    def _begins(self, step: Step) -> Row:
        if step.at in self.starts:
            return self.starts[step.at]
        start: Row = np.subtract(self.ends[step.at], self.lengths(step.at, self._length), out=self._start)
        return start


def _ends(hours: WorkingTime, start: Row, length: Row | int) -> Row:
    """When work of these lengths is done that goes on in a calendar's hours only."""
    works = np.broadcast_to(np.asarray(length, dtype=np.float64), start.shape)
    return ticks(hours.ends(start / TICKS, works / TICKS))


def _on_duty(step: Step, start: Row) -> Row:
    """The first moments from `start` at which the calendar works and the team is there."""
    for _ in range(2 if step.hours is not None and step.duty is not None else 1):
        if step.duty is not None:
            begins, ends = step.duty
            start = np.maximum(start, begins[np.searchsorted(ends, start, side="left")])
        if step.hours is not None:
            start = ticks(step.hours.afters(start / TICKS))
    return start
