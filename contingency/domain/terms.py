"""When a target may be spoken to and how fast: its own maintenance hours, its limit of records a second."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from cutover.core.clock import to_utc
from cutover.core.errors import Invalid
from cutover.domain.programme import Hours

MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed with whoever runs the target. Hours are a wall clock's of `zone`."""

    closed: tuple[Hours, ...] = ()
    zone: str = "UTC"
    a_second: float = 0.0
    at_once: int = 8

    def closed_until(self, now: datetime) -> datetime | None:
        """When the maintenance that is under way ends, UTC; None while the target may be spoken to."""
        wall = now.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
        ends = [end for end in self._ends(wall) if end > wall]
        return _utc(max(ends), self.zone) if ends else None

    def _ends(self, wall: datetime) -> Iterable[datetime]:
        for hours in self.closed:
            if wall.weekday() in hours.weekdays and hours.opens <= wall.time():
                day = timedelta(days=1) if hours.closes == MIDNIGHT else timedelta(0)
                yield datetime.combine(wall.date() + day, hours.closes)


def _utc(wall: datetime, zone: str) -> datetime:
    """The later of two meanings where a clock change leaves it open: rather a little too late than too early."""
    try:
        return to_utc(wall, zone)
    except Invalid:
        return max(
            wall.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(ZoneInfo("UTC")) for fold in (0, 1)
        )
