"""Killed in bad weather: a live run of 300 tasks on PostgreSQL, any of its processes killed with -9 at seeded moments.

    python -m benchmarks.chaos_live --kills 200 --seed 1 [--tasks 300] [--effects 40] [--no-prefect]

Two runners (one performs, one stands by), a web process, a Prefect server and a PostgreSQL of our own; a supervisor
starts again what was killed. The run must end as one that nobody disturbed. Exit 1 if it does not.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from benchmarks.telling import figure
from cutover import __version__
from tests.end_to_end.live import SHARES, End, Live, Plan, differences, kills


def played(place: Path, plan: Plan, asked: argparse.Namespace, length: int) -> tuple[End, Live]:
    """One run; with `length` facts expected, killed on the way."""
    place.mkdir(parents=True)
    targets = tuple(name for name in SHARES if asked.prefect or name != "prefect")
    with Live(place, plan, prefect=asked.prefect) as live:
        return live.play(kills(asked.seed, asked.kills, length, targets) if length else []), live


def summary(asked: argparse.Namespace, calm: End, stormy: End, live: Live, wrong: list[str]) -> list[str]:
    server = subprocess.run(
        [live.postgres.programs / "postgres", "--version"], capture_output=True, text=True, check=True
    )
    versions = (
        f"cutover {__version__}, Python {platform.python_version()}, PostgreSQL {server.stdout.split()[2]}, "
        f"Prefect {metadata.version('prefect')}, {os.cpu_count()} cores, {platform.machine()}."
    )
    dealt = ", ".join(f"{count} {name}" for name, count in sorted(live.dealt.items()))
    starts = ", ".join(f"{one.name} {one.starts}" for one in live.processes.values())
    seen = ", ".join(f"{count} {name}" for name, count in sorted(live.seen.items()))
    return [
        f"### Killed in bad weather, {datetime.now(UTC):%Y-%m-%d}", "",
        f"`python -m benchmarks.chaos_live --kills {asked.kills} --seed {asked.seed} --tasks {asked.tasks} --effects {asked.effects}`  ",
        f"{versions} {len(calm.tasks)} tasks, {asked.effects} effects that must not happen twice.", "",
        "| | undisturbed | killed |", "|---|---|---|",
        f"| kills with -9 | 0 | {sum(live.dealt.values())} ({dealt}) |",
        f"| the run ended | {calm.stage} | {stormy.stage} |",
        f"| facts of the run | {calm.facts} | {stormy.facts} |",
        f"| tasks found uncertain and settled | {calm.uncertain} | {stormy.uncertain} |",
        f"| took | {calm.seconds:.0f} s | {stormy.seconds:.0f} s |",
        f"| processes started | | {starts} |",
        f"| what the board answered | | {seen} |",
        f"| not as undisturbed | | **{'; '.join(wrong) or 'nothing'}** |", "",
    ]  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tasks", type=int, default=300)
    parser.add_argument("--effects", type=int, default=40)
    parser.add_argument("--no-prefect", dest="prefect", action="store_false")
    asked = parser.parse_args()
    place, plan = Path(tempfile.mkdtemp(prefix="chaos-live-")), Plan(asked.tasks, asked.effects)
    calm, _ = played(place / "undisturbed", plan, asked, 0)
    print(
        f"undisturbed: {calm.stage} after {calm.facts} facts, {calm.seconds:.0f} s", *calm.faults, flush=True
    )
    stormy, live = played(place / "killed", plan, asked, calm.facts)
    wrong = [*calm.faults, *differences(calm, stormy)]
    figure("chaos-live.differences", len(wrong), f"{sum(live.dealt.values())} kills")
    lines = summary(asked, calm, stormy, live, wrong)
    print("\n".join(lines))
    print("ends:", dict(Counter(stormy.tasks.values())))
    if wrong:
        print(f"what was written is in {place}")
        return 1
    shutil.rmtree(place)
    return 0


if __name__ == "__main__":
    sys.exit(main())
