"""What programs tell and read here: `/metrics`, heartbeats, the alerts of an Alertmanager. Each by a token of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cutover.core.clock import Clock
from cutover.core.errors import Conflict, CutoverError, Invalid, NotFound, Refused, Unavailable
from cutover.web.tokens import Tokens
from monitors.domain.heartbeat import Said
from monitors.domain.outside import Webhook
from monitors.inbox import Inbox

LARGEST = 4_194_304  # bytes of a webhook
LARGEST_NOTE = 10_000
METRICS, ALERTS = "metrics", "alerts"
_STATUS: dict[type[CutoverError], int] = {
    Invalid: 400,
    NotFound: 404,
    Refused: 401,
    Conflict: 409,
    Unavailable: 503,
}


class TooLargeError(Invalid):
    """More than anybody has to say."""


def heartbeat_scope(name: str) -> str:
    """What a token must be made for to report as `name`."""
    return f"heartbeat:{name}"


@dataclass(frozen=True)
class MonitorApi:
    """The routes. `metrics` renders the exposition; without accounts, whoever reaches the page may scrape it."""

    inbox: Inbox
    tokens: Tokens
    clock: Clock
    metrics: Callable[[], bytes]
    has_accounts: Callable[[], bool]

    def routes(self) -> list[Route]:
        return [
            Route("/metrics", answered(self._scrape), methods=["GET"]),
            Route("/api/v1/heartbeats/{name}", answered(self._beat), methods=["POST"]),
            Route("/api/v1/alertmanager", answered(self._hear), methods=["POST"]),
        ]

    async def _scrape(self, request: Request) -> Response:
        if await run_in_threadpool(self.has_accounts):
            await run_in_threadpool(self.tokens.check, bearer(request), METRICS)
        return Response(await run_in_threadpool(self.metrics), media_type="text/plain; version=0.0.4")

    async def _beat(self, request: Request) -> Response:
        """`?state=` success (the default), started or failed; the body may say why."""
        name = request.path_params["name"]
        await run_in_threadpool(self.tokens.check, bearer(request), heartbeat_scope(name))
        said, at = _said(request.query_params.get("state", Said.SUCCESS)), self.clock.now()
        note = (await body_of(request, LARGEST_NOTE)).decode("utf-8", "replace")
        await run_in_threadpool(self.inbox.beat, name, said, at, note)
        return JSONResponse({"heartbeat": name, "state": said, "at": at.isoformat()}, status_code=202)

    async def _hear(self, request: Request) -> Response:
        await run_in_threadpool(self.tokens.check, bearer(request), ALERTS)
        try:
            webhook = Webhook.model_validate_json(await body_of(request, LARGEST))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "body"
            raise Invalid(
                f"{where}: {first['msg']}; expected an Alertmanager webhook of version 4"
            ) from error
        await run_in_threadpool(self.inbox.hear, webhook.alerts, self.clock.now())
        return JSONResponse({"alerts": len(webhook.alerts)}, status_code=202)


def answered(do: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return await do(request)
        except CutoverError as error:
            status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 400)
            return JSONResponse({"error": error.slug, "detail": str(error)}, status_code=status)

    return endpoint


def bearer(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.casefold() != "bearer" or not token:
        raise Refused("send a token: Authorization: Bearer ...; `cutover monitor token` makes one")
    return token.strip()


def _said(state: str) -> Said:
    try:
        return Said(state)
    except ValueError:
        raise Invalid(f"state '{state}' is none; expected {', '.join(Said)}") from None


async def body_of(request: Request, most: int) -> bytes:
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > most:
            raise TooLargeError(f"the body is larger than {most} bytes")
    return bytes(received)
