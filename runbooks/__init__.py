"""Runbooks: the plan as data, its import, lint and forecast, and running it for real."""

from runbooks.actions import ActionKind, Actions, Call, HttpAction, Outcome
from runbooks.domain.forecast import Forecast, forecast
from runbooks.domain.lint import lint
from runbooks.domain.network import Schedule, schedule
from runbooks.domain.plan import Action, Effect, Estimate, Link, Runbook, Stream, Task, TaskGate, TaskType
from runbooks.domain.run_events import Comms, RunSetup, RunStage, RunType, TaskStage
from runbooks.domain.run_state import RunState, TaskState
from runbooks.formats.files import read_runbook, write_runbook
from runbooks.performer import Executor, InlineExecutor, Performer, Step
from runbooks.service import Reading, RunService

__all__ = [
    "Action", "ActionKind", "Actions", "Call", "Comms", "Effect", "Estimate", "Executor", "Forecast", "HttpAction",
    "InlineExecutor", "Link", "Outcome", "Performer", "Reading", "RunService", "RunSetup", "RunStage", "RunState",
    "RunType", "Runbook", "Schedule", "Step", "Stream", "Task", "TaskGate", "TaskStage", "TaskState", "TaskType",
    "forecast", "lint", "read_runbook", "schedule", "write_runbook",
]  # fmt: skip
