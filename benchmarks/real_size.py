"""A rehearsal at the real size: 2,000 tasks, 60 stations, 4,000 sheets of paper, 250 monitors, 25 million records.

One window of 72 hours on the scaled clock, on a PostgreSQL and a Prefect server of its own, started by the console
script as a user would. Prints what must be true at the end, what saw each fault, and what it all cost.

    python -m benchmarks.real_size [--rows 25000000] [--tasks 2000] [--speed 1200] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import text

from benchmarks.measuring import load
from benchmarks.postgres import OwnPostgres
from benchmarks.reconciliation.bench import TYPES
from benchmarks.reconciliation.generate import make
from benchmarks.telling import figure
from cutover.store.engine import open_engine

EXAMPLE = Path(__file__).parents[1] / "examples" / "seventy_two_hours"
STATIONS, MONITORS, SHEETS = 60, 250, 4_000
SHEETS_OF_THE_EXAMPLE = 2_128
SYSTEMS = ("command_and_control", "legacy_records", "new_records", "custody", "case_transfer")


def programme(folder: Path, rows: int, tasks: int) -> None:
    """The seventy-two hours, grown: more stations, more monitors, more tasks, and a register of `rows` beside the small one."""
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("state"))
    _grow(folder / "programme.yaml", "stations", lambda known: known + list(_stations(STATIONS - len(known))))
    _grow(
        folder / "runbooks" / "go-live.yaml", "tasks", lambda known: known + list(_tasks(tasks - len(known)))
    )
    _grow(
        folder / "runbooks" / "go-live.yaml",
        "streams",
        lambda known: [*known, {"id": "sites", "title": "Sites"}],
    )
    more = SHEETS / SHEETS_OF_THE_EXAMPLE
    _grow(
        folder / "cast.yaml",
        "paper",
        lambda known: [rate | {"per_hour": rate["per_hour"] * more} for rate in known],
    )
    watched = sum(len(yaml.safe_load(f.read_text())["checks"]) for f in (folder / "monitors").glob("*.yaml"))
    _write(folder / "monitors" / "services.yaml", {"checks": list(_checks(MONITORS - watched))})
    contract = {
        "id": "register", "title": "Every crime of the whole register", "entity": "crime", "key": "crime_id", "source_frozen": True,
        "source": {"path": "register/source.parquet"}, "target": {"path": "register/target.parquet"},
        "columns": TYPES, "state": "status", "context": ["offence"],
    }  # fmt: skip
    _write(folder / "reconciliation" / "register.yaml", contract)
    make(folder / "register", rows)


def _stations(count: int) -> Iterator[dict[str, str]]:
    for n in range(count):
        yield {"id": f"post-{n + 1}", "title": f"Post {n + 1}", "district": f"District {n % 10 + 1}"}


def _checks(count: int) -> Iterator[dict[str, Any]]:
    for n in range(count):
        yield {
            "id": f"service-{n + 1}", "kind": "http", "title": f"Service {n + 1} answers", "component": "records", "owner": "bo",
            "severity": "warning", "system": SYSTEMS[n % 2], "path": "/health", "expect": {"body": {"status": "ok"}},
            "interval": "30m", "retry_interval": "5m",
        }  # fmt: skip


def _tasks(count: int) -> Iterator[dict[str, Any]]:
    """The whole register frozen, compared, repaired and compared again; and work at the sites: chains of eight, of which
    each seventh step is a person's and the rest are automated."""
    steps = (
        ("REG-01", "Freeze the whole register", "1h", "snapshot", {"contract": "register", "side": "source"}),
        ("REG-02", "Compare the whole register", "3h", "reconcile", {"contract": "register"}),
        ("REG-03", "Repair it and load again", "12h", "http", _job("new_records", "/ops/reload", 600)),
        ("REG-04", "Compare the whole register again", "3h", "reconcile", {"contract": "register"}),
    )
    after = "COM-01"
    for name, title, duration, kind, arguments in steps:
        about = {"id": name, "title": title, "stream": "reconcile", "after": [after], "duration": duration}
        yield about | _automated(kind, arguments)
        after = name
    for n in range(count - len(steps)):
        name, title = f"SITE-{n + 1}", f"Site {n // 8 + 1}, step {n % 8 + 1}"
        after = "COM-01" if n % 8 == 0 else f"SITE-{n}"
        about = {"id": name, "title": title, "stream": "sites", "after": [after], "duration": "40m"}
        yield about | (_automated("http", _job(SYSTEMS[n % 2], "/ops/site", 30)) if n % 7 else {})


