"""Its pages: /board for whoever runs the window; the table of tasks and each task beside it. Presentation only."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from cutover.core.clock import Clock, show
from cutover.domain.gates import Verdict
from cutover.domain.programme import Programme
from cutover.store.desk import Desk
from cutover.web.charts import Gantt
from cutover.web.components import ModeLine, component_modes
from cutover.web.journal import FactLine, fact_line
from cutover.web.kit import Alert, Page, Panel, Query
from cutover.web.shared import Alike
from cutover.web.visitor import Visitor, visitor_of
from cutover.web.words import moment, spelled
from runbooks.board import (
    RUN_STAGES,
    VERDICTS,
    Run,
    alerts,
    read_run,
)
from runbooks.board_cards import (
    FACTS,
    BackoutCard,
    Countdown,
    ForecastCard,
    Group,
    RunHead,
    backout_card,
    countdown,
    forecast_card,
    latest_facts,
    run_chart,
    run_head,
    task_groups,
)
from runbooks.board_controls import AnnouncementLine, Controls, announcements, controls
from runbooks.board_gates import GateCard, gate_card
from runbooks.board_mine import Everybody, Mine, everybody, mine
from runbooks.domain.execution import RUN_MACHINE, run_stream
from runbooks.domain.plan import TaskType
from runbooks.domain.run_state import RunState
from runbooks.lookout import Lookout
from runbooks.replay import Past, Replay, banner, past
from runbooks.service import RunService
from runbooks.task_page import TaskPages
from runbooks.tasks_page import TaskTable
from runbooks.wall import MOST_ALERTS, MOST_GATES, MOST_TASKS, WallPage, counted, on_now

SHARED = frozenset({"head", "board"})  # regions that all see alike
TICK = 10  # seconds for which the board stands while nothing happens: what it says is to the minute
READINGS = 8  # runs kept as they were last read
_GATE_ORDER = tuple(VERDICTS)
Extras = Callable[[], Sequence[Panel]]


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
        Page(
            "/board",
            "runbooks",
            "board.html",
            BoardPage,
            board.show,
            label="Board",
            public=True,
            alike=board.alike(),
        ),
        *TaskTable(service, programme, clock).pages(),
        *TaskPages(service, programme, clock).pages(),
        Page("/board/wall", "runbooks", "wall.html", WallPage, board.wall, public=True),
    ]


def wall(
    service: RunService, desk: Desk, programme: Programme, clock: Clock, run_id: str = ""
) -> Callable[[], WallPage]:
    """What the wall screen shows now, each time it is asked: for screens that are no browser."""
    board = _Board(service, desk, programme, clock, lambda: (), Lookout(service))
    return lambda: board.wall({"run": run_id})


@dataclass(frozen=True, slots=True)
class BoardSight:
    """The board as everybody sees it, and the run that a visitor's own part is read from."""

    page: BoardPage
    seen: int
    reading: Reading | None


@dataclass(slots=True)
class Reading:
    """A run as it was last read, with what is worked out of it alone: the journal moves on far oftener than a run does."""

    run: Run
    everybody: Everybody
    groups: tuple[Group, ...]
    charts: dict[Hashable, Gantt | None] = field(default_factory=dict)
    own: dict[Visitor, Mine | None] = field(default_factory=dict)

    def chart(self, verdicts: dict[str, Verdict]) -> Gantt | None:
        known = tuple(verdicts.items())
        if known not in self.charts:
            self.charts = {known: run_chart(self.run, verdicts)}
        return self.charts[known]

    def mine(self, visitor: Visitor, seen: int) -> Mine | None:
        if visitor not in self.own:
            self.own[visitor] = mine(self.run, visitor, seen, self.everybody)
        return self.own[visitor]


