"""A run rests while it stands as it did and no moment has come; anything else ends it."""

from dataclasses import replace

from runbooks.domain.run_state import RunState
from runbooks.rest import Rest
from tests.conftest import START
from tests.runbooks.plans import HOUR


def test_it_rests_until_a_moment_comes_or_anything_is_written():
    state, rest = RunState(), Rest()
    assert not rest.goes_on(state, START)
    rest.begin(state, START + HOUR)
    assert rest.goes_on(state, START)
    assert not rest.goes_on(state, START + HOUR)
    assert not rest.goes_on(replace(state, message="something"), START)


def test_without_a_moment_ahead_it_rests_until_somebody_writes():
    state, rest = RunState(), Rest()
    rest.begin(state, None)
    assert rest.goes_on(state, START + 1000 * HOUR)
