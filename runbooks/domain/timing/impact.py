"""What an edit of the plan would do, before it is accepted: to its end, the window, the deadlines, the tasks it moves.

A pure comparison of two laid-out plans. What teams can do at once is not looked at here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import overload

from cutover.core.errors import NotFound
from runbooks.domain.plan import Link, Task
from runbooks.domain.timing.laid_out import Edit, LaidOut, edited
from runbooks.domain.timing.network import micros

MOVED = timedelta(minutes=15)  # a task that moves by no more is not worth a line


@dataclass(frozen=True, slots=True)
class Moved:
    """One task that the edit moves by more than was asked for."""

    task: str
    start_before: datetime
    start_after: datetime
    end_before: datetime
    end_after: datetime

    @property
    def by(self) -> timedelta:
        """How much later it ends, or starts when that moves further; negative: earlier."""
        return max(self.end_after - self.end_before, self.start_after - self.start_before, key=abs)


class MovedTasks(Sequence[Moved]):
    """The tasks moved, by their new start; each is put on the clock when it is looked at, for there may be many."""

    def __init__(self, before: LaidOut, after: LaidOut, numbers: Iterable[int], more_than: timedelta) -> None:
        self._before, self._after, most = before, after, micros(more_than)
        at, ids, starts, ends = before.at, after.net.ids, after.starts, after.ends
        pairs = ((at.get(ids[j]), j) for j in numbers)
        self._numbers = [
            j
            for i, j in pairs
            if i is not None
            and (
                not -most <= ends[j] - before.ends[i] <= most
                or not -most <= starts[j] - before.starts[i] <= most
            )
        ]
        self._numbers.sort(key=starts.__getitem__)

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, n: int) -> Moved: ...
    @overload
    def __getitem__(self, n: slice) -> list[Moved]: ...
    def __getitem__(self, n: int | slice) -> Moved | list[Moved]:
        return (
            [self._moved(j) for j in self._numbers[n]]
            if isinstance(n, slice)
            else self._moved(self._numbers[n])
        )

    def _moved(self, j: int) -> Moved:
        before, after, name = self._before, self._after, self._after.net.ids[j]
        i = before.at[name]
        times = (before.starts[i], after.starts[j], before.ends[i], after.ends[j])
        return Moved(name, *(_moment(before, at) for at in times))


@dataclass(frozen=True, slots=True)
class Impact:
    """Before against after. Margins are to the window's close, negative when the plan ends after it.

    `critical_joined` and `critical_left` are tasks that have, or have no longer, no float to the end of the plan.
    """

    finish_before: datetime
    finish_after: datetime
    closes: datetime
    moved: Sequence[Moved]
    critical_joined: tuple[str, ...]
    critical_left: tuple[str, ...]
    deadlines_missed: tuple[str, ...]
    deadlines_kept: tuple[str, ...]

    @property
    def margin_before(self) -> timedelta:
        return self.closes - self.finish_before

    @property
    def margin_after(self) -> timedelta:
        return self.closes - self.finish_after

    @property
    def misses_window(self) -> bool:
        """The plan kept its window before the edit and would not after it."""
        return self.margin_after < timedelta(0) <= self.margin_before

    @property
    def breaks(self) -> bool:
        """The window or a deadline is newly missed."""
        return self.misses_window or bool(self.deadlines_missed)


def impact(laid: LaidOut, edit: Edit, closes: datetime, more_than: timedelta = MOVED) -> Impact:
    """What `edit` would do to the plan. Raises Invalid for an edit that leaves a faulty plan."""
    after, may_have_moved = edited(laid, edit)
    return Impact(
        _moment(laid, laid.finish),
        _moment(laid, after.finish),
        closes,
        MovedTasks(laid, after, may_have_moved, more_than),
        _in_order(after, after.critical - laid.critical),
        _in_order(laid, laid.critical - after.critical),
        _in_order(after, after.late - laid.late),
        _in_order(laid, laid.late - after.late),
    )


def edit_between(before: Iterable[Task], after: Iterable[Task]) -> Edit:
    """The edit that turns one plan into another, such as a sheet imported again."""
    was, shall = {task.id: task for task in before}, {task.id: task for task in after}
    changed = tuple(task for name, task in shall.items() if was.get(name) != task)
    return Edit(changed, tuple(name for name in was if name not in shall))


def removal(tasks: Sequence[Task], names: Collection[str]) -> Edit:
    """Take tasks out: who waited for one waits for what it waited for. Raises NotFound."""
    by_id = {task.id: task for task in tasks}
    for name in names:
        if name not in by_id:
            raise NotFound("task", name, by_id)
    changed = [
        task.model_copy(update={"after": tuple(_around(task.after, by_id, names))})
        for task in tasks
        if task.id not in names and any(link.task in names for link in task.after)
    ]
    return Edit(tuple(changed), tuple(names))


def _around(links: Iterable[Link], by_id: dict[str, Task], gone: Collection[str]) -> dict[Link, None]:
    found: dict[Link, None] = {}
    for link in links:
        if link.task in gone:
            found |= _around(by_id[link.task].after, by_id, gone)
        else:
            found[link] = None
    return found


def _in_order(laid: LaidOut, names: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda name: (laid.starts[laid.at[name]], laid.ends[laid.at[name]], name)))


def _moment(laid: LaidOut, at: int) -> datetime:
    return laid.net.opens + timedelta(microseconds=at)
