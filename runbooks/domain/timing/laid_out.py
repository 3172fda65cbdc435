"""A plan laid out so that an edit is placed without placing everything again.

An edit makes a new laid-out plan and leaves the old one as it was: lists are copied, and only the tasks that come
after what changed are placed anew, in an order kept by Pearce and Kelly's rule ("A dynamic topological sort
algorithm for directed acyclic graphs", ACM JEA 11, 2007). Tasks keep their number for ever, so the network inside
is numbered by age; `order` says in which order its numbers are placed. What repairs are in the plan depends on
gates, so a plan with repairs at work, and an edit of a repair, is laid out anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from cutover.core.errors import Invalid, Problem, nearest
from runbooks.domain.plan import Task, faults
from runbooks.domain.timing.calendars import WorkingTime
from runbooks.domain.timing.network import (
    NOTHING,
    ROUND_THE_CLOCK,
    Actuals,
    Network,
    Tie,
    deadline_of,
    floor_of,
    forward,
    holds,
    micros,
    network,
    placer,
    ties_of,
)

NO_ACTUALS: Actuals = {}
GONE = -(10**18)  # where a removed task is placed: before everything
FEW = 200  # changed tasks from which laying out anew is no slower


@dataclass(frozen=True, slots=True)
class Edit:
    """Tasks as they shall be (new ones too), and the ids of those that shall go."""

    changed: tuple[Task, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Happened:
    """What has happened of a plan, and its calendars: the same before and after an edit."""

    actuals: Actuals
    now: datetime | None
    active_repairs: Collection[str]
    projected: Mapping[str, datetime]
    calendars: Mapping[str, WorkingTime]


@dataclass(frozen=True)
class LaidOut:
    """A plan with every task placed at its earliest. Numbered by age; `rank` is a number's place in `order`."""

    tasks: dict[str, Task]
    happened: Happened
    net: Network
    at: dict[str, int]
    order: list[int]
    rank: list[int]
    followers: list[tuple[int, ...]]
    starts: list[int]
    ends: list[int]
    mends: bool  # a repair is at work, or has been

    @property
    def finish(self) -> int:
        """The end of the plan, in microseconds after it opens."""
        return max(self.ends) if self.at else self.net.now

    @cached_property
    def critical(self) -> frozenset[str]:
        """The tasks not yet done that cannot end later without moving the end of the plan."""
        net, starts, ends, finish = self.net, self.starts, self.ends, self.finish
        stack = [i for i, end in enumerate(ends) if end == finish and net.ended[i] is None]
        seen = set(stack)
        while stack:
            i = stack.pop()
            for tie in net.ties[i]:
                before = tie[0]
                if before not in seen and net.ended[before] is None and holds(net, i, tie, starts, ends):
                    seen.add(before)
                    stack.append(before)
        return frozenset(net.ids[i] for i in seen)

    @cached_property
    def late(self) -> frozenset[str]:
        """The tasks that end after their own deadline."""
        limits = ((i, limit) for i, limit in enumerate(self.net.deadline) if limit is not None)
        return frozenset(self.net.ids[i] for i, limit in limits if self.ends[i] > limit)


def lay_out(
    tasks: Iterable[Task],
    opens: datetime,
    *,
    actuals: Actuals = NO_ACTUALS,
    now: datetime | None = None,
    active_repairs: Collection[str] = (),
    projected: Mapping[str, datetime] = NOTHING,
    calendars: Mapping[str, WorkingTime] = ROUND_THE_CLOCK,
) -> LaidOut:
    """Place the whole plan once. Raises Invalid for a faulty plan."""
    return _laid(tuple(tasks), opens, Happened(actuals, now, active_repairs, projected, calendars))


