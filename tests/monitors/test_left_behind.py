"""Renamed or taken out of its file, a flow keeps its open alarm until a person closes it, and a register its suspicion."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from cutover.app.watching import flow_alarm
from cutover.core.clock import FixedClock
from cutover.core.errors import NotFound
from monitors.ageing_service import AgeingService
from monitors.alert_states import AlertStates
from monitors.domain import alert, health, suspicion
from monitors.domain.ageing import Ages
from monitors.domain.check import Status
from monitors.domain.composite import Verdict
from monitors.domain.flow_events import Cause
from monitors.domain.suspicion import Origin
from monitors.domain.telling import Notify
from monitors.flow_service import FlowService
from monitors.hypercare_service import HypercareService
from monitors.notifier import Notifier
from monitors.register_service import RegisterService
from monitors.service import MonitorService
from monitors.tables import MonitorStates
from tests.conftest import MakeDesk
from tests.monitors.flow_world import EVENTS, PROGRAMME, FlowWorld, open_flows
from tests.monitors.test_ageing_service import check

KINDS = (*EVENTS, *suspicion.EVENTS, *health.EVENTS, *alert.EVENTS)
BROKEN = Ages(created=39, done=19, open=16, unacted=20, over_standard=0, unaccounted=4, strangers=0)


@pytest.fixture
def world(make_desk: MakeDesk, clock: FixedClock) -> FlowWorld:
    world = open_flows(lambda *_: make_desk(KINDS, [MonitorStates(), AlertStates()]), clock)
    world.freeze("incidents")
    world.live("incidents", [40, 30])
    return world


def renamed(world: FlowWorld) -> FlowService:
    """The same programme after `incidents` was given another name in its file."""
    old = world.service
    flows = [f.model_copy(update={"id": "reports", "title": "Reports"}) if f.id == "incidents" else f for f in old.flows.values() if not f.ratio_of]  # fmt: skip
    return FlowService(world.desk, flows, old.watch, PROGRAMME)


def test_the_alarm_of_a_flow_that_is_called_otherwise_now_stands_until_it_is_closed(world: FlowWorld) -> None:
    service = renamed(world)
    left = service.all()[0]
    assert (left.flow.id, left.flow.title, left.flow.owner) == (
        "incidents",
        "incidents (watched no more)",
        "chen",
    )
    assert (left.standing.status, left.alerting) == (Status.CRITICAL, True)
    service.close("incidents", None, "bo", Cause.FIXED, "the interface was restarted")
    assert "incidents" not in [view.flow.id for view in service.all()]
    with pytest.raises(NotFound, match="no flow named 'incidents'"):
        service.close("incidents", None, "bo", Cause.FIXED, "again")


def test_nobody_is_told_that_it_is_over_because_it_was_renamed(world: FlowWorld) -> None:
    service = world.service

    def alarms() -> list[str]:
        notifier = Notifier(world.desk, Notify(), "UTC", lambda now: map(flow_alarm, service.all(now)))
        told = notifier.tell(world.clock.at)
        return [f.event.kind() for f in told if f.stream == alert.alert_stream("incidents")]

    assert alarms() == ["AlertFired"]
    service = renamed(world)
    world.clock.advance(timedelta(minutes=1))
    assert alarms() == []
    service.close("incidents", None, "bo", Cause.FIXED, "the interface was restarted")
    assert alarms() == ["AlertResolved"]


def test_hypercare_does_not_end_over_what_a_new_name_has_hidden(world: FlowWorld, clock: FixedClock) -> None:
    ageing = AgeingService(world.desk, [check()], PROGRAMME, Path(), str)
    ageing.record("triage", BROKEN, clock.at)
    after = AgeingService(world.desk, [check(id="assessed")], PROGRAMME, Path(), str)
    flows, register = renamed(world), RegisterService(world.desk, [], {}, PROGRAMME, dict)
    said = HypercareService(MonitorService(world.desk, []), flows, register, after).exit()
    assert said.verdict is Verdict.FAIL
    assert any(reason.startswith("incidents (watched no more): fallen to half") for reason in said.reasons)
    assert "triage (watched no more): a suspected backlog of 4 that nobody has explained" in said.reasons
    after.settle("triage", "bo", Origin.FOUND, "an old inbox")
    assert [view.check.id for view in after.all()] == ["assessed"]
