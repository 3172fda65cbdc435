"""The plan with what several checks ask of it: who follows whom, when each task happens, what the programme knows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cutover.domain.programme import Programme
from runbooks.domain.plan import Runbook, Task
from runbooks.domain.timing.calendars import calendars_of
from runbooks.domain.timing.network import Schedule, schedule

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # where a plan without a programme is laid out


@dataclass(frozen=True, slots=True)
class Ground:
    """What the checks stand on. `runbooks` are the ids of all of the programme's, None when nobody knows."""

    runbook: Runbook
    tasks: Mapping[str, Task]
    followers: Mapping[str, Sequence[Task]]
    programme: Programme | None
    timing: Schedule
    runbooks: Collection[str] | None

    @property
    def is_way_back(self) -> bool:
        """Whether this plan is itself the backout of another."""
        return any(task.undoes for task in self.runbook.tasks)


def ground(runbook: Runbook, programme: Programme | None, runbooks: Collection[str] | None) -> Ground:
    """Lay the plan out. Raises Invalid for a faulty one."""
    opens = programme.opens if programme else _EPOCH
    calendars = calendars_of(programme) if programme else {}
    timing = schedule(runbook.tasks, opens, calendars=calendars)
    followers: dict[str, list[Task]] = {task.id: [] for task in runbook.tasks}
    for task in runbook.tasks:
        for link in task.after:
            followers[link.task].append(task)
    return Ground(runbook, runbook.by_id(), followers, programme, timing, runbooks)
