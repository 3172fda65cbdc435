"""What a runner tells of its surroundings, and what people are told of them: Prefect's picture, stepped clocks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select

from cutover.store.desk import Desk
from cutover.store.engine import reading
from cutover.store.leases import this_process
from cutover.store.metadata import journal_table as j
from runbooks.domain.deciding import stuck_gates, why_stuck
from runbooks.domain.execution import PERFORMED, RUN_MACHINE, run_stream
from runbooks.domain.run_events import FlowLinked, TaskBegun
from runbooks.domain.run_state import RunState
from runbooks.domain.weather import WEATHER_MACHINE, CompareHistory, NoteClockStep, Weather, weather_stream
from runbooks.service import PERFORMER

BEHIND = timedelta(minutes=2)  # clocks that agree no better are told of
REMEDY = "what runs keeps its own time; where the new time is the right one, start this process anew: it takes it then"

log = structlog.get_logger()


def weather(desk: Desk, run_id: str) -> Weather:
    return desk.state(WEATHER_MACHINE, weather_stream(run_id))


def compare(desk: Desk, run_id: str, recorded: int) -> Weather:
    """Write down how many of the steps begun so far Prefect has on record."""
    command = CompareHistory(by=PERFORMER, performed=steps_begun(desk, run_id), recorded=recorded)
    desk.ask(WEATHER_MACHINE, weather_stream(run_id), command)
    return weather(desk, run_id)


class StepWatch:
    """Tells of steps of the clock. Deadlines are not moved by one; people who compare times afterwards must know.

    `stepped` says by how much it was stepped in all; what could not be noted is told again at the next look.
    """

    def __init__(self, stepped: Callable[[], timedelta], note: Callable[[timedelta], object] = bool) -> None:
        self._stepped, self._note = stepped, note
        self._told = stepped()

    def look(self) -> None:
        if by := self._stepped() - self._told:
            log.warning("clock_was_stepped", seconds=by.total_seconds(), remedy=REMEDY)
            self._note(by)
            self._told += by


def note_clock_step(desk: Desk, run_id: str, step: timedelta) -> None:
    command = NoteClockStep(by=PERFORMER, seconds=step.total_seconds(), runner=this_process())
    desk.ask(WEATHER_MACHINE, weather_stream(run_id), command)


def flow_runs(desk: Desk, run_id: str) -> list[str]:
    """The flow runs in Prefect that show stretches of this run, oldest first."""
    facts = desk.journal.read(run_stream(run_id))
    return [fact.event.flow_run_id for fact in facts if isinstance(fact.event, FlowLinked)]


def steps_begun(desk: Desk, run_id: str) -> int:
    """How often an automated task was handed to an executor, by whichever runner."""
    plan = desk.state(RUN_MACHINE, run_stream(run_id)).plan
    facts = desk.journal.read(run_stream(run_id))
    begun = [fact.event.task for fact in facts if isinstance(fact.event, TaskBegun)]
    return sum(1 for task in begun if task in plan and plan[task].type in PERFORMED)


def warn_of_clock_behind(desk: Desk, run_id: str) -> None:
    """Once, when a runner takes the run: its clock says an earlier time than the run's newest fact. Deadlines wait for it."""
    newest, now = select(func.max(j.c.recorded_at)).where(j.c.stream == run_stream(run_id)), desk.clock.now()
    with reading(desk.journal.engine) as connection:
        last = datetime.fromisoformat(connection.execute(newest).scalar_one())
    if now < last - BEHIND:
        log.error(
            "clock_is_behind_the_run", run=run_id, now=now.isoformat(), newest_fact=last.isoformat(),
            remedy="set this machine's clock right and start again: until it has caught up no deadline of the run comes",
        )  # fmt: skip


def warn_of_stuck_gates(state: RunState) -> None:
    """Once, when a runner takes the run: a gate that nobody is left to decide waits for an edit of the plan."""
    for task in stuck_gates(state):
        log.warning("gate_cannot_be_asked", run=state.run_id, why=why_stuck(task, state.started_by))
