"""A desk with the monitors' facts and views, three checks, and a small custody system on a real socket."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

import pytest
from pydantic import TypeAdapter
from sqlalchemy import Engine

from cutover.store.desk import Desk
from cutover.store.pen import Projection
from monitors.alert_states import AlertStates
from monitors.domain import alert, downtime_events, health, ledger
from monitors.domain.declared import AnyCheck
from monitors.service import MonitorService
from monitors.tables import CaseFiles, MonitorStates
from tests.conftest import MakeDesk

EVENTS = (*health.EVENTS, *ledger.EVENTS, *downtime_events.EVENTS, *alert.EVENTS)
CHECKS: tuple[AnyCheck, ...] = TypeAdapter(tuple[AnyCheck, ...]).validate_python(
    [
        {"kind": "http", "id": "custody", "title": "Custody answers", "component": "custody", "owner": "asha", "system": "custody",
         "expect": {"body": {"status": "ok"}}, "interval": "5m", "retry_interval": "2m", "stale_after": "20m"},
        {"kind": "http", "id": "cells", "title": "Cell list answers", "component": "custody", "owner": "bo", "system": "custody",
         "path": "/cells", "parents": ["custody"], "interval": "5m", "retry_interval": "1m"},
        {"kind": "ledger", "id": "transfer", "title": "Files are acknowledged", "owner": "bo", "standard": "2h", "interval": "15m"},
    ]
)  # fmt: skip


def projections() -> list[Projection]:
    return [MonitorStates(), AlertStates(), CaseFiles()]


MakeMonitors = Callable[..., MonitorService]


@pytest.fixture
def monitor_desk(make_desk: MakeDesk) -> Desk:
    return make_desk(EVENTS, projections())


@pytest.fixture
def monitors(monitor_desk: Desk) -> MonitorService:
    return MonitorService(monitor_desk, CHECKS)


@pytest.fixture
def any_desk(make_desk: MakeDesk, any_engine: Engine) -> Desk:
    """The same desk on SQLite and on a real PostgreSQL."""
    return make_desk(EVENTS, projections(), on=any_engine)


class Target:
    """A real system that answers; `health` says how, `gate` holds every answer back until it is set."""

    def __init__(self) -> None:
        self.health: Callable[[], int] = lambda: 200
        self.takes_files = True
        self.verdict = {"state": "accepted"}
        self.gate = threading.Event()
        self.gate.set()
        self.asked: list[str] = []
        self.bookings: dict[str, str] = {}
        self.released: list[str] = []
        self.needs_exact_spelling = False
        self.files: dict[str, str] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(
        self, method: str, path: str, query: dict[str, list[str]], body: dict[str, str], key: str
    ) -> tuple[int, object]:
        self.asked.append(f"{method} {path}")
        status = self.health()
        if status != 200:
            return status, {"status": "down"}
        if method == "POST":
            return self._write(path, body, key)
        if path == "/bookings":
            wanted = query["name"][0]
            found = [
                r
                for r, name in self.bookings.items()
                if name == wanted
                or (query["near"] == ["1"] and name[1:] == wanted[1:] and not self.needs_exact_spelling)
            ]
            return 200, {"bookings": [{"reference": r} for r in found]}
        if path.startswith("/files/"):
            return 200, self.verdict
        return 200, {"status": "ok"}

    def _write(self, path: str, body: dict[str, str], key: str) -> tuple[int, object]:
        if path == "/bookings":
            self.bookings.setdefault(f"B-{key}", body["name"])
            return 201, {"reference": f"B-{key}"}
        if path == "/files":
            if not self.takes_files:
                return 503, {}
            return 202, {"reference": self.files.setdefault(key, f"F-{len(self.files) + 1}")}
        self.released.append(path.split("/")[2])
        return 200, {}


def _handler(target: Target) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length) or b"{}")
            target.gate.wait(10)
            where = urlparse(self.path)
            key = self.headers.get("Idempotency-Key", "")
            status, answer = target.answer(self.command, where.path, parse_qs(where.query), body, key)
            text = json.dumps(answer).encode()
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)
            except BrokenPipeError:  # the asker gave up
                return

        do_GET = do_POST = _answer  # noqa: N815  (names that http.server looks for)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


@pytest.fixture
def target() -> Iterator[Target]:
    system = Target()
    yield system
    system.close()
