"""The board for a wall: read from across the room, nothing to press, and never more than the screen holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cutover.web.components import ModeLine
from cutover.web.page import Alert
from runbooks.board import STAGES, Look, Run, TaskLine, task_line
from runbooks.board_cards import BackoutCard, Countdown, ForecastCard
from runbooks.board_controls import AnnouncementLine
from runbooks.board_gates import GateCard
from runbooks.domain.run_events import TaskStage

MOST_TASKS, MOST_ALERTS, MOST_GATES = 9, 3, 4
ON_NOW = (TaskStage.FAILED, TaskStage.UNCERTAIN, TaskStage.IN_PROGRESS, TaskStage.STARTABLE)


@dataclass(frozen=True, slots=True)
class WallPage:
    """What `wall.html` reads. `tasks` are on now, the gravest first; `more` of them did not fit."""

    clock: str
    title: str
    done: str
    look: Look | None
    countdown: Countdown
    backout: BackoutCard | None
    forecast: ForecastCard | None
    alerts: tuple[Alert, ...]
    more_alerts: int
    announcements: tuple[AnnouncementLine, ...]
    tasks: tuple[TaskLine, ...]
    more: int
    counts: tuple[tuple[Look, int], ...]
    gates: tuple[GateCard, ...]
    more_gates: int
    modes: tuple[ModeLine, ...]


def on_now(run: Run) -> Sequence[TaskLine]:
    """What somebody is at, or could be, the gravest first."""
    stages = run.state.tasks
    open_ = [
        task for task in run.state.runbook.tasks if stages[task.id].stage in ON_NOW and task.gate is None
    ]
    return [task_line(run, task) for task in sorted(open_, key=lambda t: ON_NOW.index(stages[t.id].stage))]


def counted(run: Run) -> tuple[tuple[Look, int], ...]:
    """How many tasks are in each stage, as words."""
    found = [at.stage for at in run.state.tasks.values()]
    return tuple((look, n) for stage, look in STAGES.items() if (n := found.count(stage)))
