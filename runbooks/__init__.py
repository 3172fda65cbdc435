"""Runbooks: the plan as data, its import, lint and forecast, and running it for real.

Each name is loaded when it is first used: numpy and the database cost time that `cutover --help` must not.
"""

from typing import TYPE_CHECKING

from cutover.core.late import late_names

if TYPE_CHECKING:
    from runbooks.actions import ActionKind, Actions, Call, HttpAction, Outcome
    from runbooks.changes import Changes
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
    from runbooks.domain.run_events import (
        ClaimTask,
        Comms,
        FailTask,
        FinishTask,
        RetryTask,
        RunSetup,
        RunStage,
        RunType,
        SkipTask,
        TaskStage,
    )  # fmt: skip
    from runbooks.domain.run_state import RunState, TaskState
    from runbooks.domain.timing.network import Schedule, schedule
    from runbooks.formats.files import import_runbook, read_runbook, write_runbook
    from runbooks.performer import Performer
    from runbooks.service import Reading, RunService
    from runbooks.steps import Executor, InlineExecutor, Step

_FROM = {
    "actions": ("ActionKind", "Actions", "Call", "HttpAction", "Outcome"),
    "changes": ("Changes",),
    "domain.backout_plan": ("make_backout",),
    "domain.forecasting.forecast": ("Forecast", "forecast"),
    "domain.lint": ("lint",),
    "domain.plan": ("Action", "Effect", "Estimate", "Link", "Runbook", "Stream", "Task", "TaskGate", "TaskType"),
    "domain.plan_diff": ("PlanDiff", "diff"),
    "domain.run_events": (
        "ClaimTask", "Comms", "FailTask", "FinishTask", "RetryTask", "RunSetup", "RunStage", "RunType", "SkipTask",
        "TaskStage",
    ),
    "domain.run_state": ("RunState", "TaskState"),
    "domain.timing.network": ("Schedule", "schedule"),
    "formats.files": ("import_runbook", "read_runbook", "write_runbook"),
    "performer": ("Performer",),
    "service": ("Reading", "RunService"),
    "steps": ("Executor", "InlineExecutor", "Step"),
}  # fmt: skip
__all__ = [
    "Action", "ActionKind", "Actions", "Call", "Changes", "ClaimTask", "Comms", "Effect", "Estimate", "Executor",
    "FailTask", "FinishTask", "Forecast", "HttpAction", "InlineExecutor", "Link", "Outcome", "Performer", "PlanDiff",
    "Reading", "RetryTask", "RunService", "RunSetup", "RunStage", "RunState", "RunType", "Runbook", "Schedule",
    "SkipTask", "Step", "Stream", "Task", "TaskGate", "TaskStage", "TaskState", "TaskType", "diff", "forecast",
    "import_runbook", "lint", "make_backout", "read_runbook", "schedule", "write_runbook",
]  # fmt: skip

__getattr__ = late_names(__name__, _FROM)
