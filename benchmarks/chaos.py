"""Killed anywhere: the short blackout, killed with -9 at seeded moments and resumed, hundreds of times.

    python -m benchmarks.chaos --kills 200 --seed 1

Each row says where the run was killed, what was uncertain then, how it ended after the resume and which
identity was broken. Exit 1 if any was.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.telling import figure
from cutover import __version__
from tests.end_to_end.blackout import Blackout, End, Killed, broken, ending, seeded

HEADER = (
    "seed",
    "killed at",
    "last fact",
    "stand-ins",
    "uncertain",
    "resumed in",
    "exit",
    "broken identities",
)


@dataclass(frozen=True)
class Trial:
    """One run, killed and resumed."""

    seed: int
    killed: tuple[Killed, ...]
    whole: bool
    uncertain: int
    seconds: float
    code: int
    broken: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return self.code == 0 and not self.broken

    def cells(self) -> tuple[str, ...]:
        at = ", ".join(str(k.head.position) for k in self.killed) or "not: it was over"
        last = ", ".join(k.kind for k in self.killed)
        wrong = "; ".join(self.broken) or "none"
        stand_ins = "killed too" if self.whole else "orphaned"
        return (
            str(self.seed),
            at,
            last,
            stand_ins,
            str(self.uncertain),
            f"{self.seconds:.1f} s",
            str(self.code),
            wrong,
        )


def trial(folder: Path, seed: int, unhurried: End) -> Trial:
    """One seed: start, kill, perhaps kill again, resume to the end, compare."""
    blackout = Blackout(folder)
    moments = seeded(seed, unhurried.length)
    killed = [blackout.start_and_kill(moments[0])]
    killed += [blackout.resume_and_kill(moment) for moment in moments[1:]]
    began = time.monotonic()
    code = blackout.resume()
    seconds = time.monotonic() - began
    dead = tuple(k for k in killed if k)
    wrong = broken(folder, unhurried, dead) if code == 0 else [blackout.said.strip().splitlines()[-1][:300]]
    uncertain = blackout.count("TaskBecameUncertain")
    return Trial(seed, dead, moments[0].whole, uncertain, seconds, code, tuple(wrong))


def trials(place: Path, first: int, kills: int, unhurried: End, keep: bool) -> Iterator[Trial]:
    """Seeds from `first` on until `kills` kills have been dealt; folders of good ends are thrown away."""
    seed, dealt = first, 0
    while dealt < kills:
        folder = place / f"seed-{seed}"
        done = trial(folder, seed, unhurried)
        if done.holds and not keep:
            shutil.rmtree(folder)
        dealt, seed = dealt + len(done.killed), seed + 1
        yield done


def table(done: list[Trial]) -> list[str]:
    lines = ["| " + " | ".join(HEADER) + " |", "|" + "---|" * len(HEADER)]
    return lines + ["| " + " | ".join(t.cells()) + " |" for t in done]


def summary(done: list[Trial], unhurried: End, took: float) -> list[str]:
    kills, good = sum(len(t.killed) for t in done), sum(t.holds for t in done)
    slow = sorted(t.seconds for t in done)
    said = (
        f"cutover {__version__}, Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}.",
        f"The short blackout ({len(unhurried.tasks)} tasks, about {unhurried.length} facts):",
        f"{len(done)} runs, {kills} kills with -9, {sum(t.uncertain for t in done)} tasks found uncertain,",
        f"**{good} of {len(done)} ended as if nobody had been killed**.",
        f"Resuming took {slow[len(slow) // 2]:.1f} s (median) and {slow[-1]:.1f} s (longest) to the end of the run;",
        f"{took / 60:.0f} minutes in all.",
    )
    return [f"### Killed anywhere, {datetime.now(UTC):%Y-%m-%d}", "", " ".join(said), ""]


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Kill the short blackout anywhere and resume it, again and again."
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="the first seed; each run takes the next")
    parser.add_argument(
        "--keep",
        type=Path,
        help="keep every folder here; default: only those of broken ends, in a temporary place",
    )
    asked = parser.parse_args()
    began, place = time.monotonic(), asked.keep or Path(tempfile.mkdtemp(prefix="chaos-"))
    place.mkdir(parents=True, exist_ok=True)
    first = Blackout(place / "unhurried")
    if code := first.start():
        print(f"the unhurried run itself ended with exit {code}:\n{first.said}")
        return 1
    unhurried, done = ending(first.path), list[Trial]()
    for one in trials(place, asked.seed, asked.kills, unhurried, asked.keep is not None):
        done.append(one)
        print(*one.cells(), sep="  ", flush=True)
    lines = [*summary(done, unhurried, time.monotonic() - began), *table(done), ""]
    print("\n".join(lines))
    good = all(t.holds for t in done)
    figure("chaos.broken", sum(not t.holds for t in done), f"{sum(len(t.killed) for t in done)} kills")
    if good and asked.keep is None:
        shutil.rmtree(place)
    if not good:
        print(f"the folders of broken ends are in {place}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
