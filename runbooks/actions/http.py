"""A request to a system, repeated under one key until answered, then followed to its end; and what became of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx

from cutover.core.clock import Pace
from runbooks.actions.arguments import HttpArguments
from runbooks.actions.asking import Answer, Asker
from runbooks.actions.kinds import Call, Outcome, TransientError, plain

POLL = timedelta(minutes=10)
SOON = timedelta(minutes=1)  # a job that is past its own estimate is asked again after this

_FIELD = re.compile(r"\{([A-Za-z_]\w*)\}")


@dataclass(frozen=True)
class HttpAction:
    """Asks a system by name; an answer that says `running` is followed under `poll` until it says something else."""

    systems: Callable[[], Mapping[str, str]]
    client: httpx.AsyncClient
    pace: Pace

    @property
    def asker(self) -> Asker:
        return Asker(self.systems, self.client, self.pace)

    async def perform(self, call: Call) -> Outcome:
        given = call.given(HttpArguments)
        answer = await self._send(call, given, given.method, given.path, given.body)
        if not answer.is_accepted:
            said = call.shorten(answer.text, 200)
            return Outcome(ok=False, evidence=f"{given.system} answered {answer.status}: {said}")
        return await self._follow(call, given, answer.tree())

    async def settle(self, call: Call) -> Outcome | None:
        given = call.given(HttpArguments)
        answer = await self._send(call, given, "GET", f"/effects/{call.key}", None)
        if answer.status == httpx.codes.NOT_FOUND:
            return None
        if not answer.is_accepted:
            why = f"the probe answered {answer.status}: a person must look"
            return Outcome(ok=False, evidence=why, certain=False)
        job = await self._ask_after(call, given, call.key) if given.poll else answer.tree()
        return await self._follow(call, given, job)

    async def _follow(self, call: Call, given: HttpArguments, job: Mapping[str, Any]) -> Outcome:
        """Wait for a started job, reporting its expected end whenever it moves by a quarter of an hour."""
        said: datetime | None = None
        while given.poll and job.get("state") == "running":
            now = self.pace.now()
            ready = datetime.fromisoformat(job["ready_at"]) if job.get("ready_at") else None
            if ready and (said is None or abs(ready - said) > timedelta(minutes=15)):
                await call.progress(ready, f"{given.system} expects to finish then")
                said = ready
            overdue = ready is not None and ready <= now
            await self.pace.sleep_until(now + SOON if overdue else min(now + POLL, ready or now + POLL))
            job = await self._ask_after(call, given, str(job.get("id", call.key)))
        result = plain(call, job)
        failed = result.get("state") == "failed"
        evidence = f"failed: {result.get('reason', '')}" if failed else formatted(given.evidence, result)
        return Outcome(ok=not failed, evidence=evidence, result=result)

    async def _ask_after(self, call: Call, given: HttpArguments, job_id: str) -> Mapping[str, Any]:
        """How a started job is doing. A system that will not say leaves it open: that is no failure of the job."""
        answer = await self._send(call, given, "GET", f"{given.poll}/{job_id}", None)
        if not answer.is_accepted:
            said = call.shorten(answer.text, 200)
            raise TransientError(f"asked after {job_id}, it answered {answer.status}: {said}")
        return answer.tree()

    async def _send(self, call: Call, given: HttpArguments, method: str, path: str, body: Any) -> Answer:
        url = self.asker.at(given.system, path)
        return await self.asker.ask(call, method, url, body, given.headers)


def formatted(text: str, result: Mapping[str, Any]) -> str:
    """A text with its {fields} filled in from a result; a missing field is '?', for the work is done already."""
    return _FIELD.sub(lambda field: str(result.get(field[1], "?")), text)
