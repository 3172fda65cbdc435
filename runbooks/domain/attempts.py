"""How an automated task is tried: what failed before it was tried again, and what a rehearsal leaves out or asks about.

A task that does harm outside says what a rehearsal against real systems does with it. A walk-through and a
rehearsal against the range touch nothing real: there the rule does not apply.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from runbooks.domain.of_tasks import TaskCommand, TaskEvent


class RetryPolicy(StrEnum):
    """How often a try that failed and did nothing is made again under the same key, and after how long."""

    NEVER = "never"
    QUICK = "quick"
    PATIENT = "patient"
    STUBBORN = "stubborn"


class InRehearsal(StrEnum):
    """What a rehearsal does with an automated task: perform it, leave it out, perform its inverse, or ask first."""

    PERFORM = "perform"
    SKIP = "skip"
    INVERT = "invert"
    ASK = "ask"


class TaskTryFailed(TaskEvent):
    """A try did nothing and another follows under the same key; `again_at` is when."""

    attempt: int
    why: str
    again_at: datetime | None = None


class TaskAllowed(TaskEvent):
    """Somebody said that this rehearsal may perform a task that asks first."""


class ReportTry(TaskCommand):
    attempt: int = Field(ge=1)
    why: str
    again_at: datetime | None = None


class AllowTask(TaskCommand):
    """Let a rehearsal perform a task that asks first."""


class LeaveOut(TaskCommand):
    """A rehearsal does not perform a task that would do harm: what follows is released, and the record says so."""

    reason: str = Field(min_length=1)
