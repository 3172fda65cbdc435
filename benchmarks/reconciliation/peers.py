"""What other tools for the same task take on the same two registers, and which of the planted defects each of them misses.

Every tool has an environment of its own, runs as a process of its own and says for which
keys it found something. CPU is of the whole process, with starting it; that of a database server stands apart.

    python -m benchmarks.reconciliation.peers [FOLDER] --rows 1000000 [--peers ours,join,fastrecon,datacompy,reladiff,dvt]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from benchmarks import measuring
from benchmarks.measuring import Used, again, load
from benchmarks.peer_environments import python_of, why
from benchmarks.postgres import OwnPostgres
from benchmarks.reconciliation.generate import CELLS, COPIES, EXTRA, KEYLESS, MISSING, SLOTS, starts
from benchmarks.reconciliation.in_postgres import in_postgres, served_cpu
from benchmarks.telling import figure

SCRIPTS = Path(__file__).parent / "peer_scripts"
SIDES = ("source", "target")
TOOLS = ("fastrecon", "datacompy", "reladiff", "dvt")
PATIENCE = 900  # seconds
ROOM = 12 * 1024  # MiB of all its processes together


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool: what pip installs of it ('' for our own environment), its script, whether it reads from PostgreSQL."""

    title: str
    packages: tuple[str, ...]
    script: str
    fields: bool = True  # whether it says which columns differ
    from_postgres: bool = False
    option: str = ""


