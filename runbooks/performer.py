"""Runs a runbook: takes the lease, keeps its own ready queue, begins, does, records. Knows no Prefect.

`begun` is in the journal before an action starts and its outcome after it ended; a task found begun without
an outcome is uncertain, and is settled by asking the world. Waiting costs nothing: one loop, no threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import structlog

from cutover.core.clock import Clock, Pace, SystemClock
from cutover.core.errors import CutoverError, Refused
from cutover.store.engine import DatabaseAway
from cutover.store.leases import LeaseLostError
from cutover.store.pen import Raced
from cutover.store.steady import steady_seconds
from runbooks import foresight
from runbooks.actions import Actions, Outcome
from runbooks.actions.trying import Trial
from runbooks.domain import run_events as ev
from runbooks.domain.execution import (
    PERFORMED,
    Do,
    Due,
    effect_key,
    next_actions,
    next_deadline,
    performed_action,
    run_stream,
)
from runbooks.domain.plan import Effect, Task
from runbooks.domain.run_events import RUN, RunStage, TaskStage
from runbooks.domain.run_state import RunState
from runbooks.forecast_rhythm import ForecastRhythm
from runbooks.news import QUIET, News
from runbooks.open_gates import open_gates, passing, times_out
from runbooks.outcomes import AT_ONCE, Outcomes
from runbooks.rest import Rest
from runbooks.service import PERFORMER, RunService
from runbooks.steps import Executor, Step
from runbooks.surroundings import StepWatch, note_clock_step, warn_of_clock_behind, warn_of_stuck_gates
from runbooks.tenure import LONGEST_WAIT, Tenure, when_back

LOOK = 0.2  # real seconds after which the journal is looked at for what other processes wrote
LOOK_AT_GATES = 1.0  # real seconds after which the live sources of open gates are asked again
PROBE_AGAIN = timedelta(minutes=1)  # between two looks for an effect of which nobody could tell
LEFT_OUT = "not performed: it does harm, and this is a rehearsal"

T = TypeVar("T")
log = structlog.get_logger()


class Performer:
    """Drives one run to its end. Start it anywhere, kill it anywhere, start it again."""

    def __init__(
        self,
        service: RunService,
        run_id: str,
        actions: Actions,
        executor: Executor,
        pace: Pace,
        *,
        wall: Clock | None = None,
        steady: Callable[[], float] = steady_seconds,
        stepped: Callable[[], timedelta] = timedelta,
    ) -> None:
        self.service = service
        self.run_id = run_id
        self.actions = actions
        self.executor = executor
        self.pace = pace
        self.tenure = Tenure(service.desk.journal.engine, run_stream(run_id), wall or SystemClock(), steady)
        self._news = News(LOOK)
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._outcomes = Outcomes(run_id)
        self._steps = StepWatch(stepped, partial(note_clock_step, service.desk, run_id))
        self._unstarted: set[str] = set()  # begun in words, perhaps: the database went away meanwhile
        self._rhythm, self._rest = ForecastRhythm(pace.now()), Rest()

    async def run(self) -> RunState:
        """Perform until the run has ended; returns its last state. Raises Conflict while another runner holds it."""
        async with self.pace.hold():
            await when_back(self.tenure.take)
        try:
            with self._news.heard_from(self.service.desk.journal):
                return await self._loop()
        except LeaseLostError as lost:
            log.warning("fenced_out", run=self.run_id, stopped=sorted(self._busy), why=str(lost))
            raise
        finally:
            await self._let_go()
            self.tenure.give_back()

    async def _loop(self) -> RunState:
        async with self.pace.hold():
            await when_back(self._find_uncertain)
        warn_of_stuck_gates(self._seen())
        warn_of_clock_behind(self.service.desk, self.run_id)
        if self._seen().forecast is not None:
            self._rhythm.put_off(self.pace.now())
        while True:
            try:
                state, deadline = await self._turn()
                if state.stage in RUN.terminal:
                    return state
                is_resting = self._rest.goes_on(state, self.pace.now())  # and then no gate is open
                quiet = LOOK_AT_GATES if not is_resting and open_gates(state) else QUIET
                await self._news.wait(self.pace, deadline, quiet)
            except DatabaseAway as error:
                await self._sit_out(error)

    async def _turn(self) -> tuple[RunState, datetime | None]:
        """Do what is due now; says how the run stands and when time alone makes something due."""
        async with self.pace.hold():  # deciding takes no time of a rehearsal
            self.tenure.keep()
            self._steps.look()
            self._news.forget()
            self._reap()
            state = self._seen() if self._write() else self.service.state(self.run_id)
            if state.stage in RUN.terminal:
                return state, None
            is_resting = self._rest.goes_on(state, self.pace.now())
            due = [] if is_resting else next_actions(state, self.pace.now())
            self._begin_all(self._ready(due))
            for one in due:
                self._try(one)
            self._forecast()
            if not due and not is_resting:
                self._rest.begin(self._seen(), self._next_moment())
            return self._seen(), self._next_moment() if due else self._rest.until

    async def _sit_out(self, error: DatabaseAway) -> None:
        """Wait for the database. What is under way goes on while no other runner can have taken over; nothing begins."""
        log.warning("database_is_away", run=self.run_id, under_way=sorted(self._busy), error=str(error))
        async with self.pace.hold():
            while not self._is_back():
                if self.tenure.in_doubt and self._busy:
                    log.warning("lease_in_doubt", run=self.run_id, stopped=sorted(self._busy))
                    await self._let_go()
                await asyncio.sleep(LONGEST_WAIT / 4)
        log.info("database_is_back", run=self.run_id)

    def _is_back(self) -> bool:
        """And the run is still ours. Raises LeaseLostError when it is not."""
        try:
            self.tenure.renew()
            self._find_uncertain()
        except (DatabaseAway, Raced):
            return False
        return True

    async def _let_go(self) -> None:
        """Stop what is under way: whether it happened is asked of the world by whoever goes on."""
        for task in self._busy.values():
            task.cancel()
        await asyncio.gather(*self._busy.values(), return_exceptions=True)
        self._busy.clear()
        self._outcomes.forget()

    def _write(self) -> bool:
        """Record what steps brought back, and in the same write begin what that lets start; False: there is nothing."""
        if not (words := self._outcomes.words(self._seen())):
            return False
        try:
            self._say(tuple(words.values()), then=self._beginnings)
        except (Refused, Raced):  # something has happened in between: each for itself
            for name, word in words.items():
                self._try_to(name, partial(self._ask, word))
        for name in words:
            del self._busy[name]
            self._outcomes.over(name)
        if self._outcomes:
            self._news.tell()
        return True

    def _ready(self, due: Sequence[Due]) -> list[str]:
        return [one.task.id for one in due if one.do is Do.PERFORM and one.task.id not in self._busy]

    def _begin_all(self, names: Sequence[str]) -> None:
        """Begin them in few writes; where one of them cannot be, each for itself."""
        for at in range(0, len(names), AT_ONCE):
            some = names[at : at + AT_ONCE]
            try:
                self._begin(some)
            except (Refused, Raced):
                for name in some:
                    self._try_to(name, partial(self._begin, [name]))

    def _try(self, due: Due) -> None:
        self._try_to(due.task.id, lambda: self._take(due))

    def _try_to(self, name: str, act: Callable[[], object]) -> None:
        try:
            act()
        except (Refused, Raced) as refused:  # a person was quicker; the next turn sees what they did
            log.info("action_overtaken", run=self.run_id, task=name, reason=str(refused))

    def _take(self, due: Due) -> None:
        """Do the quick things at once, start the long ones beside us."""
        name = due.task.id
        match due.do:
            case Do.COMPLETE_ITSELF:
                self._ask(ev.CompleteItself(by=PERFORMER, task=name))
            case Do.LEAVE_OUT:
                self._ask(ev.LeaveOut(by=PERFORMER, task=name, reason=LEFT_OUT))
            case Do.ASK_GATE:
                self.service.open_gate(self.run_id, name, fence=self.tenure.fence)
                self.service.gather(self.run_id, name)
            case Do.READ_GATE:
                if passed := passing(self.service, self.run_id, name, self.pace.now()):
                    self._ask(passed)
            case Do.SETTLE if name not in self._busy:
                self._start(name, self._settle(name))

    def _begin(self, names: Sequence[str]) -> None:
        self._say(self._begins(self._seen(), names))

    def _beginnings(self, state: RunState) -> Sequence[ev.BeginTask]:
        """What may begin now that the run stands like this."""
        return self._begins(state, self._ready(next_actions(state, self.pace.now()))[:AT_ONCE])

    def _begins(self, state: RunState, names: Sequence[str]) -> Sequence[ev.BeginTask]:
        self._unstarted.update(names)
        return [ev.BeginTask(by=PERFORMER, task=name, key=effect_key(state, name)) for name in names]

    def _say(
        self,
        words: Sequence[ev.TaskCommand],
        then: Callable[[RunState], Sequence[ev.TaskCommand]] | None = None,
    ) -> None:
        """Journal these words and what follows from them in one write; start what has begun by it."""
        said = self.service.ask_all(self.run_id, words, then=then, fence=self.tenure.fence)
        begun = [fact.event.task for fact in said if isinstance(fact.event, ev.TaskBegun)]
        self._unstarted.difference_update(begun)
        for name in begun:
            self._start(name, self._perform(name))

    def _start(self, name: str, work: Coroutine[object, object, None]) -> None:
        def over(done: asyncio.Task[None]) -> None:
            if self._busy.get(name) is done:
                self._news.tell()

        self._busy[name] = asyncio.create_task(work, name=name)
        self._busy[name].add_done_callback(over)

    def _reap(self) -> None:
        """Let go of steps that are over. Raises what ended one: a lost lease, a database that is away."""
        for name in [name for name, work in self._busy.items() if work.done()]:
            try:
                self._busy.pop(name).result()
            except Refused as refused:
                log.info("outcome_overtaken", run=self.run_id, task=name, reason=str(refused))

    async def _perform(self, name: str) -> None:
        task = (await self._told(self._seen)).plan[name]

        async with AsyncExitStack() as held:
            await held.enter_async_context(
                self.pace.hold()
            )  # an executor's own work takes no time of a rehearsal

            async def perform() -> Outcome:
                await held.aclose()
                try:
                    return await self._act(task)
                finally:
                    await held.enter_async_context(self.pace.hold())

            outcome = await self.executor.execute(Step(self.run_id, name, task.title, perform))
            written = self._outcomes.bring(name, outcome)
            self._news.tell()
            await written

    async def _act(self, task: Task) -> Outcome:
        """Perform a task's action. Whatever goes wrong becomes an outcome, with how sure we are of it."""
        if task.action is None:
            why = "an automated task without an action: give it one, or make it a person's"
            return Outcome(ok=False, evidence=why)
        try:
            trial = await self._told(lambda: self._trial(task.id))
        except CutoverError as error:
            return Outcome(ok=False, evidence=f"{type(error).__name__}: {error}")
        return await trial.perform()

    async def _probe(self, task: Task) -> Outcome | None:
        """What became of a task's effect; None when it is not there, not certain when nobody can tell."""
        if task.action is None:
            return None
        try:
            trial = await self._told(lambda: self._trial(task.id))
        except CutoverError as error:
            return Outcome(ok=False, evidence=f"{type(error).__name__}: {error}", certain=False)
        return await trial.settle()

    async def _settle(self, name: str) -> None:
        """Find out what became of an uncertain task, in the way it declares."""
        task = (await self._told(self._seen)).plan[name]
        if task.effect is Effect.IDEMPOTENT:
            await self._settled(name, happened=False, how="declared idempotent: repeated under the same key")
            return
        found = await self._probe(task)
        if found is None:
            await self._settled(name, happened=False, how="probed: the effect is not there")
        elif found.ok:
            await self._settled(name, happened=True, how=f"probed: it had happened; {found.evidence}")
        elif found.certain:
            how = f"probed: {found.evidence}; asked again under the same key"
            await self._settled(name, happened=False, how=how)
        else:
            log.warning("probe_undecided", run=self.run_id, task=name, evidence=found.evidence)
            await self.pace.sleep_until(self.pace.now() + PROBE_AGAIN)

    async def _settled(self, name: str, *, happened: bool, how: str) -> None:
        command = ev.SettleTask(by=PERFORMER, task=name, happened=happened, how=how)
        await self._told(lambda: self._ask(command))

    async def _told(self, word: Callable[[], T]) -> T:
        """Say or ask it as soon as the journal takes it; while it is away, the loop says whether we are still the runner."""
        try:
            return word()
        except (DatabaseAway, Raced):
            self._news.tell()
            return await when_back(word)

    def _trial(self, name: str) -> Trial:
        """What is performed for a task here and now: its action, or in a rehearsal that inverts it, its inverse."""

        async def tell(command: ev.TaskCommand) -> None:
            with suppress(Refused, Raced, DatabaseAway):  # ended by a person, or a word that can be missed
                self._ask(command)

        async def progress(expected_end: datetime, detail: str) -> None:
            said = self.actions.secrets.mask(detail)
            await tell(ev.ReportProgress(by=PERFORMER, task=name, expected_end=expected_end, detail=said))

        async def tried(attempt: int, why: str, again_at: datetime | None) -> None:
            await tell(ev.ReportTry(by=PERFORMER, task=name, attempt=attempt, why=why, again_at=again_at))

        state = self._seen()
        task, key = state.plan[name], self.service.key_of(self.run_id, name)
        action = performed_action(state, task)
        if action is None:
            raise Refused(f"{name} has nothing to perform in this run")
        more = {
            "run_id": self.run_id,
            "since": state.tasks[name].ready_at,
            "comms": state.comms,
            "tried": tried,
        }
        return Trial(self.actions, action, self.actions.call(task, key, progress, action, **more), self.pace)

    def _find_uncertain(self) -> None:
        """Whatever an earlier runner, or this one before it lost sight, began and did not end may have happened."""
        state = self.service.state(self.run_id)
        for task in state.runbook.tasks:
            at = state.tasks[task.id]
            if at.stage is TaskStage.IN_PROGRESS and task.type in PERFORMED and at.key:
                self._doubt(task.id)
        self._unstarted.clear()

    def _doubt(self, name: str) -> None:
        if name in self._busy:
            return
        self._ask(ev.MarkUncertain(by=PERFORMER, task=name, why="begun by a runner that did not come back"))
        if name in self._unstarted:
            how = "never started: the database went away as it was begun"
            self._ask(ev.SettleTask(by=PERFORMER, task=name, happened=False, how=how))

    def _ask(self, command: ev.TaskCommand) -> None:
        self.service.ask(self.run_id, command, fence=self.tenure.fence)

    def _forecast(self) -> None:
        state, now = self._seen(), self.pace.now()
        if not self._rhythm.is_due(state, now) or state.stage is not RunStage.ACTIVE:
            return
        if moved := foresight.move(state, now, PERFORMER, self.service.background(self.run_id)):
            self.service.ask(self.run_id, moved, fence=self.tenure.fence)

    def _next_moment(self) -> datetime | None:
        """When something becomes due by time alone: a task may start, a wait is over, a gate's time runs out."""
        state, now = self._seen(), self.pace.now()
        moments = [next_deadline(state, now), *times_out(self.service, self.run_id, state)]
        moments.append(self._rhythm.next_moment(state))
        return min((moment for moment in moments if moment is not None and moment > now), default=None)

    def _seen(self) -> RunState:
        """The run as this turn found it, with what we have written since."""
        return self.service.as_seen(self.run_id)
