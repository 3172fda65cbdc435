"""One call of a kind of action outside a run, on a clock that steps."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cutover.core.clock import FixedClock
from runbooks.actions import ActionKind, Actions, Call, Outcome, Secrets
from runbooks.actions.arguments import BUILT_IN
from runbooks.actions.trying import Trial
from runbooks.domain.plan import Action, Effect, Task
from tests.conftest import START
from tests.runbooks.plans import auto

KEY = "small-1.A.1"


async def unsaid(_end: datetime, _detail: str) -> None: ...


def call(secrets: Secrets, key: str = KEY, since: datetime = START, /, **arguments: Any) -> Call:
    return Call(key, auto("A"), arguments, unsaid, run_id="small-1", since=since, mask=secrets.mask)


def perform(kind: ActionKind, secrets: Secrets, key: str = KEY, /, **arguments: Any) -> Outcome:
    return asyncio.run(kind.perform(call(secrets, key, **arguments)))


def settle(kind: ActionKind, secrets: Secrets, key: str = KEY, /, **arguments: Any) -> Outcome | None:
    return asyncio.run(kind.settle(call(secrets, key, **arguments)))


def trial(
    kind: str,
    action: ActionKind,
    arguments: Mapping[str, Any],
    secrets: Secrets | None = None,
    told: list[tuple[int, str]] | None = None,
    **of_task: Any,
) -> Trial:
    """As the performer makes one: rendered, declared, tried as the task says."""

    async def tried(attempt: int, why: str, _at: datetime | None) -> None:
        (told if told is not None else []).append((attempt, why))

    actions = Actions({kind: action}, dict, declared=BUILT_IN, secrets=secrets)
    task = auto("A", kind=kind, arguments=dict(arguments), **{"effect": Effect.IDEMPOTENT, **of_task})
    assert isinstance(task, Task)
    asked = actions.call(task, KEY, unsaid, run_id="small-1", tried=tried)
    return Trial(actions, Action(kind=kind, arguments=dict(arguments)), asked, FixedClock(START))


def tried(*args: Any, **more: Any) -> Outcome:
    return asyncio.run(trial(*args, **more).perform())
