"""Charts add evidence day by day, an alarm stays until a person closes it, and the facts alone say all of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.core.errors import Refused
from cutover.core.event import Command
from monitors.domain.cusum import run
from monitors.domain.flow_events import (
    FLOWS,
    Cause,
    Chart,
    CloseAlarm,
    FreezeBaseline,
    RaiseSilence,
    Stage,
    TakeAlarm,
)
from monitors.domain.outcome import OUTCOME, FlowState, decide, evidence, in_hand, trace
from tests.monitors.domain.flows import FIRST, NOW, THRESHOLD, armed, normal, reported

HALVED = [4, 3, 5, 4, 4, 2, 5, 4, 3, 4]


def after(state: FlowState, *commands: Command, days: int = 10) -> FlowState:
    for command in commands:
        state, _ = OUTCOME.apply(state, command, NOW + timedelta(days=days))
    return state


def alarmed() -> FlowState:
    return after(armed(), reported(HALVED))


def test_the_table_has_no_faults() -> None:
    assert FLOWS.faults() == []


def test_a_halving_raises_an_alarm_that_says_since_when_and_how_much_is_left() -> None:
    alarm = alarmed().alarms[Chart.HALVING]
    assert alarm.day - FIRST <= timedelta(days=5)
    assert alarm.since == FIRST
    assert "of normal" in alarm.detail


def test_normal_days_raise_none_and_take_the_head_start_back() -> None:
    state = after(armed(), reported([8] * 14))
    assert state.alarms == {}
    assert state.values[Chart.HALVING] == 0


def test_an_alarm_outlives_better_days() -> None:
    state = after(alarmed(), reported([9] * 20, FIRST + timedelta(days=10)))
    assert state.values[Chart.HALVING] == 0
    assert Chart.HALVING in state.alarms


def test_only_a_close_with_a_cause_ends_an_alarm_and_the_chart_begins_anew_at_nought() -> None:
    closed = after(alarmed(), *(CloseAlarm(by="chen", chart=c, cause=Cause.FIXED, note="queue repaired") for c in Chart if c in alarmed().alarms))  # fmt: skip
    assert closed.stage is Stage.WATCHING
    assert closed.values[Chart.HALVING] == 0
    assert (closed.closed[0].by, closed.closed[0].cause) == ("chen", Cause.FIXED)


def test_a_chart_that_was_closed_alarms_again_when_the_fall_goes_on() -> None:
    close = [CloseAlarm(by="chen", chart=c, cause=Cause.FIXED, note="n") for c in alarmed().alarms]
    state = after(alarmed(), *close, reported(HALVED * 2, FIRST + timedelta(days=10)))
    assert Chart.HALVING in state.alarms


def test_what_is_not_open_cannot_be_closed_or_taken() -> None:
    with pytest.raises(Refused, match="no silence alarm of this flow is open"):
        decide(alarmed(), CloseAlarm(by="chen", chart=Chart.SILENCE, cause=Cause.FIXED, note="n"), NOW)


def test_an_alarm_in_hand_is_so_until_its_time_and_no_longer() -> None:
    until = NOW + timedelta(days=11)
    state = after(alarmed(), TakeAlarm(by="bo", chart=Chart.HALVING, until=until, note="calling"))
    alarm = state.alarms[Chart.HALVING]
    assert in_hand(alarm, until - timedelta(seconds=1)) is not None
    assert in_hand(alarm, until) is None


@pytest.mark.parametrize("days", [-1, 0, 30])
def test_an_alarm_is_taken_until_soon_and_not_until_then(days: int) -> None:
    with pytest.raises(Refused, match="acknowledgement"):
        decide(alarmed(), TakeAlarm(by="bo", chart=Chart.HALVING, until=NOW + timedelta(days=days), note="n"), NOW)  # fmt: skip


def test_a_frozen_baseline_needs_a_reason_to_be_replaced_and_a_closed_alarm() -> None:
    with pytest.raises(Refused, match="needs its reason"):
        decide(armed(), FreezeBaseline(by="chen", normal=normal(5)), NOW)
    with pytest.raises(Refused, match="An outcome flow that is alarmed cannot see the baseline rebased"):
        decide(alarmed(), FreezeBaseline(by="chen", normal=normal(5), reason="a unit closed"), NOW)
    own = FreezeBaseline(by="chen", normal=normal(5), reason="a unit closed", owner="chen")
    with pytest.raises(Refused, match="somebody else replaces"):
        decide(armed(), own, NOW)
    state = after(armed(), FreezeBaseline(by="chen", normal=normal(5), reason="a unit closed"))
    assert (state.number, state.stage) == (2, Stage.FROZEN)


def test_a_day_of_which_nothing_is_known_moves_no_chart_and_is_no_evidence() -> None:
    with_gap = after(armed(), reported([4, None, 4]))
    without = after(armed(), reported([4]), reported([4], FIRST + timedelta(days=2)))
    assert with_gap.values == without.values
    assert evidence(with_gap, 0.5) == pytest.approx(evidence(without, 0.5))


def test_a_day_restated_draws_the_charts_anew() -> None:
    late = after(armed(), reported([4, 1, 4]), reported([4, 5, 4]))
    assert late.values == after(armed(), reported([4, 5, 4])).values
    assert late.days[FIRST + timedelta(days=1)].count == 5


def test_days_before_the_charts_begin_are_not_taken() -> None:
    assert decide(armed(), reported([4], FIRST - timedelta(days=1)), NOW) == []


def test_silence_is_raised_once() -> None:
    command = RaiseSilence(by="w", day=FIRST, since=FIRST, expected=9.0, limit=8.0, detail="nothing")
    state = after(armed(), command)
    assert Chart.SILENCE in state.alarms
    assert decide(state, command, NOW) == []


def test_a_share_that_halves_is_seen_though_the_whole_grows() -> None:
    shared = normal(8, rate=0.067, rate_alpha=0.02)
    state = after(armed(shared), reported([8] * 10, of=[240] * 10))
    assert set(state.alarms) == {Chart.RATIO}


def test_when_both_halve_the_share_sees_nothing_and_the_count_does() -> None:
    shared = normal(8, rate=0.067, rate_alpha=0.02)
    state = after(armed(shared), reported([4] * 10, of=[60] * 10))
    assert Chart.HALVING in state.alarms
    assert Chart.RATIO not in state.alarms


def test_the_data_can_show_a_halving_only_after_enough_expected_events() -> None:
    few, many = after(armed(), reported([8] * 3)), after(armed(), reported([8] * 12))
    assert evidence(few, 0.5) < THRESHOLD <= evidence(many, 0.5)


days = st.lists(st.one_of(st.none(), st.integers(0, 30)), min_size=1, max_size=30)


@given(days, st.lists(st.tuples(st.integers(0, 29), st.integers(0, 30)), max_size=4))
def test_the_running_charts_are_those_drawn_from_the_facts(
    counts: list[int | None], late: list[tuple[int, int]]
) -> None:
    """Whatever came late or otherwise: folding again gives the same, and the values are the ends of the traces."""
    state, facts = OUTCOME.apply(armed(), reported(counts), NOW)
    for day, count in late:
        state, more = OUTCOME.apply(state, reported([count], FIRST + timedelta(days=day)), NOW)
        facts += more
    assert OUTCOME.fold(facts, armed()) == state
    for chart in (Chart.HALVING, Chart.FALL):
        points = trace(state, chart)
        assert state.values[chart] == pytest.approx(points[-1].value if points else THRESHOLD / 2)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40))
def test_the_chart_is_the_plain_cusum_of_its_days(counts: list[int]) -> None:
    state = after(armed(head_start=False), reported(counts))
    assert state.values[Chart.HALVING] == pytest.approx(run([(c, 8.0) for c in counts], 0.05, 0.5)[-1])
