"""When a contract must be compared again: a day, a week, a month after the first whole run; which is due, which overdue.

The first run that counts is the first whole one (PASS or FAIL) since the source was frozen, or since the window opened. A re-run is settled
by the first whole run at or after its hour; one before it is a run like any other. A month late settles the day, the
week and the month at once, and shows how late each was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cutover.core.duration import show_duration

LATE = timedelta(days=1)  # a re-run that is not made a day after its hour is overdue


class Rerun(StrEnum):
    MADE = "made"
    WAITING = "waiting"
    DUE = "due"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class Whole:
    """A run that read both sides whole, and when it ended."""

    run: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Recheck:
    """One re-run of a contract: how long after the first, when that is, and the run that was it (None: not made)."""

    after: timedelta
    due_at: datetime
    state: Rerun
    run: int | None = None

    @property
    def named(self) -> str:
        """Which of the re-runs it is, in words."""
        days, part = divmod(self.after, timedelta(days=1))
        long = show_duration(self.after) if part else "one day" if days == 1 else f"{days} days"
        return f"{long} after the first run"

    def __str__(self) -> str:
        made = f" by run {self.run}" if self.run is not None else ""
        return f"{self.named}: {self.state}{made}"


def rechecks(
    again: Sequence[timedelta], whole: Sequence[Whole], begins: datetime | None, now: datetime
) -> tuple[Recheck, ...]:
    """The re-runs of a contract in order; none before the first run. `whole` are its whole runs in order."""
    counted = [one for one in whole if begins is None or one.at >= begins]
    if not counted:
        return ()
    first = counted[0]
    return tuple(_recheck(after, first.at + after, counted[1:], now) for after in sorted(again))


def overdue(found: Sequence[Recheck]) -> tuple[Recheck, ...]:
    return tuple(one for one in found if one.state is Rerun.OVERDUE)


def is_due(found: Sequence[Recheck]) -> bool:
    """Whether one asks to be made now."""
    return any(one.state in (Rerun.DUE, Rerun.OVERDUE) for one in found)


def _recheck(after: timedelta, due_at: datetime, later: Sequence[Whole], now: datetime) -> Recheck:
    made = next((one for one in later if one.at >= due_at), None)
    if made is not None:
        return Recheck(after, due_at, Rerun.MADE, made.run)
    if now < due_at:
        return Recheck(after, due_at, Rerun.WAITING)
    return Recheck(after, due_at, Rerun.OVERDUE if now >= due_at + LATE else Rerun.DUE)