def _laid(tasks: Sequence[Task], opens: datetime, happened: Happened) -> LaidOut:
    net = network(
        tasks, opens, actuals=happened.actuals, now=happened.now, active_repairs=happened.active_repairs,
        projected=happened.projected, calendars=happened.calendars,
    )  # fmt: skip
    starts, ends = forward(net)
    followers: list[list[int]] = [[] for _ in net.ids]
    for i, ties in enumerate(net.ties):
        for before, _, _ in ties:
            followers[before].append(i)
    places, repairs = list(range(len(net.ids))), {task.id for task in tasks if task.repairs}
    return LaidOut(
        {task.id: task for task in tasks}, happened, net, {name: i for i, name in enumerate(net.ids)},
        places, places.copy(), [tuple(names) for names in followers], starts, ends,
        bool(repairs & set(net.ids)),
    )  # fmt: skip


def edited(laid: LaidOut, edit: Edit) -> tuple[LaidOut, Sequence[int]]:
    """The plan after an edit, and the numbers in it of those tasks that may have moved.

    Raises Invalid for an edit that names a task the plan does not have, or that makes tasks wait for each other.
    """
    tasks = _tasks_after(laid, edit)
    if not _is_plain(laid, edit):
        anew = _laid(tuple(tasks.values()), laid.net.opens, laid.happened)
        return anew, range(len(anew.net.ids))
    draft = _Draft(laid, tasks)
    draft.number(edit.changed)
    draft.remove(edit.removed)
    draft.tie(edit.changed)
    return draft.placed()


def _tasks_after(laid: LaidOut, edit: Edit) -> dict[str, Task]:
    tasks = laid.tasks | {task.id: task for task in edit.changed}
    problems = [_unknown("remove", name, laid.tasks) for name in edit.removed if name not in laid.tasks]
    for name in edit.removed:
        tasks.pop(name, None)
    for task in edit.changed:
        named = [*(("after", link.task) for link in task.after), ("repairs", task.repairs)]
        problems += [_unknown(f"{task.id}.{field}", n, tasks) for field, n in named if n and n not in tasks]
    near = {
        laid.net.ids[n] for name in edit.removed if name in laid.at for n in laid.followers[laid.at[name]]
    }
    problems += [
        Problem(f"{name} waits for a task that is to be removed", field=f"{name}.after")
        for name in sorted(near & tasks.keys())
        if any(link.task in edit.removed for link in tasks[name].after) and tasks[name] is laid.tasks[name]
    ]
    if problems:
        raise Invalid(*problems)
    return tasks


def _unknown(field: str, name: str, known: Iterable[str]) -> Problem:
    return Problem(
        f"unknown task '{name}'",
        field=field,
        expected="the id of a task of this plan",
        nearest=nearest(name, known),
    )


def _is_plain(laid: LaidOut, edit: Edit) -> bool:
    """Repairs come and go with their gates; an edit that has nothing to do with one can be placed by itself."""
    if len(edit.changed) > FEW or laid.mends:
        return False
    for task in edit.changed:
        was = laid.tasks.get(task.id)
        if task.repairs or (was is not None and was.repairs):
            return False
        if any(link.task in laid.tasks and link.task not in laid.at for link in task.after):
            return False
    return not edit.removed or not any(task.repairs for task in laid.tasks.values())


