"""How old is the oldest item nobody acted on, and is every item somewhere: judged from where items begin.

A lost item is in no queue, so a queue never shows it: ages are computed from the upstream register, less what was
done (a left join). `unaccounted = created - done - open` is seen on its first day, when every number of the queue
itself is still green.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cutover.core.duration import show_duration
from cutover.core.errors import Invalid, Problem
from cutover.domain.programme import Part, Span
from monitors.domain.check import CLOCK_SKEW, Check, Result, critical, ok, warning
from monitors.domain.kinds import SecretName
from monitors.domain.service_time import LONGEST, Limit, ServiceHours, WorkingDays, show_limit

MOST_ITEMS = 1_000_000
NAMED = 10  # items named in a report
WEEK = timedelta(days=7)
SLOWER = 0.9  # of the throughput: the cautious end of a clearance forecast
MINUTE = timedelta(minutes=1)
ROUND_THE_CLOCK = ServiceHours()


class SqlItems(Part):
    """`query` answers (id, moment); of an open queue the id alone will do."""

    kind: Literal["sql"]
    database: SecretName = Field(description="name of the secret that holds the SQLAlchemy URL")
    query: str = Field(min_length=1)


class CsvItems(Part):
    """A file of the programme folder with a heading line; one line an item."""

    kind: Literal["csv"]
    path: str = Field(min_length=1)
    id: str = "id"
    at: str = "at"


Items = Annotated[SqlItems | CsvItems, Field(discriminator="kind")]


class AgeingCheck(Check):
    """Items of the upstream register against what was done with them, and against the queue that should hold the rest."""

    kind: Literal["ageing"]
    upstream: Items = Field(description="where items begin: (id, created)")
    done: Items = Field(description="what was acted on: (id, when)")
    queue: Items | None = Field(default=None, description="what the queue itself says is open: (id)")
    standard: Limit = Field(
        description="the service standard: an item is acted on within it; such as 48h, or 2 working days"
    )
    grace: Limit | None = Field(
        default=None,
        description="beyond standard and grace it is CRITICAL; default 24h, of working time one working day",
    )
    calendar: str = Field(
        default="",
        description="a calendar of the programme: only its hours count; default: round the clock, and working days are mon-fri",
    )
    settles_in: Span = Field(
        default=timedelta(hours=1), description="items younger than this may still be on their way"
    )

    @model_validator(mode="after")
    def _has_a_standard(self) -> Self:
        for name, limit in (("standard", self.standard), ("grace", self.grace)):
            if isinstance(limit, timedelta) and limit > LONGEST:
                raise ValueError(f"{name} is longer than {LONGEST.days} days")
        if isinstance(self.standard, timedelta) and self.standard <= timedelta(0):
            raise ValueError("standard must be longer than nothing")
        return self

    @property
    def patience(self) -> timedelta | WorkingDays:
        """How long beyond the standard it is a warning and no more."""
        if self.grace is not None:
            return self.grace
        return WorkingDays(days=1) if self.in_working_time else timedelta(hours=24)

    @property
    def in_working_time(self) -> bool:
        """Whether it matters when the service works."""
        return bool(self.calendar) or any(isinstance(x, WorkingDays) for x in (self.standard, self.grace))


class Oldest(BaseModel):
    """An item nobody acted on: since when it is there, when it fell due, and when that became grave."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str
    since: datetime
    due: datetime
    grave: datetime


class Ages(BaseModel):
    """One look: the balance, the oldest first, the flow of the last week. `open` None: the queue was not asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    created: int
    done: int
    open: int | None
    unacted: int
    over_standard: int
    unaccounted: int
    strangers: int  # done or open, and in no register
    oldest: tuple[Oldest, ...] = ()
    lost: tuple[Oldest, ...] = ()
    arrived: int = 0  # in the last seven days
    completed: int = 0

    @property
    def net_flow(self) -> int:
        """How much the backlog grew in the last seven days."""
        return self.arrived - self.completed

    @property
    def holds(self) -> bool:
        return self.unaccounted == 0 and self.strangers == 0

    @property
    def clears_in(self) -> tuple[float | None, float | None]:
        """Days until the backlog is gone, at last week's pace and at a tenth less; None: never."""
        return self._clears(1.0), self._clears(SLOWER)

    def _clears(self, pace: float) -> float | None:
        surplus = (self.completed * pace - self.arrived) / 7
        if self.unacted == 0:
            return 0.0
        return self.unacted / surplus if surplus > 0 else None


@dataclass(frozen=True, slots=True)
class Lists:
    """The three lists as they were read. Ids are text; a moment is when it was created, or done."""

    upstream: Mapping[str, datetime]
    done: Mapping[str, datetime]
    queue: frozenset[str] | None = None


