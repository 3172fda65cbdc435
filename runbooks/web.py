"""Its pages: /board for whoever runs the window; the table of tasks and each task beside it. Presentation only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Select, or_, select

from cutover.core.clock import Clock, show
from cutover.core.event import Recorded
from cutover.domain.gates import Verdict
from cutover.domain.programme import Programme
from cutover.store.as_of import horizon
from cutover.store.desk import Desk
from cutover.store.engine import reading
from cutover.store.journal import Journal
from cutover.store.metadata import journal_table as j
from cutover.web.charts import Band, Gantt, Mark, band, gantt
from cutover.web.components import ModeLine, component_modes
from cutover.web.journal import FactLine, fact_line
from cutover.web.kit import Page, Panel, Query
from cutover.web.visitor import visitor_of
from cutover.web.words import lasting, moment, share, spelled
from runbooks.board import (
    RUN_STAGES,
    STAGES,
    VERDICTS,
    Alert,
    Look,
    Run,
    TaskLine,
    alerts,
    lanes,
    read_run,
    task_line,
)
from runbooks.board_ahead import back_words, driver_words, latest_length, second_words
from runbooks.board_colours import ShadeLine, shade_lines
from runbooks.board_controls import AnnouncementLine, Controls, announcements, controls
from runbooks.board_gates import GateCard, gate_card
from runbooks.board_mine import Mine, mine
from runbooks.domain.execution import RUN_MACHINE, run_stream
from runbooks.domain.plan import TaskType
from runbooks.domain.run_events import ForecastMoved, TaskStage
from runbooks.domain.run_state import RunState
from runbooks.lookout import Lookout
from runbooks.replay import Past, Replay, banner, past
from runbooks.service import RunService
from runbooks.task_page import TaskPages
from runbooks.tasks_page import TaskTable
from runbooks.wall import MOST_ALERTS, MOST_GATES, MOST_TASKS, WallPage, counted, on_now

FACTS = 12
_GATE_ORDER = tuple(VERDICTS)
_GROUPS = (
    (TaskStage.FAILED, "Failed: holds its successors"),
    (TaskStage.UNCERTAIN, "Uncertain: may have happened, somebody must look"),
    (TaskStage.IN_PROGRESS, "In progress"),
    (TaskStage.STARTABLE, "Can start"),
)

Extras = Callable[[], Sequence[Panel]]


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


@dataclass(frozen=True, slots=True)
class BoardPage:
    """What `board.html` reads; without a run most of it is empty. With `replay` it shows the past.

    `only_mine` leaves out all that is not the visitor's.
    """

    replay: Replay | None
    now: str
    mine: Mine | None
    only_mine: bool
    controls: Controls | None
    announcements: tuple[AnnouncementLine, ...]
    countdown: Countdown
    run: RunHead | None
    alerts: tuple[Alert, ...]
    forecast: ForecastCard | None
    backout: BackoutCard | None
    modes: tuple[ModeLine, ...]
    gates: tuple[GateCard, ...]
    groups: tuple[Group, ...]
    chart: Gantt | None
    facts: tuple[tuple[str, FactLine], ...]
    panels: tuple[Panel, ...]


def pages(
    service: RunService,
    desk: Desk,
    programme: Programme,
    clock: Clock,
    *,
    extras: Extras | None = None,
    refine: bool = False,
) -> list[Page]:
    """The pages of this room. `extras` are the panels of other rooms to show on the board.

    `refine` has the second figure of the forecast worked out in the background.
    """
    board = _Board(service, desk, programme, clock, extras or (lambda: ()), Lookout(service, refine=refine))
    return [
        Page("/board", "runbooks", "board.html", BoardPage, board.show, label="Board", public=True),
        *TaskTable(service, programme, clock).pages(),
        *TaskPages(service, programme, clock).pages(),
        Page("/board/wall", "runbooks", "wall.html", WallPage, board.wall, public=True),
    ]


@dataclass(frozen=True, slots=True)
class _Board:
    service: RunService
    desk: Desk
    programme: Programme
    clock: Clock
    extras: Extras
    lookout: Lookout

    def show(self, query: Query) -> BoardPage:
        if then := self._past(query):
            page = self._then(then).show({**query, "at": ""})
            run_id = page.run.id if page.run else ""
            seen_from = banner(then, run_id, "/board", {}) if run_id else None
            return replace(page, replay=seen_from, mine=None, controls=None)  # nothing is done to the past
        now, zone = self.clock.now(), self.programme.zone
        ids = self.service.run_ids()
        state, seen = self._load(query.get("run", "")) if ids else (None, 0)
        visitor = visitor_of(query)
        run = read_run(state, self.programme, now) if state else None
        gates = self._gates(run) if run else ()
        verdicts = {gate.id: Verdict(gate.verdict) for gate in gates}
        facts = (
            _latest(self.desk.journal, run.state.run_id) if run else self.desk.journal.tail(0, FACTS)[::-1]
        )
        return BoardPage(
            replay=None,
            now=moment(now, zone),
            mine=mine(run, visitor, seen) if run else None,
            only_mine="mine" in query and visitor.may_act,
            controls=controls(run, visitor) if run else None,
            announcements=announcements(run) if run else (),
            countdown=_countdown(state, self.programme, now),
            run=_head(run, ids) if run else None,
            alerts=tuple(alerts(run)) if run else (),
            forecast=_forecast(run, self.desk.journal, self.lookout) if run else None,
            backout=_backout(run, self.lookout) if run else None,
            modes=component_modes(self.programme, self.desk, now),
            gates=gates,
            groups=_groups(run) if run else (),
            chart=_chart(run, verdicts) if run else None,
            facts=tuple((spelled(fact.event.kind()), fact_line(fact, zone)) for fact in facts),
            panels=tuple(self.extras()),
        )

    def wall(self, query: Query) -> WallPage:
        """The same, for a screen on the wall: the most important that fits."""
        now, zone = self.clock.now(), self.programme.zone
        ids = self.service.run_ids()
        state = self._load(query.get("run", ""))[0] if ids else None
        run = read_run(state, self.programme, now) if state else None
        lines = on_now(run) if run else ()
        return WallPage(
            clock=show(now, zone, "%H:%M %Z"),
            title=run.state.runbook.title if run else self.programme.title,
            done=_head(run, ids).done if run else "",
            look=RUN_STAGES[run.state.stage] if run else None,
            countdown=_countdown(state, self.programme, now),
            backout=_backout(run, self.lookout) if run else None,
            forecast=_forecast(run, self.desk.journal, self.lookout) if run else None,
            alerts=tuple(alerts(run))[:MOST_ALERTS] if run else (),
            announcements=announcements(run) if run else (),
            tasks=tuple(lines[:MOST_TASKS]),
            more=max(0, len(lines) - MOST_TASKS),
            counts=counted(run) if run else (),
            gates=self._gates(run)[:MOST_GATES] if run else (),
            modes=component_modes(self.programme, self.desk, now),
        )

    def _load(self, run_id: str) -> tuple[RunState, int]:
        return self.service.desk.load(RUN_MACHINE, run_stream(self.service.find(run_id)))

    def _past(self, query: Query) -> Past | None:
        """The moment asked for by `?at=`; none: the board is live."""
        return past(self.service, query["at"], query.get("run", "")) if query.get("at") else None

    def _then(self, seen: Past) -> _Board:
        """The same board standing at a past moment. Panels of other rooms are left out: they show only now."""
        return replace(
            self, service=seen.service, desk=seen.desk, clock=seen.clock, extras=lambda: (), lookout=Lookout(seen.service)
        )  # fmt: skip

    def _gates(self, run: Run) -> tuple[GateCard, ...]:
        cards = [
            gate_card(run, task, self.service.gate(run.state.run_id, task.id))
            for task in run.state.runbook.tasks
            if task.type is TaskType.APPROVAL
        ]
        return tuple(sorted(cards, key=lambda card: _GATE_ORDER.index(Verdict(card.verdict))))


def _countdown(state: RunState | None, programme: Programme, now: datetime) -> Countdown:
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


def _head(run: Run, ids: Sequence[str]) -> RunHead:
    state = run.state
    over = sum(1 for at in state.tasks.values() if at.is_over)
    others = tuple(name for name in reversed(ids) if name != state.run_id)
    done = f"{over} of {len(state.tasks)} tasks"
    return RunHead(
        state.run_id, state.runbook.title, RUN_STAGES[state.stage], state.run_type, f"notices {state.comms}", done,
        run_stream(state.run_id), others, shade_lines(run),
    )  # fmt: skip


def _forecast(run: Run, journal: Journal, lookout: Lookout) -> ForecastCard | None:
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


def _backout(run: Run, lookout: Lookout) -> BackoutCard | None:
    state = run.state
    latest = state.latest_backout
    if latest is None:
        return None
    long = f"the way back takes {lasting(latest_length(state))}"
    if state.no_return_at:
        word = f"Point of no return passed {run.time(state.no_return_at)}, decided by {run.name(state.no_return_by)}"
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


def _groups(run: Run) -> tuple[Group, ...]:
    state = run.state
    lines = [task_line(run, state.plan[name]) for name, _ in state.tasks.under_way()]
    groups = (
        Group(stage, title, STAGES[stage], tuple(line for line in lines if line.stage == stage))
        for stage, title in _GROUPS
    )
    return tuple(group for group in groups if group.tasks)


def _chart(run: Run, verdicts: dict[str, Verdict]) -> Gantt | None:
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


def _latest(journal: Journal, run_id: str) -> list[Recorded]:
    """The newest facts of the run, its gates and the components, newest first."""
    query = select(j.c.stream, j.c.position).where(
        or_(
            j.c.stream == run_stream(run_id),
            j.c.stream.startswith(f"gate:{run_id}:", autoescape=True),
            j.c.stream.startswith("component:", autoescape=True),
        ),
        *horizon(journal),
    )
    return _read(journal, query.order_by(j.c.position.desc()).limit(FACTS))


def _facts_of(journal: Journal, stream: str, kind: str, limit: int) -> list[Recorded]:
    query = select(j.c.stream, j.c.position).where(j.c.stream == stream, j.c.kind == kind, *horizon(journal))
    return _read(journal, query.order_by(j.c.seq.desc()).limit(limit))


def _read(journal: Journal, places: Select[tuple[str, int]]) -> list[Recorded]:
    with reading(journal.engine) as connection:
        positions = [row.position for row in connection.execute(places)]
    return [fact for at in positions for fact in journal.tail(at - 1, 1)]
