"""A gate that nobody is left to decide is not asked, says why, and goes on once somebody else is named."""

from __future__ import annotations

import pytest

from cutover.core.errors import Refused
from runbooks.domain import edits
from runbooks.domain.deciding import can_be_decided, stuck_gates, undecidable, why_stuck
from runbooks.domain.execution import Do, next_actions
from tests.runbooks.plans import Bench, gate, task


def alone(**more: object) -> Bench:
    """Of a time before the rule: Asha began it, and is the only one who could decide its gate."""
    return Bench.of(gate("G", gate={"deciders": ("asha",), **more}), task("B", "G"), by="asha")


def named(*deciders: str) -> edits.ProposeEdit:
    changes = {"G": {"gate.deciders": list(deciders)}}
    return edits.ProposeEdit(by="bo", reason="Asha began the run", changes=changes)


def test_a_gate_that_nobody_is_left_to_decide_is_not_asked_and_says_what_to_do() -> None:
    bench = alone()
    assert next_actions(bench.state, bench.now) == []
    (stuck,) = stuck_gates(bench.state)
    words = why_stuck(stuck, "asha")
    assert "asha began this run and so does not decide it" in words
    assert "cutover run edit propose --set 'G.gate.deciders=[…]'" in words


def test_once_an_edit_names_another_it_is_asked() -> None:
    bench = alone()
    bench.ask(named("asha", "chen"))
    bench.ask(edits.ApproveEdit(by="asha", number=1))
    assert [due.do for due in next_actions(bench.state, bench.now)] == [Do.ASK_GATE]
    assert list(stuck_gates(bench.state)) == []
    gate_now = bench.state.plan["G"].gate
    assert gate_now is not None
    assert (gate_now.deciders, gate_now.quorum) == (("asha", "chen"), 1)


def test_an_edit_that_leaves_nobody_to_decide_is_refused() -> None:
    bench = Bench.of(gate("G"), task("B", "G"), by="asha")
    with pytest.raises(Refused, match="G Do G cannot be asked"):
        bench.ask(named("asha"))


def test_an_edit_of_something_else_is_not_held_up_by_a_gate_that_is_stuck() -> None:
    change = edits.ProposeEdit(by="bo", reason="slower", changes={"B": {"duration": "2h"}})
    assert alone().ask(change) == ["EditProposed"]


def test_a_deputy_who_may_vote_keeps_a_seat() -> None:
    asked = gate("G", gate={"deciders": ("asha",), "deputies": {"asha": "bo"}})
    assert asked.gate is not None
    assert can_be_decided(asked.gate, "asha")
    assert list(undecidable([asked], "asha")) == []
