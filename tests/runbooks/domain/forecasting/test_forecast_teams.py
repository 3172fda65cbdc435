"""A forecast that counts people: levelled once, dispatched anew, shifts, calendars, drivers, what is said of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutover.core.errors import Invalid
from cutover.domain.programme import Programme
from runbooks.domain.forecasting.forecast import forecast, look_ahead, sensitivity
from runbooks.domain.forecasting.redispatch import redispatch
from runbooks.domain.forecasting.situation import Situation
from runbooks.domain.plan import Task
from tests.runbooks.domain.doubtful import HOUR, OPENS, at, guessed, programme, sure


def on_shift(begins: float, ends: float) -> Programme:
    team = {"id": "ops", "title": "Ops", "shifts": [{"begins": at(begins), "ends": at(ends)}]}
    day = {
        "id": "day",
        "title": "Day",
        "shifts": [{"begins": at(12), "ends": at(20)}, {"begins": at(36), "ends": at(44)}],
    }
    return Programme.model_validate({**programme().model_dump(), "teams": [team, day]})


def test_a_team_of_one_does_one_thing_after_the_other() -> None:
    plan = [sure(f"T{i}", hours=2, team="ops") for i in range(3)]
    free = forecast(plan, OPENS, seed=1, samples=10)
    alone = forecast(plan, OPENS, seed=1, samples=10, programme=programme(ops=1))
    assert (free.p95, free.capacity_aware) == (at(2), False)
    assert (alone.p95, alone.capacity_aware) == (at(6), True)
    assert set(alone.criticality.values()) == {1.0}


def test_whoever_hands_a_person_over_is_critical_too() -> None:
    plan = [guessed("A", team="ops"), guessed("B", team="ops"), sure("C", "B", 1)]
    seen = forecast(plan, OPENS, seed=1, programme=programme(ops=1))
    assert seen.criticality["A"] == 1


def test_units_of_a_team_are_counted() -> None:
    plan = [sure("A", team="ops", units=2), sure("B", team="ops"), sure("C", team="ops")]
    assert forecast(plan, OPENS, seed=1, samples=5, programme=programme(ops=2)).p95 == at(2)


def test_a_team_that_is_not_there_yet_begins_with_its_shift() -> None:
    seen = forecast([guessed("A", team="ops")], OPENS, seed=1, programme=on_shift(8, 20))
    assert at(9) <= seen.finishes[0] <= seen.finishes[-1] <= at(12)


def test_what_comes_too_late_for_a_shift_waits_for_the_next() -> None:
    """The load takes one to fourteen hours; the check of six hours needs the day team, 12 to 20 and 36 to 44."""
    plan = [guessed("load", low=1, likely=10, high=19), sure("check", "load", 6, team="day")]
    seen = forecast(plan, OPENS, seed=1, programme=on_shift(0, 48))
    ends = {round((f - OPENS) / HOUR) for f in seen.finishes}
    assert {18, 19, 20} < ends <= {18, 19, 20, 42}
    assert (
        "a task begins only while its shift is there; what overruns a shift is finished" in seen.assumptions
    )


def test_a_calendar_is_kept_in_every_sample() -> None:
    place = Programme.model_validate(
        {
            **programme().model_dump(),
            "calendars": {"office": [{"days": "mon-sun", "opens": "08:00", "closes": "12:00"}]},
        }
    )
    seen = forecast([guessed("A", calendar="office")], OPENS, seed=1, programme=place)
    assert at(12) <= seen.finishes[0] <= seen.finishes[-1] <= at(15)
    long = forecast([sure("A", hours=6, calendar="office")], OPENS, seed=1, samples=3, programme=place)
    assert long.p95 == at(37)


def test_a_team_that_the_programme_does_not_list_is_named_among_the_assumptions() -> None:
    seen = forecast([sure("A", team="ghosts")], OPENS, seed=1, samples=5, programme=programme(ops=1))
    assert "not listed in the programme, so taken to be large enough: ghosts" in seen.assumptions


def test_more_than_the_team_has_is_refused() -> None:
    with pytest.raises(Invalid, match="takes 3 of ops"):
        forecast([sure("A", team="ops", units=3)], OPENS, seed=1, programme=programme(ops=2))


@st.composite
def crewed(draw: st.DrawFn) -> tuple[list[Task], Programme]:
    tasks: list[Task] = []
    for i in range(draw(st.integers(1, 10))):
        before = draw(st.sets(st.integers(0, i - 1), max_size=2)) if i else set()
        team = draw(st.sampled_from(["a", "b", ""]))
        tasks.append(guessed(f"T{i}", ", ".join(f"T{b}" for b in sorted(before)), team=team))
    return tasks, programme(a=draw(st.integers(1, 3)), b=draw(st.integers(1, 3)))


@given(crewed(), st.integers(0, 99))
@settings(max_examples=40)
def test_fewer_people_than_needed_never_end_a_sample_earlier(
    plan: tuple[list[Task], Programme], seed: int
) -> None:
    tasks, place = plan
    free = forecast(tasks, OPENS, seed=seed, samples=20).finishes
    held = forecast(tasks, OPENS, seed=seed, samples=20, programme=place).finishes
    assert all(a <= b for a, b in zip(free, held, strict=True))


@given(crewed(), st.integers(0, 99))
@settings(max_examples=25)
def test_dispatched_anew_no_team_is_larger_than_it_is(plan: tuple[list[Task], Programme], seed: int) -> None:
    """Never earlier than the same lengths without teams, and never later than one task after the other."""
    tasks, place = plan
    anew = redispatch(Situation(tasks, OPENS, programme=place), seed=seed, samples=5)
    assert anew is not None
    assert anew.finishes[0] >= at(1)
    assert anew.finishes[-1] <= at(4 * len(tasks))


def test_a_chain_dispatched_anew_ends_as_the_quick_figure_says() -> None:
    plan = [sure("A", hours=2, team="ops"), sure("B", "A SS+1h", 4, team="ops"), sure("C", "B FF+1h", 1)]
    situation = Situation(plan, OPENS, programme=programme(ops=1))
    anew = redispatch(situation, seed=1, samples=3)
    assert anew is not None
    assert set(anew.finishes) == set(look_ahead(situation, seed=1, samples=3).finishes) == {at(7)}


def test_dispatching_anew_starts_from_what_has_happened() -> None:
    plan = [sure("A", hours=2, team="ops"), sure("B", hours=3, team="ops"), sure("C", "A")]
    situation = Situation(
        plan, OPENS, {"A": (OPENS, at(1)), "B": (at(1), None)}, at(2), programme=programme(ops=1)
    )
    anew = redispatch(situation, seed=1, samples=2)
    assert anew is not None
    assert set(anew.finishes) == {at(4)}


def test_dispatching_anew_keeps_shifts() -> None:
    situation = Situation(
        [sure("A", team="day", hours=6), sure("B", "A", team="day", hours=6)],
        OPENS,
        programme=on_shift(0, 48),
    )
    anew = redispatch(situation, seed=1, samples=2)
    assert anew is not None
    assert set(anew.finishes) == {at(42)}


def test_the_second_figure_stops_when_it_is_told_to() -> None:
    situation = Situation([guessed("A")], OPENS, programme=programme())
    assert redispatch(situation, seed=1, keep_going=lambda: False) is None
    turns = iter([True, True, False])
    anew = redispatch(situation, seed=1, keep_going=lambda: next(turns))
    assert anew is not None
    assert anew.samples == 200
    assert anew.chance_to_miss(at(0)) == 1


def test_a_task_off_the_path_drives_nothing_and_one_on_it_does() -> None:
    plan = [
        guessed("long", low=5, likely=8, high=20, team="a"),
        guessed("short", team="b"),
        sure("end", "long, short"),
    ]
    drivers = {(d.kind, d.name): d for d in forecast(plan, OPENS, seed=1).drivers}
    assert ("task", "short") not in drivers
    assert ("task", "end") not in drivers
    assert drivers["task", "long"].swing > 5 * HOUR
    assert drivers["programme", "programme"].swing > timedelta(0)
    assert drivers["team", "a"].swing > 4 * drivers["team", "b"].swing if ("team", "b") in drivers else True


def test_the_more_tasks_go_together_the_later_the_late_end() -> None:
    plan = [guessed(f"T{i}", f"T{i - 1}" if i else "", team="a") for i in range(12)]
    ends = [seen.p95 for _, seen in sensitivity(Situation(plan, OPENS), seed=1, samples=4_000)]
    assert ends == sorted(ends)
    assert ends[-1] - ends[0] > HOUR
