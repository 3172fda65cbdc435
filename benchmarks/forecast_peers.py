"""One deterministic pass over the same network by packages that do critical paths; run by their own interpreter.

    PYTHON -m benchmarks.forecast_peers < network.json

Needs nothing of cutover. Prints one JSON line: package and version -> CPU milliseconds a pass (the quickest of a few), or
a sample of those that simulate.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version
from typing import Any

Network = tuple[list[float], list[tuple[int, int]]]  # hours by task, finish-to-start links


def longpath(hours: list[float], links: list[tuple[int, int]]) -> Callable[[], object]:
    from longpath import calendars, cpm, model

    round_the_clock = calendars.WorkCalendar("c", "always", [[(0, 1440)]] * 7)
    options = cpm.CpmOptions()

    def once() -> object:
        project = model.Project("p", "p", "p", data_date=datetime(2026, 10, 23, 21), default_calendar="c")  # noqa: DTZ001
        project.activities = {
            str(i): model.Activity(str(i), str(i), str(i), calendar_id="c", orig_dur_h=h, rem_dur_h=h)
            for i, h in enumerate(hours)
        }
        project.relationships = [model.Relationship(str(a), str(b)) for a, b in links]
        return cpm.run(project, {"c": round_the_clock}, options)

    return once


def calrcpsp(hours: list[float], links: list[tuple[int, int]]) -> Callable[[], object]:
    import numpy as np
    from calrcpsp import maxplus
    from calrcpsp.instance import CalendarSpec, Instance, Task

    def once() -> object:
        tasks = tuple(Task(str(i), "t", h) for i, h in enumerate(hours))
        edges = tuple((str(a), str(b)) for a, b in links)
        instance = Instance("s", tasks, edges, (), CalendarSpec("c", ()))
        matrix, order = maxplus.build_precedence_matrix(instance), maxplus.topological_order(instance)
        starts = maxplus.earliest_start_times(matrix, order)
        durations = np.array(hours)
        return maxplus.latest_start_times(matrix, order, durations, float((starts + durations).max()))

    return once


def pyjobshop(hours: list[float], links: list[tuple[int, int]]) -> Callable[[], object]:
    from pyjobshop import Model

    def once() -> object:
        book = Model()
        nobody = book.add_renewable(capacity=0)
        tasks = [book.add_task() for _ in hours]
        for task, h in zip(tasks, hours, strict=True):
            book.add_mode(task, [nobody], duration=round(h * 60), demands=[0])
        for a, b in links:
            book.add_end_before_start(tasks[a], tasks[b])
        return book.solve(display=False, time_limit=60)

    return once


def milliseconds(work: Callable[[], object], times: int) -> float:
    spent = []
    for _ in range(times):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return min(spent) * 1e3


def pmcontrols(guesses: Guesses, links: Links) -> Callable[[], object]:
    """Monte Carlo with criticality, PERT-beta, every task by itself; no teams."""
    from pmcontrols.network import pert

    before: dict[int, list[str]] = {}
    for a, b in links:
        before.setdefault(b, []).append(str(a))
    activities = [
        {"id": str(i), "predecessors": before.get(i, []), "a": low, "m": likely, "b": high}
        for i, (low, likely, high) in enumerate(guesses)
    ]
    return lambda: pert(activities, n_sim=SAMPLES["pmcontrols"], seed=1)


def planaco(guesses: Guesses, links: Links) -> Callable[[], object]:
    """Monte Carlo of the finish, triangular, a sample at a time; no teams, no criticality."""
    from planaco import Project, Task

    before: dict[int, list[int]] = {}
    for a, b in links:
        before.setdefault(b, []).append(a)
    tasks = [
        Task(name=str(i), min_duration=low, mode_duration=likely, max_duration=high)
        for i, (low, likely, high) in enumerate(guesses)
    ]

    def once() -> object:
        project = Project(name="p", unit="hours")
        for i, task in enumerate(tasks):
            project.add_task(task, depends_on=[tasks[b] for b in before.get(i, [])] or None)
        return project.statistics(n=SAMPLES["planaco"])

    return once


def main() -> None:
    asked: dict[str, Any] = json.load(sys.stdin)
    links = [(a, b) for a, b in asked["links"]]
    found: dict[str, float] = {}
    for name, build, times in PASSES:
        found[f"{name} {version(name)}"] = milliseconds(build(asked["hours"], links), times)
    for name, simulate in SIMULATIONS:
        found[f"{name} {version(name)}"] = milliseconds(simulate(asked["guesses"], links), 2) / SAMPLES[name]
    print(json.dumps(found))


Guesses = list[tuple[float, float, float]]  # hours: low, likely, high
Links = list[tuple[int, int]]
SAMPLES = {"pmcontrols": 10_000, "planaco": 100}
PASSES = (("longpath", longpath, 7), ("calrcpsp", calrcpsp, 3), ("pyjobshop", pyjobshop, 3))
SIMULATIONS = (("pmcontrols", pmcontrols), ("planaco", planaco))

if __name__ == "__main__":
    main()
