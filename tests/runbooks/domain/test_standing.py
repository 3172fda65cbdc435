"""The rows of a run: a changed copy leaves the original as it was, and sums are those of the rows."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runbooks.domain.run_events import TaskStage
from runbooks.domain.standing import AT_REST, PART, Draft, Standing


@dataclass(frozen=True, slots=True)
class Row:
    stage: TaskStage


NAMES = [f"T{n}" for n in range(3 * PART + 5)]
WAITING = {name: Row(TaskStage.NOT_STARTABLE) for name in NAMES}
changes = st.lists(st.tuples(st.sampled_from(NAMES), st.builds(Row, st.sampled_from(TaskStage))), max_size=40)


@given(changes)
def test_it_holds_what_a_dict_would_hold(changes):
    plain, standing = dict(WAITING), Standing(WAITING)
    for name, row in changes:
        plain[name] = row
        standing = standing.put(name, row)
    assert standing == plain
    assert list(standing) == NAMES
    assert dict(standing.under_way()) == {n: row for n, row in plain.items() if row.stage not in AT_REST}
    assert standing.unfinished() == sum(row.stage is not TaskStage.COMPLETE for row in plain.values())


@given(changes)
def test_a_changed_copy_leaves_the_original_as_it_was(changes):
    before = Standing(WAITING)
    assert before.unfinished() == len(NAMES)
    for name, row in changes:
        before.put(name, row)
    assert before == WAITING
    assert list(before.under_way()) == []


@given(changes, changes)
def test_a_draft_changes_its_own_rows_only_and_none_that_it_has_shown(first, then):
    before = Standing(WAITING)
    draft, copies = Draft(before), before
    for name, row in first:
        draft, copies = draft.change(name, {"stage": row.stage}), copies.change(name, {"stage": row.stage})
    shown = draft.settled()
    for name, row in then:
        draft.put(name, row) if row.stage in AT_REST else draft.change(name, {"stage": row.stage})
    assert before == WAITING
    assert shown == copies
    assert draft.settled() == {**copies, **dict(then)}


def test_what_is_under_way_comes_in_the_order_of_the_plan():
    standing = Standing(WAITING)
    for name in reversed(NAMES):
        standing = standing.put(name, Row(TaskStage.STARTABLE))
    assert [name for name, _ in standing.under_way()] == NAMES


def test_a_name_that_is_not_in_it_is_not_added():
    with pytest.raises(KeyError):
        Standing(WAITING).put("other", Row(TaskStage.COMPLETE))
