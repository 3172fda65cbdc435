"""Levelling: how far from the best known, how soon proven, and never a schedule that breaks a rule.

    python -m benchmarks.bench_levelling [--quick]

PSPLIB is read in place from ../shared/data/psplib and skipped where it is absent; the cutover-like plans are
seeded (random layers, each task one unit of one team, five-minute grid). All budgets are CPU seconds of the
process, all threads together, because the machine is shared.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from benchmarks.psplib import PERIOD, instances
from benchmarks.telling import figure
from cutover import __version__
from cutover.core.errors import Unavailable
from cutover.domain.programme import Programme
from runbooks.domain.capacity.crew import Crew, crew
from runbooks.domain.capacity.levelling import level
from runbooks.domain.capacity.placing import Levelled
from runbooks.domain.capacity.resequencing import Solved
from runbooks.domain.capacity.verifier import faults_of
from runbooks.domain.plan import Task
from runbooks.domain.timing.network import Network, network
from runbooks.leveller import LEVEL, SEED, solve_exactly
from runbooks.optimise import solver_library

EXACT = 20.0  # core-seconds for the solver
PLANS = ((100, 6), (300, 10))  # tasks, teams
SEEDS = range(1, 6)
TARGETS = {"j30": ("1", "0.00"), "j60": ("3.4", "0.7"), "j120": ("7.2", "4.0")}


@dataclass(frozen=True)
class Case:
    """One plan: its group, and the end it is measured against (None: the best that this run proves)."""

    group: str
    name: str
    net: Network
    crew: Crew
    best: int | None


@dataclass(frozen=True)
class Outcome:
    case: Case
    level: Levelled
    level_cpu: float
    solved: Solved | None
    solved_cpu: float

    @property
    def broken(self) -> int:
        """How many schedules broke a rule."""
        plans = [self.level, *([self.solved.plan] if self.solved else [])]
        return sum(bool(faults_of(self.case.net, self.case.crew, plan)) for plan in plans)

    def gap(self, plan: Levelled) -> float:
        """Per cent above the best known, or above the solver's bound."""
        best = (
            self.case.best
            if self.case.best is not None
            else self.solved.bound
            if self.solved
            else plan.finish
        )
        return 100 * (plan.finish / best - 1)


def cpu(span: float) -> Callable[[], bool]:
    until = time.process_time() + span
    return lambda: time.process_time() < until


def library() -> Iterator[Case]:
    for one in instances():
        yield Case(one.set_, one.name, one.net, one.crew, one.best * PERIOD)


def cutovers() -> Iterator[Case]:
    for tasks, teams in PLANS:
        for seed in SEEDS:
            plan, programme = cutover_like(tasks, teams, seed)
            net = network(plan, programme.opens)
            yield Case(f"{tasks} tasks", f"seed {seed}", net, crew(net, plan, programme), None)


def cutover_like(tasks: int, teams: int, seed: int) -> tuple[list[Task], Programme]:
    """Layers of tasks of 5 minutes to 2 hours, each after up to three of the two layers before, teams of 1 to 3."""
    generator = np.random.default_rng(seed)
    layer = np.sort(generator.integers(0, max(3, int(tasks**0.5)), tasks))
    plan = []
    for i in range(tasks):
        before = [j for j in range(i) if 0 < layer[i] - layer[j] <= 2]
        count = min(len(before), int(generator.integers(1, 4)))
        after = [f"T{j}" for j in generator.choice(before, count, replace=False)] if count else []
        one = {
            "id": f"T{i}",
            "title": f"Task {i}",
            "team": f"team{generator.integers(teams)}",
            "after": after,
        }
        plan.append(Task.model_validate({**one, "duration": int(5 * generator.integers(1, 25))}))
    staff = [
        {"id": f"team{t}", "title": f"Team {t}", "capacity": int(generator.integers(1, 4))}
        for t in range(teams)
    ]
    window = {"opens": "2026-10-23T21:00Z", "closes": "2026-10-26T21:00Z"}
    return plan, Programme.model_validate({"title": "A cutover", "window": window, "teams": staff})


