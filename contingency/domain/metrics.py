"""Since when a measured number has been past its threshold: what a trigger on a number waits on.

Theory: a reading past the threshold begins a breach, a reading within it ends the breach, and no reading does
neither: a monitor that fell silent has not recovered. The breach begins when the number was read, not when somebody
looked at it. Both are facts, so fourteen minutes stay fourteen minutes across a crash.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import ConfigDict, Field

from cutover.core.errors import Refused
from cutover.core.event import Command, Event, Fact
from cutover.core.machine import Machine, Table
from cutover.core.refusal_words import not_asked
from cutover.domain.programme import Part


class Comparator(StrEnum):
    ABOVE = "above"
    AT_LEAST = "at_least"
    BELOW = "below"
    AT_MOST = "at_most"


_TESTS: Mapping[Comparator, Callable[[float, float], bool]] = {
    Comparator.ABOVE: operator.gt,
    Comparator.AT_LEAST: operator.ge,
    Comparator.BELOW: operator.lt,
    Comparator.AT_MOST: operator.le,
}


class Metric(Part):
    """A number that a monitor measures, and from where it is a breach: `figure: latency`, `is: above`, `threshold: 8`."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True)

    figure: str = Field(
        min_length=1, description="`latency` in seconds, or the name of a figure that the monitor gives"
    )
    comparator: Comparator = Field(default=Comparator.ABOVE, validation_alias="is")
    threshold: float = Field(allow_inf_nan=False)

    def is_breached(self, value: float) -> bool:
        return _TESTS[self.comparator](value, self.threshold)

    def __str__(self) -> str:
        return f"{self.comparator.replace('_', ' ')} {self.threshold:g}"


class BreachStage(StrEnum):
    WITHIN = "within"
    PAST = "past"


class ThresholdPassed(Event):
    """The number was read past its threshold; before that reading it was not."""

    monitor: str
    figure: str
    value: float
    threshold: float


class ThresholdRegained(Event):
    """The number was read within its threshold again."""

    value: float


class ReadMetric(Command):
    """One reading of the number that a trigger watches."""

    monitor: str
    metric: Metric
    value: float = Field(allow_inf_nan=False)


EVENTS = (ThresholdPassed, ThresholdRegained)
BREACHES = Table(
    name="threshold",
    theory="a reading past it begins a breach, a reading within it ends it, no reading does neither",
    stages=BreachStage,
    start=BreachStage.WITHIN,
    terminal=frozenset(),
    moves={
        (BreachStage.WITHIN, ThresholdPassed): BreachStage.PAST,
        (BreachStage.PAST, ThresholdRegained): BreachStage.WITHIN,
    },
)


@dataclass(frozen=True, slots=True)
class BreachState:
    """Whether the number is past its threshold, since when, and what it was when that began or ended."""

    stage: BreachStage = BreachStage.WITHIN
    since: datetime | None = None
    value: float | None = None


def decide(state: BreachState, command: Command, now: datetime) -> Sequence[Event]:
    del now
    if not isinstance(command, ReadMetric):
        raise Refused(not_asked("threshold", state.stage, command))
    metric, past = command.metric, state.stage is BreachStage.PAST
    if metric.is_breached(command.value) is past:
        return []
    if past:
        return [ThresholdRegained(value=command.value)]
    return [
        ThresholdPassed(
            monitor=command.monitor, figure=metric.figure, value=command.value, threshold=metric.threshold
        )
    ]


def evolve(state: BreachState, fact: Fact) -> BreachState:
    stage = BREACHES.next(state.stage, type(fact.event))
    assert isinstance(fact.event, ThresholdPassed | ThresholdRegained)  # its only facts
    return BreachState(stage, fact.at if stage is BreachStage.PAST else None, fact.event.value)


BREACH = Machine("threshold", BreachState(), decide, evolve)


def breach_stream(trigger: str) -> str:
    return f"threshold:{trigger}"
