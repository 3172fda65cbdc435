"""What other tools for the same task take on the same two registers, and which of the planted defects each of them misses.

Every tool is installed into an environment of its own below FOLDER, runs as a process of its own and says for which
keys it found something. CPU is of the whole process, with starting it; that of a database server stands apart.

    python benchmarks/reconciliation/peers.py [FOLDER] --rows 1000000 [--peers ours,join,fastrecon,datacompy,reladiff,dvt]
"""

# ruff: noqa: E402  (run as a script, the tree is put on the path first)
from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

sys.path[:0] = [str(Path(__file__).parents[2])]

from benchmarks.postgres import OwnPostgres
from benchmarks.reconciliation.generate import CELLS, COPIES, EXTRA, KEYLESS, MISSING, SLOTS, starts
from benchmarks.reconciliation.in_postgres import cpu_of, in_postgres

SCRIPTS = Path(__file__).parent / "peer_scripts"
PATIENCE = 900  # seconds


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


def installed(peer: Peer, folder: Path) -> Path:
    """The Python of a peer's own environment. Raises CalledProcessError with pip's words."""
    if not peer.packages:
        return Path(sys.executable)
    home = folder / f"venv-{peer.script}"
    if not home.exists():
        venv.create(home, with_pip=True)
        subprocess.run([home / "bin/pip", "install", "-q", *peer.packages], check=True, capture_output=True, text=True)  # fmt: skip
    return home / "bin/python"


def ran(peer: Peer, python: Path, data: Path, work: Path, database: OwnPostgres | None) -> Seen:
    """One run of a peer over the registers in `data`."""
    out, where = work / f"{peer.script}.json", database.url if database else ""
    before, begun = cpu_of(database), time.monotonic()
    with (work / f"{peer.script}.log").open("w") as log:
        child = subprocess.Popen([python, SCRIPTS / f"{peer.script}.py", data, out, where, peer.option], stdout=log, stderr=log, cwd=work)  # fmt: skip
        status, used = _waited(child.pid, begun + PATIENCE)
    said = (work / f"{peer.script}.log").read_text().strip().splitlines()
    failed = (
        f"not done in {PATIENCE} s" if status is None else (said or ["ended"])[-1][:160] if status else ""
    )
    told = {"keys": [], "keyless": 0} if failed else json.loads(out.read_text())
    return Seen(
        used.ru_utime + used.ru_stime, cpu_of(database) - before, used.ru_maxrss // 1024, time.monotonic() - begun,
        frozenset(told["keys"]), told["keyless"], failed,
    )  # fmt: skip


def _waited(pid: int, until: float) -> tuple[int | None, resource.struct_rusage]:
    """How a process and those it waited for ended (None: it had to be killed), and what they used."""
    while time.monotonic() < until:
        ended, status, used = os.wait4(pid, os.WNOHANG)
        if ended:
            return status, used
        time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    return None, os.wait4(pid, 0)[2]


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
    chosen = [PEERS[name] for name in args.peers.split(",")]
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M}Z, {args.rows:,} x 13, duckdb {duckdb.__version__}, load {os.getloadavg()[0]:.1f}")  # fmt: skip
    with tempfile.TemporaryDirectory(dir=folder) as name:
        compared(Path(name), folder or Path(name), args.rows, chosen)
    print(f"load {os.getloadavg()[0]:.1f}")


def compared(work: Path, environments: Path, rows: int, chosen: list[Peer]) -> None:
    """The table of all chosen peers over the same registers."""
    # by a process of its own: what a parent once held counts as its children's peak
    subprocess.run(
        [sys.executable, SCRIPTS.parent / "generate.py", work / "data", "--rows", str(rows)],
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
    sides = ("source", "target") if any(peer.from_postgres for peer in chosen) else ()
    with in_postgres(work / "data", sides) if sides else nullcontext() as server:
        for peer in chosen:
            try:
                python = installed(peer, environments)
            except subprocess.CalledProcessError as error:
                print(
                    f"| {peer.title} | | | | | pip: {error.stderr.strip().splitlines()[-1][:160]} |",
                    flush=True,
                )
                continue
            seen = ran(peer, python, work / "data", work, server if peer.from_postgres else None)
            _row(peer, seen, base.cpu, planted(rows))


if __name__ == "__main__":
    main()
