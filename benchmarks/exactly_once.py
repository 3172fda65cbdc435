"""Every verified record is in the target once, whatever is killed: workers, target and database, with -9, at seeded moments.

    python -m benchmarks.exactly_once --records 20000 --kills 30 --seed 1 [--database sqlite|postgresql]
    python -m benchmarks.exactly_once --throughput --records 6000

The target is a real process over HTTP that loses 5 % of its acknowledgements after the work was done, answers 5 % with
503 and never answers 1 %. Three `cutover convert run --stay` processes. Exit 1 when anything is lost or doubled, or
when the throughput is below 0.6 of a bare httpx loop with the same concurrency and no durability.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.conversion_world import Targets, Worker, fill, make_programme, open_at
from benchmarks.measuring import ended_cpu
from benchmarks.postgres import OwnPostgres
from benchmarks.telling import figure
from cutover.core.errors import CutoverError

FAULTS = {"lost": 0.05, "busy": 0.05, "hang": 0.01}
WORKERS = 3
WANTED = 0.6
STALLED = 180.0  # seconds without one more record in the target


@dataclass
class Outcome:
    """What is in the target and in the journal at the end."""

    records: int
    in_target: int
    lost: int
    doubled: int
    converted: int
    one_to_one: bool
    disposed: int
    chain: bool
    kills: Counter[str]
    asked: int
    seconds: float

    @property
    def holds(self) -> bool:
        whole = self.in_target == self.converted == self.disposed == self.records
        return whole and self.one_to_one and self.chain and not (self.lost or self.doubled)


def prove(  # noqa: PLR0917
    place: Path, records: int, kills: int, seed: int, database: str, batch: int = 200
) -> Outcome:
    """Convert everything while things are killed; then compare both sides."""
    targets = Targets(place / "target", seed, FAULTS)
    folder = make_programme(place / "programme", targets.url)
    with databases(place, database) as (url, postgres):
        world = open_at(folder, url)
        fill(world, records)
        world.engine.dispose()
        print(f"{records} verified sheets are ready", flush=True)
        targets.start()
        began = time.monotonic()
        workers = [Worker(folder, url, number, batch) for number in range(WORKERS)]
        for worker in workers:
            worker.start()
        try:
            killed = drive(targets, workers, postgres, records, kills, random.Random(seed))
            took = time.monotonic() - began
            return compare(folder, url, targets, records, killed, took)
        finally:
            for worker in workers:
                worker.kill()
            targets.kill()


def drive(  # noqa: PLR0917
    targets: Targets,
    workers: list[Worker],
    postgres: OwnPostgres | None,
    records: int,
    kills: int,
    dice: random.Random,
) -> Counter[str]:
    """Kill at seeded moments of the progress, start again at once, until every worker has ended of itself."""
    moments = sorted(dice.uniform(0.01, 0.97) * records for _ in range(kills))
    kinds = ["worker", "target", *(["database"] if postgres else [])]
    victims = [kinds[i % len(kinds)] for i in range(kills)]
    dice.shuffle(victims)
    killed: Counter[str] = Counter()
    last, moved = 0, time.monotonic()
    while any(worker.is_running for worker in workers) or moments:
        there = targets.count()
        if there != last:
            last, moved = there, time.monotonic()
        if time.monotonic() - moved > STALLED:
            raise SystemExit(f"nothing moved for {STALLED:g} s at {there}:\n" + workers[0].said()[-2000:])
        if moments and there >= moments[0]:
            moments.pop(0)
            victim = victims.pop(0)
            strike(victim, targets, workers, postgres, dice)
            killed[victim] += 1
        elif not any(worker.is_running for worker in workers):
            break
        time.sleep(0.05)
    return killed


def strike(
    victim: str, targets: Targets, workers: list[Worker], postgres: OwnPostgres | None, dice: random.Random
) -> None:
    if victim == "worker":
        worker = dice.choice(workers)
        worker.kill()
        worker.start()
    elif victim == "target":
        targets.kill()
        targets.start()
    elif postgres is not None:
        postgres.kill()
        postgres.start()


def compare(  # noqa: PLR0917
    folder: Path, url: str, targets: Targets, records: int, killed: Counter[str], took: float
) -> Outcome:
    (folder / "contingency" / "target.yaml").write_text(
        "target: {patience: 2m}\n"
    )  # all records in one answer
    world = open_at(folder, url)
    try:
        verified = {row.serial for row in world.paper.sheets(["verified", "disposed"])}
        held = Counter(serial for serial, _ in targets.rows())
        status = world.conversions.status()
        if any(status[left] for left in ("waiting", "begun", "set_aside", "matched", "rejected")):
            print("status:", status, [row.reason for row in world.conversions.dead_letters()][:5])
        return Outcome(
            records=records, in_target=sum(held.values()), lost=len(verified - held.keys()),
            doubled=sum(count > 1 for count in held.values()), converted=status["converted"],
            one_to_one=asyncio.run(one_to_one(world)), disposed=world.paper.count(["disposed"]),
            chain=world.journal.verify().holds,
            kills=killed, asked=targets.asked(), seconds=took,
        )  # fmt: skip
    finally:
        world.engine.dispose()


async def one_to_one(world: object) -> bool:
    try:
        return (await world.conversions.one_to_one()).holds  # type: ignore[attr-defined]
    except CutoverError as error:
        print("one to one:", error)
        return False


@contextmanager
def databases(place: Path, kind: str) -> Iterator[tuple[str, OwnPostgres | None]]:
    if kind == "sqlite":
        yield f"sqlite:///{place / 'cutover.db'}", None
        return
    postgres = OwnPostgres(place / "postgres")
    postgres.start()
    try:
        yield postgres.url, postgres
    finally:
        postgres.kill()


BARE = """
import asyncio, sys, httpx, json
url, number, of, records = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
async def main():
    async with httpx.AsyncClient(base_url=url, timeout=10) as client:
        left = iter(range(number, records, of))
        async def work():
            for i in left:
                body = {"form_type": "crime", "serial": f"CR{i:09d}", "person": {"surname": "Bare", "forename": "Loop", "dob": "1970-01-01"},
                    "occurred_at": "2026-10-24T10:00:00Z", "values": {"reported_at": "2026-10-24T10:00:00+00:00", "offence": "burglary", "place": f"Mill Lane {i}"}, "entered_by": "tova"}
                answer = await client.post("/records", json=body, headers={"Idempotency-Key": f"CR{i:09d}"})
                answer.raise_for_status().json()["reference"]
        await asyncio.gather(*(work() for _ in range(8)))
