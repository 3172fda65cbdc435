"""How a run reads to somebody who is tired: tasks, warnings and bars in words, from the folded state.

Decides nothing and asks nobody: state, moment and programme in, lines out. What a person said is shown as that
person's word, what the software did as recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cutover.domain.gates import Verdict
from cutover.domain.programme import Programme
from cutover.web.charts import Bar
from cutover.web.page import Alert
from cutover.web.words import MINUTE, lasting, moment
from runbooks.domain.deciding import stuck_gates, why_stuck
from runbooks.domain.edits import said
from runbooks.domain.plan import Task, TaskType
from runbooks.domain.run_events import RUN, Completion, RunStage, TaskStage
from runbooks.domain.run_state import RunState, TaskState
from runbooks.domain.timing.network import Actuals, Schedule, Slot, earliest, schedule
from runbooks.forecaster import active_repairs, overrun, projected
from runbooks.service import PERFORMER

Stretch = tuple[datetime, datetime]
Look = tuple[str, str, str]  # style, sign, word: colour only repeats what the sign and the word say

STAGES: Mapping[TaskStage, Look] = {
    TaskStage.FAILED: ("bad", "✗", "failed"),
    TaskStage.UNCERTAIN: ("odd", "?", "uncertain"),
    TaskStage.IN_PROGRESS: ("busy", "▶", "in progress"),
    TaskStage.STARTABLE: ("busy", "▷", "can start"),
    TaskStage.NOT_STARTABLE: ("idle", "·", "waits"),
    TaskStage.COMPLETE: ("ok", "✓", "complete"),
}
STUCK = (TaskStage.FAILED, TaskStage.UNCERTAIN)  # when they end depends on somebody
SKIPPED: Look = ("idle", "↷", "skipped")
ABANDONED: Look = ("idle", "⌀", "abandoned")
RUN_STAGES: Mapping[RunStage, Look] = {
    RunStage.PLANNING: ("idle", "·", "planning"),
    RunStage.ACTIVE: ("busy", "▶", "active"),
    RunStage.PAUSED: ("warn", "‖", "paused"),
    RunStage.BACKING_OUT: ("bad", "↶", "backing out"),
    RunStage.BACKED_OUT: ("bad", "↶", "backed out"),
    RunStage.CANCELED: ("idle", "✗", "canceled"),
    RunStage.COMPLETE: ("ok", "✓", "complete"),
}
VERDICTS: Mapping[Verdict, Look] = {  # in the order in which they want attention
    Verdict.PENDING: ("warn", "?", "pending"),
    Verdict.NO_GO: ("bad", "✗", "NO GO"),
    Verdict.EXPIRED: ("bad", "⌛", "expired undecided"),
    Verdict.WAIVED: ("warn", "!", "waived"),
    Verdict.UNOPENED: ("idle", "·", "not asked yet"),
    Verdict.GO: ("ok", "✓", "GO"),
    Verdict.WITHDRAWN: ("idle", "–", "withdrawn"),
}


@dataclass(frozen=True, slots=True)
class TaskLine:
    """One task as a row. `word` is who said what about it; `ahead` is what is known of its end."""

    id: str
    title: str
    stream: str
    stage: str
    look: Look
    kind: str
    owner: str
    planned: str
    starts: str
    ends: str
    ahead: str
    word: str
    critical: bool


@dataclass(frozen=True, slots=True)
class Run:
    """A run at a moment, with its plan as made and its plan as things stand."""

    state: RunState
    programme: Programme
    now: datetime
    planned: Mapping[str, Stretch]
    expected: Schedule

    @property
    def is_over(self) -> bool:
        return self.state.stage in RUN.terminal

    def time(self, at: datetime | None) -> str:
        return moment(at, self.programme.zone)

    def name(self, who: str) -> str:
        return self.programme.name_of(who)


def read_run(
    state: RunState, programme: Programme, now: datetime, planned: Mapping[str, Stretch] | None = None
) -> Run:
    """Lay the plan out twice: as it was made (`planned`, where that is known already), and as it stands now."""
    assert state.opens is not None  # a run that has begun has a window
    tasks, at = state.runbook.tasks, state.ended_at or now
    expected = schedule(
        tasks, state.opens, actuals=happened(state), now=at,
        active_repairs=active_repairs(state), projected=projected(state),
    )  # fmt: skip
    return Run(state, programme, now, earliest(tasks, state.opens) if planned is None else planned, expected)


def happened(state: RunState) -> Actuals:
    """When each task began and ended; one skipped before it began took no time."""
    idle = (TaskStage.NOT_STARTABLE, TaskStage.STARTABLE)
    return {
        name: (begun, at.ended_at)
        for name, at in state.tasks.items()
        if at.stage not in idle and (begun := at.started_at or at.ended_at)
    }


# --- tasks ----------------------------------------------------------------------------------------------


def task_line(run: Run, task: Task) -> TaskLine:
    at, slot = run.state.tasks[task.id], run.expected.slots.get(task.id)
    return TaskLine(
        id=task.id,
        title=task.title,
        stream=task.stream,
        stage=at.stage,
        look=look(at),
        kind=task.type,
        owner=_owner(run, task, at),
        planned=_planned(run, task),
        starts=_starts(run, at, slot),
        ends=_ends(run, at, slot),
        ahead=_ahead(run, task, at),
        word=_word(run, at),
        critical=bool(slot and slot.critical and not run.is_over),
    )


def _planned(run: Run, task: Task) -> str:
    plan = run.planned.get(task.id)
    if plan is None:
        return "only after a no"
    return f"{run.time(plan[0])}, {lasting(task.expected)}" if task.expected else run.time(plan[0])


def _starts(run: Run, at: TaskState, slot: Slot | None) -> str:
    return run.time(at.started_at or at.ready_at or (slot.early_start if slot else None))


def _ends(run: Run, at: TaskState, slot: Slot | None) -> str:
    return run.time(at.ended_at or (slot.early_finish if slot and at.stage not in STUCK else None))


def look(at: TaskState) -> Look:
    if at.completion is Completion.SKIPPED or (at.is_over and at.started_at is None):
        return SKIPPED
    return ABANDONED if at.completion is Completion.ABANDONED else STAGES[at.stage]


def _owner(run: Run, task: Task, at: TaskState) -> str:
    if at.by and task.gate is None:
        return run.name(at.by) if at.is_over or at.by == PERFORMER else f"claimed by {run.name(at.by)}"
    if task.gate is not None:
        return f"for {', '.join(map(run.name, task.gate.deciders))} to decide"
    people = [run.name(who) for who in (task.owner, task.deputy) if who]
    team = next((t.title for t in run.programme.teams if t.id == task.team), task.team)
    return ", deputy ".join(people) or team or (PERFORMER if task.type is TaskType.AUTOMATED else "anybody")


def _ahead(run: Run, task: Task, at: TaskState) -> str:
    """What is known of a task that is not over."""
    if at.stage is TaskStage.IN_PROGRESS and at.started_at:
        return _running(run, task, at, at.started_at)
    if at.stage is TaskStage.STARTABLE and at.earliest and at.earliest > run.now:
        return f"from {run.time(at.earliest)}"
    if at.stage is TaskStage.STARTABLE and at.ready_at:
        return f"waiting {lasting(max(run.now - at.ready_at, timedelta(0)))}"
    return ""


def _running(run: Run, task: Task, at: TaskState, begun: datetime) -> str:
    factor = overrun(run.state, task.id)
    if factor and at.expected_end:
        pace = f", {factor:.1f} times its plan" if factor > 1.05 else ""  # noqa: PLR2004  less is no news
        return f"expected end {run.time(at.expected_end)}{pace}"
    due = begun + task.expected
    if task.gate is not None:
        return f"asked {lasting(run.now - begun)} ago"
    if not task.expected or due > run.now:
        return f"running for {lasting(run.now - begun)}"
    return f"should have ended {lasting(run.now - due)} ago"


def _word(run: Run, at: TaskState) -> str:
    """Whose word a note is: a person claims, the software records."""
    if at.is_over and at.by not in ("", PERFORMER):
        return f"{run.name(at.by)} says: {at.note or 'done'}"
    if not at.note or (at.expected_end and at.stage is TaskStage.IN_PROGRESS):
        return ""
    return f"recorded by the {PERFORMER}: {at.note}" if at.by in ("", PERFORMER) else at.note


# --- warnings -------------------------------------------------------------------------------------------


def alerts(run: Run) -> Iterator[Alert]:
    """What somebody must know now, gravest first. What moved the forecast is told by the forecast."""
    state = run.state
    if state.stage is RunStage.PAUSED:
        yield Alert("warn", f"The run is paused, nothing new starts: {state.message}")
    if state.stage is RunStage.BACKING_OUT:
        yield Alert("bad", "The run is backing out: the way back is performed, nothing of the plan starts.")
    yield from _asked_of_somebody(run)
    if run.is_over or state.closes is None:
        return
    if run.now > state.closes:
        yield Alert(
            "bad", f"The window closed {lasting(run.now - state.closes)} ago and the run has not ended."
        )
    yield from _forecast_alerts(run, state.closes)
    yield from _backout_alerts(run)
    yield from _late_tasks(run)


def _asked_of_somebody(run: Run) -> Iterator[Alert]:
    """What has been prepared or proposed, and waits for a word; what nobody is left to decide."""
    if not run.is_over:
        started_by = run.state.started_by
        yield from (Alert("bad", f"{why_stuck(task, started_by)}.") for task in stuck_gates(run.state))
    if armed := run.state.armed:
        what = f"of {', '.join(armed.components)} " if armed.components else ""
        yield Alert("bad", f"A backout {what}is armed by {run.name(armed.by)}: {armed.reason}")
    for edit in run.state.edits.waiting():
        changed = "; ".join(said(edit.proposal)[:3])
        impact = f" ({edit.proposal.impact})" if edit.proposal.impact else ""
        text = f"Edit {edit.proposal.number} of the plan waits for approval, by {run.name(edit.by)}: {edit.proposal.reason}: {changed}{impact}"
        yield Alert("warn", text)


def _forecast_alerts(run: Run, closes: datetime) -> Iterator[Alert]:
    seen = run.state.forecast
    if seen is None or seen.p95 <= closes:
        return
    for chance, at, style in (("more likely than not", seen.p50, "bad"), ("one time in five or more", seen.p80, "bad"), ("in the worst twentieth", seen.p95, "warn")):  # fmt: skip
        if at > closes:
            late = f"{lasting(at - closes)} after the window closes ({run.time(at)})"
            yield Alert(style, f"The forecast passes the window: {chance} the run ends {late} or later.")
            return


def _backout_alerts(run: Run) -> Iterator[Alert]:
    latest, passed = run.state.latest_backout, run.state.no_return_at
    if latest is None or passed or not run.state.backout:
        return
    left = latest - run.now
    if left <= timedelta(0):
        yield Alert(
            "bad",
            f"The latest safe backout time has passed {lasting(left)} ago: a way back begun now ends outside the window.",
        )
    elif left <= timedelta(hours=3):
        yield Alert(
            "warn",
            f"{lasting(left)} until the latest safe backout time ({run.time(latest)}): decide to go on or back.",
        )


def _late_tasks(run: Run) -> Iterator[Alert]:
    for task in run.state.runbook.tasks:
        at = run.state.tasks[task.id]
        if at.stage is not TaskStage.IN_PROGRESS or at.started_at is None or not task.expected:
            continue
        link = f"/board/tasks/{task.id}?run={run.state.run_id}"
        factor, due = overrun(run.state, task.id), at.started_at + task.expected
        if factor and at.expected_end and at.expected_end - due > 5 * MINUTE:
            text = f"{task.id} {task.title} is expected to take {factor:.1f} times its plan: until {run.time(at.expected_end)} instead of {run.time(due)}."
            yield Alert("warn", text, link)
        elif at.expected_end is None and run.now - due > 5 * MINUTE and task.type is not TaskType.APPROVAL:
            yield Alert(
                "warn",
                f"{task.id} {task.title} should have ended {lasting(run.now - due)} ago ({run.time(due)}).",
                link,
            )


# --- bars -----------------------------------------------------------------------------------------------


def lanes(run: Run, verdicts: Mapping[str, Verdict]) -> dict[str, list[Bar]]:
    """The bars of every stream, streams in the order of the runbook."""
    titles = {stream.id: stream.title for stream in run.state.runbook.streams}
    found: dict[str, list[Bar]] = {title: [] for title in titles.values()}
    for task in run.state.runbook.tasks:
        if bar := _bar(run, task, verdicts.get(task.id)):
            found.setdefault(titles.get(task.stream, task.stream or "no stream"), []).append(bar)
    return {title: bars for title, bars in found.items() if bars}


def _bar(run: Run, task: Task, verdict: Verdict | None) -> Bar | None:
    slot, at = run.expected.slots.get(task.id), run.state.tasks[task.id]
    if slot is None:
        return None  # a repair that nobody needed
    done, expected = _spans(run, at, (slot.early_start, slot.early_finish))
    seen, is_critical = look(at), slot.critical and not run.is_over
    title = f"{task.id} {task.title}: {seen[2]}; {_starts(run, at, slot)} to {_ends(run, at, slot)}; planned {_planned(run, task)}"
    return Bar(
        name=task.id,
        title=title + ("; critical" if is_critical else ""),
        look="skipped" if seen in (SKIPPED, ABANDONED) else at.stage,
        planned=run.planned.get(task.id) or (slot.early_start, slot.early_finish),
        done=done,
        expected=expected,
        critical=is_critical,
        diamond=_sign(task, verdict),
    )


def _spans(run: Run, at: TaskState, slot: Stretch) -> tuple[Stretch | None, Stretch | None]:
    """What has happened of a task, and what is still to come."""
    if at.ended_at:
        return (at.started_at or at.ended_at, at.ended_at), None
    if at.started_at and at.stage not in (TaskStage.STARTABLE, TaskStage.NOT_STARTABLE):
        until = max(at.started_at, run.state.ended_at or run.now)
        return (at.started_at, until), (until, max(until, slot[1]))
    return None, None if run.is_over else slot


def _sign(task: Task, verdict: Verdict | None) -> str:
    if task.type is TaskType.APPROVAL:
        return VERDICTS[verdict or Verdict.UNOPENED][1]
    if task.point_of_no_return:
        return "!"
    return "★" if task.type is TaskType.MILESTONE else ""
