"""What the plan lacks: each lack is found where it is, and not where it is not."""

from __future__ import annotations

from typing import Any

import pytest

from cutover.core.errors import Invalid
from cutover.domain.programme import Programme
from runbooks.domain.lint import CODES, Severity, lint, summary
from runbooks.domain.plan import Effect, Runbook, Task, TaskGate, TaskType

GATE = TaskGate(
    criteria=({"id": "c", "title": "all there", "source": "reconcile:crimes"},), deciders=("chen",)
)
PROGRAMME = Programme(
    title="Records",
    zone="Europe/London",
    window={"opens": "2026-10-23T22:00", "closes": "2026-10-26T21:00"},
    teams=[{"id": "records", "title": "Records"}],
    people=[{"id": "asha", "name": "Asha"}, {"id": "bo", "name": "Bo"}],
    components=[{"id": "custody", "title": "Custody"}],
)


def sound(name: str, after: str = "", **fields: Any) -> Task:
    """A task that lacks nothing."""
    whole = {"duration": "30m", "team": "records", "verify": "count it", "rollback": "nothing to undo"}
    return Task(**{"id": name, "title": name, "after": after, **whole, **fields})


def book(*tasks: Task) -> Runbook:
    return Runbook(id="book", title="Book", tasks=tasks)


def codes(*tasks: Task, programme: Programme | None = None) -> list[tuple[str, str]]:
    return [(f.code, f.task) for f in lint(book(*tasks), programme)]


def test_a_sound_plan_lacks_nothing() -> None:
    plan = (
        sound("A"),
        sound("G", "A", type=TaskType.APPROVAL, gate=GATE),
        sound("P", "G", point_of_no_return=True),
        sound("C", "P", type=TaskType.COMMS, audience="stations"),
        sound("X", "C", type=TaskType.AUTOMATED, action={"kind": "http"}, effect=Effect.PROBE),
        sound("M", "X", type=TaskType.MILESTONE, duration=None),
        sound("R", repairs="G"),
    )
    assert codes(*plan, programme=PROGRAMME) == []


@pytest.mark.parametrize(
    ("lacks", "fields"),
    [
        ("no_duration", {"duration": None}),
        ("no_owner", {"team": ""}),
        ("no_verify", {"verify": ""}),
        ("no_rollback", {"rollback": ""}),
        ("no_predecessor", {"after": ""}),
        ("clock_only", {"after": "", "start_offset": "2h"}),
        ("clock_only", {"after": "", "not_before": "2026-10-24T09:00Z"}),
        ("no_action", {"type": TaskType.AUTOMATED, "effect": Effect.PROBE}),
        ("no_effect", {"type": TaskType.AUTOMATED, "action": {"kind": "http"}}),
        ("no_audience", {"type": TaskType.COMMS}),
        ("unguarded_point_of_no_return", {"point_of_no_return": True}),
        ("way_back", {"title": "Roll back the load"}),
        ("hidden_dependency", {"title": "Open custody after step C-3"}),
    ],
)
def test_one_lack_is_one_finding(lacks: str, fields: dict[str, Any]) -> None:
    plan = (sound("A"), sound("C-3", "A"), sound("T", **{"after": "A", **fields}))
    assert codes(*plan) == [(lacks, "T")]


def test_a_gate_needs_deciders_criteria_and_somebody_who_waits_for_it() -> None:
    nobody = sound("G", "A", type=TaskType.APPROVAL)
    bare = sound("H", "G", type=TaskType.APPROVAL, gate=TaskGate(deciders=("chen",)))
    assert codes(sound("A"), nobody, bare.model_copy(update={"team": ""})) == [
        ("no_decider", "G"),
        ("no_criteria", "H"),
        ("dangling_gate", "H"),
    ]


def test_a_gate_far_before_the_point_of_no_return_guards_it() -> None:
    gate = sound("G", "A", type=TaskType.APPROVAL, gate=GATE)
    assert (
        codes(sound("A"), gate, sound("B", "G"), sound("C", "B"), sound("P", "C", point_of_no_return=True))
        == []
    )


