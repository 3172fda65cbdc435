"""PSPLIB's single-mode instances as networks with a crew: one minute a period, one team a resource.

Kolisch, R., Sprecher, A.: PSPLIB - a project scheduling problem library, EJOR 96 (1997).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from runbooks.domain.capacity.crew import Crew, Profile
from runbooks.domain.plan import LinkKind
from runbooks.domain.timing.network import Network

FOLDER = Path(__file__).parents[2] / "shared" / "data" / "psplib"
PERIOD = 60_000_000  # microseconds


@dataclass(frozen=True)
class Instance:
    name: str
    set_: str
    best: int  # periods: the best known end
    net: Network
    crew: Crew


def instances(folder: Path = FOLDER) -> list[Instance]:
    """Every instance there is, smallest first; [] where the library is absent."""
    if not (folder / "best_known.csv").exists():
        return []
    with (folder / "best_known.csv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    found = [
        Instance(
            row["instance"],
            row["set"],
            int(row["best_known_makespan"]),
            *read(folder / f"{row['instance']}.sm"),
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (len(one.net.ids), one.name))


def read(path: Path) -> tuple[Network, Crew]:
    """One .sm file. Jobs are numbered so that successors come later, as the network wants them."""
    lines = path.read_text(encoding="utf-8").splitlines()
    after = {row[0]: row[3:] for row in _rows(lines, "PRECEDENCE RELATIONS", skip=2)}
    work = {row[0]: (row[2], row[3:]) for row in _rows(lines, "REQUESTS/DURATIONS", skip=3)}
    (there,) = _rows(lines, "RESOURCEAVAILABILITIES", skip=2)
    jobs = _in_order(after)
    at = {job: i for i, job in enumerate(jobs)}
    ties: list[list[tuple[int, LinkKind, int]]] = [[] for _ in jobs]
    for job, followers in after.items():
        for follower in followers:
            ties[at[follower]].append((at[job], LinkKind.FS, 0))
    none = (None,) * len(jobs)
    net = Network(
        datetime(2026, 1, 1, tzinfo=UTC), tuple(map(str, jobs)), tuple(map(tuple, ties)),
        tuple(work[job][0] * PERIOD for job in jobs), (0,) * len(jobs), none, none, none, 0, none, none,
    )  # fmt: skip
    needs = tuple(tuple((k, n) for k, n in enumerate(work[job][1]) if n) for job in jobs)
    names = tuple(f"R{k + 1}" for k in range(len(there)))
    profiles = tuple(Profile(((0, n),)) for n in there)
    return net, Crew(names, len(names), profiles, needs, ((),) * len(jobs))


def _rows(lines: list[str], title: str, skip: int) -> list[list[int]]:
    begin = next(i for i, line in enumerate(lines) if line.startswith(title)) + skip
    end = next(i for i, line in enumerate(lines[begin:], begin) if line.startswith("*"))
    return [[int(word) for word in line.split()] for line in lines[begin:end]]


def _in_order(after: dict[int, list[int]]) -> list[int]:
    waits = dict.fromkeys(after, 0)
    for followers in after.values():
        for follower in followers:
            waits[follower] += 1
    order = [job for job, n in waits.items() if not n]
    for job in order:  # grows while it is read
        for follower in after[job]:
            waits[follower] -= 1
            if not waits[follower]:
                order.append(follower)
    return order
