"""What a probe costs beside blackbox_exporter, how late the loop is with 2,000 targets, how soon 10,000 monitors are back.

How soon an alarm of 10,000 monitors is told is measured by `bench_alarms.py`, with the same parts.

    python -m benchmarks.bench_prober [probes|lag|recovery] [--probes 3000] [--rounds 3]
        [--targets 2000] [--seconds 40] [--monitors 10000]

CPU is user + system time of the process that probes, not wall time: the machine may be shared. Each HTTP probe has a
new connection. blackbox_exporter (Debian's) is asked over kept connections in the same run, in turns with ours.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.measuring import again, cpu_of, own_cpu
from benchmarks.telling import figure

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 16\r\nConnection: close\r\n\r\n{"status": "ok"}'
AT_ONCE = 20


# --- a target that costs little, in a process of its own ------------------------------------------------------


class _Target(asyncio.Protocol):
    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, _data: bytes) -> None:
        self.transport.write(ANSWER)
        self.transport.close()


async def serve_target(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Target, "127.0.0.1", port, backlog=4096)
    async with server:
        await server.serve_forever()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def started(*command: object, port: int) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [str(c) for c in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    for _ in range(200):
        with socket.socket() as there:
            if there.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.05)
    raise SystemExit(f"{command[0]} did not start")


def target_process(port: int) -> subprocess.Popen[bytes]:
    return started(*again(__file__, "target", "--port", port), port=port)


# --- CPU a probe ----------------------------------------------------------------------------------------------


def checks(count: int, url: str, **more: object) -> list[Any]:
    from monitors.domain.check import HttpCheck

    fields = {"kind": "http", "title": "T", "owner": "asha", "url": url, "expect": {"body": {"status": "ok"}}}
    return [HttpCheck.model_validate(fields | {"id": f"t{i}"} | more) for i in range(count)]


async def ours(url: str, probes: int) -> float:
    """CPU seconds a probe."""
    from monitors.domain.check import Status
    from monitors.probes import probe_http
    from monitors.session import open_session

    (check,) = checks(1, url)
    now = datetime.now(UTC)
    seen: Counter[Status] = Counter()
    left = iter(range(probes))

    async def worker() -> None:
        for _ in left:
            seen[(await probe_http(session, check, {}, now)).status] += 1

    async with open_session() as session:
        before = own_cpu()
        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
        spent = own_cpu() - before
    assert seen == {Status.OK: probes}, seen
    return spent / probes


def dechunked(body: bytes) -> bytes:
    whole, left = b"", body
    while left:
        size, _, left = left.partition(b"\r\n")
        whole, left = whole + left[: int(size, 16)], left[int(size, 16) + 2 :]
    return whole


async def blackbox(base: str, pid: int, url: str, probes: int) -> float:
    """CPU seconds a probe of blackbox_exporter's own process, asked over kept connections."""
    left = iter(range(probes))
    port = int(base.rpartition(":")[2])
    ask = f"GET /probe?target={url}&module=http HTTP/1.1\r\nHost: b\r\n\r\n".encode()

    async def worker() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in left:
            writer.write(ask)
            head = await reader.readuntil(b"\r\n\r\n")
            size = head.lower().partition(b"content-length:")[2].split()
            body = await (reader.readexactly(int(size[0])) if size else reader.readuntil(b"\r\n0\r\n\r\n"))
            assert b"probe_success 1" in (body if size else dechunked(body)), body
        writer.close()

    before = cpu_of(pid)
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return (cpu_of(pid) - before) / probes


def bench_probes(probes: int, rounds: int) -> float:
    """CPU of one probe of ours over one of blackbox_exporter's."""
    program = shutil.which("prometheus-blackbox-exporter") or shutil.which("blackbox_exporter")
    if program is None:
        raise SystemExit("prometheus-blackbox-exporter is not installed")
    with tempfile.TemporaryDirectory() as place:
        config = Path(place) / "b.yml"
        config.write_text(
            'modules: {http: {prober: http, http: {preferred_ip_protocol: ip4, fail_if_body_not_matches_regexp: ["ok"]}}}\n'
        )
        ports = free_port(), free_port()
        url = f"http://127.0.0.1:{ports[0]}/"
        target = target_process(ports[0])
        box = started(
            program, f"--config.file={config}", f"--web.listen-address=127.0.0.1:{ports[1]}", port=ports[1]
        )
        try:
            mine, theirs = [], []
            for _ in range(rounds):
                mine.append(asyncio.run(ours(url, probes)))
                theirs.append(asyncio.run(blackbox(f"http://127.0.0.1:{ports[1]}", box.pid, url, probes)))
        finally:
            for process in (target, box):
                process.kill()
                process.wait()
    a, b = min(mine) * 1000, min(theirs) * 1000
    print(
        f"HTTP probe, new connection, JSON body judged: ours {a:.3f} ms CPU, blackbox_exporter {b:.3f} ms CPU; best of {rounds} x {probes}"
    )
    print(
        f"  every round, ours: {', '.join(f'{x * 1000:.3f}' for x in mine)}; theirs: {', '.join(f'{x * 1000:.3f}' for x in theirs)}"
    )
    print(f"  ratio {a / b:.2f}, at most 1.0: {'met' if a <= b else 'MISSED'}")
    figure("probes.blackbox", a / b)
    return a / b


