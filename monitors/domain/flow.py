"""Does work still flow: which outcome flows a programme expects, where their counts come from, how soon a fall shows.

Every technical check may be green while referrals run at half: what is watched here is the outcome itself.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cutover.domain.programme import Id, Part, Span
from monitors.domain.check import Seconds, Severity, one_target
from monitors.domain.kinds import SecretName

Share = Annotated[float, Field(gt=0, lt=1)]


class Source(Part):
    """Where counts come from. `missing` says what a day means that the answer does not name.

    A query that groups by day names no day without events: only where the answer comes from the system of record
    itself may that be read as nought (`zero`). Everything else is a day of which nothing is known.
    """

    missing: Literal["unknown", "zero"] = "unknown"
    timeout: Seconds = Field(default=30.0, description="seconds of real time for one reading")


class SqlCounts(Source):
    """`query` answers (day, count) or (day, count, last event); `:since` and `:until` are the days asked for."""

    kind: Literal["sql"]
    database: SecretName = Field(description="name of the secret that holds the SQLAlchemy URL")
    query: str = Field(min_length=1)


class CsvCounts(Source):
    """A file of the programme folder with a heading line; one line a day."""

    kind: Literal["csv"]
    path: str = Field(min_length=1)
    day: str = "day"
    count: str = "count"
    last: str = Field(default="", description="the column of the moment of the day's last event")


class PrometheusCounts(Source):
    """A range query with a step of a day: each value is the finished count of the day before its moment.

    A counter's `increase()` loses rare events: query a gauge that holds the day's finished count.
    """

    kind: Literal["prometheus"]
    system: str = Field(default="", description="name under `systems` of the programme")
    url: str = Field(default="", pattern=r"^(https?://.*)?$", description="instead of a system")
    query: str = Field(min_length=1)

    @model_validator(mode="after")
    def _has_one_target(self) -> Self:
        one_target(self.system, self.url)
        if self.missing == "zero":
            raise ValueError(
                "missing: zero cannot be said of Prometheus: a series that is gone is not a nought"
            )
        return self


class ApiCounts(Source):
    """Somebody tells us: `POST /api/v1/counts/<flow>` or `cutover monitor count`."""

    kind: Literal["api"]


class PoolCounts(Source):
    """The sum of other flows: what is too rare to be seen alone."""

    kind: Literal["pool"]
    of: tuple[str, ...] = Field(min_length=2)


AnyCounts = Annotated[
    SqlCounts | CsvCounts | PrometheusCounts | ApiCounts | PoolCounts, Field(discriminator="kind")
]


class Flow(Part):
    """One outcome flow: its count a day against what was normal before the go-live."""

    id: Id
    title: str
    component: str = ""
    owner: str
    business_owner: str = Field(default="", description="who in the business is told as well")
    severity: Severity = Severity.HIGH
    safeguarding: bool = Field(default=False, description="its alarms are never held back by quiet hours")
    counts: AnyCounts
    ratio_of: str = Field(default="", description="the flow whose count this one is a share of")
    history_from: date | None = Field(default=None, description="first day of the baseline's history")
    history_until: date | None = Field(default=None, description="its last day, before the go-live")
    matures_after: int = Field(default=0, ge=0, le=60, description="days until late counts have come in")
    every: Span = Field(default=timedelta(hours=1), description="how often its counts are read")
    see_within: int = Field(default=7, ge=1, le=365, description="days in which a halving must be seen")
    expected: float | None = Field(default=None, gt=0, description="events a day, until a baseline is frozen")
    alpha: float = Field(default=0.05, ge=0, le=10, description="scatter, until a baseline is frozen")
    silence: bool = Field(default=True, description="alarm when nothing came for too long")
    hours: tuple[float, ...] = Field(
        default=(), description="24 weights: how the day's events spread over it"
    )
    pooled_into: str = Field(default="", description="the pool that sees what this flow alone cannot")
    aged_by: str = Field(default="", description="the ageing rule that sees what this flow cannot")

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        if self.history_from and self.history_until and self.history_until <= self.history_from:
            raise ValueError("history_until must be after history_from")
        if self.id in (self.ratio_of, self.pooled_into):
            raise ValueError(f"'{self.id}' cannot be a share or a part of itself")
        if self.hours and (len(self.hours) != 24 or min(self.hours) < 0 or sum(self.hours) <= 0):  # noqa: PLR2004
            raise ValueError("hours: 24 weights, none negative, not all nought")
        return self

    @property
    def needs(self) -> tuple[str, ...]:
        """The flows that its count is the sum of, and the one that it is a share of."""
        parts = self.counts.of if isinstance(self.counts, PoolCounts) else ()
        return (*parts, *filter(None, (self.ratio_of,)))


class Hypercare(Part):
    """The watch after the go-live as it was agreed: how long, how many false alarms, what must be seen."""

    go_live: datetime | None = Field(
        default=None, description="wall time of the programme's zone; default: when the window closes"
    )
    days: int = Field(default=90, ge=1, le=400)
    false_alarms: float = Field(default=1.0, gt=0, description="allowed in all, over these days")
    holidays: str = Field(
        default="", pattern=r"^([A-Z]{2}(/[A-Z0-9]{1,3})?)?$", description="country or country/part: GB/ENG"
    )
    closed_days: tuple[date, ...] = Field(default=(), description="further days to be counted as Sundays")
    agreed_drop: Share = Field(default=0.5, description="the fall that the data must have been able to show")
