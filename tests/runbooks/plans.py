"""Small plans and a bench that asks the run machine without a journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cutover.core.event import Command, Fact
from cutover.domain.gates import Criterion, Verdict
from runbooks.domain import run_events as ev
from runbooks.domain.execution import RUN_MACHINE, effect_key
from runbooks.domain.plan import Action, Effect, Runbook, Task, TaskGate, TaskType
from runbooks.domain.run_events import TaskStage
from runbooks.domain.run_state import RunState, TaskState
from tests.conftest import START

HOUR = timedelta(hours=1)
WINDOW = timedelta(hours=72)
BACKOUT = timedelta(hours=24)
MEMBERS = {"data": ("bo", "chen")}


def task(id_: str, *after: str, **more: Any) -> Task:
    """A person's task of an hour unless told otherwise."""
    return Task.model_validate(
        {"id": id_, "title": f"Do {id_}", "after": list(after), "duration": "1h", **more}
    )


def auto(id_: str, *after: str, effect: Effect = Effect.PROBE, kind: str = "world", **more: Any) -> Task:
    action = Action.model_validate({"kind": kind, "with": more.pop("arguments", {})})
    return task(id_, *after, type=TaskType.AUTOMATED, effect=effect, action=action, **more)


def gate(id_: str, *after: str, source: str = "person:chen", **more: Any) -> Task:
    """Asked of Chen and Asha; one of them decides."""
    criteria = (Criterion(id="ready", title="All is ready", source=source),)
    asked = {"criteria": criteria, "deciders": ("chen", "asha"), **more.pop("gate", {})}
    return task(id_, *after, type=TaskType.APPROVAL, gate=TaskGate.model_validate(asked), **more)


def book(*tasks: Task) -> Runbook:
    return Runbook(id="small", title="A small plan", tasks=tasks)


def start_command(*tasks: Task, by: str = "asha", **more: Any) -> ev.StartRun:
    asked = {
        "run_id": "small-1", "runbook": book(*tasks), "run_type": ev.RunType.REHEARSAL, "comms": ev.Comms.OFF, "opens": START,
        "closes": START + WINDOW, "backout": BACKOUT, "members": MEMBERS, "setup": ev.RunSetup(), **more,
    }  # fmt: skip
    return ev.StartRun(by=by, **asked)


@dataclass
class Bench:
    """One run, asked in memory; `now` moves only when told to."""

    state: RunState = field(default_factory=RunState)
    now: datetime = START
    facts: list[Fact] = field(default_factory=list)

    @classmethod
    def of(cls, *tasks: Task, **more: Any) -> Bench:
        bench = cls()
        bench.ask(start_command(*tasks, **more))
        return bench

    def ask(self, command: Command) -> list[str]:
        """The kinds of what followed. Raises what the machine raises."""
        self.state, facts = RUN_MACHINE.apply(self.state, command, self.now)
        self.facts += facts
        return [fact.event.kind() for fact in facts]

    def after(self, span: timedelta) -> None:
        self.now += span

    def at(self, name: str) -> TaskState:
        return self.state.tasks[name]

    def stage(self, name: str) -> TaskStage:
        return self.at(name).stage

    def claim(self, name: str, by: str = "bo") -> list[str]:
        return self.ask(ev.ClaimTask(by=by, task=name))

    def finish(self, name: str, by: str = "bo", evidence: str = "seen") -> list[str]:
        return self.ask(ev.FinishTask(by=by, task=name, evidence=evidence))

    def skip(self, name: str, by: str = "asha") -> list[str]:
        return self.ask(ev.SkipTask(by=by, task=name, reason="not in this window"))

    def fail(self, name: str, by: str = "bo") -> list[str]:
        return self.ask(ev.FailTask(by=by, task=name, reason="it would not"))

    def retry(self, name: str, by: str = "bo") -> list[str]:
        return self.ask(ev.RetryTask(by=by, task=name, reason="once more"))

    def begin(self, name: str) -> list[str]:
        return self.ask(ev.BeginTask(by="performer", task=name, key=effect_key(self.state, name)))

    def outcome(self, name: str, *, ok: bool = True) -> list[str]:
        return self.ask(ev.RecordOutcome(by="performer", task=name, ok=ok, evidence="seen"))

    def uncertain(self, name: str) -> list[str]:
        return self.ask(ev.MarkUncertain(by="performer", task=name, why="the runner died"))

    def settle(self, name: str, *, happened: bool, by: str = "performer") -> list[str]:
        return self.ask(ev.SettleTask(by=by, task=name, happened=happened, how="probed"))

    def say(self, name: str, verdict: Verdict, *decided_by: str) -> list[str]:
        """The performer opens the gate's task when it may, and brings the verdict."""
        if self.stage(name) is TaskStage.STARTABLE:
            self.ask(ev.BeginTask(by="performer", task=name, key=f"gate:{name}:{self.at(name).round}"))
        return self.ask(
            ev.PassGate(by="performer", task=name, verdict=verdict, reason="as voted", decided_by=decided_by)
        )
