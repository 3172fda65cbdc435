"""Only the newest run of a comparison may answer."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest

from cutover.core.clock import FixedClock
from cutover.core.errors import Refused
from cutover.core.event import Fact
from cutover.reconciliation.comparison import (
    COMPARISON,
    COMPARISONS,
    EVENTS,
    Answer,
    ComparisonState,
    Stage,
    Start,
    decide,
    evolve,
)
from cutover.reconciliation.findings import Outcome, Verdict

NOW = FixedClock(datetime(2026, 10, 23, 21, tzinfo=UTC)).now()


def _after(*commands: Any) -> ComparisonState:
    state = COMPARISON.start
    for command in commands:
        state, _ = COMPARISON.apply(state, command, NOW)
    return state


def _answer(run: int, verdict: Verdict = Verdict.PASS) -> Answer:
    return Answer(by="Asha", outcome=Outcome(contract="crimes", run=run, verdict=verdict, reasons=("why",)))


def test_the_table_has_no_faults() -> None:
    assert COMPARISONS.faults() == []


@pytest.mark.parametrize(("stage", "event"), list(itertools.product(Stage, EVENTS)))
def test_every_other_move_is_refused(stage: Stage, event: Any) -> None:
    if not COMPARISONS.allows(stage, event):
        with pytest.raises(Refused):
            evolve(ComparisonState(stage=stage), Fact(event.model_construct(), NOW, "Asha"))


def test_a_run_that_died_is_followed_by_the_next_number() -> None:
    assert _after(Start(by="Asha"), Start(by="Asha")).run == 2


def test_an_overtaken_run_may_not_answer() -> None:
    with pytest.raises(Refused, match="overtaken by run 2"):
        _after(Start(by="Asha"), Start(by="Bo"), _answer(1))


def test_an_error_replaces_the_pass_before_it() -> None:
    state = _after(Start(by="Asha"), _answer(1), Start(by="Asha"), _answer(2, Verdict.ERROR))
    assert (state.stage, state.outcome and state.outcome.verdict) == (Stage.FAILED, Verdict.ERROR)


def test_nothing_is_answered_before_it_was_asked() -> None:
    with pytest.raises(Refused):
        decide(COMPARISON.start, _answer(0), NOW)
    with pytest.raises(Refused, match="'command' cannot be asked of"):
        decide(COMPARISON.start, Start.__base__(by="Dev"), NOW)  # type: ignore[misc, arg-type]
