"""The critical path is the longest path that networkx finds in the same plan."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import networkx as nx
import pytest

from runbooks.domain.plan import Link, LinkKind, Task
from runbooks.domain.timing.network import schedule

OPENS = datetime(2026, 10, 23, 21, 0, tzinfo=UTC)


def random_plan(rnd: random.Random, kinds: tuple[LinkKind, ...], lag: int) -> list[Task]:
    """Lengths in milliseconds of up to eleven days, so that no two chains are equally long."""
    size, density = rnd.randint(2, 40), rnd.choice([0.05, 0.15, 0.5])
    made = []
    for i in range(size):
        links = [
            Link(task=f"T{j}", kind=rnd.choice(kinds), lag=timedelta(milliseconds=rnd.randint(-lag, lag)))
            for j in range(i)
            if rnd.random() < density
        ]
        made.append(
            Task(id=f"T{i}", title="t", after=links, duration=timedelta(milliseconds=rnd.randint(1, 10**9)))
        )
    rnd.shuffle(made)
    return made


def longest_path(plan: list[Task]) -> tuple[timedelta, tuple[str, ...]]:
    """What networkx finds in the graph of starts: an edge is as long as the one start is after the other."""
    lengths = {one.id: one.expected for one in plan}
    graph = nx.DiGraph()
    for one in plan:
        graph.add_edge(one.id, "end", weight=one.expected // timedelta(milliseconds=1))
        for link in one.after:
            apart = link.lag
            apart += lengths[link.task] if link.kind in (LinkKind.FS, LinkKind.FF) else timedelta(0)
            apart -= one.expected if link.kind in (LinkKind.FF, LinkKind.SF) else timedelta(0)
            graph.add_edge(link.task, one.id, weight=apart // timedelta(milliseconds=1))
    path = nx.dag_longest_path(graph, weight="weight")
    length = sum(graph[a][b]["weight"] for a, b in pairwise(path))
    return timedelta(milliseconds=length), tuple(path[:-1])


@pytest.mark.parametrize(("kinds", "lag"), [((LinkKind.FS,), 0), (tuple(LinkKind), 10**8)])
def test_the_critical_path_is_networkx_longest_path_on_a_thousand_random_plans(
    kinds: tuple[LinkKind, ...], lag: int
) -> None:
    rnd = random.Random(72)
    for _ in range(1000):
        plan = random_plan(rnd, kinds, lag)
        timing = schedule(plan, OPENS)
        assert (timing.finish - OPENS, timing.critical_path) == longest_path(plan)
