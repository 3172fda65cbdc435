"""Is Prefect's picture of a run whole: compared again and again, told once, and gaps are said in words."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.core.errors import Refused
from cutover.core.event import Command
from runbooks.domain.weather import (
    EVENTS,
    WEATHER,
    WEATHER_MACHINE,
    CompareHistory,
    NoteClockStep,
    Picture,
    Weather,
    weather_words,
)
from tests.conftest import START

COMMANDS = st.one_of(
    st.builds(
        CompareHistory, by=st.just("performer"), performed=st.integers(0, 9), recorded=st.integers(0, 9)
    ),
    st.builds(
        NoteClockStep, by=st.just("performer"), seconds=st.floats(-7200, 7200), runner=st.just("here:1:1")
    ),
)


def compared(state: Weather, performed: int, recorded: int) -> tuple[Weather, int]:
    command = CompareHistory(by="performer", performed=performed, recorded=recorded)
    seen, facts = WEATHER_MACHINE.apply(state, command, START)
    return seen, len(facts)


def test_the_table_is_sound() -> None:
    assert WEATHER.faults() == []
    assert {kind for _, kind in WEATHER.moves} == set(EVENTS)


@given(st.lists(COMMANDS, max_size=12))
def test_replaying_its_facts_gives_its_state(commands: list[Command]) -> None:
    state, facts = Weather(), []
    for command in commands:
        state, new = WEATHER_MACHINE.apply(state, command, START)
        facts += new
    assert WEATHER_MACHINE.fold(facts) == state


def test_a_gap_is_told_and_closed_when_the_history_arrives_late() -> None:
    gapped, _ = compared(Weather(), 10, 7)
    assert (gapped.picture, gapped.missing) == (Picture.GAPPED, 3)
    assert weather_words(gapped)[0].startswith("Prefect shows 7 of 10 automated steps: 3 were performed")
    whole, _ = compared(gapped, 10, 10)
    assert (whole.picture, whole.missing, weather_words(whole)) == (Picture.WHOLE, 0, [])


def test_what_has_not_changed_is_not_said_again() -> None:
    seen, first = compared(Weather(), 4, 4)
    assert (first, compared(seen, 4, 5)[1], compared(seen, 5, 5)[1]) == (1, 0, 1)


@pytest.mark.parametrize(("hours", "said"), [(2, r"\+7200 s"), (-2, "-7200 s")])
def test_a_stepped_clock_is_told_with_its_moment(hours: int, said: str) -> None:
    step = timedelta(hours=hours).total_seconds()
    seen, _ = WEATHER_MACHINE.apply(
        Weather(), NoteClockStep(by="performer", seconds=step, runner="here:1:1"), START
    )
    assert seen.picture is Picture.UNKNOWN
    assert said.replace("\\", "") in weather_words(seen)[0]
    assert "23 Oct 21:00Z" in weather_words(seen)[0]


def test_a_strange_command_is_refused() -> None:
    with pytest.raises(Refused, match="not a command of a run's surroundings"):
        WEATHER_MACHINE.apply(Weather(), Command(by="performer"), START)
