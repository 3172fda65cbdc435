"""Is what a source tells a set of daily counts: no day twice, none to come, nothing negative, no number that is none."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from cutover.core.errors import Invalid, Problem
from monitors.domain.check import CLOCK_SKEW
from monitors.domain.flow_events import MOST_A_DAY

MOST_DAYS = 4000
MOST_TOLD = 10  # problems named of one reading


@dataclass(frozen=True, slots=True)
class Told:
    """What one reading says: counts by day, and when the last event was, where the source knows."""

    counts: Mapping[date, int] = field(default_factory=lambda: MappingProxyType({}))
    last_event: datetime | None = None


def told(rows: Iterable[tuple[Any, ...]], where: str, today: date, now: datetime) -> Told:
    """The rows (day, count) or (day, count, last event) of a source, checked. Raises Invalid naming each bad row."""
    counts: dict[date, int] = {}
    last: datetime | None = None
    problems: list[Problem] = []
    for number, row in enumerate(rows, 1):
        if number > MOST_DAYS:
            raise Invalid(Problem(f"more than {MOST_DAYS} days", where, expected="one row a day"))
        try:
            day, count = _day(row[0], today), _count(row[1])
            if day in counts:
                raise ValueError(f"{day} is there twice")  # noqa: TRY301  one way to name a row
            counts[day] = count
            last = _later(last, row[2] if len(row) > 2 else None, now)  # noqa: PLR2004
        except (ValueError, IndexError) as error:
            problems.append(Problem(str(error) or "too few columns", where, field=f"row {number}"))
            if len(problems) == MOST_TOLD:
                break
    if problems:
        raise Invalid(*problems)
    return Told(MappingProxyType(counts), last)


def filled(found: Told, since: date, until: date) -> Told:
    """The days from `since` to `until` that a system of record does not name had no event."""
    days = ((until - since).days + 1) if until >= since else 0
    noughts = {since + timedelta(days=n): 0 for n in range(days)}
    return Told(MappingProxyType({**noughts, **found.counts}), found.last_event)


def _day(value: Any, today: date) -> date:
    try:
        day = _as_day(value)
    except ValueError:
        raise ValueError(f"'{value}' is no day; expected such as 2026-10-24") from None
    if day > today:
        raise ValueError(f"{day} is still to come")
    return day


def _as_day(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value).strip())


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise ValueError(f"{value!r} is no count")  # noqa: TRY004  told like every other bad row
    try:
        number = float(value)
    except ValueError:
        raise ValueError(f"'{value}' is no count") from None
    if not math.isfinite(number) or number != int(number):
        raise ValueError(f"{value} is no whole number")
    if not 0 <= number <= MOST_A_DAY:
        raise ValueError(f"{value} is negative" if number < 0 else f"{value} is more than {MOST_A_DAY}")
    return int(number)


def _later(known: datetime | None, value: Any, now: datetime) -> datetime | None:
    if value is None or value == "":
        return known
    at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    if at.tzinfo is None:
        raise ValueError(f"the last event {at} does not say in which zone")
    if at > now + CLOCK_SKEW:
        raise ValueError(f"the last event {at} is still to come: a clock is wrong")
    at = min(at.astimezone(UTC), now)
    return at if known is None else max(known, at)
