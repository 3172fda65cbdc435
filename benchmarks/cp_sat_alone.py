"""CP-SAT by itself on the PSPLIB instances: no search before it, no hint; what `bench_levelling` is compared with.

    python -m benchmarks.cp_sat_alone [--seconds 10]

Two workers, so ten seconds are twenty core-seconds on a quiet machine. Prints the gap to the best known end.
"""

from __future__ import annotations

import argparse
import statistics
from collections import defaultdict

from ortools.sat.python import cp_model

from benchmarks.psplib import PERIOD, Instance, instances


def finish(one: Instance, seconds: float) -> int:
    """The end that the solver found, in periods."""
    net, crew = one.net, one.crew
    lengths = [length // PERIOD for length in net.lengths]
    model, horizon = cp_model.CpModel(), sum(lengths)
    starts = [model.new_int_var(0, horizon, "") for _ in lengths]
    spans = [
        model.new_fixed_size_interval_var(start, length, "")
        for start, length in zip(starts, lengths, strict=True)
    ]
    end = model.new_int_var(0, horizon, "")
    for i, ties in enumerate(net.ties):
        model.add(end >= starts[i] + lengths[i])
        for before, _, _ in ties:
            model.add(starts[i] >= starts[before] + lengths[before])
    for who, profile in enumerate(crew.capacity):
        wanted = [(i, units) for i, needs in enumerate(crew.needs) for one_, units in needs if one_ == who]
        model.add_cumulative([spans[i] for i, _ in wanted], [units for _, units in wanted], profile.most)
        model.add(profile.most * end >= sum(lengths[i] * units for i, units in wanted))
    model.minimize(end)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 2
    solver.parameters.max_time_in_seconds = seconds
    solver.solve(model)
    return round(solver.objective_value)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=float, default=10.0)
    seconds = asked.parse_args().seconds
    gaps: dict[str, list[float]] = defaultdict(list)
    for one in instances():
        gap = 100 * (finish(one, seconds) - one.best) / one.best
        gaps[one.set_].append(gap)
        print(f"{one.name}: {gap:.2f} %", flush=True)
    for name, found in gaps.items():
        print(f"{name}: mean {statistics.mean(found):.2f} %, max {max(found):.2f} %, {len(found)} instances")


if __name__ == "__main__":
    main()
