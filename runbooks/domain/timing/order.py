"""Which tasks are in the plan, and an order in which every predecessor comes first.

A repair is in the plan once its gate has said no. Knows no times: only who waits for whom.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from cutover.core.errors import Invalid
from runbooks.domain.plan import Link, Task, faults


def kept_tasks(
    tasks: Sequence[Task], active: Collection[str], begun: Collection[str]
) -> dict[str, tuple[Task, tuple[Link, ...]]]:
    """The tasks of the plan with their predecessors; who waits for a repair left out waits for its gate."""
    by_id = {task.id: task for task in tasks}
    out = {t.id for t in tasks if t.repairs and not (t.id in active or t.repairs in active or t.id in begun)}
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


def in_order(kept: Mapping[str, tuple[Task, tuple[Link, ...]]]) -> list[str]:
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