def measured(case: Case, *, exact: float) -> Outcome:
    begun = time.process_time()
    found = level(case.net, case.crew, seed=SEED, keep_going=cpu(LEVEL))
    level_cpu = time.process_time() - begun
    if not exact:
        return Outcome(case, found, level_cpu, None, 0.0)
    begun = time.process_time()
    solved = solve_exactly(case.net, case.crew, exact, time.process_time)
    return Outcome(case, found, level_cpu, solved, time.process_time() - begun)


def library_table(done: list[Outcome]) -> list[str]:
    lines = [
        f"| set | instances | core, {LEVEL:.0f} CPU s: mean gap % (max) | target | optimise, {EXACT:.0f} core-s: mean gap % (max) | target | proven | broken rules |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for group in dict.fromkeys(one.case.group for one in done):
        ours = [one for one in done if one.case.group == group]
        core, exact = TARGETS.get(group, ("", ""))
        figure(f"levelling.core.{group}", statistics.fmean(o.gap(o.level) for o in ours))
        if solved := [o.gap(o.solved.plan) for o in ours if o.solved]:
            figure(f"levelling.exact.{group}", statistics.fmean(solved))
        lines.append(
            f"| {group} | {len(ours)} | {_gaps([o.gap(o.level) for o in ours])} | <= {core} "
            f"| {_gaps([o.gap(o.solved.plan) for o in ours if o.solved])} | <= {exact} "
            f"| {sum(bool(o.solved and o.solved.proven) for o in ours)} | {sum(o.broken for o in ours)} |"
        )
    return lines


def cutover_table(done: list[Outcome]) -> list[str]:
    lines = [
        "| plan | plans | optimum proven | core-s to the proof: median (max) | core: % above the bound, mean (max) | broken rules |",
        "|---|---|---|---|---|---|",
    ]
    for group in dict.fromkeys(one.case.group for one in done):
        ours = [one for one in done if one.case.group == group]
        took = [o.solved_cpu for o in ours if o.solved]
        size = group.partition(" ")[0]
        figure(f"levelling.above.{size}", statistics.fmean(o.gap(o.level) for o in ours))
        if took:
            figure(f"levelling.proof.{size}", max(took))
            figure(f"levelling.unproven.{size}", sum(not (o.solved and o.solved.proven) for o in ours))
        proof = f"{statistics.median(took):.2f} ({max(took):.2f})" if took else "skipped: not installed"
        lines.append(
            f"| {group} | {len(ours)} | {sum(bool(o.solved and o.solved.proven) for o in ours)} | {proof} "
            f"| {_gaps([o.gap(o.level) for o in ours])} | {sum(o.broken for o in ours)} |"
        )
    return lines


def _gaps(gaps: list[float]) -> str:
    return f"{statistics.fmean(gaps):.2f} ({max(gaps):.2f})" if gaps else "skipped: not installed"


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Levelling against the best known, and how soon it is proven."
    )
    parser.add_argument("--quick", action="store_true", help="the search alone, without the solver")
    asked = parser.parse_args()
    exact = 0.0 if asked.quick or not _warm() else EXACT
    broken = 0
    lines = [f"### Levelling, {datetime.now(UTC):%Y-%m-%d}", "", _versions(), ""]
    for cases, table in ((list(cutovers()), cutover_table), (list(library()), library_table)):
        done = [_told(measured(case, exact=exact)) for case in cases]
        broken += sum(one.broken for one in done)
        lines += [*(table(done) if done else ["PSPLIB: skipped, not found beside the project"]), ""]
    figure("levelling.broken", broken)
    print("\n".join(lines))
    return 0


def _told(one: Outcome) -> Outcome:
    best = f"{one.gap(one.solved.plan):.2f} % in {one.solved_cpu:.2f} core-s" if one.solved else ""
    print(
        f"{one.case.group} {one.case.name}: {one.gap(one.level):.2f} % in {one.level_cpu:.2f} s; {best}",
        flush=True,
    )
    return one


def _warm() -> bool:
    """Import the solver before anything is measured."""
    try:
        solver_library()
    except Unavailable:
        return False
    return True


def _versions() -> str:
    try:
        solver = f"OR-Tools {version('ortools')}"
    except PackageNotFoundError:
        solver = "OR-Tools not installed"
    return f"cutover {__version__}, Python {platform.python_version()}, numpy {np.__version__}, {solver}, {platform.machine()}."


if __name__ == "__main__":
    sys.exit(main())
