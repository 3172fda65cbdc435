"""What a reconciliation costs beside a bare scan-and-hash of the same columns, and whether it finds what was planted.

Each figure is a process of its own: CPU seconds of user and system, peak resident memory. The data is made from a seed
and deleted after.

    python -m benchmarks.reconciliation.bench [FOLDER] --rows 1000000 [--parts first,dirty,text,growth,postgres]

`growth` takes a fiftieth, a tenth, half and all of the rows.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.drawings import off_the_line
from benchmarks.measuring import again, cpu_of, load, own_cpu, own_peak
from benchmarks.reconciliation.generate import MISSING, Made, make
from benchmarks.reconciliation.in_postgres import in_postgres, served_cpu
from benchmarks.telling import figure, size
from cutover.core.clock import SystemClock
from cutover.core.event import Catalogue
from cutover.reconciliation.comparison import EVENTS
from cutover.reconciliation.contract import Contract
from cutover.reconciliation.findings import Outcome
from cutover.reconciliation.service import ReconciliationService
from cutover.store import schema
from cutover.store.desk import Desk
from cutover.store.engine import open_engine, sqlite_url
from cutover.store.journal import Journal

TYPES = {
    "crime_id": "integer", "beat": "text", "reported_at": "timestamp", "closed_at": "timestamp", "offence": "text",
    "status": "text", "surname": "text", "forename": "text", "address": "text", "value_gbp": "decimal(14,4)",
    "score": "double", "officer_id": "integer", "dob": "date",
}  # fmt: skip
HASHED = ", ".join(n if n != "value_gbp" else "value_gbp::DECIMAL(14, 4)" for n in TYPES)


def contracts(
    folder: Path, *, text_keys: bool = False, source: dict[str, str] | None = None
) -> dict[str, Contract]:
    """Crimes and, unless the key is text, the officers they point at."""
    columns = ({"force": "text"} if text_keys else {}) | TYPES | ({"crime_id": "text"} if text_keys else {})
    crimes = {
        "id": "crimes", "title": "Every crime", "entity": "crime", "key": ["force", "crime_id"] if text_keys else "crime_id",
        "source": source or {"path": str(folder / "source.parquet")}, "target": {"path": str(folder / "target.parquet")},
        "source_frozen": True, "columns": columns, "state": "status", "context": ["offence", "surname"],
        "references": [{"columns": "officer_id", "contract": "officers"}],
    }  # fmt: skip
    officers = {
        "id": "officers", "title": "Officers", "entity": "officer", "key": "officer_id", "columns": {"officer_id": "integer"},
        "source": {"path": str(folder / "officers_source.parquet")}, "target": {"path": str(folder / "officers_target.parquet")},
    }  # fmt: skip
    return {c["id"]: Contract.model_validate(c) for c in (crimes, officers)}


def service(
    folder: Path, declared: Mapping[str, Contract], systems: Mapping[str, str]
) -> ReconciliationService:
    folder.mkdir(parents=True, exist_ok=True)
    engine = open_engine(sqlite_url(folder / "journal.db"))
    schema.upgrade(engine)
    clock = SystemClock()
    return ReconciliationService(
        Desk(Journal(engine, Catalogue(EVENTS), clock, []), clock), declared, folder, lambda: systems
    )


def limit(folder: Path) -> None:
    """The bare scan-and-hash of both files: what no comparison of all columns can do without."""
    with duckdb.connect(
        config={"threads": 2, "memory_limit": "800MB", "preserve_insertion_order": False}
    ) as db:
        for side in ("source", "target"):
            db.execute(f"SELECT sum(hash({HASHED})) FROM '{folder / side}.parquet'").fetchall()


def whole(
    folder: Path, state: Path, *, text_keys: bool = False, frozen: bool = True, url: str = ""
) -> Outcome:
    """The source frozen, then the run."""
    source = {"system": "register", "table": "source"} if url else None
    opened = service(state, contracts(folder, text_keys=text_keys, source=source), {"register": url})
    if not frozen:
        return opened.run("crimes", by="bench")
    opened.snapshot("crimes", "source", by="bench")
    return opened.run("crimes", by="bench")


def measured(call: str, **arguments: Any) -> dict[str, Any]:
    """Run one of the functions above in a process of its own; returns CPU seconds, peak MiB, wall and what it said."""
    started = time.monotonic()
    child = subprocess.run(
        again(__file__, "--call", call, json.dumps(arguments)),
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return json.loads(child.stdout.splitlines()[-1]) | {"wall": time.monotonic() - started}


def _called(call: str, arguments: dict[str, Any]) -> None:
    given = {k: Path(v) if k in ("folder", "state") else v for k, v in arguments.items()}
    begun = own_cpu()
    came = {"limit": limit, "whole": whole}[call](**given)
    said = came.model_dump(mode="json", by_alias=True) if isinstance(came, Outcome) else None
    print(
        json.dumps(
            {
                "cpu": own_cpu() - begun,
                "total": own_cpu(),
                "mib": int(own_peak()),
                "outcome": said,
            }
        )
    )


def killed(folder: Path, state: Path, after: float) -> dict[str, Any]:
    """A whole comparison killed with -9 once it has used so many CPU seconds, and what the next process does to finish it.

    `before` includes starting the interpreter, as `after` must.
    """
    given = json.dumps({"folder": str(folder), "state": str(state), "frozen": False})
    child = subprocess.Popen(again(__file__, "--call", "whole", given), stdout=subprocess.DEVNULL)
    while child.poll() is None and cpu_of(child.pid) < after:
        time.sleep(0.05)
    child.send_signal(signal.SIGKILL)
    _, _, used = os.wait4(child.pid, 0)
    rest = measured("whole", folder=str(folder), state=str(state), frozen=False)
    return rest | {"before": used.ru_utime + used.ru_stime}


def wrong(made: Made, outcome: dict[str, Any]) -> list[str]:
    """Every planted defect that was not found and classified, and everything found that was not planted."""
    got = {k: n for k, n in outcome["counts"].items() if k != "matched" and n}
    faults = [] if got == made.planted else [f"planted {made.planted}, found {got}"]
    faults += [] if outcome["kinds"] == made.kinds else [f"planted {made.kinds}, found {outcome['kinds']}"]
    if made.planted and outcome["by_state"]["under_review"] != {"missing": MISSING}:
        faults.append(f"under_review: {outcome['by_state']['under_review']}")
    if outcome["verdict"] != ("FAIL" if made.planted else "PASS"):
        faults.append(f"{outcome['verdict']}: {outcome['reasons']}")
    return faults


def _row(what: str, seen: dict[str, Any], base: float, made: Made | None = None) -> None:
    faults = wrong(made, seen["outcome"]) if made else []
    print(
        f"| {what} | {seen['cpu']:.1f} s | {seen['cpu'] / base:.2f} x | {seen['mib']:,} MiB | {seen['wall']:.0f} s | {'; '.join(faults) or ('all as planted' if made else '')} |",
        flush=True,
    )


def first(work: Path, rows: int) -> tuple[Path, dict[str, Any], float]:
    """Defects planted: found, and found again by what takes over a killed process."""
    data = work / "dirty"
    made = make(data, rows)
    base = measured("limit", folder=str(data))
    _row(f"{rows:,} x 13: bare scan and hash", base, base["cpu"])
    whole_run = measured("whole", folder=str(data), state=str(work / "state-dirty"))
    _row("freeze, run", whole_run, base["cpu"], made)
    figure("reconciliation.cpu", whole_run["cpu"] / base["cpu"])
    figure("reconciliation.memory", whole_run["mib"])
    figure("reconciliation.wrong", len(wrong(made, whole_run["outcome"])))
    halves = killed(data, work / "state-killed", whole_run["total"] / 2)
    _row("killed with -9 half-way: the process that finished it", halves, base["cpu"], made)
    both = halves["before"] + halves["total"]
    figure("reconciliation.resumed", both / whole_run["total"])
    print(
        f"| both processes / never killed | {halves['before']:.1f} + {halves['total']:.1f} s with the start of Python | {both / whole_run['total']:.2f} x | | | |",
        flush=True,
    )
    return data, whole_run, base["cpu"]


def dirty(work: Path, rows: int) -> None:
    """As `first`, then repaired and checked again, then clean from the start."""
    data, whole_run, base = first(work, rows)
    repaired = make(work / "clean", rows, clean=True)
    shutil.move(repaired.target, data / "target.parquet")
    shutil.move(repaired.officers_target, data / "officers_target.parquet")
    rechecked = measured("whole", folder=str(data), state=str(work / "state-dirty"), frozen=False)
    _row("re-check after the repair", rechecked, base, repaired)
    print(f"| re-check / first | | {rechecked['cpu'] / whole_run['cpu']:.2f} x | | | |", flush=True)
    figure("reconciliation.again", rechecked["cpu"] / whole_run["cpu"])
    clean_base = measured("limit", folder=str(data))
    _row("clean: bare scan and hash", clean_base, clean_base["cpu"])
    clean = measured("whole", folder=str(data), state=str(work / "state-clean"))
    _row("clean: freeze, run", clean, clean_base["cpu"], repaired)
    figure("reconciliation.clean", clean["cpu"] / clean_base["cpu"])


def text(work: Path, rows: int) -> None:
    """A composite text key beside a BIGINT one."""
    number, texts = make(work / "number", rows), make(work / "texts", rows, text_keys=True)
    base = measured("limit", folder=str(work / "number"))
    by_number = measured("whole", folder=str(work / "number"), state=str(work / "state-number"))
    _row(f"{rows:,}: BIGINT key", by_number, base["cpu"], number)
    by_text = measured("whole", folder=str(work / "texts"), state=str(work / "state-texts"), text_keys=True)
    _row("two text columns as key", by_text, base["cpu"], texts)
    figure("reconciliation.text", by_text["cpu"] / by_number["cpu"])
    print(f"| text / BIGINT | | {by_text['cpu'] / by_number['cpu']:.2f} x | | | |", flush=True)


def growth(work: Path, rows: int) -> None:
    """CPU and memory as the registers grow: how far each size is off one straight line."""
    taken: list[tuple[float, float]] = []
    memory: list[int] = []
    for n in (rows // 50, rows // 10, rows // 2, rows):
        made = make(work / "growing", n)
        base = measured("limit", folder=str(work / "growing"))
        seen = measured("whole", folder=str(work / "growing"), state=str(work / f"state-{n}"))
        _row(f"{n:,} x 13", seen, base["cpu"], made)
        taken.append((float(n), float(seen["cpu"])))
        memory.append(seen["mib"])
        size("records on each side", n, seen["cpu"], seen["mib"])
        shutil.rmtree(work / "growing")
    figure("growth.line", 100 * max(map(abs, off_the_line(taken))))
    figure("growth.memory", memory[-1] / memory[1])
    for (n, _), off in zip(taken, off_the_line(taken), strict=True):
        print(f"| {n:,.0f}: off the line | | {off:+.1%} | | | |", flush=True)


def postgres(work: Path, rows: int) -> None:
    """The source in a PostgreSQL, read by what reads any database; the target as a file."""
    made = make(work / "data", rows)
    base = measured("limit", folder=str(work / "data"))
    with in_postgres(work / "data", ["source"]) as server:
        before = served_cpu(server)
        seen = measured("whole", folder=str(work / "data"), state=str(work / "state"), url=server.url)
        served = served_cpu(server) - before
    _row(f"{rows:,}: PostgreSQL against Parquet", seen, base["cpu"], made)
    both = seen["cpu"] + served
    figure(
        "reconciliation.postgres", seen["cpu"] / base["cpu"], f"{both / base['cpu']:.1f} x with the server"
    )
    print(f"| the same with the server's {served:.1f} s | {both:.1f} s | {both / base['cpu']:.2f} x | | | |", flush=True)  # fmt: skip


PARTS: Mapping[str, Callable[[Path, int], object]] = {
    "first": first, "dirty": dirty, "text": text, "growth": growth, "postgres": postgres,
}  # fmt: skip


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path, nargs="?")
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--parts", default="dirty")
    asked.add_argument("--call", nargs=2)
    args = asked.parse_args()
    if args.call:
        _called(args.call[0], json.loads(args.call[1]))
        return
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M}Z, duckdb {duckdb.__version__}, load {load():.1f}")
    print("| what | CPU | of the bare scan | peak memory | wall | found |\n|---|---|---|---|---|---|")
    for part in args.parts.split(","):
        with tempfile.TemporaryDirectory(dir=args.folder) as work:
            PARTS[part](Path(work), args.rows)
    print(f"load {load():.1f}")


if __name__ == "__main__":
    main()
