"""What really decided when the run ended: the chain of tasks, each released by the one before, and where its time went."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from runbooks.domain.plan import LinkKind, Task
from runbooks.domain.reviewing.stretches import Courses, Spent, Stretch
from runbooks.domain.run_state import RunState


@dataclass(frozen=True, slots=True)
class Release:
    """What let a task start last: another task, or the clock, the window, a change of the plan; `lag` is the time held after it."""

    by: str
    how: str
    lag: timedelta = timedelta(0)
    at_start: bool = False  # released by the start of the other, not by its end


@dataclass(frozen=True, slots=True)
class Link:
    """One task of the chain: from when it could start until it let the next one start."""

    task: str
    begins: datetime
    ends: datetime
    release: Release
    spent: Mapping[Spent, timedelta]

    @property
    def lasts(self) -> timedelta:
        return self.ends - self.begins


@dataclass(frozen=True, slots=True)
class Chain:
    """The driving chain, from what could start at the beginning to what ended last."""

    links: tuple[Link, ...]
    spent: Mapping[Spent, timedelta]
    lag: timedelta

    @property
    def lasts(self) -> timedelta:
        return sum((link.lasts for link in self.links), self.lag)


def releases(seen: Courses) -> dict[str, Release]:
    """For every task that could start: what it had really waited for."""
    return {
        name: _release(seen, seen.state.plan[name], course.ready)
        for name, course in seen.tasks.items()
        if course.ready is not None
    }


def driving_chain(seen: Courses, released: Mapping[str, Release]) -> Chain:
    """From the task that ended last back to one that no other task had held."""
    ended = {name: course.ended for name, course in seen.tasks.items() if course.ended}
    at = max(ended, key=lambda name: ended[name], default="") if ended else ""
    links: list[Link] = []
    until = ended[at] if at else None
    while at and until is not None and at not in {link.task for link in links}:
        link = _link(seen, at, released[at], until)
        links.append(link)
        before = seen.tasks.get(link.release.by)
        until = None if before is None else before.started if link.release.at_start else before.ended
        at = link.release.by if before is not None else ""
        if until is not None:  # what lies between the two is lag: held by nobody
            until = min(until, link.begins)
            links[-1] = replace(link, release=replace(link.release, lag=link.begins - until))
    links.reverse()
    lag = sum((link.release.lag for link in links[1:]), _ZERO)
    return Chain(tuple(links), _totals(link.spent for link in links), lag)


_ZERO = timedelta(0)


def _link(seen: Courses, name: str, release: Release, until: datetime) -> Link:
    course = seen.tasks[name]
    begins = min(course.ready or until, until)
    cut = [Stretch(s.spent, s.begins, min(s.ends, until)) for s in course.stretches if s.begins < until]
    spent = {kind: total for kind in Spent if (total := _sum(cut, kind))}
    return Link(name, begins, until, release, spent)


def _sum(stretches: Sequence[Stretch], kind: Spent) -> timedelta:
    return sum((one.lasts for one in stretches if one.spent is kind), _ZERO)


def _totals(parts: Iterable[Mapping[Spent, timedelta]]) -> dict[Spent, timedelta]:
    totals: dict[Spent, timedelta] = {}
    for part in parts:
        for kind, lasts in part.items():
            totals[kind] = totals.get(kind, _ZERO) + lasts
    return totals


def _release(seen: Courses, task: Task, ready: datetime) -> Release:
    """The latest of what it had to wait for; another task before the clock when both say the same moment."""
    held = [*_by_tasks(seen, task), *_by_clock(seen.state, task, seen.began)]
    moment, release = max(held, key=lambda one: one[0])
    at = seen.state.tasks[task.id]
    if moment < ready and at.is_over and at.started_at is None:
        return Release("", "it was left out")
    if moment < ready:
        return Release("", f"{task.repairs} said no" if task.repairs else "a change of the plan")
    return release


def _by_tasks(seen: Courses, task: Task) -> Iterator[tuple[datetime, Release]]:
    for link in task.after:
        before = seen.tasks.get(link.task)
        if before is None or link.kind not in (LinkKind.FS, LinkKind.SS):
            continue
        at_start = link.kind is LinkKind.SS and before.started is not None
        moment = before.started if at_start else before.ended
        if moment is not None:
            how = f"{link.task} {'began' if at_start else 'ended'}"
            yield moment + link.lag, Release(link.task, how, link.lag, at_start)


def _by_clock(state: RunState, task: Task, began: datetime) -> Iterator[tuple[datetime, Release]]:
    assert state.opens is not None  # a run that has begun has a window
    if task.not_before:
        yield task.not_before, Release("", "its fixed start")
    if task.start_offset:
        yield state.opens + task.start_offset, Release("", "its fixed start")
    yield state.opens, Release("", "the window opened")
    if began > state.opens:
        yield began, Release("", "the run began")
