"""What can be asked of a run and what can happen to it: commands, events, and the two tables of legal moves.

Theory: a run goes from planning to one of four ends; pausing keeps people's finished work and starts nothing
new. A task waits until its predecessors release it, is claimed by a person or begun by the performer, and
ends complete (normal, auto, skipped, abandoned) or failed. Failed holds its successors, skipped releases
them. Uncertain means that the effect may have happened: a probe or a person settles it, never a blind re-run.
A gate's task fails when the gate says no; its repair tasks then run and the gate is asked again in a new round.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pydantic import Field

from cutover.core.event import Command, Event
from cutover.core.machine import Table
from cutover.domain.gates import Verdict
from runbooks.domain import colours, edits, notes, turning_back
from runbooks.domain.attempts import AllowTask as AllowTask  # noqa: PLC0414  one place where all words of a run are
from runbooks.domain.attempts import LeaveOut as LeaveOut  # noqa: PLC0414
from runbooks.domain.attempts import ReportTry as ReportTry  # noqa: PLC0414
from runbooks.domain.attempts import TaskAllowed as TaskAllowed  # noqa: PLC0414
from runbooks.domain.attempts import TaskTryFailed as TaskTryFailed  # noqa: PLC0414
from runbooks.domain.of_tasks import TaskCommand as TaskCommand  # noqa: PLC0414
from runbooks.domain.of_tasks import TaskEvent as TaskEvent  # noqa: PLC0414
from runbooks.domain.plan import Runbook, Task
from runbooks.domain.run_stages import Comms, Completion, RunSetup, RunStage, RunType, TaskStage

__all__ = ["Comms", "Completion", "RunSetup", "RunStage", "RunType", "TaskStage"]


# --- events ---------------------------------------------------------------------------------------------


class RunStarted(Event):
    run_id: str
    runbook: Runbook
    run_type: RunType
    comms: Comms
    opens: datetime
    closes: datetime
    backout: timedelta
    members: dict[str, tuple[str, ...]]
    setup: RunSetup
    capacity: dict[str, int] = Field(
        default_factory=dict,
        description="how many tasks each team can do at once; a team left out: any number",
    )


class RunPaused(Event):
    typed = frozenset({"message"})
    message: str


class RunUnpaused(Event):
    """Work may start again."""


class BackoutBegan(Event):
    """The whole run goes back; `tasks` are what undoes what had begun."""

    typed = frozenset({"reason"})
    reason: str
    signed_by: tuple[str, ...] = ()
    tasks: tuple[Task, ...] = ()


class RunBackedOut(Event):
    """The old systems serve again."""


class RunCanceled(Event):
    typed = frozenset({"reason"})
    reason: str


class RunCompleted(Event):
    """Every task has ended."""


class FlowLinked(Event):
    """Where this stretch of the run can be watched in Prefect: a link, never the truth."""

    flow_run_id: str


class ForecastMoved(Event):
    """The expected end as seen at this moment, and what moved it.

    With it the way back: until when it may begin (its quantile is given when a backout plan tells), when one
    would be back from here, and the chance that the gate ahead and the way back from it pass the window.
    """

    p50: datetime
    p80: datetime
    p95: datetime
    chance_to_miss: float
    cause: str
    capacity_aware: bool = False
    latest_backout: datetime | None = None
    backout_quantile: float | None = None
    back_by: datetime | None = None
    gate: str = ""
    gate_and_back_late: float | None = None


class TaskReleased(TaskEvent):
    """Its predecessors let it start. Derived while folding, never journalled."""


class TaskAbandoned(TaskEvent):
    """It was still to come when a backout began. Derived while folding, never journalled."""


class TaskClaimed(TaskEvent):
    """A person has taken it up."""


class TaskBegun(TaskEvent):
    """The performer hands its action to an executor, under the key by which the effect is known."""

    key: str


class TaskProgressed(TaskEvent):
    """Its end is now expected at another time than planned."""

    expected_end: datetime
    detail: str


class TaskDone(TaskEvent):
    typed = frozenset({"evidence"})
    completion: Completion = Completion.NORMAL
    evidence: str = ""
    link: str = ""
    result: dict[str, Any] = Field(default_factory=dict)


class TaskSkipped(TaskEvent):
    typed = frozenset({"reason"})
    reason: str
    completion: Completion = Completion.SKIPPED


class TaskFailed(TaskEvent):
    typed = frozenset({"reason"})
    reason: str


class TaskRetried(TaskEvent):
    typed = frozenset({"reason"})
    reason: str


class TaskBecameUncertain(TaskEvent):
    why: str


class TaskFoundUndone(TaskEvent):
    """The effect did not happen: the task may start again."""

    typed = frozenset({"how"})
    how: str


class GateSaidNo(TaskEvent):
    verdict: Verdict
    reason: str


class GateHeld(TaskEvent):
    """Withdrawn, or expired to hold: what is behind it waits until it is asked again, and nothing is repaired."""

    verdict: Verdict
    reason: str


class GateAskedAgain(TaskEvent):
    round: int


class PointOfNoReturnPassed(TaskEvent):
    """Decided by name: from here the way back is closed."""

    latest_backout: datetime
    decided_by: tuple[str, ...] = ()


EVENTS: tuple[type[Event], ...] = (
    RunStarted, RunPaused, RunUnpaused, BackoutBegan, RunBackedOut, RunCanceled, RunCompleted, FlowLinked, ForecastMoved,
    TaskClaimed, TaskBegun, TaskProgressed, TaskDone, TaskSkipped, TaskFailed, TaskRetried, TaskBecameUncertain,
    TaskFoundUndone, TaskTryFailed, TaskAllowed, GateSaidNo, GateHeld, GateAskedAgain, PointOfNoReturnPassed,
    *notes.EVENTS, *edits.EVENTS, *colours.EVENTS, *turning_back.EVENTS,
)  # fmt: skip


# --- commands -------------------------------------------------------------------------------------------


class StartRun(Command):
    run_id: str
    runbook: Runbook
    run_type: RunType
    comms: Comms
    opens: datetime
    closes: datetime
    backout: timedelta
    members: dict[str, tuple[str, ...]]
    setup: RunSetup
    capacity: dict[str, int] = Field(default_factory=dict)


class PauseRun(Command):
    message: str = Field(min_length=1)


class UnpauseRun(Command): ...


class BackOut(Command):
    """The whole run, or single components. After the point of no return only when forced and signed by two others.

    `tasks` are the way back from what has begun; whoever asks leaves them out, the service puts them in.
    """

    reason: str = Field(min_length=1)
    signed_by: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    tasks: tuple[Task, ...] = ()


class ConfirmBackedOut(Command): ...


class CancelRun(Command):
    reason: str = Field(min_length=1)


class LinkFlow(Command):
    flow_run_id: str


class MoveForecast(Command):
    p50: datetime
    p80: datetime
    p95: datetime
    chance_to_miss: float
    cause: str
    capacity_aware: bool = False
    latest_backout: datetime | None = None
    backout_quantile: float | None = None
    back_by: datetime | None = None
    gate: str = ""
    gate_and_back_late: float | None = None


class ClaimTask(TaskCommand): ...


class FinishTask(TaskCommand):
    """A person's word that it is done; claims it first when nobody had."""

    evidence: str = ""
    link: str = ""


