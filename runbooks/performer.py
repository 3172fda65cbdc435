"""Runs a runbook: takes the lease, keeps its own ready queue, begins, does, records. Knows no Prefect.

`begun` is in the journal before an action starts and its outcome after it ended; a task found begun without
an outcome is uncertain, and is settled by asking the world. Waiting costs nothing: one loop, no threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import httpx
import structlog

from cutover.core.clock import Clock, Pace, SystemClock
from cutover.core.errors import CutoverError, Refused
from cutover.core.event import Recorded
from cutover.domain.gates import Verdict
from cutover.store import leases
from cutover.store.leases import Fence
from runbooks.actions import Actions, Call, Outcome, TransientError
from runbooks.domain import run_events as ev
from runbooks.domain.execution import Do, Due, next_actions, next_deadline, run_stream
from runbooks.domain.plan import Effect
from runbooks.domain.run_events import RUN, RunStage, TaskStage
from runbooks.domain.run_state import RunState
from runbooks.forecaster import move
from runbooks.service import PERFORMER, RunService

NEWS = 0.25  # real seconds after which the journal is looked at for what other processes wrote
RENEW = timedelta(seconds=8)
FORECAST_EVERY = timedelta(minutes=30)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Step:
    """One ready automated task, as an executor sees it: a name, and the work as an awaitable to start once."""

    run_id: str
    task_id: str
    title: str
    tags: tuple[str, ...]
    perform: Callable[[], Awaitable[Outcome]]


class Executor(Protocol):
    """Runs a step somewhere and returns its outcome. It must start `perform` at most once."""

    async def execute(self, step: Step) -> Outcome: ...


class InlineExecutor:
    """Runs steps where it stands: tests, fast rehearsals, and the way on when Prefect is away."""

    async def execute(self, step: Step) -> Outcome:
        return await step.perform()


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
    ) -> None:
        self.service = service
        self.run_id = run_id
        self.actions = actions
        self.executor = executor
        self.pace = pace
        self.wall = wall or SystemClock()
        self._news = asyncio.Event()
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._fence: Fence | None = None
        self._renew_at = self.wall.now()
        self._said: dict[str, datetime] = {}
        self._forecast_at = pace.now()

    async def run(self) -> RunState:
        """Perform until the run has ended; returns its last state. Raises Conflict while another runner holds it."""
        journal = self.service.desk.journal
        self._fence = leases.acquire(
            journal.engine, run_stream(self.run_id), leases.this_process(), self.wall.now()
        )
        loop = asyncio.get_running_loop()

        def heard(recorded: Sequence[Recorded]) -> None:
            if recorded:
                loop.call_soon_threadsafe(self._news.set)

        journal.listeners.append(heard)
        try:
            self._find_uncertain()
            return await self._loop()
        finally:
            journal.listeners.remove(heard)
            for task in self._busy.values():
                task.cancel()
            await asyncio.gather(*self._busy.values(), return_exceptions=True)
            leases.release(journal.engine, self._fence, self.wall.now())

    async def _loop(self) -> RunState:
        while True:
            async with self.pace.hold():  # deciding takes no time of a rehearsal
                self._keep_lease()
                self._news.clear()
                state = self.service.state(self.run_id)
                if state.stage in RUN.terminal:
                    return state
                for due in next_actions(state, self.pace.now()):
                    self._try(due)
                self._forecast()
                deadline = next_deadline(self.service.state(self.run_id), self.pace.now())
            await self._wait(deadline)

    def _try(self, due: Due) -> None:
        try:
            self._take(due)
        except Refused as refused:  # a person was quicker; the next turn sees what they did
            log.info("action_overtaken", run=self.run_id, task=due.task.id, reason=str(refused))

    def _take(self, due: Due) -> None:
        """Do the quick things at once, start the long ones beside us."""
        name = due.task.id
        match due.do:
            case Do.COMPLETE_ITSELF:
                self._ask(ev.CompleteItself(by=PERFORMER, task=name))
            case Do.ASK_GATE:
                self.service.open_gate(self.run_id, name, fence=self._fence)
                self.service.gather(self.run_id, name)
            case Do.READ_GATE:
                self._read_gate(name)
            case Do.PERFORM if name not in self._busy:
                self._ask(ev.BeginTask(by=PERFORMER, task=name, key=self.service.key_of(self.run_id, name)))
                self._start(name, self._perform(name))
            case Do.SETTLE if name not in self._busy:
                self._start(name, self._settle(name))

    def _read_gate(self, name: str) -> None:
        gate = self.service.gate(self.run_id, name)
        if gate.verdict is Verdict.PENDING:
            self.service.gather(self.run_id, name)
            return
        reason = gate.reason or ", ".join(f"{who} {vote}" for who, (vote, _) in gate.votes.items())
        self._ask(ev.PassGate(by=PERFORMER, task=name, verdict=gate.verdict, reason=reason, decided_by=tuple(gate.votes)))

    def _start(self, name: str, work: Awaitable[None]) -> None:
        async def watched() -> None:
            try:
                await work
            finally:
                self._busy.pop(name, None)
                self._news.set()

        self._busy[name] = asyncio.create_task(watched(), name=name)

    async def _perform(self, name: str) -> None:
        task = self.service.state(self.run_id).plan[name]

        async def perform() -> Outcome:
            try:
                action = task.action
                if action is None:
                    return Outcome(
                        ok=False,
                        evidence="an automated task without an action: give it one, or make it a person's",
                    )
                return await self.actions.kind(action).perform(self._call(name))
            except (CutoverError, httpx.HTTPError, TransientError) as error:
                return Outcome(ok=False, evidence=f"{type(error).__name__}: {error}")

        tags = tuple(tag for tag in (task.stream, task.team, task.component) if tag)
        outcome = await self.executor.execute(Step(self.run_id, name, task.title, tags, perform))
        self._record(name, outcome)

    async def _settle(self, name: str) -> None:
        """Find out what became of a task begun before a crash, in the way it declares."""
        task = self.service.state(self.run_id).plan[name]
        if task.effect is Effect.MANUAL_VERIFY or task.action is None:
            await asyncio.Event().wait()  # a person settles it (cutover run settle); we look no further
        if task.effect is Effect.IDEMPOTENT:
            self._ask(
                ev.SettleTask(
                    by=PERFORMER,
                    task=name,
                    happened=False,
                    how="declared idempotent: repeated under the same key",
                )
            )
            return
        assert task.action is not None
        try:
            outcome = await self.actions.kind(task.action).settle(self._call(name))
        except (CutoverError, httpx.HTTPError, TransientError) as error:
            log.warning("probe_failed", run=self.run_id, task=name, error=str(error))
            await asyncio.sleep(NEWS)
            return
        if outcome is None:
            self._ask(
                ev.SettleTask(by=PERFORMER, task=name, happened=False, how="probed: the effect is not there")
            )
        elif outcome.ok:
            self._ask(
                ev.SettleTask(
                    by=PERFORMER, task=name, happened=True, how=f"probed: it had happened; {outcome.evidence}"
                )
            )
        else:
            log.error("probe_undecided", run=self.run_id, task=name, evidence=outcome.evidence)
            await asyncio.Event().wait()

    def _call(self, name: str) -> Call:
        async def progress(expected_end: datetime, detail: str) -> None:
            if self.service.state(self.run_id).tasks[name].stage is TaskStage.IN_PROGRESS:
                self._ask(
                    ev.ReportProgress(by=PERFORMER, task=name, expected_end=expected_end, detail=detail)
                )

        state = self.service.state(self.run_id)
        return self.actions.call(state.plan[name], self.service.key_of(self.run_id, name), progress)

    def _record(self, name: str, outcome: Outcome) -> None:
        if self.service.state(self.run_id).tasks[name].stage is not TaskStage.IN_PROGRESS:
            log.warning("outcome_came_late", run=self.run_id, task=name, evidence=outcome.evidence)
            return
        self._ask(
            ev.RecordOutcome(
                by=PERFORMER,
                task=name,
                ok=outcome.ok,
                evidence=outcome.evidence,
                link=outcome.link,
                result=dict(outcome.result),
            )
        )

    def _find_uncertain(self) -> None:
        """Whatever an earlier runner began and did not end may have happened."""
        state = self.service.state(self.run_id)
        for task in state.runbook.tasks:
            at = state.tasks[task.id]
            if at.stage is TaskStage.IN_PROGRESS and task.action is not None and at.key:
                self._ask(
                    ev.MarkUncertain(
                        by=PERFORMER, task=task.id, why="begun by a runner that did not come back"
                    )
                )

    def _ask(self, command: ev.TaskCommand) -> None:
        self.service.ask(self.run_id, command, fence=self._fence)

    def _forecast(self) -> None:
        """Look ahead again when a running task has said something new, and every half hour."""
        state, now = self.service.state(self.run_id), self.pace.now()
        said = {name: at.expected_end for name, at in state.tasks.items() if at.expected_end}
        if said == self._said and now < self._forecast_at:
            return
        self._said, self._forecast_at = said, now + FORECAST_EVERY
        if state.stage is RunStage.ACTIVE and (moved := move(state, now, PERFORMER)):
            self.service.ask(self.run_id, moved, fence=self._fence)

    def _keep_lease(self) -> None:
        now = self.wall.now()
        if now >= self._renew_at and self._fence is not None:
            leases.renew(self.service.desk.journal.engine, self._fence, now)
            self._renew_at = now + RENEW

    async def _wait(self, deadline: datetime | None) -> None:
        """Until something was written, a step came back, a moment is reached, or other processes may have written."""
        waits: list[asyncio.Task[object]] = [asyncio.create_task(self._news.wait())]
        if deadline is not None:
            waits.append(asyncio.create_task(self._until(deadline)))
        _, pending = await asyncio.wait(waits, timeout=NEWS, return_when=asyncio.FIRST_COMPLETED)
        for wait in pending:
            wait.cancel()
            with suppress(asyncio.CancelledError):
                await wait

    async def _until(self, deadline: datetime) -> None:
        await self.pace.sleep_until(deadline)
