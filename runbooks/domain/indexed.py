"""A plan by the names of its tasks, and what follows each of them: worked out once, when the plan is laid down."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from runbooks.domain.plan import Task


class Indexed(Mapping[str, Task]):
    """The tasks of a plan by id, in its order. What a fact releases is looked up here, never searched for."""

    __slots__ = ("_followers", "_repairs", "_tasks")

    def __init__(self, tasks: Iterable[Task] = ()) -> None:
        self._tasks = {task.id: task for task in tasks}
        followers: dict[str, list[str]] = {}
        repairs: dict[str, list[str]] = {}
        for task in self._tasks.values():
            for name in dict.fromkeys(link.task for link in task.after):
                followers.setdefault(name, []).append(task.id)
            if task.repairs:
                repairs.setdefault(task.repairs, []).append(task.id)
        self._followers = {name: tuple(found) for name, found in followers.items()}
        self._repairs = {name: tuple(found) for name, found in repairs.items()}

    def __getitem__(self, name: str) -> Task:
        return self._tasks[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tasks)

    def __len__(self) -> int:
        return len(self._tasks)

    def followers(self, name: str) -> tuple[str, ...]:
        """The tasks that wait for this one, in the order of the plan."""
        return self._followers.get(name, ())

    def repairs(self, gate: str) -> tuple[str, ...]:
        """The tasks that run when this gate says no, in the order of the plan."""
        return self._repairs.get(gate, ())
