"""Until when one can still turn back, and when one would be back: the way back drawn in the same samples as the plan.

The way back is a plan of its own, whose tasks undo tasks of the plan. Whatever has not begun need not be undone:
in each sample the way back from the gate is as long as what had begun by then makes it, under the same luck of
programme and teams. Where there is no such plan, the stated length of the way back stands in, and that is said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from cutover.domain.programme import Programme
from runbooks.domain.backout_plan import make_backout
from runbooks.domain.forecasting.passes import Flags, Row, Times, walk
from runbooks.domain.forecasting.sampling import TICKS, Draws
from runbooks.domain.forecasting.situation import Situation
from runbooks.domain.forecasting.staffing import staffing
from runbooks.domain.plan import Runbook, Task
from runbooks.domain.timing.network import Network

QUANTILE = 0.95  # of the way back: whoever turns back at the last moment is still home 19 times in 20
_MICROS = 1e6


@dataclass(frozen=True, slots=True)
class WayBack:
    """Until when the way back, begun then, still ends inside the window, and with which chance.

    `length` is the way back's quantile; `planned` says that it comes from a backout plan and not from the
    stated length. `back_by` is when one would be back if one aborted now (None: nothing has begun). `overrun`
    is the chance that the gate's time and the way back from there together pass the window (None: no gate).
    """

    quantile: float
    length: timedelta
    latest: datetime
    planned: bool
    back_by: datetime | None = None
    gate: str = ""
    overrun: float | None = None


def way_back_tasks(book: Runbook, existing: Runbook | None) -> tuple[Task, ...]:
    """The tasks that lead back: of the backout plan there is, else made of the plan where it says how long undoing takes.

    (): there is only the stated length. A way back made of nothing but guesses would be no better.
    """
    if existing is not None:
        return existing.tasks
    if any(task.undo_duration is not None or task.undo_estimate is not None for task in book.tasks):
        return make_backout(book).runbook.tasks
    return ()


@dataclass(frozen=True, slots=True)
class Turning:
    """What there is to turn back with: the window's close, the stated length, the backout plan's tasks if any."""

    closes: datetime
    stated: timedelta = timedelta(0)
    plan: tuple[Task, ...] = ()
    quantile: float = QUANTILE


class BackoutSamples:
    """The way back in every sample of a forecast: from the gate, and from now."""

    def __init__(self, turning: Turning, situation: Situation, net: Network, seed: int) -> None:
        self.generator = np.random.default_rng([seed, 1])  # its own: the plan's samples stay what they are
        self.turning, self.net, tasks = turning, net, situation.tasks
        self.gate = _gate(net, tasks)
        self.undone: frozenset[int] = frozenset()  # positions in the plan whose starts are asked for
        self.over: list[NDArray[np.float64]] = []  # the gate's time
        self.back: list[NDArray[np.float64]] = []  # the way back from the gate, or of the whole plan
        self.now: list[NDArray[np.float64]] = []  # the way back from here
        if turning.plan:
            hands = situation.programme and all_hands(situation.programme)
            way = Situation(
                turning.plan, net.opens, programme=hands, distribution=situation.distribution,
                correlation=situation.correlation,
            )  # fmt: skip
            own = way.network()
            self.walk = walk(own, staffing(own, turning.plan, hands) if hands else None)
            self.doubt = way.doubt(own, sorted({t.team for t in (*tasks, *turning.plan)} - {""}))
            self.undoes = _undone(own, turning.plan, net)
            self.undone = frozenset(i for i in self.undoes if i is not None)

    def add(self, draws: Draws, times: Times) -> None:
        """One chunk of the plan's own samples."""
        gate = None if self.gate is None else times.ends[self.gate] / TICKS
        if gate is not None:
            self.over.append(gate)
        if self.turning.plan:
            again = Draws(self.doubt, self.generator, draws.own.shape[1], factors=draws.factors)
            back = Times(self.walk, draws.own.shape[1])
            self.back.append(self._way(back, again, lambda i: gate is None or times.starts[i] < gate * TICKS))
            if self._has_begun():
                self.now.append(self._way(back, again, lambda i: self.net.began[i] is not None))

    def _way(
        self, back: Times, draws: Draws, has_begun: Callable[[int], Flags | bool]
    ) -> NDArray[np.float64]:
        """How long the way back takes when what has begun is undone."""

        def length(i: int, out: Row) -> Row | int:
            drawn, undoes = draws.length(i, out), self.undoes[i]
            return drawn if undoes is None else np.multiply(drawn, has_begun(undoes), out=out)

        return back.forward(length) / TICKS

    def _has_begun(self) -> bool:
        return any(begun is not None for begun in self.net.began)

    def way_back(self) -> WayBack:
        turning, gate = self.turning, "" if self.gate is None else self.net.ids[self.gate]
        back = np.concatenate(self.back) if self.back else None
        length = turning.stated if back is None else _quantile(back, turning.quantile)
        now = self.net.opens + timedelta(microseconds=self.net.now)
        home = _quantile(np.concatenate(self.now), turning.quantile) if self.now else turning.stated
        back_by = now + home if self._has_begun() else None
        latest = turning.closes - length
        return WayBack(turning.quantile, length, latest, back is not None, back_by, gate, self._overrun(back))

    def _overrun(self, back: NDArray[np.float64] | None) -> float | None:
        if not self.over:
            return None
        home = np.concatenate(self.over) + (self.turning.stated.total_seconds() if back is None else back)
        return float(np.mean(home > (self.turning.closes - self.net.opens).total_seconds()))


def _gate(net: Network, tasks: Sequence[Task]) -> int | None:
    """The first task ahead that closes the way back."""
    closing = {task.id for task in tasks if task.point_of_no_return}
    ahead = zip(net.ids, net.ended, strict=True)
    return next((i for i, (name, over) in enumerate(ahead) if name in closing and over is None), None)


def _undone(own: Network, plan: Sequence[Task], net: Network) -> tuple[int | None, ...]:
    """By position in the way back: the position of the task undone; None for what is always done."""
    at = {name: i for i, name in enumerate(net.ids)}
    undoes = {task.id: task.undoes for task in plan}
    return tuple(at.get(undoes[name]) for name in own.ids)


def all_hands(programme: Programme) -> Programme:
    """A way back waits for no shift: everybody is called."""
    return programme.model_copy(
        update={
            "teams": tuple(t.model_copy(update={"shifts": ()}) for t in programme.teams),
            "people": tuple(p.model_copy(update={"shifts": ()}) for p in programme.people),
        }
    )


def _quantile(seconds: NDArray[np.float64], chance: float) -> timedelta:
    place = max(0, round(chance * len(seconds)) - 1)
    return timedelta(seconds=round(float(np.partition(seconds, place)[place])))
