"""Which time limits run on a record, when each falls due, and which have been missed.

The rules are data (clocks.yaml), because limits are law and local policy, not code. A limit given as a span is
elapsed time in UTC, so it is right across a clock change; a limit in working days is counted on the wall
calendar of the rules' zone. Detention has two zero points: reviews run from *detention authorised*, the 24
hours from the *relevant time*; hospital time does not count towards them. No other clock stops because a system is off or the record is on paper.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, model_validator

from cutover.core.duration import show_duration
from cutover.domain.programme import Id, Part, Span

WEEKEND = (5, 6)


class Extension(Part):
    """A longer limit from the same start, by an authority given before the shorter one ran out."""

    given_at: str = Field(description="name of the record's time at which it was given")
    limit: Span


class Stay(Part):
    """Time that does not count: between two of the record's times, as often as they are there."""

    left_at: str
    back_at: str


class ClockRule(Part):
    """One limit: on which forms, from which of the record's times, how long, and what ends it."""

    id: Id
    title: str
    form_types: tuple[str, ...]
    starts_from: tuple[str, ...] = Field(
        min_length=1, description="the first of these times that the record has starts the clock"
    )
    limit: Span | None = None
    working_days: int | None = Field(default=None, ge=1)
    then_every: Span | None = Field(default=None, description="a repeating limit: from each time it was met")
    met_by: str = Field(default="", description="name of the record's time at which it was met")
    postponed_until: str = Field(
        default="",
        description="name of the record's time to which it was put off, with the reason written down",
    )
    extended_by: tuple[Extension, ...] = ()
    not_counted: tuple[Stay, ...] = Field(
        default=(), description="time that does not count, such as in hospital: the clock stands still"
    )
    stops_at: str = Field(default="", description="name of the record's time that ends it for good")
    warn_before: Span = timedelta(hours=1)
    source: str = ""

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if (self.limit is None) == (self.working_days is None):
            raise ValueError(f"{self.id}: give either limit or working_days")
        return self


class ClockRules(Part):
    """clocks.yaml: the rules, and the calendar in which working days are counted."""

    note: str = ""
    zone: str = "Europe/London"
    holidays: tuple[date, ...] = ()
    rules: tuple[ClockRule, ...] = ()

    @model_validator(mode="after")
    def _make_sense(self) -> Self:
        if self.zone not in available_timezones():
            raise ValueError(f"zone: '{self.zone}' is not an IANA zone")
        ids = [rule.id for rule in self.rules]
        if twice := next((i for i in ids if ids.count(i) > 1), None):
            raise ValueError(f"rules: id '{twice}' is given twice")
        return self


class ClockStatus(StrEnum):
    RUNNING = "running"
    WARNING = "warning"
    BREACHED = "breached"
    STANDING = "standing"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class StatutoryClock:
    """One limit running on one record: from when, until when, warned of when."""

    rule: str
    title: str
    starts_at: datetime
    due_at: datetime
    warn_at: datetime
    stopped: bool = False
    stands_since: datetime | None = None

    def status(self, now: datetime) -> ClockStatus:
        if self.stopped:
            return ClockStatus.STOPPED
        if self.stands_since is not None and self.stands_since < self.due_at:
            return ClockStatus.STANDING
        if now >= self.due_at:
            return ClockStatus.BREACHED
        return ClockStatus.WARNING if now >= self.warn_at else ClockStatus.RUNNING

    def left(self, now: datetime) -> str:
        """What remains, in words: 'due in 2h 10m' or '40m past'."""
        standing = self.status(now) is ClockStatus.STANDING
        gap = self.due_at - (self.stands_since if standing and self.stands_since else now)
        words = show_duration(timedelta(minutes=round(abs(gap).total_seconds() / 60)))
        if standing:
            return f"stands still with {words} left"
        return f"due in {words}" if gap > timedelta(0) else f"{words} past its limit"


Times = Mapping[str, datetime | Sequence[datetime]]


def clocks_of(rules: ClockRules, form_type: str, times: Times) -> tuple[StatutoryClock, ...]:
    """The clocks of one record, the one due soonest first; a rule whose start is unknown has no clock."""
    found = (_clock(rules, rule, times) for rule in rules.rules if form_type in rule.form_types)
    return tuple(sorted((clock for clock in found if clock), key=lambda clock: (clock.due_at, clock.rule)))


def next_due(clocks: Iterable[StatutoryClock]) -> StatutoryClock | None:
    """The running clock that falls due first, missed or not."""
    return min((c for c in clocks if not c.stopped), key=lambda c: (c.due_at, c.rule), default=None)


def _clock(rules: ClockRules, rule: ClockRule, times: Times) -> StatutoryClock | None:
    starts = next((found for name in rule.starts_from if (found := _all(times, name))), ())
    if not starts:
        return None
    start, met = min(starts), sorted(_all(times, rule.met_by))
    since, due = _counted(rule, times, start, _due(rules, rule, start))
    stopped = bool(_all(times, rule.stops_at)) or (bool(met) and rule.then_every is None)
    put_off = _all(times, rule.postponed_until)
    for at in met if rule.then_every is not None else ():
        # s.40(9): one that was put off does not move those after it
        was_put_off = any(due < until and at <= until for until in put_off)
        due = (due if was_put_off and at > due else at) + (rule.then_every or timedelta(0))
    put_off = tuple(until for until in put_off if not met or until > met[-1])
    due = max([due, *put_off])
    return StatutoryClock(rule.id, rule.title, start, due, due - rule.warn_before, stopped, since)


def _counted(
    rule: ClockRule, times: Times, start: datetime, due: datetime
) -> tuple[datetime | None, datetime]:
    """Since when the clock stands still, if it does; and when it falls due by every authority given in time."""
    since, away = _away(rule, times, start)
    due += away
    for more in sorted(rule.extended_by, key=lambda one: one.limit):
        given = [at for at in _all(times, more.given_at) if at <= due]
        due = max(due, start + more.limit + away) if given else due
    return since, due


def _away(rule: ClockRule, times: Times, start: datetime) -> tuple[datetime | None, timedelta]:
    """How long the clock has stood still, and since when it stands now."""
    total, since = timedelta(0), dict[str, datetime]()
    for stay in rule.not_counted:
        backs = sorted(_all(times, stay.back_at))
        for left in sorted(_all(times, stay.left_at)):
            back = next((at for at in backs if at >= left), None)
            if back is None:
                since[stay.left_at] = max(left, start)
            else:
                total += max(timedelta(0), back - max(left, start))
    return min(since.values(), default=None), total


def _all(times: Times, name: str) -> tuple[datetime, ...]:
    found = times.get(name, ())
    moments = (found,) if isinstance(found, datetime) else tuple(found)
    return tuple(moment.astimezone(UTC) for moment in moments)


def _due(rules: ClockRules, rule: ClockRule, start: datetime) -> datetime:
    if rule.limit is not None:
        return start + rule.limit
    wall = start.astimezone(ZoneInfo(rules.zone))
    left = rule.working_days or 0
    while left:
        wall += timedelta(days=1)  # wall time: the same time of day, whatever the clocks did overnight
        left -= wall.weekday() not in WEEKEND and wall.date() not in rules.holidays
    return wall.astimezone(UTC)
