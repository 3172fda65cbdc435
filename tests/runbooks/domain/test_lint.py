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
    return Runbook(id="book", title="Book", backout="book-backout", tasks=tasks)


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


@pytest.mark.parametrize(
    ("at", "where"),
    [("2018-10-02T04:00", "before the window opens"), ("2031-01-01T00:00", "after the window closes")],
)
def test_a_fixed_start_of_another_year_is_told(at: str, where: str) -> None:
    found = [f for f in lint(book(sound("A", not_before=at)), PROGRAMME) if f.code == "outside_window"]
    assert [f.task for f in found] == ["A"]
    assert where in found[0].message


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


# --- people ---------------------------------------------------------------------------------------------


CREW = PROGRAMME.model_copy(
    update=Programme(
        title="Records",
        window={"opens": "2026-10-23T22:00", "closes": "2026-10-26T21:00"},
        teams=[
            {"id": "records", "title": "Records", "capacity": 2},
            {"id": "night", "title": "Night", "shifts": [
                {"begins": "2026-10-23T22:00", "ends": "2026-10-24T06:00", "capacity": 3}]},
        ],
        people=[
            {"id": "asha", "name": "Asha", "skills": ["dba"], "team": "records"},
            {"id": "bo", "name": "Bo", "team": "records", "shifts": [
                {"begins": "2026-10-23T22:00", "ends": "2026-10-24T02:00"}]},
        ],
        components=[
            {"id": "custody", "title": "Custody", "system": "new_custody"},
            {"id": "records", "title": "Records", "mode": "read_only", "system": "new_records"},
        ],
        calendars={"office": [{"days": "mon-fri", "opens": "08:00", "closes": "18:00"}]},
    ).__dict__
)  # fmt: skip


def test_an_owner_of_two_tasks_at_once_is_booked_twice_and_the_later_is_named() -> None:
    plan = (
        sound("A", owner="asha", duration="2h"),
        sound("B", owner="asha", start_offset="1h", after="A SS"),
        sound("C", "A", owner="asha"),
    )
    (found,) = [f for f in lint(book(*plan)) if f.code == "double_booked"]
    assert (found.task, found.message) == ("B", "asha is at A until 01 Jan 02:00Z")


def test_a_task_outside_its_owners_duty_is_named() -> None:
    plan = (sound("A", owner="bo", duration="4h"), sound("B", "A", owner="bo"), sound("C", "B", owner="asha"))
    assert codes(*plan, programme=CREW) == [("off_duty", "B")]


@pytest.mark.parametrize(
    ("fields", "fix"),
    [
        ({"skill": "dba", "owner": "bo"}, "asha can"),
        ({"skill": "dba", "team": "night"}, "asha can"),
        ({"skill": "dbaa"}, "give somebody the skill in programme.yaml, or correct `skill`"),
    ],
)
def test_a_skill_that_nobody_who_could_do_the_task_has_is_named(fields: dict[str, Any], fix: str) -> None:
    (found,) = lint(book(sound("A", **fields)), CREW)
    assert (found.code, found.fix) == ("no_skill", fix)


def test_a_skill_that_the_deputy_or_the_team_has_is_there() -> None:
    assert (
        codes(
            sound("A", skill="dba"), sound("B", "A", skill="dba", owner="bo", deputy="asha"), programme=CREW
        )
        == []
    )


# --- the programme --------------------------------------------------------------------------------------


def test_more_units_than_the_team_ever_has_can_never_be_done() -> None:
    plan = (sound("A", units=2), sound("B", "A", units=3, team="night"), sound("C", "B", units=3))
    assert codes(*plan, programme=CREW) == [("over_capacity", "C")]


def test_a_calendar_the_programme_does_not_have_is_named_and_one_it_has_is_kept_to() -> None:
    (unknown,) = lint(book(sound("A", calendar="offices")), CREW)
    assert (unknown.code, unknown.fix) == ("unknown_name", "did you mean 'office'?")
    monday = sound("A", duration="13h", calendar="office")
    (late,) = lint(book(monday), CREW)
    assert (late.code, late.message) == (
        "past_window",
        "ends 14h after the window closes, if all goes to plan",
    )


def test_a_deadline_that_the_plan_does_not_keep_is_told_by_how_much() -> None:
    plan = (sound("A", duration="2h"), sound("B", "A", deadline="2026-10-24T00:15Z"))
    (found,) = lint(book(*plan), CREW)
    assert (found.code, found.task) == ("past_deadline", "B")
    assert found.message == "ends 15m after its deadline, if all goes to plan"


