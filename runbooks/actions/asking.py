"""How a system is asked over HTTP: repeated under one key until it answers, and never a larger answer than we can hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from cutover.core.clock import Pace
from cutover.core.errors import Invalid, NotFound, Problem
from runbooks.actions.kinds import Call, TransientError
from runbooks.actions.retries import requests

ACCEPTED = range(200, 300)
RETRIED = frozenset({429, 502, 503, 504})
LARGEST = 1_048_576  # bytes of an answer


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status and the text."""

    status: int
    text: str
    url: str

    @property
    def is_accepted(self) -> bool:
        return self.status in ACCEPTED

    def tree(self) -> Mapping[str, Any]:
        """The answer as a JSON object. Raises TransientError for anything else: it says nothing about the effect."""
        found = self._json()
        if not isinstance(found, dict):
            raise TransientError(f"{self.url} answered no JSON object: {self.text[:200]}")
        return found

    def rows(self) -> list[Any]:
        """The answer as a JSON list. Raises TransientError for anything else."""
        found = self._json()
        if not isinstance(found, list):
            raise TransientError(f"{self.url} answered no JSON list: {self.text[:200]}")
        return found

    def _json(self) -> Any:
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True)
class Asker:
    """Puts requests to the programme's systems by name; a rehearsal's time stands still meanwhile."""

    systems: Callable[[], Mapping[str, str]]
    client: httpx.AsyncClient
    pace: Pace

    def base(self, system: str) -> str:
        """Where a system answers. Raises NotFound with the nearest name."""
        base = self.systems().get(system)
        if base is None:
            raise NotFound("system", system, self.systems())
        return base.rstrip("/")

    def at(self, system: str, path: str) -> str:
        """A path of a system. Raises Invalid for one that would lead to another host, such as @elsewhere."""
        if path and not path.startswith("/"):
            raise Invalid(Problem(f"'{path[:80]}'", field="path", expected="a path that begins with /"))
        return self.base(system) + path

    async def ask(
        self,
        call: Call,
        method: str,
        url: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        once: bool = False,
    ) -> Answer:
        """One request, tried as often as requests are. Raises TransientError or a transport error after the last.

        `once` is for those who do not know our key: asked twice, they would do it twice.
        """
        asked = {"Idempotency-Key": call.key, **(headers or {})}
        if once:
            return await self._once(call, method, url, body, asked)
        async for attempt in requests(httpx.TransportError, TransientError):
            with attempt:
                return await self._once(call, method, url, body, asked)
        raise AssertionError("unreachable")

    async def _once(self, call: Call, method: str, url: str, body: Any, headers: Mapping[str, str]) -> Answer:
        try:
            async with (
                self.pace.hold(),
                self.client.stream(method, url, json=body, headers=headers) as answer,
            ):
                raw = await _bounded(answer)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise Invalid(Problem(f"{call.task.id}: {call.mask(str(error))}", field="url")) from None
        if answer.status_code in RETRIED:
            raise TransientError(f"{call.mask(url)} answered {answer.status_code}")
        text = call.mask(raw.decode(answer.charset_encoding or "utf-8", errors="replace"))
        return Answer(answer.status_code, text, call.mask(url))


async def _bounded(answer: httpx.Response) -> bytes:
    received = bytearray()
    async for chunk in answer.aiter_bytes():
        received += chunk
        if len(received) > LARGEST:
            raise TransientError(f"the answer is larger than {LARGEST} bytes")
    return bytes(received)
