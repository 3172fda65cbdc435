"""The receiver of electronic case files: takes a file in, acknowledges it, accepts it.

A dropped acknowledgement here is not a cut connection: the file is received and nothing more is ever said of
it, until the fault is off and the sender asks again under the same key or the receiver catches up.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from typing import Any, ClassVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cutover.range.ledger import Switches, number_of, reference, take_drop, utc
from cutover.range.system import Body, System, body_of, text_in

ACKNOWLEDGES_AFTER, ACCEPTS_AFTER = timedelta(minutes=5), timedelta(hours=1)
LETTER = "F"  # before the number of a file


class CaseTransfer(System):
    """`counted_from` is the moment from which acknowledgement and acceptance are counted; null while held back."""

    loses_acknowledgements: ClassVar[bool] = False
    schema: ClassVar[str] = """
CREATE TABLE IF NOT EXISTS files (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, "case" TEXT NOT NULL,
    content_sha256 TEXT NOT NULL, received_at TEXT NOT NULL, slow REAL NOT NULL, counted_from TEXT);
"""

    def routes(self) -> list[Route]:
        return [
            Route("/files", self.list_files),
            Route("/files", self.receive, methods=["POST"]),
            Route("/files/{reference}", self.show),
        ]

    async def receive(self, request: Request) -> Response:
        body, now = await body_of(request), self.now()
        case, digest = text_in(body, "case"), text_in(body, "content_sha256")
        switches = self.ledger.switches()

        async def work(db: sqlite3.Connection, key: str) -> Body:
            counted_from = None if take_drop(db) else utc(now)
            sql = 'INSERT INTO files (key, "case", content_sha256, received_at, slow, counted_from) VALUES (?, ?, ?, ?, ?, ?)'
            inserted = db.execute(sql, (key, case, digest, utc(now), switches["slow"], counted_from))
            return {"reference": reference(LETTER, inserted.lastrowid)}

        answer = await self.effect(request, "files", body, work, fresh=202)
        if answer.status_code == 200 and not switches["drop_acknowledgements"]:  # noqa: PLR2004 - asked again
            await self._acknowledge(request.headers.get("idempotency-key", ""), now)
        return answer

    async def _acknowledge(self, key: str, now: datetime) -> None:
        async with self.ledger.writing() as db:
            db.execute(
                "UPDATE files SET counted_from = ? WHERE key = ? AND counted_from IS NULL", (utc(now), key)
            )

    def switched(self, db: sqlite3.Connection, changes: Switches, now: datetime) -> None:
        """When the fault is switched off, the receiver catches up on what it held back."""
        if changes.get("drop_acknowledgements") == 0:
            db.execute("UPDATE files SET counted_from = ? WHERE counted_from IS NULL", (utc(now),))

    async def list_files(self, _request: Request) -> Response:
        rows = self.ledger.rows("SELECT * FROM files ORDER BY number")
        return JSONResponse({"files": [_shown(row, self.now()) for row in rows]})

    async def show(self, request: Request) -> Response:
        name = request.path_params["reference"]
        row = self.ledger.row("SELECT * FROM files WHERE number = ?", number_of(LETTER, name))
        if row is None:
            raise HTTPException(404, f"no file '{name}'")
        return JSONResponse(_shown(row, self.now()))


def _shown(row: sqlite3.Row, now: datetime) -> dict[str, Any]:
    acknowledged_at, accepted_at = (
        _reached(row, after, now) for after in (ACKNOWLEDGES_AFTER, ACCEPTS_AFTER)
    )
    state = "accepted" if accepted_at else "acknowledged" if acknowledged_at else "received"
    plain = {name: row[name] for name in ("key", "case", "content_sha256", "received_at")}
    return {
        "reference": reference(LETTER, row["number"]),
        "state": state,
        **plain,
        "acknowledged_at": acknowledged_at,
        "accepted_at": accepted_at,
    }


def _reached(row: sqlite3.Row, after: timedelta, now: datetime) -> str | None:
    if row["counted_from"] is None:
        return None
    at = datetime.fromisoformat(row["counted_from"]) + after * row["slow"]
    return utc(at) if at <= now else None
