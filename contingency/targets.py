"""How a record reaches the system that takes it, over HTTP and JSON, and what its answers mean.

A cut line says nothing about what happened, so the same record is sent again under the same key, which the
target keeps: it answers with the reference it gave the first time. A clear refusal is not asked again.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
from tenacity import (
    AsyncRetrying,
    RetryError,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from contingency.rooms import Held, Outgoing, Receipt
from cutover.core.errors import Unavailable

ATTEMPTS = 6
FIRST_WAIT, LONGEST_WAIT = 0.05, 2.0  # seconds of real time; a rehearsal's clock is held meanwhile
PATIENCE = 10.0
SERVER_ERROR, BUSY = 500, 429


class _NotNowError(Exception):
    """An answer that may be another one in a moment."""


class HttpTarget:
    """The target at a base URL. One client a conversation, one TLS context for all of them."""

    def __init__(self, url: str, *, attempts: int = ATTEMPTS, patience: float = PATIENCE) -> None:
        self.url = url.rstrip("/")
        self._attempts = attempts
        self._patience = patience
        self._tls = ssl.create_default_context()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[HttpConversation]:
        async with httpx.AsyncClient(base_url=self.url, timeout=self._patience, verify=self._tls) as client:
            yield HttpConversation(client, self._attempts)


class HttpConversation:
    """An open line; many requests may be under way on it at once."""

    def __init__(self, client: httpx.AsyncClient, attempts: int) -> None:
        self._client = client
        self._attempts = attempts

    async def create(self, record: Outgoing, key: str) -> Receipt:
        """Send one record; a refusal of the record itself comes back as a receipt without a reference."""
        answer, attempts = await self._ask(
            "POST", "/records", json=_body(record), headers={"Idempotency-Key": key}
        )
        if answer.is_success:
            reference = _json(answer).get("reference")
            if not isinstance(reference, str) or not reference:
                raise Unavailable(
                    f"{answer.request.url} took the record and gave no reference", permanent=True
                )
            return Receipt(reference, attempts=attempts)
        return Receipt("", f"the target answered {answer.status_code}: {_reason(answer)}", attempts)

    async def by_serial(self, serial: str) -> Sequence[Held]:
        """What the target holds under a serial: the probe after a crash."""
        return await self._list("/records/by-serial", {"serial": serial})

    async def held(
        self, form_type: str | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[Held]:
        """The target's records of a form type that occurred in a span; without arguments, all."""
        asked = {"form_type": form_type, "from": _text(since), "to": _text(until)}
        return await self._list(
            "/records", {name: value for name, value in asked.items() if value is not None}
        )

    async def _list(self, path: str, query: dict[str, str]) -> list[Held]:
        answer, _ = await self._ask("GET", path, params=query)
        if not answer.is_success:
            raise Unavailable(
                f"{answer.request.url} answered {answer.status_code}: {_reason(answer)}", permanent=True
            )
        try:
            return [_held(row) for row in _json(answer)["records"]]
        except (KeyError, TypeError, ValueError) as error:
            raise Unavailable(
                f"{answer.request.url} answered with something else than records: {error!r}", permanent=True
            ) from error

    async def _ask(self, method: str, path: str, **request: Any) -> tuple[httpx.Response, int]:
        """One request and, while the line is cut or the target says not now, the same again; counts the attempts."""
        policy = AsyncRetrying(
            stop=stop_after_attempt(self._attempts),
            wait=wait_random_exponential(multiplier=FIRST_WAIT, max=LONGEST_WAIT),
            retry=retry_if_exception_type((httpx.TransportError, _NotNowError)),
        )
        try:
            async for attempt in policy:
                with attempt:
                    answer = await self._client.request(method, path, **request)
                    if answer.status_code >= SERVER_ERROR or answer.status_code == BUSY:
                        raise _NotNowError(f"{answer.status_code} {_reason(answer)}")
                    return answer, attempt.retry_state.attempt_number
        except RetryError as error:
            last = error.last_attempt.exception()
            why = f"{type(last).__name__}: {last}".rstrip(": ")
            raise Unavailable(
                f"{str(self._client.base_url).rstrip('/')}/{path.lstrip('/')} gave no answer in {self._attempts} attempts ({why})"
            ) from error
        raise AssertionError("unreachable")


def _body(record: Outgoing) -> dict[str, Any]:
    return {
        "form_type": record.form_type,
        "serial": record.serial,
        "person": dict(record.person),
        "occurred_at": _text(record.occurred_at),
        "values": dict(record.values),
        "entered_by": record.entered_by,
    }


def _held(row: dict[str, Any]) -> Held:
    moment = datetime.fromisoformat(row["occurred_at"])
    person = {name: str(value) for name, value in row["person"].items() if value is not None}
    return Held(row["reference"], row["serial"], row["form_type"], moment.astimezone(UTC), person)


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError as error:
        raise Unavailable(f"{answer.request.url} did not answer in JSON", permanent=True) from error
    if not isinstance(body, dict):
        raise Unavailable(
            f"{answer.request.url} answered {type(body).__name__}, not an object", permanent=True
        )
    return body


def _reason(answer: httpx.Response) -> str:
    return answer.text[:200].strip() or answer.reason_phrase


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
