"""A plan keeps its levelled order as predecessors, and can lose it again."""

from __future__ import annotations

from runbooks.domain.capacity.handovers import kept, loosened
from tests.runbooks.plans import task

PLAN = (task("A"), task("B", "A"), task("C", "A SS"))


def test_handovers_become_predecessors_and_are_noted() -> None:
    _, b, c = kept(PLAN, [("B", "C"), ("A", "C")])
    assert [str(link) for link in c.after] == ["A SS", "B", "A"]
    assert c.custom == {"levelled": "B A"}
    assert b == PLAN[1]


def test_a_predecessor_that_is_there_is_not_added_twice() -> None:
    assert kept(PLAN, [("A", "B")]) == PLAN


def test_levelling_again_replaces_what_the_last_one_added() -> None:
    first = kept(PLAN, [("B", "C")])
    assert loosened(first) == PLAN
    assert kept(first, []) == PLAN
