"""Plays it: a receiver that takes case files and stops acknowledging them, while it answers every probe.

Prints when the ledger called it beside the standard, and what was sent twice or lost when the receiver came back:
meanwhile some of its answers are lost, for an hour it takes nothing, and one urgent file goes by hand with a receipt.
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
from monitors.domain.ledger import FileStage, Summary
from monitors.forwarder import Forwarder

HERE = Path(__file__).parent
CYCLE, STANDARD = timedelta(minutes=30), timedelta(hours=2)
BEGINS = datetime(2026, 10, 27, 8, tzinfo=UTC)
STOPS_AT, RETURNS_AT, ENDS_AT = timedelta(hours=3), timedelta(hours=9), timedelta(hours=12)
AWAY_AT, BY_HAND_AT, BACK_AT = timedelta(hours=6), timedelta(hours=6, minutes=30), timedelta(hours=7)


@dataclass
class Receiver:
    """Takes each file once, by its key, and acknowledges it when asked after; not while it has `stopped`.

    While it is stopped every third answer to a file that it took is lost on the way; while it is `away` it takes none.
    """

    stopped: bool = False
    away: bool = False
    taken: dict[str, str] = field(default_factory=dict)  # key -> reference
    cases: list[str] = field(default_factory=list)  # the case of every file that it took as a new one
    acknowledged: set[str] = field(default_factory=set)
    offered: int = 0
    answers_lost: int = 0

    def take(self, key: str, case: str) -> str | None:
        """The reference of a file, or no answer at all."""
        self.offered += 1
        if self.away:
            return None
        if key not in self.taken:
            self.cases.append(case)
            self.taken[key] = f"F-{len(self.cases)}"
            if self.stopped and len(self.cases) % 3 == 0:
                self.answers_lost += 1
                return None
        return self.taken[key]

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
    kept: int  # files that waited at once because nobody took them
    answers_lost: int
    offered_again: int
    by_hand: int
    by_hand_and_sent: int
    sent_twice: int
    lost: int
    recovered: bool

    @property
    def in_one_cycle(self) -> bool:
        return self.called_after is not None and self.called_after <= STANDARD + CYCLE

    @property
    def holds(self) -> bool:
        clean = self.sent_twice == self.lost == self.by_hand_and_sent == 0 and self.ledger.holds
        tried = self.kept > 1 and self.answers_lost > 0 and self.offered_again > 0 and self.by_hand == 1
        told = self.in_one_cycle and self.probe_green and self.graded is Class.SILENT_FAILURE
        return told and clean and tried and self.recovered


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
    called, graded, green, first_silent, kept = None, Class.WELL, True, None, 0
    async with prober.open_session() as session:
        for n in range(int(ENDS_AT / CYCLE)):
            clock.set(BEGINS + n * CYCLE)
            now, passed = clock.now(), n * CYCLE
            receiver.stopped, receiver.away = STOPS_AT <= passed < RETURNS_AT, AWAY_AT <= passed < BACK_AT
            name = f"case-{n + 1}"
            world.ledger.build(name, name, hashlib.sha256(name.encode()).hexdigest(), "custody")
            if passed == BY_HAND_AT:
                receipt = "receipt 17, signed by the duty prosecutor"
                world.ledger.hand_deliver(name, receipt, to="prosecutor", by="custody")
            kept = max(kept, (await forwarder.cycle(session, now)).kept)
            if receiver.stopped and first_silent is None:
                first_silent = now
            for check in world.folder.checks:
                world.monitors.record(check.id, await prober.probe(check, session, now), now)
            green &= world.monitors.state("receiver-health").status is Status.OK
            if called is None and world.monitors.state("case-transfer-ledger").status is Status.CRITICAL:
                called, graded = now, world.hypercare.composites()[0].of
    first = first_silent or BEGINS
    files = world.ledger.files()
    by_hand = {file.case for file in files.values() if file.stage is FileStage.HAND_DELIVERED}
    return Outcome(
        silent_since=first - BEGINS,
        called_after=None if called is None else called - first,
        probe_green=green,
        graded=graded,
        ledger=world.ledger.summary(),
        kept=kept,
        answers_lost=receiver.answers_lost,
        offered_again=receiver.offered - len(receiver.taken),
        by_hand=len(by_hand),
        by_hand_and_sent=len(by_hand & set(receiver.cases)),
        sent_twice=len(receiver.cases) - len(set(receiver.cases)),
        lost=sum(file.case not in {*receiver.cases, *by_hand} for file in files.values()),
        recovered=world.monitors.state("case-transfer-ledger").status is Status.OK,
    )


@contextmanager
def served(receiver: Receiver) -> Iterator[str]:
    """The receiver on loopback: POST /files, GET /files/REFERENCE, and a /health that is always well."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
            reference = receiver.take(self.headers["Idempotency-Key"], sent["case"])
            if reference is None:
                self.close_connection = True  # no word of what became of it
            else:
                self._say(202, {"reference": reference})

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
        f"meanwhile: {found.kept} files waited at once, {found.answers_lost} answers were lost, {found.offered_again} offers were made again, {found.by_hand} file went by hand against a receipt"
    )
    print(
        f"sent twice: {found.sent_twice}, lost: {found.lost}, recovered: {'yes' if found.recovered else 'no'}"
    )
    print("holds" if found.holds else "DOES NOT HOLD")
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