# --- 2,000 targets every 10 s on one core -----------------------------------------------------------------------


def opened(folder: Path, monitored: list[Any]) -> tuple[Any, Any]:
    """A desk over SQLite, as a programme has it, and the monitors."""
    from cutover.app.facts import catalogue
    from cutover.core.clock import SystemClock
    from cutover.store import schema
    from cutover.store.desk import Desk
    from cutover.store.engine import open_engine, sqlite_url
    from cutover.store.journal import Journal
    from cutover.store.projections import prepare
    from monitors.alert_states import AlertStates
    from monitors.notices import alert_messages
    from monitors.service import MonitorService
    from monitors.tables import MonitorStates

    engine = open_engine(sqlite_url(folder / "cutover.db"))
    schema.upgrade(engine)
    journal = Journal(engine, catalogue(), SystemClock(), [MonitorStates(), AlertStates()])
    prepare(journal)
    desk = Desk(journal, SystemClock(), alert_messages)
    return desk, MonitorService(desk, monitored)


async def probing(service: Any, monitored: list[Any], seconds: float) -> dict[str, float]:
    from cutover.store.clock_file import RealPace
    from monitors.prober import Prober

    prober, stop = Prober(service, monitored, dict, RealPace(), spread=True), asyncio.Event()
    running = asyncio.create_task(prober.run(stop))
    await asyncio.sleep(seconds / 4)  # the first round is over: every check has passed for the first time
    prober.lag._late.clear()  # noqa: SLF001
    before, began = own_cpu(), time.perf_counter()
    await asyncio.sleep(seconds)
    spent, took = own_cpu() - before, time.perf_counter() - began
    lags = {f"p{int(part * 1000) / 10:g}": prober.lag.share(part) * 1000 for part in (0.5, 0.99, 1.0)}
    stop.set()
    await running
    return lags | {"cores": spent / took, "seconds": took}


def bench_lag(targets: int, seconds: float) -> None:
    os.sched_setaffinity(0, {0})
    port = free_port()
    target = target_process(port)
    os.sched_setaffinity(target.pid, set(range(os.cpu_count() or 1)) - {0} or {0})
    try:
        with tempfile.TemporaryDirectory() as place:
            monitored = checks(
                targets, f"http://127.0.0.1:{port}/", interval="10s", retry_interval="10s", timeout=5
            )
            monitored = [c.model_copy(update={"url": f"{c.url}{c.id}"}) for c in monitored]
            desk, service = opened(Path(place), monitored)
            found = asyncio.run(probing(service, monitored, seconds))
            views = Counter(
                str(view.status) + (f" {view.reason}" if view.reason else "") for view in service.all()
            )
            samples = sum(hour.samples for name in service.checks for hour in service.hours(name))
            assert desk.journal.head().position >= targets
    finally:
        target.kill()
        target.wait()
    figure("lag.p99", found["p99"], f"{found['cores'] * 100:.0f} % of the core")
    print(
        f"{targets} targets every 10 s, on one core, recorded in SQLite: loop lag p50 {found['p50']:.1f} ms, p99 {found['p99']:.1f} ms, worst {found['p100']:.1f} ms"
    )
    print(
        f"  {found['cores'] * 100:.0f} % of the core over {found['seconds']:.0f} s; {samples} results in all; they stand {dict(views)}"
    )
    print(f"  p99 below 50 ms: {'met' if found['p99'] < 50 else 'MISSED'}")


# --- kill -9, and back ------------------------------------------------------------------------------------------


def notifier_of(desk: Any, service: Any) -> Any:
    from monitors.domain.telling import Notify
    from monitors.notifier import Notifier

    return Notifier(desk, Notify(), "UTC", lambda now: [view.alarm for view in service.all(now)])


