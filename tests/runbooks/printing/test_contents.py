"""What stands on the pages, before it is set."""

from __future__ import annotations

from typing import Any

from runbooks.printing.codes import plan_version, read_code
from runbooks.printing.contents import contents
from runbooks.printing.packs import Kind, pack_of
from tests.runbooks.printing.paper import KEY, PRINTED, laid, whole

PLAN = laid()


def page(kind: Kind = Kind.WHOLE, name: str = "") -> dict[str, Any]:
    return contents(PLAN, pack_of(PLAN, kind, name), KEY, PRINTED.at)


def tasks(made: dict[str, Any]) -> dict[str, Any]:
    return {task["id"]: task for day in made["days"] for task in day["tasks"]}


def test_the_foot_names_plan_version_and_print_time_with_its_zone():
    assert page()["foot"] == f"plan small {plan_version(PLAN.runbook)} · printed Thu 01 Oct 2026 10:30 BST"


def test_tasks_stand_under_their_day():
    days = [(day["day"], [task["id"] for task in day["tasks"]]) for day in page()["days"]]
    assert days == [
        ("Saturday 24 October 2026", ["A", "P", "Q"]),
        ("Sunday 25 October 2026", ["G", "F", "L", "M"]),
    ]


def test_every_line_has_a_code_of_its_own_that_leads_back_to_the_task():
    for name, task in tasks(page()).items():
        assert read_code(task["code"], KEY).task == name


def test_no_code_names_a_person():
    """Not even the pack of a person."""
    for task in tasks(page(Kind.PERSON, "bo")).values():
        assert "bo" not in task["code"].casefold().split(":")
        assert task["serial"].startswith("P")


def test_a_task_says_how_it_is_verified_undone_and_what_waits_for_it():
    lines = dict(tasks(page())["A"]["lines"])
    assert lines == {
        "Do": "First line\nsecond line",
        "Verify": "A test write is refused",
        "Undo": "Unfreeze (takes 15m)",
        "Then": "P Count the packs (Station leads); Q Empty the safe (Station leads)",
    }


def test_a_decision_rule_says_criteria_deciders_deadline_and_what_silence_means():
    (rule,) = page()["rules"]
    assert rule["needs"] == "2 of 2 must say GO, each for themselves; one NO GO is enough to stop"
    assert rule["silence"] == "silence counts as NO GO"
    assert rule["decide_by"] == "Sun 25 Oct 01:00 BST"
    assert rule["criteria"] == [
        ["Packs are counted", "task P: Count the packs, not older than 2h"],
        ["Nobody objects", "the word of Chen Wu"],
    ]
    assert rule["deciders"] == ["Asha Rahman, 07700 900001", "Chen Wu, 07700 900003"]
    assert "F Mend it" in rule["no"]


def test_the_way_back_says_until_when_and_from_where_there_is_none():
    latest, no_return, strict = page()["back"]
    assert latest.startswith("Latest safe backout: Sun 25 Oct 17:00 GMT. The way back takes 4h")
    assert no_return.startswith("Point of no return: L Load")
    assert "is a no" in strict


def test_a_pack_carries_only_the_gates_that_concern_it():
    assert page(Kind.STREAM, "freeze")["rules"] == []
    assert [rule["id"] for rule in page(Kind.STREAM, "load")["rules"]] == ["G"]


def test_a_plan_without_a_way_back_names_none():
    plan = laid(window={"opens": "2026-10-24T22:00", "closes": "2026-10-25T21:00"})
    plan = type(plan)(plan.runbook, plan.programme, plan.times, plan.critical)
    made = contents(plan, whole(plan), KEY, PRINTED.at)
    assert not any("Latest safe backout" in line for line in made["back"])
    assert "Latest safe backout" not in dict(made["facts"])
