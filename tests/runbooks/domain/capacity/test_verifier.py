"""The verifier finds each fault that is planted in a plan which was right before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from runbooks.domain.capacity.levelling import dispatch
from runbooks.domain.capacity.placing import Levelled
from runbooks.domain.capacity.verifier import faults_of
from runbooks.domain.plan import Task
from tests.runbooks.domain.crews import HOUR, Staffed, after, on_shift, programme, staffed
from tests.runbooks.plans import task

Moves = dict[str, int]


def moved(plan: Staffed, right: Levelled, **starts: float) -> Levelled:
    """The plan with some tasks begun at other hours, their length kept."""
    begin, end = list(right.starts), list(right.ends)
    for name, hour in starts.items():
        i = plan.at(name)
        begin[i], end[i] = int(hour * HOUR), int(hour * HOUR) + right.ends[i] - right.starts[i]
    return replace(right, starts=tuple(begin), ends=tuple(end), finish=max(end))


def wrong(plan: Staffed, **starts: float) -> list[str]:
    """The faults once these tasks are moved; before that there are none."""
    right = dispatch(plan.net, plan.crew)
    assert faults_of(plan.net, plan.crew, right) == []
    return faults_of(plan.net, plan.crew, moved(plan, right, **starts))


LINKS: list[tuple[str, float, str]] = [
    ("A", 0.5, "FS"),
    ("A SS+30m", 0.25, "SS"),
    ("A FF+1h", 0.5, "FF"),
    ("A SF+2h", 0.5, "SF"),
]


@pytest.mark.parametrize(("link", "start", "kind"), LINKS)
def test_a_broken_link_of_each_kind(link: str, start: float, kind: str) -> None:
    (fault,) = wrong(staffed(task("A"), task("B", link)), B=start)
    assert fault.startswith(f"B: breaks its {kind} link to A by ")


def test_a_team_with_too_much_at_once() -> None:
    (fault,) = wrong(staffed(task("A", team="data"), task("B", team="data")), B=0.5)
    assert fault == "data: 2 needed at +30m and 1 there (A, B)"


def test_units_count() -> None:
    (fault,) = wrong(staffed(task("A", team="ops"), task("B", team="ops", units=2)), B=0, A=0)
    assert fault.startswith("ops: 3 needed")


def test_a_person_in_two_places() -> None:
    (fault,) = wrong(staffed(task("A", owner="bo"), task("B", owner="bo")), A=0, B=0)
    assert fault.startswith("bo: 2 needed")


def test_work_outside_the_shift() -> None:
    (fault,) = wrong(staffed(task("A", team="data"), among=on_shift()), A=20.5)
    assert fault == "data: 1 needed at +21h and 0 there (A)"


def test_a_start_before_it_is_allowed() -> None:
    (fault,) = wrong(staffed(task("A", start_offset="2h")), A=1)
    assert fault == "A: starts at +1h, before it may at +2h"


def test_too_long_without_rest() -> None:
    tasks = [task("A", owner="bo", duration="8h"), task("B", "A", owner="bo", duration="5h")]
    (fault,) = wrong(staffed(*tasks), B=18)
    assert fault == "bo: on duty for 23h without 11h of rest (A, B)"


def test_a_calendar_left_out() -> None:
    people = programme(zone="UTC", calendars={"office": [{"opens": "08:00", "closes": "18:00"}]})
    faults = wrong(staffed(task("A", calendar="office"), among=people), A=1)
    assert faults[0] == "A: starts at +1h, outside its calendar"
    assert faults[1].startswith("A: ends at +2h, and from at +1h its work takes until")


Change = Callable[[Staffed, Levelled], Levelled]
CHANGES: list[tuple[str, Change, str]] = [
    ("shorter", lambda p, r: replace(r, ends=(r.ends[0] - 1, *r.ends[1:])), "its work takes until"),
    ("finish", lambda p, r: replace(r, finish=r.finish - 1), "is said to end"),
    ("missing", lambda p, r: replace(r, starts=r.starts[1:]), "not every task"),
    ("nobody", lambda p, r: replace(r, who=(-1,) * len(r.who)), "is given to nobody"),
    ("stranger", lambda p, r: replace(r, who=(p.crew.names.index("chen"), *r.who[1:])), "is given to chen"),
]


@pytest.mark.parametrize(("change", "said"), [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES])
def test_a_plan_that_is_not_the_one_asked_for(change: Change, said: str) -> None:
    plan = staffed(task("A", owner="bo"), task("B", owner="chen"))
    right = dispatch(plan.net, plan.crew)
    assert faults_of(plan.net, plan.crew, right) == []
    assert any(said in fault for fault in faults_of(plan.net, plan.crew, change(plan, right)))


def running() -> tuple[Task, Task]:
    return task("A", team="data"), task("B", team="data")


@pytest.mark.parametrize(("at", "ended", "said"), [(0.5, None, "has begun"), (0, 1.5, "ended")])
def test_what_happened_is_not_moved(at: float, ended: float | None, said: str) -> None:
    plan = staffed(*running(), actuals={"A": (after(0), ended and after(ended))}, now=after(2))
    right = dispatch(plan.net, plan.crew)
    lie = moved(plan, right, A=at) if ended is None else replace(right, ends=(HOUR, *right.ends[1:]))
    assert any(said in fault for fault in faults_of(plan.net, plan.crew, lie))


def test_a_running_task_cannot_end_before_now() -> None:
    plan = staffed(*running(), actuals={"A": (after(0), None)}, now=after(2))
    right = dispatch(plan.net, plan.crew)
    early = replace(right, ends=(HOUR, *right.ends[1:]))
    assert "A: runs until at +2h and is planned to end at +1h" in faults_of(plan.net, plan.crew, early)


def test_two_at_once_in_the_past_are_a_fact_and_no_fault() -> None:
    actuals = {name: (after(0), after(1)) for name in ("A", "B")}
    plan = staffed(*running(), task("C", team="data"), actuals=actuals, now=after(1))
    assert faults_of(plan.net, plan.crew, dispatch(plan.net, plan.crew)) == []
