"""Everything at once, for as long as wanted: stations, viewers, probes and back-conversion; nothing lost, nothing grows.

    python -m benchmarks.soak [--minutes 30] [--stations 60] [--people 300] [--probes 2000] [--records 3000]
        [--forms 3500] [--database sqlite|postgresql|both] [--whole]

Real processes: `cutover serve`, `cutover monitor run`, `cutover convert run --stay`, a target that loses one
acknowledgement in a hundred, a system that answers the probes. Sixty stations send their forms spread over the time
(every fiftieth answer is lost and asked for again), the people have the board open, a task is claimed or finished every few
seconds. Memory is the resident size of each process, a sample every ten seconds: the median of the last quarter
against that of the second, when all is warm. Afterwards: every form told is in the journal once and in order, every
record is in the target once, the whole chain holds. Exit 1 when any of it is not so; with `--whole` the figures of
time and memory are told and not judged, for a machine that has other work. The target takes as many records a second
as make the conversion last nearly all the time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.bench_stations import LOST, Station, move
from benchmarks.measuring import load, machine, shares, tell, word
from benchmarks.served import databases
from benchmarks.soak_world import Size, Soaked, soaked
from benchmarks.telling import figure
from cutover.web.sign_in import SESSION_COOKIE
from paper_capture.web_station import COOKIE
from runbooks.domain.run_events import ClaimTask, FinishTask
from tests.crowd import Crowd, Line, Viewer

GROWTH, QUARTERS = 0.05, 4
FORM_P95, SEEN_P95 = 0.5, 1.0  # seconds
EVERY = 3.0  # seconds between two changes of the run
SAMPLE = 10.0  # seconds


@dataclass
class Seen:
    """What was measured while it went on."""

    memory: list[dict[str, float]] = field(default_factory=list)
    changes: list[tuple[int, float]] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=30)
    for name, default in (
        ("stations", 60),
        ("people", 300),
        ("probes", 2000),
        ("records", 3000),
        ("forms", 3500),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument(
        "--whole", action="store_true", help="judge only that nothing is lost, twice or wrong"
    )
    wanted = parser.parse_args()
    tell(machine())
    rate = wanted.records / (wanted.minutes * 60 * 0.9)  # there is something to convert nearly all the time
    size = Size(wanted.stations, wanted.people, wanted.probes, wanted.forms, wanted.records, round(rate, 2))
    kept = True
    with tempfile.TemporaryDirectory() as place, databases(wanted.database, ("soak",)) as kinds:
        for kind, urls in kinds.items():
            with soaked(Path(place) / kind, urls["soak"], size) as one:
                one.kind = kind.lower()
                tell(f"{kind}: {wanted.minutes:g} min, {size}, load {load():.1f}")
                kept &= asyncio.run(through(one, wanted.minutes * 60, whole=wanted.whole))
    sys.exit(not kept)


async def through(one: Soaked, seconds: float, *, whole: bool = False) -> bool:
    """The whole time; what came of it."""
    seen, until = Seen(), time.monotonic() + seconds
    crowd = Crowd(one.port, f"/board?run={one.run_id}")
    viewers = [
        Viewer(crowd, f"{SESSION_COOKIE}={token}", ("head", "mine", "board"))
        for token in one.sessions.values()
    ]
    for at in range(0, len(viewers), 50):
        await asyncio.gather(*(viewer.open() for viewer in viewers[at : at + 50]))
    watching = [asyncio.create_task(viewer.watch()) for viewer in viewers]
    sending = [asyncio.create_task(sends(station, one.port, seconds * 0.9, seen)) for station in one.fleet]
    beside = [asyncio.create_task(changes(one, until, seen)), asyncio.create_task(sampled(one, until, seen))]
    await asyncio.gather(*sending, *beside)
    await asyncio.sleep(5)
    await asyncio.to_thread(one.brought_back)
    for task in watching:
        task.cancel()
    for viewer in viewers:
        seen.faults.update(viewer.faults)
        viewer.close()
    return report(one, viewers, seen, whole=whole)


async def sends(station: Station, port: int, seconds: float, seen: Seen) -> None:
    """Its forms one after the other, spread over the time; an answer that was lost is asked for again."""
    line, now = Line(port, f"{COOKIE}={station.token}"), time.time()
    pause = seconds / max(1, len(station.serials))
    await asyncio.sleep(pause * (int(station.id[1:]) % 10) / 10)  # sixty stations do not speak in one breath
    for n, serial in enumerate(station.serials):
        began = time.monotonic()
        body = move(serial, f"{serial}.used", n, now)
        while not await sent(station, line, body, seen):
            line.close()
        await asyncio.sleep(max(0.0, pause - (time.monotonic() - began)))
    line.close()


async def sent(station: Station, line: Line, body: dict[str, object], seen: Seen) -> bool:
    """Whether the station was told; a fault is counted and the form is sent again, as the page does."""
    began = time.monotonic()
    answer = await line.put(f"/api/v1/stations/{station.id}/moves/{body['key']}", json.dumps(body).encode())
    station.seconds.append(time.monotonic() - began)
    if answer.status not in (200, 201):
        seen.faults[f"form {answer.status}"] += 1
        await asyncio.sleep(1)
        return False
    lost = answer.status == 201 and len(station.seconds) % LOST == 0
    station.lost += lost
    station.told += not lost
    return not lost


async def changes(one: Soaked, until: float, seen: Seen) -> None:
    """Tasks are claimed and finished in turn, by whoever owns them, at uneven times."""
    dice, people = random.Random(4), len(one.sessions)
    for n in range(2 * len(one.world.runs.state(one.run_id).runbook.tasks)):
        await asyncio.sleep(EVERY * (0.5 + dice.random()))
        if time.monotonic() > until:
            return
        task, by = f"T{n // 2}", f"p{(n // 2) % people}"
        wish = FinishTask(by=by, task=task, evidence="seen") if n % 2 else ClaimTask(by=by, task=task)
        recorded = await asyncio.to_thread(one.world.runs.ask, one.run_id, wish)
        seen.changes.append((recorded[-1].position, time.monotonic()))


async def sampled(one: Soaked, until: float, seen: Seen) -> None:
    while time.monotonic() < until:
        seen.memory.append(one.memory())
        await asyncio.sleep(SAMPLE)


def report(one: Soaked, viewers: list[Viewer], seen: Seen, *, whole: bool) -> bool:
    """Print every figure beside its budget; whether all are kept, or those that matter where only the `whole` is judged."""
    figures = [*_times(one, viewers, seen), *_memory(one, seen)]
    return all([*_all_seen(viewers, seen), *_nothing_lost(one), whole or all(figures)])


def _times(one: Soaked, viewers: list[Viewer], seen: Seen) -> Iterator[bool]:
    forms = [seconds for station in one.fleet for seconds in station.seconds]
    delays = [delay for viewer in viewers for at in seen.changes if (delay := viewer.delay(*at)) is not None]
    for what, values, budget in (("a form", forms, FORM_P95), ("a change on a page", delays, SEEN_P95)):
        p50, p95, last = shares(values)
        tell(f"  {what}: {len(values):,}, p50 {1000 * p50:.0f} ms, p95 {1000 * p95:.0f} ms, slowest {1000 * last:.0f} ms ({word(p95 < budget)}: {1000 * budget:.0f})")  # fmt: skip
        figure(f"soak.{what.split()[1]}.{one.kind}", 1000 * p95)
        yield p95 < budget


def _all_seen(viewers: list[Viewer], seen: Seen) -> Iterator[bool]:
    missed = sum(viewer.delay(*at) is None for viewer in viewers for at in seen.changes)
    tell(f"  changes never seen by somebody: {missed}; faults: {dict(seen.faults) or 'none'}")
    yield not missed and not seen.faults


def _memory(one: Soaked, seen: Seen) -> Iterator[bool]:
    for name in one.processes:
        values = [sample[name] for sample in seen.memory if name in sample]
        if len(values) < len(seen.memory):
            tell(f"  {name}: ended after {len(values)} of {len(seen.memory)} samples")
            if name != "convert" or one.targets.count() < one.size.records:  # else all is brought back
                tell(f"    {one.last_words(name)}")
                yield False
                continue
        if len(values) < QUARTERS:  # it is too short to say
            continue
        quarter = len(values) // QUARTERS
        warm, end = statistics.median(values[quarter : 2 * quarter]), statistics.median(values[-quarter:])
        growth = end / warm - 1
        tell(f"  {name}: {warm:.0f} MiB when warm, {end:.0f} at the end, {max(values):.0f} at most: {growth:+.1%} ({word(growth <= GROWTH)}: {GROWTH:.0%})")  # fmt: skip
        if name != "convert":  # it ends with its work
            figure(f"soak.{name}.{one.kind}", 100 * growth)
        yield growth <= GROWTH


def _nothing_lost(one: Soaked) -> Iterator[bool]:
    written = [f for f in one.world.journal.all(kinds=("SheetUsed",)) if f.actor != "bo"]
    order: dict[str, list[str]] = {}
    place = {serial: station.id for station in one.fleet for serial in station.serials}
    for fact in written:
        serial = fact.stream.partition(":")[2]
        order.setdefault(place.get(serial, "?"), []).append(serial)
    wrong = [station.id for station in one.fleet if order.get(station.id, []) != station.serials]
    told = sum(station.told for station in one.fleet)
    tell(
        f"  {len(written):,} forms in the journal of {told:,} told, {len(wrong)} stations not whole and in order"
    )
    yield not wrong and len(written) == told
    rows = Counter(serial for serial, _ in one.targets.rows())
    twice = sum(n > 1 for n in rows.values())
    tell(f"  {len(rows):,} of {one.size.records:,} records in the target, {twice} of them twice")
    short = one.size.records - len(rows)
    yield not twice and not short
    figure(f"soak.lost.{one.kind}", len(wrong) + abs(len(written) - told) + twice + short)
    checked = one.world.journal.verify()
    tell(f"  {checked.rows:,} facts: the chain {'holds' if checked.holds else checked.fault}")
    yield checked.holds


if __name__ == "__main__":
    main()
