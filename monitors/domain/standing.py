"""How does a flow stand now: never greener than its facts, its last reading and its alarms allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from monitors.domain.check import Reason, Status
from monitors.domain.flow import Flow
from monitors.domain.flow_events import Chart, Stage
from monitors.domain.outcome import FlowState

_LATE_READINGS = 3  # readings that may fail to come before what is known is stale
STATUS: Mapping[Chart, Status] = {
    Chart.HALVING: Status.CRITICAL,
    Chart.RATIO: Status.CRITICAL,
    Chart.SILENCE: Status.CRITICAL,
    Chart.FALL: Status.WARNING,
}
WORDS: Mapping[Chart, str] = {
    Chart.HALVING: "fallen to half or less",
    Chart.RATIO: "its share has fallen to half or less",
    Chart.SILENCE: "silent",
    Chart.FALL: "fallen",
}


@dataclass(frozen=True, slots=True)
class Heard:
    """The last reading of a flow's source: when, and what was wrong with it ('' for nothing)."""

    at: datetime | None = None
    fault: str = ""
    last_event: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    status: Status
    reason: Reason | None
    detail: str


def newest_due(flow: Flow, now: datetime, zone: str) -> date:
    """The last day whose count must be there: over, matured, and read once since."""
    slack = now - 2 * flow.every
    return slack.astimezone(ZoneInfo(zone)).date() - timedelta(days=1 + flow.matures_after)


def newest_mature(flow: Flow, now: datetime, zone: str) -> date:
    """The last day whose count may be taken as it is."""
    return now.astimezone(ZoneInfo(zone)).date() - timedelta(days=1 + flow.matures_after)


def stand(state: FlowState, flow: Flow, heard: Heard, now: datetime, zone: str) -> Standing:
    """An open alarm outlives everything; then nothing is green that was not read, counted and quiet."""
    if state.alarms:
        worst = sorted(state.alarms.values(), key=lambda a: list(STATUS).index(a.chart))
        first = worst[0]
        unread = f"; its counts are not read: {heard.fault}" if heard.fault else ""
        return Standing(STATUS[first.chart], None, f"{WORDS[first.chart]}: {first.detail}{unread}")
    if state.stage is Stage.LEARNING or state.normal is None:
        return _unknown(Reason.NO_DATA, "no baseline is frozen: nobody knows what is normal")
    if heard.fault:
        return _unknown(Reason.ERROR, heard.fault)
    if state.stage is Stage.FROZEN or state.first_day is None:
        return _unknown(Reason.NOT_DUE, "the baseline is frozen; the charts begin with the go-live")
    if heard.at is not None and abs(now - heard.at) > _LATE_READINGS * flow.every:
        return _unknown(Reason.STALE, "its counts are not being read")
    return _counted(state, newest_due(flow, now, zone), now.astimezone(ZoneInfo(zone)).date())


def _counted(state: FlowState, due: date, today: date) -> Standing:
    assert state.first_day is not None  # asked for by `stand`
    if due < state.first_day:
        return _unknown(Reason.NOT_DUE, f"the first count is that of {state.first_day:%a %d %b}")
    last = state.last_day
    if last is not None and last > today:
        return _unknown(Reason.ERROR, f"{last:%a %d %b} is counted and still to come: a clock was set back")
    if last is None or last < due:
        return _unknown(Reason.NO_DATA, f"no count of {due:%a %d %b}")
    if state.days[last].count is None:
        return _unknown(Reason.NO_DATA, f"no count of {last:%a %d %b}")
    gaps = sum(c.count is None for c in state.days.values())
    counted = state.days[last].count
    mean = state.normal.mean(last) if state.normal else 0.0
    said = f"{counted} on {last:%a %d %b}, {mean:.1f} are normal"
    without = "1 day" if gaps == 1 else f"{gaps} days"
    return Standing(Status.OK, None, f"{said}; {without} without a count" if gaps else said)


def _unknown(reason: Reason, detail: str) -> Standing:
    return Standing(Status.UNKNOWN, reason, detail)
