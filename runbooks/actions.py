"""What an automated task may do, how its arguments are filled in, and how to find out whether it happened.

An action kind is one object with `perform` and `settle`. Rendered arguments are data: Jinja2 in a sandbox,
and a name that is not there is an error, not an empty string.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import httpx
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from cutover.core.clock import Pace
from cutover.core.errors import Invalid, NotFound
from runbooks.domain.plan import Action, Task

TRIES = 5
POLL = timedelta(minutes=10)
SOON = timedelta(minutes=1)  # a job that is past its own estimate is asked again after this
ACCEPTED = range(200, 300)
RETRIED = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action brought back: whether it worked, and the evidence for it.

    Not `certain` means that nobody answered: the effect may be there all the same.
    """

    ok: bool
    evidence: str
    link: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Call:
    """One performance of an action: the key its effect is known by, filled-in arguments, and where to report progress."""

    key: str
    task: Task
    arguments: Mapping[str, Any]
    progress: Callable[[datetime, str], Awaitable[None]]


class ActionKind(Protocol):
    """A kind of action. `settle` answers for a call that may have happened: its outcome, or None if it did not."""

    async def perform(self, call: Call) -> Outcome: ...

    async def settle(self, call: Call) -> Outcome | None: ...


class TransientError(Exception):
    """A try that may be repeated under the same key."""


def render(arguments: Any, context: Mapping[str, Any]) -> Any:
    """Fill `{{ … }}` in every string of an argument tree. Raises Invalid naming what cannot be filled in."""
    if isinstance(arguments, str):
        try:
            return _sandbox().from_string(arguments).render(context) if "{{" in arguments else arguments
        except (TemplateError, ArithmeticError, TypeError, ValueError) as error:
            raise Invalid(f"'{arguments}': {error}") from error
    if isinstance(arguments, Mapping):
        return {name: render(value, context) for name, value in arguments.items()}
    if isinstance(arguments, list | tuple):
        return [render(value, context) for value in arguments]
    return arguments


def _sandbox() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)


class Actions:
    """The kinds of action a programme may use, by name."""

    def __init__(self, kinds: Mapping[str, ActionKind], context: Callable[[], Mapping[str, Any]]) -> None:
        self.kinds = dict(kinds)
        self.context = context

    def kind(self, action: Action) -> ActionKind:
        """Raises NotFound with the nearest kind."""
        if action.kind not in self.kinds:
            raise NotFound("action kind", action.kind, self.kinds)
        return self.kinds[action.kind]

    def call(self, task: Task, key: str, progress: Callable[[datetime, str], Awaitable[None]]) -> Call:
        arguments = task.action.arguments if task.action else {}
        return Call(key, task, render(arguments, self.context()), progress)


@dataclass(frozen=True)
class HttpAction:
    """A request to a system by name, repeated under one idempotency key until answered, then followed to its end.

    Arguments: system, path, method (POST), body, poll (the path under which a started job answers by id),
    evidence (a text with {fields} of the final answer).
    """

    systems: Callable[[], Mapping[str, str]]
    client: httpx.AsyncClient
    pace: Pace

    async def perform(self, call: Call) -> Outcome:
        arguments = call.arguments
        if missing := [name for name in ("system", "path") if name not in arguments]:
            raise Invalid(f"{call.task.id}: an http action needs {' and '.join(missing)}")
        answer = await self._send(
            call, arguments.get("method", "POST"), arguments["path"], arguments.get("body", {})
        )
        if answer.status_code not in ACCEPTED:
            return Outcome(
                ok=False, evidence=f"{arguments['system']} answered {answer.status_code}: {answer.text[:200]}"
            )
        return await self._follow(call, _job(answer))

    async def settle(self, call: Call) -> Outcome | None:
        answer = await self._send(call, "GET", f"/effects/{call.key}", None)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        if answer.status_code not in ACCEPTED:
            why = f"the probe answered {answer.status_code}: a person must look"
            return Outcome(ok=False, evidence=why, certain=False)
        job = await self._ask_after(call, call.key) if "poll" in call.arguments else _job(answer)
        return await self._follow(call, job)

    async def _follow(self, call: Call, job: Mapping[str, Any]) -> Outcome:
        """Wait for a started job, reporting its expected end whenever it moves by a quarter of an hour."""
        said: datetime | None = None
        while "poll" in call.arguments and job.get("state") == "running":
            now = self.pace.now()
            ready = datetime.fromisoformat(job["ready_at"]) if job.get("ready_at") else None
            if ready and (said is None or abs(ready - said) > timedelta(minutes=15)):
                await call.progress(ready, f"{call.arguments['system']} expects to finish then")
                said = ready
            overdue = ready is not None and ready <= now
            await self.pace.sleep_until(now + SOON if overdue else min(now + POLL, ready or now + POLL))
            job = await self._ask_after(call, str(job.get("id", call.key)))
        result = {name: value for name, value in job.items() if isinstance(value, str | int | float | bool)}
        text = str(call.arguments.get("evidence", "{state}"))
        evidence = (
            text.format_map(_Known(result))
            if result.get("state") != "failed"
            else f"failed: {result.get('reason', '')}"
        )
        return Outcome(ok=result.get("state") != "failed", evidence=evidence, result=result)

    async def _ask_after(self, call: Call, job_id: str) -> Mapping[str, Any]:
        """How a started job is doing. A system that will not say leaves it open: that is no failure of the job."""
        answer = await self._send(call, "GET", f"{call.arguments['poll']}/{job_id}", None)
        if answer.status_code not in ACCEPTED:
            raise TransientError(
                f"asked after {job_id}, it answered {answer.status_code}: {answer.text[:200]}"
            )
        return _job(answer)

    async def _send(self, call: Call, method: str, path: str, body: Any) -> httpx.Response:
        base = self.systems().get(call.arguments["system"])
        if base is None:
            raise NotFound("system", call.arguments["system"], self.systems())
        wait = wait_exponential(multiplier=0.05, max=1)
        tries = AsyncRetrying(
            stop=stop_after_attempt(TRIES),
            wait=wait,
            retry=retry_if_exception_type((httpx.TransportError, TransientError)),
            reraise=True,
        )
        async for attempt in tries:
            with attempt:
                return await self._once(method, base + path, body, call.key)
        raise AssertionError("unreachable")

    async def _once(self, method: str, url: str, body: Any, key: str) -> httpx.Response:
        async with self.pace.hold():
            answer = await self.client.request(method, url, json=body, headers={"Idempotency-Key": key})
        if answer.status_code in RETRIED:
            raise TransientError(f"{url} answered {answer.status_code}")
        return answer


def _job(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        job = answer.json()
    except ValueError:
        job = None
    if not isinstance(job, dict):
        raise TransientError(f"{answer.url} answered no JSON object: {answer.text[:200]}")
    return job


class _Known(dict[str, Any]):
    """Formats a missing field as '?' instead of failing after the work was done."""

    def __missing__(self, name: str) -> str:
        return "?"
