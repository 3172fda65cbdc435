"""When each task can and must happen: one forward and one backward pass, floats, the critical path.

Whole microseconds after the window opens, as plain ints in plain lists: exact, and fast enough to be run at
every event. What has happened conditions the pass: a finished task stands where it stood, a running one ends
when it is expected to but not before now, and what has not begun cannot begin in the past. `parent` groups
tasks and holds nobody; teams are taken to be large enough. A task with a calendar goes on in its hours only.
A deadline binds the latest times of what comes before it: their float is negative when it will be missed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from runbooks.domain.plan import TO_END, Link, LinkKind, Task
from runbooks.domain.timing.calendars import WorkingTime
from runbooks.domain.timing.order import in_order, kept_tasks

Actuals = Mapping[
    str, tuple[datetime, datetime | None]
]  # task -> when it began, when it ended (None: it runs)
Tie = tuple[int, LinkKind, int]  # predecessor by position, which ends are tied, lag
NOTHING: Mapping[str, datetime] = {}
ROUND_THE_CLOCK: Mapping[str, WorkingTime] = {}
_NONE: Actuals = {}
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Slot:
    """When a task happens: at the earliest, and at the latest without moving the end of the plan or a deadline.

    `total_float` is how much later it may end; below zero, `misses` names the task whose deadline that breaks.
    `free_float` is how much later it may end before any task after it moves.
    """

    task: str
    early_start: datetime
    early_finish: datetime
    late_start: datetime
    late_finish: datetime
    total_float: timedelta
    critical: bool
    free_float: timedelta = timedelta(0)
    deadline: datetime | None = None
    misses: str = ""


@dataclass(frozen=True, slots=True)
class Schedule:
    """One pass over a plan. `critical_path` is the chain of tasks, not yet done, that decides `finish`.

    `missed` are the tasks that end after their own deadline, in the order of the network.
    """

    opens: datetime
    finish: datetime
    slots: Mapping[str, Slot]
    critical_path: tuple[str, ...]
    missed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Network:
    """A plan made ready for passes: positions in an order in which every predecessor comes first.

    Microseconds after `opens`. `began` and `ended` are None for what has not; `floor` is the earliest start
    by the clock alone; `due` is the expected end of a running task, where its pace is known. `hours` is the
    working time of a task with a calendar (None: round the clock), `deadline` when it must have ended.
    """

    opens: datetime
    ids: tuple[str, ...]
    ties: tuple[tuple[Tie, ...], ...]
    lengths: tuple[int, ...]
    floor: tuple[int, ...]
    began: tuple[int | None, ...]
    ended: tuple[int | None, ...]
    due: tuple[int | None, ...]
    now: int
    hours: tuple[WorkingTime | None, ...]
    deadline: tuple[int | None, ...]


def network(
    tasks: Sequence[Task],
    opens: datetime,
    *,
    actuals: Actuals = _NONE,
    now: datetime | None = None,
    active_repairs: Collection[str] = (),
    projected: Mapping[str, datetime] = NOTHING,
    calendars: Mapping[str, WorkingTime] = ROUND_THE_CLOCK,
) -> Network:
    """The tasks that are in the plan, in order, with what already happened. Raises Invalid for a faulty plan.

    A repair is in the plan once its gate has said no_go: when `active_repairs` names the repair or its gate,
    or when it has begun. Its gate is then asked again after it. `projected` is where running tasks are
    heading by their own pace. A calendar that is not among `calendars` does not hold its tasks.
    """
    kept = kept_tasks(tasks, active_repairs, actuals)
    order = in_order(kept)
    at = {name: i for i, name in enumerate(order)}
    reasked = {t.repairs for t, _ in kept.values() if t.repairs in at and not _ended(actuals, t.id)}
    happened = [None if n in reasked and not _ended(actuals, n) else actuals.get(n) for n in order]
    since = 0 if now is None else micros(now - opens)
    return Network(
        opens,
        tuple(order),
        tuple(ties_of(kept[n][1], at, done) for n, done in zip(order, happened, strict=True)),
        tuple(micros(kept[n][0].expected) for n in order),
        tuple(floor_of(kept[n][0], opens, since) for n in order),
        tuple(done and micros(done[0] - opens) for done in happened),
        tuple(done and (None if done[1] is None else micros(done[1] - opens)) for done in happened),
        tuple(micros(projected[n] - opens) if n in projected else None for n in order),
        since,
        tuple(calendars.get(kept[n][0].calendar) for n in order),
        tuple(deadline_of(kept[n][0], opens) for n in order),
    )


def schedule(
    tasks: Sequence[Task],
    opens: datetime,
    *,
    actuals: Actuals = _NONE,
    now: datetime | None = None,
    active_repairs: Collection[str] = (),
    projected: Mapping[str, datetime] = NOTHING,
    calendars: Mapping[str, WorkingTime] = ROUND_THE_CLOCK,
) -> Schedule:
    """The plan on the clock (UTC). Raises Invalid for a cycle or an unknown predecessor."""
    net = network(
        tasks, opens, actuals=actuals, now=now, active_repairs=active_repairs, projected=projected,
        calendars=calendars,
    )  # fmt: skip
    starts, ends = forward(net)
    end = max(ends, default=net.now)
    late = backward(net, starts, ends, end)
    slots = {name: _slot(net, i, starts, ends, late) for i, name in enumerate(net.ids)}
    missed = (
        name
        for name, over, limit in zip(net.ids, ends, net.deadline, strict=True)
        if limit is not None and over > limit
    )
    return Schedule(opens, _moment(net, end), slots, _critical_path(net, starts, ends), tuple(missed))


def earliest(tasks: Sequence[Task], opens: datetime) -> dict[str, tuple[datetime, datetime]]:
    """When each task begins and ends by the plan alone: a schedule for who asks for nothing else of it."""
    net = network(tasks, opens)
    starts, ends = forward(net)
    return {
        name: (_moment(net, begins), _moment(net, over))
        for name, begins, over in zip(net.ids, starts, ends, strict=True)
    }


# --- what holds a task --------------------------------------------------------------------------------------


def ties_of(
    links: Iterable[Link], at: Mapping[str, int], done: tuple[datetime, datetime | None] | None
) -> tuple[Tie, ...]:
    """What still holds a task: everything before it began, only ties to its end while it runs, then nothing."""
    if done is not None:
        links = (k for k in links if done[1] is None and k.kind in TO_END)
    return tuple((at[link.task], link.kind, micros(link.lag)) for link in links)


def _ended(actuals: Actuals, name: str) -> bool:
    return name in actuals and actuals[name][1] is not None


def floor_of(task: Task, opens: datetime, now: int) -> int:
    """The earliest start by the clock; a wall time without a zone is taken as UTC (`in_zone` comes first)."""
    wall = 0 if task.not_before is None else _after(opens, task.not_before)
    return max(0, now, wall, 0 if task.start_offset is None else micros(task.start_offset))


def deadline_of(task: Task, opens: datetime) -> int | None:
    return None if task.deadline is None else _after(opens, task.deadline)


def _after(opens: datetime, at: datetime) -> int:
    return micros((at if at.tzinfo else at.replace(tzinfo=UTC)) - opens)


def micros(span: timedelta) -> int:
    return span // _MICROSECOND


def _moment(net: Network, micros: int) -> datetime:
    return net.opens + timedelta(microseconds=micros)


# --- the passes -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Late:
    """The backward pass, by position: latest finishes, room before a task after it moves, whose deadline binds."""

    ends: list[int]
    room: list[int]
    bound: list[int]


def forward(net: Network) -> tuple[list[int], list[int]]:
    """Earliest starts and finishes, by position."""
    starts, ends = [0] * len(net.ids), [0] * len(net.ids)
    place = placer(net, starts, ends)
    for i in range(len(net.ids)):
        starts[i], ends[i] = place(i)
    return starts, ends


def placer(net: Network, starts: Sequence[int], ends: Sequence[int]) -> Callable[[int], tuple[int, int]]:
    """Says when one task starts and ends at the earliest, its predecessors being placed: the heart of every pass."""
    began, lengths, floor, all_ties, all_hours = net.began, net.lengths, net.floor, net.ties, net.hours
    fs = LinkKind.FS

    def place(i: int) -> tuple[int, int]:
        begun, start, length, hours = began[i], floor[i], lengths[i], all_hours[i]
        if begun is not None:
            return begun, _end_of_begun(net, i, begun, starts, ends)
        for tie in all_ties[i]:
            before, kind, lag = tie
            at = ends[before] + lag if kind is fs else starts_at(tie, length, hours, starts, ends)
            if at > start:  # noqa: PLR1730  max() would double what this loop costs
                start = at
        if hours is None:
            return start, start + length
        start = hours.after(start)
        return start, hours.end(start, length)

    return place


def _end_of_begun(net: Network, i: int, begun: int, starts: Sequence[int], ends: Sequence[int]) -> int:
    over, due, hours = net.ended[i], net.due[i], net.hours[i]
    if over is not None:
        end = over
    elif due is not None:
        end = max(due, net.now)
    else:
        end = begun + net.lengths[i] if hours is None else hours.end(begun, net.lengths[i])
        end = max(end, net.now)
    return max([end, *(_ends_at(tie, starts, ends) for tie in net.ties[i])])


def starts_at(
    tie: Tie, length: int, hours: WorkingTime | None, starts: Sequence[int], ends: Sequence[int]
) -> int:
    """The earliest start that one tie allows."""
    before, kind, lag = tie
    if kind is LinkKind.FS:
        return ends[before] + lag
    if kind is LinkKind.SS:
        return starts[before] + lag
    limit = _ends_at(tie, starts, ends)
    return limit - length if hours is None else hours.not_ending_before(limit, length)


def _ends_at(tie: Tie, starts: Sequence[int], ends: Sequence[int]) -> int:
    before, kind, lag = tie
    return (ends if kind is LinkKind.FF else starts)[before] + lag


def backward(net: Network, starts: Sequence[int], ends: Sequence[int], end: int) -> Late:
    """Latest finishes, by position. A task that has begun can no longer start late, so its start binds nobody."""
    late, bound = [end] * len(starts), [-1] * len(starts)
    for i, limit in enumerate(net.deadline):
        if limit is not None and limit < end:
            late[i], bound[i] = limit, i
    room = [end - over for over in ends]
    for i in range(len(late) - 1, -1, -1):
        late_start, late[i] = _latest(net, i, late[i], ends[i] - starts[i])
        for before, kind, lag in net.ties[i]:
            at_start = kind in (LinkKind.FS, LinkKind.SS)
            of_start = kind in (LinkKind.SS, LinkKind.SF)
            spare = (starts if at_start else ends)[i] - lag - (starts if of_start else ends)[before]
            room[before] = min(room[before], spare)
            limit = (late_start if at_start else late[i]) - lag
            if of_start:
                if net.began[before] is not None:
                    continue
                limit = _end_when_begun_by(net, before, limit)
            if limit < late[before]:
                late[before], bound[before] = limit, bound[i]
    return Late(late, room, bound)


def _latest(net: Network, i: int, late_end: int, lasts: int) -> tuple[int, int]:
    """The latest start of a task, and the end it then has."""
    hours = net.hours[i]
    if hours is None or net.began[i] is not None:
        return late_end - lasts, late_end
    late_start = hours.start(late_end, net.lengths[i])
    return late_start, hours.end(late_start, net.lengths[i])


def _end_when_begun_by(net: Network, i: int, start: int) -> int:
    hours = net.hours[i]
    return start + net.lengths[i] if hours is None else hours.end(hours.start(start, 0), net.lengths[i])


def _slot(net: Network, i: int, starts: Sequence[int], ends: Sequence[int], late: Late) -> Slot:
    is_over, limit = net.ended[i] is not None, net.deadline[i]
    spare = 0 if is_over else late.ends[i] - ends[i]
    start, end = _moment(net, starts[i]), _moment(net, ends[i])
    room = timedelta(microseconds=spare)
    return Slot(
        net.ids[i],
        start,
        end,
        start if net.began[i] is not None else _late_start(net, i, start + room, ends, spare),
        end + room,
        room,
        spare <= 0 and not is_over,
        timedelta(0) if is_over else timedelta(microseconds=late.room[i]),
        None if limit is None else _moment(net, limit),
        net.ids[late.bound[i]] if spare < 0 else "",
    )


def _late_start(net: Network, i: int, moved: datetime, ends: Sequence[int], spare: int) -> datetime:
    """The start when it ends as late as it may: moved by its float, unless a calendar says otherwise."""
    hours = net.hours[i]
    return moved if hours is None else _moment(net, hours.start(ends[i] + spare, net.lengths[i]))


def _critical_path(net: Network, starts: Sequence[int], ends: Sequence[int]) -> tuple[str, ...]:
    """From the task that ends last back along the ties that hold, to one that the clock alone holds."""
    open_ = [i for i in reversed(range(len(ends))) if net.ended[i] is None]
    at = max(open_, key=ends.__getitem__, default=None)
    path: list[str] = []
    while at is not None:
        path.append(net.ids[at])
        at = next(
            (t[0] for t in net.ties[at] if net.ended[t[0]] is None and holds(net, at, t, starts, ends)), None
        )
    return tuple(reversed(path))


def holds(net: Network, i: int, tie: Tie, starts: Sequence[int], ends: Sequence[int]) -> bool:
    """A tie that could give way by a moment holds nothing: then it is the clock, or the calendar."""
    if net.began[i] is not None or tie[1] in TO_END:
        return _ends_at(tie, starts, ends) == ends[i]
    return starts_at(tie, net.lengths[i], net.hours[i], starts, ends) == starts[i]
