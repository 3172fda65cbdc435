"""Whether a levelled plan can really be worked: every link, clock, calendar, shift, headcount, skill and rest.

Written apart from what makes the plans, and slow and plain on purpose: it sweeps, it does not search. It must
not import the placing, the search or the solver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Protocol

from cutover.core.duration import show_duration
from runbooks.domain.capacity.crew import LONGEST_DUTY, REST, Crew
from runbooks.domain.plan import FROM_END, TO_END
from runbooks.domain.timing.network import Network

Stretch = tuple[int, int, int]  # from, until, of which task


class Timed(Protocol):
    """What is checked: when each task starts and ends, by position, and who does it (-1: nobody by name)."""

    @property
    def starts(self) -> tuple[int, ...]: ...
    @property
    def ends(self) -> tuple[int, ...]: ...
    @property
    def finish(self) -> int: ...
    @property
    def who(self) -> tuple[int, ...]: ...


def faults_of(net: Network, crew: Crew, levelled: Timed, lengths: Sequence[int] | None = None) -> list[str]:
    """Every rule the plan breaks, in words; [] for a plan that can be worked.

    What already happened is a fact and no fault, however many people it took: only tasks still to begin count.
    """
    if {len(levelled.starts), len(levelled.ends), len(levelled.who)} != {len(net.ids)}:
        return ["not every task of the plan has a start, an end and a doer"]
    real = net.lengths if lengths is None else lengths
    checks: tuple[Callable[[], Iterator[str]], ...] = (
        lambda: _times(net, levelled, real),
        lambda: _links(net, levelled),
        lambda: _people(net, crew, levelled),
        lambda: _headcount(net, crew, levelled),
        lambda: _rest(net, crew, levelled),
        lambda: _finish(levelled, net.now),
    )
    return [fault for check in checks for fault in check()]


def _times(net: Network, plan: Timed, lengths: Sequence[int]) -> Iterator[str]:
    for i, begun in enumerate(net.began):
        check = (
            _planned_times(net, plan, i, lengths[i])
            if begun is None
            else _begun_times(net, plan, i, lengths[i])
        )
        yield from (f"{net.ids[i]}: {fault}" for fault in check)


def _begun_times(net: Network, plan: Timed, i: int, length: int) -> Iterator[str]:
    start, end, begun, over, due = plan.starts[i], plan.ends[i], net.began[i], net.ended[i], net.due[i]
    assert begun is not None
    if start != begun:
        yield f"has begun {_at(begun)} and is planned {_at(start)}"
    if over is not None and end != over:
        yield f"ended {_at(over)} and is planned to end {_at(end)}"
    least = max(net.now, _end(net, i, begun, length) if due is None else due)
    if over is None and end < least:
        yield f"runs until {_at(least)} and is planned to end {_at(end)}"


def _planned_times(net: Network, plan: Timed, i: int, length: int) -> Iterator[str]:
    start, end = plan.starts[i], plan.ends[i]
    if start < net.floor[i]:
        yield f"starts {_at(start)}, before it may {_at(net.floor[i])}"
    if not _is_open(net, i, start):
        yield f"starts {_at(start)}, outside its calendar"
    if end != (worked := _end(net, i, start, length)):
        yield f"ends {_at(end)}, and from {_at(start)} its work takes until {_at(worked)}"


def _links(net: Network, plan: Timed) -> Iterator[str]:
    for i, ties in enumerate(net.ties):
        for before, kind, lag in ties:
            first = plan.ends[before] if kind in FROM_END else plan.starts[before]
            second = plan.starts[i] if kind not in TO_END else plan.ends[i]
            if second < first + lag:
                short = timedelta(microseconds=first + lag - second)
                yield f"{net.ids[i]}: breaks its {kind} link to {net.ids[before]} by {show_duration(short)}"


def _people(net: Network, crew: Crew, plan: Timed) -> Iterator[str]:
    for i, person in enumerate(plan.who):
        allowed = crew.anyone[i] or (-1,)
        if person not in allowed:
            names = " or ".join(crew.names[one] for one in crew.anyone[i]) or "nobody by name"
            given = crew.names[person] if 0 <= person < len(crew.names) else "nobody"
            yield f"{net.ids[i]}: is given to {given}; it may be done by {names}"


def _headcount(net: Network, crew: Crew, plan: Timed) -> Iterator[str]:
    """At every moment at which anything changes: never more at work than are there."""
    for who, name in enumerate(crew.names):
        work = list(_work_of(net, crew, plan, who))
        moments = {at for begin, end, _, _ in work for at in (begin, end)}
        for moment in sorted(moments | {at for at, _ in crew.capacity[who].steps}):
            work = [one for one in work if one[1] > moment]
            busy = [one for one in work if one[0] <= moment]
            needed, there = sum(units for _, _, units, _ in busy), crew.capacity[who].at(moment)
            if needed > there and any(net.began[i] is None for _, _, _, i in busy):
                tasks = ", ".join(net.ids[i] for _, _, _, i in busy)
                yield f"{name}: {needed} needed {_at(moment)} and {there} there ({tasks})"


def _work_of(net: Network, crew: Crew, plan: Timed, who: int) -> list[tuple[int, int, int, int]]:
    """What one team or person is needed for: (from, until, units, task), in the order of time."""
    work = []
    for i in range(len(net.ids)):
        units = sum(n for one, n in crew.needs[i] if one == who) + (plan.who[i] == who)
        if units:
            work += [(a, b, units, i) for a, b in _worked(net, i, plan.starts[i], plan.ends[i])]
    return sorted(work)


def _rest(net: Network, crew: Crew, plan: Timed) -> Iterator[str]:
    for who in sorted(crew.rests):
        for duty in _duties([(a, b, i) for a, b, _, i in _work_of(net, crew, plan, who)]):
            span = max(end for _, end, _ in duty) - duty[0][0]
            longest = max(end - begin for begin, end, _ in duty)  # one task's own length is not ours to cut
            if span > max(LONGEST_DUTY, longest) and any(net.began[i] is None for _, _, i in duty):
                on = show_duration(timedelta(microseconds=span))
                tasks = ", ".join(dict.fromkeys(net.ids[i] for _, _, i in duty))
                yield f"{crew.names[who]}: on duty for {on} without {show_duration(timedelta(microseconds=REST))} of rest ({tasks})"


def _duties(work: Sequence[Stretch]) -> list[list[Stretch]]:
    found: list[list[Stretch]] = []
    for stretch in work:
        if found and stretch[0] - max(end for _, end, _ in found[-1]) < REST:
            found[-1].append(stretch)
        else:
            found.append([stretch])
    return found


def _finish(plan: Timed, now: int) -> Iterator[str]:
    last = max(plan.ends, default=now)
    if plan.finish != last:
        yield f"the plan is said to end {_at(plan.finish)}, and its last task ends {_at(last)}"


# --- calendars, walked stretch by stretch -----------------------------------------------------------------


def _openings(net: Network, i: int) -> list[tuple[int, int]]:
    hours = net.hours[i]
    return [] if hours is None else list(zip(hours.opens, hours.closes, strict=True))


def _is_open(net: Network, i: int, at: int) -> bool:
    return net.hours[i] is None or any(a <= at < b for a, b in _openings(net, i))


def _worked(net: Network, i: int, start: int, end: int) -> list[tuple[int, int]]:
    if net.hours[i] is None:
        return [(start, end)] if start < end else []
    return [(max(a, start), min(b, end)) for a, b in _openings(net, i) if a < end and b > start]


def _end(net: Network, i: int, start: int, length: int) -> int:
    if net.hours[i] is None or not length:
        return start + length
    left = length
    for a, b in _openings(net, i):
        here = max(0, b - max(a, start))
        if here >= left:
            return max(a, start) + left
        left -= here
    return start + length


def _at(moment: int) -> str:
    sign = "-" if moment < 0 else "+"
    return f"at {sign}{show_duration(timedelta(microseconds=abs(moment)))}"