def items(rows: Iterable[tuple[Any, ...]], where: str, zone: str, now: datetime) -> dict[str, datetime]:
    """Rows (id, moment) as a list of items. A wall time without a zone is one of `zone`.

    Raises Invalid naming each row without an id or a moment, each id that is there twice and each moment to come.
    """
    found: dict[str, datetime] = {}
    problems: list[Problem] = []
    for number, row in enumerate(rows, 1):
        if number > MOST_ITEMS:
            raise Invalid(Problem(f"more than {MOST_ITEMS} items", where))
        try:
            name, at = _item(row, zone, now)
            if name in found:
                raise ValueError(f"'{name}' is there twice")  # noqa: TRY301  one way to name a row
            found[name] = at
        except (ValueError, IndexError) as error:
            problems.append(Problem(str(error) or "too few columns", where, field=f"row {number}"))
            if len(problems) == NAMED:
                break
    if problems:
        raise Invalid(*problems)
    return found


def ages(check: AgeingCheck, lists: Lists, now: datetime, hours: ServiceHours = ROUND_THE_CLOCK) -> Ages:
    """The left join: everything that began and was not acted on, oldest first. `hours` are those of its calendar."""
    unacted = sorted((at, name) for name, at in lists.upstream.items() if name not in lists.done)
    # What came first falls due first, so one cut parts what is over its standard from what is not.
    over = bisect_left(unacted, True, key=lambda one: hours.due(one[0], check.standard) >= now)
    settled = [(at, name) for at, name in unacted if now - at >= check.settles_in]
    lost = [] if lists.queue is None else [one for one in settled if one[1] not in lists.queue]
    handled = set(lists.done) | (lists.queue or frozenset())
    week = now - WEEK
    return Ages(
        created=len(lists.upstream),
        done=len(lists.done),
        open=None if lists.queue is None else len(lists.queue),
        unacted=len(unacted),
        over_standard=over,
        unaccounted=len(lost),
        strangers=len(handled - lists.upstream.keys()),
        oldest=_named(unacted, check, hours),
        lost=_named(lost, check, hours),
        arrived=sum(at > week for at in lists.upstream.values()),
        completed=sum(at > week for at in lists.done.values()),
    )


def judge_ages(check: AgeingCheck, of: Ages, now: datetime) -> Result:
    """What a look means: a broken balance and an item past standard and grace are CRITICAL."""
    if of.unaccounted:
        first = of.lost[0]
        return critical(
            f"{of.unaccounted} of {of.created} items are neither done nor in the queue, the oldest {first.id} for {_age(first, now)}"
        )
    if of.strangers:
        return critical(f"{of.strangers} items are done or open and in no register")
    if not of.oldest:
        return ok(f"{of.created} items, every one acted on")
    oldest, said = of.oldest[0], f"the oldest, {of.oldest[0].id}, waits for {_age(of.oldest[0], now)}"
    over = f"{of.over_standard} over the standard of {show_limit(check.standard)}; {said}"
    if oldest.grave < now:
        return critical(over)
    if of.over_standard:
        return warning(over)
    return ok(f"{of.unacted} wait; {said}")


def clearance(of: Ages) -> str:
    """How long until the backlog is gone, as a range; `never` when it never clears."""
    fast, slow = of.clears_in
    if fast is None:
        return "never at last week's pace"
    if of.unacted == 0:
        return "nothing waits"
    ends = "never" if slow is None else f"{slow:.0f} days"
    return f"{fast:.0f} days at last week's pace, {ends} at a tenth less"


def _item(row: tuple[Any, ...], zone: str, now: datetime) -> tuple[str, datetime]:
    name, value = row[0], row[1]
    if name is None or not str(name).strip():
        raise ValueError("no id")
    if value is None or value == "":
        raise ValueError(f"'{name}' has no moment")
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    except ValueError:
        raise ValueError(f"'{name}': '{value}' is no moment; expected such as 2026-10-24T09:30Z") from None
    at = (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    if at > now + CLOCK_SKEW:
        raise ValueError(f"'{name}': {at:%Y-%m-%dT%H:%MZ} is still to come: a clock is wrong")
    return str(name).strip(), at


def _named(found: list[tuple[datetime, str]], check: AgeingCheck, hours: ServiceHours) -> tuple[Oldest, ...]:
    return tuple(_aged(name, at, check, hours) for at, name in found[:NAMED])


def _aged(name: str, at: datetime, check: AgeingCheck, hours: ServiceHours) -> Oldest:
    due = hours.due(at, check.standard)
    return Oldest(id=name, since=at, due=due, grave=hours.due(due, check.patience))


def _age(one: Oldest, now: datetime) -> str:
    return show_duration((now - one.since) // MINUTE * MINUTE)
