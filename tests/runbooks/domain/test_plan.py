"""The plan as data: predecessors as people write them, and what makes a plan unusable."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cutover.core.errors import Invalid
from runbooks.domain.plan import (
    Estimate,
    Link,
    LinkKind,
    Task,
    TaskType,
    cycle,
    faults,
    in_zone,
    parse_link,
    parse_links,
)

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,12}", fullmatch=True)
kinds = st.sampled_from(LinkKind)
lags = st.integers(-200_000, 200_000).map(lambda seconds: timedelta(seconds=seconds))


def task(name: str, *after: str, **fields: object) -> Task:
    return Task(id=name, title=name, after=after, **fields)


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("T1", Link(task="T1")),
        ("#12", Link(task="12")),
        ("TRE-5", Link(task="TRE-5")),
        ("T1+30m", Link(task="T1", lag=30 * MINUTE)),
        ("T1 + 1.5h", Link(task="T1", lag=90 * MINUTE)),
        ("14FS+2h", Link(task="14", lag=2 * HOUR)),
        ("14ss", Link(task="14", kind=LinkKind.SS)),
        ("TRE-5 FS+30", Link(task="TRE-5", lag=30 * MINUTE)),
        ("TRE-5 SF - 1h 30m", Link(task="TRE-5", kind=LinkKind.SF, lag=-90 * MINUTE)),
        ("T7FF+1h30m", Link(task="T7", kind=LinkKind.FF, lag=90 * MINUTE)),
        ("T7FS+2 days", Link(task="T7", lag=timedelta(days=2))),
        ("ACCESS", Link(task="ACCESS")),
        ("ACCESS SS", Link(task="ACCESS", kind=LinkKind.SS)),
        ("T1-30m", Link(task="T1-30m")),
    ],
)
def test_a_predecessor_is_read_as_people_write_it(text: str, link: Link) -> None:
    assert parse_link(text) == link


@pytest.mark.parametrize("text", ["T1, T2;T3  T4", "#T1;T2,\nT3,,T4", " T1 T2 T3 T4 "])
def test_predecessors_are_parted_by_commas_semicolons_and_spaces(text: str) -> None:
    assert [link.task for link in parse_links(text)] == ["T1", "T2", "T3", "T4"]


def test_a_lag_and_the_next_predecessor_are_told_apart() -> None:
    assert parse_links("T1+2 h2, TRE-5 FS+30 T7SS") == (
        Link(task="T1", lag=2 * MINUTE),
        Link(task="h2"),
        Link(task="TRE-5", lag=30 * MINUTE),
        Link(task="T7", kind=LinkKind.SS),
    )


@pytest.mark.parametrize("text", ["", "T1 T2", "!!", "T1FS+", "T1FS+2x", "14FS+50%"])
def test_what_is_not_one_predecessor_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_link(text)


@given(ids, kinds, lags)
def test_any_link_is_read_back_from_its_own_spelling(name: str, kind: LinkKind, lag: timedelta) -> None:
    link = Link(task=name, kind=kind, lag=lag)
    assert parse_link(str(link)) == link


@given(st.lists(st.builds(Link, task=ids, kind=kinds, lag=lags), max_size=5))
def test_a_task_survives_json(links: list[Link]) -> None:
    one = Task(id="A", title="a", after=links, duration="1h 30m")
    assert Task.model_validate_json(one.model_dump_json()) == one


def test_predecessors_may_be_given_as_text_as_list_as_number_or_not_at_all() -> None:
    forms = ("1, 2", ["1", 2], 1, None)
    assert [
        [link.task for link in task("A").model_validate({"id": "A", "title": "a", "after": f}).after]
        for f in forms
    ] == [
        ["1", "2"],
        ["1", "2"],
        ["1"],
        [],
    ]


def test_a_bad_predecessor_is_a_validation_error_that_says_what_was_expected() -> None:
    with pytest.raises(
        ValidationError, match=r"'!!' is not a predecessor; expected an id with an optional FS"
    ):
        Task(id="A", title="a", after="!!")


def test_the_expected_time_is_the_duration_else_the_likely_value_else_nothing() -> None:
    guess = Estimate(low="10m", likely="20m", high="40m")
    assert task("A", duration="1h", estimate=guess).expected == HOUR
    assert task("A", estimate=guess).expected == 20 * MINUTE
    assert task("A").expected == timedelta(0)


def test_a_sound_plan_has_no_faults() -> None:
    assert faults([task("A"), task("B", "A", parent="A"), task("C", "A", "B")]) == []


def test_each_fault_names_its_task_its_field_and_the_nearest_name() -> None:
    plan = [
        task("freeze"),
        task("drain", "freze", parent="nobody-at-all"),
        task("freeze"),
        task("repair", repairs="drain"),
        task("guess", estimate=Estimate(low="2h", likely="1h", high="3h")),
    ]
    assert [(f.index, f.field, f.nearest) for f in faults(plan)] == [
        (1, "after", "freeze"),
        (1, "parent", ""),
        (2, "id", ""),
        (3, "repairs", ""),
        (4, "estimate", ""),
    ]


def test_a_cycle_is_told_as_a_path_that_ends_where_it_began() -> None:
    plan = [task("A"), task("B", "A", "D"), task("C", "B"), task("D", "C")]
    path = cycle(plan)
    assert path[0] == path[-1]
    assert all(path[i] in {link.task for link in plan["ABCD".index(path[i + 1])].after} for i in range(3))
    (fault,) = faults(plan)
    assert (fault.field, fault.message) == ("after", "the tasks wait for each other: " + " -> ".join(path))


def test_a_task_that_waits_for_itself_is_a_cycle() -> None:
    assert cycle([task("A", "A")]) == ["A", "A"]


def test_a_repair_that_waits_for_its_own_gate_waits_for_ever() -> None:
    plan = [task("gate", type=TaskType.APPROVAL), task("repair", "gate", repairs="gate")]
    assert [f.message for f in faults(plan)] == ["the tasks wait for each other: gate -> repair -> gate"]


def test_parents_cannot_be_each_others_parents() -> None:
    assert [f.field for f in faults([task("A", parent="B"), task("B", parent="A")])] == ["parent"]


@given(st.permutations(range(8)), st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=12))
def test_a_cycle_is_found_exactly_when_there_is_one(order: list[int], pairs: set[tuple[int, int]]) -> None:
    before = {i: {a for a, b in pairs if b == i} for i in range(8)}
    plan = [task(f"T{i}", *(f"T{a}" for a in before[i])) for i in order]
    left, freed = set(before), True
    while freed:
        freed = {i for i in left if not before[i] & left}
        left -= freed
    path = cycle(plan)
    assert bool(path) == bool(left)
    assert all(int(a[1:]) in before[int(b[1:])] for a, b in pairwise(path))


@pytest.mark.parametrize("step", [1, -1])
def test_a_chain_of_ten_thousand_tasks_is_checked_in_either_order(step: int) -> None:
    """Without recursion, which would end at a thousand."""
    plan = [task(f"T{i}", *([f"T{i - 1}"] if i else [])) for i in range(10_000)][::step]
    assert faults(plan) == []


def test_fixed_starts_are_read_in_the_programmes_zone_and_kept_in_utc() -> None:
    plan = [
        task("A", not_before="2026-10-24T09:00"),
        task("B", not_before="2026-10-24T09:00+00:00"),
        task("C"),
    ]
    fixed, wrong = in_zone(plan, "Europe/London")
    assert wrong == []
    assert [t.not_before for t in fixed] == [
        datetime(2026, 10, 24, 8, tzinfo=UTC),
        datetime(2026, 10, 24, 9, tzinfo=UTC),
        None,
    ]


def test_a_fixed_start_that_happens_twice_is_refused_with_both_candidates() -> None:
    _, (fault,) = in_zone([task("A", not_before="2026-10-25T01:30")], "Europe/London")
    assert (fault.index, fault.field, fault.expected) == (
        0,
        "not_before",
        "2026-10-25T00:30Z or 2026-10-25T01:30Z",
    )
