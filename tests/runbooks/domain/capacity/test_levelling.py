"""Levelling: never more people than there are, never better than the best there is, and links that keep the order."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from cutover.core.errors import Invalid
from runbooks.domain.capacity.bounds import lower_bound
from runbooks.domain.capacity.handovers import kept
from runbooks.domain.capacity.levelling import dispatch, holds, in_order, level, resource_links
from runbooks.domain.capacity.placing import Levelled
from runbooks.domain.capacity.verifier import faults_of
from runbooks.domain.timing.network import forward, network
from tests.runbooks.domain.crews import (
    HOUR,
    MINUTE,
    Staffed,
    after,
    hard_plans,
    on_shift,
    plain_plans,
    programme,
    shortest,
    staffed,
    times,
)
from tests.runbooks.plans import task


def levelled(plan: Staffed, tries: int = 30) -> Levelled:
    return level(plan.net, plan.crew, seed=1, keep_going=times(tries))


def test_a_team_of_one_does_one_task_after_the_other() -> None:
    plan = staffed(task("A", team="data"), task("B", team="data"))
    assert levelled(plan).finish == 2 * HOUR


def test_a_team_of_two_does_two_at_once_and_one_that_takes_both_waits() -> None:
    plan = staffed(task("A", team="ops"), task("B", team="ops"), task("C", team="ops", units=2))
    assert levelled(plan).finish == 2 * HOUR


def test_the_urgent_task_goes_first() -> None:
    plan = staffed(task("A", team="data"), task("B", team="data"), task("C", "B", duration="5h"))
    assert dispatch(plan.net, plan.crew).starts[plan.at("B")] == 0


def test_a_person_does_one_thing_at_a_time_whatever_the_team() -> None:
    plan = staffed(task("A", owner="bo"), task("B", owner="bo", team="ops"))
    assert levelled(plan).finish == 2 * HOUR


def test_the_deputy_takes_over_while_the_owner_is_busy() -> None:
    plan = staffed(task("A", owner="bo", duration="3h"), task("B", owner="bo", deputy="chen"))
    found = levelled(plan)
    assert found.finish == 3 * HOUR
    assert plan.crew.names[found.who[plan.at("B")]] == "chen"


def test_a_task_that_asks_for_a_skill_is_given_to_whoever_has_it() -> None:
    plan = staffed(task("A", owner="bo"), task("B", skill="restore"))
    found = levelled(plan)
    assert found.finish == HOUR
    assert plan.crew.names[found.who[plan.at("B")]] == "chen"


def test_work_waits_for_the_shift() -> None:
    assert levelled(staffed(task("A", team="data"), among=on_shift())).starts == (9 * HOUR,)


def test_nobody_works_past_twelve_hours_without_eleven_of_rest() -> None:
    plan = staffed(task("A", owner="bo", duration="8h"), task("B", "A", owner="bo", duration="5h"))
    assert levelled(plan).starts == (0, 19 * HOUR)


def test_one_long_task_is_not_cut_and_stands_alone_in_its_duty() -> None:
    plan = staffed(task("A", owner="bo", duration="14h"), task("B", "A", owner="bo"))
    assert levelled(plan).starts == (0, 25 * HOUR)


def test_a_calendar_s_task_holds_nobody_outside_its_hours() -> None:
    people = programme(
        zone="UTC",
        window={"opens": "2026-10-23T17:00", "closes": "2026-10-26T21:00"},
        calendars={"office": [{"opens": "08:00", "closes": "18:00"}]},
    )
    plan = staffed(
        task("A", team="data", calendar="office", duration="2h"),
        task("B", team="data", duration="3h", start_offset="1h"),
        among=people,
    )
    found = levelled(plan)
    assert (found.starts[plan.at("A")], found.ends[plan.at("A")]) == (0, 16 * HOUR)
    assert found.starts[plan.at("B")] == HOUR


def test_what_has_begun_stays_and_holds_its_team_until_it_ends() -> None:
    plan = staffed(
        task("A", team="data"), task("B", team="data"), actuals={"A": (after(0), None)}, now=after(2)
    )
    found = levelled(plan)
    assert (found.starts[plan.at("A")], found.ends[plan.at("A")]) == (0, 2 * HOUR)
    assert found.starts[plan.at("B")] == 2 * HOUR


def test_a_running_task_that_a_link_keeps_longer_holds_its_team_longer() -> None:
    plan = staffed(
        task("A", team="ops", duration="4h"),
        task("B", "A FF", team="data"),
        task("C", team="data"),
        actuals={"B": (after(0), None)},
        now=after(1),
    )
    found = levelled(plan)
    assert found.ends[plan.at("B")] == found.ends[plan.at("A")]
    assert not faults_of(plan.net, plan.crew, found)


def test_software_waiting_and_milestones_take_nobody() -> None:
    plan = staffed(*(task(k, type=k, team="data") for k in ("milestone", "wait")), task("A", team="data"))
    assert levelled(plan).finish == HOUR


def test_more_units_than_there_ever_are_is_said_and_not_scheduled() -> None:
    plan = staffed(task("A", team="ops", units=3))
    with pytest.raises(Invalid, match="A: takes 3 of ops, who are never more than 2"):
        levelled(plan)


def test_a_task_longer_than_every_shift_is_said_and_not_scheduled() -> None:
    plan = staffed(task("A", team="data", duration="13h"), among=on_shift())
    with pytest.raises(Invalid, match="no shift of data is left that is long enough"):
        levelled(plan)


def test_a_shift_too_short_for_the_urgent_order_is_filled_in_another() -> None:
    """Urgent first leaves the two-hour gap before the break to nobody."""
    shifts = [
        {"begins": "2026-10-23T21:00Z", "ends": "2026-10-24T00:00Z"},
        {"begins": "2026-10-24T01:00Z", "ends": "2026-10-24T03:00Z"},
    ]
    people = programme(teams=[{"id": "data", "title": "Data", "shifts": shifts}], people=[])
    plan = staffed(
        task("A", team="data", duration="2h"),
        task("B", team="data", duration="3h"),
        task("X", "A", duration="9h"),
        among=people,
    )
    with pytest.raises(Invalid):
        dispatch(plan.net, plan.crew)
    found = levelled(plan)
    assert faults_of(plan.net, plan.crew, found) == []
    assert found.starts[plan.at("A")] == 4 * HOUR


def test_the_same_seed_finds_the_same_plan() -> None:
    plan = staffed(*(task(f"T{n}", team="data", duration=f"{n % 3 + 1}h") for n in range(9)), task("X", "T3"))
    assert levelled(plan) == levelled(plan)


def test_a_handover_is_an_end_that_frees_somebody() -> None:
    plan = staffed(task("A", team="data"), task("B", team="data"))
    assert resource_links(plan.net, plan.crew, levelled(plan)) == ((0, 1),)


@given(plain_plans())
@settings(max_examples=150, deadline=None)
def test_no_plan_breaks_a_rule_or_beats_the_optimum(plan: Staffed) -> None:
    best = shortest(plan)
    assert lower_bound(plan.net, plan.crew) <= best
    for found in (dispatch(plan.net, plan.crew), levelled(plan)):
        assert faults_of(plan.net, plan.crew, found) == []
        assert found.finish >= best


@given(plain_plans(most=4))
@settings(max_examples=60, deadline=None)
def test_the_search_finds_the_optimum_of_tiny_plans(plan: Staffed) -> None:
    assert levelled(plan, 200).finish == shortest(plan)


@given(hard_plans())
@settings(max_examples=200, deadline=None)
def test_whatever_a_plan_asks_its_levelling_passes_the_verifier(plan: Staffed) -> None:
    for found in (dispatch(plan.net, plan.crew), levelled(plan, 5)):
        assert faults_of(plan.net, plan.crew, found) == []
        assert lower_bound(plan.net, plan.crew) <= found.finish


@given(plain_plans())
@settings(max_examples=150, deadline=None)
def test_the_handovers_alone_reproduce_a_plan_as_good(plan: Staffed) -> None:
    found = levelled(plan)
    ids = plan.net.ids
    pairs = [(ids[a], ids[b]) for a, b in resource_links(plan.net, plan.crew, found)]
    linked = staffed(*kept(plan.tasks, pairs))
    starts, ends = forward(linked.net)
    who = [found.who[plan.at(name)] for name in linked.net.ids]
    again = Levelled(tuple(starts), tuple(ends), max(ends), tuple(who))
    if not any(lag < 0 or kind == "SF" for ties in plan.net.ties for _, kind, lag in ties):
        assert faults_of(linked.net, linked.crew, again) == []
    assert again.finish <= found.finish


def test_a_start_that_a_shift_holds_is_held_without_it() -> None:
    plan = staffed(task("A", team="data"), task("B", "A"), among=on_shift())
    assert holds(plan.net, plan.crew, dispatch(plan.net, plan.crew)) == (9 * HOUR, 0)


def test_tasks_are_placed_in_the_order_asked_for() -> None:
    plan = staffed(task("A", team="data"), task("B", team="data"))
    assert in_order(plan.net, plan.crew, [1, 0]).starts == (HOUR, 0)


def test_lengths_may_be_others_than_planned() -> None:
    plan = staffed(task("A", team="data"), task("B", team="data"))
    assert dispatch(plan.net, plan.crew, [3 * MINUTE, 4 * MINUTE]).finish == 7 * MINUTE


def test_without_a_programme_only_names_are_limited() -> None:
    from runbooks.domain.capacity.crew import crew

    tasks = [task("A", team="data", owner="bo"), task("B", team="data", owner="bo"), task("C", team="data")]
    net = network(tasks, after(0))
    people = crew(net, tasks, None)
    assert people.unlisted == ("data",)
    assert dispatch(net, people).finish == 2 * HOUR