@dataclass(frozen=True, slots=True)
class _Board:
    service: RunService
    desk: Desk
    programme: Programme
    clock: Clock
    extras: Extras
    lookout: Lookout
    readings: dict[Hashable, Reading] = field(default_factory=dict)

    def show(self, query: Query) -> BoardPage:
        if then := self._past(query):
            page = self._then(then).show({**query, "at": ""})
            run_id = page.run.id if page.run else ""
            seen_from = banner(then, run_id, "/board", {}) if run_id else None
            return replace(page, replay=seen_from, mine=None, controls=None)  # nothing is done to the past
        return self.add(self.look(query), query)

    def alike(self) -> Alike:
        """What all see is rendered once; "Yours" and the run's controls are each visitor's own."""
        return Alike(self.stands, self.look, self.add, _own_mark, regions=SHARED, own=frozenset({"mine"}))

    def stands(self, query: Query) -> Hashable:
        """What the board depends on besides the journal: the time, and how far the outlook has come. None: it is past."""
        return None if query.get("at") else (self.clock.now().timestamp() // TICK, self.lookout.looks)

    def add(self, sight: BoardSight, query: Query) -> BoardPage:
        """The board with what is this visitor's own."""
        visitor, reading = visitor_of(query), sight.reading
        return replace(
            sight.page,
            mine=reading.mine(visitor, sight.seen) if reading else None,
            only_mine="mine" in query and visitor.may_act,
            controls=controls(reading.run, visitor) if reading else None,
        )

    def look(self, query: Query) -> BoardSight:
        """The board as all see it."""
        now, zone = self.clock.now(), self.programme.zone
        ids = self.service.run_ids()
        state, seen = self._load(query.get("run", "")) if ids else (None, 0)
        reading = self._read(state, seen, now) if state else None
        run = reading.run if reading else None
        gates = self._gates(run) if run else ()
        verdicts = {gate.id: Verdict(gate.verdict) for gate in gates}
        facts = (
            latest_facts(self.desk.journal, run.state.run_id)
            if run
            else self.desk.journal.tail(0, FACTS)[::-1]
        )
        panels = tuple(self.extras())
        page = BoardPage(
            replay=None,
            now=moment(now, zone),
            mine=None,
            only_mine=False,
            controls=None,
            announcements=announcements(run) if run else (),
            countdown=countdown(state, self.programme, now),
            run=run_head(run, ids) if run else None,
            alerts=_told(panels, run),
            forecast=forecast_card(run, self.desk.journal, self.lookout) if run else None,
            backout=backout_card(run, self.lookout) if run else None,
            modes=component_modes(self.programme, self.desk, now),
            gates=gates,
            groups=reading.groups if reading else (),
            chart=reading.chart(verdicts) if reading else None,
            facts=tuple((spelled(fact.event.kind()), fact_line(fact, zone)) for fact in facts),
            panels=panels,
        )
        return BoardSight(page, seen, reading)

    def wall(self, query: Query) -> WallPage:
        """The same, for a screen on the wall: the most important that fits."""
        now, zone = self.clock.now(), self.programme.zone
        ids = self.service.run_ids()
        state = self._load(query.get("run", ""))[0] if ids else None
        run = read_run(state, self.programme, now) if state else None
        lines = on_now(run) if run else ()
        told, gates = _told(self.extras(), run), self._gates(run) if run else ()
        return WallPage(
            clock=show(now, zone, "%H:%M %Z"),
            title=run.state.runbook.title if run else self.programme.title,
            done=run_head(run, ids).done if run else "",
            look=RUN_STAGES[run.state.stage] if run else None,
            countdown=countdown(state, self.programme, now),
            backout=backout_card(run, self.lookout) if run else None,
            forecast=forecast_card(run, self.desk.journal, self.lookout) if run else None,
            alerts=told[:MOST_ALERTS],
            more_alerts=max(0, len(told) - MOST_ALERTS),
            announcements=announcements(run) if run else (),
            tasks=tuple(lines[:MOST_TASKS]),
            more=max(0, len(lines) - MOST_TASKS),
            counts=counted(run) if run else (),
            gates=gates[:MOST_GATES],
            more_gates=max(0, len(gates) - MOST_GATES),
            modes=component_modes(self.programme, self.desk, now),
        )

    def _load(self, run_id: str) -> tuple[RunState, int]:
        return self.service.desk.load(RUN_MACHINE, run_stream(self.service.find(run_id)))

    def _read(self, state: RunState, seen: int, now: datetime) -> Reading:
        """The run, read again when it has moved on or the time has."""
        known = state.run_id, seen, now.timestamp() // TICK
        if known not in self.readings:
            run = read_run(state, self.programme, now)
            made = Reading(run, everybody(run), task_groups(run))
            if len(self.readings) >= READINGS:
                self.readings.clear()
            self.readings[known] = made
            return made
        return self.readings[known]

    def _past(self, query: Query) -> Past | None:
        """The moment asked for by `?at=`; none: the board is live."""
        return past(self.service, query["at"], query.get("run", "")) if query.get("at") else None

    def _then(self, seen: Past) -> _Board:
        """The same board standing at a past moment. Panels of other rooms are left out: they show only now."""
        return replace(
            self, service=seen.service, desk=seen.desk, clock=seen.clock, extras=lambda: (), lookout=Lookout(seen.service),
            readings={},
        )  # fmt: skip

    def _gates(self, run: Run) -> tuple[GateCard, ...]:
        cards = [
            gate_card(run, task, self.service.gate(run.state.run_id, task.id))
            for task in run.state.runbook.tasks
            if task.type is TaskType.APPROVAL
        ]
        return tuple(sorted(cards, key=lambda card: _GATE_ORDER.index(Verdict(card.verdict))))


def _told(panels: Sequence[Panel], run: Run | None) -> tuple[Alert, ...]:
    """What must not be overlooked, of this room and of the others: the grave first, and of those what the run says itself."""
    told = [*(alerts(run) if run else ()), *(alert for panel in panels for alert in panel.alerts)]
    return tuple(sorted(told, key=lambda alert: alert.look != "bad"))


def _own_mark(page: BoardPage) -> object:
    """What "Yours" shows; how far the run had come is in its forms and shows nowhere."""
    return page.mine and replace(page.mine, seen=0)
