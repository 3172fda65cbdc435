"""A stand-in for a system that the range knows nothing of: it takes whatever it is asked, once per key, and says so.

What a check of the programme expects to read there can be told it: `<system>.answers.json` beside its database
holds path -> JSON answer, written from `answers` of the rehearsal's cast.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cutover.range.ledger import add_op
from cutover.range.place import Place
from cutover.range.system import Body, System, body_of

WRITES = ["POST", "PUT", "PATCH", "DELETE"]


def tell_answers(folder: Path, answers: Mapping[str, Mapping[str, Any]]) -> None:
    """Leave for each stand-in of `answers` (system -> path -> JSON) what it is to say, in the folder of its database."""
    folder.mkdir(parents=True, exist_ok=True)
    for system, paths in answers.items():
        _told(folder, system).write_text(json.dumps(dict(paths)), encoding="utf-8")


def _told(folder: Path, system: str) -> Path:
    return folder / f"{system}.answers.json"


class AnySystem(System):
    """Reads are answered well; each write is one effect, done after the `minutes` it names (none: at once)."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        file = _told(place.state, place.system)
        self.answers: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}

    def routes(self) -> list[Route]:
        return [Route("/{path:path}", self.read), Route("/{path:path}", self.write, methods=WRITES)]

    async def health(self, request: Request) -> Response:
        told = self.answers.get(request.url.path)
        return (
            await super().health(request)
            if told is None
            else JSONResponse({"system": self.place.system, **told})
        )

    async def read(self, request: Request) -> Response:
        path = request.url.path
        if op := self.ledger.row("SELECT id FROM ops WHERE id = ?", path.rsplit("/", 1)[-1]):
            return JSONResponse(self.op(op["id"]))
        return JSONResponse(
            self.answers.get(path, {"status": "ok", "system": self.place.system, "path": path})
        )

    async def write(self, request: Request) -> Response:
        body, now, name = await body_of(request), self.now(), f"{request.method} {request.url.path}"
        ready_at = self.ready_at(body, now)

        async def work(db: Any, key: str) -> Body:
            add_op(db, key, name, {"name": name}, now=now, ready_at=ready_at)
            return {"id": key}

        # A write without a key cannot be told from another: each is an effect of its own.
        key = "" if request.headers.get("idempotency-key") else uuid.uuid4().hex
        return await self.effect(
            request, name, body, work, view=lambda answer: self.op(answer["id"]), key=key
        )
