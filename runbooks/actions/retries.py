"""How often a try is made again and after how long: every policy there is, by name.

Only a try that did nothing is made again: the effect is declared idempotent, or its probe says it is not there.
The waits are of the run's clock, so a rehearsal does not sit them out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, retry_if_result
from tenacity import stop_after_attempt as at_most
from tenacity import wait_exponential as rising

from cutover.core.clock import Pace
from runbooks.domain.attempts import RetryPolicy

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rule:
    """So many tries, the first wait, doubled up to the longest."""

    tries: int
    first: timedelta = timedelta(0)
    longest: timedelta = timedelta(0)

    @property
    def waits(self) -> rising:
        return rising(multiplier=self.first.total_seconds(), max=self.longest.total_seconds())


RULES: Mapping[RetryPolicy, Rule] = {
    RetryPolicy.NEVER: Rule(1),
    RetryPolicy.QUICK: Rule(3, timedelta(seconds=2), timedelta(seconds=10)),
    RetryPolicy.PATIENT: Rule(6, timedelta(seconds=30), timedelta(minutes=10)),
    RetryPolicy.STUBBORN: Rule(30, timedelta(minutes=1), timedelta(minutes=30)),
}
REQUEST = Rule(5, timedelta(seconds=0.05), timedelta(seconds=1))  # of one request, under one key


def requests(*transient: type[Exception]) -> AsyncRetrying:
    """The tries of one request: trouble on the way is no answer. Raises the last trouble."""
    return AsyncRetrying(
        stop=at_most(REQUEST.tries),
        wait=REQUEST.waits,
        retry=retry_if_exception_type(transient),
        reraise=True,
    )


async def tried(
    policy: RetryPolicy,
    pace: Pace,
    once: Callable[[], Awaitable[T]],
    again: Callable[[T], bool],
    before: Callable[[int, T, timedelta], Awaitable[None]],
) -> T:
    """Try until one result is not to be tried again, or the policy is used up; returns the last result."""

    async def pause(seconds: float) -> None:
        await pace.sleep_until(pace.now() + timedelta(seconds=seconds))

    async def report(state: RetryCallState) -> None:
        assert state.outcome is not None  # a try has just ended
        wait = timedelta(seconds=state.next_action.sleep if state.next_action else 0)
        await before(state.attempt_number, state.outcome.result(), wait)

    def last(state: RetryCallState) -> T:
        assert state.outcome is not None
        result: T = state.outcome.result()
        return result

    rule = RULES[policy]
    if rule.tries == 1:  # the plainest policy, and the most common
        return await once()
    tries = AsyncRetrying(
        stop=at_most(rule.tries),
        wait=rule.waits,
        retry=retry_if_result(again),
        sleep=pause,
        before_sleep=report,
        retry_error_callback=last,
    )
    return await tries(once)
