"""Plays it: a receiver that takes case files and stops acknowledging them, while it answers every probe.

Prints when the ledger called it beside the standard, and what was sent twice or lost when the receiver came back.
Exit 0 only when it was caught within one cycle and nothing was doubled or lost.

    python examples/no_acknowledgement/play.py [FOLDER]
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cutover.app.bootstrap import World, build_world
from cutover.app.settings import Settings
from cutover.core.clock import FixedClock
from monitors.domain.check import Status
from monitors.domain.composite import Class
from monitors.domain.ledger import Summary
from monitors.forwarder import Forwarder

HERE = Path(__file__).parent
CYCLE, STANDARD = timedelta(minutes=30), timedelta(hours=2)
BEGINS = datetime(2026, 10, 27, 8, tzinfo=UTC)
STOPS_AT, RETURNS_AT, ENDS_AT = timedelta(hours=3), timedelta(hours=9), timedelta(hours=12)


@dataclass
class Receiver:
    """Takes each file once, by its key, and acknowledges it when asked after; not while it has `stopped`."""

    stopped: bool = False
    taken: dict[str, str] = field(default_factory=dict)  # key -> reference
    acknowledged: set[str] = field(default_factory=set)
    asked_to_take: int = 0

    def take(self, key: str) -> str:
        self.asked_to_take += 1
        return self.taken.setdefault(key, f"F-{len(self.taken) + 1}")

    def state(self, reference: str) -> str:
        if not self.stopped:
            self.acknowledged.add(reference)
        return "acknowledged" if reference in self.acknowledged else "received"


@dataclass(frozen=True)
class Outcome:
    """When it was called, what the probe said meanwhile, and the books at the end."""

    silent_since: timedelta
    called_after: timedelta | None
    probe_green: bool
    graded: Class
    ledger: Summary
    sent_twice: int
    lost: int
    recovered: bool

    @property
    def in_one_cycle(self) -> bool:
        return self.called_after is not None and self.called_after <= STANDARD + CYCLE

    @property
    def holds(self) -> bool:
        clean = self.sent_twice == 0 and self.lost == 0 and self.ledger.holds
        told = self.in_one_cycle and self.probe_green and self.graded is Class.SILENT_FAILURE
        return told and clean and self.recovered


def play(folder: Path) -> Outcome:
    """Twelve hours, a cycle every half hour; a file is built in each."""
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("*.py", "state", "__pycache__"), dirs_exist_ok=True)  # fmt: skip
    receiver, clock = Receiver(), FixedClock(BEGINS)
    with served(receiver) as url:
        world = build_world(folder, pace=clock, settings=Settings(database_url=""))
        world.systems_elsewhere = {"case_transfer": url}
        try:
            return asyncio.run(_hours(world, clock, receiver))
        finally:
            world.engine.dispose()


async def _hours(world: World, clock: FixedClock, receiver: Receiver) -> Outcome:
    forwarder, prober = Forwarder(world.ledger, world.systems), world.prober()
    called, graded, green, first_silent = None, Class.WELL, True, None
    async with prober.open_session() as session:
        for n in range(int(ENDS_AT / CYCLE)):
            clock.set(BEGINS + n * CYCLE)
            now, passed = clock.now(), n * CYCLE
            receiver.stopped = STOPS_AT <= passed < RETURNS_AT
            name = f"case-{n + 1}"
            world.ledger.build(name, name, hashlib.sha256(name.encode()).hexdigest(), "custody")
            await forwarder.cycle(session, now)
            if receiver.stopped and first_silent is None:
                first_silent = now
            for check in world.folder.checks:
                world.monitors.record(check.id, await prober.probe(check, session, now), now)
            green &= world.monitors.state("receiver-health").status is Status.OK
            if called is None and world.monitors.state("case-transfer-ledger").status is Status.CRITICAL:
                called, graded = now, world.hypercare.composites()[0].of
    first = first_silent or BEGINS
    return Outcome(
        silent_since=first - BEGINS,
        called_after=None if called is None else called - first,
        probe_green=green,
        graded=graded,
        ledger=world.ledger.summary(),
        sent_twice=len(receiver.taken) - len(set(receiver.taken.values())),
        lost=len(world.ledger.files()) - len(receiver.taken),
        recovered=world.monitors.state("case-transfer-ledger").status is Status.OK,
    )


@contextmanager
def served(receiver: Receiver) -> Iterator[str]:
    """The receiver on loopback: POST /files, GET /files/REFERENCE, and a /health that is always well."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._say(202, {"reference": receiver.take(self.headers["Idempotency-Key"])})

        def do_GET(self) -> None:
            known = self.path.startswith("/files/")
            self._say(
                200, {"state": receiver.state(self.path.rpartition("/")[2])} if known else {"status": "ok"}
            )

        def _say(self, status: int, body: dict[str, str]) -> None:
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main(arguments: list[str]) -> int:
    folder = (
        Path(arguments[0])
        if arguments
        else Path(tempfile.mkdtemp(prefix="no-acknowledgement-")) / "programme"
    )
    found = play(folder)
    print(f"the probe was green throughout: {'yes' if found.probe_green else 'no'}")
    print(
        f"no acknowledgement from hour {found.silent_since / timedelta(hours=1):.0f} on; the ledger called it after {found.called_after} (standard {STANDARD}, cycle {CYCLE})"
    )
    print(f"custody is called: {found.graded}")
    books = found.ledger
    print(
        f"at the end: {books.sent} sent = {books.acknowledged} acknowledged + {books.rejected} rejected + {books.in_flight} in flight"
    )
    print(
        f"sent twice: {found.sent_twice}, lost: {found.lost}, recovered: {'yes' if found.recovered else 'no'}"
    )
    print("holds" if found.holds else "DOES NOT HOLD")
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
