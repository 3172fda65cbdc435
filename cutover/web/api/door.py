"""How an operation is served: who asks is looked at first, then what; a refusal is a problem, an answer has its mark.

An answer's mark (ETag) says what it shows, however it is packed on the way: it is weak, and is compared as it stands
for If-Match too. A program that holds it is told 304 while nothing changed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cutover.core.errors import CutoverError, Invalid, Problem
from cutover.web.api.once import Kept, Once
from cutover.web.api.operation import JSON, Answer, Call, Operation, check_names, read_query
from cutover.web.api.problems import NotKnown, Stale, TooLarge, problem
from cutover.web.tokens import Tokens

LONGEST_KEY, KEY = 255, "^[!-~]+$"
_AGAIN = "idempotency-replayed"


@dataclass(frozen=True)
class Door:
    """Where programs come in. Without `once` nothing is remembered: an Idempotency-Key is then refused."""

    tokens: Tokens
    once: Once | None = None

    def routes(self, operations: Sequence[Operation]) -> list[Route]:
        return [Route(one.path, self._endpoint(one), methods=[one.method]) for one in operations]

    def _endpoint(self, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                await run_in_threadpool(self._admit, operation, request)
                raw = await body_of(request, operation.most_bytes) if operation.takes else b""
                return await run_in_threadpool(self._answer, operation, request, raw)
            except CutoverError as error:
                return problem(error, operation.statuses)

        return endpoint

    def _admit(self, operation: Operation, request: Request) -> None:
        if operation.admit is not None:
            operation.admit(request)
        elif operation.scope:
            self.tokens.check(bearer(request), operation.scope.format_map(request.path_params))

    def _answer(self, operation: Operation, request: Request, raw: bytes) -> Response:
        check_names(operation, request)
        call = Call(request, request.path_params, read_query(operation, request), raw)
        key = request.headers.get("idempotency-key")
        if not operation.once or key is None:
            return _response(operation, request, operation.do(call))
        if self.once is None:
            raise Invalid("nothing is remembered here: leave Idempotency-Key out")
        return self._done_once(self.once, operation, call, key)

    def _done_once(self, once: Once, operation: Operation, call: Call, key: str) -> Response:
        if not re.fullmatch(KEY, key) or len(key) > LONGEST_KEY:
            raise Invalid(
                Problem(
                    "not a key",
                    field="Idempotency-Key",
                    expected=f"1 to {LONGEST_KEY} letters, digits and signs",
                )
            )
        who = operation.scope.format_map(call.path)
        slot = hashlib.sha256(f"{who}\0{operation.id}\0{key}".encode()).hexdigest()
        asked = b"\0".join((call.request.url.path.encode(), call.request.url.query.encode(), call.raw))
        if (kept := once.begin(slot, asked)) is not None:
            return Response(kept.body, kept.status, {_AGAIN: "true"}, JSON)
        try:
            response = _response(operation, call.request, operation.do(call))
        except BaseException:
            once.forget(slot)
            raise
        once.keep(slot, Kept(response.status_code, bytes(response.body).decode()))
        return response


def bearer(request: Request) -> str:
    """The token a program brought. Raises NotKnown without one."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.casefold() != "bearer" or not token:
        raise NotKnown("send a token: Authorization: Bearer ...; `cutover api token` makes one")
    return token.strip()


async def body_of(request: Request, most: int) -> bytes:
    """The whole body. Raises TooLarge for one of more than `most` bytes, before it is all here."""
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > most:
            raise TooLarge(f"the body is larger than {most} bytes")
    return bytes(received)


def etag(body: bytes) -> str:
    """The mark of what an answer shows."""
    return f'W/"{hashlib.sha256(body).hexdigest()[:24]}"'


def marks(header: str) -> set[str]:
    """The marks that an If-Match or If-None-Match names, as they would be weak."""
    found = (mark.strip() for mark in header.split(","))
    return {mark if mark.startswith("W/") or mark == "*" else f"W/{mark}" for mark in found}


def check_match(request: Request, answer: BaseModel | Answer) -> None:
    """Raises Stale when If-Match names another mark than that of what is there now."""
    header = request.headers.get("if-match")
    if header is not None and {etag(packed(answer)), "*"}.isdisjoint(marks(header)):
        raise Stale("it has changed since you read it: read it again and decide anew")


def packed(answer: BaseModel | Answer) -> bytes:
    """An answer as it is sent."""
    body = answer.body if isinstance(answer, Answer) else answer
    if isinstance(body, BaseModel):
        return body.model_dump_json(by_alias=True).encode()
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=_spelled).encode()


def _response(operation: Operation, request: Request, answer: BaseModel | Answer) -> Response:
    body = packed(answer)
    status = (answer.status if isinstance(answer, Answer) else 0) or operation.status
    response = Response(body, status, media_type=JSON)
    if request.method == "GET":
        mark = etag(body)
        if not {mark, "*"}.isdisjoint(marks(request.headers.get("if-none-match", ""))):
            response = Response(status_code=304)
        response.headers["ETag"] = mark
        response.headers["Cache-Control"] = "private, no-cache"
    if isinstance(answer, Answer):
        answer.finish(response)
    return response


def _spelled(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
