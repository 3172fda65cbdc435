"""The custody system: who was brought in and when, found by exact or near name, and let go again."""

from __future__ import annotations

import json
import sqlite3
from typing import Any, ClassVar

from rapidfuzz import fuzz
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cutover.range.ledger import number_of, reference, utc
from cutover.range.system import Body, System, body_of, moment_in, text_in

NEAR = 80.0  # percent alike, of 100, that counts as a near name: one letter in five may differ
KNOWN = ("name", "arrived_at")
LETTER = "B"  # before the number of a booking


class Custody(System):
    schema: ClassVar[str] = """
CREATE TABLE IF NOT EXISTS bookings (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    arrived_at TEXT NOT NULL, details TEXT NOT NULL, booked_at TEXT NOT NULL, released_at TEXT);
"""

    def routes(self) -> list[Route]:
        return [
            Route("/bookings", self.find),
            Route("/bookings", self.book, methods=["POST"]),
            Route("/bookings/{reference}/release", self.release, methods=["POST"]),
        ]

    async def book(self, request: Request) -> Response:
        body, now = await body_of(request), self.now()
        name, arrived_at = text_in(body, "name"), moment_in(body.get("arrived_at"), "arrived_at")
        details = json.dumps({field: value for field, value in body.items() if field not in KNOWN})

        async def work(db: sqlite3.Connection, key: str) -> Body:
            sql = "INSERT INTO bookings (key, name, arrived_at, details, booked_at) VALUES (?, ?, ?, ?, ?)"
            inserted = db.execute(sql, (key, name, arrived_at, details, utc(now)))
            return {"reference": reference(LETTER, inserted.lastrowid)}

        return await self.effect(request, "bookings", body, work)

    async def release(self, request: Request) -> Response:
        """Let a person go. The first release stands: a second one answers with its time."""
        name, body, now = request.path_params["reference"], await body_of(request), utc(self.now())

        async def work(db: sqlite3.Connection, _key: str) -> Body:
            sql = "UPDATE bookings SET released_at = coalesce(released_at, ?) WHERE number = ? RETURNING released_at"
            released = db.execute(sql, (now, number_of(LETTER, name))).fetchall()
            if not released:
                raise HTTPException(404, f"no booking '{name}'")
            return {"reference": name, "released_at": released[0][0]}

        wish = f"release {name}"
        return await self.effect(request, wish, body, work, fresh=200, key=wish)

    async def find(self, request: Request) -> Response:
        """Bookings of a name, the likest first; exact but for case unless `near` is 1. All without a name."""
        name, near = request.query_params.get("name", ""), request.query_params.get("near", "0") == "1"
        rows = self.ledger.rows("SELECT * FROM bookings ORDER BY number")
        scored = [(likeness(name, row["name"]) if name else 100.0, row) for row in rows]
        least = NEAR if near else 100.0
        found = sorted(
            (pair for pair in scored if pair[0] >= least), key=lambda pair: (-pair[0], pair[1]["number"])
        )
        return JSONResponse({"bookings": [_shown(row, score) for score, row in found]})


def likeness(asked: str, kept: str) -> float:
    """How alike two names are, 0 to 100; 100 only for the same name. Forename and surname may stand in either order."""
    one, other = asked.casefold().split(), kept.casefold().split()
    if one == other:
        return 100.0
    return min(99.0, fuzz.token_sort_ratio(" ".join(one), " ".join(other)))


def _shown(row: sqlite3.Row, score: float) -> dict[str, Any]:
    plain = {name: row[name] for name in ("key", "name", "arrived_at", "booked_at", "released_at")}
    return {
        "reference": reference(LETTER, row["number"]),
        **plain,
        "details": json.loads(row["details"]),
        "likeness": round(score, 1),
    }
