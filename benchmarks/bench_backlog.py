"""What a quarter of a million waiting items cost: the next decision, the page, why one is not next, on both databases.

python -m benchmarks.bench_backlog [--items 250000] [--sheets 3500] [--database sqlite|postgresql|both] [--rounds 40]

The items are entered through the service, as `cutover backlog discover` does, each with its facts in the journal; the
sheets are written, on stations, beside them. Between two rounds somebody claims an item, so no answer is an old one.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from starlette.testclient import TestClient

from benchmarks.live_runs import OPENS
from benchmarks.measuring import machine, shares, tell, word
from benchmarks.served import databases
from benchmarks.telling import figure
from contingency.backlog_web import backlog_pages
from contingency.backlogs import BacklogService
from contingency.domain.backlog import FindItem
from contingency.domain.triage import Grade
from contingency.files import load_plays
from cutover.app.facts import catalogue, projections
from cutover.core.clock import FixedClock
from cutover.store import schema
from cutover.store.desk import Desk
from cutover.store.engine import open_engine, sqlite_url
from cutover.store.journal import Journal
from cutover.store.projections import prepare
from cutover.web.kit import build_app
from paper_capture.domain.moves import Grade as Ticked
from paper_capture.domain.moves import UsedSheet
from paper_capture.forms import load_forms
from paper_capture.service import PaperService

EXAMPLE = Path(__file__).parents[1] / "examples" / "seventy_two_hours"
NEXT, PAGE = 0.050, 0.300  # seconds
TOGETHER = 2_000
KINDS = (
    "da_assessment",
    "crime",
    "domestic_abuse",
    "missing_person",
    "case_file",
    "referral",
    "warrant",
    "property",
)
NOW = OPENS + timedelta(days=30)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=250_000)
    parser.add_argument("--sheets", type=int, default=3_500)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    wanted = parser.parse_args()
    tell(machine())
    with tempfile.TemporaryDirectory() as folder, databases(wanted.database, ("backlog",)) as kinds:
        for kind, urls in kinds.items():
            tell(kind)
            url = urls["backlog"] or sqlite_url(Path(folder) / "cutover.db")
            measure(filled(url, wanted.items, wanted.sheets), wanted.rounds, kind.lower())


def filled(url: str, items: int, sheets: int) -> BacklogService:
    """A register of so many items, and so many written sheets."""
    engine, clock = open_engine(url), FixedClock(NOW)
    schema.upgrade(engine)
    journal = Journal(engine, catalogue(), clock, projections())
    prepare(journal)
    desk = Desk(journal, clock)
    forms = load_forms(EXAMPLE / "forms")
    paper = PaperService(desk, forms)
    backlog = BacklogService(desk, load_plays(EXAMPLE / "contingency"), paper)
    source, began = random.Random(686), time.process_time()
    for begin in range(0, items, TOGETHER):
        backlog.find({f"item-{n:06}": wish(source) for n in range(begin, min(begin + TOGETHER, items))})
    tell(f"  {items:,} items entered: {time.process_time() - began:.0f} s CPU")
    serials = paper.issue(station="central", form_type="crime", count=sheets, by="bo") if sheets else []
    for begin in range(0, sheets, 500):
        paper.log_used([sheet(source, serial) for serial in serials[begin : begin + 500]], by="bo")
    return backlog


def wish(source: random.Random) -> FindItem:
    at = NOW - timedelta(minutes=source.randrange(1, 200_000))
    tier = source.choices(list(Grade), (1, 3, 6))[0]
    due = at + timedelta(hours=source.choice((24, 48, 72))) if source.random() < 0.9 else None
    return FindItem(
        by="asha", item_type=source.choice(KINDS), tier=tier, occurred_at=at, source="benchmark", due_at=due
    )


def sheet(source: random.Random, serial: str) -> UsedSheet:
    at = NOW - timedelta(minutes=source.randrange(60, 4_000))
    values = {"reported_at": at.isoformat(), "offence": "burglary", "place": "Mill Lane"}
    return UsedSheet(
        serial=serial, station="central", writer="bo", occurred_at=at, written_at=at, grade=source.choice(list(Ticked)), values=values
    )  # fmt: skip


def measure(backlog: BacklogService, rounds: int, kind: str) -> None:
    desk = backlog.desk
    app = build_app(
        "A backlog", backlog_pages(backlog, "Europe/London", desk.clock), desk.journal, threading.Event()
    )
    with TestClient(app) as client:

        def page(path: str) -> Callable[[], object]:
            return lambda: client.get(path).raise_for_status()

        p95 = line(" next item", lambda: backlog.next(1), rounds, NEXT, backlog)
        figure(f"backlog.next.{kind}", 1000 * p95)
        line(" next item, nothing written since", lambda: backlog.next(1), rounds, NEXT, None)
        line(" why is one not next", lambda: backlog.why("item-000500"), rounds, PAGE, backlog)
        p95 = line(" page /backlog", page("/backlog"), rounds, PAGE, backlog)
        figure(f"backlog.page.{kind}", 1000 * p95)
        line(" page of one kind", page("/backlog/standard/crime"), rounds, PAGE, backlog)


def line(
    name: str, ask: Callable[[], object], rounds: int, budget: float, writing: BacklogService | None
) -> float:
    ask()
    cpus, walls = [], []
    for _ in range(rounds):
        if writing:
            first = next(item for item in writing.next(5) if item.item.id.startswith("item-"))
            writing.assign(first.item.id, by="asha", owner=f"bo {time.monotonic_ns()}")
        cpu, wall = time.process_time(), time.perf_counter()
        ask()
        cpus.append(time.process_time() - cpu)
        walls.append(time.perf_counter() - wall)
    _, p95, _ = shares(walls)
    tell(
        f"  {name}: p50 {1000 * statistics.median(walls):.0f} ms, p95 {1000 * p95:.0f} ms wall, {1000 * statistics.median(cpus):.0f} ms CPU (budget {1000 * budget:.0f} ms p95): {word(p95 < budget)}"
    )
    return p95


if __name__ == "__main__":
    main()
