"""Would we see it, and when: each flow's days to detect, stated at planning time; what cannot be seen is refused.

A flow too rare for its chart gives no false comfort: it is pooled with others, paired with a ratio or an ageing
rule, or waived by a named person.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import isfinite
from typing import TYPE_CHECKING, Any

from monitors.domain import silence
from monitors.domain.baseline import DayKind, Normal
from monitors.domain.cusum import PAGE_RATIO, TICKET_RATIO, drift, threshold
from monitors.domain.flow import Flow, Hypercare

if TYPE_CHECKING:
    from monitors.domain.run_length import RunLength

NEARLY_ALL = 0.9  # of such falls: what is declared as the time to detect
HALF = 0.5
THIRTEEN = 0.13
_WEEK = 7


@dataclass(frozen=True, slots=True)
class Seen:
    """A fall's days to detection: half of such falls are seen by `median`, nine in ten by `declared`; None: not in a year."""

    median: int | None
    declared: int | None

    def __str__(self) -> str:
        if self.declared is None:
            return "not within a year"
        return f"in {_days(self.median)}, 9 in 10 within {_days(self.declared)}"


@dataclass(frozen=True, slots=True)
class Detectability:
    """How soon one flow's chart shows a fall. `answer` says what stands in for it where that is too late."""

    flow: str
    title: str
    daily: float
    threshold: float
    halving: Seen
    thirteen: Seen
    later_halving: Seen  # once the head start is spent
    fall_by_three_in_ten: Seen  # on the ticket chart
    silent_hours: float
    see_within: int
    answer: str
    is_frozen: bool

    @property
    def is_seen(self) -> bool:
        return self.halving.declared is not None and self.halving.declared <= self.see_within

    @property
    def is_settled(self) -> bool:
        return self.is_seen or bool(self.answer)


def charts_of(flows: Collection[Flow]) -> int:
    """How many may wake somebody, silence included: what the allowed false alarms are shared among."""
    return sum(1 + bool(flow.ratio_of) + flow.silence for flow in flows) or 1


def threshold_of(watch: Hypercare, flows: Collection[Flow]) -> float:
    """The one threshold of every chart: ln(days x monitors / allowed false alarms)."""
    return threshold(watch.days, charts_of(flows), watch.false_alarms)


def silence_limit(watch: Hypercare, flows: Collection[Flow], normal: Normal) -> float:
    return silence.limit(normal.daily, watch.days, charts_of(flows), watch.false_alarms)


def assumed(flow: Flow) -> Normal | None:
    """A flat week from what the file says, before there is a baseline; None when it says nothing."""
    if flow.expected is None:
        return None
    means = dict.fromkeys(DayKind, flow.expected)
    return Normal(means=means, alpha=flow.alpha, begins=date.min, ends=date.min, days=1)


def detectability(flow: Flow, normal: Normal, height: float, first_day: date, quiet: float) -> Detectability:
    """How soon the charts of `flow` show a fall that begins with the go-live; `quiet` is the silence limit."""
    week = _week(normal, first_day)

    def seen(actual: float, *, ratio: float = PAGE_RATIO, start: float = 0.5) -> Seen:
        if sum(drift(mu, normal.alpha, ratio, actual) for mu in week) <= 0:
            return Seen(None, None)  # this chart does not look for so small a fall
        chances = _chances(week, normal.alpha, ratio, height, actual=actual, start=start * height)
        return Seen(chances.days(HALF), chances.days(NEARLY_ALL))

    return Detectability(
        flow=flow.id,
        title=flow.title,
        daily=normal.daily,
        threshold=height,
        halving=seen(HALF),
        thirteen=seen(THIRTEEN),
        later_halving=seen(HALF, start=0.0),
        fall_by_three_in_ten=seen(TICKET_RATIO, ratio=TICKET_RATIO),
        silent_hours=silence.hours_to_notice(normal.daily, quiet) if normal.daily > 0 else float("inf"),
        see_within=flow.see_within,
        answer=_stand_in(flow),
        is_frozen=normal.days > 1,
    )


def quiet_chances(normal: Normal, height: float, days: int, first_day: date) -> float:
    """The chance that the page chart raises a false alarm in `days` days of normal flow."""
    week = _week(normal, first_day)
    chances = _chances(week, normal.alpha, PAGE_RATIO, height, actual=1.0, start=height / 2, horizon=days)
    return chances.by[-1]


def unsettled(found: Sequence[Detectability], waived: Mapping[str, str]) -> list[str]:
    """Why the plan cannot stand: one sentence for each flow that nobody would see in time."""
    return [
        f"{one.flow}: a halving is seen {one.halving}, and {one.see_within} days were agreed: pool it, pair it with a "
        "ratio or an ageing rule, or have it waived by name"
        for one in found
        if not one.is_settled and one.flow not in waived
    ]


def hours(of: float) -> str:
    """13 h, 3 days, or never."""
    if not isfinite(of):
        return "never"
    return f"{of:.0f} h" if of < 72 else f"{of / 24:.0f} days"  # noqa: PLR2004


def _chances(means: Sequence[float], alpha: float, ratio: float, height: float, **more: Any) -> RunLength:
    """The reckoning needs numpy, a fifth of a second that no command pays which reckons nothing."""
    from monitors.domain.run_length import run_length

    return run_length(means, alpha, ratio, height, **more)


def _stand_in(flow: Flow) -> str:
    if flow.pooled_into:
        return f"pooled into {flow.pooled_into}"
    if flow.ratio_of:
        return f"paired with its share of {flow.ratio_of}"
    return f"paired with the ageing rule {flow.aged_by}" if flow.aged_by else ""


def _week(normal: Normal, first_day: date) -> list[float]:
    """The means of an ordinary week that begins with `first_day`."""
    plain = normal.model_copy(update={"holidays": ()})
    return [plain.mean(first_day + timedelta(days=n)) for n in range(_WEEK)]


def _days(count: int | None) -> str:
    return "never" if count is None else f"{count} day{'' if count == 1 else 's'}"
