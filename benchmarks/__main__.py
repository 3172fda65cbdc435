"""Every benchmark by its name: what there is, a run at full or small size, its growth, and the table of what was seen last.

python -m benchmarks                      the list
python -m benchmarks run NAME… [--quick]  at full size, kept in results/; --quick: small, kept in build/ only
python -m benchmarks run --all [--quick]  every one, hours of a core at full size
python -m benchmarks grow [NAME…]         each of its sizes, for the drawings
python -m benchmarks table                RESULTS.md, the page of the numbers and the drawings, from results/
"""

from __future__ import annotations

import argparse
import sys

from benchmarks import running, table
from benchmarks.measuring import machine, tell
from benchmarks.registry import Benchmark, benchmarks, groups


def main(arguments: list[str]) -> int:
    asked = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked.add_argument("what", nargs="?", default="list", choices=("list", "run", "grow", "table"))
    asked.add_argument("names", nargs="*", metavar="NAME")
    asked.add_argument("--all", action="store_true", help="every benchmark there is")
    asked.add_argument("--quick", action="store_true", help="at a small size: that it runs, no result")
    given = asked.parse_args(arguments)
    if given.what == "list":
        return listed()
    if given.what == "table":
        table.write_all()
        return 0
    chosen = _chosen(given.names, every=given.all or (given.what == "grow" and not given.names))
    tell(machine())
    ended = [_done(one, given.what, quick=given.quick) for one in chosen]
    if not given.quick:
        table.write_all()
    return 0 if all(ended) else 1


def _done(one: Benchmark, what: str, *, quick: bool) -> bool:
    if lacking := running.missing(one):
        tell(f"== {one.name}: not run, {lacking} is not installed")
        return False
    return running.grow(one) if what == "grow" else running.run(one, quick=quick)


def _chosen(names: list[str], *, every: bool) -> list[Benchmark]:
    known = benchmarks()
    if strange := [name for name in names if name not in known]:
        raise SystemExit(f"no benchmark is named {', '.join(strange)}; there are {', '.join(known)}")
    if not names and not every:
        raise SystemExit("say which: NAME… or --all; `python -m benchmarks` lists them")
    return list(known.values()) if every else [known[name] for name in names]


def listed() -> int:
    for group in groups():
        tell(f"\n{group.group}")
        for one in group.benchmarks:
            peers = f" Beside {', '.join(one.peers)}." if one.peers else ""
            grows = f" Grows by {one.sizes.axis}." if one.sizes else ""
            tell(f"  {one.name:22} {one.minutes:>3g} min  {one.shows}.{peers}{grows}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
