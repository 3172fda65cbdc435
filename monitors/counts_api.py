"""Daily counts told by a program: `POST /api/v1/counts/<flow>`, by a token for that flow and for nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cutover.core.clock import Clock
from cutover.core.errors import Invalid, NotFound
from cutover.web.tokens import Tokens
from monitors.api import answered, bearer, body_of
from monitors.domain.counts import Told, told
from monitors.domain.flow import ApiCounts
from monitors.flow_service import FlowService

LARGEST = 1_000_000  # bytes
EXPECTED = (
    'expected {"counts": {"2026-10-24": 8}, "last_event": "2026-10-24T17:02:00Z"}; last_event may be left out'
)


def counts_scope(flow: str) -> str:
    """What a token must be made for to tell the counts of `flow`."""
    return f"counts:{flow}"


@dataclass(frozen=True)
class CountsApi:
    """The route. A body is taken whole or not at all, with every bad day named."""

    flows: FlowService
    tokens: Tokens
    clock: Clock

    def routes(self) -> list[Route]:
        return [Route("/api/v1/counts/{flow}", answered(self._tell), methods=["POST"])]

    async def _tell(self, request: Request) -> Response:
        name = request.path_params["flow"]
        await run_in_threadpool(self.tokens.check, bearer(request), counts_scope(name))
        flow = self.flows.flows.get(name)
        if flow is None:
            raise NotFound("flow", name, self.flows.flows)
        if not isinstance(flow.counts, ApiCounts):
            raise Invalid(f"the counts of {name} are read from its {flow.counts.kind}: they are not told")
        found = self._read(name, await body_of(request, LARGEST))
        await run_in_threadpool(self.flows.told, name, found, self.clock.now())
        return JSONResponse({"flow": name, "days": len(found.counts)}, status_code=202)

    def _read(self, name: str, raw: bytes) -> Told:
        counts, last = _parts(raw)
        now = self.clock.now()
        today = now.astimezone(ZoneInfo(self.flows.programme.zone)).date()
        rows: list[tuple[Any, ...]] = [(day, count) for day, count in counts.items()]
        found = told(rows, name, today, now)
        if last is None:
            return found
        return Told(found.counts, told([(today, 0, last)], f"{name}.last_event", today, now).last_event)


def _parts(raw: bytes) -> tuple[dict[str, Any], Any]:
    try:
        body = json.loads(raw, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"the body: {error}; {EXPECTED}") from error
    if (
        not isinstance(body, dict)
        or set(body) - {"counts", "last_event"}
        or not isinstance(body.get("counts"), dict)
    ):
        raise Invalid(f"the body is not as it should be; {EXPECTED}")
    return body["counts"], body.get("last_event")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A day that is there twice must not silently be the later one."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"'{name}' is there twice")
        found[name] = value
    return found
