"""The plan by name: followers and repairs are those that a search of the whole plan would find."""

from __future__ import annotations

from runbooks.domain.indexed import Indexed
from runbooks.domain.plan import Task

TASKS = [
    Task(id="a", title="a"),
    Task(id="b", title="b", after="a"),
    Task(id="g", title="g", type="approval", after="a, b"),
    Task(id="r", title="r", repairs="g"),
    Task(id="c", title="c", after="a SS, a FS+2h"),
]
PLAN = Indexed(TASKS)


def test_it_is_the_tasks_by_name_in_the_order_of_the_plan():
    assert list(PLAN) == ["a", "b", "g", "r", "c"]
    assert PLAN["b"] is TASKS[1]
    assert len(PLAN) == 5


def test_a_follower_is_named_once_however_many_links_it_has():
    assert PLAN.followers("a") == ("b", "g", "c")
    assert PLAN.followers("c") == ()


def test_repairs_are_those_of_their_gate():
    assert PLAN.repairs("g") == ("r",)
    assert PLAN.repairs("a") == ()
