"""A component is always in exactly one mode, and every switch is somebody's recorded decision."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cutover.core.errors import Refused
from cutover.domain.modes import (
    COMPONENT,
    EVENTS,
    MODES,
    RULES,
    ComponentState,
    Mode,
    SwitchMode,
    component_stream,
)
from tests.conftest import START


def switch(state, to):
    return COMPONENT.apply(
        state, SwitchMode(by="Asha", to=to, reason="custody is down", cause="incident:7"), START
    )[0]


def test_the_table_is_sound():
    assert MODES.faults() == []
    assert {kind for _, kind in MODES.moves} == set(EVENTS)


@pytest.mark.parametrize(("stage", "kind"), [p for p in product(Mode, EVENTS) if p not in MODES.moves])
def test_every_other_move_is_refused(stage, kind):
    with pytest.raises(Refused):
        MODES.next(stage, kind)


@pytest.mark.parametrize(("at", "to"), [(at, to) for at, to in product(Mode, Mode) if at != to])
def test_any_other_mode_is_one_decision_away(at, to):
    assert switch(ComponentState(at), to) == ComponentState(to, START, "custody is down", "Asha")


@pytest.mark.parametrize("mode", Mode)
def test_switching_to_the_mode_it_is_in_is_refused(mode):
    with pytest.raises(Refused):
        switch(ComponentState(mode), mode)


def test_a_switch_has_a_reason():
    with pytest.raises(ValidationError):
        SwitchMode(by="Asha", to=Mode.PAPER, reason="")


def test_every_mode_says_what_it_allows_and_only_a_live_one_is_written_to():
    assert set(RULES) == set(Mode)
    assert [mode for mode in Mode if RULES[mode].write] == [Mode.LIVE]
    assert [mode for mode in Mode if RULES[mode].paper] == [Mode.READ_ONLY, Mode.PAPER]


@given(st.lists(st.sampled_from(Mode)))
def test_replaying_the_facts_gives_the_same_component(wishes):
    state, facts = COMPONENT.start, []
    for to in wishes:
        if to is not state.mode:
            state, new = COMPONENT.apply(state, SwitchMode(by="Asha", to=to, reason="x"), START)
            facts += new
    assert COMPONENT.fold(facts) == state
    assert component_stream("custody") == "component:custody"
