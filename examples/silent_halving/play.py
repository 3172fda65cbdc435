"""Plays it: a year of normal days, a go-live, then referrals at 50 %, 13 % and 28 % while every probe is green.

Prints the day each alarm came beside the day it was declared for, and a quiet year. Exit 0 only when every alarm
came in time, the component is called a silent failure, and the quiet year raised no more alarms than are allowed.

    python examples/silent_halving/play.py [FOLDER]   # FOLDER is kept, to be looked at with `cutover serve`
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cutover.app.bootstrap import World, build_world
from cutover.app.settings import Settings
from cutover.core.clock import FixedClock
from monitors.domain.check import Status
from monitors.domain.composite import Class
from monitors.domain.counts import Told
from monitors.domain.flow_events import FlowAlarmRaised

HERE = Path(__file__).parent
SEED = 20261027
DAYS = 21
THIRTEEN = 0.13
NORMAL = {  # a day, with how widely it scatters
    "incidents": (120.0, 0.02),
    "conference-referrals": (8.0, 0.05),
    "victim-referrals": (14.0, 0.05),
    "child-referrals": (7.0, 0.05),
    "bereavement-referrals": (0.3, 0.0),
}
FALLEN = {"conference-referrals": 0.5, "victim-referrals": 0.13, "child-referrals": 0.28}
WEEK = (1.1, 1.0, 1.0, 1.0, 1.1, 0.95, 0.85)


@dataclass(frozen=True)
class Outcome:
    """What one play showed: the day of each alarm beside the day declared, and whether all of it held."""

    alarmed: Mapping[str, int | None]
    declared: Mapping[str, int | None]
    graded: Class
    probes_green: bool
    quiet_alarms: int
    allowed: float

    @property
    def holds(self) -> bool:
        in_time = all(
            day is not None and (limit := self.declared[name]) is not None and day <= limit
            for name, day in self.alarmed.items()
        )
        quiet = self.quiet_alarms <= self.allowed
        return in_time and quiet and self.probes_green and self.graded is Class.SILENT_FAILURE


class Demand:
    """Daily counts from a seed: a Poisson count of a gamma mean, by the day of the week."""

    def __init__(self, seed: int) -> None:
        self._source = random.Random(seed)  # noqa: S311  simulated demand, no secret

    def on(self, flow: str, day: date, share: float = 1.0) -> int:
        daily, alpha = NORMAL[flow]
        mean = daily * WEEK[day.weekday()] * share
        rate = self._source.gammavariate(1 / alpha, alpha * mean) if alpha else mean
        count, left, until = 0, self._source.random(), math.exp(-rate)
        while left > until:
            left *= self._source.random()
            count += 1
        return count


def play(folder: Path, seed: int = SEED, *, days: int = DAYS) -> Outcome:
    """The whole story in `folder`, which becomes a programme with its journal."""
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("*.py", "state", "__pycache__"), dirs_exist_ok=True)  # fmt: skip
    demand = Demand(seed)
    (folder / "counts").mkdir(exist_ok=True)
    opens = date(2026, 10, 23)
    for n in range(364, 0, -1):
        _tell(folder, demand, opens - timedelta(days=n))
    clock = FixedClock(datetime(2026, 10, 23, 12, tzinfo=UTC))
    with green_systems() as systems:
        world = build_world(folder, pace=clock, settings=Settings(database_url=""))
        world.systems_elsewhere = systems
        try:
            return asyncio.run(_live(world, clock, demand, days))
        finally:
            world.engine.dispose()


async def _live(world: World, clock: FixedClock, demand: Demand, days: int) -> Outcome:
    collector, flows = world.collector(), world.flows
    for name in flows.flows:
        await collector.freeze(name, "chen")
    declared = _declared(world)
    first = flows.first_day
    alarmed: dict[str, int | None] = dict.fromkeys(FALLEN)
    green = True
    for n in range(days):
        day = first + timedelta(days=n)
        _tell(world.folder.path, demand, day, FALLEN)
        clock.set(datetime.combine(day + timedelta(days=1), time(9), UTC))
        await collector.collect_all(clock.now())
        green &= await _probes_green(world)
        for name in FALLEN:
            if alarmed[name] is None and flows.state(name).alarms:
                alarmed[name] = n + 1
    graded = {c.component: c.of for c in world.hypercare.composites()}
    raised, allowed = quiet_year(demand)
    return Outcome(alarmed, declared, graded["records"], green, raised, allowed)


def quiet_year(demand: Demand, days: int = 365) -> tuple[int, float]:
    """A year in which nothing falls: how many alarms came, of how many that are allowed."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "quiet"
        shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("*.py", "state", "__pycache__"))
        clock = FixedClock(datetime(2026, 10, 23, 12, tzinfo=UTC))
        world = build_world(folder, pace=clock, settings=Settings(database_url=""))
        flows, opens = world.flows, date(2026, 10, 23)
        before = [opens - timedelta(days=n) for n in range(364, 0, -1)]
        for name in NORMAL:
            flows.remember(name, Told({day: demand.on(name, day) for day in before}))
        for name in flows.flows:
            flows.freeze(name, "chen")
        after = [flows.first_day + timedelta(days=n) for n in range(days)]
        clock.set(datetime.combine(after[-1] + timedelta(days=1), time(9), UTC))
        for name in NORMAL:
            flows.remember(name, Told({day: demand.on(name, day) for day in after}))
        raised = [fact for name in flows.flows for fact in flows.mature(name, clock.now())]
        world.engine.dispose()
    alarms = sum(isinstance(fact.event, FlowAlarmRaised) for fact in raised)
    return alarms, flows.watch.false_alarms * days / flows.watch.days


def _declared(world: World) -> dict[str, int | None]:
    """What was said beforehand: the day by which nine in ten such falls show."""
    found = {name: world.flows.detectability(name) for name in FALLEN}
    return {
        name: None if one is None else (one.thirteen if FALLEN[name] <= THIRTEEN else one.halving).declared
        for name, one in found.items()
    }


async def _probes_green(world: World) -> bool:
    prober = world.prober()
    async with prober.open_session() as session:
        for check in world.folder.checks:
            result = await prober.probe(check, session, world.clock.now())
            world.monitors.record(check.id, result, world.clock.now())
    return all(view.status is Status.OK for view in world.monitors.all())


def _tell(folder: Path, demand: Demand, day: date, fallen: Mapping[str, float] | None = None) -> None:
    """A line in every file."""
    for name in NORMAL:
        path = folder / "counts" / f"{name}.csv"
        line = f"{day},{demand.on(name, day, (fallen or {}).get(name, 1.0))}\n"
        with path.open("a", encoding="utf-8") as file:
            file.write(line if path.stat().st_size else f"day,count\n{line}")


@contextmanager
def green_systems() -> Iterator[dict[str, str]]:
    """Two systems that answer every question well."""

    class Well(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"status": "ok"}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Well)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        yield {"records": url, "custody": url}
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main(arguments: list[str]) -> int:
    folder = (
        Path(arguments[0]) if arguments else Path(tempfile.mkdtemp(prefix="silent-halving-")) / "programme"
    )
    found = play(folder)
    print(f"every probe green on every day: {'yes' if found.probes_green else 'no'}")
    for name, share in FALLEN.items():
        print(
            f"{name} at {share:.0%}: alarmed on day {found.alarmed[name]}, declared for day {found.declared[name]}"
        )
    print(f"records is called: {found.graded}")
    print(f"a quiet year: {found.quiet_alarms} alarms, {found.allowed:.1f} allowed")
    print("holds" if found.holds else "DOES NOT HOLD")
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
