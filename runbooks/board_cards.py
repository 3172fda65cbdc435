"""The cards of the board: countdown, run, forecast, way back, tasks at hand, picture, last facts. Knows no page and no visitor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, or_, select

from cutover.core.event import Recorded
from cutover.domain.gates import Verdict
from cutover.domain.programme import Programme
from cutover.store.engine import reading
from cutover.store.journal import Journal
from cutover.store.metadata import journal_table as j
from cutover.web.charts import Band, Gantt, Mark, band, gantt
from cutover.web.words import lasting, moment, share
from runbooks.board import (
    RUN_STAGES,
    STAGES,
    Look,
    Run,
    TaskLine,
    lanes,
    task_line,
)
from runbooks.board_ahead import back_words, driver_words, latest_length, second_words
from runbooks.board_colours import ShadeLine, shade_lines
from runbooks.domain.execution import run_stream
from runbooks.domain.run_events import ForecastMoved, TaskStage
from runbooks.domain.run_state import RunState
from runbooks.lookout import Lookout

FACTS = 12
_GROUPS = (
    (TaskStage.FAILED, "Failed: holds its successors"),
    (TaskStage.UNCERTAIN, "Uncertain: may have happened, somebody must look"),
    (TaskStage.IN_PROGRESS, "In progress"),
    (TaskStage.STARTABLE, "Can start"),
)


@dataclass(frozen=True, slots=True)
class Countdown:
    """How long the window still lasts, or since when it is over; `share` of it is gone, in percent."""

    label: str
    value: str
    closes: str
    gone: int


@dataclass(frozen=True, slots=True)
class RunHead:
    """Which run, of what type, how far, of what colour."""

    id: str
    title: str
    look: Look
    type: str
    comms: str
    done: str
    journal: str
    others: tuple[str, ...]
    shades: tuple[ShadeLine, ...]


@dataclass(frozen=True, slots=True)
class ForecastCard:
    """When it ends and how surely; `moved` says from when to when the end moved, at what time and why.

    `anew` is the second figure, with every sample dispatched anew; `drivers` what moves the end most from here.
    """

    points: tuple[tuple[str, str], ...]
    chance: str
    verdict: Look
    moved: str
    anew: str
    drivers: tuple[str, ...]
    chart: Band


@dataclass(frozen=True, slots=True)
class BackoutCard:
    """Until when one can still turn back, and whether somebody has closed that way.

    `ahead` says when one would be back from here, and how likely gate and way back together pass the window.
    """

    look: Look
    latest: str
    left: str
    word: str
    ahead: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    stage: str
    title: str
    look: Look
    tasks: tuple[TaskLine, ...]


def countdown(state: RunState | None, programme: Programme, now: datetime) -> Countdown:
    opens = state.opens if state and state.opens else programme.opens
    closes = state.closes if state and state.closes else programme.closes
    gone = round(100 * min(1.0, max(0.0, (now - opens) / (closes - opens))))
    text = moment(closes, programme.zone)
    if state and state.ended_at:
        side = "before" if state.ended_at <= closes else "after"
        ended = moment(state.ended_at, programme.zone)
        return Countdown(
            f"Run ended {ended}", f"{lasting(closes - state.ended_at)} {side} the close", text, gone
        )
    if now < opens:
        return Countdown("Window opens in", lasting(opens - now), text, 0)
    if now <= closes:
        return Countdown("Window closes in", lasting(closes - now), text, gone)
    return Countdown("Window closed", f"{lasting(now - closes)} ago", text, 100)


def run_head(run: Run, ids: Sequence[str]) -> RunHead:
    state = run.state
    over = sum(1 for at in state.tasks.values() if at.is_over)
    others = tuple(name for name in reversed(ids) if name != state.run_id)
    done = f"{over} of {len(state.tasks)} tasks"
    return RunHead(
        state.run_id, state.runbook.title, RUN_STAGES[state.stage], state.run_type, f"notices {state.comms}", done,
        run_stream(state.run_id), others, shade_lines(run),
    )  # fmt: skip


def forecast_card(run: Run, journal: Journal, lookout: Lookout) -> ForecastCard | None:
    seen, closes = run.state.forecast, run.state.closes
    if seen is None or closes is None or run.is_over:
        return None
    points = (
        ("Even chance (P50)", seen.p50),
        ("Four in five (P80)", seen.p80),
        ("19 in 20 (P95)", seen.p95),
    )
    late = seen.p95 > closes
    verdict = ("bad", "✗", "passes the window") if seen.p80 > closes else ("warn", "!", "may pass the window")
    says = f"The run ends between {run.time(seen.p50)} (P50) and {run.time(seen.p95)} (P95); the window closes {run.time(closes)}."
    marks = [Mark(at, f"{name} {run.programme.local(at):%a %H:%M}", "point") for name, at in zip(("P50", "P80", "P95"), (seen.p50, seen.p80, seen.p95), strict=True)]  # fmt: skip
    return ForecastCard(
        points=tuple((label, run.time(at)) for label, at in points),
        chance=share(seen.chance_to_miss),
        verdict=verdict if late else ("ok", "✓", "inside the window"),
        moved=_moved(run, journal),
        anew=second_words(run, lookout.second(run.state, run.now)),
        drivers=tuple(driver_words(run, lookout.seen(run.state, run.now))),
        chart=band("Forecast of the end", says, marks, closes, run.programme.zone),
    )


def _moved(run: Run, journal: Journal) -> str:
    """How the end moved last: from when to when, seen at what time, because of what."""
    last = [f for f in _facts_of(journal, run_stream(run.state.run_id), "ForecastMoved", 2) if isinstance(f.event, ForecastMoved)]  # fmt: skip
    if len(last) < 2:  # noqa: PLR2004  a move takes two
        return ""
    new, old = last[0].event, last[1].event
    assert isinstance(new, ForecastMoved)
    assert isinstance(old, ForecastMoved)
    return f"End (P80) moves from {run.time(old.p80)} to {run.time(new.p80)}, seen {run.time(last[0].at)}: {new.cause}."


def backout_card(run: Run, lookout: Lookout) -> BackoutCard | None:
    state = run.state
    latest = state.latest_backout
    if latest is None:
        return None
    long = f"the way back takes {lasting(latest_length(state))}"
    if state.no_return_at:
        who = " and ".join(run.name(one) for one in state.no_return_by.split(", "))
        word = f"Point of no return passed {run.time(state.no_return_at)}, decided by {who}"
        return BackoutCard(("warn", "‖", "no way back"), run.time(latest), "", word)
    if run.is_over:
        return BackoutCard(("idle", "–", "run over"), run.time(latest), "", long)
    if run.now > latest:
        return BackoutCard(
            ("bad", "✗", "too late"), run.time(latest), f"passed {lasting(run.now - latest)} ago", long
        )
    ahead = tuple(back_words(run, lookout.seen(state, run.now)))
    return BackoutCard(
        ("ok", "↶", "way back open"), run.time(latest), f"{lasting(latest - run.now)} left", long, ahead
    )


def task_groups(run: Run) -> tuple[Group, ...]:
    state = run.state
    lines = [task_line(run, state.plan[name]) for name, _ in state.tasks.under_way()]
    groups = (
        Group(stage, title, STAGES[stage], tuple(line for line in lines if line.stage == stage))
        for stage, title in _GROUPS
    )
    return tuple(group for group in groups if group.tasks)


def run_chart(run: Run, verdicts: dict[str, Verdict]) -> Gantt | None:
    state = run.state
    marks = [Mark(state.closes, "window closes", "closes")] if state.closes else []
    if state.latest_backout and state.backout:
        marks.append(Mark(state.latest_backout, "latest safe backout", "backout"))
    if state.no_return_at:
        marks.append(Mark(state.no_return_at, "point of no return passed", "backout"))
    if not run.is_over:
        marks.append(Mark(run.now, "now", "now"))
    left = sum(1 for at in state.tasks.values() if not at.is_over)
    says = f"{len(state.tasks)} tasks by stream, {left} not over; expected end {run.time(run.expected.finish)}. The table of all tasks says the same in words."
    return gantt("Plan and progress", says, lanes(run, verdicts), marks, run.programme.zone)


def latest_facts(journal: Journal, run_id: str) -> list[Recorded]:
    """The newest facts of the run, its gates and the components, newest first."""
    query = select(j.c.stream, j.c.position).where(
        or_(
            j.c.stream == run_stream(run_id),
            j.c.stream.startswith(f"gate:{run_id}:", autoescape=True),
            j.c.stream.startswith("component:", autoescape=True),
        ),
        *journal.horizon,
    )
    return _read(journal, query.order_by(j.c.position.desc()).limit(FACTS))


def _facts_of(journal: Journal, stream: str, kind: str, limit: int) -> list[Recorded]:
    query = select(j.c.stream, j.c.position).where(j.c.stream == stream, j.c.kind == kind, *journal.horizon)
    return _read(journal, query.order_by(j.c.seq.desc()).limit(limit))


def _read(journal: Journal, places: Select[tuple[str, int]]) -> list[Recorded]:
    with reading(journal.engine) as connection:
        positions = [row.position for row in connection.execute(places)]
    return [fact for at in positions for fact in journal.tail(at - 1, 1)]
