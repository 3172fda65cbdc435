"""A plan is edited while it runs: what is to come and never what was, by two people, and no edit over another's."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutover.core.errors import Invalid, NotFound, Refused
from runbooks.domain import run_events as ev
from runbooks.domain.edits import (
    AddedTask,
    ApproveEdit,
    EditStage,
    ProposeEdit,
    RejectEdit,
    WithdrawEdit,
    said,
)
from runbooks.domain.execution import RUN_MACHINE
from runbooks.domain.run_events import RunType, TaskStage
from tests.runbooks.plans import HOUR, Bench, task


def propose(bench: Bench, by: str = "bo", **more: Any) -> list[str]:
    return bench.ask(ProposeEdit(by=by, reason="slower than thought", **more))


def approve(bench: Bench, number: int = 1, by: str = "chen") -> list[str]:
    return bench.ask(ApproveEdit(by=by, number=number))


def test_nothing_changes_before_somebody_approves() -> None:
    bench = Bench.of(task("A"), task("B", "A"))
    assert propose(bench, changes={"B": {"duration": "3h"}}) == ["EditProposed"]
    assert bench.state.plan["B"].duration == HOUR
    assert approve(bench) == ["EditApproved"]
    assert (bench.state.plan["B"].duration, bench.state.edits.version) == (3 * HOUR, 2)
    assert bench.state.edits.by_number[1].stage is EditStage.APPROVED


def test_in_a_live_run_the_proposer_does_not_approve() -> None:
    bench = Bench.of(task("A"), run_type=RunType.LIVE)
    propose(bench, changes={"A": {"title": "Do it well"}})
    with pytest.raises(Refused, match="bo proposed edit 1: in a live run somebody else approves it"):
        approve(bench, by="bo")
    approve(bench)


def test_an_edit_is_not_laid_over_another_that_came_between() -> None:
    bench = Bench.of(task("A"), task("B"))
    propose(bench, changes={"A": {"duration": "2h"}})
    propose(bench, "dev", changes={"A": {"duration": "5h"}})
    propose(bench, "dev", changes={"B": {"duration": "5h"}})
    approve(bench, 1)
    with pytest.raises(
        Refused, match=r"A duration is now .*, and was .* when this was proposed: propose it anew"
    ):
        approve(bench, 2)
    approve(bench, 3)
    assert (bench.state.plan["A"].duration, bench.state.plan["B"].duration) == (2 * HOUR, 5 * HOUR)


def test_a_new_predecessor_holds_back_what_could_start_and_its_removal_releases_it() -> None:
    bench = Bench.of(task("A"), task("B"))
    assert bench.stage("B") is TaskStage.STARTABLE
    propose(bench, changes={"B": {"after": ["A"]}})
    approve(bench)
    assert bench.stage("B") is TaskStage.NOT_STARTABLE
    propose(bench, changes={"B": {"after": []}}, removed=("A",))
    approve(bench, 2)
    assert (bench.stage("B"), "A" in bench.state.tasks) == (TaskStage.STARTABLE, False)


def test_a_task_is_added_behind_another_and_performed_like_any() -> None:
    bench = Bench.of(task("A"), task("B", "A"))
    bench.finish("A")
    propose(bench, added=(AddedTask(task=task("A2", "A"), behind="A"),), changes={"B": {"after": ["A2"]}})
    approve(bench)
    assert list(bench.state.plan) == ["A", "A2", "B"]
    assert (bench.stage("A2"), bench.stage("B")) == (TaskStage.STARTABLE, TaskStage.NOT_STARTABLE)
    bench.finish("A2")
    assert bench.finish("B")[-1] == "RunCompleted"


def test_what_has_begun_keeps_its_links_and_what_is_over_keeps_everything() -> None:
    bench = Bench.of(task("A"), task("B"), task("C"))
    bench.claim("A")
    bench.finish("B")
    with pytest.raises(Refused) as refused:
        propose(bench, changes={"A": {"after": ["C"]}, "B": {"title": "x"}}, removed=("A",))
    assert refused.value.reasons == (
        "A has begun: its after can no longer be changed",
        "B is over: what was done is not edited (write a comment)",
        "A has begun: it cannot be taken out of the plan",
    )
    propose(bench, changes={"A": {"duration": "9h", "owner": "dev"}})


def test_an_edit_that_came_too_late_is_refused_when_it_is_approved() -> None:
    bench = Bench.of(task("A"), task("B"), task("C"))
    propose(bench, changes={"A": {"after": ["C"]}})
    bench.claim("A")
    with pytest.raises(Refused, match="A has begun"):
        approve(bench)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"changes": {"A": {"after": ["B"]}, "B": {"after": ["A"]}}}, "wait for each other: A -> B -> A"),
        ({"removed": ("A",)}, "C: after: unknown task 'A'"),
        ({"changes": {"A": {"duration": "1h"}}}, "changes nothing"),
    ],
)
def test_a_plan_that_could_not_be_run_is_refused(more: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused, match=words):
        propose(Bench.of(task("A"), task("B"), task("C", "A")), **more)


def test_what_no_task_can_have_is_named_with_the_nearest() -> None:
    bench = Bench.of(task("A"))
    with pytest.raises(Invalid, match=r"A\.duraton: no such field of a task; did you mean 'duration'"):
        propose(bench, changes={"A": {"duraton": "1h"}})
    with pytest.raises(Invalid, match=r"A\.duration"):
        propose(bench, changes={"A": {"duration": "soon"}})
    with pytest.raises(NotFound, match="no task named 'Ax'"):
        propose(bench, changes={"Ax": {"title": "x"}})
    with pytest.raises(NotFound, match="no edit named '7'"):
        approve(bench, 7)


def test_an_edit_ends_once_by_name() -> None:
    bench = Bench.of(task("A"))
    for _ in range(2):
        propose(bench, changes={"A": {"duration": "2h"}})
    with pytest.raises(Refused, match="edit 1 is bo's: reject it instead"):
        bench.ask(WithdrawEdit(by="dev", number=1))
    bench.ask(WithdrawEdit(by="bo", number=1))
    bench.ask(RejectEdit(by="chen", number=2, reason="no"))
    for number in (1, 2):
        with pytest.raises(Refused, match=r"edit . is (withdrawn|rejected) by"):
            approve(bench, number)
    assert bench.state.edits.waiting() == ()


def test_the_last_open_task_taken_out_completes_the_run() -> None:
    bench = Bench.of(task("A"), task("B"))
    bench.finish("A")
    propose(bench, removed=("B",))
    assert approve(bench) == ["EditApproved", "RunCompleted"]
    with pytest.raises(Refused, match="its plan is not edited any more"):
        propose(bench, changes={"A": {"title": "x"}})


def test_an_edit_is_said_line_by_line() -> None:
    bench = Bench.of(task("A"), task("B"))
    propose(
        bench, changes={"B": {"after": ["A"], "owner": "dev"}}, added=(AddedTask(task=task("N"), behind="A"),)
    )
    assert list(said(bench.state.edits.by_number[1].proposal)) == [
        "~ B after: nothing -> A", "~ B owner: nothing -> dev", "+ N Do N (behind A)",
    ]  # fmt: skip


DO: dict[str, Any] = {
    "finish": lambda bench, name: bench.finish(name),
    "claim": lambda bench, name: bench.claim(name),
    "link": lambda bench, name, before: propose(bench, changes={name: {"after": [before]}}),
    "remove": lambda bench, name: propose(bench, removed=(name,)),
    "approve": approve,
}
NAMES = ("A", "B", "C", "D")
ACTS = st.one_of(
    st.tuples(st.just("finish"), st.sampled_from(NAMES)),
    st.tuples(st.just("claim"), st.sampled_from(NAMES)),
    st.tuples(st.just("link"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.tuples(st.just("remove"), st.sampled_from(NAMES)),
    st.tuples(st.just("approve"), st.integers(1, 4)),
)


@given(st.lists(ACTS, max_size=14))
@settings(max_examples=120, deadline=None)
def test_whatever_is_edited_a_task_starts_only_after_its_links_and_the_facts_give_the_state(
    acts: list[Any],
) -> None:
    bench = Bench.of(task("A"), task("B", "A"), task("C"), task("D", "C"))
    for kind, *words in acts:
        with suppress(Refused, NotFound):
            DO[kind](bench, *words)
    assert RUN_MACHINE.fold(bench.facts) == bench.state
    for name, at in bench.state.tasks.items():
        before = [bench.state.tasks[link.task] for link in bench.state.plan[name].after]
        if at.stage is TaskStage.STARTABLE:
            assert all(one.is_over for one in before)
        if at.stage is TaskStage.NOT_STARTABLE:
            assert any(not one.is_over for one in before)
    over = all(at.is_over for at in bench.state.tasks.values())
    assert over == (bench.state.stage is ev.RunStage.COMPLETE)


def test_another_length_moves_the_estimate_in_proportion_unless_it_is_given() -> None:
    estimate = {"low": "1h", "likely": "2h", "high": "4h"}
    bench = Bench.of(task("A", duration="2h", estimate=estimate), task("B"))
    bench.ask(ProposeEdit(by="bo", reason="slow", changes={"A": {"duration": "3h"}}))
    bench.ask(ApproveEdit(by="asha", number=1))
    moved = bench.state.plan["A"].estimate
    assert moved is not None
    assert (moved.low, moved.likely, moved.high) == (1.5 * HOUR, 3 * HOUR, 6 * HOUR)
    both = {"duration": "4h", "estimate": {"low": "3h", "likely": "4h", "high": "5h"}}
    bench.ask(ProposeEdit(by="bo", reason="sure", changes={"A": both}))
    bench.ask(ApproveEdit(by="asha", number=2))
    kept = bench.state.plan["A"].estimate
    assert kept is not None
    assert kept.high == 5 * HOUR
