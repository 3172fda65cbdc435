"""When each task can and must happen: passes, floats, the critical path, and what has happened already."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.core.errors import Invalid
from cutover.domain.programme import Hours
from runbooks.domain.plan import Link, LinkKind, Task, TaskType
from runbooks.domain.timing.calendars import working_time
from runbooks.domain.timing.network import Schedule, schedule

OPENS = datetime(2026, 10, 23, 21, 0, tzinfo=UTC)
OFFICE = {
    "office": working_time(
        [Hours(days="mon-fri", opens="08:00", closes="18:00")],
        "Europe/London",
        OPENS,
        OPENS + timedelta(days=30),
    )
}
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def task(name: str, after: str = "", hours: float = 1, **fields: object) -> Task:
    return Task(id=name, title=name, after=after, duration=timedelta(hours=hours), **fields)


def at(hours: float) -> datetime:
    return OPENS + timedelta(hours=hours)


def hours(plan: Schedule, name: str) -> tuple[float, float]:
    slot = plan.slots[name]
    return (slot.early_start - OPENS) / HOUR, (slot.early_finish - OPENS) / HOUR


def floats(plan: Schedule) -> dict[str, float]:
    return {name: slot.total_float / HOUR for name, slot in plan.slots.items()}


@st.composite
def plans(draw: st.DrawFn, kinds: tuple[LinkKind, ...] = tuple(LinkKind), lag: int = 90) -> list[Task]:
    """Any plan without a cycle, shuffled, so that predecessors may stand below."""
    made = []
    for i in range(draw(st.integers(1, 14))):
        links = [
            Link(task=f"T{j}", kind=draw(st.sampled_from(kinds)), lag=draw(st.integers(-lag, lag)) * MINUTE)
            for j in draw(st.sets(st.integers(0, i - 1), max_size=3) if i else st.just(set()))
        ]
        made.append(Task(id=f"T{i}", title="t", after=links, duration=draw(st.integers(0, 120)) * MINUTE))
    return draw(st.permutations(made))


def test_a_diamond_has_its_longer_side_critical_and_float_on_the_shorter() -> None:
    plan = schedule([task("A"), task("B", "A", 3), task("C", "A", 1), task("D", "B, C", 2)], OPENS)
    assert plan.finish == at(6)
    assert plan.critical_path == ("A", "B", "D")
    assert floats(plan) == {"A": 0, "B": 0, "C": 2, "D": 0}
    assert plan.slots["C"].late_start == at(3)
    assert [name for name, slot in plan.slots.items() if slot.critical] == ["A", "B", "D"]


@pytest.mark.parametrize(
    ("link", "start"),
    [
        ("A", 4),
        ("A+30m", 4.5),
        ("A FS-1h", 3),
        ("A SS+2h", 2),
        ("A FF", 3),
        ("A FF+1h", 4),
        ("A SF+3h", 2),
        ("A SS-9h", 0),
    ],
)
def test_each_kind_of_link_ties_the_ends_it_says(link: str, start: float) -> None:
    plan = schedule([task("A", hours=4), task("B", link, 1)], OPENS)
    assert hours(plan, "B") == (start, start + 1)


def test_a_task_may_not_start_before_its_fixed_time_or_its_offset() -> None:
    plan = schedule(
        [
            task("A", not_before=at(5)),
            task("B", start_offset="7h"),
            task("C", "A", not_before=at(2)),
            task("D", not_before=at(-9)),
        ],
        OPENS,
    )
    assert [hours(plan, name)[0] for name in "ABCD"] == [5, 7, 6, 0]


def test_a_fixed_start_begins_the_critical_path() -> None:
    assert schedule([task("A"), task("B", "A", not_before=at(5)), task("C", "B")], OPENS).critical_path == (
        "B",
        "C",
    )


def test_a_window_across_the_clock_change_is_counted_in_real_hours() -> None:
    """Saturday 22:00 in London plus eight hours is Sunday 05:00 there: the night has one hour more."""
    opens = datetime(2026, 10, 24, 21, 0, tzinfo=UTC)
    assert schedule([task("A", hours=8)], opens).finish == datetime(2026, 10, 25, 5, 0, tzinfo=UTC)


def test_an_empty_plan_ends_when_the_window_opens() -> None:
    assert schedule([], OPENS) == Schedule(OPENS, OPENS, {}, ())


def test_a_cycle_and_an_unknown_predecessor_are_refused_with_their_names() -> None:
    with pytest.raises(Invalid, match=r"wait for each other: (A -> B -> A|B -> A -> B)"):
        schedule([task("A", "B"), task("B", "A")], OPENS)
    with pytest.raises(Invalid, match="unknown task 'frieze'"):
        schedule([task("freeze"), task("B", "frieze")], OPENS)


def test_a_finished_task_stands_where_it_stood_and_moves_what_follows() -> None:
    plan = [task("A"), task("B", "A"), task("C")]
    late = schedule(plan, OPENS, actuals={"A": (at(0.5), at(3))}, now=at(3))
    assert hours(late, "A") == (0.5, 3)
    assert hours(late, "B") == (3, 4)
    assert late.slots["A"].total_float == timedelta(0)
    assert not late.slots["A"].critical
    assert late.critical_path in (("B",), ("C",))


def test_what_has_not_begun_cannot_begin_in_the_past() -> None:
    assert hours(schedule([task("A")], OPENS, now=at(5)), "A") == (5, 6)


def test_a_running_task_ends_as_planned_until_now_has_passed_that() -> None:
    plan, running = [task("A", hours=2), task("B", "A")], {"A": (at(1), None)}
    assert schedule(plan, OPENS, actuals=running, now=at(2)).finish == at(4)
    assert schedule(plan, OPENS, actuals=running, now=at(7)).finish == at(8)


def test_the_pace_of_a_running_task_counts_more_than_its_plan() -> None:
    plan, running = [task("A", hours=2), task("B", "A")], {"A": (at(0), None)}
    slow = schedule(plan, OPENS, actuals=running, now=at(1), projected={"A": at(3.6)})
    assert slow.finish == at(4.6)
    assert slow.critical_path == ("A", "B")


def test_a_task_begun_out_of_order_keeps_its_own_times() -> None:
    plan = schedule([task("A", hours=4), task("B", "A")], OPENS, actuals={"B": (at(0), None)}, now=at(0.5))
    assert hours(plan, "B") == (0, 1)
    assert all(slot.total_float >= timedelta(0) for slot in plan.slots.values())


def test_a_running_task_still_waits_for_the_end_it_is_tied_to() -> None:
    plan = schedule(
        [task("A", hours=4), task("B", "A FF+1h")], OPENS, actuals={"B": (at(0), None)}, now=at(0)
    )
    assert hours(plan, "B") == (0, 5)


REPAIRED = [
    task("load", hours=4),
    task("gate", "load", 0.5, type=TaskType.APPROVAL),
    task("reload", hours=3, repairs="gate"),
    task("recheck", "reload", 1, repairs="gate"),
    task("open", "gate, recheck", 1),
]


def test_repairs_are_not_in_the_plan_and_who_waits_for_one_waits_for_its_gate() -> None:
    plan = schedule(REPAIRED, OPENS)
    assert set(plan.slots) == {"load", "gate", "open"}
    assert hours(plan, "open") == (4.5, 5.5)


@pytest.mark.parametrize("active", [{"gate"}, {"reload", "recheck"}])
def test_once_the_gate_has_said_no_its_repairs_run_and_it_is_asked_again(active: set[str]) -> None:
    happened = {"load": (at(0), at(4)), "gate": (at(4), None)}
    plan = schedule(REPAIRED, OPENS, actuals=happened, now=at(5), active_repairs=active)
    assert hours(plan, "reload") == (5, 8)
    assert hours(plan, "gate") == (9, 9.5)
    assert plan.finish == at(10.5)


def test_a_repair_that_has_run_stays_where_it_was() -> None:
    happened = {
        "load": (at(0), at(4)),
        "reload": (at(5), at(6)),
        "recheck": (at(6), at(7)),
        "gate": (at(7), at(8)),
    }
    assert schedule(REPAIRED, OPENS, actuals=happened, now=at(8)).finish == at(9)


@given(plans())
def test_early_is_never_after_late_and_floats_are_never_negative(plan: list[Task]) -> None:
    timing = schedule(plan, OPENS)
    for slot in timing.slots.values():
        assert OPENS <= slot.early_start <= slot.late_start
        assert slot.early_finish <= slot.late_finish <= timing.finish
        assert slot.total_float == slot.late_finish - slot.early_finish >= timedelta(0)


@given(plans())
def test_every_link_holds_at_the_earliest_and_at_the_latest(plan: list[Task]) -> None:
    timing = schedule(plan, OPENS)
    for one in plan:
        for link in one.after:
            before, then = timing.slots[link.task], timing.slots[one.id]
            first, second = {
                "FS": ("finish", "start"),
                "SS": ("start", "start"),
                "FF": ("finish", "finish"),
                "SF": ("start", "finish"),
            }[link.kind]
            for when in ("early", "late"):
                assert getattr(before, f"{when}_{first}") + link.lag <= getattr(then, f"{when}_{second}")


@given(plans())
def test_the_critical_path_has_no_float_and_ends_with_the_plan(plan: list[Task]) -> None:
    timing = schedule(plan, OPENS)
    path = timing.critical_path
    assert timing.slots[path[-1]].early_finish == timing.finish
    assert all(timing.slots[name].critical and not timing.slots[name].total_float for name in path)


@given(plans(kinds=(LinkKind.FS,), lag=0))
def test_without_lags_the_critical_path_is_the_longest_chain_and_as_long_as_the_plan(
    plan: list[Task],
) -> None:
    timing, by_id = schedule(plan, OPENS), {t.id: t for t in plan}
    length = sum((by_id[name].expected for name in timing.critical_path), timedelta(0))
    assert OPENS + length == timing.finish

    def longest(name: str) -> timedelta:
        one = by_id[name]
        return one.expected + max((longest(link.task) for link in one.after), default=timedelta(0))

    assert length == max(longest(name) for name in by_id)


@given(plans(), st.data())
def test_whatever_has_happened_floats_stay_and_nothing_starts_in_the_past(
    plan: list[Task], data: st.DataObject
) -> None:
    now = data.draw(st.integers(0, 600))
    begun = data.draw(st.lists(st.sampled_from(plan), unique_by=lambda t: t.id))
    actuals = {}
    for one in begun:
        start = data.draw(st.integers(0, now))
        end = data.draw(st.none() | st.integers(start, now))
        actuals[one.id] = (OPENS + start * MINUTE, None if end is None else OPENS + end * MINUTE)
    timing = schedule(plan, OPENS, actuals=actuals, now=OPENS + now * MINUTE)
    for name, slot in timing.slots.items():
        assert slot.total_float >= timedelta(0)
        if name not in actuals:
            assert slot.early_start >= OPENS + now * MINUTE
        elif (ended := actuals[name][1]) is not None:
            assert (slot.early_finish, slot.critical) == (ended, False)


# --- floats and deadlines -------------------------------------------------------------------------------


def test_free_float_is_the_room_before_the_next_task_moves_total_float_before_the_end_does() -> None:
    plan = schedule(
        [task("A"), task("B", "A"), task("C", "A", 5), task("D", "B", 2), task("E", "C, D")], OPENS
    )
    assert {name: slot.free_float / HOUR for name, slot in plan.slots.items()} == {
        "A": 0,
        "B": 0,
        "C": 0,
        "D": 2,
        "E": 0,
    }
    assert floats(plan) == {"A": 0, "B": 2, "C": 0, "D": 2, "E": 0}


@given(plans(), st.data())
def test_a_task_longer_by_its_free_float_moves_no_other_and_by_its_total_float_not_the_end(
    plan: list[Task], data: st.DataObject
) -> None:
    """Both are said of a task held back by its start, so a start not before it stands in for the delay."""
    one = data.draw(st.sampled_from(plan))
    timing = schedule(plan, OPENS)
    slot = timing.slots[one.id]
    assert timedelta(0) <= slot.free_float <= slot.total_float

    def held(by: timedelta) -> Schedule:
        moved = one.model_copy(update={"not_before": slot.early_start + by})
        return schedule([moved if t is one else t for t in plan], OPENS)

    assert held(slot.total_float).finish == timing.finish
    assert held(slot.total_float + MINUTE).finish > timing.finish
    others = {name: (s.early_start, s.early_finish) for name, s in held(slot.free_float).slots.items()}
    assert all(others[n] == (s.early_start, s.early_finish) for n, s in timing.slots.items() if n != one.id)


def test_a_deadline_that_will_be_missed_makes_float_negative_and_is_named() -> None:
    plan = schedule([task("A", hours=2), task("B", "A", 3, deadline=at(4)), task("C", "A", 9)], OPENS)
    assert floats(plan) == {"A": -1, "B": -1, "C": 0}
    assert [plan.slots[n].misses for n in "ABC"] == ["B", "B", ""]
    assert plan.slots["A"].late_start == at(-1)
    assert plan.missed == ("B",)
    assert plan.critical_path == ("A", "C")
    assert plan.slots["B"].critical


def test_a_deadline_that_is_kept_takes_float_and_misses_nothing() -> None:
    plan = schedule([task("A"), task("B", "A", deadline=at(3)), task("C", "A", 9)], OPENS)
    assert (floats(plan), plan.missed) == ({"A": 0, "B": 1, "C": 0}, ())
    assert plan.slots["B"].deadline == at(3)


def test_a_task_that_ended_after_its_deadline_has_missed_it() -> None:
    plan = schedule([task("A", deadline=at(1))], OPENS, actuals={"A": (at(0), at(2))}, now=at(2))
    assert (plan.missed, plan.slots["A"].misses, plan.slots["A"].total_float) == (("A",), "", timedelta(0))


# --- calendars ------------------------------------------------------------------------------------------


def test_a_task_with_a_calendar_goes_on_in_its_hours_only_and_what_follows_waits() -> None:
    """The window opens on a Friday evening; the clock goes back on Sunday, so Monday 08:00 is 08:00Z."""
    tasks = [task("A", hours=2), task("B", "A", 12, calendar="office"), task("C", "B")]
    plan = schedule(tasks, OPENS, calendars=OFFICE)
    assert plan.slots["B"].early_start == datetime(2026, 10, 26, 8, tzinfo=UTC)
    assert plan.slots["B"].early_finish == datetime(2026, 10, 27, 10, tzinfo=UTC)
    assert plan.critical_path == ("B", "C")
    assert plan.slots["A"].total_float == datetime(2026, 10, 26, 8, tzinfo=UTC) - at(2)
    assert schedule(tasks, OPENS).finish == at(15)


def test_the_latest_times_of_a_task_with_a_calendar_are_in_its_hours() -> None:
    monday = datetime(2026, 10, 26, tzinfo=UTC)
    tasks = [
        task("B", "", 2, calendar="office"),
        task("C", not_before=monday + timedelta(hours=21), hours=1),
        task("D", "B, C"),
    ]
    slot = schedule(tasks, OPENS, calendars=OFFICE).slots["B"]
    assert (slot.early_finish, slot.late_start, slot.late_finish) == tuple(
        monday + n * HOUR for n in (10, 16, 18)
    )


@given(plans(), st.data())
def test_with_calendars_every_link_and_every_hour_holds_at_the_earliest_and_at_the_latest(
    plan: list[Task], data: st.DataObject
) -> None:
    plan = [t.model_copy(update={"calendar": data.draw(st.sampled_from(["", "office"]))}) for t in plan]
    timing, hours = schedule(plan, OPENS, calendars=OFFICE), OFFICE["office"]
    ends = {
        "FS": ("finish", "start"),
        "SS": ("start", "start"),
        "FF": ("finish", "finish"),
        "SF": ("start", "finish"),
    }
    for one in plan:
        slot, length = timing.slots[one.id], one.expected // timedelta(microseconds=1)
        assert slot.early_start <= slot.late_start
        assert slot.critical == (slot.early_finish == slot.late_finish)
        for when in ("early", "late"):
            start, finish = getattr(slot, f"{when}_start"), getattr(slot, f"{when}_finish")
            begun, over = ((moment - OPENS) // timedelta(microseconds=1) for moment in (start, finish))
            assert over == (hours.end(begun, length) if one.calendar else begun + length)
            assert not one.calendar or hours.after(begun) == begun
            for link in one.after:
                first, second = ends[link.kind]
                before = getattr(timing.slots[link.task], f"{when}_{first}")
                assert before + link.lag <= getattr(slot, f"{when}_{second}")
    path = [timing.slots[name] for name in timing.critical_path]
    assert path[-1].early_finish == timing.finish
    assert all(slot.critical for slot in path)