class SkipTask(TaskCommand):
    reason: str = Field(min_length=1)


class FailTask(TaskCommand):
    reason: str = Field(min_length=1)


class RetryTask(TaskCommand):
    reason: str = Field(min_length=1)


class BeginTask(TaskCommand):
    key: str


class ReportProgress(TaskCommand):
    expected_end: datetime
    detail: str


class RecordOutcome(TaskCommand):
    """What an executor brought back."""

    ok: bool
    evidence: str
    link: str = ""
    result: dict[str, Any] = Field(default_factory=dict)


class MarkUncertain(TaskCommand):
    why: str


class SettleTask(TaskCommand):
    """What a probe or a person found out about an uncertain task."""

    happened: bool
    how: str = Field(min_length=1)


class PassGate(TaskCommand):
    """The gate's verdict, brought to the task that asked it, with the names of those who gave it."""

    verdict: Verdict
    reason: str
    decided_by: tuple[str, ...] = ()
    holds: bool = False


class CompleteItself(TaskCommand):
    """A milestone reached or a wait that is over."""


RUN = Table(
    name="run",
    theory="planning to one of four ends; a pause starts nothing new and loses nothing",
    stages=RunStage,
    start=RunStage.PLANNING,
    terminal=frozenset({RunStage.BACKED_OUT, RunStage.CANCELED, RunStage.COMPLETE}),
    moves={
        (RunStage.PLANNING, RunStarted): RunStage.ACTIVE,
        (RunStage.ACTIVE, RunPaused): RunStage.PAUSED,
        (RunStage.PAUSED, RunUnpaused): RunStage.ACTIVE,
        (RunStage.ACTIVE, BackoutBegan): RunStage.BACKING_OUT,
        (RunStage.PAUSED, BackoutBegan): RunStage.BACKING_OUT,
        (RunStage.BACKING_OUT, RunBackedOut): RunStage.BACKED_OUT,
        (RunStage.ACTIVE, RunCanceled): RunStage.CANCELED,
        (RunStage.PAUSED, RunCanceled): RunStage.CANCELED,
        (RunStage.ACTIVE, RunCompleted): RunStage.COMPLETE,
    },
)

