"""What a ready automated task is to whoever executes it, and the plainest way to do so: where one stands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from runbooks.actions import Outcome


@dataclass(frozen=True, slots=True)
class Step:
    """One ready automated task, as an executor sees it: a name, and the work as an awaitable to start once."""

    run_id: str
    task_id: str
    title: str
    perform: Callable[[], Awaitable[Outcome]]


class Executor(Protocol):
    """Runs a step somewhere and returns its outcome. It must start `perform` at most once."""

    async def execute(self, step: Step) -> Outcome: ...


class InlineExecutor:
    """Runs steps where it stands: tests, fast rehearsals, and the way on when Prefect is away."""

    async def execute(self, step: Step) -> Outcome:
        return await step.perform()
