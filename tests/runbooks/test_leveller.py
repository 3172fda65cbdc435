"""The leveller shows nothing that the verifier has not passed, and knows whether there is a solver."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from cutover.core.errors import Refused, Unavailable
from runbooks.domain.capacity.levelling import dispatch
from runbooks.leveller import checked, has_solver, seconds, solve, staffed
from tests.runbooks.domain.crews import HOUR, programme
from tests.runbooks.domain.crews import staffed as small
from tests.runbooks.plans import task


def test_a_plan_that_breaks_a_rule_is_refused_with_its_faults() -> None:
    plan = small(task("A", team="data"), task("B", team="data"))
    right = dispatch(plan.net, plan.crew)
    assert checked(plan.net, plan.crew, right) is right
    with pytest.raises(Refused, match="data: 2 needed"):
        checked(plan.net, plan.crew, replace(right, starts=(0, 0), ends=(HOUR, HOUR), finish=HOUR))


def test_without_the_extra_only_the_exact_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ortools.sat.python", None)
    plan = staffed([task("A", team="data"), task("B", team="data")], programme())
    assert not has_solver()
    assert solve(plan, exact=False).proven
    with pytest.raises(Unavailable, match="pip install"):
        solve(plan, exact=True)


def test_no_seconds_are_over_at_once() -> None:
    assert not seconds(0)()
    assert seconds(60)()


def test_the_written_order_is_the_order_of_the_lines() -> None:
    tasks = [task("Late", team="data"), task("Long", team="data"), task("After", "Long", duration="9h")]
    assert staffed(tasks, programme()).in_written_order().finish == 11 * HOUR
