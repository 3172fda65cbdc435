"""How soon an alarm is told when 10,000 monitors are watched by one process: from going bad to being believed to being told.

    python -m benchmarks.bench_alarms [--monitors 10000] [--interval 60] [--bad 200]

Everything runs as `cutover monitor run` has it: the prober against real sockets on one core, results recorded in
SQLite, alarms judged beside it. Part of the targets answers 503 from one moment on. What is declared of a check: bad
for `interval + (max_attempts - 1) x retry_interval` at most, it is believed (HARD), and a page goes out.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from benchmarks.bench_prober import ANSWER, checks, free_port, notifier_of, opened
from benchmarks.measuring import load, own_cpu
from benchmarks.telling import figure

BAD = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
RETRY, ATTEMPTS = 15, 3


class _Target(asyncio.Protocol):
    """Well, until `bad_at`; from then on one in `share` of the paths is not."""

    share, bad_at = 50, float("inf")

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        number = int(data.partition(b"GET /t")[2].partition(b" ")[0] or 1)
        is_bad = number % self.share == 0 and time.time() >= self.bad_at
        self.transport.write(BAD if is_bad else ANSWER)
        self.transport.close()


def serve(port: int, share: int, bad_at: float) -> None:
    os.sched_setaffinity(0, set(range(os.cpu_count() or 1)) - {0} or {0})
    _Target.share, _Target.bad_at = share, bad_at

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(_Target, "127.0.0.1", port, backlog=4096)
        async with server:
            await server.serve_forever()

    asyncio.run(run())


@dataclass(frozen=True)
class Seen:
    """What became of one check: when it was believed and when somebody was told."""

    hard: datetime
    told: datetime


@dataclass(frozen=True)
class Watched:
    """How long each look at all alarms took, how late the loop was in one of a hundred looks, cores used."""

    looks: list[float]
    late: float
    used: float


async def watched(desk: Any, service: Any, monitored: list[Any], seconds: float) -> Watched:
    from cutover.store.clock_file import RealPace
    from monitors.prober import Prober
    from monitors.watch import Watch

    looks, notifier = [], notifier_of(desk, service)

    def tell() -> None:
        began = time.perf_counter()
        notifier.tell()
        looks.append(time.perf_counter() - began)

    prober, stop = Prober(service, monitored, dict, RealPace(), spread=True), asyncio.Event()
    watch = Watch(prober, RealPace(), tell, lambda: None)
    before, began = own_cpu(), time.perf_counter()
    running = asyncio.create_task(watch.run(stop))
    await asyncio.sleep(seconds)
    used = (own_cpu() - before) / (time.perf_counter() - began)
    late = prober.lag.share(0.99)
    stop.set()
    await running
    return Watched(looks, late, used)


def seen_of(desk: Any, monitored: list[Any], after: datetime) -> list[Seen]:
    found = []
    for check in monitored:
        facts = [f for f in desk.journal.read(f"check:{check.id}") if f.at >= after]
        hard = next((f.at for f in facts if f.event.kind() == "CheckWentHard"), None)
        told = next(
            (
                f.at
                for f in desk.journal.read(f"alert:{check.id}")
                if f.event.kind() == "AlertFired" and f.at >= after
            ),
            None,
        )
        if hard and told:
            found.append(Seen(hard, told))
    return found


def main() -> int:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    for name, default in (("monitors", 10_000), ("interval", 60), ("bad", 200)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    os.sched_setaffinity(0, {0})
    settled = 1.5 * given.interval + 15  # every check has passed for the first time
    declared = given.interval + (ATTEMPTS - 1) * RETRY
    port, bad_at = free_port(), time.time() + settled
    share = given.monitors // given.bad
    target = multiprocessing.get_context("spawn").Process(
        target=serve, args=(port, share, bad_at), daemon=True
    )
    target.start()
    time.sleep(2)
    try:
        with tempfile.TemporaryDirectory() as place:
            fields = {
                "interval": f"{given.interval}s",
                "retry_interval": f"{RETRY}s",
                "timeout": 5,
                "max_attempts": ATTEMPTS,
            }
            monitored = [
                c.model_copy(update={"url": f"{c.url}{c.id}"})
                for c in checks(given.monitors, f"http://127.0.0.1:{port}/", **fields)
            ]
            desk, service = opened(Path(place), monitored)
            seconds = bad_at - time.time() + declared + given.interval
            ran = asyncio.run(watched(desk, service, monitored, seconds))
            went_bad = datetime.fromtimestamp(bad_at).astimezone()
            bad = [c for c in monitored if int(c.id[1:]) % share == 0]
            seen = seen_of(desk, bad, went_bad)
    finally:
        target.kill()
        target.join()
    print(
        f"{given.monitors} monitors every {given.interval} s on one core ({ran.used:.0%} of it), loop lag p99 {ran.late * 1000:.0f} ms; load {load():.1f}"
    )
    print(
        f"  all alarms looked at {len(ran.looks)} times: {statistics.median(ran.looks):.2f} s a look (median), {max(ran.looks):.2f} s the longest"
    )
    print(f"  {len(seen)} of {len(bad)} that went bad were told")
    figure("alarms.untold", len(bad) - len(seen))
    return report(seen, went_bad, declared, given.interval) if len(seen) == len(bad) else 1


def report(seen: list[Seen], went_bad: datetime, declared: float, interval: float) -> int:
    waited = sorted((one.told - one.hard).total_seconds() for one in seen)
    whole = sorted((one.told - went_bad).total_seconds() for one in seen)
    limit = declared + interval
    figure("alarms.told", whole[-1], f"believed to told {waited[-1]:.1f} s at worst")
    well = whole[-1] <= limit and waited[-1] <= interval
    print(f"  believed to told: median {statistics.median(waited):.1f} s, worst {waited[-1]:.1f} s")
    print(
        f"  bad to told: median {statistics.median(whole):.1f} s, worst {whole[-1]:.1f} s; declared {declared} s, within one interval of it ({limit:.0f} s): {'met' if well else 'MISSED'}"
    )
    return 0 if well else 1


if __name__ == "__main__":
    raise SystemExit(main())