def test_a_validation_that_follows_verifies() -> None:
    assert codes(sound("A", verify=""), sound("V", "A", type=TaskType.VALIDATION)) == []


def test_a_task_of_the_way_back_that_is_conditional_is_in_its_place() -> None:
    assert codes(sound("A"), sound("B", "A", title="Roll back the load", conditional=True)) == []


@pytest.mark.parametrize("text", ["after lunch", "after step 9", "once A is done", "after C-3"])
def test_only_a_task_of_this_plan_that_is_not_yet_waited_for_is_suggested(text: str) -> None:
    plan = (sound("A"), sound("C-3", "A"), sound("T", "A, C-3", description=text))
    assert codes(*plan) == []


def test_a_hidden_dependency_is_suggested_with_the_words_that_hide_it() -> None:
    (found,) = lint(
        book(sound("1"), sound("2", "1"), sound("3", "1", description="Start once task 2 is over"))
    )
    assert (found.severity, found.message) == (Severity.INFO, "its text says 'once task 2'")
    assert found.fix == "add 2 to `after` if it has to wait"


def test_one_person_with_many_tasks_and_no_deputy_is_a_single_point_of_failure() -> None:
    chain = [sound(f"T{i}", f"T{i - 1}" if i else "", owner="asha") for i in range(3)]
    (found,) = lint(book(*chain))
    assert (found.code, found.message) == ("single_person", "asha owns 3 tasks without a deputy")
    assert codes(*(t.model_copy(update={"deputy": "bo"}) for t in chain)) == []


def test_a_person_booked_for_more_than_twelve_hours_without_rest_is_named() -> None:
    a, b, c = (
        sound("A", owner="asha", duration="7h"),
        sound("B", "A", duration="2h"),
        sound("C", "B", owner="asha", duration="4h"),
    )
    (found,) = lint(book(a, b, c))
    assert found.code == "long_shift"
    assert found.message.startswith("asha works 13h without 11h of rest, from ")


def test_a_night_of_rest_ends_a_stretch_of_work() -> None:
    a, b, c = (
        sound("A", owner="asha", duration="7h"),
        sound("B", "A", duration="11h"),
        sound("C", "B", owner="asha", duration="7h"),
    )
    assert codes(a, b, c) == []


def test_a_name_the_programme_does_not_know_is_shown_with_the_nearest() -> None:
    (found,) = lint(book(sound("A", team="record")), PROGRAMME)
    assert (found.message, found.fix) == ("team 'record' is not in the programme", "did you mean 'records'?")


def test_a_plan_longer_than_the_window_is_told_by_how_much() -> None:
    (found,) = lint(book(sound("A", duration="73h")), PROGRAMME)
    assert (found.code, found.message) == (
        "past_window",
        "ends 1h after the window closes, if all goes to plan",
    )


def test_the_gravest_comes_first_and_the_plans_order_next() -> None:
    plan = (
        sound("A", duration=None),
        sound("B", "A", type=TaskType.AUTOMATED, effect=Effect.PROBE, duration=None),
    )
    assert codes(*plan) == [("no_action", "B"), ("no_duration", "A"), ("no_duration", "B")]


def test_the_summary_counts_each_kind_of_lack() -> None:
    plan = book(*(Task(id=f"T{i}", title="t", after=f"T{i - 1}" if i else "") for i in range(144)))
    lines = summary(plan, lint(plan))
    assert "warning: 144 of 144 tasks have no duration" in lines
    assert "warning: 144 of 144 tasks have neither owner nor team" in lines


def test_a_faulty_plan_is_not_linted_but_refused() -> None:
    with pytest.raises(Invalid, match="wait for each other"):
        lint(book(sound("A", "B"), sound("B", "A")))


def test_every_code_says_something() -> None:
    assert all(words and severity in Severity for severity, words in CODES.values())