def _automated(kind: str, arguments: dict[str, Any]) -> dict[str, Any]:
    effect = "probe" if kind == "http" else "idempotent"
    return {"type": "automated", "action": {"kind": kind, "with": arguments}, "effect": effect}


def _job(system: str, path: str, minutes: int) -> dict[str, Any]:
    return {"system": system, "path": path, "body": {"minutes": minutes}, "poll": "/ops"}


def _grow(file: Path, key: str, change: Any) -> None:
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    document[key] = change(document[key])
    _write(file, document)


def _write(file: Path, document: Any) -> None:
    file.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")


def repair_once_compared(folder: Path, url: str, rows: int, ended: threading.Event) -> None:
    """As the loading team would: when the first comparison has failed, put the repaired file in place."""
    engine = open_engine(url)
    query = text(
        "SELECT count(*) FROM journal WHERE kind = 'ReconciliationFinished' AND stream LIKE '%register%'"
    )
    while not ended.wait(0.5):
        try:
            with engine.connect() as connection:
                if not connection.execute(query).scalar():
                    continue
        except Exception:  # noqa: BLE001  the tables are not there yet
            continue
        repaired = make(folder / "repaired", rows, clean=True)
        repaired.target.replace(folder / "register" / "target.parquet")
        break
    engine.dispose()


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=25_000_000)
    asked.add_argument("--tasks", type=int, default=2_000)
    asked.add_argument("--speed", type=float, default=1_200)
    asked.add_argument("--keep", type=Path, help="leave the programme's folder here")
    given = asked.parse_args()
    home = given.keep or Path(tempfile.mkdtemp(prefix="real-size-"))
    folder = home / "programme"
    print(
        f"{datetime.now(UTC):%Y-%m-%d %H:%MZ}, Python {platform.python_version()}, load {load():.1f}",
        flush=True,
    )
    programme(folder, given.rows, given.tasks)
    server = OwnPostgres(home)
    server.start()
    ended = threading.Event()
    repairing = threading.Thread(target=repair_once_compared, args=(folder, server.url, given.rows, ended))
    repairing.start()
    try:
        return _played(folder, server.url, given.speed)
    finally:
        ended.set()
        repairing.join()
        server.kill()
        if not given.keep:
            shutil.rmtree(home)


def _played(folder: Path, url: str, speed: float) -> int:
    command = [
        Path(sys.executable).with_name("cutover"),
        "run",
        "start",
        "--type",
        "rehearsal",
        "--scenario",
        "--speed",
        f"{speed:g}",
        "--programme",
        folder,
    ]
    began = time.monotonic()
    with (folder / "said.log").open("wb") as said:
        done = subprocess.run(
            [str(part) for part in command],
            env=os.environ | {"CUTOVER_DATABASE_URL": url},
            stderr=said,
            check=False,
        )
    wall, used = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"rc {done.returncode}; {wall / 60:.1f} minutes; {used.ru_utime + used.ru_stime:.0f} s CPU; largest process {used.ru_maxrss // 1024:,} MiB"
    )
    figure("real-size.minutes", wall / 60)
    figure("real-size.broken", done.returncode)
    if done.returncode > 1:
        print((folder / "said.log").read_text(encoding="utf-8")[-2000:])
        return done.returncode
    engine = open_engine(url)
    with engine.connect() as connection:
        for kind, count in connection.execute(
            text("SELECT kind, count(*) FROM journal GROUP BY kind ORDER BY 2 DESC LIMIT 12")
        ):
            print(f"  {kind}: {count:,}")
        print(f"  all facts: {connection.execute(text('SELECT count(*) FROM journal')).scalar():,}")
    engine.dispose()
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
