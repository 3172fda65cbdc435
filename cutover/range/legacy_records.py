"""The records system being replaced: a year of crimes, handed out page by page or as the whole register."""

from __future__ import annotations

from typing import ClassVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from cutover.range import crimes
from cutover.range.ledger import connect, insert_all
from cutover.range.place import Place
from cutover.range.population import population
from cutover.range.system import System

PAGE, LARGEST_PAGE = 500, 5_000


class LegacyRecords(System):
    schema: ClassVar[str] = crimes.SCHEMA

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        seed_once(place)

    def routes(self) -> list[Route]:
        return [Route("/crimes", self.page), Route("/register/crimes.csv", self.register)]

    async def page(self, request: Request) -> Response:
        """Crimes in order of their id, after `after`, at most `limit`, all of them or those of one status."""
        limit = _limit(request.query_params.get("limit", str(PAGE)))
        after, status = request.query_params.get("after", ""), request.query_params.get("status")
        where = "crime_id > ?1 AND (?2 IS NULL OR status = ?2)"
        rows = self.ledger.rows(
            f"{crimes.ALL} WHERE {where} ORDER BY crime_id LIMIT ?3", after, status, limit
        )
        return JSONResponse(crimes.page(rows, limit))

    async def register(self, _request: Request) -> Response:
        return StreamingResponse(crimes.as_csv(self.place.database), media_type="text/csv")


def seed_once(place: Place) -> None:
    """Fill an empty register; a restarted stand-in finds its own and leaves it alone."""
    db = connect(place.database)
    try:
        if db.execute("SELECT EXISTS (SELECT 1 FROM crimes)").fetchone()[0]:
            return
        db.execute("BEGIN IMMEDIATE")
        insert_all(db, "crimes", crimes.COLUMNS, population(place.seed, place.crimes, place.before))
        db.execute("COMMIT")
    finally:
        db.close()


def _limit(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= LARGEST_PAGE:
        raise HTTPException(400, f"limit: expected a number from 1 to {LARGEST_PAGE}")
    return int(text)
