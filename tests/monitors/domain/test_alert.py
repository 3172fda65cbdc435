"""Whoever heard that it fires hears that it is over; whatever holds notices back holds back nothing else."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.core.errors import Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.refusal_words import spoken
from monitors.domain import alert
from monitors.domain.alert import ALERT, ALERTS, AlertStage, AlertState, JudgeAlert, Recipient, Step
from monitors.domain.check import Severity

START = datetime(2026, 10, 23, 21, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ASHA, CHEN = Recipient(person="asha", channel="apprise"), Recipient(person="chen")
STEPS = (Step(after=15 * MINUTE, to=(CHEN,)),)
LABELS = ("WARNING", "CRITICAL", "UNKNOWN", "FLAPPING")
looks = st.lists(
    st.tuples(st.booleans(), st.sampled_from(["", "acknowledged", "downtime"]), st.sampled_from(LABELS), st.integers(1, 90)),
    max_size=30,
)  # fmt: skip


def judge(bad: bool, held: str = "", label: str = "CRITICAL", **more: Any) -> JudgeAlert:
    fields = {
        "title": "Custody",
        "severity": Severity.HIGH,
        "to": (ASHA,),
        "repeat": 60 * MINUTE,
        "steps": STEPS,
    }
    return JudgeAlert(by="notifier", bad=bad, held=held, label=label if bad else "OK", **(fields | more))


def run(log: list[tuple[bool, str, str, int]]) -> tuple[AlertState, list[Fact], datetime]:
    """The state and facts after looks, each so many minutes after the one before."""
    state, facts, now = ALERT.start, list[Fact](), START
    for bad, held, label, minutes in log:
        now += minutes * MINUTE
        state, fresh = ALERT.apply(state, judge(bad, held, label), now)
        facts += fresh
    return state, facts, now


def kinds(*log: tuple[bool, str, int]) -> list[str]:
    return [f.event.kind() for f in run([(bad, held, "CRITICAL", minutes) for bad, held, minutes in log])[1]]


def test_the_table_is_sound() -> None:
    assert ALERTS.faults() == []
    assert {event for _, event in ALERTS.moves} == set(alert.EVENTS)


def test_every_move_the_table_does_not_list_is_refused() -> None:
    events: tuple[type[Event], ...] = alert.EVENTS
    for stage, event in itertools.product(AlertStage, events):
        if not ALERTS.allows(stage, event):
            with pytest.raises(Refused, match=f"n alert that is {spoken(stage)} cannot "):
                ALERTS.next(stage, event)


def test_an_alarm_is_told_once_and_its_end_once() -> None:
    assert kinds((True, "", 1), (True, "", 1), (False, "", 1), (False, "", 1)) == [
        "AlertFired",
        "AlertResolved",
    ]


def test_it_is_told_again_while_it_goes_on_and_to_others_when_nobody_takes_it() -> None:
    found = kinds((True, "", 1), (True, "", 14), (True, "", 1), (True, "", 59), (True, "", 1), (True, "", 60))
    assert found == ["AlertFired", "AlertEscalated", "AlertRepeated", "AlertRepeated"]


def test_whoever_was_told_by_escalation_hears_of_the_end_too() -> None:
    _, facts, _ = run([(True, "", "CRITICAL", 1), (True, "", "CRITICAL", 20), (False, "", "", 1)])
    assert [f.event.to for f in facts] == [(ASHA,), (CHEN,), (ASHA, CHEN)]  # type: ignore[attr-defined]


def test_what_is_held_from_the_beginning_is_told_when_that_ends() -> None:
    assert kinds((True, "downtime", 1), (True, "", 1)) == ["AlertFired"]
    assert kinds((True, "downtime", 1), (False, "downtime", 1)) == []


def test_getting_worse_is_told_at_once_and_getting_less_bad_is_not() -> None:
    worse = run([(True, "", "WARNING", 1), (True, "", "CRITICAL", 1)])[1]
    milder = run([(True, "", "CRITICAL", 1), (True, "", "WARNING", 1)])[1]
    assert [f.event.kind() for f in worse] == ["AlertFired", "AlertWorsened"]
    assert len(milder) == 1


def test_what_is_overdue_now_is_worse_than_what_was_due() -> None:
    assert (alert.is_worse("DUE", "OVERDUE"), alert.is_worse("OVERDUE", "DUE")) == (True, False)


def test_what_follows_flapping_is_news() -> None:
    after = run([(True, "", "FLAPPING", 1), (True, "", "WARNING", 1)])[1]
    assert [f.event.kind() for f in after] == ["AlertFired", "AlertWorsened"]


@given(log=looks)
def test_notified_firing_is_always_notified_resolved_even_while_suppressed(
    log: list[tuple[bool, str, str, int]],
) -> None:
    """Invariant (b), to each recipient."""
    _, facts, now = run([*log, (False, "downtime", "", 1)])
    pending: set[Recipient] = set()
    for fact in facts:
        if isinstance(fact.event, alert.AlertResolved):
            assert set(fact.event.to) == pending
            pending = set()
        elif isinstance(fact.event, alert.AlertTold):
            pending |= set(fact.event.to)
    assert pending == set()
    assert all(fact.at <= now for fact in facts)


@given(log=looks)
def test_what_ends_while_still_bad_is_notified_again_at_once(log: list[tuple[bool, str, str, int]]) -> None:
    """Invariant (c): the first look after an acknowledgement or a downtime ends tells, without waiting to repeat."""
    state, _, now = run([*log, (True, "", "CRITICAL", 1), (True, "acknowledged", "CRITICAL", 1)])
    assert state.stage is AlertStage.HELD
    fresh = ALERT.decide(state, judge(bad=True), now + timedelta(seconds=1))
    assert [e.kind() for e in fresh] == ["AlertFired"]


@given(log=looks)
def test_nothing_is_told_while_it_is_held(log: list[tuple[bool, str, str, int]]) -> None:
    state, _, now = run(log)
    for minutes in (1, 100, 1000):
        fresh = ALERT.decide(state, judge(bad=True, held="downtime"), now + minutes * MINUTE)
        assert [e.kind() for e in fresh] in ([], ["AlertHeld"])


@given(log=looks, cut=st.integers(0, 40))
def test_folding_the_facts_again_from_any_point_gives_the_same_state(
    log: list[tuple[bool, str, str, int]], cut: int
) -> None:
    state, facts, _ = run(log)
    assert ALERT.fold(facts[cut:], ALERT.fold(facts[:cut])) == state


def test_a_command_it_does_not_know_is_refused() -> None:
    with pytest.raises(Refused, match="not known"):
        ALERT.decide(ALERT.start, Command(by="Dev"), START)
