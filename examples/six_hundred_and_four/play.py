"""Plays it: a frozen register, a loader that reports no failure, a comparison that names all 604, two reloads, a PASS.

Exit 0 only when exactly the 604 were named, the loader had reported no failure, the half repair was found out, and the
last run verified every one of them.

    python examples/six_hundred_and_four/play.py [FOLDER] [--rows N]   # FOLDER is kept, for `cutover serve`
"""

# ruff: noqa: S608  (the register's own SQL, no text from outside)
from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from cutover.app.bootstrap import World, build_world
from cutover.app.settings import Settings
from cutover.core.clock import FixedClock
from cutover.reconciliation import Class, Outcome, Verdict
from cutover.reconciliation.lives import Life

HERE = Path(__file__).parent
FROZEN_AT = datetime(2026, 10, 23, 22, tzinfo=UTC)
SELECTED = (
    "open",
    "closed",
    "charged",
    "filed",
)  # what the loader was told to take: nobody wrote 'under_review'
LOST = 604
LATE = 4  # of them that the first reload forgets


@dataclass(frozen=True)
class Told:
    """What the loader said, what each comparison found, and how the 604 stood in the end."""

    loader_failures: int
    runs: tuple[Outcome, ...]
    named: frozenset[str]
    lost: frozenset[str]
    reopened: int
    stages: Counter[Life]

    @property
    def holds(self) -> bool:
        first, second, last = self.runs
        found_out = (
            first.count(Class.MISSING) == LOST and second.count(Class.MISSING) == LATE == self.reopened
        )
        exact = self.named == self.lost and not self.loader_failures
        return exact and found_out and last.verdict is Verdict.PASS and self.stages == {Life.VERIFIED: LOST}


def play(folder: Path, rows: int = 25_000) -> Told:
    """The whole story in `folder`, which becomes a programme with its journal."""
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("*.py", "state", "__pycache__"), dirs_exist_ok=True)  # fmt: skip
    (folder / "registers").mkdir(exist_ok=True)
    clock = FixedClock(FROZEN_AT)
    lost = old_register(folder, rows)
    world = build_world(folder, pace=clock, settings=Settings(database_url=""))
    try:
        return _nights(world, clock, lost)
    finally:
        world.engine.dispose()


def _nights(world: World, clock: FixedClock, lost: frozenset[str]) -> Told:
    service, folder = world.reconciliation, world.folder.path
    service.snapshot("crimes", "source", by="bo")
    failures = load(folder, f"FROM old WHERE status IN {SELECTED}")
    first = service.run("crimes", by="bo")
    missing = service.findings("crimes", Class.MISSING)
    ids = service.finding_ids("crimes", Class.MISSING)
    service.explain(
        "crimes", ids, code="selection", reason="the loader's list of states lacks under_review", by="asha"
    )
    service.repair_extract("crimes", folder / "registers" / "reload.parquet")
    load(folder, f"FROM new UNION ALL (FROM reload ORDER BY crime_id LIMIT {LOST - LATE})")
    service.repaired("crimes", ids, how="loaded again from the extract", by="bo")
    clock.set(FROZEN_AT + timedelta(days=1))
    second = service.run("crimes", by="bo")
    reopened = sum(life.stage is Life.OPEN for life in service.lives("crimes").lives.values())
    load(folder, "FROM new UNION ALL (FROM reload ANTI JOIN new USING (crime_id))")
    service.repaired("crimes", service.finding_ids("crimes"), how="the other four loaded", by="bo")
    clock.set(FROZEN_AT + timedelta(days=7))
    last = service.run("crimes", by="bo")
    stages = Counter(life.stage for life in service.lives("crimes").lives.values())
    named = frozenset(one["key"]["crime_id"] for one in missing)
    return Told(failures, (first, second, last), named, lost, reopened, stages)


def old_register(folder: Path, rows: int) -> frozenset[str]:
    """Write the old register; returns the keys of those under review."""
    with duckdb.connect() as db:
        db.execute(f"""CREATE TABLE crimes AS SELECT 'GMP/' || lpad(i::VARCHAR, 9, '0') AS crime_id,
            TIMESTAMP '2015-01-01' + to_minutes((hash(i) % 2000000)::BIGINT) AS reported_at,
            ['burglary', 'theft', 'assault', 'fraud'][1 + (hash(i, 1) % 4)::INT] AS offence,
            CASE WHEN i % {rows // LOST} = 7 AND i // {rows // LOST} < {LOST} THEN 'under_review' ELSE {list(SELECTED)}[1 + (hash(i, 2) % 4)::INT] END AS status,
            ['Müller', 'Khan', 'Łukasz', 'Smith'][1 + (hash(i, 3) % 4)::INT] AS surname,
            (hash(i, 4) % 100000 / 100)::DECIMAL(12, 2) AS value_gbp, lpad((hash(i, 5) % 900)::VARCHAR, 3, '0') AS beat
            FROM range({rows}) t(i)""")
        db.execute(f"COPY crimes TO '{folder / 'registers' / 'old.parquet'}' (FORMAT parquet)")
        found = db.execute("SELECT crime_id FROM crimes WHERE status = 'under_review'").fetchall()
    return frozenset(row[0] for row in found)


def load(folder: Path, select: str) -> int:
    """The loader: takes what it is told to take, writes it whole, and reports how many of those failed."""
    registers = folder / "registers"
    with duckdb.connect() as db:
        for name in ("old", "new", "reload"):
            if (registers / f"{name}.parquet").exists():
                db.execute(f"CREATE VIEW {name} AS FROM '{registers / name}.parquet'")
        attempted = db.execute(f"SELECT count(*) FROM ({select})").fetchall()[0][0]
        db.execute(f"COPY ({select}) TO '{registers / 'loaded.parquet'}' (FORMAT parquet)")
        written = db.execute(f"SELECT count(*) FROM '{registers / 'loaded.parquet'}'").fetchall()[0][0]
    (registers / "loaded.parquet").replace(registers / "new.parquet")
    return int(attempted - written)


def main(arguments: list[str]) -> int:
    asked = argparse.ArgumentParser()
    asked.add_argument("folder", nargs="?", type=Path)
    asked.add_argument("--rows", type=int, default=25_000)
    given = asked.parse_args(arguments)
    found = play(
        given.folder or Path(tempfile.mkdtemp(prefix="six-hundred-and-four-")) / "programme", given.rows
    )
    print(f"the loader reports {found.loader_failures} failures")
    for when, run in zip(("T+0", "T+1 day", "T+1 week"), found.runs, strict=True):
        print(f"{when}: {run}")
    print(
        f"named exactly: {'yes' if found.named == found.lost else 'no'}; opened again after a half repair: {found.reopened}"
    )
    print("in the end: " + ", ".join(f"{n} {stage}" for stage, n in found.stages.items()))
    print("holds" if found.holds else "DOES NOT HOLD")
    return 0 if found.holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
