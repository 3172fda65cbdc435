"""Runbooks: the plan as data, its import, lint and forecast, and running it for real.

Each name is loaded when it is first used: numpy and the database cost time that `cutover --help` must not.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runbooks.actions import ActionKind, Actions, Call, HttpAction, Outcome
    from runbooks.domain.backout_plan import make_backout
    from runbooks.domain.forecasting.forecast import Forecast, forecast
    from runbooks.domain.lint import lint
    from runbooks.domain.plan import (
        Action,
        Effect,
        Estimate,
        Link,
        Runbook,
        Stream,
        Task,
        TaskGate,
        TaskType,
    )  # fmt: skip
    from runbooks.domain.plan_diff import PlanDiff, diff
    from runbooks.domain.run_events import Comms, RunSetup, RunStage, RunType, TaskStage
    from runbooks.domain.run_state import RunState, TaskState
    from runbooks.domain.timing.network import Schedule, schedule
    from runbooks.formats.files import import_runbook, read_runbook, write_runbook
    from runbooks.performer import Performer
    from runbooks.service import Reading, RunService
    from runbooks.steps import Executor, InlineExecutor, Step

_FROM = {
    "runbooks.actions": ("ActionKind", "Actions", "Call", "HttpAction", "Outcome"),
    "runbooks.domain.backout_plan": ("make_backout",),
    "runbooks.domain.forecasting.forecast": ("Forecast", "forecast"),
    "runbooks.domain.lint": ("lint",),
    "runbooks.domain.plan": (
        "Action",
        "Effect",
        "Estimate",
        "Link",
        "Runbook",
        "Stream",
        "Task",
        "TaskGate",
        "TaskType",
    ),
    "runbooks.domain.plan_diff": ("PlanDiff", "diff"),
    "runbooks.domain.run_events": ("Comms", "RunSetup", "RunStage", "RunType", "TaskStage"),
    "runbooks.domain.run_state": ("RunState", "TaskState"),
    "runbooks.domain.timing.network": ("Schedule", "schedule"),
    "runbooks.formats.files": ("import_runbook", "read_runbook", "write_runbook"),
    "runbooks.performer": ("Performer",),
    "runbooks.service": ("Reading", "RunService"),
    "runbooks.steps": ("Executor", "InlineExecutor", "Step"),
}
_WHERE = {name: module for module, names in _FROM.items() for name in names}

__all__ = [
    "Action", "ActionKind", "Actions", "Call", "Comms", "Effect", "Estimate", "Executor", "Forecast", "HttpAction",
    "InlineExecutor", "Link", "Outcome", "Performer", "PlanDiff", "Reading", "RunService", "RunSetup", "RunStage",
    "RunState", "RunType", "Runbook", "Schedule", "Step", "Stream", "Task", "TaskGate", "TaskStage", "TaskState",
    "TaskType", "diff", "forecast", "import_runbook", "lint", "make_backout", "read_runbook", "schedule",
    "write_runbook",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(_WHERE[name]), name)
    raise AttributeError(f"runbooks has no '{name}'")
