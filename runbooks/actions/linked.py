"""Another runbook of the programme as one task: started once per key as a run of its own, and performed to its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

from cutover.core.errors import Conflict
from runbooks.actions.arguments import RunbookArguments
from runbooks.actions.kinds import Call, Outcome, TransientError
from runbooks.domain.run_events import RunStage
from runbooks.domain.run_state import RunState

_ABOVE: ContextVar[tuple[str, ...]] = ContextVar("runbooks_above", default=())


class Runs(Protocol):
    """What is needed of the runs: start one linked to a task, look at one, find the one a task has started."""

    def linked(self, key: str) -> str: ...

    def start_linked(self, runbook: str, above: str, key: str) -> str: ...

    def state(self, run_id: str) -> RunState: ...


@dataclass(frozen=True)
class RunbookAction:
    """`drive` performs a run to its end in this process."""

    runs: Runs
    drive: Callable[[str], Awaitable[RunState]]

    async def perform(self, call: Call) -> Outcome:
        given = call.given(RunbookArguments)
        above = _ABOVE.get() or (self.runs.state(call.run_id).runbook.id,)
        if given.runbook in above:
            path = " -> ".join((*above, given.runbook))
            return Outcome(ok=False, evidence=f"a runbook cannot be part of itself: {path}")
        name = self.runs.linked(call.key) or self.runs.start_linked(given.runbook, call.run_id, call.key)
        return await self._driven(name, (*above, given.runbook))

    async def settle(self, call: Call) -> Outcome | None:
        """A run that was started is gone on with by performing the same call again."""
        name = self.runs.linked(call.key)
        if not name or self.runs.state(name).stage in (
            RunStage.ACTIVE,
            RunStage.PAUSED,
            RunStage.BACKING_OUT,
        ):
            return None
        return _ended(name, self.runs.state(name))

    async def _driven(self, name: str, above: tuple[str, ...]) -> Outcome:
        token = _ABOVE.set(above)
        try:
            return _ended(name, await self.drive(name))
        except Conflict as error:
            raise TransientError(f"{name}: {error}") from error
        finally:
            _ABOVE.reset(token)


def _ended(name: str, state: RunState) -> Outcome:
    ok = state.stage is RunStage.COMPLETE
    over = sum(at.is_over for at in state.tasks.values())
    evidence = f"{name} is {state.stage}: {over} of {len(state.tasks)} tasks over"
    return Outcome(ok=ok, evidence=evidence, link=f"/board?run={name}", result={"run": name})
