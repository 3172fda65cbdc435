"""Counts in, standing out: what is mature is counted, what is missing is never green, a person ends an alarm."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from cutover.core.clock import FixedClock
from cutover.core.errors import Invalid, NotFound, Refused
from monitors.domain.check import Reason, Status
from monitors.domain.counts import Told
from monitors.domain.flow_events import Cause, Chart, Stage
from tests.conftest import MakeDesk
from tests.monitors.flow_world import FlowWorld, open_flows


@pytest.fixture
def world(make_desk: MakeDesk, clock: FixedClock) -> FlowWorld:
    return open_flows(make_desk, clock)


@pytest.fixture
def frozen(world: FlowWorld) -> FlowWorld:
    world.freeze("incidents", "referrals")
    return world


def status(world: FlowWorld, flow: str = "referrals") -> tuple[Status, Reason | None]:
    standing = world.service.view(flow).standing
    return standing.status, standing.reason


def test_before_a_baseline_is_frozen_nothing_is_green(world: FlowWorld) -> None:
    assert {v.standing.reason for v in world.service.all()} == {Reason.NO_DATA}


def test_a_baseline_holds_who_approved_it_and_which_days_it_was_learnt_from(frozen: FlowWorld) -> None:
    state = frozen.service.state("referrals")
    assert (state.stage, state.approved_by) == (Stage.FROZEN, "chen")
    assert state.normal is not None
    assert (state.normal.days, state.normal.ends) == (364, date(2026, 10, 22))
    assert state.normal.rate == pytest.approx(8 / 120, rel=0.05)


def test_too_short_a_history_is_no_baseline(world: FlowWorld) -> None:
    world.service.remember("rare", Told({date(2026, 9, 1) + timedelta(days=n): 1 for n in range(20)}))
    with pytest.raises(Invalid, match="20 days of history are too few"):
        world.service.freeze("rare", "chen")


def test_the_charts_begin_on_the_first_whole_day_after_the_go_live(frozen: FlowWorld) -> None:
    frozen.live("incidents", [120])
    assert frozen.service.state("incidents").first_day == date(2026, 10, 27)
    assert status(frozen, "incidents") == (Status.OK, None)


def test_a_flow_at_half_alarms_within_the_declared_days_and_names_the_fall(frozen: FlowWorld) -> None:
    seen = frozen.service.detectability("incidents")
    assert seen is not None
    assert seen.halving.declared is not None
    frozen.live("incidents", [60] * seen.halving.declared)
    view = frozen.service.view("incidents")
    assert (view.standing.status, view.alerting) == (Status.CRITICAL, True)
    assert "50% of normal" in view.standing.detail


def test_a_share_is_watched_with_the_count_of_the_other_flow(frozen: FlowWorld) -> None:
    for n in range(12):
        frozen.live("incidents", [240], n)
        frozen.live("referrals", [8], n)
    assert set(frozen.service.state("referrals").alarms) == {Chart.RATIO}


def test_a_day_that_nobody_told_is_unknown_and_not_nought(frozen: FlowWorld) -> None:
    frozen.live("incidents", [120, 118])
    frozen.morning(5)
    assert status(frozen, "incidents") == (Status.UNKNOWN, Reason.STALE)
    frozen.service.told("incidents", Told({}))
    assert status(frozen, "incidents") == (Status.UNKNOWN, Reason.NO_DATA)


def test_a_gap_is_passed_by_once_a_later_day_is_known_and_stays_on_record(frozen: FlowWorld) -> None:
    frozen.live("incidents", [120, None, 121])
    view = frozen.service.view("incidents")
    assert view.state.days[date(2026, 10, 28)].count is None
    assert view.standing.detail.endswith("1 day without a count")


def test_a_reading_that_failed_is_an_error_until_a_good_one(frozen: FlowWorld) -> None:
    frozen.live("incidents", [120])
    frozen.service.failed("incidents", "the database 'counts' does not answer")
    assert status(frozen, "incidents") == (Status.UNKNOWN, Reason.ERROR)
    frozen.service.told("incidents", Told({date(2026, 10, 27): 120}))
    assert status(frozen, "incidents") == (Status.OK, None)


def test_late_counts_mature_before_they_are_taken(make_desk: MakeDesk, clock: FixedClock) -> None:
    late = {"id": "late", "title": "Late", "matures_after": 2, "expected": 10}
    world = open_flows(make_desk, clock, late)
    world.freeze("late", count=lambda *_: 10)
    first = world.service.first_day
    world.service.told("late", Told({first: 2}), world.morning(1))
    world.service.told("late", Told({first: 9}), world.morning(2))
    assert world.service.state("late").days == {}
    world.service.told("late", Told({first: 10}), world.morning(3))
    assert world.service.state("late").days[first].count == 10


def test_a_count_told_otherwise_later_restates_the_day(frozen: FlowWorld) -> None:
    frozen.live("incidents", [60])
    frozen.service.count("incidents", date(2026, 10, 27), 118)
    assert frozen.service.state("incidents").days[date(2026, 10, 27)].count == 118


def test_telling_the_same_again_is_no_fact(frozen: FlowWorld) -> None:
    frozen.live("incidents", [120])
    assert frozen.service.count("incidents", date(2026, 10, 27), 120) == []


def test_days_to_come_and_counts_that_cannot_be_are_refused(frozen: FlowWorld) -> None:
    with pytest.raises(Invalid, match="still to come"):
        frozen.service.count("incidents", date(2027, 1, 1), 3)
    with pytest.raises(Invalid, match="-3 is no count"):
        frozen.service.count("incidents", date(2026, 10, 20), -3)


def test_silence_is_noticed_by_the_last_event_long_before_the_day_ends(frozen: FlowWorld) -> None:
    frozen.live("incidents", [120, 119])
    last = frozen.morning(2)
    frozen.service.told("incidents", Told({date(2026, 10, 28): 119}, last), last)
    frozen.clock.advance(timedelta(hours=3))
    frozen.service.told("incidents", Told({}, last))
    assert Chart.SILENCE in frozen.service.state("incidents").alarms


def test_an_unread_source_is_not_silence(frozen: FlowWorld) -> None:
    frozen.live("incidents", [120, 119])
    frozen.morning(9)
    frozen.service.mature("incidents", frozen.clock.at)
    assert frozen.service.state("incidents").alarms == {}


def test_a_named_person_closes_an_alarm_and_a_stranger_does_not(frozen: FlowWorld) -> None:
    frozen.live("incidents", [30, 30])
    for chart in tuple(frozen.service.state("incidents").alarms):
        with pytest.raises(NotFound, match="no person named 'dev'"):
            frozen.service.close("incidents", chart, "dev", Cause.FIXED, "n")
        frozen.service.close("incidents", chart, "bo", Cause.FIXED, "the interface was restarted")
    frozen.live("incidents", [121], 2)
    assert status(frozen, "incidents") == (Status.OK, None)


def test_an_alarm_in_hand_asks_for_nobody_until_its_time(frozen: FlowWorld) -> None:
    frozen.live("incidents", [30, 30])
    for chart in frozen.service.state("incidents").alarms:
        frozen.service.take("incidents", chart, "bo", frozen.clock.at + timedelta(hours=2), "looking")
    assert not frozen.service.view("incidents").alerting
    frozen.clock.advance(timedelta(hours=2))
    assert frozen.service.view("incidents").alerting


def test_quiet_days_prove_nothing_until_they_could_have_shown_the_fall(frozen: FlowWorld) -> None:
    frozen.live("referrals", [8])
    assert not frozen.service.view("referrals").enough
    frozen.live("referrals", [8] * 12, 1)
    assert frozen.service.view("referrals").enough


def test_another_baseline_begins_the_charts_anew_the_next_day_without_a_head_start(frozen: FlowWorld) -> None:
    frozen.live("incidents", [120])
    with pytest.raises(Refused, match="needs its reason"):
        frozen.service.freeze("incidents", "chen")
    frozen.service.freeze("incidents", "chen", reason="a district left")
    frozen.live("incidents", [120, 120], 1)
    state = frozen.service.state("incidents")
    assert (state.number, state.head_start, state.first_day) == (2, False, date(2026, 10, 29))


def test_a_pool_is_the_sum_of_its_parts_and_waits_for_all_of_them(
    make_desk: MakeDesk, clock: FixedClock
) -> None:
    pool = {"id": "both", "title": "Both", "counts": {"kind": "pool", "of": ["incidents", "referrals"]}}
    world = open_flows(make_desk, clock, pool)
    world.freeze("incidents", "referrals")
    world.service.freeze("both", "chen")
    world.live("incidents", [100])
    world.service.mature("both", world.clock.at)
    assert world.service.state("both").days == {}
    world.live("referrals", [7])
    world.service.mature("both", world.clock.at)
    assert world.service.state("both").days[world.service.first_day].count == 107


def test_the_same_on_a_real_postgresql(make_desk: MakeDesk, any_engine: Engine, clock: FixedClock) -> None:
    """Counts told, told otherwise, a fault, an alarm, its end: on SQLite and on PostgreSQL."""
    world = open_flows(lambda kinds: make_desk(kinds, on=any_engine), clock)
    world.freeze("incidents")
    world.live("incidents", [30, 30])
    world.service.count("incidents", world.service.first_day, 31)
    world.service.failed("incidents", "it does not answer")
    assert status(world, "incidents") == (Status.CRITICAL, None)
    world.service.close("incidents", None, "bo", Cause.FIXED, "repaired")
    assert status(world, "incidents") == (Status.UNKNOWN, Reason.ERROR)


def test_a_flow_that_does_not_exist_is_named_with_the_nearest(world: FlowWorld) -> None:
    with pytest.raises(NotFound, match="did you mean 'referrals'"):
        world.service.view("referals")


def test_an_open_alarm_does_not_hide_that_its_counts_are_not_read_any_more(world: FlowWorld) -> None:
    world.freeze("incidents")
    world.live("incidents", [40, 30])
    world.service.failed("incidents", "there is no file 'incidents.csv'")
    standing = world.service.view("incidents").standing
    assert standing.status is Status.CRITICAL
    assert standing.detail.endswith("; its counts are not read: there is no file 'incidents.csv'")
