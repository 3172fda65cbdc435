"""A number past its threshold: a reading begins a breach, another ends it, silence does neither."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contingency.domain.metrics import BREACH, BREACHES, BreachState, Comparator, Metric, ReadMetric
from contingency.domain.triggers import Trigger
from cutover.core.event import Fact

AT = datetime(2026, 10, 24, 3, tzinfo=UTC)
SLOW = Metric(figure="latency", comparator=Comparator.ABOVE, threshold=8)


def read(state: BreachState, value: float, at: datetime = AT, metric: Metric = SLOW) -> BreachState:
    for event in BREACH.decide(state, ReadMetric(by="w", monitor="m", metric=metric, value=value), at):
        state = BREACH.evolve(state, Fact(at=at, actor="w", event=event))
    return state


@pytest.mark.parametrize(
    ("comparator", "breached"), [("above", [9]), ("at_least", [8, 9]), ("below", [7]), ("at_most", [7, 8])]
)
def test_each_comparator_knows_its_edge(comparator: str, breached: list[int]) -> None:
    metric = Metric(figure="waiting", comparator=Comparator(comparator), threshold=8)
    assert [value for value in (7, 8, 9) if metric.is_breached(value)] == breached


def test_a_breach_lasts_from_its_first_reading_until_one_within() -> None:
    state = read(read(BreachState(), 9), 12, AT + timedelta(minutes=5))
    assert state.since == AT
    assert read(state, 8, AT + timedelta(minutes=14)).since is None


@given(st.lists(st.floats(0, 20), max_size=30))
def test_only_what_changes_is_a_fact(values: list[float]) -> None:
    """However often it is read, facts alternate."""
    state, facts = BreachState(), 0
    for i, value in enumerate(values):
        after = read(state, value, AT + timedelta(minutes=i))
        facts += after != state
        assert (after.since is not None) is SLOW.is_breached(value)
        state = after
    changes = sum(
        a != b for a, b in zip([False, *(v > 8 for v in values)], [v > 8 for v in values], strict=False)
    )
    assert facts == changes


def test_the_table_allows_no_second_beginning() -> None:
    assert {at: event.__name__ for at, event in BREACHES.moves} == {"within": "ThresholdPassed", "past": "ThresholdRegained"}  # fmt: skip


def test_a_trigger_waits_on_a_status_or_on_a_number_not_on_both() -> None:
    of = {"id": "t", "monitor": "m", "for": "15m", "play": "p", "decider": "chen"}
    trigger = Trigger.model_validate({**of, "metric": {"figure": "latency", "is": "above", "threshold": 8}})
    assert (trigger.watched, trigger.bad) == ("latency of m", "above 8")
    assert Trigger.model_validate(trigger.model_dump(mode="json")) == trigger
    with pytest.raises(ValidationError, match="on a status or on a metric, not on both"):
        Trigger.model_validate({**of, "status": "WARNING", "metric": {"figure": "latency", "threshold": 8}})