class _Draft:
    """A laid-out plan while it is edited: copies of the lists of the old one."""

    def __init__(self, laid: LaidOut, tasks: dict[str, Task]) -> None:
        net = laid.net
        self.laid, self.tasks, self.at = laid, tasks, dict(laid.at)
        self.ids, self.ties = list(net.ids), list(net.ties)
        self.lengths, self.floor = list(net.lengths), list(net.floor)
        self.hours, self.deadline = list(net.hours), list(net.deadline)
        self.order, self.rank, self.followers = laid.order.copy(), laid.rank.copy(), laid.followers.copy()
        self.starts, self.ends = laid.starts.copy(), laid.ends.copy()
        self.touched: set[int] = set()

    def number(self, tasks: Iterable[Task]) -> None:
        """Give new tasks their number, and every changed one its length and times."""
        opens, happened = self.laid.net.opens, self.laid.happened
        for task in tasks:
            if task.id not in self.at:
                self._append(task.id)
            i = self.at[task.id]
            self.lengths[i] = micros(task.expected)
            self.floor[i] = floor_of(task, opens, self.laid.net.now)
            self.hours[i] = happened.calendars.get(task.calendar)
            self.deadline[i] = deadline_of(task, opens)
            self.touched.add(i)

    def _append(self, name: str) -> None:
        self.at[name] = i = len(self.ids)
        self.ids.append(name)
        for numbers in (self.order, self.rank):
            numbers.append(i)
        for times in (self.lengths, self.floor, self.starts, self.ends):
            times.append(0)
        self.ties.append(())
        self.hours.append(None)
        self.deadline.append(None)
        self.followers.append(())

    def remove(self, names: Iterable[str]) -> None:
        for name in names:
            if (i := self.at.pop(name, None)) is not None:
                self._tie(i, ())
                self.starts[i] = self.ends[i] = GONE
                self.touched.discard(i)

    def tie(self, tasks: Iterable[Task]) -> None:
        """Tie every changed task to what it waits for, and keep the order one in which that comes first."""
        against: list[tuple[int, int]] = []
        for task in tasks:
            i = self.at[task.id]
            self._tie(i, ties_of(task.after, self.at, self.laid.happened.actuals.get(task.id)))
            befores = {before for before, _, _ in self.ties[i]}
            against += [(before, i) for before in befores if self.rank[before] >= self.rank[i]]
            for before in befores:
                if self.rank[before] < self.rank[i]:
                    self.followers[before] = (*self.followers[before], i)
        for before, i in against:
            self._put_before(before, i)
            self.followers[before] = (*self.followers[before], i)

    def _tie(self, i: int, ties: tuple[Tie, ...]) -> None:
        for before in {before for before, _, _ in self.ties[i]}:
            self.followers[before] = tuple(n for n in self.followers[before] if n != i)
        self.ties[i] = ties

    def _put_before(self, first: int, then: int) -> None:
        """Reorder what lies between two tasks so that `first` comes before `then`."""
        rank, low, high = self.rank, self.rank[then], self.rank[first]
        if low > high:
            return  # an earlier reordering has seen to it
        after = _reach(then, lambda i: (n for n in self.followers[i] if rank[n] <= high))
        if first in after:
            raise Invalid(*(f"{f.field}: {f.message}" for f in faults(tuple(self.tasks.values()))))
        before = _reach(first, lambda i: (n for n, _, _ in self.ties[i] if low <= rank[n] < rank[i]))
        chain = [*sorted(before, key=rank.__getitem__), *sorted(after, key=rank.__getitem__)]
        for free, i in zip(sorted(rank[i] for i in chain), chain, strict=True):
            self.order[free], rank[i] = i, free

    def network(self) -> Network:
        net, new = self.laid.net, (None,) * (len(self.ids) - len(self.laid.net.ids))
        return replace(
            net, ids=tuple(self.ids), ties=tuple(self.ties), lengths=tuple(self.lengths), floor=tuple(self.floor),
            began=net.began + new, ended=net.ended + new, due=net.due + new,
            hours=tuple(self.hours), deadline=tuple(self.deadline),
        )  # fmt: skip

    def placed(self) -> tuple[LaidOut, list[int]]:
        """The plan with what was touched, and all that moves with it, placed anew; and which tasks moved."""
        net, starts, ends = self.network(), self.starts, self.ends
        order, rank, followers = self.order, self.rank, self.followers
        waiting, moved, place = bytearray(len(order)), list[int](), placer(net, starts, ends)
        for i in self.touched:
            waiting[rank[i]] = 1
        at = waiting.find(1)
        while at >= 0:
            i = order[at]
            start, end = place(i)
            if start != starts[i] or end != ends[i]:
                starts[i], ends[i] = start, end
                moved.append(i)
                for follower in followers[i]:
                    waiting[rank[follower]] = 1
            at = waiting.find(1, at + 1)
        laid = LaidOut(
            self.tasks, self.laid.happened, net, self.at, order, rank, followers, starts, ends, False
        )
        return laid, moved


def _reach(start: int, nexts: Callable[[int], Iterable[int]]) -> set[int]:
    seen, stack = {start}, [start]
    while stack:
        for n in nexts(stack.pop()):
            if n not in seen:
                seen.add(n)
                stack.append(n)
    return seen
