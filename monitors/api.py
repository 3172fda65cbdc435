"""What programs tell and read here: `/metrics`, heartbeats, the alerts of an Alertmanager. Each by a token of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cutover.core.clock import Clock
from cutover.core.errors import CutoverError
from cutover.web.api.door import bearer
from cutover.web.api.operation import TEXT, Answer, Call, Operation
from cutover.web.api.problems import problem
from cutover.web.tokens import Tokens
from monitors.domain.heartbeat import Said
from monitors.domain.outside import Webhook
from monitors.inbox import Inbox

LARGEST = 4_194_304  # bytes of a webhook
LARGEST_NOTE = 10_000
METRICS, ALERTS = "metrics", "alerts"
HEARTBEAT = "heartbeat:{name}"


class BeatAsked(BaseModel):
    """How the work went."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    state: Said = Field(default=Said.SUCCESS, description="success, started or failed")


class BeatTaken(BaseModel):
    heartbeat: str
    state: Said
    at: datetime


class AlertsTaken(BaseModel):
    alerts: int = Field(description="how many the webhook told")


def heartbeat_scope(name: str) -> str:
    """What a token must be made for to report as `name`."""
    return HEARTBEAT.format(name=name)


@dataclass(frozen=True)
class MonitorApi:
    """What it takes. `metrics` renders the exposition; without accounts, whoever reaches the page may scrape it."""

    inbox: Inbox
    tokens: Tokens
    clock: Clock
    metrics: Callable[[], bytes]
    has_accounts: Callable[[], bool]

    def routes(self) -> list[Route]:
        return [Route("/metrics", answered(self._scrape), methods=["GET"])]

    def operations(self) -> Sequence[Operation]:
        return (
            Operation(
                "POST", "/api/v1/heartbeats/{name}", "say that scheduled work began, went well or failed",
                self._beat, BeatTaken, HEARTBEAT, takes=TEXT, query=BeatAsked, status=202, once=True,
                most_bytes=LARGEST_NOTE,
            ),
            Operation(
                "POST", "/api/v1/alertmanager", "pass on the alerts of an Alertmanager (its webhook, version 4)",
                self._hear, AlertsTaken, ALERTS, takes=Webhook, status=202, once=True, most_bytes=LARGEST,
            ),
        )  # fmt: skip

    async def _scrape(self, request: Request) -> Response:
        if await run_in_threadpool(self.has_accounts):
            await run_in_threadpool(self.tokens.check, bearer(request), METRICS)
        return Response(await run_in_threadpool(self.metrics), media_type="text/plain; version=0.0.4")

    def _beat(self, call: Call) -> BaseModel | Answer:
        """The body may say why."""
        name, said, at = call.path["name"], call.query.state, self.clock.now()
        self.inbox.beat(name, said, at, call.raw.decode("utf-8", "replace"))
        return BeatTaken(heartbeat=name, state=said, at=at)

    def _hear(self, call: Call) -> BaseModel | Answer:
        webhook = call.body(Webhook, "an Alertmanager webhook of version 4")
        self.inbox.hear(webhook.alerts, self.clock.now())
        return AlertsTaken(alerts=len(webhook.alerts))


def answered(do: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return await do(request)
        except CutoverError as error:
            return problem(error)

    return endpoint
