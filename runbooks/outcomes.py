"""What steps brought back and is not in the journal yet: one write takes all of it, with what it lets start.

A chain of quick tasks so costs one commit a task and not two. Nothing is given up for it: an outcome is durable as
soon as before, and a task is durably begun before its action starts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from itertools import islice

import structlog

from runbooks.actions import Outcome
from runbooks.domain import run_events as ev
from runbooks.domain.run_events import TaskStage
from runbooks.domain.run_state import RunState
from runbooks.service import PERFORMER

AT_ONCE = 50  # words in one write, at most: people wait for the journal too

log = structlog.get_logger()


class Outcomes:
    """Outcomes of one run's steps; whoever brought one waits until it is written, or came too late."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._brought: dict[str, tuple[Outcome, asyncio.Future[None]]] = {}

    def bring(self, name: str, outcome: Outcome) -> asyncio.Future[None]:
        """Leave it for the next write; what is returned is done then."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._brought[name] = outcome, written
        return written

    def words(self, state: RunState) -> Mapping[str, ev.TaskCommand]:
        """What is to be recorded of those that came first; what was ended otherwise meanwhile is let go."""
        said: dict[str, ev.TaskCommand] = {}
        for name, (outcome, _) in list(islice(self._brought.items(), AT_ONCE)):
            if state.tasks[name].stage is TaskStage.IN_PROGRESS:
                said[name] = _word(name, outcome)
            else:
                log.warning("outcome_came_late", run=self._run_id, task=name, evidence=outcome.evidence)
                self.over(name)
        return said

    def over(self, name: str) -> None:
        """Nothing is left to do about this one."""
        _, written = self._brought.pop(name)
        if not written.done():
            written.set_result(None)

    def forget(self) -> None:
        """Who brought them was stopped: the world is asked instead, by whoever goes on."""
        self._brought.clear()

    def __bool__(self) -> bool:
        return bool(self._brought)


def _word(name: str, outcome: Outcome) -> ev.TaskCommand:
    if not outcome.certain:
        return ev.MarkUncertain(by=PERFORMER, task=name, why=outcome.evidence)
    return ev.RecordOutcome(
        by=PERFORMER,
        task=name,
        ok=outcome.ok,
        evidence=outcome.evidence,
        link=outcome.link,
        result=dict(outcome.result),
    )
