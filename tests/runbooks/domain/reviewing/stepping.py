"""Runs in memory for reviews: one that keeps exactly to its plan, and plans and histories of any legal kind."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from hypothesis import strategies as st

from cutover.core.errors import Refused
from cutover.domain.gates import Verdict
from runbooks.domain import run_events as ev
from runbooks.domain.edits import ApproveEdit, ProposeEdit
from runbooks.domain.plan import Task, TaskType
from runbooks.domain.run_events import RUN, TaskStage
from tests.runbooks.plans import Bench, auto, gate, task

MINUTE = timedelta(minutes=1)


def undisturbed(tasks: Sequence[Task]) -> Bench:
    """Everything starts when it may and takes what was planned; gates say go when asked."""
    bench = Bench.of(*tasks)
    while bench.state.stage not in RUN.terminal:
        moved = [name for name in bench.state.tasks if _step(bench, name)]
        if not moved:
            bench.now = min(moment for name in bench.state.tasks if (moment := _next(bench, name)))
    return bench


def _step(bench: Bench, name: str) -> bool:
    at, plan = bench.at(name), bench.state.plan[name]
    if at.stage is TaskStage.IN_PROGRESS and at.started_at and at.started_at + plan.expected <= bench.now:
        if plan.gate:
            bench.say(name, Verdict.GO, "chen")
        elif plan.action:
            bench.outcome(name)
        else:
            bench.finish(name)
        return True
    if at.stage is not TaskStage.STARTABLE or at.ready_at is None or at.ready_at > bench.now:
        return False
    if plan.type is TaskType.MILESTONE:
        bench.ask(ev.CompleteItself(by="performer", task=name))
    elif plan.action or plan.gate:
        bench.begin(name)
    else:
        bench.claim(name)
    return True


def _next(bench: Bench, name: str):  # type: ignore[no-untyped-def]
    at, plan = bench.at(name), bench.state.plan[name]
    if at.stage is TaskStage.IN_PROGRESS and at.started_at:
        return at.started_at + plan.expected
    return (
        at.ready_at if at.stage is TaskStage.STARTABLE and at.ready_at and at.ready_at > bench.now else None
    )


@st.composite
def plans(draw: st.DrawFn, most: int = 9) -> list[Task]:
    """Up to `most` tasks of every kind, tied by ends and by starts, with lags."""
    tasks: list[Task] = []
    for i in range(draw(st.integers(1, most))):
        links = draw(st.sets(st.integers(0, i - 1), max_size=3)) if i else set()
        after = [f"t{n}{draw(st.sampled_from(['', ' SS', ' FS+10m', ' SS+20m']))}" for n in sorted(links)]
        make = draw(st.sampled_from([task, task, auto, gate, _milestone]))
        tasks.append(make(f"t{i}", *after, duration=f"{draw(st.integers(1, 300))}m", team="data"))
    return [
        t.model_copy(update={"duration": timedelta(0)}) if t.type is TaskType.MILESTONE else t for t in tasks
    ]


def _milestone(id_: str, *after: str, **more: object) -> Task:
    return task(id_, *after, type=TaskType.MILESTONE, **more)


@st.composite
def histories(draw: st.DrawFn) -> Bench:
    """Any legal history of a plan: whatever is asked, only what is granted happens, and time passes between."""
    tasks = draw(plans(6))
    repair = [auto("fix", repairs=t.id) for t in tasks if t.gate][:1]
    bench = Bench.of(*tasks, *repair)
    names = st.sampled_from([*bench.state.tasks])
    for _ in range(draw(st.integers(0, 60))):
        bench.after(draw(st.sampled_from([0, 1, 7, 45, 200])) * MINUTE)
        with suppress(Refused):
            _act(bench, draw(names), draw(st.sampled_from(_ACTS)))
    return bench


_ACTS = (
    "begin", "begin", "claim", "claim", "outcome", "finish", "finish", "fail", "bad", "retry", "skip", "uncertain", "undone",
    "happened", "go", "no_go", "pause", "unpause", "itself", "forecast", "edit", "backout",
)  # fmt: skip


def _act(bench: Bench, name: str, what: str) -> None:  # noqa: C901, PLR0912  one line a move
    match what:
        case "begin":
            bench.begin(name)
        case "claim":
            bench.claim(name)
        case "outcome" | "bad":
            bench.outcome(name, ok=what == "outcome")
        case "finish":
            bench.finish(name)
        case "fail":
            bench.fail(name)
        case "retry":
            bench.retry(name)
        case "skip":
            bench.skip(name)
        case "uncertain":
            bench.uncertain(name)
        case "undone" | "happened":
            bench.settle(name, happened=what == "happened")
        case "go" | "no_go":
            bench.say(name, Verdict(what), "chen")
        case "pause":
            bench.ask(ev.PauseRun(by="asha", message="wait"))
        case "unpause":
            bench.ask(ev.UnpauseRun(by="asha"))
        case "edit":
            bench.ask(ProposeEdit(by="bo", reason="slower", changes={name: {"duration": "7h"}}))
            bench.ask(ApproveEdit(by="chen", number=max(bench.state.edits.by_number)))
        case "backout":
            bench.ask(ev.BackOut(by="asha", reason="it failed", signed_by=("bo", "chen")))
        case "itself":
            bench.ask(ev.CompleteItself(by="performer", task=name))
        case "forecast":
            ends = [bench.now + n * timedelta(hours=1) for n in (5, 6, 7)]
            bench.ask(ev.MoveForecast(by="performer", p50=ends[0], p80=ends[1], p95=ends[2], chance_to_miss=0.1, cause="seen"))  # fmt: skip
