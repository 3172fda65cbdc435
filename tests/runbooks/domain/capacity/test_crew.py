"""Who a task takes: teams, owners, deputies, skills, and how many are there when."""

from __future__ import annotations

import pytest

from cutover.core.errors import Invalid
from runbooks.domain.capacity.crew import Profile
from tests.runbooks.domain.crews import HOUR, on_shift, programme, staffed
from tests.runbooks.plans import task


def names_of(plan: object, choices: tuple[int, ...]) -> list[str]:
    return [plan.crew.names[one] for one in choices]  # type: ignore[attr-defined]


def test_teams_come_first_and_people_as_the_plan_names_them() -> None:
    plan = staffed(task("A", owner="chen"), task("B", team="ops", units=2, owner="vendor"))
    assert plan.crew.names == ("data", "ops", "chen", "vendor")
    assert plan.crew.teams == ("data", "ops")
    assert (plan.crew.team_of, plan.crew.units) == ((-1, 1), (0, 2))


def test_an_owner_that_is_a_team_is_that_team() -> None:
    plan = staffed(task("A", owner="ops"))
    assert plan.crew.needs == (((1, 1),),)
    assert plan.crew.anyone == ((),)


def test_the_law_s_rest_is_for_people_the_programme_lists() -> None:
    plan = staffed(task("A", owner="bo"), task("B", owner="vendor"))
    assert [plan.crew.names[one] for one in plan.crew.rests] == ["bo"]


def test_only_an_owner_or_deputy_with_the_skill_is_asked() -> None:
    people = programme(
        people=[{"id": "bo", "name": "Bo"}, {"id": "chen", "name": "Chen", "skills": ["restore"]}]
    )
    plan = staffed(task("A", owner="bo", deputy="chen", skill="restore"), among=people)
    assert names_of(plan, plan.crew.anyone[0]) == ["chen"]


def test_a_skill_without_an_owner_is_looked_for_in_the_team() -> None:
    plan = staffed(task("A", team="ops", skill="restore"), task("B", skill="restore"))
    assert [names_of(plan, one) for one in plan.crew.anyone] == [["chen"], ["bo", "chen"]]


def test_skills_that_nobody_has_are_all_said_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        staffed(
            task("A", skill="weld"),
            task("B", owner="bo", deputy="chen", skill="weld"),
            task("C", team="ops", skill="dig"),
        )
    assert [p.message for p in caught.value.problems] == [
        "A: nobody in the programme has the skill 'weld'",
        "B: none of bo, chen has the skill 'weld'",
        "C: nobody in ops has the skill 'dig'",
    ]


def test_outside_its_shifts_nobody_of_a_team_is_there() -> None:
    plan = staffed(task("A", team="data"), among=on_shift())
    assert plan.crew.capacity[0] == Profile(((0, 0), (9 * HOUR, 1), (21 * HOUR, 0)))


def test_a_shift_that_began_before_the_window_counts_from_its_opening() -> None:
    plan = staffed(task("A", team="data"), among=on_shift(begins="2026-10-23T12:00"))
    assert plan.crew.capacity[0] == Profile(((0, 1), (21 * HOUR, 0)))


def test_shifts_that_overlap_add_up_for_a_team_and_not_for_a_person() -> None:
    twice = [{"begins": "2026-10-23T21:00Z", "ends": "2026-10-24T05:00Z"}] * 2
    people = programme(
        teams=[{"id": "data", "title": "Data", "shifts": twice}],
        people=[{"id": "bo", "name": "Bo", "shifts": twice}],
    )
    plan = staffed(task("A", team="data", owner="bo"), among=people)
    assert [profile.at(HOUR) for profile in plan.crew.capacity] == [2, 1]


@pytest.mark.parametrize(("moment", "there"), [(-5, 1), (0, 1), (9, 1), (10, 3), (99, 3)])
def test_a_profile_answers_for_every_moment(moment: int, there: int) -> None:
    assert Profile(((0, 1), (10, 3))).at(moment) == there
