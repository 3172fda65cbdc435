"""Three hundred people act at once through the pages: each claims a task, does it, and votes on the gate.

    python -m benchmarks.bench_people [--people 300] [--apart 10 3 0] [--database sqlite|postgresql|both]

A real web process; each person is signed in, has a connection of their own and sends the board's forms, from this
process; after each of the first two it reads the board, as a browser that follows the answer does. Several crowds: each person every `--apart` seconds (uneven, seeded), and with 0 all in the same instant. For every
form the time until it is answered (the answer comes when it is on disk); afterwards what people were told against
what the journal holds. Every tenth task is wanted by two people: one of the two must be refused, with a reason.
The crowd's own CPU is spent on the same cores and told apart.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from pathlib import Path

from benchmarks.measuring import machine, shares, tell
from benchmarks.served import Served, databases, served
from benchmarks.telling import figure
from cutover.domain.gates import gate_stream
from runbooks.domain.execution import RUN_MACHINE, run_stream
from tests.crowd import Person, Told

P95 = 0.3  # seconds


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--apart", type=float, nargs="+", default=[10.0, 3.0, 0.0])
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    wanted = parser.parse_args()
    tell(machine())
    names = tuple(f"crowd{n}" for n in range(len(wanted.apart)))
    with tempfile.TemporaryDirectory() as folder, databases(wanted.database, names) as kinds:
        for kind, urls in kinds.items():
            tell(kind)
            first = wanted.apart[0]
            for name, apart in zip(names, wanted.apart, strict=True):
                place = Path(folder) / kind / name
                with served(place, urls[name], tasks=wanted.people, people=wanted.people, wide=True) as one:
                    asyncio.run(measured(one, wanted.people, apart, kind.lower() if apart == first else ""))


async def measured(one: Served, count: int, apart: float, name: str) -> None:
    people = [Person(one.port, one.sessions[f"p{n}"], one.run_id) for n in range(count)]
    seen = one.world.desk.load(RUN_MACHINE, run_stream(one.run_id))[1]
    await asyncio.gather(*(person.line.get("/healthz") for person in people))  # connected, as an open page is
    before, began = (time.process_time(), one.cpu()), time.monotonic()
    await asyncio.gather(*(acts(one, n, person, apart, seen) for n, person in enumerate(people)))
    spent = time.process_time() - before[0], one.cpu() - before[1], time.monotonic() - began
    told = [act for person in people for act in person.told]
    report(one, told, apart, spent, name)
    p50, p95, last = shares([seconds for person in people for seconds in person.pages])
    tell(
        f"    the board read after an act: p50 {1000 * p50:.0f} ms, p95 {1000 * p95:.0f} ms, slowest {1000 * last:.0f} ms"
    )
    for person in people:
        person.line.close()


async def acts(one: Served, n: int, person: Person, apart: float, seen: int) -> None:
    """Every tenth wants the task of a neighbour."""
    dice, task = random.Random(n), f"T{n - 1 if n % 10 == 9 else n}"
    gate = gate_stream(one.run_id, "GO", one.world.runs.state(one.run_id).tasks["GO"].round)
    await asyncio.sleep(dice.random() * apart)
    await person.act("claim", task, seen=str(seen), back="board")
    seen = await person.read()
    await asyncio.sleep(apart * (0.5 + dice.random()))
    await person.act("done", task, seen=str(seen), back="board", evidence="seen")
    await person.read()
    await asyncio.sleep(apart * (0.5 + dice.random()))
    await person.act("vote", "GO", gate=gate, vote="go")


def report(one: Served, told: list[Told], apart: float, spent: tuple[float, float, float], name: str) -> None:
    facts = [fact.event.kind() for fact in one.world.journal.read(run_stream(one.run_id))]
    votes = len(one.world.runs.gate(one.run_id, "GO").votes)
    granted = {
        name: sum(1 for act in told if act.act == name and not act.why) for name in ("claim", "done", "vote")
    }
    kept = (facts.count("TaskClaimed"), facts.count("TaskDone"), votes) == tuple(granted.values())
    refused = [act.why for act in told if act.why]
    p50, p95, last = shares([act.seconds for act in told])
    crowd, server, over = spent
    if name:
        figure(f"people.p95.{name}", 1000 * p95)
        figure(f"people.lost.{name}", int(not kept))
        figure(f"people.unexplained.{name}", sum("no reason" in why for why in refused))
    tell(
        f"  {f'each every {apart:g} s' if apart else 'all at once'}: {len(told)} acts in {over:.1f} s, "
        f"p50 {1000 * p50:.0f} ms, p95 {1000 * p95:.0f} ms, slowest {1000 * last:.0f} ms "
        f"(budget {1000 * P95:.0f}: {'kept' if p95 < P95 else 'MISSED'})"
    )
    tell(
        f"    {len(refused)} refused, {sum('no reason' in why for why in refused)} without a reason; what was granted "
        f"{'is all' if kept else 'is NOT'} in the journal; the chain {'holds' if one.world.journal.verify().holds else 'is BROKEN'}; "
        f"web process {server:.1f} s CPU ({1000 * server / len(told):.1f} ms an act), {one.memory()[1]:.0f} MiB; the crowd {crowd:.1f} s CPU"
    )
    for why in sorted({w[:90] for w in refused})[:3]:
        tell(f"      {why}")


if __name__ == "__main__":
    main()