def fill(folder: Path, monitors: int) -> None:
    """Record a day's worth of states, tell half of the alarms, and be killed while telling goes on."""
    from monitors.domain.check import critical, ok
    from monitors.service import Told

    desk, service = opened(folder, checks(monitors, "http://127.0.0.1:1/", interval="1h", max_attempts=1))
    now = datetime.now(UTC) - timedelta(minutes=30)
    for first in range(0, monitors, 500):
        told = [
            Told(f"t{i}", critical("no answer", 0.1) if i % 5 == 0 else ok("answered 200", 0.1), now)
            for i in range(first, min(first + 500, monitors))
        ]
        service.record_all(told)
    print("filled", flush=True)
    while True:
        notifier_of(desk, service).tell()


def outbox(folder: Path) -> list[str]:
    import sqlite3

    with sqlite3.connect(folder / "cutover.db") as db:
        return [row[0] for row in db.execute("SELECT id FROM outbox")]


def recover(folder: Path, monitors: int) -> None:
    """What a new process does: read how everything stands, judge every alarm; then it may probe."""
    monitored = checks(monitors, "http://127.0.0.1:1/", interval="1h", max_attempts=1)
    desk, service = opened(folder, monitored)
    began, cpu = time.perf_counter(), own_cpu()
    standing = service.recover()
    read, read_cpu = time.perf_counter() - began, own_cpu() - cpu
    told = notifier_of(desk, service).tell()
    print(
        json.dumps(
            {
                "read": read,
                "read_cpu": read_cpu,
                "all": time.perf_counter() - began,
                "cpu": own_cpu() - cpu,
                "known": len(standing),
                "told": len(told),
            }
        )
    )


def bench_recovery(monitors: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        child = subprocess.Popen(
            again(__file__, "fill", "--folder", place, "--monitors", str(monitors)),
            stdout=subprocess.PIPE,
        )
        assert child.stdout is not None
        assert child.stdout.readline() == b"filled\n"
        while len(outbox(folder)) < monitors // 10:  # half of the alarms are told: now
            time.sleep(0.001)
        child.send_signal(signal.SIGKILL)
        child.wait()
        before = outbox(folder)
        done = subprocess.run(
            again(__file__, "recover", "--folder", place, "--monitors", str(monitors)),
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        found, after = json.loads(done.stdout.splitlines()[-1]), outbox(folder)
    alarms = Counter(name.split(":")[1] for name in after)
    twice = sum(count > 1 for count in alarms.values())
    figure("recovery.states", found["read"], f"{found['read_cpu']:.2f} s CPU")
    figure("recovery.twice", twice + monitors // 5 - len(alarms))
    print(
        f"{monitors} monitors, {len(alarms)} alarms, killed -9 after {len(before)} were told: read back in {found['read']:.2f} s ({found['read_cpu']:.2f} s CPU), every alarm judged and the other {found['told']} told after {found['all']:.2f} s ({found['cpu']:.2f} s CPU)"
    )
    print(f"  told twice: {twice}; not told: {monitors // 5 - len(alarms)}")
    print(
        f"  states back in less than 2 s, nothing told twice: {'met' if found['read_cpu'] < 2 and not twice else 'MISSED'} (by CPU)"
    )


def main() -> None:
    import structlog

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(30)
    )  # 2,000 first successes are no news
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "what",
        nargs="?",
        default="all",
        choices=("all", "probes", "lag", "recovery", "target", "fill", "recover"),
    )
    for name, kind, default in (
        ("probes", int, 3000),
        ("rounds", int, 3),
        ("targets", int, 2000),
        ("seconds", float, 40.0),
        ("monitors", int, 10_000),
        ("port", int, 0),
    ):
        parser.add_argument(f"--{name}", type=kind, default=default)
    parser.add_argument("--folder", type=Path, default=Path())
    given = parser.parse_args()
    parts = {
        "probes": lambda: bench_probes(given.probes, given.rounds),
        "recovery": lambda: bench_recovery(given.monitors),
        "lag": lambda: bench_lag(given.targets, given.seconds),
        "target": lambda: asyncio.run(serve_target(given.port)),
        "fill": lambda: fill(given.folder, given.monitors),
        "recover": lambda: recover(given.folder, given.monitors),
    }
    for name in ("probes", "recovery", "lag") if given.what == "all" else (given.what,):
        parts[name]()


if __name__ == "__main__":
    main()