TASK = Table(
    name="task",
    theory="failed holds successors, skipped releases them, uncertain is settled and never blindly re-run",
    stages=TaskStage,
    start=TaskStage.NOT_STARTABLE,
    terminal=frozenset({TaskStage.COMPLETE}),
    moves={
        (TaskStage.NOT_STARTABLE, TaskReleased): TaskStage.STARTABLE,
        **{
            (stage, TaskAbandoned): TaskStage.COMPLETE
            for stage in TaskStage
            if stage is not TaskStage.COMPLETE
        },
        (TaskStage.NOT_STARTABLE, TaskSkipped): TaskStage.COMPLETE,
        (TaskStage.STARTABLE, TaskSkipped): TaskStage.COMPLETE,
        (TaskStage.STARTABLE, TaskClaimed): TaskStage.IN_PROGRESS,
        (TaskStage.STARTABLE, TaskBegun): TaskStage.IN_PROGRESS,
        (TaskStage.STARTABLE, TaskDone): TaskStage.COMPLETE,
        (TaskStage.STARTABLE, TaskAllowed): TaskStage.STARTABLE,
        (TaskStage.IN_PROGRESS, TaskTryFailed): TaskStage.IN_PROGRESS,
        (TaskStage.IN_PROGRESS, TaskProgressed): TaskStage.IN_PROGRESS,
        (TaskStage.IN_PROGRESS, TaskDone): TaskStage.COMPLETE,
        (TaskStage.IN_PROGRESS, TaskSkipped): TaskStage.COMPLETE,
        (TaskStage.IN_PROGRESS, TaskFailed): TaskStage.FAILED,
        (TaskStage.IN_PROGRESS, GateSaidNo): TaskStage.FAILED,
        (TaskStage.IN_PROGRESS, GateHeld): TaskStage.FAILED,
        (TaskStage.IN_PROGRESS, TaskBecameUncertain): TaskStage.UNCERTAIN,
        (TaskStage.UNCERTAIN, TaskDone): TaskStage.COMPLETE,
        (TaskStage.UNCERTAIN, TaskFoundUndone): TaskStage.STARTABLE,
        (TaskStage.FAILED, TaskRetried): TaskStage.STARTABLE,
        (TaskStage.FAILED, GateAskedAgain): TaskStage.STARTABLE,
        (TaskStage.FAILED, TaskSkipped): TaskStage.COMPLETE,
    },
)
