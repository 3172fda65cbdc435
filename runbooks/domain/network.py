"""When each task can and must happen: one forward and one backward pass, floats, the critical path.

Whole microseconds after the window opens, as plain ints in plain lists: exact, and fast enough to be run at
every event. What has happened conditions the pass: a finished task stands where it stood, a running one ends
when it is expected to but not before now, and what has not begun cannot begin in the past. `parent` groups
tasks and holds nobody; teams are taken to be large enough.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cutover.core.errors import Invalid
from runbooks.domain.plan import Link, LinkKind, Task, faults

Actuals = Mapping[
    str, tuple[datetime, datetime | None]
]  # task -> when it began, when it ended (None: it runs)
Tie = tuple[int, LinkKind, int]  # predecessor by position, which ends are tied, lag
NOTHING: Mapping[str, datetime] = {}
_NONE: Actuals = {}
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Slot:
    """When a task happens: at the earliest, and at the latest without moving the end of the plan."""

    task: str
    early_start: datetime
    early_finish: datetime
    late_start: datetime
    late_finish: datetime
    total_float: timedelta
    critical: bool


@dataclass(frozen=True, slots=True)
class Schedule:
    """One pass over a plan. `critical_path` is the chain of tasks, not yet done, that decides `finish`."""

    opens: datetime
    finish: datetime
    slots: Mapping[str, Slot]
    critical_path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Network:
    """A plan made ready for passes: positions in an order in which every predecessor comes first.

    Microseconds after `opens`. `began` and `ended` are None for what has not; `floor` is the earliest start
    by the clock alone; `due` is the expected end of a running task, where its pace is known.
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


def network(
    tasks: Sequence[Task],
    opens: datetime,
    *,
    actuals: Actuals = _NONE,
    now: datetime | None = None,
    active_repairs: Collection[str] = (),
    projected: Mapping[str, datetime] = NOTHING,
) -> Network:
    """The tasks that are in the plan, in order, with what already happened. Raises Invalid for a faulty plan.

    A repair is in the plan once its gate has said no_go: when `active_repairs` names the repair or its gate,
    or when it has begun. Its gate is then asked again after it. `projected` is where running tasks are
    heading by their own pace.
    """
    kept = _kept(tasks, active_repairs, actuals)
    order = _in_order(kept)
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
    )


def schedule(
    tasks: Sequence[Task],
    opens: datetime,
    *,
    actuals: Actuals = _NONE,
    now: datetime | None = None,
    active_repairs: Collection[str] = (),
    projected: Mapping[str, datetime] = NOTHING,
) -> Schedule:
    """The plan on the clock (UTC). Raises Invalid for a cycle or an unknown predecessor."""
    net = network(tasks, opens, actuals=actuals, now=now, active_repairs=active_repairs, projected=projected)
    starts, ends = _forward(net)
    end = max(ends, default=net.now)
    late = _backward(net, starts, ends, end)
    slots = {name: _slot(net, i, starts, ends, late) for i, name in enumerate(net.ids)}
    return Schedule(opens, _moment(net, end), slots, _critical_path(net, starts, ends))


# --- which tasks, in which order ------------------------------------------------------------------------


def _kept(
    tasks: Sequence[Task], active: Collection[str], actuals: Actuals
) -> dict[str, tuple[Task, tuple[Link, ...]]]:
    """The tasks of the plan with their predecessors; who waits for a repair left out waits for its gate."""
    by_id = {task.id: task for task in tasks}
    out = {
        t.id for t in tasks if t.repairs and not (t.id in active or t.repairs in active or t.id in actuals)
    }
    kept: dict[str, tuple[Task, tuple[Link, ...]]] = {}
    asked_after: dict[str, list[Link]] = {}
    for task in tasks:
        if task.id in out:
            continue
        links = task.after
        if out and any(link.task in out for link in links):
            links = tuple(_around(links, by_id, out, set()))
        if task.repairs:
            asked_after.setdefault(task.repairs, []).append(Link(task=task.id))
        kept[task.id] = task, links
    for gate, repairs in asked_after.items():
        if gate in kept:
            task, links = kept[gate]
            kept[gate] = task, (*links, *repairs)
    return kept


def _around(
    links: Iterable[Link], by_id: Mapping[str, Task], out: set[str], seen: set[str]
) -> Iterable[Link]:
    """The links with every task left out replaced by what it waits for itself: its gate and its predecessors."""
    for link in links:
        if link.task not in out:
            yield link
        elif link.task not in seen:
            seen.add(link.task)
            left_out = by_id[link.task]
            yield from _around((Link(task=left_out.repairs), *left_out.after), by_id, out, seen)


def _in_order(kept: Mapping[str, tuple[Task, tuple[Link, ...]]]) -> list[str]:
    """Every task after its predecessors, otherwise in the plan's own order (Kahn)."""
    followers: dict[str, list[str]] = {name: [] for name in kept}
    waits = dict.fromkeys(kept, 0)
    for name, (_, links) in kept.items():
        for link in links:
            if link.task in followers:
                followers[link.task].append(name)
                waits[name] += 1
            else:
                waits[name] = -len(kept) - len(links)  # never free: reported below
    order = [name for name, n in waits.items() if n == 0]
    for name in order:  # grows while it is read
        for follower in followers[name]:
            waits[follower] -= 1
            if waits[follower] == 0:
                order.append(follower)
    if len(order) < len(kept):
        tasks = [task.model_copy(update={"after": links}) for task, links in kept.values()]
        raise Invalid(*(f"{tasks[f.index].id}: {f.field}: {f.message}" for f in faults(tasks)))
    return order


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
