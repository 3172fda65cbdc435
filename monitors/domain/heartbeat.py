"""Did scheduled work report in time: NEW until its first success, UP, LATE within the grace, then DOWN.

Theory: what it last said and when, its schedule and the moment of the go-live decide everything, when somebody looks.
One that never reported is not "new" for ever: it is DOWN once go-live + period + grace has passed. One that has started
and not ended for longer than it may has OVERRUN; one that reports a failure has failed, whatever is due. A report from the future says
nothing of now.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from cronsim import CronSim

from cutover.core.duration import show_duration
from monitors.domain.check import CLOCK_SKEW, Reason, Result, critical, ok, unknown, warning
from monitors.domain.kinds import HeartbeatCheck


class Beat(StrEnum):
    NEW = "new"  # never reported, and not yet due
    UP = "up"
    LATE = "late"  # due, within its grace
    DOWN = "down"
    OVERRAN = "overran"  # started, and not ended for too long
    FAILED = "failed"  # it said so itself
    PAUSED = "paused"
    ASTRAY = "astray"  # its last report is still to come: a clock was set back


class Said(StrEnum):
    """What a report may say."""

    SUCCESS = "success"
    STARTED = "started"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Pings:
    """When it last said what; `note` is why it failed last."""

    succeeded: datetime | None = None
    started: datetime | None = None
    failed: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """Where a heartbeat stands, by when it must report, and when it will be DOWN."""

    beat: Beat
    due: datetime
    deadline: datetime
    detail: str


def next_due(check: HeartbeatCheck, after: datetime, zone: str) -> datetime:
    """When it must report next, counted from a success or from the go-live. Cron fields are a wall clock's."""
    if check.every is not None:
        return after + check.every
    wall = after.astimezone(ZoneInfo(check.zone or zone))
    found: datetime = next(CronSim(check.cron, wall))
    return found.astimezone(UTC)


def read(check: HeartbeatCheck, pings: Pings, go_live: datetime, zone: str, now: datetime) -> Reading:
    """Where it stands at `now`."""
    last = pings.succeeded
    due = next_due(check, last or go_live, zone)
    deadline = due + check.grace
    beat, detail = _beat(check, pings, due, deadline, now)
    return Reading(beat, due, deadline, detail)


def _beat(
    check: HeartbeatCheck, pings: Pings, due: datetime, deadline: datetime, now: datetime
) -> tuple[Beat, str]:
    last = pings.succeeded
    if check.paused:
        return Beat.PAUSED, "paused"
    if last is not None and last > now + CLOCK_SKEW:
        return (
            Beat.ASTRAY,
            f"its last report, of {last:%a %d %b %H:%M}Z, is still to come: a clock was set back",
        )
    if pings.failed and (last is None or pings.failed > last):
        return Beat.FAILED, f"it reported a failure: {pings.note}" if pings.note else "it reported a failure"
    running = _running(pings)
    if running and check.longest is not None and now - running > check.longest:
        since = _ago(running, now)
        return Beat.OVERRAN, f"started {since} and not ended, allowed {show_duration(check.longest)}"
    return _on_time(last, due, deadline, now)


def _on_time(last: datetime | None, due: datetime, deadline: datetime, now: datetime) -> tuple[Beat, str]:
    when = f"{due:%a %d %b %H:%M}Z"
    if now < due and last:
        return Beat.UP, f"reported {_ago(last, now)}"
    if now < due:
        return Beat.NEW, f"its first report is due {when}"
    said = (
        f"last reported {_ago(last, now)}, was due {when}"
        if last
        else f"it has never reported, was due {when}"
    )
    if now >= deadline:
        return Beat.DOWN, said
    return (Beat.LATE if last else Beat.NEW), said


def _running(pings: Pings) -> datetime | None:
    """Since when it runs; None while it does not."""
    ended = [at for at in (pings.succeeded, pings.failed) if at is not None]
    return pings.started if pings.started and all(at < pings.started for at in ended) else None


def judge_beat(reading: Reading) -> Result:
    """What it means. Not due is not known, and never well."""
    match reading.beat:
        case Beat.UP:
            return ok(reading.detail)
        case Beat.LATE:
            return warning(reading.detail)
        case Beat.NEW | Beat.PAUSED:
            return unknown(Reason.NOT_DUE, reading.detail)
        case Beat.ASTRAY:
            return unknown(Reason.STALE, reading.detail)
    return critical(reading.detail)


def _ago(at: datetime, now: datetime) -> str:
    return f"{show_duration(max(now - at, timedelta(0)))} ago"
