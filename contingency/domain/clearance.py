"""When what waits will be cleared, by risk band and how surely, or never; and what that is in clerk-days.

Work is served highest risk first, so a band waits for every graver band and for what arrives in them. Minutes
per form come from the forms timed so far once there are enough of them, else from the form's own planned
figure. The spread is that of the forms still to key plus our ignorance of the true mean, which shrinks as more
are timed; with nothing timed the planned minutes are taken to be right within a third. A clerk is taken to be
productive for 6 hours a day unless told otherwise; a clerk-day is that many hours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import sqrt
from statistics import NormalDist, fmean, stdev

from contingency.domain.staffing import PRODUCTIVE_HOURS as PRODUCTIVE_HOURS  # noqa: PLC0414  who keys belongs to a forecast
from contingency.domain.staffing import KeyerShift, Roster, Staff
from contingency.domain.staffing import Staffing as Staffing  # noqa: PLC0414
from contingency.domain.triage import Grade

ENOUGH_TIMED = 5
PLAN_SPREAD = 1 / 3
SOME_DAY = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday, for staff who key the same on every day
_Z = {share: NormalDist().inv_cdf(share) for share in (0.50, 0.80, 0.95)}


@dataclass(frozen=True, slots=True)
class Effort:
    """Minutes to key one form of a type: mean, spread of single forms, error of the mean."""

    mean: float
    spread: float
    error: float
    timed: int = 0


@dataclass(frozen=True, slots=True)
class Clearance:
    """One band: what waits, the work in it, and elapsed time until it is clear (None: never at this rate)."""

    band: Grade
    forms: int
    clerk_days: float
    p50: timedelta | None
    p80: timedelta | None
    p95: timedelta | None

    @property
    def never(self) -> bool:
        return self.p50 is None


@dataclass(frozen=True, slots=True)
class Forecast:
    """The whole pile: by band, in clerk-days, and the assumption under it."""

    bands: tuple[Clearance, ...]
    forms: int
    clerk_days: float
    assumption: str
    arrivals_exceed_rate: bool = False
    minutes: Mapping[str, Effort] = field(default_factory=dict)
    shifts: tuple[KeyerShift, ...] = ()


def effort(planned: float, timed: Sequence[float]) -> Effort:
    """What a form takes: measured when at least five were timed, else as planned."""
    if len(timed) < ENOUGH_TIMED:
        return Effort(planned, planned * PLAN_SPREAD, planned * PLAN_SPREAD, len(timed))
    spread = stdev(timed)
    return Effort(fmean(timed), spread, spread / sqrt(len(timed)), len(timed))


def clerk_days(forms: int, minutes: float, productive_hours: float = PRODUCTIVE_HOURS) -> float:
    """3,000 forms at 25 minutes are 208 clerk-days of 6 productive hours; at 40 minutes 333."""
    return forms * minutes / (productive_hours * 60)


Counts = Mapping[Grade, Mapping[str, float]]


def forecast(
    waiting: Counts,
    efforts: Mapping[str, Effort],
    staffing: Staff,
    arrivals: Counts | None = None,
    now: datetime = SOME_DAY,
) -> Forecast:
    """Clearance by band from `now`. `arrivals` are forms a day by band and type; every form type needs an effort."""
    bands: list[Clearance] = []
    work = variance = arriving = 0.0
    errors: dict[str, float] = {}
    for band in Grade:
        counts = waiting.get(band, {})
        own = sum(n * efforts[form].mean for form, n in counts.items())
        work += own
        variance += sum(n * efforts[form].spread ** 2 for form, n in counts.items())
        for form, n in counts.items():
            errors[form] = errors.get(form, 0.0) + n * efforts[form].error
        arriving += _minutes_a_day((arrivals or {}).get(band, {}), efforts)
        sd = sqrt(variance + sum(e * e for e in errors.values()))
        p50, p80, p95 = (staffing.clear(work + z * sd, arriving, now) for z in _Z.values())
        days = own / (staffing.productive_hours * 60)
        bands.append(Clearance(band, round(sum(counts.values())), round(days, 1), p50, p80, p95))
    total = sum(band.forms for band in bands)
    return Forecast(
        bands=tuple(bands),
        forms=total,
        clerk_days=round(work / (staffing.productive_hours * 60), 1),
        assumption=f"{staffing}, {_arriving(arrivals)}highest risk first",
        arrivals_exceed_rate=arriving > 0 and arriving >= staffing.minutes_a_day,
        minutes=dict(efforts),
        shifts=staffing.shifts if isinstance(staffing, Roster) else (),
    )  # fmt: skip


def _minutes_a_day(counts: Mapping[str, float], efforts: Mapping[str, Effort]) -> float:
    return sum(n * efforts[form].mean for form, n in counts.items())


def _arriving(arrivals: Counts | None) -> str:
    whole = sum(sum(kinds.values()) for kinds in (arrivals or {}).values())
    return f"{whole:,.1f} a day arriving, ".replace(".0 ", " ") if whole else ""
