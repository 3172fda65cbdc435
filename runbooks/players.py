"""People's part of a rehearsal, played: each task is claimed when it may start and finished after its planned time.

Stateless beside the journal, so a rehearsal killed anywhere goes on where it was. `Hands` is how a player acts:
directly on the service, or through the same commands a person types.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol

import structlog

from cutover.core.clock import Pace
from cutover.core.errors import CutoverError, Refused
from cutover.domain.gates import (
    AcknowledgeCondition,
    Finding,
    GateState,
    RecordEvidence,
    Verdict,
    may_decide,
    open_conditions,
)
from runbooks.domain import run_events as ev
from runbooks.domain.execution import PERFORMED
from runbooks.domain.plan import Task, TaskType
from runbooks.domain.run_events import RUN, TaskStage
from runbooks.domain.run_state import RunState, TaskState
from runbooks.news import News
from runbooks.service import RunService

PLAYED = "played: in a rehearsal nobody looked"
LOOK = 0.1  # real seconds between looks at the journal

log = structlog.get_logger()


class Hands(Protocol):
    """What a person does to a run."""

    def claim(self, task: str, by: str) -> None: ...
    def done(self, task: str, by: str, evidence: str) -> None: ...
    def vote(self, task: str, by: str, vote: Verdict, caveat: str) -> None: ...
    def acknowledge(self, task: str, condition: str, by: str) -> None: ...
    def testify(self, task: str, criterion: str, by: str, detail: str) -> None: ...


class OwnHands:
    """Acts on the service itself: walking through a plan as fast as it goes."""

    def __init__(self, service: RunService, run_id: str) -> None:
        self.service = service
        self.run_id = run_id

    def claim(self, task: str, by: str) -> None:
        self.service.ask(self.run_id, ev.ClaimTask(by=by, task=task))

    def done(self, task: str, by: str, evidence: str) -> None:
        self.service.ask(self.run_id, ev.FinishTask(by=by, task=task, evidence=evidence))

    def vote(self, task: str, by: str, vote: Verdict, caveat: str) -> None:
        self.service.vote(self.run_id, task, by=by, vote=vote, caveat=caveat)

    def acknowledge(self, task: str, condition: str, by: str) -> None:
        self.service.ask_gate(self.run_id, task, AcknowledgeCondition(by=by, condition=condition))

    def testify(self, task: str, criterion: str, by: str, detail: str) -> None:
        self.service.give_evidence(
            self.run_id,
            task,
            RecordEvidence(
                by=by, criterion=criterion, finding=Finding.MET, detail=detail, source=f"person:{by}"
            ),
        )


class Players:
    """Plays everybody until the run is over."""

    def __init__(self, service: RunService, run_id: str, pace: Pace, hands: Hands) -> None:
        self.service = service
        self.run_id = run_id
        self.pace = pace
        self.hands = hands
        self._news = News(LOOK)
        self._acted = False

    async def play(self) -> None:
        """Play until the run is over. What is written to the journal wakes the players before time goes on."""
        with self._news.heard_from(self.service.desk.journal):
            await self._play()

    async def _play(self) -> None:
        while True:
            self._acted = False
            self._news.forget()
            async with self.pace.hold():
                state = self.service.state(self.run_id)
                if state.stage in RUN.terminal:
                    return
                due = [moment for task in state.runbook.tasks if (moment := self._turn(state, task))]
            if self._acted:  # which may have made the next thing due: look again before time goes on
                await asyncio.sleep(0)
                continue
            await self._news.wait(self.pace, min((m for m in due if m > self.pace.now()), default=None))

    def _turn(self, state: RunState, task: Task) -> datetime | None:
        """Do what is due for one task now; says when its next turn comes."""
        at, now = state.tasks[task.id], self.pace.now()
        if task.type in PERFORMED or task.type in (TaskType.MILESTONE, TaskType.WAIT) or at.is_over:
            return None
        if task.type is TaskType.APPROVAL:
            return self._decide(task, at, now)
        who = person_for(state, task)
        if at.stage is TaskStage.STARTABLE and at.earliest is not None:
            if at.earliest > now:
                return at.earliest
            self._try(lambda: self.hands.claim(task.id, who))
            return now + task.expected
        if at.stage is TaskStage.IN_PROGRESS and at.started_at is not None:
            end = at.started_at + task.expected
            if end > now:
                return end
            self._try(lambda: self.hands.done(task.id, at.by, task.verify or "done"))
        return None

    def _decide(self, task: Task, at: TaskState, now: datetime) -> datetime | None:
        if at.stage is not TaskStage.IN_PROGRESS or at.started_at is None or task.gate is None:
            return None
        if (moment := at.started_at + task.expected) > now:
            return moment
        gate = self.service.gate(self.run_id, task.id)
        voters = [who for who in gate.deciders if who not in gate.votes and may_decide(gate, who)]
        asked = [c.id for c in gate.criteria if c.source == "person" and c.id not in gate.evidence]
        if gate.verdict is Verdict.PENDING and asked and gate.deciders:
            self._try(lambda: self.hands.testify(task.id, asked[0], gate.deciders[0], PLAYED))
            return None
        if gate.verdict is Verdict.PENDING and voters:
            self._vote(task, gate, voters[0])
        return None

    def _vote(self, task: Task, gate: GateState, who: str) -> None:
        """Read the conditions, vote go; when the evidence forbids it, vote no with what is unmet."""
        for condition in open_conditions(gate, who):
            self._try(partial(self.hands.acknowledge, task.id, condition, who))
        try:
            self.hands.vote(task.id, who, Verdict.GO, "")
            self._acted = True
        except Refused as refused:
            why = "; ".join(refused.reasons)
            log.info("go_was_refused", gate=task.id, by=who, unmet=why)
            self._try(lambda: self.hands.vote(task.id, who, Verdict.NO_GO, why))

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
            self._acted = True
        except CutoverError as error:  # somebody else did it: the next look sees that
            log.info("player_overtaken", reason=str(error))


def person_for(state: RunState, task: Task) -> str:
    """Who plays a task: its owner, else a member of its team (spread by task), its deputy, nobody in particular."""
    members: Sequence[str] = state.members.get(task.team, ())
    member = members[sum(task.id.encode()) % len(members)] if members else ""
    return task.owner or member or task.deputy or "player"
