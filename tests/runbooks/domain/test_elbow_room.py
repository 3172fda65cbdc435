"""The software begins no more than a team has hands for, and nothing whose resource somebody else holds."""

from __future__ import annotations

import pytest

from cutover.core.errors import Refused
from runbooks.domain.execution import next_actions
from tests.runbooks.plans import Bench, auto, gate, task


def due(bench: Bench) -> list[str]:
    return [one.task.id for one in next_actions(bench.state, bench.now)]


def test_a_team_of_two_begins_two_at_once_and_the_next_when_one_is_over() -> None:
    bench = Bench.of(*(auto(name, team="data") for name in "ABC"), auto("D"), capacity={"data": 2})
    assert due(bench) == ["A", "B", "D"]
    for name in ("A", "B", "D"):
        bench.begin(name)
    assert due(bench) == []
    bench.outcome("A")
    assert due(bench) == ["C"]


def test_a_person_s_task_takes_a_hand_and_a_waiting_gate_takes_none() -> None:
    bench = Bench.of(
        task("P", team="data"), gate("G", team="data"), auto("A", team="data"), capacity={"data": 1}
    )
    bench.claim("P")
    assert due(bench) == ["G"]
    bench.finish("P")
    assert due(bench) == ["G", "A"]


def test_what_needs_more_than_the_whole_team_begins_when_the_team_is_free() -> None:
    bench = Bench.of(auto("A", team="data", units=5), auto("B", team="data"), capacity={"data": 2})
    assert due(bench) == ["A"]


def test_a_resource_is_held_by_one_task_at_a_time_people_included() -> None:
    bench = Bench.of(auto("A", locks=("db",)), auto("B", locks=("tape", "db")), task("P", locks=("db",)))
    assert due(bench) == ["A"]
    bench.begin("A")
    with pytest.raises(Refused, match="P must wait: db is held by A"):
        bench.claim("P")
    bench.uncertain("A")
    with pytest.raises(Refused, match="P must wait: db is held by A"):
        bench.claim("P")
    bench.settle("A", happened=True)
    bench.claim("P")
    assert due(bench) == []
    with pytest.raises(Refused, match="B must wait: db is held by P"):
        bench.begin("B")


def test_a_run_that_was_started_without_capacities_is_not_held_back() -> None:
    assert due(Bench.of(*(auto(name, team="data") for name in "ABC"))) == ["A", "B", "C"]
