"""Items told by a program: `POST /api/v1/backlog`, by a token for that and nothing else. Bad rows are named, good ones kept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from contingency.discoveries import DiscoveryService
from contingency.domain.discovery import Discovery
from cutover.core.errors import Invalid
from cutover.web.tokens import Tokens
from monitors.api import answered, bearer, body_of

SCOPE = "backlog"
LARGEST = 4_194_304  # bytes
MOST = 5_000  # items of one body
EXPECTED = 'expected {"source": "referrals", "items": [{"key": "R-1", "item_type": "referral", "occurred_at": "2026-10-24T17:02:00Z", "tier": "high"}]}'


@dataclass(frozen=True)
class BacklogApi:
    """The route. What was entered before is left as it is, so the same body again enters nothing."""

    discoveries: DiscoveryService
    tokens: Tokens

    def routes(self) -> list[Route]:
        return [Route("/api/v1/backlog", answered(self._tell), methods=["POST"])]

    async def _tell(self, request: Request) -> Response:
        await run_in_threadpool(self.tokens.check, bearer(request), SCOPE)
        source, rows = _parts(await body_of(request, LARGEST))
        how = Discovery(id="api")
        found = await run_in_threadpool(
            lambda: self.discoveries.enter(rows, how, by=f"api {source}", source=f"api {source}")
        )
        answer = {"read": found.read, "new": len(found.fresh), "faults": list(found.faults)}
        return JSONResponse(answer, status_code=202 if found.read else 400)


def _parts(raw: bytes) -> tuple[str, list[dict[str, Any]]]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"the body: {error}; {EXPECTED}") from error
    known = isinstance(body, dict) and set(body) == {"source", "items"}
    rows = body["items"] if known else None
    if not known or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Invalid(f"the body is not as it should be; {EXPECTED}")
    if not 0 < len(rows) <= MOST or not isinstance(body["source"], str) or not 0 < len(body["source"]) <= 80:  # noqa: PLR2004
        raise Invalid(f"1 to {MOST:,} items and a source of 1 to 80 letters; {EXPECTED}")
    return body["source"], rows
