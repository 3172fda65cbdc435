"""How planned times and people read on paper."""

from __future__ import annotations

from tests.runbooks.printing.paper import laid

PLAN = laid()
TASK = PLAN.runbook.by_id()


def test_times_carry_the_zone_and_a_night_carries_both_days():
    assert PLAN.when(TASK["P"]) == "23:30 BST – Sun 25 Oct 00:00 BST"
    assert PLAN.when(TASK["A"]) == "22:00 – 23:30 BST"


def test_a_task_over_the_clock_change_shows_both_abbreviations():
    """Three hours from 00:30 BST end at 02:30 GMT."""
    assert PLAN.when(TASK["L"]) == "00:30 BST – 02:30 GMT"


def test_a_repair_has_no_time_and_stands_after_its_gate():
    assert PLAN.when(TASK["F"]) == "only after a no at G"
    names = [task.id for task in PLAN.in_order()]
    assert names.index("F") > names.index("G")


def test_who_does_it_is_the_owner_with_deputy_and_team_else_the_team_else_the_software():
    assert PLAN.who(TASK["L"]) == "Bo Lindqvist, deputy Chen Wu · Data migration"
    assert PLAN.who(TASK["A"]) == "Data migration"
    assert PLAN.who(TASK["M"]) == "software"
    assert PLAN.who(TASK["G"]) == "decided by Asha Rahman, Chen Wu"


def test_what_comes_before_is_named_with_its_title():
    assert PLAN.before(TASK["G"]) == "P Count the packs"
