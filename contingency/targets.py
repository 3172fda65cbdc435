"""How a record reaches the system that takes it, over HTTP and JSON, and what its answers mean.

A cut line says nothing about what happened. So the target is asked for the serial, and only when it does not know it
is the record sent again, under the same key. A clear refusal of the record is not asked again. An answer that is
none (a page of HTML, no reference, an error inside a success) is never taken for one.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
from tenacity import RetryError

from contingency.policies import ATTEMPTS, MOST_BYTES, PATIENCE, NotNowError, retrying
from contingency.rooms import Held, Outgoing, Receipt, Senseless, Unwilling
from cutover.core.errors import Invalid, Problem, Unavailable
from cutover.core.reach import HOUSE, Reach
from cutover.web.outbound import async_client

SERVER_ERROR = 500
ABOUT_THE_RECORD = frozenset(
    {400, 409, 410, 413, 422}
)  # else a refusal is of us: the door, the key, the path
NOT_NOW = frozenset({408, 425, 429})
NOT_FOUND = 404
HUGE = "an answer of more than "
WHOLE_ANSWER = 3  # times the patience for one piece of it: a trickle is no answer either
SHOWN = 200  # characters of an answer in a reason


def our_body(record: Outgoing) -> dict[str, Any]:
    """A record as it goes out where no mapping is declared."""
    return {
        "form_type": record.form_type,
        "serial": record.serial,
        "person": dict(record.person),
        "occurred_at": _text(record.occurred_at),
        "values": dict(record.values),
        "entered_by": record.entered_by,
    }


@dataclass(frozen=True, slots=True)
class Paths:
    """Where the target takes a record, and where it is asked for one and for many; `{serial}` is put in."""

    create: str = "/records"
    by_serial: str = "/records/by-serial?serial={serial}"
    held: str = "/records"
    reference: str = "reference"
    headers: Mapping[str, str] = field(default_factory=dict)


class HttpTarget:
    """The target at a base URL. One client a conversation; it goes where `reach` lets it."""

    def __init__(
        self,
        url: str,
        *,
        attempts: int = ATTEMPTS,
        patience: float = PATIENCE,
        paths: Paths | None = None,
        body: Callable[[Outgoing], dict[str, Any]] = our_body,
        reach: Reach = HOUSE,
    ) -> None:
        self.url = url.rstrip("/")
        self._attempts = attempts
        self._patience = patience
        self._paths = paths or Paths()
        self._body = body
        self._reach = reach

    @asynccontextmanager
    async def open(self) -> AsyncIterator[HttpConversation]:
        """An open line. Raises Invalid where the programme names no address for it."""
        if not self.url:
            expected = "a `target:` in a file of contingency/, and its system's address under `systems` of programme.yaml"
            raise Invalid(
                Problem(
                    "no target takes the records: its address is not declared",
                    field="target",
                    expected=expected,
                )
            )
        async with async_client(
            self._reach, base_url=self.url, timeout=self._patience, headers=dict(self._paths.headers)
        ) as client:
            yield HttpConversation(client, self._attempts, self._patience, self._paths, self._body)


class HttpConversation:
    """An open line; many requests may be under way on it at once."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        attempts: int,
        patience: float,
        paths: Paths,
        body: Callable[[Outgoing], dict[str, Any]],
    ) -> None:
        self._client = client
        self._attempts = attempts
        self._patience = patience
        self._paths = paths
        self._body = body
        self._taker = httpx.URL(self._where(paths.create))
        self._headers = [*client.headers.raw, (b"Content-Type", b"application/json")]
        self._limits = {"timeout": client.timeout.as_dict()}

    async def create(self, record: Outgoing, key: str) -> Receipt:
        """Send one record; a refusal of the record itself comes back as a receipt without a reference.

        Raises Senseless for an answer that is none about a record the target does not hold, else Unavailable.
        """
        content = _content(self._body, record)
        unknown = False
        try:
            async for attempt in retrying(self._attempts, httpx.TransportError, NotNowError):
                with attempt:
                    number = attempt.retry_state.attempt_number
                    if unknown and (found := await self._once_by_serial(record.serial)):
                        return Receipt(found[0].reference, attempts=number)
                    unknown = True
                    answer = await self._post(content, key)
                    if not isinstance(answer, Receipt):
                        return await self._unclear(record.serial, answer, number)
                    return Receipt(answer.reference, answer.refusal, number)
        except RetryError as error:
            raise self._silent(self._paths.create, error) from error
        raise AssertionError("unreachable")

    async def by_serial(self, serial: str) -> Sequence[Held]:
        """What the target holds under a serial: the probe after a crash."""
        return await self._persistently(self._paths.by_serial.format(serial=quote(serial, safe="")), {})

    async def held(
        self, form_type: str | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[Held]:
        """The target's records of a form type that occurred in a span; without arguments, all."""
        asked = {"form_type": form_type, "from": _text(since), "to": _text(until)}
        given = {name: value for name, value in asked.items() if value is not None}
        return await self._persistently(self._paths.held, given, limit=None if not given else MOST_BYTES)

    async def _post(self, content: bytes, key: str) -> Receipt | str:
        """The target's answer to a record, or what was wrong with it."""
        headers = [*self._headers, (b"Idempotency-Key", key.encode())]
        (
            status,
            text,
        ) = await self._ask(  # put together here: the client would work all of it out anew for each record
            httpx.Request("POST", self._taker, content=content, headers=headers, extensions=self._limits)
        )
        if status in ABOUT_THE_RECORD:
            return Receipt("", f"the target answered {status}: {_shown(text)}")
        if not _is_success(status):
            raise Unavailable(f"the target turned us away with {status}: {_shown(text)}", permanent=True)
        try:
            reference = _object(text).get(self._paths.reference)
        except ValueError as error:
            return str(error)
        if isinstance(reference, int) and not isinstance(reference, bool):
            reference = str(reference)
        if not isinstance(reference, str) or not reference.strip():
            return f"took the record and gave no {self._paths.reference}: {_shown(text)}"
        return Receipt(reference)

    async def _unclear(self, serial: str, answer: str, attempts: int) -> Receipt:
        """An answer that is none: what the target holds decides."""
        if found := await self.by_serial(serial):
            return Receipt(found[0].reference, attempts=attempts)
        raise Senseless(f"{self._where(self._paths.create)} {answer}; it does not hold the record")

    async def _once_by_serial(self, serial: str) -> list[Held]:
        return await self._list(self._paths.by_serial.format(serial=quote(serial, safe="")), {}, MOST_BYTES)

    async def _persistently(
        self, path: str, query: dict[str, str], limit: int | None = MOST_BYTES
    ) -> list[Held]:
        try:
            async for attempt in retrying(self._attempts, httpx.TransportError, NotNowError):
                with attempt:
                    return await self._list(path, query, limit)
        except RetryError as error:
            raise self._silent(path, error) from error
        raise AssertionError("unreachable")

    async def _list(self, path: str, query: dict[str, str], limit: int | None) -> list[Held]:
        status, text = await self._ask(self._client.build_request("GET", path, params=query or None), limit)
        if status == NOT_FOUND and path != self._paths.held:
            return []  # many targets say so of a single record
        if not _is_success(status):
            raise Unavailable(f"{self._where(path)} answered {status}: {_shown(text)}", permanent=True)
        try:
            return [_held(row) for row in _object(text)["records"]]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Unavailable(
                f"{self._where(path)} answered with something else than records: {error!r}", permanent=True
            ) from error

    async def _ask(self, request: httpx.Request, limit: int | None = MOST_BYTES) -> tuple[int, str]:
        """One request, read no further than a sensible answer goes. Raises what may pass: TransportError, NotNowError."""
        body = bytearray()
        try:
            async with (
                asyncio.timeout(WHOLE_ANSWER * self._patience if limit is not None else None),
                aclosing(await self._client.send(request, stream=True)) as answer,
            ):
                async for part in answer.aiter_bytes():
                    body += part
                    if limit is not None and len(body) > limit:
                        return answer.status_code, f"{HUGE}{limit:,} bytes"
        except TimeoutError:
            raise NotNowError("an answer that does not end") from None
        text = body.decode("utf-8", "replace")
        if answer.status_code >= SERVER_ERROR or answer.status_code in NOT_NOW:
            raise NotNowError(f"{answer.status_code} {_shown(text)}", after=_seconds(answer.headers))
        return answer.status_code, text

    def _silent(self, path: str, error: RetryError) -> Unavailable:
        last = error.last_attempt.exception()
        why = f"{type(last).__name__}: {last}".removeprefix("NotNowError: ").rstrip(": ")
        said = f"{self._where(path)} gave no answer in {self._attempts} attempts ({why})"
        is_about_it = path == self._paths.create and isinstance(last, NotNowError)
        return Unwilling(said) if is_about_it else Unavailable(said)

    def _where(self, path: str) -> str:
        return f"{str(self._client.base_url).rstrip('/')}/{path.lstrip('/')}"


def _content(body: Callable[[Outgoing], dict[str, Any]], record: Outgoing) -> bytes:
    try:
        return json.dumps(body(record)).encode()
    except Invalid as error:
        raise Senseless(f"it cannot be put into the target's words: {error}") from error


def _is_success(status: int) -> bool:
    return 200 <= status < 300  # noqa: PLR2004  what HTTP calls success


def _held(row: dict[str, Any]) -> Held:
    moment = datetime.fromisoformat(row["occurred_at"])
    person = {name: str(value) for name, value in row["person"].items() if value is not None}
    reference = row["reference"]
    if not isinstance(reference, str) or not reference:
        raise ValueError("a record without a reference")
    return Held(reference, row["serial"], row["form_type"], moment.astimezone(UTC), person)


def _object(text: str) -> dict[str, Any]:
    """Raises ValueError saying what came in place of a JSON object, or which error it carries."""
    try:
        body = json.loads(text)
    except ValueError:
        raise ValueError(f"did not answer in JSON: {_shown(text)}") from None
    if not isinstance(body, dict):
        raise ValueError(f"answered {type(body).__name__}, not an object")  # noqa: TRY004  an input, not a slip of ours
    if body.get("error"):
        raise ValueError(f"answered a success with an error inside: {_shown(str(body['error']))}")
    return body


def _shown(text: str) -> str:
    return " ".join(text[:SHOWN].split()) or "nothing"


def _seconds(headers: httpx.Headers) -> float:
    """Retry-After where it is a number of seconds."""
    said = headers.get("Retry-After", "")
    return float(said) if said.isdigit() else 0.0


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
