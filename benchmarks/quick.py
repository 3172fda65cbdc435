"""Has anything become slower beside its limit or its peer: a few ratios at a small size, in some minutes.

Each figure is CPU beside something else's CPU in the same run, so that it holds on any machine; a budget that was
passed by less than SLACK is the noise of a shared machine, more is a change. The full sizes are in `make bench`.

    python -m benchmarks.quick [NAME…]        exit 1 when a ratio is over its budget by more than the slack
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import bench_forecast, bench_import, bench_live, bench_network, bench_prober
from benchmarks.measuring import cost
from benchmarks.reconciliation import bench as reconciliation
from benchmarks.reconciliation.generate import make
from benchmarks.telling import figure

SLACK = 1.3
ROUNDS = 3


@dataclass(frozen=True)
class Guard:
    """One ratio, what it may be at most, and where that budget comes from."""

    name: str
    budget: float
    whence: str
    ratio: Callable[[], float]


def task_beside_bare() -> float:
    """An automated task, begun and done journalled with fsync, beside two bare commits."""
    pairs = [(bench_live.measured("inline", 300), bench_live.measured("bare", 300)) for _ in range(ROUNDS)]
    return statistics.median(ours / bare for ours, bare in pairs)


def probe_beside_blackbox() -> float:
    return bench_prober.bench_probes(1_000, ROUNDS)


def import_beside_openpyxl() -> float:
    """A workbook to a checked plan, beside openpyxl reading the cells alone."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "office.xlsx"
        bench_import.office_plan(file, 1_000)
        ours = cost(lambda: bench_import.import_runbook(file, zone="Europe/London"), ROUNDS)
        return ours / cost(lambda: bench_import.openpyxl_rows(file), ROUNDS)


def forecast_beside_numpy() -> float:
    """A capacity-aware forecast with criticality, beside the same draws and passes in bare numpy."""
    tasks, programme = bench_forecast.plan(500, 11)
    net = bench_forecast.network(tasks, bench_forecast.OPENS)
    steps = bench_forecast.walk(net, bench_forecast.staffing(net, tasks, programme))
    unknown = bench_forecast.doubt(net, tasks, teams=sorted({t.team for t in tasks}))

    def ours() -> object:
        return bench_forecast.forecast(
            tasks, bench_forecast.OPENS, seed=1, samples=SAMPLES, programme=programme
        )

    plain = cost(lambda: bench_forecast.bare(steps, unknown, SAMPLES), ROUNDS)
    return cost(ours, ROUNDS) / plain


def edit_beside_schedule() -> float:
    """The slowest impact of one edit on 5,000 tasks, beside laying the whole plan out."""
    tasks = bench_network.plan(5_000)
    laid = bench_network.lay_out(tasks, bench_network.OPENS)
    middle = max(row[1] for row in bench_network.measured(tasks, laid))
    return middle / cost(lambda: bench_network.schedule(tasks, bench_network.OPENS))


def reconciliation_beside_scan() -> float:
    """A million rows frozen, compared and classified, beside a bare scan-and-hash; every planted defect found."""
    with tempfile.TemporaryDirectory() as place:
        data = Path(place) / "data"
        made = make(data, 1_000_000)
        base = reconciliation.measured("limit", folder=str(data))["cpu"]
        seen = reconciliation.measured("whole", folder=str(data), state=str(Path(place) / "state"))
        assert not reconciliation.wrong(made, seen["outcome"])
        return float(seen["cpu"]) / float(base)


SAMPLES = 10_000
GUARDS = (
    Guard("task", 10.0, "of two bare SQLite commits", task_beside_bare),
    Guard("probe", 1.0, "of blackbox_exporter's probe", probe_beside_blackbox),
    Guard("import", 1.2, "of openpyxl reading the cells", import_beside_openpyxl),
    Guard("forecast", bench_forecast.BARE, "of the same passes in bare numpy", forecast_beside_numpy),
    Guard("edit", 0.3, "of laying the whole plan out", edit_beside_schedule),
    Guard("reconciliation", 4.0, "of a bare scan-and-hash of a million rows", reconciliation_beside_scan),
)


def main(wanted: list[str]) -> int:
    if unknown := set(wanted) - {g.name for g in GUARDS}:
        raise SystemExit(
            f"no guard is named {', '.join(sorted(unknown))}; there are {', '.join(g.name for g in GUARDS)}"
        )
    over = []
    print("| guard | ratio | budget | | seconds |\n|---|---|---|---|---|")
    for guard in GUARDS:
        if wanted and guard.name not in wanted:
            continue
        began = time.monotonic()
        ratio = guard.ratio()
        if ratio > guard.budget * SLACK:  # once more: a change stays, a neighbour's load does not
            ratio = min(ratio, guard.ratio())
        word = (
            "kept"
            if ratio <= guard.budget
            else "within the slack"
            if ratio <= guard.budget * SLACK
            else "OVER"
        )
        print(
            f"| {guard.name} | {ratio:.2f} | {guard.budget:g} {guard.whence} | {word} | {time.monotonic() - began:.0f} |",
            flush=True,
        )
        figure(f"quick.{guard.name}", ratio)
        over += [guard.name] if word == "OVER" else []
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
