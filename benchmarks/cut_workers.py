"""Eight machines: three bring paper back into one target and the line of one is cut; two show it and one of them dies.

    python -m benchmarks.cut_workers [--records 600] [--seed 1] [--apart 20]

Network namespaces joined by bridges (root only): PostgreSQL on one, the target on another, `cutover convert run --stay`
on three more, `cutover serve` on two, nginx by deploy/nginx.conf on the last, and twenty open pages behind it. When a
third of the records is in the target, one worker loses its line to the database but not the one to the target, so that what it had begun may have happened without being recorded; `--apart` seconds later the line is
mended. Meanwhile one of the web processes is killed: within a few seconds every open page is told of news again.
Exit 1 when a page is not, when a record is twice or missing in the target, when one has no outcome, or when the chain does not hold.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks.conversion_world import Targets, fill, make_programme
from benchmarks.front import FRONT, WEBS, Site
from benchmarks.telling import figure
from cutover.app.bootstrap import World, build_world
from cutover.app.settings import Settings
from tests.end_to_end.networks import SYSTEMS, Network
from tests.servers import Postgres, Process

MACHINES = ("db", "target", "a", "b", "c", *WEBS, FRONT)
WORKERS = "abc"
FAULTS = {"lost": 0.05, "busy": 0.05, "hang": 0.0}
PATIENCE = 300.0  # seconds without one more record


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--apart", type=float, default=20)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, Network(MACHINES) as network:
        postgres = Postgres(network.address("db"), inside=network.on("db"), trust="10.213.7.0/24")
        try:
            postgres.start()
            sys.exit(not through(Path(place), network, postgres, wanted))
        finally:
            postgres.end()


def through(place: Path, network: Network, postgres: Postgres, wanted: argparse.Namespace) -> bool:
    """The whole of it; whether everything is as it should be."""
    targets = Targets(place / "target", wanted.seed, FAULTS)
    targets.state.mkdir(parents=True)
    url = postgres.create("cutover")
    folder = make_programme(place / "go", f"http://{network.address('target', SYSTEMS)}:{targets.port}")
    by_socket = f"postgresql://cutover@/cutover?host={postgres.folder}&port={postgres.port}"
    world = build_world(folder, settings=Settings(database_url=by_socket))
    fill(world, wanted.records)
    env = os.environ | {"CUTOVER_DATABASE_URL": url}
    now = world.clock.now()
    world.accounts.add("tova", "no password: signed in by the proof", now)
    site = Site(place, network, folder, env, world.accounts.sessions.open("tova", now))
    processes = [
        _target(network, targets, env, place),
        *(_worker(network, at, folder, env, place) for at in WORKERS),
    ]
    try:
        _opened(world, site)
        for process in processes:
            process.start()
        return cut_and_mended(world, network, targets, site, wanted)
    finally:
        for process in (*site.processes(), *processes):
            process.kill()
        world.engine.dispose()


def _target(network: Network, targets: Targets, env: dict[str, str], place: Path) -> Process:
    shares = [part for name, share in targets.faults.items() for part in (f"--{name}", share)]
    command = [
        sys.executable, "-m", "benchmarks.faulty_records", "--host", network.address("target", SYSTEMS), "--port", targets.port,
        "--state", targets.state, "--seed", targets.seed, *shares,
    ]  # fmt: skip
    return Process("on-target", [*network.on("target"), *command], env, place)


def _worker(network: Network, at: str, folder: Path, env: dict[str, str], place: Path) -> Process:
    cutover = Path(sys.executable).with_name("cutover")
    command = [cutover, "convert", "run", "--by", "tova", "--stay", "--batch", 20, "--programme", folder]
    return Process(f"on-{at}", [*network.on(at), *command], env, place)


def cut_and_mended(
    world: World, network: Network, targets: Targets, site: Site, wanted: argparse.Namespace
) -> bool:
    """The line of a worker, and then one of the web processes."""
    which = random.Random(wanted.seed).choice(WORKERS)
    _until(lambda: _there(targets) >= wanted.records // 3, lambda: _there(targets))
    at, began = _there(targets), time.monotonic()
    network.cut(which)
    watched = shown(world, site)
    print(f"{at} of {wanted.records} in the target: {which} is cut off from the database")
    _until(lambda: time.monotonic() - began > wanted.apart, lambda: int(time.monotonic() - began))
    # Cut off while it held the turn to write, it is let go of by the server after eight seconds: the others go on then.
    _until(lambda: _there(targets) > at, lambda: _there(targets))
    meanwhile, away = _there(targets) - at, time.monotonic() - began
    network.mend(which)
    print(f"{meanwhile} more while it was away for {away:.0f} s")
    _until(lambda: _open(world) == 0, lambda: _open(world))
    return _report(world, targets, wanted.records) and meanwhile > 0 and watched


def shown(world: World, site: Site) -> bool:
    """One web process is killed: whether every open page is told of news afterwards, too."""
    before = _all_told(world, site)
    again = site.came_back()
    site.webs[WEBS[0]].kill()
    _until(lambda: site.came_back() > again, site.came_back)
    after = _all_told(world, site)
    lost = site.came_back() - again
    print(f"{len(site.told())} open pages knew the news after {before:.1f} s; one of two web processes killed: {lost} had to come back, all knew it after {after:.1f} s")  # fmt: skip
    return 0 < lost < len(site.told()) * 2


def _opened(world: World, site: Site) -> None:
    """Both web processes, the proxy before them, and every page behind it."""
    for web in site.webs.values():
        web.start()
    _until(site.answers, lambda: 0)
    site.proxy.start()
    site.watchers.start()
    _all_told(world, site)


def _all_told(world: World, site: Site) -> float:
    """Seconds until every open page is told of how far the journal has come now."""
    began, head = time.monotonic(), world.journal.head().position
    _until(lambda: min(site.told()) >= head, lambda: sum(site.told()))
    return time.monotonic() - began


def _report(world: World, targets: Targets, records: int) -> bool:
    rows = Counter(serial for serial, _ in targets.rows())
    twice, checked = sum(n > 1 for n in rows.values()), world.journal.verify()
    figure("cut.lost", records - len(rows) + twice)
    print(f"{len(rows)} of {records} records in the target, {twice} twice; asked {targets.asked()} times")
    print(f"{checked.rows:,} facts: the chain {'holds' if checked.holds else checked.fault}")
    return len(rows) == records and not twice and checked.holds


def _there(targets: Targets) -> int:
    try:
        return targets.count()
    except sqlite3.OperationalError:  # its file or its tables are still to come
        return 0


def _open(world: World) -> int:
    """Sheets without an outcome."""
    return world.paper.count(("verified",))


def _until(there: Callable[[], bool], moves: Callable[[], int]) -> None:
    last, since = moves(), time.monotonic()
    while not there():
        time.sleep(0.2)
        if (now := moves()) != last:
            last, since = now, time.monotonic()
        if time.monotonic() - since > PATIENCE:
            raise SystemExit("nothing moves any more")


if __name__ == "__main__":
    main()
