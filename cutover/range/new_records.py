"""The records system that takes over: loads the legacy register, takes records from people and from paper.

With `lose_status` on, its loader does what loaders have really done: it passes over the rows of one status and
reports every row read and none failed, because it counts what it was given and not what it kept.
"""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime
from typing import Any, ClassVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from cutover.range import crimes
from cutover.range.ledger import add_op, insert_all, reference, utc
from cutover.range.loader import pages
from cutover.range.system import Body, System, body_of, moment_in, text_in

LETTER = "R"  # before the number of a record
_INSERT = """
INSERT INTO records (key, form_type, serial, occurred_at, person, content, entered_by, entered_at)
VALUES (:key, :form_type, :serial, :occurred_at, :person, :content, :entered_by, :entered_at)
"""


class NewRecords(System):
    schema: ClassVar[str] = (
        crimes.SCHEMA
        + """
CREATE TABLE IF NOT EXISTS records (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, form_type TEXT NOT NULL,
    serial TEXT, occurred_at TEXT NOT NULL, person TEXT NOT NULL, content TEXT NOT NULL, entered_by TEXT NOT NULL, entered_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS records_by_serial ON records (serial);
CREATE INDEX IF NOT EXISTS records_by_time ON records (form_type, occurred_at);
"""
    )

    def routes(self) -> list[Route]:
        return [
            Route("/loads", self.begin_load, methods=["POST"]),
            Route("/loads/{id:path}", self.show_load),
            Route("/register/crimes.csv", self.register),
            Route("/records", self.list_records),
            Route("/records", self.add_record, methods=["POST"]),
            Route("/records/by-serial", self.by_serial),
            Route("/records/by-serial/{serial:path}", self.by_serial),
        ]

    async def begin_load(self, request: Request) -> Response:
        """Pull the source's crimes and keep them, in one transaction; `only_status` selects one status."""
        body, now = await body_of(request), self.now()
        source, only = text_in(body, "source_url"), body.get("only_status")
        if only is not None and not isinstance(only, str):
            raise HTTPException(400, "only_status: expected text")
        ready_at = self.ready_at(body, now)
        # A status asked for by name is always selected: that is how the repair gets at the lost one.
        passed_over = "" if only else self.ledger.switches()["lose_status"]

        async def work(db: sqlite3.Connection, key: str) -> Body:
            read = await _load(db, source, only, passed_over)
            report = {"read": read, "loaded": read, "failed": 0}
            add_op(db, key, "load", report, now=now, ready_at=ready_at)
            return {"id": key}

        # Where the source stands is no part of what is asked: after a crash it may answer on another port.
        content = {field: value for field, value in body.items() if field != "source_url"}
        return await self.effect(request, "loads", content, work, fresh=202, again=202, view=self._load_begun)

    async def show_load(self, request: Request) -> Response:
        return JSONResponse(self.load(request.path_params["id"]))

    def load(self, load_id: str) -> Body:
        """A load as its own report has it: counts grow with time and are whole when it is done."""
        op = self.op(load_id)
        row = self.ledger.row("SELECT result FROM ops WHERE id = ? AND name = 'load'", load_id)
        if row is None:
            raise HTTPException(404, f"no load '{load_id}'")
        share = 1.0 if op["state"] == "done" else _share(op["began_at"], op["ready_at"], self.now())
        counts = {name: int(count * share) for name, count in json.loads(row["result"]).items()}
        return {"id": load_id, "state": op["state"], "ready_at": op["ready_at"], **counts}

    def _load_begun(self, answer: Body) -> Body:
        return self.load(answer["id"])

    async def register(self, _request: Request) -> Response:
        return StreamingResponse(crimes.as_csv(self.place.database), media_type="text/csv")

    async def add_record(self, request: Request) -> Response:
        """Take one record, from paper (with its serial) or keyed straight in (serial null)."""
        body, now = await body_of(request), self.now()
        row = _row(body)

        async def work(db: sqlite3.Connection, key: str) -> Body:
            inserted = db.execute(_INSERT, {**row, "key": key, "entered_at": utc(now)})
            return {"reference": reference(LETTER, inserted.lastrowid)}

        return await self.effect(request, "records", body, work)

    async def list_records(self, request: Request) -> Response:
        """Records of a form type (all without it) that occurred from `from` to `to`, both ends included."""
        asked = request.query_params
        since, until = (moment_in(asked[end], end) if end in asked else None for end in ("from", "to"))
        where = "(?1 IS NULL OR form_type = ?1) AND (?2 IS NULL OR occurred_at >= ?2) AND (?3 IS NULL OR occurred_at <= ?3)"
        return self._records(f"{where} ORDER BY occurred_at, number", asked.get("form_type"), since, until)

    async def by_serial(self, request: Request) -> Response:
        """The records that carry a serial: those of one serial, or of every serial there is."""
        serial = request.path_params.get("serial") or request.query_params.get("serial")
        return self._records(
            "serial IS NOT NULL AND (?1 IS NULL OR serial = ?1) ORDER BY serial, number", serial
        )

    def _records(self, where: str, *values: Any) -> Response:
        rows = self.ledger.rows(f"SELECT * FROM records WHERE {where}", *values)  # noqa: S608 - the condition is ours
        return JSONResponse({"records": [_shown(row) for row in rows]})


async def _load(db: sqlite3.Connection, source: str, only: str | None, passed_over: str) -> int:
    """Pull all of `source` into the open transaction; returns how many rows were read, kept or not."""
    read = 0
    async for page in pages(source, only):
        kept = (tuple(crime[c] for c in crimes.COLUMNS) for crime in page if crime["status"] != passed_over)
        insert_all(db, "crimes", crimes.COLUMNS, kept)
        read += len(page)
    return read


def _row(body: Body) -> Body:
    """A record as it will be kept. 400 for the first field that is not what it should be."""
    serial, person, values = body.get("serial"), body.get("person"), body.get("values", {})
    if serial is not None and (not isinstance(serial, str) or not serial):
        raise HTTPException(400, "serial: expected text, or null for a record keyed straight in")
    if not isinstance(person, dict) or not isinstance(values, dict):
        raise HTTPException(400, "person, values: expected objects")
    texts = {field: text_in(body, field) for field in ("form_type", "entered_by")}
    occurred_at = moment_in(body.get("occurred_at"), "occurred_at")
    return {
        **texts,
        "serial": serial,
        "occurred_at": occurred_at,
        "person": json.dumps(person),
        "content": json.dumps(values),
    }


def _shown(row: sqlite3.Row) -> Body:
    plain = {
        name: row[name] for name in ("key", "form_type", "serial", "occurred_at", "entered_by", "entered_at")
    }
    return {
        "reference": reference(LETTER, row["number"]),
        **plain,
        "person": json.loads(row["person"]),
        "values": json.loads(row["content"]),
    }


def _share(began_at: str, ready_at: str, now: datetime) -> float:
    began, ready = datetime.fromisoformat(began_at), datetime.fromisoformat(ready_at)
    return max(0.0, (now - began) / (ready - began))