asyncio.run(main())
"""


def throughput(place: Path, records: int, rounds: int) -> tuple[float, list[tuple[float, float]]]:
    """Records a second of three workers with the full journal over three bare loops, alternating; the median ratio."""
    pairs = []
    for number in range(rounds):
        began = ended_cpu()
        bare = bare_rate(place / f"bare-{number}", records)
        between = ended_cpu()
        ours = our_rate(place / f"ours-{number}", records)
        of_bare, of_ours = ((b - a) / records * 1e3 for a, b in ((began, between), (between, ended_cpu())))
        print(
            f"round {number}: bare {bare:.0f}/s, ours {ours:.0f}/s, ratio {ours / bare:.2f}; CPU a record with the target's "
            f"and all starting: {of_bare:.2f} and {of_ours:.2f} ms, ratio {of_bare / of_ours:.2f}",
            flush=True,
        )
        pairs.append((bare, ours))
    ratios = sorted(ours / bare for bare, ours in pairs)
    return ratios[len(ratios) // 2], pairs


def bare_rate(place: Path, records: int) -> float:
    targets = Targets(place / "target", 1, {})
    targets.start()
    try:
        ends = [
            subprocess.Popen([sys.executable, "-c", BARE, targets.url, str(n), str(WORKERS), str(records)])
            for n in range(WORKERS)
        ]
        return rate(targets, records, lambda: all(e.poll() is not None for e in ends))
    finally:
        targets.kill()


def our_rate(place: Path, records: int) -> float:
    targets = Targets(place / "target", 1, {})
    folder = make_programme(place / "programme", targets.url)
    url = f"sqlite:///{place / 'cutover.db'}"
    world = open_at(folder, url)
    fill(world, records)
    world.engine.dispose()
    targets.start()
    workers = [Worker(folder, url, number) for number in range(WORKERS)]
    for worker in workers:
        worker.start()
    try:
        return rate(targets, records, lambda: not any(w.is_running for w in workers))
    finally:
        for worker in workers:
            worker.kill()
        targets.kill()


def rate(targets: Targets, records: int, ended: object) -> float:
    """From the first record in the target to the last outcome written down: starting an interpreter is no throughput."""
    while targets.count() == 0:
        time.sleep(0.01)
    began = time.monotonic()
    while targets.count() < records and not ended():  # type: ignore[operator]
        time.sleep(0.02)
    took = time.monotonic() - began
    assert targets.count() == records, targets.count()
    return records / took


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--throughput", action="store_true")
    asked = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="exactly-once-"))
    if asked.throughput:
        ratio, pairs = throughput(place, asked.records, asked.rounds)
        said = f"bare {', '.join(f'{b:.0f}' for b, _ in pairs)}/s; with the full journal {', '.join(f'{o:.0f}' for _, o in pairs)}/s; median ratio {ratio:.2f}"
        held = ratio >= WANTED
        figure("once.throughput", ratio)
    else:
        found = prove(place, asked.records, asked.kills, asked.seed, asked.database)
        said, held = f"{found}", found.holds
        figure(f"once.lost.{asked.database}", found.records - found.disposed + found.lost)
        figure(f"once.doubled.{asked.database}", found.doubled)
    print(said)
    if held:
        shutil.rmtree(place)
    else:
        print(f"left in {place}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
