"""What a rehearsal against real systems does with a task that does harm, and what a failed try leaves behind."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cutover.core.errors import Refused
from runbooks.domain import run_events as ev
from runbooks.domain.execution import Do, effect_key, next_actions
from runbooks.domain.run_events import Completion, RunSetup, RunType, TaskStage
from tests.conftest import START
from tests.runbooks.plans import Bench, auto, task

LEAVE = ev.LeaveOut(by="performer", task="A", reason="it does harm")
ALLOW = ev.AllowTask(by="chen", task="A")


def due(bench: Bench) -> list[Do]:
    return [one.do for one in next_actions(bench.state, bench.now)]


def test_what_a_rehearsal_skips_is_left_out_and_what_follows_is_released() -> None:
    bench = Bench.of(auto("A", in_rehearsal="skip"), task("B", "A"))
    assert due(bench) == [Do.LEAVE_OUT]
    assert bench.ask(LEAVE) == ["TaskSkipped"]
    assert (bench.at("A").completion, bench.at("A").note) == (Completion.AUTO, "it does harm")
    assert bench.stage("B") is TaskStage.STARTABLE


@pytest.mark.parametrize(
    "more",
    [{"run_type": RunType.LIVE}, {"setup": RunSetup(auto=True)}, {"setup": RunSetup(scenario=True)}],
    ids=["live", "walk-through", "range"],
)
def test_a_live_run_and_one_that_touches_nothing_real_perform_it(more: dict[str, object]) -> None:
    bench = Bench.of(auto("A", in_rehearsal="skip"), **more)
    assert due(bench) == [Do.PERFORM]
    with pytest.raises(Refused, match="A is not left out of this run"):
        bench.ask(LEAVE)


def test_what_asks_first_waits_until_somebody_allows_it_by_name() -> None:
    bench = Bench.of(auto("A", in_rehearsal="ask"))
    assert due(bench) == []
    assert bench.ask(ALLOW) == ["TaskAllowed"]
    assert bench.at("A").allowed_by == "chen"
    assert due(bench) == [Do.PERFORM]
    with pytest.raises(Refused, match="was allowed by chen already"):
        bench.ask(ALLOW)


def test_only_what_asks_can_be_allowed() -> None:
    with pytest.raises(Refused, match="A does not ask"):
        Bench.of(auto("A")).ask(ALLOW)


def test_a_failed_try_leaves_its_reason_and_the_key_as_it_was() -> None:
    bench = Bench.of(auto("A"))
    bench.begin("A")
    key = effect_key(bench.state, "A")
    again = START + timedelta(minutes=1)
    assert bench.ask(ev.ReportTry(by="performer", task="A", attempt=1, why="refused", again_at=again)) == [
        "TaskTryFailed"
    ]
    assert bench.at("A").note == "try 1 failed: refused"
    assert (bench.stage("A"), effect_key(bench.state, "A")) == (TaskStage.IN_PROGRESS, key)
