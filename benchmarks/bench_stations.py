"""Sixty stations come back from the dark at the same moment, and each sends all that its outbox holds.

    python -m benchmarks.bench_stations [--stations 60] [--forms 3500] [--database sqlite|postgresql|both]

A real web process (`cutover serve`). Each station is a browser of its own, with its station's cookie: it sends its
sheets one after the other, oldest first, as the page's own script does, and sends one again whose answer it lost
(every fiftieth is: the connection is cut when the answer comes). For every form the time until it is answered, the
answer coming when it is on disk; afterwards what stations were told against what the journal holds, and each
station's order against the journal's. The stations' own CPU is spent on the same cores and told apart.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from benchmarks.measuring import cpu_of, load, machine, shares, tell
from benchmarks.served import databases, serving
from benchmarks.telling import figure
from cutover.app.bootstrap import World, build_world
from cutover.app.settings import Settings
from paper_capture.web_station import COOKIE, station_scope
from tests.crowd import Line

P95 = 0.5  # seconds
FORMS = Path(__file__).parents[1] / "examples" / "seventy_two_hours" / "forms"
LOST = 50  # one answer in so many


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--stations", type=int, default=60)
    parser.add_argument("--forms", type=int, default=3500)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    wanted = parser.parse_args()
    tell(machine())
    with tempfile.TemporaryDirectory() as place, databases(wanted.database, ("stations",)) as kinds:
        for kind, urls in kinds.items():
            folder = programme(Path(place) / kind.lower(), wanted.stations)
            world = build_world(folder, settings=Settings(database_url=urls["stations"]))
            fleet = stations(world, wanted.stations, wanted.forms)
            with serving(folder, urls["stations"]) as (port, pid):
                asyncio.run(measured(kind, world, fleet, port, pid))
            world.engine.dispose()


def programme(place: Path, count: int) -> Path:
    place.mkdir(parents=True)
    said = {
        "title": "Seventy-two hours on paper", "zone": "Europe/London", "window": {"opens": "2026-10-23T22:00", "closes": "2026-10-26T21:00"},
        "stations": [{"id": f"s{n}", "title": f"Station {n}"} for n in range(count)],
    }  # fmt: skip
    (place / "programme.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    shutil.copytree(FORMS, place / "forms")
    return place


@dataclass
class Station:
    """One station's PC: what its outbox holds, and what it was told."""

    id: str
    token: str
    serials: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    told: int = 0
    lost: int = 0

    async def sends(self, port: int, now: float) -> None:
        line = Line(port, f"{COOKIE}={self.token}")
        for n, serial in enumerate(self.serials):
            key = f"{serial}.used"
            body = json.dumps(move(serial, key, n, now)).encode()
            while not await self._sent(line, f"/api/v1/stations/{self.id}/moves/{key}", body, n):
                line.close()
        line.close()

    async def _sent(self, line: Line, path: str, body: bytes, n: int) -> bool:
        began = time.monotonic()
        answer = await line.put(path, body)
        self.seconds.append(time.monotonic() - began)
        assert answer.status in (200, 201), answer.text
        if answer.status == 201 and (n + int(self.id[1:])) % LOST == 0:
            self.lost += 1
            return False
        self.told += 1
        return True


def move(serial: str, key: str, n: int, now: float) -> dict[str, object]:
    def at(ago: float) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - ago))

    return {
        "v": 1, "key": key, "serial": serial, "move": "used", "by": "PC 412", "saved_at": at(7200 - n), "sent_at": at(0),
        "writer": f"PC {n}", "occurred_at": at(14_400), "written_at": at(10_800), "grade": ("standard", "medium", "high")[n % 3], "times": {},
    }  # fmt: skip


def stations(world: World, count: int, forms: int) -> list[Station]:
    """Every station with its share of the forms, of every kind there is."""
    kinds = sorted(world.paper.forms)
    fleet = [Station(f"s{n}", world.tokens.issue(station_scope(f"s{n}"))) for n in range(count)]
    share: dict[tuple[int, str], int] = defaultdict(int)
    for n in range(forms):
        share[n % count, kinds[n // count % len(kinds)]] += 1
    for (n, kind), many in share.items():
        fleet[n].serials += world.paper.issue(station=f"s{n}", form_type=kind, count=many, by="benchmark")
    return fleet


async def measured(kind: str, world: World, fleet: list[Station], port: int, pid: int) -> None:
    lines = [Line(port) for _ in fleet]
    await asyncio.gather(*(line.get("/healthz") for line in lines))
    before, spent, began = cpu_of(pid), time.process_time(), time.monotonic()
    now = time.time()
    await asyncio.gather(*(station.sends(port, now) for station in fleet))
    wall, own, theirs = time.monotonic() - began, time.process_time() - spent, cpu_of(pid) - before
    report(kind, world, fleet, (wall, own, theirs))


def report(kind: str, world: World, fleet: list[Station], spent: tuple[float, float, float]) -> None:
    forms = sum(len(station.serials) for station in fleet)
    p50, p95, last = shares([seconds for station in fleet for seconds in station.seconds])
    in_order = defaultdict(list)
    place = {serial: station.id for station in fleet for serial in station.serials}
    for fact in world.journal.all():
        if fact.event.kind() == "SheetUsed":
            serial = fact.stream.partition(":")[2]
            in_order[place[serial]].append(serial)
    wrong = [station.id for station in fleet if in_order[station.id] != station.serials]
    recorded = sum(map(len, in_order.values()))
    lost = sum(station.lost for station in fleet)
    wall, own, theirs = spent
    figure(f"stations.p95.{kind.lower()}", 1000 * p95)
    figure(f"stations.lost.{kind.lower()}", forms - recorded + len(wrong))
    tell(f"{kind}: {len(fleet)} stations, {forms} forms, load {load():.1f}")
    tell(
        f"    p50 {1000 * p50:.0f} ms, p95 {1000 * p95:.0f} ms, slowest {1000 * last:.0f} ms a form ({'kept' if p95 < P95 else 'MISSED'}: {1000 * P95:.0f} ms)"
    )
    tell(
        f"    {recorded} recorded of {forms}, {forms - recorded} missing or twice; {lost} answers lost and asked for again; {len(wrong)} stations out of order"
    )
    tell(f"    {wall:.1f} s in all, {forms / wall:.0f} forms a second; CPU {1000 * theirs / forms:.2f} ms a form in the web process, {own:.1f} s in the stations")  # fmt: skip
    assert recorded == forms, "forms were lost or recorded twice"
    assert not wrong, wrong


if __name__ == "__main__":
    main()
