"""The two tables of a run: total, reachable, no way out of an end, everything else refused by name."""

from __future__ import annotations

from itertools import product

import pytest

from cutover.core.errors import Refused
from cutover.core.refusal_words import spoken
from runbooks.domain import colours, edits, notes, turning_back
from runbooks.domain import run_events as ev
from runbooks.domain.run_events import EVENTS, RUN, TASK, RunStage, TaskStage

MOVES_OF_A_RUN = {event for _, event in RUN.moves}
MOVES_OF_A_TASK = {event for _, event in TASK.moves}


@pytest.mark.parametrize("table", [RUN, TASK], ids=["run", "task"])
def test_the_table_is_sound(table) -> None:
    assert table.faults() == []


@pytest.mark.parametrize(
    "pair", [p for p in product(RunStage, MOVES_OF_A_RUN) if p not in RUN.moves], ids=str
)
def test_every_other_move_of_a_run_is_refused(pair) -> None:
    with pytest.raises(Refused, match=f"A run that is {spoken(pair[0])} cannot"):
        RUN.next(*pair)


@pytest.mark.parametrize(
    "pair", [p for p in product(TaskStage, MOVES_OF_A_TASK) if p not in TASK.moves], ids=str
)
def test_every_other_move_of_a_task_is_refused(pair) -> None:
    with pytest.raises(Refused, match=f"A task that is {spoken(pair[0])} cannot"):
        TASK.next(*pair)


def test_every_event_moves_something_or_only_tells() -> None:
    """A link, a forecast and the point of no return change no stage; a release is folded and never journalled."""
    telling = {ev.FlowLinked, ev.ForecastMoved, ev.PointOfNoReturnPassed}
    beside = {*notes.EVENTS, *edits.EVENTS, *colours.EVENTS, *turning_back.EVENTS}
    derived = {ev.TaskReleased, ev.TaskAbandoned}
    assert set(EVENTS) == (MOVES_OF_A_RUN | MOVES_OF_A_TASK | telling | beside) - derived


def test_an_uncertain_task_is_settled_and_never_begun_again_blindly() -> None:
    assert not TASK.allows(TaskStage.UNCERTAIN, ev.TaskBegun)
    assert not TASK.allows(TaskStage.UNCERTAIN, ev.TaskSkipped)
