"""Real series from the Numenta benchmark: taxi rides of New York, and road speeds with true gaps."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from monitors.domain.baseline import Paired, learn
from monitors.domain.check import HttpCheck, Reason, Result, Status, ok, unknown
from monitors.domain.cusum import threshold
from monitors.domain.flow_events import (
    ArmFlow,
    Cause,
    Chart,
    CloseAlarm,
    FlowAlarmRaised,
    FreezeBaseline,
    Reported,
    TakeDays,
)
from monitors.domain.health import CHECK, HealthState, RecordResult, read
from monitors.domain.outcome import OUTCOME, FlowState
from monitors.holidays import bank_holidays

NAB = Path(__file__).parents[3] / "shared" / "data" / "nab"
pytestmark = pytest.mark.skipif(not NAB.is_dir(), reason="the Numenta series are not beside the project")
LEARNT = 92  # days: July to September
SLOT = timedelta(minutes=5)


def rows(name: str) -> list[tuple[datetime, float]]:
    with (NAB / name).open(newline="") as file:
        return [
            (datetime.fromisoformat(r["timestamp"]).replace(tzinfo=UTC), float(r["value"]))
            for r in csv.DictReader(file)
        ]


def windows(name: str) -> list[tuple[date, date]]:
    with (NAB / "anomaly_windows.csv").open(newline="") as file:
        found = [r for r in csv.DictReader(file) if r["file"] == name]
    return [
        (datetime.fromisoformat(r["start"]).date(), datetime.fromisoformat(r["end"]).date()) for r in found
    ]


@pytest.fixture(scope="module")
def taxi_alarms() -> list[tuple[date, Chart]]:
    """Rides a day, frozen after three months, watched for four; each alarm is closed the day it comes."""
    days = Counter[date]()
    for at, rides in rows("realKnownCause_nyc_taxi.csv"):
        days[at.date()] += int(rides)
    ordered = sorted(days)
    history = [Paired(day, days[day]) for day in ordered[:LEARNT]]
    at = datetime(2014, 10, 1, tzinfo=UTC)
    normal = learn(history, bank_holidays("US", [2014, 2015]))
    state, _ = OUTCOME.apply(FlowState(), FreezeBaseline(by="chen", normal=normal), at)
    arm = ArmFlow(by="w", first_day=ordered[LEARNT], threshold=threshold(90, 1, 1))
    state, _ = OUTCOME.apply(state, arm, at)
    alarms = []
    for day in ordered[LEARNT:]:
        state, facts = OUTCOME.apply(state, TakeDays(by="w", days=(Reported(day=day, count=days[day]),)), at)
        alarms += [(day, f.event.chart) for f in facts if isinstance(f.event, FlowAlarmRaised)]
        for chart in tuple(state.alarms):
            close = CloseAlarm(by="chen", chart=chart, cause=Cause.REAL_FALL, note="a holiday or a storm")
            state, _ = OUTCOME.apply(state, close, at)
    return alarms


def test_nothing_fires_outside_a_labelled_window(taxi_alarms: list[tuple[date, Chart]]) -> None:
    labelled = windows("realKnownCause_nyc_taxi.csv")
    outside = [a for a in taxi_alarms if not any(begins <= a[0] <= ends for begins, ends in labelled)]
    assert outside == []


def test_the_storm_and_christmas_are_seen(taxi_alarms: list[tuple[date, Chart]]) -> None:
    halved = {day for day, chart in taxi_alarms if chart is Chart.HALVING}
    assert {date(2014, 12, 25), date(2015, 1, 27)} <= halved


def test_a_real_gap_is_unknown_for_want_of_data_and_never_ok() -> None:
    """A reading is expected every five minutes; in none of the slots without one the road is said to be well."""
    known = {
        at - timedelta(minutes=at.minute % 5, seconds=at.second)
        for at, _ in rows("realTraffic_speed_7578.csv")
    }
    check = HttpCheck.model_validate(
        {"kind": "http", "id": "road", "title": "Road", "owner": "bo", "url": "http://road", "interval": "5m"}
    )
    state, slot, shown = HealthState(), min(known), Counter[tuple[bool, Status, Reason | None]]()
    while slot <= max(known):
        is_there = slot in known
        result: Result = ok("a speed was read") if is_there else unknown(Reason.NO_DATA, "no speed was read")
        command = RecordResult(by="prober", result=result, max_attempts=3, recover_after=2)
        state, _ = CHECK.apply(state, command, slot)
        status, reason = read(state, check, slot, slot)
        shown[is_there, status, reason] += 1
        slot += SLOT
    assert sum(shown.values()) > 2_500
    gaps = {(status, reason) for there, status, reason in shown if not there}
    assert gaps == {(Status.UNKNOWN, Reason.NO_DATA)}
    assert shown[True, Status.OK, None] > 500
