"""More people, another order: what they bring and who must be told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutover.core.errors import NotFound
from runbooks.domain.capacity.levelling import dispatch, in_order
from runbooks.domain.capacity.resequencing import MINUTE, Move, Proposal, Solved, moves, settled, with_more
from runbooks.domain.capacity.verifier import faults_of
from tests.runbooks.domain.crews import HOUR, Staffed, hard_plans, needless_moves, on_shift, staffed
from tests.runbooks.plans import task


def test_one_more_on_a_team_comes_in_every_shift_it_has() -> None:
    plan = staffed(task("A", team="data"), among=on_shift())
    assert [n for _, n in with_more(plan.crew, "data", 1).capacity[0].steps] == [0, 2, 0]
    assert [n for _, n in with_more(plan.crew, "data", -2).capacity[0].steps] == [0, 0, 0]


def test_an_unknown_team_is_said_with_the_nearest() -> None:
    with pytest.raises(NotFound, match="did you mean 'data'"):
        with_more(staffed(task("A")).crew, "date", 1)


def test_who_moves_by_a_quarter_of_an_hour_or_changes_hands_is_told() -> None:
    plan = staffed(task("A", owner="bo"), task("B", owner="bo", deputy="chen"), task("C", duration="10m"))
    was = in_order(plan.net, plan.crew, [0, 1, 2])
    alone = in_order(plan.net, plan.crew, [1, 0, 2])
    assert moves(plan.net, plan.crew, was, was) == ()
    assert moves(plan.net, plan.crew, was, alone) == (
        Move("B", 0, 0, "chen", "bo"),
        Move("A", 0, HOUR, "bo", "bo"),
    )


def test_a_gain_of_less_than_a_minute_is_none() -> None:
    plan = staffed(task("A"))
    keep = dispatch(plan.net, plan.crew)
    proposal = Proposal(0, keep, Solved(keep, keep.finish - MINUTE // 2), ())
    assert (proposal.delay, proposal.gain, proposal.most) == (HOUR, 0, 0)


def test_a_proof_says_how_much_could_still_be_saved() -> None:
    keep = dispatch((plan := staffed(task("A"))).net, plan.crew)
    assert Solved(keep, HOUR).proven
    assert (Solved(keep, HOUR // 2).proven, Solved(keep, HOUR // 2).gap) == (False, 0.5)
    assert Solved(keep, HOUR // 2, slack=HOUR).proven


def test_tasks_that_need_not_move_go_back_to_their_planned_place() -> None:
    plan, keep, goal = needless_moves()
    assert [m.task for m in moves(plan.net, plan.crew, keep, goal)] == ["L1", "O2", "L2", "O1", "S"]
    near = settled(plan.net, plan.crew, goal, keep.starts, lambda: True)
    assert near.finish == goal.finish == 10 * HOUR
    assert [m.task for m in moves(plan.net, plan.crew, keep, near)] == ["L1", "L2", "S"]


@given(hard_plans(), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_a_settled_plan_is_workable_and_no_later(plan: Staffed, chance: object) -> None:
    keep = dispatch(plan.net, plan.crew)
    shuffled = list(range(len(plan.net.ids)))
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    goal = in_order(plan.net, plan.crew, shuffled)
    near = settled(plan.net, plan.crew, goal, keep.starts, lambda: True)
    assert near.finish <= goal.finish
    assert faults_of(plan.net, plan.crew, near) == []
    assert len(moves(plan.net, plan.crew, keep, near)) <= len(moves(plan.net, plan.crew, keep, goal)) + len(
        [1 for a, b in zip(near.who, goal.who, strict=True) if a != b]
    )
