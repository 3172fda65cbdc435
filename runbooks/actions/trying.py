"""How one automated task is tried: in its time, again where that can do no harm, and with every secret masked.

No answer is no proof of failure. A try that ended without one is asked after in the way the task declares, and
only where the effect is not there, or may be repeated, another follows under the same key.
"""

from __future__ import annotations

import asyncio
import traceback
from dataclasses import dataclass, replace
from datetime import timedelta

import httpx
import structlog

from cutover.core.clock import Pace
from cutover.core.duration import spell_duration
from cutover.core.errors import CutoverError
from cutover.store.engine import DatabaseAway
from runbooks.actions.kinds import ActionKind, Actions, Call, Outcome, TransientError
from runbooks.actions.retries import tried
from runbooks.domain.attempts import RetryPolicy
from runbooks.domain.plan import Action, Effect

UNANSWERED = (httpx.TransportError, TransientError, TimeoutError)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Tried:
    """What a try brought back, and whether another can do no harm."""

    outcome: Outcome
    again: bool = False


@dataclass(frozen=True)
class Trial:
    """Performs one call of an action, and finds out what became of one that may have happened."""

    actions: Actions
    action: Action
    call: Call
    pace: Pace

    async def perform(self) -> Outcome:
        """Try as the task's policy says. Whatever goes wrong becomes an outcome, with how sure we are of it."""
        policy = self.call.task.retry or RetryPolicy.NEVER
        last = await tried(policy, self.pace, self._once, lambda one: one.again, self._report)
        return self._masked(last.outcome)

    async def settle(self) -> Outcome | None:
        """What became of the effect; None when it is not there, not certain when nobody can tell."""
        try:
            async with asyncio.timeout(self._seconds):
                found = await self._kind.settle(self.call)
        except (CutoverError, *UNANSWERED) as error:
            return self._masked(Outcome(ok=False, evidence=_said(error), certain=False))
        return found and self._masked(found)

    async def _once(self) -> _Tried:
        is_repeatable = self.call.task.effect is Effect.IDEMPOTENT
        try:
            async with asyncio.timeout(self._seconds):
                outcome = await self._kind.perform(self.call)
        except TimeoutError:
            return await self._unanswered(f"no end within {spell_duration(self._limit or timedelta(0))}")
        except UNANSWERED as error:
            return await self._unanswered(_said(error))
        except DatabaseAway as error:  # ours, in the midst of the action: how far it came is not known
            return _Tried(
                Outcome(ok=False, evidence=f"the journal was away meanwhile: {error}", certain=False)
            )
        except CutoverError as error:
            return _Tried(Outcome(ok=False, evidence=_said(error)))
        except Exception as error:  # noqa: BLE001  the broad border: a defect of an action fails its task only
            trace = self.call.mask(traceback.format_exc())
            log.error("action_crashed", run=self.call.run_id, task=self.call.task.id, trace=trace)  # noqa: TRY400
            return _Tried(Outcome(ok=False, evidence=_said(error)))
        return _Tried(outcome, again=not outcome.ok and outcome.certain and is_repeatable)

    async def _unanswered(self, why: str) -> _Tried:
        """Ask the world at once; where it cannot tell, the task is uncertain."""
        effect = self.call.task.effect
        if effect is Effect.IDEMPOTENT:
            return _Tried(Outcome(ok=False, evidence=why), again=True)
        if effect is Effect.MANUAL_VERIFY:
            return _Tried(Outcome(ok=False, evidence=why, certain=False))
        found = await self.settle()
        if found is None:
            return _Tried(Outcome(ok=False, evidence=f"{why}; probed: the effect is not there"), again=True)
        return _Tried(found if found.certain else Outcome(ok=False, evidence=why, certain=False))

    async def _report(self, attempt: int, last: _Tried, wait: timedelta) -> None:
        await self.call.tried(attempt, self.call.mask(last.outcome.evidence), self.pace.now() + wait)

    def _masked(self, outcome: Outcome) -> Outcome:
        secrets = self.actions.secrets
        return replace(
            outcome,
            evidence=secrets.mask(outcome.evidence),
            link=secrets.mask(outcome.link),
            result=secrets.masked(outcome.result),
        )

    @property
    def _kind(self) -> ActionKind:
        return self.actions.kind(self.action)

    @property
    def _limit(self) -> timedelta | None:
        return self.actions.patience(self.call.task, self.action)

    @property
    def _seconds(self) -> float | None:
        return self._limit.total_seconds() if self._limit else None


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
