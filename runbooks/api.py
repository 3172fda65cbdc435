"""What programs read of runs, and the outcome of a task that a program tells. Decides nothing: the run's machine does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from cutover.core.clock import Clock
from cutover.core.event import Command
from cutover.domain.gate_events import Verdict
from cutover.domain.gates import unmet
from cutover.web.api.door import check_match
from cutover.web.api.operation import Answer, Call, Operation
from cutover.web.api.paging import Listed, Paging, later, page
from runbooks.domain import run_events as ev
from runbooks.domain.plan import Task, TaskType
from runbooks.domain.run_state import RunState
from runbooks.service import RunService

READ = "read:runs"
TELL = "task:{task}"
RUNS = "/api/v1/runs"


class RunSeen(BaseModel):
    """One run of a runbook as it stands. Moments are UTC."""

    run: str
    runbook: str
    type: ev.RunType
    stage: ev.RunStage
    opens: datetime | None
    closes: datetime | None
    tasks: dict[str, int] = Field(description="how many, by stage")
    latest_backout: datetime | None = Field(
        description="until when turning back still ends inside the window"
    )
    forecast: dict[str, datetime] = Field(description="p50, p80 and p95 of the end, as last forecast")
    no_return_at: datetime | None
    ended_at: datetime | None


class TaskSeen(BaseModel):
    """One task of a run as it stands. `by` is whoever did or does it."""

    task: str
    title: str
    type: TaskType
    stage: ev.TaskStage
    completion: ev.Completion | None
    owner: str
    team: str
    by: str
    ready_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    tries: int


class GateSeen(BaseModel):
    """One gate of a run: what it says, and everything that is not met; missing and stale evidence is not met."""

    task: str
    title: str
    verdict: Verdict
    unmet: list[str]
    votes: dict[str, Verdict]
    decide_by: datetime | None
    closed_at: datetime | None


class TasksAsked(Paging):
    stage: ev.TaskStage | None = Field(default=None, description="only those that are at this stage")


class OutcomeTold(BaseModel):
    """How a task went, told by a program: of a task that names nobody, or names `program:<program>`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    outcome: Literal["done", "failed"]
    program: Annotated[
        str, Field(pattern="^[a-z0-9][a-z0-9_-]{0,39}$", description="who it is in the journal")
    ]
    note: Annotated[str, Field(max_length=2000, description="what proves it; why it failed")] = ""


@dataclass(frozen=True, slots=True)
class RunApi:
    """What it answers and takes."""

    runs: RunService
    clock: Clock

    def operations(self) -> Sequence[Operation]:
        one, task = f"{RUNS}/{{run}}", f"{RUNS}/{{run}}/tasks/{{task}}"
        return (
            Operation("GET", RUNS, "list the runs", self._all, Listed[RunSeen], READ, query=Paging),
            Operation("GET", one, "read how a run stands", self._one, RunSeen, READ),
            Operation(
                "GET", f"{one}/tasks", "list the tasks of a run", self._tasks, Listed[TaskSeen], READ, query=TasksAsked
            ),
            Operation("GET", task, "read how a task stands", self._task, TaskSeen, READ),
            Operation(
                "GET", f"{one}/gates", "list the gates of a run with what is not met", self._gates,
                Listed[GateSeen], READ, query=Paging,
            ),
            Operation(
                "POST", f"{task}/outcome", "tell how a task went", self._tell, TaskSeen, TELL,
                takes=OutcomeTold, once=True, guarded=True,
            ),
        )  # fmt: skip

    def _all(self, call: Call) -> BaseModel | Answer:
        found = later(self.runs.run_ids(), call.query, str)
        return page(found, call.query, str, lambda run: _run(self.runs.state(run)))

    def _one(self, call: Call) -> BaseModel | Answer:
        return _run(self._state(call))

    def _tasks(self, call: Call) -> BaseModel | Answer:
        state, stage = self._state(call), call.query.stage
        wanted = (t for t in state.runbook.tasks if stage is None or state.tasks[t.id].stage is stage)
        return page(later(wanted, call.query, _id), call.query, _id, lambda task: _task(state, task))

    def _task(self, call: Call) -> BaseModel | Answer:
        state, name = self._state(call), call.path["task"]
        self.runs.check_task(state.run_id, name)
        return _task(state, state.plan[name])

    def _gates(self, call: Call) -> BaseModel | Answer:
        state = self._state(call)
        found = later((task for task in state.runbook.tasks if task.gate), call.query, _id)
        return page(found, call.query, _id, lambda task: self._gate(state, task))

    def _gate(self, state: RunState, task: Task) -> GateSeen:
        gate = self.runs.gate(state.run_id, task.id)
        return GateSeen(
            task=task.id,
            title=gate.title or task.title,
            verdict=gate.verdict,
            unmet=list(unmet(gate, self.clock.now())),
            votes={who: vote for who, (vote, _) in gate.votes.items()},
            decide_by=gate.decide_by,
            closed_at=gate.closed_at,
        )

    def _tell(self, call: Call) -> BaseModel | Answer:
        told, name = call.body(OutcomeTold), call.path["task"]
        before = self._task(call)
        check_match(call.request, before)
        by = f"program:{told.program}"
        wish: Command = (
            ev.FinishTask(by=by, task=name, evidence=told.note)
            if told.outcome == "done"
            else ev.FailTask(by=by, task=name, reason=told.note or "it said no more than that")
        )
        self.runs.ask(call.path["run"], wish)
        return self._task(call)

    def _state(self, call: Call) -> RunState:
        return self.runs.state(self.runs.find(call.path["run"]))


def _id(task: Task) -> str:
    return task.id


def _run(state: RunState) -> RunSeen:
    stages: dict[str, int] = {}
    for at in state.tasks.values():
        stages[at.stage] = stages.get(at.stage, 0) + 1
    said = state.forecast
    return RunSeen(
        run=state.run_id,
        runbook=state.runbook.id,
        type=state.run_type,
        stage=state.stage,
        opens=state.opens,
        closes=state.closes,
        tasks=stages,
        latest_backout=state.latest_backout,
        forecast={"p50": said.p50, "p80": said.p80, "p95": said.p95} if said else {},
        no_return_at=state.no_return_at,
        ended_at=state.ended_at,
    )


def _task(state: RunState, task: Task) -> TaskSeen:
    at = state.tasks[task.id]
    return TaskSeen(
        task=task.id,
        title=task.title,
        type=task.type,
        stage=at.stage,
        completion=at.completion,
        owner=task.owner,
        team=task.team,
        by=at.by,
        ready_at=at.ready_at,
        started_at=at.started_at,
        ended_at=at.ended_at,
        tries=at.tries,
    )
