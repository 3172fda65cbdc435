"""What is normal: the mean of each kind of day and how widely counts scatter, learnt before the go-live and frozen.

A baseline never rolls on: a permanent fall would become the new normal within a fortnight. Bank holidays are
counted with the Sundays (48 % of 90-day windows held a false alarm without that, 6 % with it).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from cutover.core.errors import Invalid, Problem

FEWEST_DAYS = 28  # four of each weekday; with fewer, false alarms are three times as many
GOOD_DAYS = 182  # with fewer than half a year, false alarms are twice as many


class DayKind(StrEnum):
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


_WEEK = tuple(DayKind)


def kind_of(day: date, holidays: Collection[date]) -> DayKind:
    """A bank holiday is a Sunday."""
    return DayKind.SUN if day in holidays else _WEEK[day.weekday()]


class Normal(BaseModel):
    """A frozen baseline: means by kind of day, `alpha` the overdispersion, from `days` days `begins` to `ends`.

    `rate` and `rate_alpha` are the same for the share of another flow's count, where one is watched.
    `holidays` are those known when it was frozen, so that nothing outside the journal moves the chart.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    means: Mapping[DayKind, float]
    alpha: float = Field(ge=0)
    begins: date
    ends: date
    days: int = Field(ge=1)
    holidays: tuple[date, ...] = ()
    rate: float | None = Field(default=None, ge=0)
    rate_alpha: float = Field(default=0.0, ge=0)

    def mean(self, day: date) -> float:
        """How many are normal on `day`."""
        return self.means[kind_of(day, self.holidays)]

    @property
    def daily(self) -> float:
        """The mean of an ordinary week's day."""
        return sum(self.means.values()) / len(self.means)

    @property
    def is_short(self) -> bool:
        """Learnt from less than half a year: expect about twice the false alarms."""
        return self.days < GOOD_DAYS


@dataclass(frozen=True, slots=True)
class Paired:
    """The count of one day beside the count it is a share of."""

    day: date
    count: int
    of: int | None = None


def learn(history: Iterable[Paired], holidays: Collection[date]) -> Normal:
    """The baseline that a history shows. Raises Invalid for fewer than four weeks or a weekday never seen."""
    days = sorted(history, key=lambda one: one.day)
    if len(days) < FEWEST_DAYS:
        raise Invalid(
            Problem(
                f"{len(days)} days of history are too few for a baseline",
                expected=f"at least {FEWEST_DAYS}, better {GOOD_DAYS}",
            )
        )
    by_kind: dict[DayKind, list[int]] = {kind: [] for kind in _WEEK}
    for one in days:
        by_kind[kind_of(one.day, holidays)].append(one.count)
    if unseen := [kind for kind, counts in by_kind.items() if not counts]:
        raise Invalid(
            Problem(f"the history holds no {', no '.join(unseen)}", expected="every day of the week")
        )
    means = {kind: sum(counts) / len(counts) for kind, counts in by_kind.items()}
    fitted = [(one.count, means[kind_of(one.day, holidays)]) for one in days]
    rate, rate_alpha = _share(days)
    return Normal(
        means=means,
        alpha=scatter(fitted, len(_WEEK)),
        begins=days[0].day,
        ends=days[-1].day,
        days=len(days),
        holidays=tuple(sorted(holidays)),
        rate=rate,
        rate_alpha=rate_alpha,
    )


def scatter(fitted: Iterable[tuple[float, float]], parameters: int) -> float:
    """Alpha by moments from (count, mean) pairs: the part of the variance that Poisson does not explain; >= 0."""
    pairs = list(fitted)
    freedom = max(1, len(pairs) - parameters)
    squares = sum((count - mean) ** 2 for count, mean in pairs) * len(pairs) / freedom
    means, squared = sum(mean for _, mean in pairs), sum(mean * mean for _, mean in pairs)
    return max(0.0, (squares - means) / squared) if squared > 0 else 0.0


def _share(days: list[Paired]) -> tuple[float | None, float]:
    pairs = [(one.count, one.of) for one in days if one.of is not None]
    total = sum(of for _, of in pairs)
    if len(pairs) < FEWEST_DAYS or total == 0:
        return None, 0.0
    rate = sum(count for count, _ in pairs) / total
    return rate, scatter([(count, rate * of) for count, of in pairs], 1)
