"""Whatever is asked of a run in whatever order: its rules hold, and with everybody cooperating it completes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cutover.core.errors import Refused
from cutover.core.event import Command
from cutover.domain.gates import Verdict
from runbooks.domain import run_events as ev
from runbooks.domain.execution import (
    RUN_MACHINE,
    next_deadline,
)
from runbooks.domain.plan import Link, LinkKind, Task, TaskType
from runbooks.domain.run_events import RUN, RunStage, TaskStage
from tests.conftest import START
from tests.runbooks.plans import HOUR, Bench, auto, gate, task

KINDS = [TaskType.NORMAL, TaskType.AUTOMATED, TaskType.MILESTONE, TaskType.WAIT, TaskType.APPROVAL]


@st.composite
def plans(draw: st.DrawFn) -> tuple[Task, ...]:
    """Up to seven tasks that wait only for earlier ones; gates may have a repair."""
    tasks: list[Task] = []
    for number in range(draw(st.integers(1, 7))):
        before = [t.id for t in tasks if not t.repairs]
        links = draw(st.lists(st.sampled_from(before), max_size=3, unique=True)) if before else []
        kind, more = draw(st.sampled_from(KINDS)), _extras(draw)
        after = tuple(Link(task=i, kind=draw(st.sampled_from(LinkKind)), lag=draw(_LAGS)) for i in links)
        made = {TaskType.AUTOMATED: auto, TaskType.APPROVAL: gate}.get(kind, task)(f"T{number}", **more)
        tasks.append(made.model_copy(update={"after": after, "type": kind}))
        if kind is TaskType.APPROVAL and draw(st.booleans()):
            tasks.append(task(f"fix{number}", repairs=f"T{number}"))
    return tuple(tasks)


_LAGS = st.sampled_from([timedelta(0), timedelta(minutes=30), -timedelta(minutes=30)])


def _extras(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "duration": draw(st.sampled_from(["0m", "1h"])),
        "point_of_no_return": draw(st.integers(0, 4)) == 0,
    }


def wishes(name: str) -> list[Command]:
    """Every command that can be asked about one task."""
    common = {"by": "asha", "task": name}
    return [
        ev.ClaimTask(**common), ev.FinishTask(**common), ev.SkipTask(**common, reason="out"), ev.FailTask(**common, reason="no"),
        ev.RetryTask(**common, reason="again"), ev.BeginTask(**common, key="key"), ev.RecordOutcome(**common, ok=True, evidence="ok"),
        ev.RecordOutcome(**common, ok=False, evidence="no"), ev.MarkUncertain(**common, why="crash"), ev.CompleteItself(**common),
        ev.SettleTask(**common, happened=True, how="probe"), ev.SettleTask(**common, happened=False, how="probe"),
        ev.PassGate(**common, verdict=Verdict.GO, reason=""), ev.PassGate(**common, verdict=Verdict.NO_GO, reason="no"),
        ev.ReportProgress(**common, expected_end=START + HOUR, detail="slow"),
    ]  # fmt: skip


RUN_WISHES: list[Command] = [
    ev.PauseRun(by="asha", message="wait"), ev.UnpauseRun(by="asha"), ev.BackOut(by="asha", reason="back"),
    ev.BackOut(by="asha", reason="back", signed_by=("bo", "chen")), ev.ConfirmBackedOut(by="asha"), ev.CancelRun(by="asha", reason="end"),
]  # fmt: skip


def earliest(bench: Bench, one: Task) -> datetime:
    """When a task may start by the plan alone, from when its predecessors began and ended."""
    moments = [START]
    for link in one.after:
        before = bench.at(link.task)
        if link.kind is LinkKind.FS:
            assert before.ended_at is not None
            moments.append(before.ended_at + link.lag)
        elif link.kind is LinkKind.SS:
            began = before.started_at or before.ended_at
            assert began is not None
            moments.append(began + link.lag)
    return max(moments)


@settings(max_examples=150)
@given(plan=plans(), draw=st.data())
def test_whatever_is_asked_in_whatever_order(plan: tuple[Task, ...], draw: st.DataObject) -> None:
    """`evolve` takes all that `decide` emits, the folded facts are the state, and nothing starts before its time."""
    bench = Bench.of(*plan)
    asked = [wish for one in plan for wish in wishes(one.id)] + RUN_WISHES
    for wish in draw.draw(st.lists(st.sampled_from(asked), max_size=30)):
        bench.after(timedelta(minutes=20))
        try:
            followed = bench.ask(wish)
        except Refused:
            continue
        if isinstance(wish, ev.TaskCommand) and {"TaskClaimed", "TaskBegun"} & set(followed):
            assert bench.now >= earliest(bench, bench.state.plan[wish.task])
    assert RUN_MACHINE.fold(bench.facts) == bench.state
    assert (bench.state.stage is RunStage.COMPLETE) <= all(at.is_over for at in bench.state.tasks.values())


@settings(max_examples=150)
@given(plan=plans(), moods=st.lists(st.integers(0, 2), max_size=12))
def test_a_run_with_everybody_cooperating_always_completes(plan: tuple[Task, ...], moods: list[int]) -> None:
    """First some trouble (0: all well, 1: it fails or the gate says no, 2: a crash), then good will only."""
    bench = Bench.of(*plan)
    for _ in range(200):
        if bench.state.stage in RUN.terminal:
            break
        moved = [_work(bench, one, moods) for one in plan]
        if not any(moved):
            bench.now = next_deadline(bench.state, bench.now) or bench.now
    assert bench.state.stage is RunStage.COMPLETE
    assert RUN_MACHINE.fold(bench.facts) == bench.state


def _work(bench: Bench, one: Task, moods: list[int]) -> bool:
    """The next step of one task, if it has one now."""
    at = bench.at(one.id)
    mood = moods.pop() if moods else 0
    if bench.state.stage is not RunStage.ACTIVE:
        return False
    if at.stage is TaskStage.STARTABLE:
        return _begin(bench, one)
    if at.stage is TaskStage.IN_PROGRESS:
        _end(bench, one, mood)
    elif at.stage is TaskStage.UNCERTAIN:
        bench.settle(one.id, happened=bool(mood))
    elif at.stage is TaskStage.FAILED and not _in_repair(bench, one):
        bench.retry(one.id)
    else:
        return False
    return True


def _begin(bench: Bench, one: Task) -> bool:
    at = bench.at(one.id)
    wait = one.expected if one.type is TaskType.WAIT else timedelta(0)
    if at.ready_at is None or at.ready_at + wait > bench.now:
        return False
    if one.type in (TaskType.MILESTONE, TaskType.WAIT):
        bench.ask(ev.CompleteItself(by="performer", task=one.id))
    elif one.type in (TaskType.AUTOMATED, TaskType.APPROVAL):
        bench.begin(one.id)
    else:
        bench.claim(one.id)
    return True


def _end(bench: Bench, one: Task, mood: int) -> None:
    if one.type is TaskType.APPROVAL:
        bench.say(one.id, Verdict.NO_GO if mood else Verdict.GO)
    elif mood == 2 and one.type is TaskType.AUTOMATED:
        bench.uncertain(one.id)
    elif mood:
        bench.fail(one.id)
    else:
        bench.finish(one.id)


def _in_repair(bench: Bench, one: Task) -> bool:
    return any(t.repairs == one.id and not bench.at(t.id).is_over for t in bench.state.runbook.tasks)
