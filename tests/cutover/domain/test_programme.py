"""A programme that does not make sense is refused, with every fault at once."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from cutover.domain.modes import Mode
from cutover.domain.programme import Hours, Programme, Team

WINDOW = {"opens": "2026-10-23 22:00", "closes": "2026-10-26 21:00", "backout": "6h"}


def programme(**changes):
    return Programme.model_validate(
        {"title": "Seventy-two hours", "zone": "Europe/London", "window": WINDOW, **changes}
    )


def faults(**changes):
    with pytest.raises(ValidationError) as refused:
        programme(**changes)
    return [
        line
        for error in refused.value.errors()
        for line in error["msg"].removeprefix("Value error, ").splitlines()
    ]


def test_the_window_is_read_in_the_programme_s_zone_across_the_clock_change():
    made = programme()
    assert made.opens == datetime(2026, 10, 23, 21, tzinfo=UTC)
    assert made.closes - made.opens == timedelta(hours=72)
    assert f"{made.local(made.closes):%H:%M %Z}" == "21:00 GMT"


def test_a_part_is_found_by_its_id():
    made = programme(
        components=[{"id": "custody", "title": "Custody"}], people=[{"id": "asha", "name": "Asha"}]
    )
    assert made.component("custody").mode is Mode.LIVE
    assert made.person("asha").name == "Asha"
    assert made.component("nothing") is None
    assert made.person("nobody") is None


def test_a_window_that_closes_before_it_opens_is_refused():
    assert faults(window={**WINDOW, "closes": "2026-10-23 21:59"}) == [
        "window.closes: 2026-10-23T20:59Z is not after window.opens 2026-10-23T21:00Z; expected a later time"
    ]


def test_a_window_that_opens_at_a_wall_time_that_happens_twice_is_refused():
    assert "happens twice" in faults(window={**WINDOW, "opens": "2026-10-25 01:30"})[0]


def test_a_year_that_nobody_meant_is_refused():
    assert faults(window={**WINDOW, "opens": "0001-01-01 00:00"}) == [
        "window.opens: the year 1; expected 2000 to 2199"
    ]


def test_a_zone_that_is_none_is_refused_with_the_nearest():
    assert faults(zone="Europe/Londn") == [
        "zone: 'Europe/Londn' is not an IANA zone; did you mean 'Europe/London'?"
    ]
    assert faults(zone="../etc")[0].startswith("zone: '../etc' is not")


def test_unknown_names_are_refused_with_the_nearest_all_at_once():
    assert faults(
        teams=[{"id": "records", "title": "Records"}],
        people=[{"id": "asha", "name": "Asha", "team": "record"}],
        components=[{"id": "custody", "title": "Custody", "depends_on": ["custdy"]}],
    ) == [
        "people.asha.team: unknown team 'record'; did you mean 'records'?",
        "components.custody.depends_on: unknown component 'custdy'; did you mean 'custody'?",
    ]


def test_an_id_given_twice_is_refused():
    team = {"id": "a", "title": "A"}
    assert faults(teams=[team, team]) == ["teams.a: id 'a' is given twice"]


def test_components_that_need_each_other_in_a_circle_are_refused():
    parts = [{"id": i, "title": i, "depends_on": [other]} for i, other in (("a", "b"), ("b", "a"))]
    assert "a circle: " in faults(components=parts)[0]
    assert "a circle: a needs a" in faults(components=[{"id": "a", "title": "A", "depends_on": ["a"]}])[0]


def test_a_bad_duration_is_refused():
    assert "'6x' is not a duration" in faults(window={**WINDOW, "backout": "6x"})[0]


def test_what_was_read_is_written_back_the_same():
    made = programme(standards={"dash": "1:30", "odd": timedelta(seconds=1, microseconds=5)})
    assert Programme.model_validate_json(made.model_dump_json()) == made


def test_a_part_takes_no_unknown_word_and_no_strange_id():
    with pytest.raises(ValidationError):
        Team(id="a b", title="A")
    with pytest.raises(ValidationError):
        Team(id="a", title="A", colour="red")


def test_duty_is_read_in_the_programme_s_zone():
    shift = {"begins": "2026-10-24T20:00", "ends": "2026-10-25T08:00"}
    made = programme(teams=[{"id": "data", "title": "Data", "capacity": 4, "shifts": [shift]}])
    ((begins, ends, capacity),) = made.on_duty(made.teams[0])
    assert (ends - begins, capacity) == (timedelta(hours=13), 4)


def test_a_shift_that_ends_before_it_begins_is_refused():
    shift = {"begins": "2026-10-24T20:00", "ends": "2026-10-24T08:00"}
    (fault,) = faults(people=[{"id": "asha", "name": "Asha", "shifts": [shift]}])
    assert fault.startswith("people.asha.shifts.1: ends 2026-10-24T07:00Z, not after it begins")


def test_a_shift_at_a_wall_time_that_happens_twice_is_refused():
    shift = {"begins": "2026-10-25T01:30", "ends": "2026-10-25T08:00"}
    assert "happens twice" in faults(teams=[{"id": "data", "title": "Data", "shifts": [shift]}])[0]


@pytest.mark.parametrize(
    ("days", "numbers"), [("mon-fri", {0, 1, 2, 3, 4}), ("sat, sun", {5, 6}), ("fri-mon", {4, 5, 6, 0})]
)
def test_working_days_are_written_as_people_write_them(days, numbers):
    assert Hours(days=days, opens="08:00", closes="18:00").weekdays == numbers


@pytest.mark.parametrize("hours", [{"days": "monfri"}, {"days": "someday"}, {"closes": "07:00"}])
def test_hours_that_make_no_sense_are_refused(hours):
    with pytest.raises(ValidationError):
        Hours.model_validate({"opens": "08:00", "closes": "18:00", **hours})
