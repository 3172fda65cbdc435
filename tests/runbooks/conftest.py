"""A room to run in: a real SQLite journal on a stepping clock, and a world that counts what is done to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

import cutover.domain.gates
import runbooks.domain.run_events
from cutover.core.event import Catalogue
from cutover.domain.programme import Programme
from cutover.store.clock_file import ScaledPace
from cutover.store.desk import Desk
from cutover.store.journal import Journal
from runbooks.actions import ActionKind, Actions, Call, Outcome
from runbooks.domain.plan import Task
from runbooks.performer import Performer
from runbooks.service import Provider, RunService
from runbooks.steps import Executor, InlineExecutor
from tests.conftest import START
from tests.runbooks.plans import book
from tests.runbooks.typed import type_, world  # noqa: F401  fixtures of the commands' tests

EVENTS = (*cutover.domain.gates.EVENTS, *runbooks.domain.run_events.EVENTS)
PROGRAMME = Programme.model_validate(
    {
        "title": "Three systems in one window",
        "zone": "Europe/London",
        "window": {"opens": "2026-10-23T22:00", "closes": "2026-10-26T21:00", "backout": "24h"},
        "teams": [{"id": "data", "title": "Data migration"}],
        "people": [
            {"id": "asha", "name": "Asha"},
            {"id": "bo", "name": "Bo", "team": "data"},
            {"id": "chen", "name": "Chen", "team": "data"},
            {"id": "dev", "name": "Dev"},
        ],
    }
)


@dataclass
class Ledger:
    """The world outside: what was asked of it and what it did, once per key, by name of the effect."""

    requests: Counter[str] = field(default_factory=Counter)
    applied: Counter[str] = field(default_factory=Counter)

    def apply(self, key: str) -> None:
        self.requests[key] += 1
        if self.requests[key] == 1:
            self.applied[key] += 1


@dataclass
class WorldAction:
    """Does one effect a key, takes the planned time, and can say afterwards whether it was done."""

    ledger: Ledger
    pace: ScaledPace
    failing: set[str] = field(default_factory=set)

    async def perform(self, call: Call) -> Outcome:
        await self.pace.sleep_until(self.pace.now() + call.task.expected)
        if call.task.id in self.failing:
            return Outcome(ok=False, evidence="the world says no")
        self.ledger.apply(call.key)
        return Outcome(ok=True, evidence="applied", result={"key": call.key})

    async def settle(self, call: Call) -> Outcome | None:
        return Outcome(ok=True, evidence="applied") if self.ledger.applied[call.key] else None


@dataclass
class Room:
    """One journal with its service, on a clock that steps from event to event."""

    desk: Desk
    pace: ScaledPace
    ledger: Ledger
    action: WorldAction
    kinds: dict[str, ActionKind] = field(default_factory=dict)
    providers: dict[str, Provider] = field(default_factory=dict)

    @property
    def service(self) -> RunService:
        return RunService(self.desk, PROGRAMME, self.providers)

    def start(self, *tasks: Task, **more: Any) -> str:
        return self.service.start(book(*tasks), by="manager", **more)

    def performer(self, run_id: str, executor: Executor | None = None, **more: Any) -> Performer:
        names: Mapping[str, Any] = {"opens": START.isoformat()}
        actions = Actions({"world": self.action, **self.kinds}, lambda: names)
        return Performer(self.service, run_id, actions, executor or InlineExecutor(), self.pace, **more)


@pytest.fixture
def room(engine: Engine, tmp_path: Path) -> Room:
    pace = ScaledPace(tmp_path / "clock.json", START, float("inf"))
    ledger = Ledger()
    desk = Desk(Journal(engine, Catalogue(EVENTS), pace), pace)
    return Room(desk, pace, ledger, WorldAction(ledger, pace))