PEERS: Mapping[str, Peer] = {
    "ours": Peer("cutover", (), "ours"),
    "join": Peer("DuckDB, full outer join", (), "join"),
    "bounded": Peer("DuckDB, full outer join in 800 MB", (), "join", option="800MB"),
    "fastrecon": Peer("fastrecon 0.9.3", ("fastrecon==0.9.3",), "fastrecon"),
    "datacompy": Peer("datacompy 1.1.0 on Polars", ("datacompy==1.1.0", "polars==1.33.1"), "datacompy"),
    "reladiff": Peer("reladiff 0.6.0, hashdiff", ("reladiff[postgresql]==0.6.0",), "reladiff", from_postgres=True),
    "dvt": Peer("google-pso-data-validator 8.10.1, row hash", ("google-pso-data-validator==8.10.1",), "dvt", fields=False, from_postgres=True),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run took, the keys it reported, and why there are none where it failed."""

    cpu: float
    server: float
    mib: int
    wall: float
    keys: frozenset[int | None]
    keyless: int
    failed: str


def ran(peer: Peer, python: Path, data: Path, work: Path, database: OwnPostgres | None) -> Seen:
    """One run of a peer over the registers in `data`."""
    out, where = work / f"{peer.script}.json", database.url if database else ""
    before, log = served_cpu(database), work / f"{peer.script}.log"
    command = [python, SCRIPTS / f"{peer.script}.py", data, out, where, peer.option]
    used = measuring.ran(command, log=log, patience=PATIENCE, room=ROOM, cwd=work)
    failed = _why(used, log) if used.code != 0 else ""
    told = {"keys": [], "keyless": 0} if failed else json.loads(out.read_text())
    return Seen(
        used.cpu, served_cpu(database) - before, used.together, used.wall, frozenset(told["keys"]), told["keyless"], failed
    )  # fmt: skip


def _why(used: Used, log: Path) -> str:
    if used.code is None:
        late = used.wall >= PATIENCE
        return (
            f"did not finish in {PATIENCE // 60} minutes" if late else f"out of memory at {ROOM / 1024:g} GiB"
        )
    return (log.read_text().strip().splitlines() or ["ended"])[-1][:160]


def planted(rows: int) -> dict[str, frozenset[int]]:
    """The keys of each kind of defect."""
    step, at = rows // SLOTS, starts()
    first = at["copied"][0]
    slots = {
        "missing": range(MISSING),
        "copies, identical": range(first, first + COPIES // 2),
        "copies, differing": range(first + COPIES // 2, first + COPIES),
    } | {kind: range(*at[kind]) for kind in CELLS}
    kinds = {kind: frozenset(slot * step for slot in of) for kind, of in slots.items()}
    return kinds | {"extra": frozenset(range(rows, rows + EXTRA))}


def _row(peer: Peer, seen: Seen, base: float, kinds: Mapping[str, frozenset[int]]) -> None:
    server = f" + {seen.server:.1f} s server" if peer.from_postgres else ""
    found = seen.failed or "; ".join(_missed(seen, kinds)) or "all as planted"
    print(f"| {peer.title} | {seen.cpu:.1f} s{server} | {(seen.cpu + seen.server) / base:.1f} x | {seen.mib:,} MiB | {seen.wall:.0f} s | {found} |", flush=True)  # fmt: skip


def _missed(seen: Seen, kinds: Mapping[str, frozenset[int]]) -> list[str]:
    """What was planted and not reported, and what was reported and not planted."""
    said = [
        f"misses {len(of - seen.keys)} of {len(of)} {kind}" for kind, of in kinds.items() if of - seen.keys
    ]
    if seen.keyless < KEYLESS:
        said.append(f"misses {KEYLESS - seen.keyless} of {KEYLESS} without a key")
    invented = seen.keys - frozenset().union(*kinds.values())
    return said + ([f"reports {len(invented)} that were not planted"] if invented else [])


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path, nargs="?", default=None)
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--peers", default=",".join(PEERS))
    args = asked.parse_args()
    folder = args.folder.resolve() if args.folder else None
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M}Z, {args.rows:,} x 13, duckdb {duckdb.__version__}, load {load():.1f}")  # fmt: skip
    with tempfile.TemporaryDirectory(dir=folder) as name:
        compared(Path(name), args.rows, args.peers.split(","))
    print(f"load {load():.1f}")


def compared(work: Path, rows: int, names: list[str]) -> None:
    """The table of all chosen peers over the same registers."""
    # by a process of its own: what a parent once held counts as its children's peak
    subprocess.run(
        again(str(SCRIPTS.parent / "generate.py"), work / "data", "--rows", rows),
        check=True,
        stdout=subprocess.DEVNULL,
    )
    limit = Peer("bare scan and hash", (), "limit")
    base = ran(limit, Path(sys.executable), work / "data", work, None)
    assert not base.failed, base.failed
    print("| tool | CPU | of the bare scan | peak memory | wall | of the planted defects |\n|---|---|---|---|---|---|")  # fmt: skip
    print(
        f"| {limit.title} | {base.cpu:.1f} s | 1.0 x | {base.mib:,} MiB | {base.wall:.0f} s | |", flush=True
    )
    seen: dict[str, Seen] = {}
    for name in names:  # the server runs while those are measured that read from it, and for no other
        peer = PEERS[name]
        with in_postgres(work / "data", SIDES) if peer.from_postgres else nullcontext() as server:
            try:
                python = python_of(peer.packages)
            except subprocess.CalledProcessError as error:
                print(f"| {peer.title} | | | | | pip: {why(error)} |", flush=True)
                continue
            seen[name] = ran(peer, python, work / "data", work, server)
            _row(peer, seen[name], base.cpu, planted(rows))
    _beside(seen)


def _beside(seen: Mapping[str, Seen]) -> None:
    """Ours beside the best tool that reports field differences and came to its end; a join by hand stands apart."""
    others = {
        name: one for name, one in seen.items() if name in TOOLS and PEERS[name].fields and not one.failed
    }
    if "ours" not in seen or not others:
        return
    ours = seen["ours"]
    cheap = min(others, key=lambda name: others[name].cpu + others[name].server)
    small = min(others, key=lambda name: others[name].mib)
    figure("peers.cpu", (others[cheap].cpu + others[cheap].server) / ours.cpu, PEERS[cheap].title)
    figure("peers.memory", others[small].mib / ours.mib, PEERS[small].title)
    for name in ("join", "bounded"):
        if name in seen and not seen[name].failed:
            figure(f"peers.{name}.cpu", seen[name].cpu / ours.cpu)
            figure(f"peers.{name}.memory", seen[name].mib / ours.mib)


if __name__ == "__main__":
    main()
