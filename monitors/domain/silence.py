"""Has nothing come for too long: the events that were to be expected since the last one, against what chance allows.

No event while E were to be expected has the chance e^-E. With N events to be expected over the whole watch there are
N gaps, so a gap of ln(N / allowed false alarms) expected events comes by chance as often as is allowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import log
from zoneinfo import ZoneInfo

from monitors.domain.baseline import Normal

HOUR = timedelta(hours=1)
_FAR_ENOUGH = 10  # times the limit: how exactly it is exceeded does not matter beyond


def limit(daily: float, days: float, monitors: int, false_alarms: float) -> float:
    """How many expected events may fail to come: never fewer than one."""
    return max(1.0, log(max(1.0, daily * days * monitors / false_alarms)))


def missed(  # noqa: PLR0917  as the sentence goes
    normal: Normal, since: datetime, until: datetime, zone: str, hours: Sequence[float] = (), enough: float = 1e9
) -> float:  # fmt: skip
    """The events to be expected between two moments, by the hours of `zone`'s wall clock; stops at many times `enough`.

    Real hours are counted: the night the clocks go back is an hour longer, and expects an hour more.
    """
    place, total = ZoneInfo(zone), 0.0
    weights = [h * 24 / sum(hours) for h in hours] if hours else [1.0] * 24
    at = since
    while at < until and total < _FAR_ENOUGH * enough:
        end = min(until, at.replace(minute=0, second=0, microsecond=0) + HOUR)
        wall = at.astimezone(place)
        total += normal.mean(wall.date()) / 24 * weights[wall.hour] * ((end - at) / HOUR)
        at = end
    return total


def hours_to_notice(daily: float, limit_: float) -> float:
    """After how many hours of nothing the alarm comes, at average intensity."""
    return 24 * limit_ / daily
