"""What every stand-in can do: say it is well, do timed work once per key, own up to its effects, be broken.

/admin and /effects are never broken: they are how a rehearsal sets its faults and counts what really happened.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from cutover.range.ledger import OFF, Ledger, Switches, Work, add_op, switch, utc
from cutover.range.place import Place

SEVER = "sever"  # where the server's protocol leaves the function that cuts the connection
UNBREAKABLE = ("/admin", "/effects")
LONGEST_MINUTES, SLOWEST = 366 * 24 * 60, 1000
Body = dict[str, Any]

_FITS: dict[str, Callable[[Any], bool]] = {
    "down": lambda value: isinstance(value, bool),
    "slow": lambda value: is_number(value) and 0 < value <= SLOWEST,
    "drop_acknowledgements": lambda value: (
        isinstance(value, int) and not isinstance(value, bool) and value >= 0
    ),
    "lose_status": lambda value: isinstance(value, str),
}


class System:
    """A stand-in with nothing of its own yet: command and control as it is, the others by adding routes."""

    schema: ClassVar[str] = ""
    loses_acknowledgements: ClassVar[bool] = True

    def __init__(self, place: Place) -> None:
        self.place = place
        self.ledger = Ledger(place.database, self.schema, loses_acknowledgements=self.loses_acknowledgements)

    def routes(self) -> list[Route]:
        """What this system answers beyond the common part."""
        return []

    def app(self) -> Starlette:
        common = [
            Route("/health", self.health),
            Route("/ops/{name}", self.begin_op, methods=["POST"]),
            Route("/ops/{id:path}", self.show_op),
            Route("/effects", self.list_effects),
            Route("/effects/{key:path}", self.show_effect),
            Route("/admin/faults", self.show_faults),
            Route("/admin/faults", self.set_faults, methods=["POST"]),
        ]
        return Starlette(
            routes=[*common, *self.routes()],
            middleware=[Middleware(_DownSwitch, system=self)],
            exception_handlers={HTTPException: _as_json},
        )

    def now(self) -> datetime:
        return self.place.now()

    def ready_at(self, body: Body, now: datetime) -> datetime:
        """When work of `minutes` nominal minutes is done, at the speed the slow switch leaves."""
        minutes = body.get("minutes", 0)
        if not is_number(minutes) or not 0 <= minutes <= LONGEST_MINUTES:
            raise HTTPException(400, f"minutes: expected a number from 0 to {LONGEST_MINUTES}")
        return now + timedelta(minutes=minutes * self.ledger.switches()["slow"])

    async def effect(
        self,
        request: Request,
        name: str,
        body: Body,
        work: Work,
        *,
        fresh: int = 201,
        again: int = 200,
        view: Callable[[Body], Body] = dict,
        key: str = "",
    ) -> Response:
        """Do `work` once under the request's key and answer; the connection is cut when its answer is to be lost."""
        key = request.headers.get("idempotency-key", "") or key
        if not key:
            raise HTTPException(400, "the header Idempotency-Key is missing")
        outcome = await self.ledger.once(key, name, body, self.now(), work)
        if outcome.clash:
            raise HTTPException(409, f"the key '{key}' was used before for something else")
        if outcome.lost:
            return Severed()
        return JSONResponse(view(outcome.answer), fresh if outcome.applied else again)

    async def health(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok", "system": self.place.system})

    async def begin_op(self, request: Request) -> Response:
        name, body, now = request.path_params["name"], await body_of(request), self.now()
        ready_at = self.ready_at(body, now)

        async def work(db: Any, key: str) -> Body:
            add_op(db, key, name, {"name": name}, now=now, ready_at=ready_at)
            return {"id": key}

        return await self.effect(
            request,
            f"ops/{name}",
            body,
            work,
            fresh=202,
            again=202,
            view=lambda answer: self.op(answer["id"]),
        )

    async def show_op(self, request: Request) -> Response:
        op = self.op(request.path_params["id"])
        return JSONResponse(op)

    def op(self, op_id: str) -> Body:
        """A piece of timed work as it stands now; its result once it is done. 404 for an unknown one."""
        row = self.ledger.row("SELECT * FROM ops WHERE id = ?", op_id)
        if row is None:
            raise HTTPException(404, f"no operation '{op_id}'")
        done = utc(self.now()) >= row["ready_at"]
        shown = {
            "id": row["id"],
            "name": row["name"],
            "state": "done" if done else "running",
            "began_at": row["began_at"],
            "ready_at": row["ready_at"],
        }
        return {**shown, "result": json.loads(row["result"]) if done else None}

    async def list_effects(self, _request: Request) -> Response:
        return JSONResponse({"effects": self.ledger.effects()})

    async def show_effect(self, request: Request) -> Response:
        found = self.ledger.effects(request.path_params["key"])
        if not found:
            raise HTTPException(404, "no such effect: it has not happened")
        return JSONResponse(found[0])

    async def show_faults(self, _request: Request) -> Response:
        return JSONResponse({**self.ledger.switches(), "entries": self.ledger.fault_entries()})

    async def set_faults(self, request: Request) -> Response:
        """Set the switches named in the body; with an `entry`, only if that entry was not applied before."""
        body, now = await body_of(request), self.now()
        entry = str(body.pop("entry", ""))
        if wrong := [name for name in body if name not in OFF or not _FITS[name](body[name])]:
            raise HTTPException(
                400,
                f"not a fault switch, or not a value of it: {', '.join(wrong)}; there are {', '.join(OFF)}",
            )
        async with self.ledger.writing() as db:
            if applied := switch(db, body, entry, now):
                self.switched(db, body, now)
        return JSONResponse(
            {**self.ledger.switches(), "entries": self.ledger.fault_entries(), "applied": applied}
        )

    def switched(self, db: Any, changes: Switches, now: datetime) -> None:
        """What follows inside the system when switches change; nothing by default."""


class Severed(Response):
    """No answer at all: the work is committed and the connection is cut before a byte goes out."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del send
        scope["state"][SEVER]()
        while (await receive())["type"] != "http.disconnect":
            continue


class _DownSwitch:
    def __init__(self, app: ASGIApp, system: System) -> None:
        self.app = app
        self.system = system

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        broken = self.system.ledger.switches()["down"] and not scope["path"].startswith(UNBREAKABLE)
        down = {"status": "down", "system": self.system.place.system, "error": "the system is down"}
        answer = JSONResponse(down, 503) if broken else self.app
        await answer(scope, receive, send)


async def body_of(request: Request) -> Body:
    """The JSON object sent, {} for no body. 400 for anything else."""
    raw = await request.body()
    try:
        value = json.loads(raw) if raw.strip() else {}
    except ValueError as error:
        raise HTTPException(400, f"the body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise HTTPException(400, "the body is not a JSON object")
    return value


def text_in(body: Body, field: str) -> str:
    """A field that must hold text. 400 when it does not."""
    value = body.get(field)
    if not isinstance(value, str) or not value.strip():
        raise HTTPException(400, f"{field}: expected text")
    return value


def moment_in(value: object, field: str) -> str:
    """A moment with its offset, as UTC text. 400 for anything else."""
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise HTTPException(400, f"{field}: '{value}' is not a moment; expected e.g. 2026-10-24T09:30:00Z")
    return utc(at)


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


async def _as_json(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # the only kind this handler is registered for
    return JSONResponse({"error": error.detail}, error.status_code)
