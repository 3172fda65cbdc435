"""When each task can and must happen: one forward and one backward pass, floats, the critical path.

Whole microseconds after the window opens, as plain ints in plain lists: exact, and fast enough to be run at
every event. What has happened conditions the pass: a finished task stands where it stood, a running one ends
when it is expected to but not before now, and what has not begun cannot begin in the past. `parent` groups
tasks and holds nobody; teams are taken to be large enough. A task with a calendar goes on in its hours only.
A deadline binds the latest times of what comes before it: their float is negative when it will be missed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from runbooks.domain.calendars import WorkingTime
from runbooks.domain.order import in_order, kept_tasks
from runbooks.domain.plan import Link, LinkKind, Task

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
    since = 0 if now is None else _micros(now - opens)
    return Network(
        opens,
        tuple(order),
        tuple(_ties(kept[n][1], at, done) for n, done in zip(order, happened, strict=True)),
        tuple(_micros(kept[n][0].expected) for n in order),
        tuple(max(0, since, _fixed(kept[n][0], opens)) for n in order),
        tuple(done and _micros(done[0] - opens) for done in happened),
        tuple(done and (None if done[1] is None else _micros(done[1] - opens)) for done in happened),
        tuple(_micros(projected[n] - opens) if n in projected else None for n in order),
        since,
        tuple(calendars.get(kept[n][0].calendar) for n in order),
        tuple(_deadline(kept[n][0], opens) for n in order),
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
    net = network(tasks, opens, actuals=actuals, now=now, active_repairs=active_repairs, projected=projected)
    starts, ends = _forward(net)
    end = max(ends, default=net.now)
    late = _backward(net, starts, ends, end)
    slots = {name: _slot(net, i, starts, ends, late) for i, name in enumerate(net.ids)}
    return Schedule(opens, _moment(net, end), slots, _critical_path(net, starts, ends))


# --- what holds a task --------------------------------------------------------------------------------------


def _ties(
    links: Iterable[Link], at: Mapping[str, int], done: tuple[datetime, datetime | None] | None
) -> tuple[Tie, ...]:
    """What still holds a task: everything before it began, only ties to its end while it runs, then nothing."""
    if done is not None:
        links = (k for k in links if done[1] is None and k.kind in (LinkKind.FF, LinkKind.SF))
    return tuple((at[link.task], link.kind, _micros(link.lag)) for link in links)


def _ended(actuals: Actuals, name: str) -> bool:
    return name in actuals and actuals[name][1] is not None


def _fixed(task: Task, opens: datetime) -> int:
    """The earliest start by the clock; a wall time without a zone is taken as UTC (`in_zone` comes first)."""
    at = task.not_before
    wall = 0 if at is None else _micros((at if at.tzinfo else at.replace(tzinfo=UTC)) - opens)
    return wall if task.start_offset is None else max(wall, _micros(task.start_offset))


def _micros(span: timedelta) -> int:
    return span // _MICROSECOND


def _moment(net: Network, micros: int) -> datetime:
    return net.opens + timedelta(microseconds=micros)


# --- the passes -----------------------------------------------------------------------------------------


def _forward(net: Network) -> tuple[list[int], list[int]]:
    """Earliest starts and finishes, by position."""
    starts: list[int] = []
    ends: list[int] = []
    for i, ties in enumerate(net.ties):
        begun, over, length = net.began[i], net.ended[i], net.lengths[i]
        if begun is not None:
            due = net.due[i]
            end = max(begun + length if due is None else due, net.now) if over is None else over
            for tie in ties:
                end = max(end, _ends_at(tie, starts, ends))
            starts.append(begun)
            ends.append(end)
            continue
        start = net.floor[i]
        for tie in ties:
            start = max(start, _starts_at(tie, length, starts, ends))
        starts.append(start)
        ends.append(start + length)
    return starts, ends


def _starts_at(tie: Tie, length: int, starts: Sequence[int], ends: Sequence[int]) -> int:
    before, kind, lag = tie
    if kind is LinkKind.FS:
        return ends[before] + lag
    if kind is LinkKind.SS:
        return starts[before] + lag
    return _ends_at(tie, starts, ends) - length


def _ends_at(tie: Tie, starts: Sequence[int], ends: Sequence[int]) -> int:
    before, kind, lag = tie
    return (ends if kind is LinkKind.FF else starts)[before] + lag


def _backward(net: Network, starts: Sequence[int], ends: Sequence[int], end: int) -> list[int]:
    """Latest finishes, by position. A task that has begun can no longer start late, so its start binds nobody."""
    late = [end] * len(starts)
    for i in range(len(late) - 1, -1, -1):
        late_end = late[i]
        late_start = late_end - (ends[i] - starts[i])
        for before, kind, lag in net.ties[i]:
            limit = (late_start if kind in (LinkKind.FS, LinkKind.SS) else late_end) - lag
            if kind in (LinkKind.SS, LinkKind.SF):
                if net.began[before] is not None:
                    continue
                limit += ends[before] - starts[before]
            late[before] = min(late[before], limit)
    return late


def _slot(net: Network, i: int, starts: Sequence[int], ends: Sequence[int], late: Sequence[int]) -> Slot:
    is_over = net.ended[i] is not None
    spare = 0 if is_over else late[i] - ends[i]
    start, end = _moment(net, starts[i]), _moment(net, ends[i])
    room = timedelta(microseconds=spare)
    late_start = start if net.began[i] is not None else start + room
    return Slot(net.ids[i], start, end, late_start, end + room, room, spare == 0 and not is_over)


def _critical_path(net: Network, starts: Sequence[int], ends: Sequence[int]) -> tuple[str, ...]:
    """From the task that ends last back along the ties that hold, to one that the clock alone holds."""
    open_ = [i for i in reversed(range(len(ends))) if net.ended[i] is None]
    at = max(open_, key=ends.__getitem__, default=None)
    path: list[str] = []
    while at is not None:
        path.append(net.ids[at])
        at = next(
            (t[0] for t in net.ties[at] if net.ended[t[0]] is None and _holds(net, at, t, starts, ends)), None
        )
    return tuple(reversed(path))


def _holds(net: Network, i: int, tie: Tie, starts: Sequence[int], ends: Sequence[int]) -> bool:
    if net.began[i] is not None:
        return _ends_at(tie, starts, ends) == ends[i]
    return _starts_at(tie, net.lengths[i], starts, ends) == starts[i]
