"""A plan laid out once for paper, pictures and page: with its teams, its bands and its way back."""

from __future__ import annotations

from datetime import timedelta

from tests.runbooks.plotted import small

PLAN = small()


def test_nobody_does_two_things_at_once():
    """The team of one does Load and Count one after the other, though the plan would let them overlap."""
    load, count = PLAN.times["B"], PLAN.times["C"]
    assert load[1] <= count[0] or count[1] <= load[0]


def test_a_repair_that_nobody_needed_has_no_time():
    assert "R" not in PLAN.times


def test_what_decides_the_end_most_of_the_time_is_critical():
    assert [task for task in PLAN.times if PLAN.is_critical(task)] == ["A", "B", "C", "G", "O"]
    roomy = small(teams=[{"id": "data", "title": "Data migration", "capacity": 2}])
    assert not roomy.is_critical("C")


def test_the_way_back_is_as_stated_when_no_plan_says_more():
    assert PLAN.way_back == timedelta(hours=4)
    assert PLAN.latest_backout == PLAN.programme.closes - timedelta(hours=4)


def test_without_a_way_back_there_is_no_latest_moment():
    assert small(window={"opens": "2026-10-24T22:00", "closes": "2026-10-25T12:00"}).latest_backout is None