def test_a_way_back_is_missed_where_there_is_a_point_of_no_return_and_only_there() -> None:
    plan = (
        sound("A"),
        sound("G", "A", type=TaskType.APPROVAL, gate=GATE),
        sound("P", "G", point_of_no_return=True),
    )
    (found,) = lint(book(*plan).model_copy(update={"backout": ""}))
    assert (found.code, found.task) == ("no_backout", "")
    assert lint(book(sound("A")).model_copy(update={"backout": ""})) == []


def test_a_way_back_that_is_no_runbook_is_an_error_with_the_nearest() -> None:
    (found,) = lint(book(sound("A")), PROGRAMME, runbooks=["book", "book-backuot"])
    assert (found.severity, found.code) == (Severity.ERROR, "unknown_backout")
    assert found.fix == "did you mean 'book-backuot'?"
    assert lint(book(sound("A")), PROGRAMME, runbooks=["book", "book-backout"]) == []


def test_a_backout_plan_needs_no_way_back_of_its_own() -> None:
    undo = sound("undo-A", title="Roll back the load", rollback="", undoes="A")
    assert codes(undo) == []


# --- modes ----------------------------------------------------------------------------------------------


def switch(name: str, after: str, to: str, component: str = "custody") -> Task:
    given = {"component": component, "to": to, "reason": "planned"}
    return auto(name, after, "mode", given)


def auto(name: str, after: str, kind: str, given: dict[str, Any], **fields: Any) -> Task:
    action = {"kind": kind, "with": given}
    return sound(name, after, type=TaskType.AUTOMATED, effect=Effect.PROBE, action=action, **fields)


@pytest.mark.parametrize(
    ("to", "touch", "message"),
    [
        ("dark", auto("T", "S", "http", {"system": "new_custody", "method": "GET", "path": "/"}), "asks custody, which is dark by then since S"),
        ("read_only", auto("T", "S", "http", {"system": "new_custody", "path": "/"}), "writes to custody, which is read_only by then since S"),
        ("paper", sound("T", "S", component="custody", title="Key the open logs into the system"), "reads like writing to custody, which is paper by then since S"),
        ("dark", auto("T", "S", "issue_paper", {"forms": {}}, component="custody"), "issues paper for custody, which is dark by then since S"),
        ("paper", switch("T", "S", "paper"), "switches to paper custody, which is paper by then since S"),
    ],
)  # fmt: skip
def test_a_touch_that_the_mode_of_that_moment_does_not_allow_is_named(
    to: str, touch: Task, message: str
) -> None:
    (found,) = lint(book(sound("A"), switch("S", "A", to), touch), CREW)
    assert (found.code, found.task, found.message) == ("wrong_mode", "T", message)


@pytest.mark.parametrize(
    "touch",
    [
        auto("T", "S", "http", {"system": "new_custody", "path": "/loads"}),
        auto("T", "S", "issue_paper", {"forms": {}}, component="custody"),
        sound("T", "S", component="custody", title="Log in to the paper register"),
        sound("T", "S", component="records", title="Tell the stations"),
        sound("T", "A", component="custody", title="Key the open logs into the system"),
    ],
)
def test_a_touch_that_the_mode_allows_is_not_named(touch: Task) -> None:
    """A load works on a component that is on paper; and before the switch the component is still live."""
    plan = (sound("A"), switch("S", "A", "paper"), touch)
    assert [c for c in codes(*plan, programme=CREW) if c[0] == "wrong_mode"] == []


def test_the_mode_a_component_begins_in_is_the_programmes() -> None:
    write = auto("T", "", "http", {"system": "new_records", "path": "/"})
    (found,) = lint(book(write), CREW)
    assert found.message == "writes to records, which is read_only by then"


# --- words ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Starts once the load of crimes is checked",
        'Needs "Load of crimes" to be green',
        "after Load  of CRIMES",
    ],
)
def test_a_task_spoken_of_by_its_title_is_suggested(text: str) -> None:
    plan = (sound("A"), sound("B", "A", title="Load of crimes"), sound("C", "A", description=text))
    (found,) = lint(book(*plan))
    assert (found.code, found.task) == ("hidden_dependency", "C")
    assert (found.message, found.fix) == (
        "its text says 'Load of crimes'",
        "add B to `after` if it has to wait",
    )


def test_a_title_that_two_tasks_share_or_that_follows_anyway_is_not_suggested() -> None:
    twice = (sound("A"), sound("B", "A", title="Count rows"), sound("C", "A", title="Count rows"))
    assert codes(*twice, sound("D", "A", description="after count rows")) == []
    assert codes(sound("A", description='then "Count rows"'), sound("B", "A", title="Count rows")) == []
