"""An edit placed by itself gives the plan that placing everything again gives, whatever was edited before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutover.core.errors import Invalid
from runbooks.domain.plan import Link, LinkKind, Task, cycle
from runbooks.domain.timing.impact import removal
from runbooks.domain.timing.laid_out import Edit, LaidOut, edited, lay_out
from runbooks.domain.timing.network import schedule
from tests.runbooks.domain.timing.test_network import OFFICE, OPENS, at, plans, task

MINUTE = timedelta(minutes=1)


def times(laid: LaidOut) -> dict[str, tuple[datetime, datetime]]:
    micros = timedelta(microseconds=1)
    return {
        name: (OPENS + laid.starts[i] * micros, OPENS + laid.ends[i] * micros) for name, i in laid.at.items()
    }


def by_the_network(laid: LaidOut) -> dict[str, tuple[datetime, datetime]]:
    timing = schedule(tuple(laid.tasks.values()), OPENS, calendars=OFFICE)
    return {name: (slot.early_start, slot.early_finish) for name, slot in timing.slots.items()}


def keeps_order(laid: LaidOut) -> bool:
    ranks = [laid.rank[i] for i in laid.order] == list(range(len(laid.order)))
    return ranks and all(
        laid.rank[before] < laid.rank[i] for i, ties in enumerate(laid.net.ties) for before, _, _ in ties
    )


@st.composite
def edits(draw: st.DrawFn, tasks: dict[str, Task]) -> Edit:
    """Any edit of up to three tasks, one perhaps new, that leaves no cycle; or a removal."""
    if len(tasks) > 1 and draw(st.integers(0, 4)) == 0:
        return removal(list(tasks.values()), draw(st.sets(st.sampled_from(sorted(tasks)), max_size=2)))
    shall = dict(tasks)
    for name in draw(st.sets(st.sampled_from([*sorted(tasks), "new"]), max_size=3)):
        others = sorted(set(tasks) - {name})
        links = [
            Link(task=n, kind=draw(st.sampled_from(LinkKind)), lag=draw(st.integers(-90, 90)) * MINUTE)
            for n in draw(st.sets(st.sampled_from(others), max_size=3) if others else st.just(set()))
        ]
        fields = {
            "after": tuple(links),
            "duration": draw(st.integers(0, 120)) * MINUTE,
            "not_before": draw(st.none() | st.integers(-5, 40).map(at)),
            "calendar": draw(st.sampled_from(["", "office"])),
        }
        made = shall.get(name, task(name)).model_copy(update=fields)
        if not cycle([*(t for n, t in shall.items() if n != name), made]):
            shall[name] = made
    return Edit(tuple(t for name, t in shall.items() if tasks.get(name) is not t))


@settings(max_examples=150)
@given(plans(), st.data())
def test_after_any_edits_every_task_is_where_the_whole_network_puts_it(
    plan: list[Task], data: st.DataObject
) -> None:
    laid = lay_out(plan, OPENS, calendars=OFFICE)
    for _ in range(data.draw(st.integers(1, 4))):
        before = times(laid)
        after, moved = edited(laid, data.draw(edits(laid.tasks)))
        now = times(after)
        assert now == by_the_network(after)
        assert {name for name in now if name in before and before[name] != now[name]} <= {
            after.net.ids[i] for i in moved
        }
        assert keeps_order(after)
        assert times(laid) == before
        laid = after


def test_an_edit_that_makes_tasks_wait_for_each_other_is_refused_with_the_circle() -> None:
    laid = lay_out([task("A"), task("B", "A"), task("C", "B")], OPENS)
    with pytest.raises(Invalid, match=r"wait for each other: .*A -> "):
        edited(laid, Edit((task("A", "C"),)))
    with pytest.raises(Invalid, match="wait for each other: A -> A"):
        edited(laid, Edit((task("A", "A"),)))


def test_an_edit_that_names_nobody_is_refused_with_the_nearest() -> None:
    laid = lay_out([task("freeze"), task("load", "freeze")], OPENS)
    with pytest.raises(Invalid, match=r"load.after: unknown task 'freze'.*did you mean 'freeze'") as error:
        edited(laid, Edit((task("load", "freze"),), ("laod",)))
    assert "remove: unknown task 'laod'" in str(error.value)


def test_a_task_that_somebody_waits_for_is_not_removed_from_under_them() -> None:
    laid = lay_out([task("A"), task("B", "A")], OPENS)
    with pytest.raises(Invalid, match=r"B waits for a task that is to be removed"):
        edited(laid, Edit(removed=("A",)))


def test_removing_a_task_lets_who_waited_for_it_wait_for_what_it_waited_for() -> None:
    plan = [task("A"), task("B", "A", 5), task("C", "B, A SS+30m")]
    after, _ = edited(lay_out(plan, OPENS), removal(plan, ["B"]))
    assert times(after) == {"A": (at(0), at(1)), "C": (at(1), at(2))}


def test_a_plan_without_tasks_ends_when_it_opens_and_may_be_filled() -> None:
    laid = lay_out([], OPENS)
    assert laid.finish == 0
    after, _ = edited(laid, Edit((task("A", hours=2),)))
    assert times(after) == {"A": (at(0), at(2))}
    assert edited(after, Edit(removed=("A",)))[0].finish == 0


REPAIRED = [
    task("load", hours=4),
    task("gate", "load", 0.5, type="approval"),
    task("reload", hours=3, repairs="gate"),
    task("open", "gate, reload", 1),
]


@pytest.mark.parametrize("active", [(), ("gate",)])
@pytest.mark.parametrize(
    "edit",
    [
        Edit((task("reload", hours=5, repairs="gate"),)),
        Edit((task("recheck", "reload", 2, repairs="gate"),)),
        Edit((task("open", "reload", 2),)),
        Edit((task("load", hours=1),)),
        Edit((REPAIRED[3].model_copy(update={"after": ()}),), ("reload",)),
    ],
)
def test_an_edit_of_a_plan_with_repairs_is_placed_as_the_network_places_it(
    active: tuple[str, ...], edit: Edit
) -> None:
    laid = lay_out(REPAIRED, OPENS, active_repairs=active)
    after, _ = edited(laid, edit)
    timing = schedule(tuple(after.tasks.values()), OPENS, active_repairs=active)
    assert times(after) == {n: (s.early_start, s.early_finish) for n, s in timing.slots.items()}


def test_what_has_happened_stays_and_what_runs_ends_when_expected() -> None:
    happened = {"A": (at(0), at(2)), "B": (at(2), None)}
    plan = [task("A"), task("B", "A", 3), task("C", "B")]
    laid = lay_out(plan, OPENS, actuals=happened, now=at(3))
    after, _ = edited(laid, Edit((task("B", "A", 6), task("A", hours=9))))
    assert times(after) == {"A": (at(0), at(2)), "B": (at(2), at(8)), "C": (at(8), at(9))}


def test_a_calendar_is_laid_out_once_and_used_by_every_edit() -> None:
    laid = lay_out([task("A")], OPENS, calendars=OFFICE)
    after, _ = edited(laid, Edit((task("A", calendar="office"),)))
    assert times(after)["A"][0] == datetime(2026, 10, 26, 8, tzinfo=UTC)
