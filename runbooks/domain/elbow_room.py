"""Whether there is room to begin a task: hands of its team left, and nobody holding a resource it must have alone.

The software begins no more than a team can do at once. People judge their own hands; a resource that somebody
else holds is refused to them too. An uncertain task still holds its resources: its effect may be under way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from runbooks.domain.plan import Task, TaskType
from runbooks.domain.run_events import TaskStage
from runbooks.domain.run_state import RunState

_HOLDING = frozenset({TaskStage.IN_PROGRESS, TaskStage.UNCERTAIN})
_IDLE = frozenset({TaskType.APPROVAL, TaskType.WAIT, TaskType.MILESTONE})  # nobody's hands are on these


@dataclass
class ElbowRoom:
    """What is taken at a moment: resources by their holder, hands by team. `take` fills it up further."""

    capacity: Mapping[str, int]
    holders: dict[str, str] = field(default_factory=dict)
    busy: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, state: RunState) -> ElbowRoom:
        room = cls(state.capacity)
        for name, at in state.tasks.under_way():
            if at.stage in _HOLDING and state.plan[name].type not in _IDLE:
                room.take(state.plan[name])
        return room

    def take(self, task: Task) -> None:
        self.holders.update(dict.fromkeys(task.locks, task.id))
        self.busy[task.team] = self.busy.get(task.team, 0) + task.units

    def held(self, task: Task) -> list[str]:
        """Which resources of the task somebody else holds, and who."""
        return [
            f"{lock} is held by {self.holders[lock]}"
            for lock in task.locks
            if self.holders.get(lock, task.id) != task.id
        ]

    def has_hands_for(self, task: Task) -> bool:
        """A task that needs more than the whole team begins when the team does nothing else."""
        capacity, busy = self.capacity.get(task.team), self.busy.get(task.team, 0)
        return capacity is None or busy == 0 or busy + task.units <= capacity


def with_room(state: RunState, tasks: Iterable[Task]) -> set[str]:
    """Which of these tasks may begin together now, in their order; the others wait for hands or resources."""
    room, begun = ElbowRoom.of(state), set[str]()
    for task in tasks:
        if not room.held(task) and room.has_hands_for(task):
            room.take(task)
            begun.add(task.id)
    return begun
